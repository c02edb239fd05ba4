#include "lesions/candidate_pick.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/resample.h"
#include "image/stats.h"
#include "image/threads.h"
#include "lesions/candidate_features.h"
#include "lesions/delineate.h"
#include "lesions/suppress.h"

#include <math.h>
#include <stdlib.h>

/* A spot lies anywhere in the thickest voxel that shows it, an SD of 0.29 of its size (a uniform
 * distribution, 1 / sqrt(12)), and a third more by noise. */
#define POSITION_SHARE 0.4
/* Of equal spots that of T1 says best where the lesion lies: its series is the reference or of its
 * kind, and has the smallest voxels. A tenth settles ties and no more. */
#define ELSEWHERE_FACTOR 0.9
#define MAX_OTHERS 32
/* A series is sharper whose voxels hold less than this share of another's: 7 % in each direction. */
#define SHARPER 0.8
#define BLURRED_VOXELS 10.0 /* an outline of fewer coarse voxels, 2.7 across, is their own size */
/* A ball measured at the size floor comes out up to this much smaller in diameter. */
#define FLOOR_TOLERANCE 0.85
#define AROUND_RADII 2.0 /* signals around a spot are taken here: a radius beyond its border */

struct picker {
    const struct hep_candidate_frame *frame;
    const struct hep_lesion_study *study;
    const struct hep_channel *channels;
    const struct hep_detection_table *table;
    struct hep_spot_list *spots;
    struct hep_pick_list *out;
};

void hep_pick_list_release(struct hep_pick_list *l)
{
    free(l->item);
    free(l->rejected);
    hep_labels_free(l->labels);
    *l = (struct hep_pick_list){ 0 };
}

static const struct hep_volume *channel_z(const struct picker *p, enum hep_mechanism m)
{
    return p->frame->z[p->channels[m].image];
}

static double gap_mm(const struct picker *p, const double a[3], const double b[3])
{
    return sqrt(hep_distance2(a, b)) * p->frame->mm;
}

static double slack_of(const struct picker *p, enum hep_mechanism m)
{
    return hep_candidate_slack_mm(p->frame, &p->study->image[p->channels[m].image]);
}

static double native_of(const struct picker *p, enum hep_mechanism m)
{
    return hep_candidate_native_mm(&p->study->image[p->channels[m].image], p->frame->mm);
}

static double voxel_mm3(const struct picker *p, enum hep_mechanism m)
{
    const double *mm = p->study->image[p->channels[m].image].native_mm;

    return mm[0] * mm[1] * mm[2];
}

/* How far two spots of different series may lie apart and be one thing. */
static double tolerance_mm(const struct picker *p, const struct hep_spot *a,
                           const struct hep_spot *b)
{
    const double slack = hypot(slack_of(p, a->mechanism), slack_of(p, b->mechanism));
    const double voxel =
        POSITION_SHARE * hypot(native_of(p, a->mechanism), native_of(p, b->mechanism));
    const double size =
        a->large || b->large
            ? p->study->limits->same_place_radii.hi * fmax(a->radius_mm, b->radius_mm)
            : p->study->limits->same_place_radii.lo * fmin(a->radius_mm, b->radius_mm);

    return hypot(slack, voxel) + size;
}

/* The strongest spot of mechanism m that may be the same thing as s; NULL when there is none. */
static const struct hep_spot *supporter(const struct picker *p, const struct hep_spot *s,
                                        enum hep_mechanism m)
{
    const struct hep_spot *best = NULL;

    for (size_t i = 0; i < p->spots->n; i++) {
        const struct hep_spot *q = &p->spots->item[i];

        if (q->mechanism != m || q->explained)
            continue;
        if (best != NULL &&
            q->strength * q->surface_factor <= best->strength * best->surface_factor)
            continue;
        if (gap_mm(p, q->voxel, s->voxel) <= tolerance_mm(p, q, s))
            best = q;
    }
    return best;
}

static void rescore(const struct picker *p, struct hep_spot *s)
{
    const struct hep_lesion_limits *l = p->study->limits;

    for (int m = 0; m < HEP_MECHANISM_COUNT; m++) {
        const struct hep_spot *q;

        s->support[m] = (double)NAN;
        if (p->channels[m].image == HEP_IMAGE_COUNT)
            continue;
        q = m == (int)s->mechanism ? s : supporter(p, s, (enum hep_mechanism)m);
        s->support[m] = q == NULL ? 0.0
                                  : q->strength * q->surface_factor *
                                        hep_suppress_iron_free(s, p->channels[m].image, l);
        if (q != s)
            s->support[m] *= hep_suppress_here(
                m == HEP_MECHANISM_T1_BRIGHT ? s->t1_bright_z : s->z[p->channels[m].image], l);
    }
    hep_suppress_score(s, p->study, p->channels);
    if (s->mechanism != HEP_MECHANISM_T1)
        s->score *= ELSEWHERE_FACTOR;
}

static double value_at(const struct picker *p, const struct hep_volume *v, const double voxel[3])
{
    double world[3];

    hep_grid_to_world(world, &p->frame->grid, voxel);
    return hep_sample_world(v, 0, world, HEP_INTERP_LINEAR);
}

/* Finite values of an image in the liver around a place, deeper than this. */
static size_t values_around(float value[HEP_DIRECTIONS], const struct picker *p,
                            const struct hep_volume *v, const double voxel[3], double radius_mm,
                            double depth_mm)
{
    const double distance = (AROUND_RADII * radius_mm + p->frame->mm) / p->frame->mm;
    size_t n = 0;

    for (int i = 0; i < HEP_DIRECTIONS; i++) {
        double at[3];

        hep_frame_direction(at, i);
        for (int k = 0; k < 3; k++)
            at[k] = voxel[k] + distance * at[k];
        if (!(hep_frame_value(p->frame->depth, at) > depth_mm))
            continue;
        value[n] = (float)value_at(p, v, at);
        n += isfinite(value[n]) ? 1U : 0U;
    }
    return n;
}

/* Fat fraction of the spot against its surroundings, whose mean is returned as well. */
static double fat_contrast(double *around, const struct picker *p, const struct hep_spot *s)
{
    const struct hep_volume *v = p->study->image[HEP_IMAGE_FAT_FRACTION].volume;
    float value[HEP_DIRECTIONS];
    const size_t n = values_around(value, p, v, s->voxel, s->radius_mm, 0.0);
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)value[i];
    *around = n == 0 ? 0.0 : sum / (double)n;
    return n == 0 ? 0.0 : s->polarity * (value_at(p, v, s->voxel) - *around);
}

/* In a voxel half of whose signal is fat, fat lies beside water: the surface of the liver or a
 * fissure, no lesion. */
static bool is_fat_border(const struct picker *p, const struct hep_spot *s)
{
    const struct hep_volume *v = p->study->image[HEP_IMAGE_FAT_FRACTION].volume;

    return v != NULL && value_at(p, v, s->voxel) > p->study->limits->fat_border_frac;
}

/* Signal at the spot, and the median of the liver around it; NaN where there is none. */
static double signal_at(double *around, const struct picker *p, const double voxel[3],
                        double radius_mm, enum hep_image image)
{
    const struct hep_volume *v = p->study->image[image].volume;
    float value[HEP_DIRECTIONS];
    size_t n;

    *around = (double)NAN;
    if (v == NULL)
        return (double)NAN;
    n = values_around(value, p, v, voxel, radius_mm, p->frame->mm);
    if (n > 0)
        *around = hep_quantile(value, n, 0.5);
    return value_at(p, v, voxel);
}

/* As bright as liver in phase and much darker in the T1 series: fat suppression took most of it
 * away, which is fat in a fissure. Two echoes do not tell pure fat from pure water. What liver with
 * iron loses by the second echo is given back to it: S(0) = S(opposed)^2 / S(in phase). */
static bool is_fat(const struct picker *p, const double voxel[3], double radius_mm)
{
    double liver_in, liver_opposed, liver_t1;
    const double in = signal_at(&liver_in, p, voxel, radius_mm, HEP_IMAGE_IN_PHASE);
    const double t1 = signal_at(&liver_t1, p, voxel, radius_mm, HEP_IMAGE_PRECONTRAST);

    (void)signal_at(&liver_opposed, p, voxel, radius_mm, HEP_IMAGE_OPPOSED);
    if (!(liver_in > 0.0) || !(liver_t1 > 0.0))
        return false;
    if (liver_opposed > liver_in)
        liver_in = liver_opposed * liver_opposed / liver_in;
    return in >= liver_in &&
           t1 / liver_t1 < (1.0 - p->study->limits->fat_suppressed_frac) * in / liver_in;
}

/* Enough more fat than around; or enough less, in a liver that has some to spare. */
static bool is_focal_fat(const struct picker *p, const struct hep_spot *s)
{
    const struct hep_lesion_limits *limits = p->study->limits;
    double around;
    const double contrast = fat_contrast(&around, p, s);

    if (2.0 * s->radius_mm < limits->fat_diameter_min_mm)
        return false;
    if (s->polarity > 0)
        return contrast >= limits->flag.focal_fat_min_frac;
    return contrast >= limits->sparing_min_frac && around >= limits->sparing_liver_ff_frac;
}

/* Fat is bright in phase, and dark in the opposed phase where it meets water: neither says that T1
 * differs. The fat fraction judges such a spot. */
static bool is_fat_elsewhere(const struct picker *p, const struct hep_spot *s)
{
    const enum hep_image image = p->channels[s->mechanism].image;

    return ((s->mechanism == HEP_MECHANISM_T1_BRIGHT && image == HEP_IMAGE_IN_PHASE) ||
            (s->mechanism == HEP_MECHANISM_T1 && image == HEP_IMAGE_OPPOSED)) &&
           s->z[HEP_IMAGE_FAT_FRACTION] > p->study->limits->shown_z.hi;
}

static void prepare(const struct picker *p, struct hep_spot *s)
{
    const struct hep_lesion_limits *limits = p->study->limits;
    const struct hep_volume *z = channel_z(p, s->mechanism);
    const struct hep_lesion_image *image = &p->study->image[p->channels[s->mechanism].image];
    const bool alone = p->channels[HEP_MECHANISM_DIFFUSION].image == HEP_IMAGE_COUNT &&
                       p->channels[HEP_MECHANISM_T2].image == HEP_IMAGE_COUNT;

    s->depth_mm = hep_frame_value(p->frame->depth, s->voxel);
    s->ties = hep_suppress_ties(s, p->frame, z, s->polarity);
    s->surface_factor = hep_suppress_surface(s, p->frame, image, z, s->polarity, alone);
    s->strength *=
        hep_suppress_blob(s->roundness, s->polarity * hep_frame_value(z, s->voxel), limits);
    s->explained = s->explained || s->strength * s->surface_factor < limits->spot_strength_min;
    if (s->mechanism == HEP_MECHANISM_FAT && !s->explained)
        s->explained = !is_focal_fat(p, s);
    if (!s->explained)
        hep_spot_measure(s, p->frame, p->study);
    s->explained = s->explained || is_fat_elsewhere(p, s);
}

/* Spots of the same image nearby: rivals are a different lesion, partners another part of this one.
 * A partner must be a candidate in its own right: vessels run into lesions too. */
static size_t find_others(struct hep_seed *others, const struct picker *p,
                          const struct hep_spot *seed)
{
    const struct hep_volume *z = channel_z(p, seed->mechanism);
    size_t n = 0;

    for (size_t i = 0; i < p->spots->n && n < MAX_OTHERS; i++) {
        const struct hep_spot *q = &p->spots->item[i];
        const double gap = gap_mm(p, q->voxel, seed->voxel);
        bool joined;

        if (q == seed || q->mechanism != seed->mechanism || q->polarity != seed->polarity ||
            q->large || q->strength < p->study->limits->rival_share * seed->strength ||
            gap < p->study->limits->rival_radii.lo * fmax(q->radius_mm, seed->radius_mm) ||
            gap > p->study->limits->rival_radii.hi * (q->radius_mm + seed->radius_mm))
            continue;
        joined = hep_delineate_joined(z, seed->polarity, seed->voxel, q->voxel,
                                      p->study->limits->joined_share);
        if (joined ? q->score < p->study->limits->score_min
                   : gap < fmax(q->radius_mm, seed->radius_mm))
            continue;
        others[n] = (struct hep_seed){ .radius_mm = q->radius_mm, .partner = joined };
        for (int k = 0; k < 3; k++)
            others[n].voxel[k] = q->voxel[k];
        n++;
    }
    return n;
}

/* Label at a spot (i = -1), or beside it in one of the directions. */
static int32_t label_beside(const struct picker *p, const struct hep_labels *l,
                            const struct hep_spot *s, double reach_mm, int i)
{
    double at[3] = { 0.0, 0.0, 0.0 };

    if (i >= 0)
        hep_frame_direction(at, i);
    for (int k = 0; k < 3; k++)
        at[k] = s->voxel[k] + reach_mm / p->frame->mm * at[k];
    return hep_frame_label(l, at);
}

/* Does a spot lie in the region, or as near as its series may be displaced? */
static bool at_region(const struct picker *p, const struct hep_spot *q, int32_t id)
{
    const double reach_mm = slack_of(p, q->mechanism) + 0.5 * native_of(p, q->mechanism);

    for (int i = -1; i < HEP_DIRECTIONS; i++) {
        if (label_beside(p, p->out->labels, q, reach_mm, i) == id)
            return true;
    }
    return false;
}

/* Spots that the new region explains. */
static void mark_explained(const struct picker *p, const struct hep_spot *s, int32_t id,
                           double reach_mm)
{
    for (size_t i = 0; i < p->spots->n; i++) {
        struct hep_spot *q = &p->spots->item[i];
        const double gap = gap_mm(p, q->voxel, s->voxel);

        if (q->explained || gap > reach_mm + slack_of(p, q->mechanism) + native_of(p, q->mechanism))
            continue;
        if (at_region(p, q, id) || (q->mechanism != s->mechanism && gap <= tolerance_mm(p, q, s)))
            q->explained = true;
    }
}

/* Does the anatomy map hold one of these organs at the spot, or within reach of it? */
static bool touches(const struct picker *p, const struct hep_spot *s, double reach_mm,
                    const bool wanted[HEP_ANATOMY_COUNT])
{
    const struct hep_labels *anatomy = p->frame->anatomy;

    for (int i = -1; anatomy != NULL && i < (reach_mm > 0.0 ? HEP_DIRECTIONS : 0); i++) {
        const int32_t organ = label_beside(p, anatomy, s, reach_mm, i);

        if (organ > 0 && organ < HEP_ANATOMY_COUNT && wanted[organ])
            return true;
    }
    return false;
}

/* Does the shape, or a vessel beside it, explain a spot? Large regions, and what diffusion shows
 * clearly, are no vessels: flowing blood has no signal with diffusion weighting. A small dark spot
 * beside a known vessel is part of it unless T2 shows it clearly. */
static bool is_vessel(const struct picker *p, const struct hep_spot *s,
                      const struct hep_delineation *d, double vesselness)
{
    static const bool vessels[HEP_ANATOMY_COUNT] = { [HEP_ANATOMY_AORTA] = true,
                                                     [HEP_ANATOMY_PORTAL_VEIN] = true,
                                                     [HEP_ANATOMY_IVC] = true,
                                                     [HEP_ANATOMY_HEPATIC_VEINS] = true,
                                                     [HEP_ANATOMY_VESSELS] = true };
    const struct hep_lesion_limits *limits = p->study->limits;
    const bool small = s->mechanism == HEP_MECHANISM_T1 &&
                       s->radius_mm < limits->vessel_scale_max_mm &&
                       !(s->support[HEP_MECHANISM_T2] >= limits->trusted_strength);

    if (s->support[HEP_MECHANISM_DIFFUSION] >= limits->trusted_strength || s->large)
        return false;
    return d->elongation > limits->elongation_max ||
           (small && touches(p, s, s->radius_mm + limits->vessel_gap_mm, vessels)) ||
           vesselness > limits->vesselness_max;
}

/* Keep outlines of at least the size floor that lie in the liver (one that reaches the capsule counts
 * as inside) and not in gallbladder, bile ducts or fat. */
static bool keeps_candidate(const struct picker *p, const struct hep_spot *s,
                            const struct hep_delineation *d)
{
    static const bool bile[HEP_ANATOMY_COUNT] = {
        [HEP_ANATOMY_GALLBLADDER] = true, [HEP_ANATOMY_BILE_DUCTS] = true
    };

    return d->voxels > 0 &&
           d->volume_mm3 >= hep_ball_volume(FLOOR_TOLERANCE * p->study->limits->diameter_min_mm) &&
           s->inside_frac >= p->study->limits->inside_min && !touches(p, s, 0.0, bile) &&
           !is_fat_border(p, s) && !is_fat(p, s->voxel, s->radius_mm) &&
           !is_fat(p, d->centroid_voxel, s->radius_mm);
}

/* The border is drawn where it is sharpest: in the series with the smallest voxels that shows the
 * lesion clearly, s itself if that is its own. */
static const struct hep_spot *sharpest(const struct picker *p, const struct hep_spot *s)
{
    const struct hep_spot *best = s;
    double volume = voxel_mm3(p, s->mechanism);

    for (int m = 0; m < HEP_MECHANISM_ARTERIAL && s->mechanism != HEP_MECHANISM_FAT; m++) {
        const struct hep_spot *q;

        if (m == (int)s->mechanism || p->channels[m].image == HEP_IMAGE_COUNT ||
            !(voxel_mm3(p, (enum hep_mechanism)m) < SHARPER * volume))
            continue;
        q = supporter(p, s, (enum hep_mechanism)m);
        if (q == NULL || q->large != s->large ||
            q->strength * hep_suppress_here(s->z[p->channels[m].image], p->study->limits) <
                p->study->limits->trusted_strength)
            continue;
        best = q;
        volume = voxel_mm3(p, (enum hep_mechanism)m);
    }
    return best;
}

static void erase(struct hep_labels *labels, int32_t id)
{
    const size_t n = hep_grid_voxels(&labels->grid);

    for (size_t i = 0; i < n; i++) {
        if (labels->data[i] == id)
            labels->data[i] = 0;
    }
}

static int outline(struct hep_delineation *out, const struct picker *p, const struct hep_spot *s,
                   int32_t id, struct hep_error *err)
{
    struct hep_seed seed = { .radius_mm = s->radius_mm };
    struct hep_seed others[MAX_OTHERS];

    for (int k = 0; k < 3; k++)
        seed.voxel[k] = s->voxel[k];
    *out = (struct hep_delineation){ 0 };
    return hep_delineate(out, p->out->labels, id, &seed, p->frame, channel_z(p, s->mechanism),
                         s->polarity, others, find_others(others, p, s), err);
}

/* Does the sharper outline hold what the coarser one, of s, shows? Larger, it has run into
 * something dark beside the lesion, a vessel. Much smaller, it shows a part, as after contrast
 * where the rim is like liver; but the outline of a few coarse voxels is their own size. */
static bool agree(const struct picker *p, const struct hep_spot *s, double sharp_mm3,
                  double coarse_mm3)
{
    const struct hep_span share = p->study->limits->outline_share;
    const bool blurred = coarse_mm3 < BLURRED_VOXELS * voxel_mm3(p, s->mechanism);

    return sharp_mm3 > 0.0 && sharp_mm3 <= share.hi * coarse_mm3 &&
           (blurred || sharp_mm3 >= share.lo * coarse_mm3);
}

static int outline_sharpest(struct hep_delineation *out, const struct picker *p,
                            const struct hep_spot *s, int32_t id, struct hep_error *err)
{
    const struct hep_spot *q = sharpest(p, s);
    double coarse_mm3;
    int rc = outline(out, p, s, id, err);

    if (q == s || rc != HEP_OK)
        return rc;
    coarse_mm3 = out->voxels > 0 ? out->volume_mm3 : HUGE_VAL;
    if (out->voxels > 0)
        erase(p->out->labels, id);
    rc = outline(out, p, q, id, err);
    if (rc != HEP_OK || agree(p, s, out->voxels > 0 ? out->volume_mm3 : 0.0, coarse_mm3))
        return rc;
    if (out->voxels > 0)
        erase(p->out->labels, id);
    return outline(out, p, s, id, err);
}

/* What a candidate is judged by, at the centre of its region. */
static void judge(struct hep_pick *pick, const struct picker *p, const struct hep_spot *s,
                  const struct hep_delineation *d, double vesselness)
{
    pick->spot = *s;
    for (int k = 0; k < 3; k++)
        pick->spot.voxel[k] = d->centroid_voxel[k];
    pick->spot.radius_mm = 0.5 * hep_ball_diameter(d->volume_mm3);
    pick->volume_mm3 = d->volume_mm3;
    hep_spot_measure(&pick->spot, p->frame, p->study);
    hep_candidate_features(pick->feature, s, &pick->spot, d, vesselness, p->channels,
                           p->study->limits);
    pick->strength = hep_detection_strength(p->table, pick->feature);
}

static int make_candidate(const struct picker *p, struct hep_spot *s, struct hep_error *err)
{
    struct hep_pick_list *l = p->out;
    const int32_t id = (int32_t)l->n + 1;
    struct hep_delineation d = { 0 };
    struct hep_pick pick;
    double vesselness = (double)NAN;
    int rc = outline_sharpest(&d, p, s, id, err);

    if (rc == HEP_OK && !s->large)
        rc = hep_suppress_vesselness(&vesselness, s, p->frame, channel_z(p, s->mechanism),
                                     s->polarity, err);
    s->explained = true;
    if (rc != HEP_OK)
        return rc;
    if (!is_vessel(p, s, &d, vesselness) && keeps_candidate(p, s, &d)) {
        judge(&pick, p, s, &d, vesselness);
        if (pick.strength >= hep_detection_limit(p->table)) {
            rc = HEP_GROW(l->item, l->n, err);
            if (rc == HEP_OK) {
                l->item[l->n++] = pick;
                mark_explained(p, s, id, d.reach_mm + p->frame->mm);
            }
            return rc;
        }
        rc = HEP_GROW(l->rejected, l->n_rejected, err);
        if (rc == HEP_OK)
            l->rejected[l->n_rejected++] = pick;
    }
    if (d.voxels > 0)
        erase(l->labels, id);
    return rc;
}

/* Is a spot looked at before another one: those with the strength of a candidate in their own right
 * first, of these large regions first, since they hold what blobs there are inside. */
static bool is_before(const struct hep_spot *a, const struct hep_spot *b, double own)
{
    if ((a->score >= own) != (b->score >= own))
        return a->score >= own;
    return a->large != b->large ? a->large : a->score > b->score;
}

/* The next unexplained spot; NULL when none is left that is worth a judgement. */
static struct hep_spot *strongest(const struct picker *p)
{
    const double own = p->study->limits->score_min;
    struct hep_spot *best = NULL;

    for (size_t i = 0; i < p->spots->n; i++) {
        struct hep_spot *q = &p->spots->item[i];

        if (!q->explained && q->score >= p->study->limits->proposed_share * own &&
            (best == NULL || is_before(q, best, own)))
            best = q;
    }
    return best;
}

int hep_candidates_pick(struct hep_pick_list *out, struct hep_spot_list *spots,
                        const struct hep_candidate_frame *frame,
                        const struct hep_lesion_study *study,
                        const struct hep_channel channels[HEP_MECHANISM_COUNT],
                        const struct hep_detection_table *table, struct hep_error *err)
{
    struct hep_pick_list l = { 0 };
    const struct picker p = { frame, study, channels, table, spots, &l };
    struct hep_spot *s;
    int rc = hep_labels_new(&l.labels, &frame->grid, err);

#pragma omp parallel for schedule(dynamic, 8) num_threads(hep_threads(study->nthreads))
    for (size_t i = 0; i < spots->n; i++)
        prepare(&p, &spots->item[i]);
#pragma omp parallel for schedule(dynamic, 8) num_threads(hep_threads(study->nthreads))
    for (size_t i = 0; i < spots->n; i++) {
        if (!spots->item[i].explained)
            rescore(&p, &spots->item[i]);
    }
    while (rc == HEP_OK && (s = strongest(&p)) != NULL) {
        const double before = s->score;

        /* Others may have been taken since: its support may be less now. */
        rescore(&p, s);
        if (s->score >= before)
            rc = make_candidate(&p, s, err);
    }
    if (rc != HEP_OK) {
        hep_pick_list_release(&l);
        return rc;
    }
    *out = l;
    return HEP_OK;
}
