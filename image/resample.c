#include "image/resample.h"

#include "base/alloc.h"
#include "image/resample_route.h"
#include "image/threads.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

static int check_how(enum hep_interp how, struct hep_error *err)
{
    if (how != HEP_INTERP_NEAREST && how != HEP_INTERP_LINEAR && how != HEP_INTERP_CUBIC)
        return HEP_FAIL(err, HEP_EINVAL, "interpolation %d is unknown", (int)how);
    return HEP_OK;
}

/* Values of a row along parallel axes. */
static void row_along(struct hep_volume *v, size_t row, const struct hep_volume *source,
                      const struct hep_axes *axes, float outside)
{
    const size_t *n = v->grid.n, y = row % n[1], z = row / n[1];
    const size_t voxels = hep_grid_voxels(&v->grid);
    const bool in = axes->in[1][y] && axes->in[2][z];
    struct hep_cell c = { .y = axes->pair[1][y], .z = axes->pair[2][z] };

    hep_cell_corners(&c, source->grid.n);
    for (size_t t = 0; t < source->nt; t++) {
        const float *from = hep_volume_at(source, t);
        float *to = v->data + t * voxels + row * n[0];

        for (size_t x = 0; x < n[0]; x++) {
            c.x = axes->pair[0][x];
            to[x] = in && axes->in[0][x] ? (float)hep_cell_value(&c, from) : outside;
        }
    }
}

/* Values of one row at its positions. */
static void row_linear(struct hep_volume *v, size_t first, const struct hep_volume *source,
                       const double *p, float outside)
{
    const size_t voxels = hep_grid_voxels(&v->grid);

    for (size_t x = 0; x < v->grid.n[0]; x++) {
        struct hep_cell c;

        if (hep_cell_at(&c, source->grid.n, &p[3 * x])) {
            for (size_t i = 0; i < source->nt; i++)
                v->data[i * voxels + first + x] =
                    (float)hep_cell_value(&c, hep_volume_at(source, i));
        } else {
            for (size_t i = 0; i < source->nt; i++)
                v->data[i * voxels + first + x] = outside;
        }
    }
}

static void row_other(struct hep_volume *v, size_t first, const struct hep_volume *source,
                      const double *p, enum hep_interp how, float outside)
{
    const size_t voxels = hep_grid_voxels(&v->grid);

    for (size_t x = 0; x < v->grid.n[0]; x++) {
        struct hep_stencil s = { .count = 0 };
        const bool inside = hep_stencil_at(&s, source->grid.n, &p[3 * x], how);

        for (size_t i = 0; i < source->nt; i++)
            v->data[i * voxels + first + x] =
                inside ? (float)hep_stencil_value(&s, source->grid.n, hep_volume_at(source, i))
                       : outside;
    }
}

int hep_resample(struct hep_volume **out, const struct hep_volume *source,
                 const struct hep_grid *target, const struct hep_transform *t, enum hep_interp how,
                 float outside, int nthreads, struct hep_error *err)
{
    static const size_t one_point[3] = { 1, 1, 1 };
    const size_t *n = target->n;
    const int threads = hep_threads(nthreads);
    struct hep_volume *v = NULL;
    struct hep_route_bench bench = { .memory = NULL };
    struct hep_axes axes = { { NULL }, { NULL } };
    struct hep_route route;
    bool along;
    int rc = check_how(how, err);

    if (rc == HEP_OK)
        rc = hep_route_init(&route, &source->grid, target, t, err);
    along = rc == HEP_OK && how == HEP_INTERP_LINEAR && hep_route_is_parallel(&route);
    if (rc == HEP_OK)
        rc = along ? hep_axes_init(&axes, &route, source->grid.n, n, one_point, err)
                   : hep_route_bench_init(&bench, &route, target, threads, err);
    if (rc == HEP_OK)
        rc = hep_volume_new_unset(&v, target, source->nt, err);
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t row = 0; row < n[1] * n[2]; row++) {
        const double *p;

        if (along) {
            row_along(v, row, source, &axes, outside);
            continue;
        }
        p = hep_route_row(&bench, &route, n[0], row % n[1], row / n[1]);
        if (how == HEP_INTERP_LINEAR)
            row_linear(v, row * n[0], source, p, outside);
        else
            row_other(v, row * n[0], source, p, how, outside);
    }
    *out = v;
out:
    hep_axes_release(&axes);
    hep_route_bench_release(&bench);
    return rc;
}

/* Index of the voxel that holds a position along one axis; false outside. */
static inline bool nearest(size_t *at, double x, size_t n)
{
    long i;

    if (!(x >= -0.5 - HEP_RESAMPLE_SNAP && x <= (double)n - 0.5 + HEP_RESAMPLE_SNAP))
        return false;
    i = (long)(x + 0.5);
    *at = i < (long)n ? (size_t)i : n - 1;
    return true;
}

int hep_resample_labels(struct hep_labels **out, const struct hep_labels *source,
                        const struct hep_grid *target, const struct hep_transform *t,
                        struct hep_error *err)
{
    const size_t *n = target->n;
    const size_t *m = source->grid.n;
    const int threads = omp_get_max_threads();
    struct hep_labels *l = NULL;
    struct hep_route_bench bench = { .memory = NULL };
    struct hep_route route;
    int rc = hep_route_init(&route, &source->grid, target, t, err);

    if (rc == HEP_OK)
        rc = hep_route_bench_init(&bench, &route, target, threads, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&l, target, err);
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t row = 0; row < n[1] * n[2]; row++) {
        const double *p = hep_route_row(&bench, &route, n[0], row % n[1], row / n[1]);

        for (size_t x = 0; x < n[0]; x++) {
            size_t at[3];

            if (nearest(&at[0], p[3 * x], m[0]) && nearest(&at[1], p[3 * x + 1], m[1]) &&
                nearest(&at[2], p[3 * x + 2], m[2]))
                l->data[row * n[0] + x] = source->data[at[0] + m[0] * (at[1] + m[1] * at[2])];
        }
    }
    *out = l;
out:
    hep_route_bench_release(&bench);
    return rc;
}

int hep_sampler_init(struct hep_sampler *s, const struct hep_volume *v, struct hep_error *err)
{
    s->v = v;
    return hep_grid_inverse(s->to_voxel, &v->grid, err);
}

bool hep_sampler_linear(double *values, size_t n, const struct hep_sampler *s,
                        const double world[3])
{
    struct hep_cell cell;
    double p[3];

    hep_affine_apply(p, s->to_voxel, world);
    if (n > s->v->nt || !hep_cell_at(&cell, s->v->grid.n, p))
        return false;
    for (size_t t = 0; t < n; t++)
        values[t] = hep_cell_value(&cell, hep_volume_at(s->v, t));
    return true;
}

int hep_moved_init(struct hep_moved *m, const struct hep_volume *source,
                   const struct hep_transform *t, struct hep_error *err)
{
    int rc = hep_sampler_init(&m->source, source, err);

    m->bend = (struct hep_sampler){ .v = NULL };
    for (int r = 0; r < 4; r++) {
        for (int c = 0; c < 4; c++)
            m->affine[r][c] = t != NULL ? t->affine[r][c] : (double)(r == c);
    }
    if (rc == HEP_OK)
        hep_affine_mul(m->straight, HEP_AFFINE(m->source.to_voxel), HEP_AFFINE(m->affine));
    if (rc == HEP_OK && t != NULL && t->displacement != NULL)
        rc = hep_sampler_init(&m->bend, t->displacement, err);
    return rc;
}

void hep_moved_way(double to[3], const struct hep_moved *m, const double world[3])
{
    double bend[3];

    hep_affine_apply(to, HEP_AFFINE(m->affine), world);
    if (m->bend.v == NULL || !hep_sampler_linear(bend, 3, &m->bend, world))
        return;
    for (int k = 0; k < 3; k++)
        to[k] += isfinite(bend[k]) ? bend[k] : 0.0;
}

double hep_moved_at(const struct hep_moved *m, const double world[3])
{
    struct hep_cell cell;
    double to[3], p[3];

    if (m->bend.v == NULL) {
        hep_affine_apply(p, HEP_AFFINE(m->straight), world);
    } else {
        hep_moved_way(to, m, world);
        hep_affine_apply(p, HEP_AFFINE(m->source.to_voxel), to);
    }
    return hep_cell_at(&cell, m->source.v->grid.n, p) ? hep_cell_value(&cell, m->source.v->data)
                                                      : (double)NAN;
}

double hep_sample_world(const struct hep_volume *v, size_t t, const double world[3],
                        enum hep_interp how)
{
    double inverse[4][4];
    double p[3];
    struct hep_stencil s = { .count = 0 };

    if (t >= v->nt || hep_grid_inverse(inverse, &v->grid, NULL) != HEP_OK)
        return (double)NAN;
    hep_affine_apply(p, HEP_AFFINE(inverse), world);
    if (!hep_stencil_at(&s, v->grid.n, p, how))
        return (double)NAN;
    return hep_stencil_value(&s, v->grid.n, hep_volume_at(v, t));
}

int32_t hep_sample_label(const struct hep_labels *l, const double world[3])
{
    const size_t *n = l->grid.n;
    double inverse[4][4];
    double p[3];
    struct hep_stencil s = { .count = 0 };

    if (hep_grid_inverse(inverse, &l->grid, NULL) != HEP_OK)
        return 0;
    hep_affine_apply(p, HEP_AFFINE(inverse), world);
    if (!hep_stencil_at(&s, n, p, HEP_INTERP_NEAREST))
        return 0;
    return l->data[s.at[0][0] + n[0] * (s.at[1][0] + n[1] * s.at[2][0])];
}
