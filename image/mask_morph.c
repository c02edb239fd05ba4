#include "image/mask.h"

#include "base/alloc.h"

#include <math.h>

/* A voxel centre on the sphere itself belongs to the ball; distances carry float rounding. */
#define ON_SPHERE_MM 1e-4

/* Set m where the distance to the mask is at most the radius, or with `inside` where that to the outside is more. */
static int by_distance(struct hep_labels *m, bool inside, double radius_mm, int nthreads,
                       struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&m->grid);
    const float limit = (float)(radius_mm + ON_SPHERE_MM);
    struct hep_volume *distance = NULL;
    int rc;

    if (!(radius_mm >= 0.0 && isfinite(radius_mm)))
        return HEP_FAIL(err, HEP_EINVAL, "radius is %g mm", radius_mm);
    rc = hep_mask_distance(&distance, m, inside, nthreads, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        m->data[i] = (distance->data[i] <= limit) != inside;
    hep_volume_free(distance);
    return HEP_OK;
}

int hep_mask_dilate(struct hep_labels *m, double radius_mm, int nthreads, struct hep_error *err)
{
    return by_distance(m, false, radius_mm, nthreads, err);
}

int hep_mask_erode(struct hep_labels *m, double radius_mm, int nthreads, struct hep_error *err)
{
    return by_distance(m, true, radius_mm, nthreads, err);
}

int hep_mask_open(struct hep_labels *m, double radius_mm, int nthreads, struct hep_error *err)
{
    int rc = hep_mask_erode(m, radius_mm, nthreads, err);

    return rc != HEP_OK ? rc : hep_mask_dilate(m, radius_mm, nthreads, err);
}

int hep_mask_close(struct hep_labels *m, double radius_mm, int nthreads, struct hep_error *err)
{
    int rc = hep_mask_dilate(m, radius_mm, nthreads, err);

    return rc != HEP_OK ? rc : hep_mask_erode(m, radius_mm, nthreads, err);
}

enum { HOLE, SET, REACHED };

struct flood {
    const struct hep_grid *grid;
    bool along[3]; /* axes that the flood may follow */
    unsigned char *state;
    size_t *stack;
    size_t depth;
};

static void reach(struct flood *f, size_t i)
{
    if (f->state[i] == HOLE) {
        f->state[i] = REACHED;
        f->stack[f->depth++] = i;
    }
}

/* Start the flood at the voxels of a row that lie on the border of the volume: the whole row, or its two ends. */
static void reach_border(struct flood *f, size_t first, bool whole)
{
    const size_t n = f->grid->n[0];

    for (size_t x = 0; whole && x < n; x++)
        reach(f, first + x);
    if (f->along[0]) {
        reach(f, first);
        reach(f, first + n - 1);
    }
}

/* Voxels beside i along the row, as far as holes go on, each with its neighbours in other rows. */
static void reach_row(struct flood *f, size_t i)
{
    const size_t *n = f->grid->n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };
    const size_t row = i / n[0], at[3] = { 0, row % n[1], row / n[1] };
    size_t lo = i, hi = i;

    while (f->along[0] && lo > row * n[0] && f->state[lo - 1] == HOLE)
        f->state[--lo] = REACHED;
    while (f->along[0] && hi + 1 < (row + 1) * n[0] && f->state[hi + 1] == HOLE)
        f->state[++hi] = REACHED;
    for (int k = 1; k < 3; k++) {
        for (size_t x = lo; f->along[k] && at[k] > 0 && x <= hi; x++)
            reach(f, x - stride[k]);
        for (size_t x = lo; f->along[k] && at[k] + 1 < n[k] && x <= hi; x++)
            reach(f, x + stride[k]);
    }
}

static void flood_from_border(struct flood *f)
{
    const size_t *n = f->grid->n;

    for (size_t z = 0; z < n[2]; z++) {
        for (size_t y = 0; y < n[1]; y++) {
            const bool whole = (f->along[1] && (y == 0 || y + 1 == n[1])) ||
                               (f->along[2] && (z == 0 || z + 1 == n[2]));

            reach_border(f, n[0] * (y + n[1] * z), whole);
        }
    }
    while (f->depth > 0)
        reach_row(f, f->stack[--f->depth]);
}

/* along_not: an axis the flood does not follow, or -1. */
static int fill(struct hep_labels *m, int along_not, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&m->grid);
    struct flood f = { .grid = &m->grid };
    int rc = HEP_OK;

    for (int k = 0; k < 3; k++)
        f.along[k] = k != along_not && m->grid.n[k] > 1;
    f.state = hep_calloc(n, sizeof *f.state, err);
    f.stack = hep_calloc(n, sizeof *f.stack, err);
    if (f.state == NULL || f.stack == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        f.state[i] = m->data[i] != 0 ? SET : HOLE;
    flood_from_border(&f);
    for (size_t i = 0; i < n; i++)
        m->data[i] = f.state[i] != REACHED;
out:
    free(f.stack);
    free(f.state);
    return rc;
}

int hep_mask_fill_holes(struct hep_labels *m, struct hep_error *err)
{
    return fill(m, -1, err);
}

int hep_mask_fill_holes_slices(struct hep_labels *m, int axis, struct hep_error *err)
{
    if (axis < 0 || axis > 2)
        return HEP_FAIL(err, HEP_EINVAL, "axis %d, need 0 to 2", axis);
    return fill(m, axis, err);
}
