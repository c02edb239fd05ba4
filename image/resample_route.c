#include "image/resample_route.h"

#include "base/alloc.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

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

bool hep_stencil_at(struct hep_stencil *s, const size_t n[3], const double p[3],
                    enum hep_interp how)
{
    s->count = how == HEP_INTERP_NEAREST ? 1 : how == HEP_INTERP_LINEAR ? 2 : 4;
    for (int k = 0; k < 3; k++) {
        double x = p[k];
        double base;
        double f;

        if (!(x >= -0.5 - HEP_RESAMPLE_SNAP && x <= (double)n[k] - 0.5 + HEP_RESAMPLE_SNAP))
            return false;
        if (fabs(x - nearbyint(x)) < HEP_RESAMPLE_SNAP)
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

double hep_stencil_value(const struct hep_stencil *s, const size_t n[3], const float *data)
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

int hep_route_init(struct hep_route *r, const struct hep_grid *source,
                   const struct hep_grid *target, const struct hep_transform *t,
                   struct hep_error *err)
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

bool hep_route_is_parallel(const struct hep_route *r)
{
    bool parallel = r->d == NULL;

    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            parallel = parallel && (i == k || !(fabs(r->whole[i][k]) > 0.0));
    }
    return parallel;
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

static bool is_straight(const struct hep_route *r)
{
    double step[3];

    for (int k = 0; r->d != NULL && k < 3; k++) {
        step[k] = 0.0;
        for (int i = 0; i < 3; i++)
            step[k] += r->to_field[k][i] * r->to_world[i][0];
    }
    return r->d != NULL && fabs(step[1]) < STRAIGHT && fabs(step[2]) < STRAIGHT;
}

static void field_position(double q[3], const struct hep_route *r, size_t x, size_t y, size_t z)
{
    const double voxel[3] = { (double)x, (double)y, (double)z };
    double world[3];

    hep_affine_apply(world, r->to_world, voxel);
    hep_affine_apply(q, r->to_field, world);
}

/* False when the whole row lies beyond the field. */
static bool line_prepare(struct line *l, const struct hep_route *r, size_t y, size_t z)
{
    const size_t *n = r->d->grid.n;
    struct hep_stencil s = { .count = 0 };
    double q[3], next[3];

    field_position(q, r, 0, y, z);
    field_position(next, r, 1, y, z);
    l->at = q[0];
    l->step = next[0] - q[0];
    q[0] = 0.0;
    if (!hep_stencil_at(&s, n, q, HEP_INTERP_LINEAR))
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
        struct hep_pair at;

        if (!hep_pair_at(&at, q, field_n))
            continue;
        for (size_t k = 0; k < 3; k++)
            p[3 * x + k] += (1.0 - at.f) * l->mm[3 * at.lo + k] + at.f * l->mm[3 * at.hi + k];
    }
}

static void bend(double p[3], const struct hep_route *r, size_t x, size_t y, size_t z)
{
    double q[3];
    struct hep_stencil s = { .count = 0 };

    field_position(q, r, x, y, z);
    if (!hep_stencil_at(&s, r->d->grid.n, q, HEP_INTERP_LINEAR))
        return;
    for (size_t c = 0; c < 3; c++) {
        const double mm = hep_stencil_value(&s, r->d->grid.n, hep_volume_at(r->d, c));

        for (int k = 0; k < 3; k++)
            p[k] += r->to_source[k][c] * mm;
    }
}

/* Source positions of a row of n target voxels: p[3 n]. */
static void row_positions(double *p, const struct hep_route *r, struct line *l, size_t n, size_t y,
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

int hep_route_bench_init(struct hep_route_bench *b, const struct hep_route *r,
                         const struct hep_grid *target, int threads, struct hep_error *err)
{
    b->position = 3 * target->n[0];
    b->each = b->position + (r->d != NULL ? 3 * r->d->grid.n[0] : 0);
    b->straight = is_straight(r);
    b->memory = hep_calloc((size_t)threads * b->each, sizeof *b->memory, err);
    return b->memory != NULL ? HEP_OK : HEP_ENOMEM;
}

const double *hep_route_row(const struct hep_route_bench *b, const struct hep_route *r, size_t n,
                            size_t y, size_t z)
{
    double *p = b->memory + (size_t)omp_get_thread_num() * b->each;
    struct line l = { .straight = b->straight, .mm = p + b->position };

    row_positions(p, r, &l, n, y, z);
    return p;
}

void hep_route_bench_release(struct hep_route_bench *b)
{
    free(b->memory);
    *b = (struct hep_route_bench){ 0 };
}

int hep_axes_init(struct hep_axes *out, const struct hep_route *r, const size_t source_n[3],
                  const size_t target_n[3], const size_t points[3], struct hep_error *err)
{
    size_t first[4] = { 0 };

    for (int k = 0; k < 3; k++)
        first[k + 1] = first[k] + target_n[k] * points[k];
    *out = (struct hep_axes){ { hep_calloc(first[3], sizeof *out->pair[0], err) },
                              { hep_calloc(first[3], sizeof *out->in[0], err) } };
    if (out->pair[0] == NULL || out->in[0] == NULL) {
        hep_axes_release(out);
        return HEP_ENOMEM;
    }
    for (int k = 0; k < 3; k++) {
        out->pair[k] = out->pair[0] + first[k];
        out->in[k] = out->in[0] + first[k];
        for (size_t i = 0; i < target_n[k] * points[k]; i++) {
            const size_t voxel = i / points[k], step = i % points[k];
            const double at = (double)voxel + ((double)step + 0.5) / (double)points[k] - 0.5;

            out->in[k][i] =
                hep_pair_at(&out->pair[k][i], r->whole[k][k] * at + r->whole[k][3], source_n[k]);
        }
    }
    return HEP_OK;
}

void hep_axes_release(struct hep_axes *a)
{
    free(a->pair[0]);
    free(a->in[0]);
    *a = (struct hep_axes){ { NULL }, { NULL } };
}
