#include "lesions/liver_shape.h"

#include "base/alloc.h"
#include "image/filter.h"
#include "image/mask.h"
#include "image/resample.h"
#include "image/threads.h"

#include <math.h>
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

/* Faces of each part: against the liver, and against anything else. */
static void count_faces(size_t *liver, size_t *other, const struct hep_labels *part,
                        const struct hep_labels *mask)
{
    const size_t *n = part->grid.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };

    for (size_t i = 0; i < hep_grid_voxels(&part->grid); i++) {
        const size_t c[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };
        const int32_t p = part->data[i];

        for (int f = 0; p > 0 && f < 6; f++) {
            const int a = f / 2;
            const bool end = f % 2 == 0 ? c[a] == 0 : c[a] + 1 == n[a];
            const size_t j = f % 2 == 0 ? i - stride[a] : i + stride[a];

            if (end || part->data[j] == p)
                continue;
            if (mask->data[j] != 0)
                liver[p]++;
            else
                other[p]++;
        }
    }
}

/* Thick parts of the gap; each takes back the rim that the opening took from it. */
static int split_gap(struct hep_labels **parts, size_t *count, const struct hep_labels *gap,
                     int nthreads, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&gap->grid);
    struct hep_labels *core = NULL, *reach = NULL;
    struct hep_volume *flat = NULL;
    int rc = hep_labels_copy(&core, gap, err);

    if (rc == HEP_OK)
        rc = hep_mask_erode(core, HEP_LIVER_FINE_MM, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_components(parts, count, core, 6, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&reach, core, err);
    if (rc == HEP_OK)
        rc = hep_mask_dilate(reach, 1.5 * HEP_LIVER_FINE_MM, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        reach->data[i] = reach->data[i] != 0 && gap->data[i] != 0;
    if (rc == HEP_OK)
        rc = hep_volume_new(&flat, &gap->grid, 1, err);
    if (rc == HEP_OK)
        rc = hep_mask_watershed(*parts, flat, reach, err);
    hep_labels_free(core);
    hep_labels_free(reach);
    hep_volume_free(flat);
    return rc;
}

int hep_liver_fill(struct hep_labels *mask, const struct hep_labels *refused, double radius_mm,
                   int nthreads, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&mask->grid);
    struct hep_labels *gap = NULL, *parts = NULL;
    size_t count = 0, *liver = NULL, *other = NULL;
    int rc = hep_labels_copy(&gap, mask, err);

    if (rc == HEP_OK)
        rc = hep_mask_close(gap, radius_mm, nthreads, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < n; i++)
        gap->data[i] = gap->data[i] != 0 && mask->data[i] == 0 && refused->data[i] == 0;
    rc = split_gap(&parts, &count, gap, nthreads, err);
    if (rc != HEP_OK)
        goto out;
    liver = hep_calloc(count + 1, sizeof *liver);
    other = hep_calloc(count + 1, sizeof *other);
    if (liver == NULL || other == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for %zu parts", count);
        goto out;
    }
    count_faces(liver, other, parts, mask);
    for (size_t i = 0; i < n; i++) {
        const size_t p = (size_t)parts->data[i];

        if (p > 0 && (double)liver[p] >= HEP_LIVER_ENCLOSED * (double)(liver[p] + other[p]))
            mask->data[i] = 1;
    }
    rc = hep_mask_fill_holes(mask, err);
out:
    free(liver);
    free(other);
    hep_labels_free(gap);
    hep_labels_free(parts);
    return rc;
}

/* Signal beyond the border: mean of what lies OUTSIDE_FROM to OUTSIDE_TO voxels outside. */
#define OUTSIDE_FROM 2
#define OUTSIDE_TO 4

static double outside_of(const struct hep_volume *signal, const struct hep_labels *mask, size_t i,
                         const size_t c[3])
{
    const size_t *n = signal->grid.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };
    double sum = 0.0;
    size_t count = 0;

    for (int f = 0; f < 6; f++) {
        const int a = f / 2;

        for (size_t d = OUTSIDE_FROM; d <= OUTSIDE_TO; d++) {
            const bool end = f % 2 == 0 ? c[a] < d : c[a] + d >= n[a];
            const size_t j = f % 2 == 0 ? i - d * stride[a] : i + d * stride[a];

            if (end || mask->data[j] != 0)
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

int hep_liver_soften(struct hep_volume **out, const struct hep_labels *mask,
                     const struct hep_volume *signal, const struct hep_volume *inside,
                     double width_mm, int nthreads, struct hep_error *err)
{
    const size_t *n = mask->grid.n;
    int rc = hep_volume_new(out, &mask->grid, 1, err);

    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for num_threads(hep_threads(nthreads)) schedule(static)
    for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        const size_t c[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };
        double in, outside, share;

        (*out)->data[i] = mask->data[i] != 0 ? 1.0F : 0.0F;
        if (!beside_border(mask, i, c) || isnan(signal->data[i]))
            continue;
        in = exp((double)inside->data[i]);
        outside = outside_of(signal, mask, i, c);
        if (isnan(outside) || fabs(log(in / outside)) < HEP_LIVER_STEP)
            continue;
        share = (exp((double)signal->data[i]) - outside) / (in - outside);
        /* what was filled is no mixture of liver and surroundings */
        if (mask->data[i] != 0 && share < 0.3)
            continue;
        (*out)->data[i] = (float)fmin(fmax(share, 0.0), 1.0);
    }
    return hep_filter_gauss(*out, width_mm / 2.3548, nthreads, err);
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
