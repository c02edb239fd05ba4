#include "image/resample.h"

#include "image/threads.h"

#include <math.h>

/* A position this near to a voxel centre is the centre, so that a neighbour of weight 0 that is NaN
 * has no part. */
#define SNAP 1e-7

/* Neighbours of a position along each axis: at most 4, with their weights. */
struct stencil {
    int count;
    size_t at[3][4];
    double w[3][4];
};

static size_t clamp_index(double i, size_t n)
{
    if (i < 0.0)
        return 0;
    return i > (double)(n - 1) ? n - 1 : (size_t)i;
}

/* Keys 1981 (IEEE Trans ASSP 29:1153-1160), eq. 15 with a = -1/2. */
static void keys_weights(double w[4], double f)
{
    w[0] = f * (-0.5 + f * (1.0 - 0.5 * f));
    w[1] = 1.0 + f * f * (-2.5 + 1.5 * f);
    w[2] = f * (0.5 + f * (2.0 - 1.5 * f));
    w[3] = f * f * (-0.5 + 0.5 * f);
}

/* False when the position is more than half a voxel outside, or NaN. */
static bool stencil_at(struct stencil *s, const size_t n[3], const double p[3], enum hep_interp how)
{
    s->count = how == HEP_INTERP_NEAREST ? 1 : how == HEP_INTERP_LINEAR ? 2 : 4;
    for (int k = 0; k < 3; k++) {
        double x = p[k];
        double base;
        double f;

        if (!(x >= -0.5 - SNAP && x <= (double)n[k] - 0.5 + SNAP))
            return false;
        if (fabs(x - nearbyint(x)) < SNAP)
            x = nearbyint(x);
        base = floor(x);
        f = x - base;
        if (how == HEP_INTERP_NEAREST) {
            s->at[k][0] = clamp_index(floor(x + 0.5), n[k]);
            s->w[k][0] = 1.0;
        } else if (how == HEP_INTERP_LINEAR) {
            s->w[k][0] = 1.0 - f;
            s->w[k][1] = f;
            s->at[k][0] = clamp_index(base, n[k]);
            s->at[k][1] = clamp_index(base + 1.0, n[k]);
        } else {
            keys_weights(s->w[k], f);
            for (int i = 0; i < 4; i++)
                s->at[k][i] = clamp_index(base + i - 1, n[k]);
        }
    }
    return true;
}

static double stencil_value(const struct stencil *s, const size_t n[3], const float *data)
{
    double sum = 0.0;

    for (int z = 0; z < s->count; z++) {
        for (int y = 0; y < s->count; y++) {
            const double w = s->w[2][z] * s->w[1][y];
            const float *row = data + n[0] * (s->at[1][y] + n[1] * s->at[2][z]);

            for (int x = 0; x < s->count; x++) {
                const double weight = w * s->w[0][x];

                if (weight != 0.0)
                    sum += weight * (double)row[s->at[0][x]];
            }
        }
    }
    return sum;
}

/* From a target voxel to a position in the source's voxels. */
struct route {
    double whole[4][4];         /* target voxel to source voxel when nothing bends the way */
    double to_world[4][4];      /* target voxel to target world */
    double to_source[4][4];     /* source world to source voxel, linear part for displacements */
    double to_field[4][4];      /* target world to voxel of the displacement */
    const struct hep_volume *d; /* or NULL */
};

static int route_new(struct route *r, const struct hep_grid *source, const struct hep_grid *target,
                     const struct hep_transform *t, struct hep_error *err)
{
    int rc = hep_grid_inverse(r->to_source, source, err);

    if (rc != HEP_OK)
        return rc;
    (void)memcpy(r->to_world, target->to_world, sizeof r->to_world);
    (void)memcpy(r->whole, target->to_world, sizeof r->whole);
    r->d = t != NULL ? t->displacement : NULL;
    if (t != NULL)
        hep_affine_mul(r->whole, t->affine, HEP_AFFINE(r->whole));
    hep_affine_mul(r->whole, HEP_AFFINE(r->to_source), HEP_AFFINE(r->whole));
    if (r->d == NULL)
        return HEP_OK;
    if (r->d->nt != 3)
        return HEP_FAIL(err, HEP_EINVAL, "a displacement has 3 components, this has %zu", r->d->nt);
    return hep_grid_inverse(r->to_field, &r->d->grid, err);
}

static void route_apply(double p[3], const struct route *r, size_t x, size_t y, size_t z)
{
    const double voxel[3] = { (double)x, (double)y, (double)z };
    double world[3];
    double in_field[3];
    struct stencil s = { .count = 0 };

    hep_affine_apply(p, r->whole, voxel);
    if (r->d == NULL)
        return;
    hep_affine_apply(world, r->to_world, voxel);
    hep_affine_apply(in_field, r->to_field, world);
    if (!stencil_at(&s, r->d->grid.n, in_field, HEP_INTERP_LINEAR))
        return;
    for (size_t c = 0; c < 3; c++) {
        const double mm = stencil_value(&s, r->d->grid.n, hep_volume_at(r->d, c));

        for (int k = 0; k < 3; k++)
            p[k] += r->to_source[k][c] * mm;
    }
}

static int check_how(enum hep_interp how, struct hep_error *err)
{
    if (how != HEP_INTERP_NEAREST && how != HEP_INTERP_LINEAR && how != HEP_INTERP_CUBIC)
        return HEP_FAIL(err, HEP_EINVAL, "interpolation %d is unknown", (int)how);
    return HEP_OK;
}

int hep_resample(struct hep_volume **out, const struct hep_volume *source,
                 const struct hep_grid *target, const struct hep_transform *t, enum hep_interp how,
                 float outside, int nthreads, struct hep_error *err)
{
    const size_t *n = target->n;
    const size_t voxels = hep_grid_voxels(target);
    struct hep_volume *v = NULL;
    struct route route;
    int rc = check_how(how, err);

    if (rc == HEP_OK)
        rc = route_new(&route, &source->grid, target, t, err);
    if (rc == HEP_OK)
        rc = hep_volume_new_unset(&v, target, source->nt, err);
    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for schedule(static) num_threads(hep_threads(nthreads))
    for (size_t row = 0; row < n[1] * n[2]; row++) {
        for (size_t x = 0; x < n[0]; x++) {
            struct stencil s = { .count = 0 };
            double p[3];
            bool inside;

            route_apply(p, &route, x, row % n[1], row / n[1]);
            inside = stencil_at(&s, source->grid.n, p, how);
            for (size_t i = 0; i < source->nt; i++)
                v->data[i * voxels + row * n[0] + x] =
                    inside ? (float)stencil_value(&s, source->grid.n, hep_volume_at(source, i))
                           : outside;
        }
    }
    *out = v;
    return HEP_OK;
}

int hep_resample_labels(struct hep_labels **out, const struct hep_labels *source,
                        const struct hep_grid *target, const struct hep_transform *t,
                        struct hep_error *err)
{
    const size_t *n = target->n;
    const size_t *m = source->grid.n;
    struct hep_labels *l = NULL;
    struct route route;
    int rc = route_new(&route, &source->grid, target, t, err);

    if (rc == HEP_OK)
        rc = hep_labels_new(&l, target, err);
    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for schedule(static)
    for (size_t row = 0; row < n[1] * n[2]; row++) {
        for (size_t x = 0; x < n[0]; x++) {
            struct stencil s = { .count = 0 };
            double p[3];

            route_apply(p, &route, x, row % n[1], row / n[1]);
            if (stencil_at(&s, m, p, HEP_INTERP_NEAREST))
                l->data[row * n[0] + x] =
                    source->data[s.at[0][0] + m[0] * (s.at[1][0] + m[1] * s.at[2][0])];
        }
    }
    *out = l;
    return HEP_OK;
}

double hep_sample_world(const struct hep_volume *v, size_t t, const double world[3],
                        enum hep_interp how)
{
    double inverse[4][4];
    double p[3];
    struct stencil s = { .count = 0 };

    if (t >= v->nt || hep_grid_inverse(inverse, &v->grid, NULL) != HEP_OK)
        return (double)NAN;
    hep_affine_apply(p, HEP_AFFINE(inverse), world);
    if (!stencil_at(&s, v->grid.n, p, how))
        return (double)NAN;
    return stencil_value(&s, v->grid.n, hep_volume_at(v, t));
}

int32_t hep_sample_label(const struct hep_labels *l, const double world[3])
{
    const size_t *n = l->grid.n;
    double inverse[4][4];
    double p[3];
    struct stencil s = { .count = 0 };

    if (hep_grid_inverse(inverse, &l->grid, NULL) != HEP_OK)
        return 0;
    hep_affine_apply(p, HEP_AFFINE(inverse), world);
    if (!stencil_at(&s, n, p, HEP_INTERP_NEAREST))
        return 0;
    return l->data[s.at[0][0] + n[0] * (s.at[1][0] + n[1] * s.at[2][0])];
}

/* Points per target axis, no further apart than the source's voxels. */
static void count_points(size_t points[3], const struct route *r)
{
    for (int k = 0; k < 3; k++) {
        double squares = 0.0;

        for (int i = 0; i < 3; i++)
            squares += r->whole[i][k] * r->whole[i][k];
        points[k] = (size_t)fmax(1.0, ceil(sqrt(squares) - 1e-6));
    }
}

static float box_mean(const struct hep_volume *source, size_t t, const struct route *r,
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
        struct stencil s = { .count = 0 };

        for (int k = 0; k < 3; k++)
            at[k] = voxel[k] + ((double)step[k] + 0.5) / (double)points[k] - 0.5;
        hep_affine_apply(p, r->whole, at);
        if (!stencil_at(&s, source->grid.n, p, HEP_INTERP_LINEAR))
            continue;
        value = stencil_value(&s, source->grid.n, hep_volume_at(source, t));
        if (!isnan(value)) {
            sum += value;
            count++;
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
    struct route route;
    size_t points[3];
    int rc = route_new(&route, &source->grid, target, NULL, err);

    if (rc == HEP_OK)
        rc = hep_volume_new_unset(&v, target, source->nt, err);
    if (rc != HEP_OK)
        return rc;
    count_points(points, &route);
#pragma omp parallel for schedule(static) num_threads(hep_threads(nthreads))
    for (size_t i = 0; i < voxels * source->nt; i++) {
        const size_t row = i % voxels / n[0];
        const size_t y = row % n[1];
        const size_t z = row / n[1];
        const double voxel[3] = { (double)(i % n[0]), (double)y, (double)z };

        v->data[i] = box_mean(source, i / voxels, &route, points, voxel);
    }
    *out = v;
    return HEP_OK;
}
