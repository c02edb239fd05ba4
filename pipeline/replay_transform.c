#include "pipeline/replay_transform.h"

#include "base/rng.h"
#include "fitting/noise.h"
#include "image/resample.h"
#include "image/threads.h"

#include <math.h>

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
        rc = hep_noise_sd(&sd, *v, err);
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
