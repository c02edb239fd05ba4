/**
 * @file  image/resample_route.h
 * @brief Inside the resampling: from voxels of the target to positions in the source, row by row.
 *
 * Where nothing bends the way and the axes of both grids are parallel and in the same order, the
 * position along each axis depends on the target's index along that axis alone: neighbours are
 * looked up once per axis (struct hep_axes), with the same values as voxel by voxel.
 */
#ifndef HEP_IMAGE_RESAMPLE_ROUTE_H
#define HEP_IMAGE_RESAMPLE_ROUTE_H

#include "image/resample.h"

/* A position this near to a voxel centre is the centre, so that a neighbour of weight 0 that is NaN
 * has no part. */
#define HEP_RESAMPLE_SNAP 1e-7

/** Neighbours of a position along each axis: at most 4, with their weights. */
struct hep_stencil {
    int count;
    size_t at[3][4];
    double w[3][4];
};
/** False when the position is more than half a voxel outside, or NaN. */
bool hep_stencil_at(struct hep_stencil *s, const size_t n[3], const double p[3],
                    enum hep_interp how);
double hep_stencil_value(const struct hep_stencil *s, const size_t n[3], const float *data);

/** From a target voxel to a position in the source's voxels. */
struct hep_route {
    double whole[4][4];         /* target voxel to source voxel when nothing bends the way */
    double to_world[4][4];      /* target voxel to target world */
    double to_source[4][4];     /* source world to source voxel, linear part for displacements */
    double to_field[4][4];      /* target world to voxel of the displacement */
    const struct hep_volume *d; /* or NULL */
};
int hep_route_init(struct hep_route *r, const struct hep_grid *source,
                   const struct hep_grid *target, const struct hep_transform *t,
                   struct hep_error *err) HEP_MUST_CHECK;
/** Nothing bends the way, and the axes are parallel and in the same order. */
bool hep_route_is_parallel(const struct hep_route *r);

/** Working memory of each thread for the positions of a row. */
struct hep_route_bench {
    double *memory; /* owned */
    size_t each, position;
    bool straight;
};
int hep_route_bench_init(struct hep_route_bench *b, const struct hep_route *r,
                         const struct hep_grid *target, int threads,
                         struct hep_error *err) HEP_MUST_CHECK;
void hep_route_bench_release(struct hep_route_bench *b);
/** Source positions of the n voxels of a row, [3 n], in the calling thread's part. */
const double *hep_route_row(const struct hep_route_bench *b, const struct hep_route *r, size_t n,
                            size_t y, size_t z);

/** Linear neighbours along one axis; `hi` is `lo` where it has no weight. */
struct hep_pair {
    size_t lo, hi;
    double f;
};

/** False when the position is more than half a voxel outside, or NaN. */
static inline bool hep_pair_at(struct hep_pair *a, double x, size_t n)
{
    long i;

    if (!(x >= -0.5 - HEP_RESAMPLE_SNAP && x <= (double)n - 0.5 + HEP_RESAMPLE_SNAP))
        return false;
    i = (long)(x + 1.0) - 1; /* floor, for x > -1 */
    a->f = x - (double)i;
    if (a->f > 1.0 - HEP_RESAMPLE_SNAP)
        i++;
    if (a->f < HEP_RESAMPLE_SNAP || a->f > 1.0 - HEP_RESAMPLE_SNAP)
        a->f = 0.0;
    a->lo = i < 0 ? 0 : i < (long)n ? (size_t)i : n - 1;
    a->hi = a->f > 0.0 && i + 1 < (long)n ? (size_t)(i + 1) : a->lo;
    return true;
}

struct hep_cell {
    struct hep_pair x, y, z;
    size_t corner[4]; /* of the rows: y lo/hi, z lo/hi */
};

/** Corners of the rows; y and z are set. */
static inline void hep_cell_corners(struct hep_cell *c, const size_t n[3])
{
    c->corner[0] = n[0] * (c->y.lo + n[1] * c->z.lo);
    c->corner[1] = n[0] * (c->y.hi + n[1] * c->z.lo);
    c->corner[2] = n[0] * (c->y.lo + n[1] * c->z.hi);
    c->corner[3] = n[0] * (c->y.hi + n[1] * c->z.hi);
}

static inline bool hep_cell_at(struct hep_cell *c, const size_t n[3], const double p[3])
{
    if (!hep_pair_at(&c->x, p[0], n[0]) || !hep_pair_at(&c->y, p[1], n[1]) ||
        !hep_pair_at(&c->z, p[2], n[2]))
        return false;
    hep_cell_corners(c, n);
    return true;
}

static inline double hep_mixed(double a, double b, double f)
{
    return (1.0 - f) * a + f * b;
}

static inline double hep_cell_value(const struct hep_cell *c, const float *data)
{
    double row[4];

    for (int i = 0; i < 4; i++) {
        const float *v = data + c->corner[i];

        row[i] = hep_mixed((double)v[c->x.lo], (double)v[c->x.hi], c->x.f);
    }
    return hep_mixed(hep_mixed(row[0], row[1], c->y.f), hep_mixed(row[2], row[3], c->y.f), c->z.f);
}

/** Neighbours of every target index along each axis, `points` to a voxel. */
struct hep_axes {
    struct hep_pair *pair[3]; /* [n * points] of the axis; all in one block that pair[0] owns */
    bool *in[3];              /* is the position inside? In a block that in[0] owns */
};
/**
 * For a parallel route. Point s of voxel i along axis k lies at i + (s + 0.5) / points[k] - 0.5.
 * HEP_ENOMEM.
 */
int hep_axes_init(struct hep_axes *out, const struct hep_route *r, const size_t source_n[3],
                  const size_t target_n[3], const size_t points[3],
                  struct hep_error *err) HEP_MUST_CHECK;
void hep_axes_release(struct hep_axes *a);

#endif
