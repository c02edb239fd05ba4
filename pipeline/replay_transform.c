#include "pipeline/replay_transform.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "image/resample.h"
#include "image/threads.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>

/* Median of |x| of a standard normal value. */
#define MAD_OF_NORMAL 0.674489750196082
#define SLICE_AXIS 2
/* A size that equals the old one but for rounding in the header. */
#define SIZE_TOL 1e-3

bool hep_replay_is_coarser(const struct hep_replay_change *c)
{
    return isfinite(c->slice_thickness_mm) || isfinite(c->in_plane_mm);
}

double hep_replay_snr(const struct hep_replay_change *c)
{
    double factor = isfinite(c->snr_factor) ? c->snr_factor : 1.0;

    return isfinite(c->averages_share) ? factor * sqrt(c->averages_share) : factor;
}

int hep_replay_grid(struct hep_grid *out, const struct hep_grid *in,
                    const struct hep_replay_change *c, struct hep_error *err)
{
    struct hep_grid g = *in;
    double mm[3], first[3] = { 0.0, 0.0, 0.0 };

    hep_grid_spacing(mm, in);
    for (int axis = 0; axis < 3; axis++) {
        double want = axis == SLICE_AXIS ? c->slice_thickness_mm : c->in_plane_mm;
        double extent = mm[axis] * (double)in->n[axis], left;
        const char *what = axis == SLICE_AXIS ? "slices" : "pixels";

        if (!isfinite(want) || fabs(want - mm[axis]) <= SIZE_TOL * mm[axis])
            continue;
        if (want < mm[axis])
            return HEP_FAIL(err, HEP_EDATA,
                            "%s of %g mm are asked for and those of the study are %g mm: a replay "
                            "cannot make them smaller",
                            what, want, mm[axis]);
        g.n[axis] = (size_t)(extent / want + SIZE_TOL);
        if (g.n[axis] == 0)
            return HEP_FAIL(err, HEP_EDATA,
                            "%s of %g mm are asked for and the whole image is %g mm", what, want,
                            extent);
        left = extent - want * (double)g.n[axis];
        first[axis] = (0.5 * (left + want) / mm[axis]) - 0.5;
        for (int w = 0; w < 3; w++)
            g.to_world[w][axis] = in->to_world[w][axis] * want / mm[axis];
    }
    for (int w = 0; w < 3; w++) {
        g.to_world[w][3] = in->to_world[w][3];
        for (int axis = 0; axis < 3; axis++)
            g.to_world[w][3] += in->to_world[w][axis] * first[axis];
    }
    *out = g;
    return HEP_OK;
}

static double mean_of(const float *data, size_t n)
{
    double sum = 0.0;
    size_t finite = 0;

    for (size_t i = 0; i < n; i++) {
        if (isfinite(data[i])) {
            sum += (double)data[i];
            finite++;
        }
    }
    return finite > 0 ? sum / (double)finite : 0.0;
}

/* |a - b - c + d| / 2 of each block of the object; the number of blocks. */
static size_t high_pass(double *out, const float *data, const size_t n[3])
{
    double floor = mean_of(data, n[0] * n[1] * n[2]);
    size_t count = 0;

    for (size_t z = 0; z < n[2]; z++) {
        for (size_t y = 0; y + 1 < n[1]; y += 2) {
            for (size_t x = 0; x + 1 < n[0]; x += 2) {
                const float *p = data + (z * n[1] + y) * n[0] + x;
                double a = (double)p[0], b = (double)p[1], c = (double)p[n[0]],
                       d = (double)p[n[0] + 1];

                if (a + b + c + d > 4.0 * floor)
                    out[count++] = fabs(a - b - c + d) / 2.0;
            }
        }
    }
    return count;
}

int hep_replay_noise_sd(double *sd, const struct hep_volume *v, struct hep_error *err)
{
    double *blocks = hep_calloc(hep_grid_voxels(&v->grid) / 4 + 1, sizeof *blocks);
    double *each = hep_calloc(v->nt, sizeof *each);
    size_t measured = 0;
    int rc = HEP_OK;

    if (blocks == NULL || each == NULL)
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory to measure noise");
    for (size_t t = 0; rc == HEP_OK && t < v->nt; t++) {
        size_t n = high_pass(blocks, hep_volume_at(v, t), v->grid.n);

        if (n > 0)
            each[measured++] = gsl_stats_median(blocks, 1, n) / MAD_OF_NORMAL;
    }
    if (rc == HEP_OK && measured == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "the noise cannot be measured: the image is uniform");
    if (rc == HEP_OK)
        *sd = gsl_stats_median(each, 1, measured);
    free(blocks);
    free(each);
    return rc;
}

static void add_noise(struct hep_volume *v, double sd, uint64_t seed, uint64_t stream, int nthreads)
{
    size_t n = hep_grid_voxels(&v->grid) * v->nt;

#pragma omp parallel for schedule(static) num_threads(hep_threads(nthreads))
    for (size_t i = 0; i < n; i++) {
        double noise[2], m = (double)v->data[i];

        hep_rng_normal2(noise, seed, stream, (uint64_t)i);
        v->data[i] = (float)hypot(m + sd * noise[0], sd * noise[1]);
    }
}

int hep_replay_transform(struct hep_volume **v, const struct hep_replay_change *c, uint64_t seed,
                         uint64_t stream, int nthreads, struct hep_error *err)
{
    double q = hep_replay_snr(c), sd = c->noise_sd;
    struct hep_volume *coarse = NULL;
    struct hep_grid grid;
    int rc = hep_replay_grid(&grid, &(*v)->grid, c, err);

    if (rc == HEP_OK && q < 1.0 && !isfinite(sd))
        rc = hep_replay_noise_sd(&sd, *v, err);
    if (rc != HEP_OK)
        return rc;
    if (q < 1.0)
        add_noise(*v, sd * sqrt(1.0 / (q * q) - 1.0), seed, stream, nthreads);
    if (hep_grid_same(&grid, &(*v)->grid, 0.0))
        return HEP_OK;
    rc = hep_resample_area(&coarse, *v, &grid, nthreads, err);
    if (rc == HEP_OK) {
        hep_volume_free(*v);
        *v = coarse;
    }
    return rc;
}
