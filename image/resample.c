#include "image/resample.h"

#include "base/alloc.h"
#include "image/threads.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

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

/* Linear neighbours along one axis; `hi` is `lo` where it has no weight. */
struct pair {
    size_t lo, hi;
    double f;
};

static inline bool pair_at(struct pair *a, double x, size_t n)
{
    long i;

    if (!(x >= -0.5 - SNAP && x <= (double)n - 0.5 + SNAP))
        return false;
    i = (long)(x + 1.0) - 1; /* floor, for x > -1 */
    a->f = x - (double)i;
    if (a->f > 1.0 - SNAP)
        i++;
    if (a->f < SNAP || a->f > 1.0 - SNAP)
        a->f = 0.0;
    a->lo = i < 0 ? 0 : i < (long)n ? (size_t)i : n - 1;
    a->hi = a->f > 0.0 && i + 1 < (long)n ? (size_t)(i + 1) : a->lo;
    return true;
}

struct cell {
    struct pair x, y, z;
    size_t corner[4]; /* of the rows: y lo/hi, z lo/hi */
};

static inline bool cell_at(struct cell *c, const size_t n[3], const double p[3])
{
    if (!pair_at(&c->x, p[0], n[0]) || !pair_at(&c->y, p[1], n[1]) || !pair_at(&c->z, p[2], n[2]))
        return false;
    c->corner[0] = n[0] * (c->y.lo + n[1] * c->z.lo);
    c->corner[1] = n[0] * (c->y.hi + n[1] * c->z.lo);
    c->corner[2] = n[0] * (c->y.lo + n[1] * c->z.hi);
    c->corner[3] = n[0] * (c->y.hi + n[1] * c->z.hi);
    return true;
}

static inline double mixed(double a, double b, double f)
{
    return (1.0 - f) * a + f * b;
}

static inline double cell_value(const struct cell *c, const float *data)
{
    double row[4];

    for (int i = 0; i < 4; i++) {
        const float *v = data + c->corner[i];

        row[i] = mixed((double)v[c->x.lo], (double)v[c->x.hi], c->x.f);
    }
    return mixed(mixed(row[0], row[1], c->y.f), mixed(row[2], row[3], c->y.f), c->z.f);
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

/* Displacements of one row of target voxels, where the field's axes are those of the target: along
 * the row only its first coordinate changes, so a line of the field is enough. */
struct line {
    bool straight;
    double *mm;      /* 3 x field's n[0]: displacement in source voxels, bilinear over y and z */
    double at, step; /* field's first coordinate of voxel 0, and per voxel */
};

/* Steps across a row this small do not leave it by a thousandth of a voxel of the field. */
#define STRAIGHT 1e-7

static bool is_straight(const struct route *r)
{
    double step[3];

    for (int k = 0; r->d != NULL && k < 3; k++) {
        step[k] = 0.0;
        for (int i = 0; i < 3; i++)
            step[k] += r->to_field[k][i] * r->to_world[i][0];
    }
    return r->d != NULL && fabs(step[1]) < STRAIGHT && fabs(step[2]) < STRAIGHT;
}

static void field_position(double q[3], const struct route *r, size_t x, size_t y, size_t z)
{
    const double voxel[3] = { (double)x, (double)y, (double)z };
    double world[3];

    hep_affine_apply(world, r->to_world, voxel);
    hep_affine_apply(q, r->to_field, world);
}

/* False when the whole row lies beyond the field. */
static bool line_prepare(struct line *l, const struct route *r, size_t y, size_t z)
{
    const size_t *n = r->d->grid.n;
    struct stencil s = { .count = 0 };
    double q[3], next[3];

    field_position(q, r, 0, y, z);
    field_position(next, r, 1, y, z);
    l->at = q[0];
    l->step = next[0] - q[0];
    q[0] = 0.0;
    if (!stencil_at(&s, n, q, HEP_INTERP_LINEAR))
        return false;
    memset(l->mm, 0, 3 * n[0] * sizeof *l->mm);
    for (size_t c = 0; c < 3; c++) {
        const float *d = hep_volume_at(r->d, c);

        for (int corner = 0; corner < 4; corner++) {
            const size_t row = s.at[1][corner & 1] + n[1] * s.at[2][corner >> 1];
            const double w = s.w[1][corner & 1] * s.w[2][corner >> 1];

            for (size_t x = 0; w != 0.0 && x < n[0]; x++) {
                const double mm = w * (double)d[row * n[0] + x];

                for (size_t k = 0; k < 3; k++)
                    l->mm[3 * x + k] += r->to_source[k][c] * mm;
            }
        }
    }
    return true;
}

static void line_bend(double *p, const struct line *l, size_t field_n, size_t n)
{
    for (size_t x = 0; x < n; x++) {
        const double q = l->at + (double)x * l->step;
        struct pair at;

        if (!pair_at(&at, q, field_n))
            continue;
        for (size_t k = 0; k < 3; k++)
            p[3 * x + k] += (1.0 - at.f) * l->mm[3 * at.lo + k] + at.f * l->mm[3 * at.hi + k];
    }
}

static void bend(double p[3], const struct route *r, size_t x, size_t y, size_t z)
{
    double q[3];
    struct stencil s = { .count = 0 };

    field_position(q, r, x, y, z);
    if (!stencil_at(&s, r->d->grid.n, q, HEP_INTERP_LINEAR))
        return;
    for (size_t c = 0; c < 3; c++) {
        const double mm = stencil_value(&s, r->d->grid.n, hep_volume_at(r->d, c));

        for (int k = 0; k < 3; k++)
            p[k] += r->to_source[k][c] * mm;
    }
}

/* Source positions of a row of n target voxels: p[3 n]. */
static void row_positions(double *p, const struct route *r, struct line *l, size_t n, size_t y,
                          size_t z)
{
    const double voxel[3] = { 0.0, (double)y, (double)z };
    double start[3];

    hep_affine_apply(start, r->whole, voxel);
    for (size_t x = 0; x < n; x++) {
        for (int k = 0; k < 3; k++)
            p[3 * x + (size_t)k] = start[k] + (double)x * r->whole[k][0];
    }
    if (r->d == NULL)
        return;
    if (l->straight && line_prepare(l, r, y, z))
        line_bend(p, l, r->d->grid.n[0], n);
    for (size_t x = 0; !l->straight && x < n; x++)
        bend(&p[3 * x], r, x, y, z);
}

/* Working memory of each thread. */
struct bench {
    double *memory;
    size_t each, position;
    bool straight;
};

static int bench_new(struct bench *b, const struct route *r, const struct hep_grid *target,
                     int threads, struct hep_error *err)
{
    b->position = 3 * target->n[0];
    b->each = b->position + (r->d != NULL ? 3 * r->d->grid.n[0] : 0);
    b->straight = is_straight(r);
    b->memory = hep_calloc((size_t)threads * b->each, sizeof *b->memory);
    return b->memory != NULL
               ? HEP_OK
               : HEP_FAIL(err, HEP_ENOMEM, "no memory for rows of %zu voxels", target->n[0]);
}

/* The positions of a row, in the calling thread's part. */
static const double *bench_row(const struct bench *b, const struct route *r, size_t n, size_t y,
                               size_t z)
{
    double *p = b->memory + (size_t)omp_get_thread_num() * b->each;
    struct line l = { .straight = b->straight, .mm = p + b->position };

    row_positions(p, r, &l, n, y, z);
    return p;
}

static int check_how(enum hep_interp how, struct hep_error *err)
{
    if (how != HEP_INTERP_NEAREST && how != HEP_INTERP_LINEAR && how != HEP_INTERP_CUBIC)
        return HEP_FAIL(err, HEP_EINVAL, "interpolation %d is unknown", (int)how);
    return HEP_OK;
}

/* Values of one row at its positions. */
static void row_linear(struct hep_volume *v, size_t first, const struct hep_volume *source,
                       const double *p, float outside)
{
    const size_t voxels = hep_grid_voxels(&v->grid);

    for (size_t x = 0; x < v->grid.n[0]; x++) {
        struct cell c;

        if (cell_at(&c, source->grid.n, &p[3 * x])) {
            for (size_t i = 0; i < source->nt; i++)
                v->data[i * voxels + first + x] = (float)cell_value(&c, hep_volume_at(source, i));
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
        struct stencil s = { .count = 0 };
        const bool inside = stencil_at(&s, source->grid.n, &p[3 * x], how);

        for (size_t i = 0; i < source->nt; i++)
            v->data[i * voxels + first + x] =
                inside ? (float)stencil_value(&s, source->grid.n, hep_volume_at(source, i))
                       : outside;
    }
}

int hep_resample(struct hep_volume **out, const struct hep_volume *source,
                 const struct hep_grid *target, const struct hep_transform *t, enum hep_interp how,
                 float outside, int nthreads, struct hep_error *err)
{
    const size_t *n = target->n;
    const int threads = hep_threads(nthreads);
    struct hep_volume *v = NULL;
    struct bench bench = { .memory = NULL };
    struct route route;
    int rc = check_how(how, err);

    if (rc == HEP_OK)
        rc = route_new(&route, &source->grid, target, t, err);
    if (rc == HEP_OK)
        rc = bench_new(&bench, &route, target, threads, err);
    if (rc == HEP_OK)
        rc = hep_volume_new_unset(&v, target, source->nt, err);
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t row = 0; row < n[1] * n[2]; row++) {
        const double *p = bench_row(&bench, &route, n[0], row % n[1], row / n[1]);

        if (how == HEP_INTERP_LINEAR)
            row_linear(v, row * n[0], source, p, outside);
        else
            row_other(v, row * n[0], source, p, how, outside);
    }
    *out = v;
out:
    free(bench.memory);
    return rc;
}

int hep_resample_labels(struct hep_labels **out, const struct hep_labels *source,
                        const struct hep_grid *target, const struct hep_transform *t,
                        struct hep_error *err)
{
    const size_t *n = target->n;
    const size_t *m = source->grid.n;
    const int threads = omp_get_max_threads();
    struct hep_labels *l = NULL;
    struct bench bench = { .memory = NULL };
    struct route route;
    int rc = route_new(&route, &source->grid, target, t, err);

    if (rc == HEP_OK)
        rc = bench_new(&bench, &route, target, threads, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&l, target, err);
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t row = 0; row < n[1] * n[2]; row++) {
        const double *p = bench_row(&bench, &route, n[0], row % n[1], row / n[1]);

        for (size_t x = 0; x < n[0]; x++) {
            struct stencil s = { .count = 0 };

            if (stencil_at(&s, m, &p[3 * x], HEP_INTERP_NEAREST))
                l->data[row * n[0] + x] =
                    source->data[s.at[0][0] + m[0] * (s.at[1][0] + m[1] * s.at[2][0])];
        }
    }
    *out = l;
out:
    free(bench.memory);
    return rc;
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
        struct cell c;

        for (int k = 0; k < 3; k++)
            at[k] = voxel[k] + ((double)step[k] + 0.5) / (double)points[k] - 0.5;
        hep_affine_apply(p, r->whole, at);
        if (!cell_at(&c, source->grid.n, p))
            continue;
        value = cell_value(&c, hep_volume_at(source, t));
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
