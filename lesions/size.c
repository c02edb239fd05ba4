#include "lesions/size.h"

#include "base/alloc.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

#define POINTS_PER_VOXEL 4

/* ---- hull and its axes ----------------------------------------------------------------------- */

static int by_x_then_y(const void *a, const void *b)
{
    const struct hep_point *p = a, *q = b;

    if (p->x < q->x || p->x > q->x)
        return p->x < q->x ? -1 : 1;
    return (p->y > q->y) - (p->y < q->y);
}

static double turn(const struct hep_point *o, const struct hep_point *a, const struct hep_point *b)
{
    return (a->x - o->x) * (b->y - o->y) - (a->y - o->y) * (b->x - o->x);
}

/** One monotone chain over sorted points, in place at the front; returns its length. */
static size_t chain(struct hep_point *p, size_t n, double side)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        while (k >= 2 && side * turn(&p[k - 2], &p[k - 1], &p[i]) <= 0.0)
            k--;
        p[k++] = p[i];
    }
    return k;
}

/** Lower and upper hull one after the other in `hull`, room for 2 n. */
static size_t hull_of(struct hep_point *hull, struct hep_point *p, size_t n)
{
    size_t lower, upper;

    if (n == 0)
        return 0;
    qsort(p, n, sizeof *p, by_x_then_y);
    memcpy(hull, p, n * sizeof *p);
    lower = chain(hull, n, 1.0);
    memcpy(hull + lower, p, n * sizeof *p);
    upper = chain(hull + lower, n, -1.0);
    return lower + upper;
}

static void axes_of_hull(double *long_mm, double *short_mm, const struct hep_point *h, size_t n)
{
    double best = 0.0, dx = 1.0, dy = 0.0, lo = (double)INFINITY, hi = -(double)INFINITY;

    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const double d = hypot(h[i].x - h[j].x, h[i].y - h[j].y);

            if (d > best) {
                best = d;
                dx = (h[i].x - h[j].x) / d;
                dy = (h[i].y - h[j].y) / d;
            }
        }
    for (size_t i = 0; i < n; i++) {
        const double across = dx * h[i].y - dy * h[i].x;

        lo = fmin(lo, across);
        hi = fmax(hi, across);
    }
    *long_mm = best;
    *short_mm = n > 0 ? hi - lo : 0.0;
}

int hep_axes_of_points(double *long_mm, double *short_mm, struct hep_point *p, size_t n,
                       struct hep_error *err)
{
    struct hep_point *hull = hep_calloc(2 * n + 1, sizeof *hull, err);

    if (hull == NULL)
        return HEP_ENOMEM;
    axes_of_hull(long_mm, short_mm, hull, hull_of(hull, p, n));
    free(hull);
    return HEP_OK;
}

/* ---- of a lesion ----------------------------------------------------------------------------- */

/** Points of the voxels whose height falls into the slice around `height`. */
static size_t slice_points(struct hep_point *p, const struct hep_shells *s, double bottom,
                           double thickness, int through)
{
    const size_t n = hep_grid_voxels(&s->grid);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        double w[3];

        if (!hep_shells_has(s, i, HEP_SHELL_WHOLE))
            continue;
        hep_shells_world(w, s, i);
        if (w[2] < bottom || w[2] >= bottom + thickness)
            continue;
        for (int k = 0; k < 3; k++)
            for (int sign = -1; sign <= 1 && k != through; sign += 2) {
                p[count].x = w[0] + 0.5 * sign * s->grid.to_world[0][k];
                p[count++].y = w[1] + 0.5 * sign * s->grid.to_world[1][k];
            }
    }
    return count;
}

static void height_range(double *lo, double *hi, const struct hep_shells *s)
{
    const size_t n = hep_grid_voxels(&s->grid);

    *lo = (double)INFINITY;
    *hi = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        double w[3];

        if (!hep_shells_has(s, i, HEP_SHELL_WHOLE))
            continue;
        hep_shells_world(w, s, i);
        *lo = fmin(*lo, w[2]);
        *hi = fmax(*hi, w[2]);
    }
}

int hep_lesion_size(struct hep_lesion_size *out, const struct hep_shells *shells,
                    struct hep_error *err)
{
    const size_t room = POINTS_PER_VOXEL * shells->n[HEP_SHELL_WHOLE];
    struct hep_point *points = hep_calloc(room, sizeof *points, err);
    double spacing[3], lo, hi, thickness;
    int through, sign, rc = HEP_OK;
    long slices;

    if (points == NULL)
        return HEP_ENOMEM;
    hep_grid_spacing(spacing, &shells->grid);
    hep_grid_axis_of(&through, &sign, &shells->grid, 2);
    thickness = spacing[through];
    *out = (struct hep_lesion_size){ 0 };
    out->volume_ml =
        (double)shells->n[HEP_SHELL_WHOLE] * hep_grid_voxel_mm3(&shells->grid) / 1000.0;
    out->diameter_mm = hep_ball_diameter(1000.0 * out->volume_ml);
    height_range(&lo, &hi, shells);
    slices = (long)floor((hi - lo) / thickness + 0.5) + 1;
    for (long k = 0; rc == HEP_OK && k < slices; k++) {
        const double bottom = lo + ((double)k - 0.5) * thickness;
        const size_t n = slice_points(points, shells, bottom, thickness, through);
        double longest = 0.0, shortest = 0.0;

        rc = hep_axes_of_points(&longest, &shortest, points, n, err);
        if (longest > out->long_axis_mm) {
            out->long_axis_mm = longest;
            out->short_axis_mm = shortest;
        }
    }
    free(points);
    return rc;
}

int hep_label_size(struct hep_lesion_size *out, const struct hep_labels *labels, int32_t label,
                   struct hep_error *err)
{
    size_t lo[3] = { SIZE_MAX, SIZE_MAX, SIZE_MAX }, hi[3] = { 0, 0, 0 };
    struct hep_shells box = { .id = label, .grid = labels->grid };
    int rc;

    for (size_t j = 0; j < hep_grid_voxels(&labels->grid); j++) {
        size_t at[3];

        if (labels->data[j] != label)
            continue;
        box.n[HEP_SHELL_WHOLE]++;
        hep_grid_place(at, &labels->grid, j);
        for (int k = 0; k < 3; k++) {
            lo[k] = at[k] < lo[k] ? at[k] : lo[k];
            hi[k] = at[k] > hi[k] ? at[k] : hi[k];
        }
    }
    *out = (struct hep_lesion_size){ 0 };
    if (box.n[HEP_SHELL_WHOLE] == 0)
        return HEP_OK;
    for (int k = 0; k < 3; k++) {
        box.lo[k] = lo[k];
        box.grid.n[k] = hi[k] - lo[k] + 1;
        for (int w = 0; w < 3; w++)
            box.grid.to_world[w][3] += labels->grid.to_world[w][k] * (double)lo[k];
    }
    rc = HEP_NEW(box.zone, hep_grid_voxels(&box.grid), err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&box.grid); i++)
        if (labels->data[hep_shells_index(&box, &labels->grid, i)] == label)
            box.zone[i] = 1U << HEP_SHELL_WHOLE;
    if (rc == HEP_OK)
        rc = hep_lesion_size(out, &box, err);
    free(box.zone);
    return rc;
}
