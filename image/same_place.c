#include "image/same_place.h"

#include "image/mask.h"
#include "image/register_metric.h"
#include "image/resample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define POINTS_MM 10.0 /* a body has some ten thousand points then, and an organ hundreds */
#define BINS 32
/* Voxels away from the other image that are looked at, along an axis that has four times as many. */
#define REACH 4
#define APART_MIN 2 /* one voxel is motion */
#define PER_AXIS (2 * (REACH - APART_MIN + 1))

static const double identity[4][4] = {
    { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 }
};

/* Points of a volume and its body among them. */
struct points {
    struct hep_volume *v;
    struct hep_labels *body;
};

static void points_release(struct points *p)
{
    hep_volume_free(p->v);
    hep_labels_free(p->body);
}

/* `body` stays NULL where none stands out. */
static int points_of(struct points *p, const struct hep_volume *v, struct hep_error *err)
{
    struct hep_error none = { 0 };
    struct hep_grid grid;
    int rc;

    hep_grid_isotropic(&grid, &v->grid, POINTS_MM);
    rc = hep_resample(&p->v, v, &grid, NULL, HEP_INTERP_LINEAR, NAN, 1, err);
    if (rc == HEP_OK) {
        rc = hep_body_mask(&p->body, p->v, 0, &none);
        rc = rc == HEP_ENOMEM ? hep_fail(err, HEP_ENOMEM, __func__, "%s", none.msg) : HEP_OK;
    }
    return rc;
}

static void axis_of(double u[3], const struct hep_grid *grid, int axis)
{
    double length = 0.0;

    for (int k = 0; k < 3; k++)
        length += grid->to_world[k][axis] * grid->to_world[k][axis];
    for (int k = 0; k < 3; k++)
        u[k] = grid->to_world[k][axis] / sqrt(length);
}

static double along(const double u[3], const double x[3])
{
    return u[0] * x[0] + u[1] * x[1] + u[2] * x[2];
}

/* x -> x + u mm */
static struct hep_transform shift_along(const double u[3], double mm)
{
    struct hep_transform t = { .displacement = NULL };

    (void)memcpy(t.affine, identity, sizeof identity);
    for (int k = 0; k < 3; k++)
        t.affine[k][3] = u[k] * mm;
    return t;
}

/* x -> x - 2 u (u . x - at): reversed along u about the plane u . x = at */
static struct hep_transform reverse_along(const double u[3], double at)
{
    struct hep_transform t = shift_along(u, 2.0 * at);

    for (int k = 0; k < 3; k++)
        for (int l = 0; l < 3; l++)
            t.affine[k][l] -= 2.0 * u[k] * u[l];
    return t;
}

static void middle_of(double world[3], const struct hep_grid *grid)
{
    double voxel[3];

    for (int k = 0; k < 3; k++)
        voxel[k] = 0.5 * ((double)grid->n[k] - 1.0);
    hep_grid_to_world(world, grid, voxel);
}

/* As it lies: where it lies, and moved along each axis. Then reversed along each axis, in two ways. */
enum { AS_IT_LIES = 4, ALL = AS_IT_LIES + 6 };

static int look(struct hep_mirror *out, const struct points *fixed, const struct points *at,
                const struct hep_volume *moving, double gain, struct hep_error *err)
{
    struct hep_transform way[ALL];
    const struct hep_transform *t[ALL] = { NULL };
    double mi[ALL], middle[3], centre[3], centre_moving[3], u[3];
    int rc;

    middle_of(middle, &moving->grid);
    hep_mask_centre(centre, fixed->body);
    hep_mask_centre(centre_moving, at->body);
    for (int k = 0; k < 3; k++) {
        double to, from;

        axis_of(u, &moving->grid, k);
        from = along(u, centre);
        to = along(u, centre_moving);
        way[1 + k] = shift_along(u, to - from);
        way[AS_IT_LIES + 2 * k] = reverse_along(u, along(u, middle));
        way[AS_IT_LIES + 2 * k + 1] = reverse_along(u, 0.5 * (from + to));
    }
    for (int i = 1; i < ALL; i++)
        t[i] = &way[i];
    rc = hep_register_compare(mi, NULL, fixed->v, moving, fixed->body, t, ALL, BINS, err);
    if (rc != HEP_OK || !isfinite(mi[0]))
        return rc;
    out->as_it_lies = mi[0];
    for (int i = 1; i < AS_IT_LIES; i++)
        out->as_it_lies = fmax(out->as_it_lies, mi[i]);
    out->mirrored = mi[AS_IT_LIES];
    for (int i = AS_IT_LIES; i < ALL; i++) {
        if (mi[i] > gain * out->as_it_lies && mi[i] >= out->mirrored)
            out->axis = (i - AS_IT_LIES) / 2;
        out->mirrored = fmax(out->mirrored, mi[i]);
    }
    return HEP_OK;
}

int hep_mirror_find(struct hep_mirror *out, const struct hep_volume *fixed,
                    const struct hep_volume *moving, double gain, struct hep_error *err)
{
    struct points a = { 0 }, b = { 0 };
    int rc = points_of(&a, fixed, err);

    *out = (struct hep_mirror){ -1, (double)NAN, (double)NAN };
    if (rc == HEP_OK)
        rc = points_of(&b, moving, err);
    if (rc == HEP_OK && a.body != NULL && b.body != NULL)
        rc = look(out, &a, &b, moving, gain, err);
    points_release(&a);
    points_release(&b);
    return rc;
}

const char *hep_mirror_words(const struct hep_grid *grid, int axis)
{
    static const char *const words[] = { "left and right", "front and back", "head and feet" };
    double u[3];
    int most = 0;

    axis_of(u, grid, axis);
    for (int k = 1; k < 3; k++)
        most = fabs(u[k]) > fabs(u[most]) ? k : most;
    return words[most];
}

/* ---- images of one acquisition --------------------------------------------------------------- */

bool hep_is_one_image(const float *a, const float *b, size_t n, double rms_max)
{
    double square = 0.0, apart = 0.0;

    for (size_t i = 0; i < n; i++) {
        const double x = (double)a[i], y = (double)b[i];

        if (!isfinite(x) || !isfinite(y))
            continue;
        square += x * x;
        apart += (x - y) * (x - y);
    }
    return square > 0.0 && apart <= rms_max * rms_max * square;
}

/* Voxels along each axis to where the moving volume tells most of the fixed one; all 0 where it lies. */
static int look_around(int apart[3], const struct points *fixed, const struct hep_volume *moving,
                       double gain, struct hep_error *err)
{
    struct hep_transform way[1 + 3 * PER_AXIS];
    const struct hep_transform *t[1 + 3 * PER_AXIS] = { NULL };
    int voxels[1 + 3 * PER_AXIS] = { 0 }, axis[1 + 3 * PER_AXIS] = { 0 };
    double mi[1 + 3 * PER_AXIS], mm[3], u[3];
    size_t n = 1, best = 0;
    int rc;

    hep_grid_spacing(mm, &moving->grid);
    for (int k = 0; k < 3; k++) {
        axis_of(u, &moving->grid, k);
        for (int s = -REACH; s <= REACH && moving->grid.n[k] >= (size_t)4 * REACH; s++) {
            if (s > -APART_MIN && s < APART_MIN)
                continue;
            way[n] = shift_along(u, mm[k] * (double)s);
            t[n] = &way[n];
            voxels[n] = s;
            axis[n++] = k;
        }
    }
    rc = hep_register_compare(mi, NULL, fixed->v, moving, fixed->body, t, n, BINS, err);
    for (size_t i = 1; rc == HEP_OK && i < n; i++)
        best = mi[i] > mi[best] ? i : best;
    if (rc == HEP_OK && mi[best] > gain * mi[0])
        apart[axis[best]] = voxels[best];
    return rc;
}

static int volume_of(struct hep_volume **out, const float *data, const struct hep_grid *grid,
                     struct hep_error *err)
{
    int rc = hep_volume_new_unset(out, grid, 1, err);

    if (rc == HEP_OK)
        (void)memcpy((*out)->data, data, hep_grid_voxels(grid) * sizeof *data);
    return rc;
}

static void write_reason(char reason[HEP_SAME_PLACE_REASON], const struct hep_mirror *mirror,
                         const int apart[3], const struct hep_grid *grid)
{
    if (mirror->axis >= 0)
        (void)snprintf(reason, HEP_SAME_PLACE_REASON,
                       "stored mirrored (%s) against the first: it tells %.1f times as much of it "
                       "when it is reversed",
                       hep_mirror_words(grid, mirror->axis), mirror->mirrored / mirror->as_it_lies);
    for (int k = 0; reason[0] == '\0' && k < 3; k++)
        if (apart[k] != 0)
            (void)snprintf(reason, HEP_SAME_PLACE_REASON,
                           "lies %d voxels along axis %d away from the first: both are of one "
                           "acquisition",
                           apart[k] < 0 ? -apart[k] : apart[k], k + 1);
}

int hep_same_place_check(char reason[HEP_SAME_PLACE_REASON], const float *first,
                         const float *second, const struct hep_grid *grid,
                         const struct hep_same_place_limits *limits, struct hep_error *err)
{
    struct hep_volume *fixed = NULL, *moving = NULL;
    struct hep_mirror mirror;
    struct points p = { 0 };
    int apart[3] = { 0, 0, 0 };
    int rc;

    reason[0] = '\0';
    if (hep_is_one_image(first, second, hep_grid_voxels(grid), limits->rms_max)) {
        (void)snprintf(reason, HEP_SAME_PLACE_REASON, "the same image as the first");
        return HEP_OK;
    }
    rc = volume_of(&fixed, first, grid, err);
    if (rc == HEP_OK)
        rc = volume_of(&moving, second, grid, err);
    if (rc == HEP_OK)
        rc = hep_mirror_find(&mirror, fixed, moving, limits->gain, err);
    if (rc == HEP_OK)
        rc = points_of(&p, fixed, err);
    if (rc == HEP_OK && p.body != NULL)
        rc = look_around(apart, &p, moving, limits->gain, err);
    if (rc == HEP_OK)
        write_reason(reason, &mirror, apart, grid);
    points_release(&p);
    hep_volume_free(fixed);
    hep_volume_free(moving);
    return rc;
}

int hep_same_place_check_all(char reason[HEP_SAME_PLACE_REASON], size_t *which,
                             const float *const *image, size_t n, const struct hep_grid *grid,
                             const struct hep_same_place_limits *limits, struct hep_error *err)
{
    int rc = HEP_OK;

    reason[0] = '\0';
    for (size_t i = 1; rc == HEP_OK && reason[0] == '\0' && i < n; i++) {
        *which = i;
        rc = hep_same_place_check(reason, image[0], image[i], grid, limits, err);
    }
    return rc;
}
