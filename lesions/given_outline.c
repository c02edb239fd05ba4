/* Points and boxes outlined: which spot of which image is the lesion that a person pointed at. */
#include "lesions/given.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/resample.h"
#include "lesions/candidate_spot.h"
#include "lesions/delineate.h"
#include "lesions/joint_border.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct outlining {
    struct hep_given *given;
    const struct hep_lesion_study *study;
    const struct hep_candidates *found;
    struct hep_candidate_frame frame;
    struct hep_channel channels[HEP_MECHANISM_COUNT];
    struct hep_spot_list spots;
    struct choice {
        const struct hep_spot *spot; /* NULL: none */
    } * chosen;                      /* of each given lesion */
    struct hep_labels *labels;       /* on the frame's grid */
    double to_frame[4][4];
};

static double gap_mm(const struct outlining *o, const double a[3], const double b[3])
{
    return o->frame.mm * sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                              (a[2] - b[2]) * (a[2] - b[2]));
}

static double reach_mm(const struct hep_lesion_limits *limits, const struct hep_given_lesion *l,
                       double found_mm)
{
    const double size = isnan(l->diameter_mm) ? found_mm : l->diameter_mm;

    return fmax(limits->point_reach_mm, limits->point_reach_frac * size);
}

static bool size_agrees(const struct hep_lesion_limits *limits, const struct hep_given_lesion *l,
                        double diameter_mm)
{
    const double factor = limits->point_size_factor;

    return isnan(l->diameter_mm) ||
           (diameter_mm <= factor * l->diameter_mm && diameter_mm >= l->diameter_mm / factor);
}

static double voxel_mm3(const struct outlining *o, const struct hep_spot *s)
{
    const double *mm = o->study->image[o->channels[s->mechanism].image].native_mm;

    return mm[0] * mm[1] * mm[2];
}

/* A spot as far off as the reach counts half. */
static double weight_of(const struct outlining *o, const struct hep_given_lesion *l,
                        const double at[3], const struct hep_spot *s)
{
    const double gap = gap_mm(o, s->voxel, at),
                 reach = reach_mm(o->study->limits, l, 2.0 * s->radius_mm);

    return gap <= reach && size_agrees(o->study->limits, l, 2.0 * s->radius_mm)
               ? s->strength / (1.0 + gap / reach)
               : 0.0;
}

/* The spot that can be this lesion; NULL: none. */
static const struct hep_spot *spot_of(const struct outlining *o, const struct hep_given_lesion *l,
                                      const double at[3])
{
    const struct hep_spot *best = NULL;
    double strongest = 0.0;

    for (size_t i = 0; i < o->spots.n; i++)
        strongest = fmax(strongest, weight_of(o, l, at, &o->spots.item[i]));
    for (size_t i = 0; i < o->spots.n && strongest > 0.0; i++) {
        const struct hep_spot *s = &o->spots.item[i];
        const double weight = weight_of(o, l, at, s);

        if (weight < o->study->limits->point_as_strong * strongest)
            continue;
        if (best == NULL || voxel_mm3(o, s) < voxel_mm3(o, best) ||
            (voxel_mm3(o, s) == voxel_mm3(o, best) && weight > weight_of(o, l, at, best)))
            best = s;
    }
    return best;
}

/* The candidate that holds the point, else the nearest one within reach; 0: none, or of another size. */
static int32_t candidate_of(const struct outlining *o, const struct hep_given_lesion *l)
{
    const int32_t here = hep_sample_label(o->found->labels, l->centre_mm);
    double nearest = INFINITY;
    int32_t id = 0;

    for (size_t i = 0; i < o->found->n; i++) {
        const struct hep_candidate *c = &o->found->list[i];
        const double gap =
            c->id == here
                ? 0.0
                : sqrt((c->centre_mm[0] - l->centre_mm[0]) * (c->centre_mm[0] - l->centre_mm[0]) +
                       (c->centre_mm[1] - l->centre_mm[1]) * (c->centre_mm[1] - l->centre_mm[1]) +
                       (c->centre_mm[2] - l->centre_mm[2]) * (c->centre_mm[2] - l->centre_mm[2]));

        if (gap < nearest && gap <= reach_mm(o->study->limits, l, c->diameter_mm) &&
            size_agrees(o->study->limits, l, c->diameter_mm)) {
            nearest = gap;
            id = c->id;
        }
    }
    return id;
}

/* Take the candidate's voxels that no given lesion has; how many. */
static size_t take_candidate(struct outlining *o, size_t i, int32_t candidate)
{
    struct hep_labels *to = o->given->labels;
    size_t n = 0;

    for (size_t j = 0; candidate != 0 && j < hep_grid_voxels(&to->grid); j++) {
        if (o->found->labels->data[j] == candidate && to->data[j] == 0) {
            to->data[j] = (int32_t)i + 1;
            n++;
        }
    }
    return n;
}

/* Erase what a box does not hold. */
static size_t keep_box(struct hep_labels *labels, int32_t id, const struct hep_given_lesion *l,
                       double margin_mm)
{
    const size_t *n = labels->grid.n;
    size_t left = 0;

    for (size_t j = 0; j < hep_grid_voxels(&labels->grid); j++) {
        const size_t at[3] = { j % n[0], j / n[0] % n[1], j / (n[0] * n[1]) };
        const double voxel[3] = { (double)at[0], (double)at[1], (double)at[2] };
        double world[3];
        bool inside = true;

        if (labels->data[j] != id)
            continue;
        hep_grid_to_world(world, &labels->grid, voxel);
        for (int k = 0; k < 3; k++)
            inside = inside && !(fabs(world[k] - l->centre_mm[k]) > l->half_mm[k] + margin_mm);
        labels->data[j] = inside ? id : 0;
        left += inside;
    }
    return left;
}

/* A ball of the stated diameter on the reference, at least the voxel of its centre, where nobody else is. */
static size_t draw_ball(struct hep_labels *labels, int32_t id, const struct hep_given_lesion *l)
{
    const double radius = 0.5 * l->diameter_mm;
    size_t centre = 0, count = 0;
    const bool placed = hep_grid_voxel_at(&centre, &labels->grid, l->centre_mm);

    for (size_t j = 0; j < hep_grid_voxels(&labels->grid); j++) {
        double at[3];

        hep_grid_world_of(at, &labels->grid, j);
        if (labels->data[j] == 0 &&
            ((placed && j == centre) || hep_distance2(at, l->centre_mm) <= radius * radius)) {
            labels->data[j] = id;
            count++;
        }
    }
    return count;
}

#define MAX_RIVALS 32

/* The spots of the other given lesions, which share what lies between them with this one. */
static size_t rivals_of(struct hep_seed rivals[MAX_RIVALS], const struct outlining *o, size_t i)
{
    size_t n = 0;

    for (size_t k = 0; k < o->given->n && n < MAX_RIVALS; k++) {
        const struct hep_spot *s = o->chosen[k].spot;

        if (k == i || s == NULL || s == o->chosen[i].spot)
            continue;
        rivals[n] = (struct hep_seed){ .radius_mm = s->radius_mm };
        memcpy(rivals[n++].voxel, s->voxel, sizeof rivals->voxel);
    }
    return n;
}

static int follow_spot(struct hep_delineation *d, struct outlining *o, size_t i,
                       struct hep_error *err)
{
    const struct hep_spot *s = o->chosen[i].spot;
    struct hep_seed seed = { .radius_mm = s->radius_mm }, rivals[MAX_RIVALS];
    const size_t n = rivals_of(rivals, o, i);

    memcpy(seed.voxel, s->voxel, sizeof seed.voxel);
    return hep_delineate(d, o->labels, (int32_t)i + 1, &seed, &o->frame,
                         o->frame.z[o->channels[s->mechanism].image], s->polarity, rivals, n, err);
}

/* How large a lesion was stated to be; false when it was not. */
static bool stated_extent(struct hep_extent *out, const struct hep_given_lesion *l)
{
    const bool box = !isnan(l->half_mm[0]);

    if (!l->is_point || (!box && isnan(l->diameter_mm)))
        return false;
    *out = (struct hep_extent){ .box = box };
    for (int k = 0; k < 3; k++) {
        out->centre_mm[k] = l->centre_mm[k];
        out->half_mm[k] = box ? l->half_mm[k] : 0.5 * l->diameter_mm;
    }
    return true;
}

/* Two stated places in one lesion: say that they share it. */
static void say_shared(struct hep_given *g, size_t i, const struct hep_extent *own)
{
    struct hep_given_lesion *l = &g->list[i];

    for (size_t k = 0; k < g->n && l->note[0] == '\0'; k++) {
        struct hep_extent other;

        if (k != i && stated_extent(&other, &g->list[k]) &&
            sqrt(hep_distance2(own->centre_mm, other.centre_mm)) <
                fmin(own->half_mm[0], other.half_mm[0]))
            (void)snprintf(l->note, sizeof l->note,
                           "given lesion %zu is stated to lie in the same place: each has the "
                           "voxels that are nearer to it",
                           k + 1);
    }
}

/* The outline of another given lesion that holds the point; 0: none. */
static int32_t holder_of(const struct outlining *o, size_t i)
{
    const int32_t id = hep_sample_label(o->given->labels, o->given->list[i].centre_mm);

    return id == (int32_t)i + 1 ? 0 : id;
}

/* A lesion of a stated size is followed where the point lies, on the reference grid, by all images together.
 * @param[out] voxels 0: they do not surely show it */
static int follow_images(size_t *voxels, struct outlining *o, size_t i, struct hep_error *err)
{
    struct hep_extent own, *others = NULL;
    size_t n = 0;
    int rc;

    *voxels = 0;
    if (!stated_extent(&own, &o->given->list[i]))
        return HEP_OK;
    rc = HEP_NEW(others, o->given->n, err);
    for (size_t k = 0; rc == HEP_OK && k < o->given->n; k++)
        if (k != i && stated_extent(&others[n], &o->given->list[k]))
            n++;
    if (rc == HEP_OK)
        rc = hep_joint_border(voxels, o->given->labels, (int32_t)i + 1, &own, others, n, o->study,
                              err);
    free(others);
    if (rc == HEP_OK && *voxels > 0)
        say_shared(o->given, i, &own);
    return rc;
}

static int outline_one(struct outlining *o, size_t i, struct hep_error *err)
{
    struct hep_given_lesion *l = &o->given->list[i];
    const int32_t id = (int32_t)i + 1;
    struct hep_delineation d = { 0 };
    size_t voxels = 0;
    int rc;

    rc = follow_images(&voxels, o, i, err);
    if (rc != HEP_OK || voxels > 0)
        return rc;
    if (holder_of(o, i) != 0) {
        (void)snprintf(l->note, sizeof l->note,
                       "the outline of given lesion %d holds the point: it has none of its own",
                       (int)holder_of(o, i));
        return HEP_OK;
    }
    if (take_candidate(o, i, candidate_of(o, l)) > 0) {
        if (!isnan(l->half_mm[0]))
            (void)keep_box(o->given->labels, id, l, o->study->limits->point_reach_mm);
        return HEP_OK;
    }
    if (o->chosen[i].spot != NULL)
        rc = follow_spot(&d, o, i, err);
    if (rc == HEP_OK && d.voxels > 0 && !isnan(l->half_mm[0]))
        d.voxels = keep_box(o->labels, id, l, o->study->limits->point_reach_mm);
    if (rc != HEP_OK || d.voxels > 0)
        return rc;
    if (isnan(l->diameter_mm)) {
        (void)snprintf(l->note, sizeof l->note,
                       "no image shows a lesion within %.0f mm of the point, and no diameter is "
                       "given: not outlined",
                       o->study->limits->point_reach_mm);
        return HEP_OK;
    }
    if (draw_ball(o->given->labels, id, l) > 0)
        (void)snprintf(
            l->note, sizeof l->note,
            "no image shows a lesion of this size there: a ball of the stated %.1f mm is measured",
            l->diameter_mm);
    return HEP_OK;
}

/* Bring the outlines to the reference grid; given regions keep their voxels. */
static int hand_over(const struct outlining *o, struct hep_error *err)
{
    struct hep_labels *here = NULL, *to = o->given->labels;
    int rc = hep_candidate_labels_to(&here, o->labels, &to->grid, NULL, o->study->nthreads, err);

    for (size_t j = 0; rc == HEP_OK && j < hep_grid_voxels(&to->grid); j++)
        if (to->data[j] == 0)
            to->data[j] = here->data[j];
    hep_labels_free(here);
    return rc;
}

bool hep_given_any_point(const struct hep_given *g)
{
    bool any = false;

    for (size_t i = 0; i < g->n; i++)
        any = any || g->list[i].is_point;
    return any;
}

int hep_given_outline(struct hep_given *g, const struct hep_lesion_study *study,
                      const struct hep_candidates *found, struct hep_error *err)
{
    struct outlining o = { .given = g, .study = study, .found = found };
    int rc = HEP_OK;

    if (!hep_given_any_point(g))
        return HEP_OK;
    hep_channels_of(o.channels, study);
    rc = hep_candidate_frame_init(&o.frame, study, err);
    if (rc == HEP_OK)
        rc = hep_grid_inverse(o.to_frame, &o.frame.grid, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&o.labels, &o.frame.grid, err);
    if (rc == HEP_OK)
        rc = hep_spots_find(&o.spots, &o.frame, study, o.channels, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(o.chosen, g->n, err);
    for (size_t i = 0; rc == HEP_OK && i < g->n; i++) {
        double at[3];

        hep_affine_apply(at, HEP_AFFINE(o.to_frame), g->list[i].centre_mm);
        if (g->list[i].is_point)
            o.chosen[i].spot = spot_of(&o, &g->list[i], at);
    }
    for (size_t i = 0; rc == HEP_OK && i < g->n; i++)
        if (g->list[i].is_point)
            rc = outline_one(&o, i, err);
    if (rc == HEP_OK)
        rc = hand_over(&o, err);
    free(o.chosen);
    hep_spot_list_release(&o.spots);
    hep_labels_free(o.labels);
    hep_candidate_frame_release(&o.frame);
    return rc;
}
