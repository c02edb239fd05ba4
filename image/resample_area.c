#include "image/resample.h"

#include "image/resample_route.h"
#include "image/threads.h"

#include <math.h>

/* Points per target axis, no further apart than the source's voxels. */
static void count_points(size_t points[3], const struct hep_route *r)
{
    for (int k = 0; k < 3; k++) {
        double squares = 0.0;

        for (int i = 0; i < 3; i++)
            squares += r->whole[i][k] * r->whole[i][k];
        points[k] = (size_t)fmax(1.0, ceil(sqrt(squares) - 1e-6));
    }
}

static float box_mean(const struct hep_volume *source, size_t t, const struct hep_route *r,
                      const size_t points[3], const double voxel[3])
{
    double sum = 0.0;
    size_t count = 0;

    for (size_t i = 0; i < points[0] * points[1] * points[2]; i++) {
        const size_t step[3] = { i % points[0], i / points[0] % points[1],
                                 i / (points[0] * points[1]) };
        double at[3];
        double p[3];
        double value;
        struct hep_cell c;

        for (int k = 0; k < 3; k++)
            at[k] = voxel[k] + ((double)step[k] + 0.5) / (double)points[k] - 0.5;
        hep_affine_apply(p, r->whole, at);
        if (!hep_cell_at(&c, source->grid.n, p))
            continue;
        value = hep_cell_value(&c, hep_volume_at(source, t));
        if (!isnan(value)) {
            sum += value;
            count++;
        }
    }
    return count > 0 ? (float)(sum / (double)count) : NAN;
}

/* The mean over the box of a voxel where the axes of both grids are parallel. */
static float box_mean_along(const struct hep_volume *source, size_t t, const struct hep_axes *axes,
                            const size_t points[3], const size_t voxel[3])
{
    const float *data = hep_volume_at(source, t);
    double sum = 0.0;
    size_t count = 0;

    for (size_t k = voxel[2] * points[2]; k < (voxel[2] + 1) * points[2]; k++) {
        for (size_t j = voxel[1] * points[1]; j < (voxel[1] + 1) * points[1]; j++) {
            struct hep_cell c = { .y = axes->pair[1][j], .z = axes->pair[2][k] };

            if (!axes->in[1][j] || !axes->in[2][k])
                continue;
            hep_cell_corners(&c, source->grid.n);
            for (size_t i = voxel[0] * points[0]; i < (voxel[0] + 1) * points[0]; i++) {
                double value;

                if (!axes->in[0][i])
                    continue;
                c.x = axes->pair[0][i];
                value = hep_cell_value(&c, data);
                if (!isnan(value)) {
                    sum += value;
                    count++;
                }
            }
        }
    }
    return count > 0 ? (float)(sum / (double)count) : NAN;
}

int hep_resample_area(struct hep_volume **out, const struct hep_volume *source,
                      const struct hep_grid *target, int nthreads, struct hep_error *err)
{
    const size_t *n = target->n;
    const size_t voxels = hep_grid_voxels(target);
    struct hep_volume *v = NULL;
    struct hep_axes axes = { { NULL }, { NULL } };
    struct hep_route route;
    size_t points[3];
    bool along;
    int rc = hep_route_init(&route, &source->grid, target, NULL, err);

    if (rc != HEP_OK)
        return rc;
    count_points(points, &route);
    along = hep_route_is_parallel(&route);
    if (along)
        rc = hep_axes_init(&axes, &route, source->grid.n, n, points, err);
    if (rc == HEP_OK)
        rc = hep_volume_new_unset(&v, target, source->nt, err);
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for schedule(static) num_threads(hep_threads(nthreads))
    for (size_t i = 0; i < voxels * source->nt; i++) {
        const size_t row = i % voxels / n[0];
        const size_t at[3] = { i % n[0], row % n[1], row / n[1] };
        const double voxel[3] = { (double)at[0], (double)at[1], (double)at[2] };

        v->data[i] = along ? box_mean_along(source, i / voxels, &axes, points, at)
                           : box_mean(source, i / voxels, &route, points, voxel);
    }
    *out = v;
out:
    hep_axes_release(&axes);
    return rc;
}
