#include "image/edge_agreement.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "image/filter.h"

#include <math.h>
#include <stdlib.h>

/* Of about equal volume: with 20 the jackknife knows its standard error to 1 / sqrt(2 * 19), 16 %. */
#define BLOCKS 20.0
/* One point for so much of the mask, at most one for a voxel: cubes of 4 mm, which edges of a body's organs cross many
 * times in every block. */
#define POINT_MM3 64.0

/* What is compared, and for every point its block and its gradients. */
struct edges {
    const struct hep_volume *fixed;
    struct hep_moved fixed_at, *moved; /* `moved` by each transform; owned */
    const struct hep_labels *mask;
    size_t n_transforms;
    double share;          /* of the mask's voxels that hold a point */
    double step_mm[3];     /* half a voxel of `fixed` to either side, along the world's axes */
    size_t first[3], n[3]; /* first voxel of the mask along each axis, number of blocks */
    double block_voxels[3];
    size_t n_points;
    size_t *block;        /* of each point; owned */
    float *gradient;      /* of each point: fixed, then moved by each transform, xyz; owned */
    double *sum, *points; /* of each block: agreement per transform, number of points; owned */
};

static size_t n_blocks(const struct edges *e)
{
    return e->n[0] * e->n[1] * e->n[2];
}

static void divide_into_blocks(struct edges *e)
{
    size_t last[3] = { 0 }, voxels = 0;
    double spacing[3], edge_mm;

    hep_grid_spacing(spacing, &e->fixed->grid);
    for (int a = 0; a < 3; a++)
        e->first[a] = e->fixed->grid.n[a];
    for (size_t i = 0; i < hep_grid_voxels(&e->mask->grid); i++) {
        size_t c[3];

        if (e->mask->data[i] == 0)
            continue;
        hep_grid_place(c, &e->mask->grid, i);
        voxels++;
        for (int a = 0; a < 3; a++) {
            e->first[a] = c[a] < e->first[a] ? c[a] : e->first[a];
            last[a] = c[a] > last[a] ? c[a] : last[a];
        }
    }
    edge_mm = cbrt((double)voxels * hep_grid_voxel_mm3(&e->fixed->grid) / BLOCKS);
    for (int a = 0; a < 3; a++) {
        e->block_voxels[a] = fmax(edge_mm / spacing[a], 1.0);
        e->n[a] =
            voxels > 0 ? (size_t)((double)(last[a] - e->first[a]) / e->block_voxels[a]) + 1 : 1;
        e->step_mm[a] = 0.5 * cbrt(hep_grid_voxel_mm3(&e->fixed->grid));
    }
}

/* Differences across a voxel around p, of the fixed volume and under every transform; false where
 * one of them leaves its image. */
static bool gradients_at(float *g, const struct edges *e, const double p[3])
{
    bool known = true;

    for (size_t a = 0; known && a < 3; a++) {
        double up[3] = { p[0], p[1], p[2] }, down[3] = { p[0], p[1], p[2] };
        double change;

        up[a] += e->step_mm[a];
        down[a] -= e->step_mm[a];
        change = hep_moved_at(&e->fixed_at, up) - hep_moved_at(&e->fixed_at, down);
        g[a] = (float)change;
        known = isfinite(change);
        for (size_t k = 0; known && k < e->n_transforms; k++) {
            change = hep_moved_at(&e->moved[k], up) - hep_moved_at(&e->moved[k], down);
            g[3 * (k + 1) + a] = (float)change;
            known = isfinite(change);
        }
    }
    return known;
}

static void measure_points(struct edges *e)
{
    const struct hep_grid *grid = &e->fixed->grid;
    const size_t stride = 3 * (e->n_transforms + 1);

    for (size_t i = 0; i < hep_grid_voxels(grid); i++) {
        size_t c[3], block[3];
        double voxel[3], p[3];

        if (e->mask->data[i] == 0 || !(hep_rng_uniform(0, 3, i) < e->share))
            continue;
        hep_grid_place(c, grid, i);
        for (size_t a = 0; a < 3; a++) {
            voxel[a] = (double)c[a] + hep_rng_uniform(0, a, i) - 0.5;
            block[a] = (size_t)((double)(c[a] - e->first[a]) / e->block_voxels[a]);
        }
        hep_grid_to_world(p, grid, voxel);
        if (!gradients_at(&e->gradient[stride * e->n_points], e, p))
            continue;
        e->block[e->n_points++] = block[0] + e->n[0] * (block[1] + e->n[1] * block[2]);
    }
}

static double squared(const float *a, const float *b)
{
    return (double)a[0] * (double)b[0] + (double)a[1] * (double)b[1] + (double)a[2] * (double)b[2];
}

/* The square of what counts as an edge: that of the mean length of image k's gradient. */
static double edge_scale(const struct edges *e, size_t k)
{
    double sum = 0.0;

    for (size_t i = 0; i < e->n_points; i++) {
        const float *g = &e->gradient[3 * ((e->n_transforms + 1) * i + k)];

        sum += sqrt(squared(g, g)) / (double)e->n_points;
    }
    return sum * sum;
}

static void sum_blocks(struct edges *e)
{
    /* The untransformed image gives the scale of all: a transform must not gain by a blur. */
    const double scale_a = edge_scale(e, 0), scale_b = edge_scale(e, 1);

    for (size_t i = 0; i < e->n_points; i++) {
        const float *a = &e->gradient[3 * (e->n_transforms + 1) * i];

        e->points[e->block[i]] += 1.0;
        for (size_t k = 0; k < e->n_transforms; k++) {
            const float *b = a + 3 * (k + 1);
            const double along = squared(a, b);
            const double lengths = (squared(a, a) + scale_a) * (squared(b, b) + scale_b);

            if (lengths > 0.0)
                e->sum[k * n_blocks(e) + e->block[i]] += along * along / lengths;
        }
    }
}

/* What transform k gains over transform `from`, and the spread of that when each block in turn is left out. */
static void gain_over(double *gain, double *gain_se, const struct edges *e, size_t k, size_t from)
{
    const double *to = &e->sum[k * n_blocks(e)], *of = &e->sum[from * n_blocks(e)];
    const double n = (double)e->n_points;
    double all = 0.0, mean = 0.0, squares = 0.0, used = 0.0;

    for (size_t b = 0; b < n_blocks(e); b++)
        all += to[b] - of[b];
    for (size_t b = 0; b < n_blocks(e); b++) {
        double left_out, change;

        if (!(e->points[b] > 0.0 && e->points[b] < n))
            continue;
        left_out = (all - (to[b] - of[b])) / (n - e->points[b]);
        used += 1.0;
        change = left_out - mean;
        mean += change / used;
        squares += change * (left_out - mean);
    }
    *gain = n > 0.0 ? all / n : (double)NAN;
    *gain_se = used > 1.0 ? sqrt(squares * (used - 1.0) / used) : (double)NAN;
}

static void conclude(struct hep_edge_agreement *out, const struct edges *e, size_t k)
{
    double all = 0.0;

    for (size_t b = 0; b < n_blocks(e); b++)
        all += e->sum[k * n_blocks(e) + b];
    out->value = e->n_points > 0 ? all / (double)e->n_points : (double)NAN;
    gain_over(&out->gain, &out->gain_se, e, k, 0);
    gain_over(&out->step, &out->step_se, e, k, k > 0 ? k - 1 : 0);
}

/* A copy of volume 0, smoothed. */
static int smoothed(struct hep_volume **out, const struct hep_volume *v, double sigma_mm,
                    struct hep_error *err)
{
    int rc = hep_volume_new(out, &v->grid, 1, err);

    if (rc != HEP_OK)
        return rc;
    (void)memcpy((*out)->data, v->data, hep_grid_voxels(&v->grid) * sizeof *v->data);
    return hep_filter_gauss(*out, sigma_mm, 1, err);
}

static int prepare_samplers(struct edges *e, const struct hep_volume *moving,
                            const struct hep_transform *const *t, struct hep_error *err)
{
    int rc = HEP_NEW(e->moved, e->n_transforms, err);

    if (rc == HEP_OK)
        rc = hep_moved_init(&e->fixed_at, e->fixed, NULL, err);
    for (size_t k = 0; rc == HEP_OK && k < e->n_transforms; k++)
        rc = hep_moved_init(&e->moved[k], moving, t[k], err);
    return rc;
}

int hep_edges_compare(struct hep_edge_agreement *out, const struct hep_volume *fixed,
                      const struct hep_volume *moving, const struct hep_labels *mask,
                      const struct hep_transform *const *t, size_t n, struct hep_error *err)
{
    const double sigma_mm = 0.5 * cbrt(hep_grid_voxel_mm3(&fixed->grid));
    struct hep_volume *smooth[2] = { NULL, NULL };
    struct edges e = { .mask = mask,
                       .n_transforms = n,
                       .share = hep_grid_voxel_mm3(&fixed->grid) / POINT_MM3 };
    const size_t set = hep_labels_count(mask, -1);
    int rc;

    if (!hep_grid_same(&fixed->grid, &mask->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the mask is on another grid than the volume");
    rc = smoothed(&smooth[0], fixed, sigma_mm, err);
    if (rc == HEP_OK)
        rc = smoothed(&smooth[1], moving, sigma_mm, err);
    if (rc != HEP_OK)
        goto out;
    e.fixed = smooth[0];
    rc = prepare_samplers(&e, smooth[1], t, err);
    if (rc != HEP_OK)
        goto out;
    divide_into_blocks(&e);
    rc = HEP_ENOMEM;
    if (HEP_NEW(e.block, set + 1, err) != HEP_OK ||
        HEP_NEW(e.gradient, 3 * (n + 1) * (set + 1), err) != HEP_OK ||
        HEP_NEW(e.sum, n * n_blocks(&e), err) != HEP_OK ||
        HEP_NEW(e.points, n_blocks(&e), err) != HEP_OK)
        goto out;
    measure_points(&e);
    sum_blocks(&e);
    for (size_t k = 0; k < n; k++)
        conclude(&out[k], &e, k);
    rc = HEP_OK;
out:
    hep_volume_free(smooth[0]);
    hep_volume_free(smooth[1]);
    free(e.moved);
    free(e.block);
    free(e.gradient);
    free(e.sum);
    free(e.points);
    return rc;
}
