#include "image/mask.h"

#include "base/alloc.h"

#include <math.h>

/* A voxel centre on the sphere itself belongs to the ball; distances carry float rounding. */
#define ON_SPHERE_MM 1e-4

/* m = 1 where the distance (of either kind) is at most / more than the radius. */
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

static void position(size_t p[3], const struct hep_grid *g, size_t i)
{
    p[0] = i % g->n[0];
    p[1] = i / g->n[0] % g->n[1];
    p[2] = i / (g->n[0] * g->n[1]);
}

static void flood_from_border(struct flood *f)
{
    const size_t *n = f->grid->n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };
    const size_t voxels = hep_grid_voxels(f->grid);
    size_t p[3];

    for (size_t i = 0; i < voxels; i++) {
        position(p, f->grid, i);
        for (int k = 0; k < 3; k++) {
            if (f->along[k] && (p[k] == 0 || p[k] + 1 == n[k]))
                reach(f, i);
        }
    }
    while (f->depth > 0) {
        const size_t i = f->stack[--f->depth];

        position(p, f->grid, i);
        for (int k = 0; k < 3; k++) {
            if (f->along[k] && p[k] > 0)
                reach(f, i - stride[k]);
            if (f->along[k] && p[k] + 1 < n[k])
                reach(f, i + stride[k]);
        }
    }
}

/* along_not: an axis the flood does not follow, or -1. */
static int fill(struct hep_labels *m, int along_not, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&m->grid);
    struct flood f = { .grid = &m->grid };
    int rc = HEP_OK;

    for (int k = 0; k < 3; k++)
        f.along[k] = k != along_not && m->grid.n[k] > 1;
    f.state = hep_calloc(n, sizeof *f.state);
    f.stack = hep_calloc(n, sizeof *f.stack);
    if (f.state == NULL || f.stack == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory to fill holes in %zu voxels", n);
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
