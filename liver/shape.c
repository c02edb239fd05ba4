#include "liver/shape.h"

#include "base/alloc.h"
#include "image/filter.h"
#include "image/mask.h"
#include "image/resample.h"
#include "image/threads.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

int hep_liver_cut(struct hep_labels **out, const struct hep_volume *x, double radius_mm,
                  int nthreads, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&x->grid);
    struct hep_labels *core = NULL;
    int rc = hep_labels_new(out, &x->grid, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        (*out)->data[i] = x->data[i] > 0.5F;
    rc = hep_mask_fill_holes(*out, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&core, *out, err);
    if (rc == HEP_OK)
        rc = hep_mask_erode(core, radius_mm, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_keep_largest(core, 6, err);
    if (rc == HEP_OK)
        rc = hep_mask_dilate(core, radius_mm + HEP_LIVER_FINE_MM, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        (*out)->data[i] = (*out)->data[i] != 0 && core->data[i] != 0;
    if (rc == HEP_OK)
        rc = hep_mask_keep_largest(*out, 6, err);
    hep_labels_free(core);
    return rc;
}

#define DIRECTIONS 26 /* the neighbours of a voxel */
#define CENTRE 13     /* of the 3 x 3 x 3 voxels: no direction */
#define CAP_MM 10.0   /* the ball of a closing sinks into the mouth of a bite about this far */
/* The erosion by a voxel comes back, and half a voxel more for the corners that a ball rounds. */
#define REGROWN 1.5
#define FWHM_OF_SIGMA 2.3548 /* of a Gaussian: 2 sqrt(2 ln 2) */

/* Number of the directions in which the liver lies within reach_mm of a voxel. */
static int seen_liver(const struct hep_labels *mask, const size_t c[3], double reach_mm)
{
    const long n[3] = { (long)mask->grid.n[0], (long)mask->grid.n[1], (long)mask->grid.n[2] };
    int hits = 0;

    for (int d = 0; d <= DIRECTIONS; d++) {
        const long step[3] = { d % 3 - 1, d / 3 % 3 - 1, d / 9 - 1 };
        const double length =
            HEP_LIVER_FINE_MM *
            sqrt((double)(step[0] * step[0] + step[1] * step[1] + step[2] * step[2]));
        const long steps = d != CENTRE ? (long)(reach_mm / length) : 0;
        long p[3] = { (long)c[0], (long)c[1], (long)c[2] };

        for (long k = 0; k < steps; k++) {
            for (int a = 0; a < 3; a++)
                p[a] += step[a];
            if (p[0] < 0 || p[1] < 0 || p[2] < 0 || p[0] >= n[0] || p[1] >= n[1] || p[2] >= n[2])
                break;
            if (mask->data[(p[2] * n[1] + p[1]) * n[0] + p[0]] != 0) {
                hits++;
                break;
            }
        }
    }
    return hits;
}

/* Keep the parts of `core` that see the liver in most directions. */
static int keep_enclosed(struct hep_labels *core, const struct hep_labels *mask, double reach_mm,
                         double enclosed, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&core->grid);
    struct hep_labels *parts = NULL;
    struct sight {
        size_t hits, voxels;
    } *sight = NULL;
    size_t count = 0;
    int rc = hep_mask_components(&parts, &count, core, 6, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(sight, count + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        size_t c[3];

        if (parts->data[i] == 0)
            continue;
        hep_grid_place(c, &core->grid, i);
        sight[parts->data[i]].hits += (size_t)seen_liver(mask, c, reach_mm);
        sight[parts->data[i]].voxels++;
    }
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const struct sight *s = &sight[parts->data[i]];

        core->data[i] =
            parts->data[i] != 0 && (double)s->hits >= enclosed * DIRECTIONS * (double)s->voxels;
    }
    free(sight);
    hep_labels_free(parts);
    return rc;
}

int hep_liver_fill(struct hep_labels *mask, const struct hep_labels *refused, double radius_mm,
                   double enclosed, int nthreads, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&mask->grid);
    struct hep_labels *gap = NULL, *core = NULL;
    int rc = hep_labels_copy(&gap, mask, err);

    if (rc == HEP_OK)
        rc = hep_mask_close(gap, radius_mm, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        gap->data[i] = gap->data[i] != 0 && mask->data[i] == 0 && refused->data[i] == 0;
    if (rc == HEP_OK)
        rc = hep_labels_copy(&core, gap, err);
    if (rc == HEP_OK)
        rc = hep_mask_erode(core, HEP_LIVER_FINE_MM, nthreads, err);
    if (rc == HEP_OK)
        rc = keep_enclosed(core, mask, radius_mm, enclosed, err);
    if (rc == HEP_OK)
        rc = hep_mask_dilate(core, REGROWN * HEP_LIVER_FINE_MM, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        mask->data[i] = mask->data[i] != 0 || (core->data[i] != 0 && gap->data[i] != 0);
    if (rc == HEP_OK)
        rc = hep_mask_fill_holes(mask, err);
    hep_labels_free(gap);
    hep_labels_free(core);
    return rc;
}

/* Signal beyond the border: mean of the first OUTSIDE voxels after the mixed ones, along the axes
 * on which these end first. Three voxels are as deep as the wall of a vessel or the gut is thick. */
#define OUTSIDE 3

static double outside_of(const struct hep_volume *signal, const struct hep_labels *near, size_t i,
                         const size_t c[3])
{
    const size_t *n = signal->grid.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };
    size_t first = SIZE_MAX, count = 0;
    double sum = 0.0;

    for (int f = 0; f < 6; f++) {
        const int a = f / 2;
        const size_t room = f % 2 == 0 ? c[a] : n[a] - 1 - c[a];
        size_t d = 1;

        while (d <= room && d <= first &&
               near->data[f % 2 == 0 ? i - d * stride[a] : i + d * stride[a]] != 0)
            d++;
        if (d > room || d > first)
            continue;
        if (d < first) {
            sum = 0.0;
            count = 0;
        }
        first = d;
        for (; d < first + OUTSIDE && d <= room; d++) {
            const size_t j = f % 2 == 0 ? i - d * stride[a] : i + d * stride[a];

            if (near->data[j] != 0)
                break;
            if (!isnan(signal->data[j])) {
                sum += (double)expf(signal->data[j]);
                count++;
            }
        }
    }
    return count > 0 ? sum / (double)count : (double)NAN;
}

static bool beside_border(const struct hep_labels *mask, size_t i, const size_t c[3])
{
    const size_t *n = mask->grid.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };

    for (int a = 0; a < 3; a++) {
        if (c[a] > 0 && mask->data[i - stride[a]] != mask->data[i])
            return true;
        if (c[a] + 1 < n[a] && mask->data[i + stride[a]] != mask->data[i])
            return true;
    }
    return false;
}

int hep_liver_cap(struct hep_labels *mask, const struct hep_labels *before,
                  const struct hep_labels *refused, double radius_mm, int nthreads,
                  struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&mask->grid);
    struct hep_labels *near = NULL, *closed = NULL;
    int rc = hep_labels_copy(&near, mask, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        near->data[i] = mask->data[i] != 0 && before->data[i] == 0;
    if (rc == HEP_OK)
        rc = hep_mask_dilate(near, CAP_MM, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&closed, mask, err);
    if (rc == HEP_OK)
        rc = hep_mask_close(closed, radius_mm, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        mask->data[i] = mask->data[i] != 0 ||
                        (closed->data[i] != 0 && near->data[i] != 0 && refused->data[i] == 0);
    hep_labels_free(near);
    hep_labels_free(closed);
    return rc;
}

/* Share of liver in a voxel beside the border; that of the mask where signals do not tell. */
static float share_at(const struct hep_labels *mask, const struct hep_labels *near,
                      const struct hep_liver_images *im, const struct hep_volume *inside, size_t i,
                      const size_t c[3])
{
    const struct hep_volume *signal = im->channel[0].fine;
    const double in = exp((double)inside->data[i]), outside = outside_of(signal, near, i, c);

    if (isnan(signal->data[i]) || !(outside > 0.0) ||
        fabs(log(in / outside)) < im->settings->border_step_log)
        return mask->data[i] != 0 ? 1.0F : 0.0F;
    return (float)fmin(fmax((exp((double)signal->data[i]) - outside) / (in - outside), 0.0), 1.0);
}

int hep_liver_soften(struct hep_volume **out, const struct hep_labels *mask,
                     const struct hep_volume *walked, const struct hep_liver_images *im,
                     const struct hep_volume *inside, double band_mm, struct hep_error *err)
{
    const size_t *n = mask->grid.n;
    struct hep_labels *near = NULL;
    int rc = hep_volume_new(out, &mask->grid, 1, err);

    if (rc == HEP_OK)
        rc = hep_labels_copy(&near, mask, err);
    if (rc == HEP_OK)
        rc = hep_mask_dilate(near, band_mm, im->nthreads, err);
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for num_threads(hep_threads(im->nthreads)) schedule(static)
    for (size_t z = 0; z < n[2]; z++) {
        for (size_t y = 0; y < n[1]; y++) {
            for (size_t x = 0; x < n[0]; x++) {
                const size_t i = (z * n[1] + y) * n[0] + x, c[3] = { x, y, z };
                const bool in = mask->data[i] != 0;
                /* what was filled has another signal than the liver */
                const bool mixed =
                    in ? walked->data[i] > 0.5F && beside_border(mask, i, c) : near->data[i] != 0;

                if (mixed)
                    (*out)->data[i] = share_at(mask, near, im, inside, i, c);
                else
                    (*out)->data[i] = in ? 1.0F : 0.0F;
            }
        }
    }
    rc = hep_filter_gauss(*out, im->settings->median_mm / FWHM_OF_SIGMA, im->nthreads, err);
out:
    hep_labels_free(near);
    return rc;
}

int hep_liver_to_grid(struct hep_labels **out, const struct hep_volume *share,
                      const struct hep_grid *grid, int nthreads, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(grid);
    struct hep_volume *v = NULL;
    int rc = hep_resample(&v, share, grid, NULL, HEP_INTERP_LINEAR, 0.0F, nthreads, err);

    if (rc == HEP_OK)
        rc = hep_labels_new(out, grid, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        (*out)->data[i] = v->data[i] > 0.5F;
    hep_volume_free(v);
    return rc;
}
