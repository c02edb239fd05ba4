#include "phantom/disease.h"

#include "base/alloc.h"
#include "base/rng.h"

#include <math.h>

#define RATE_DAYS 56.0          /* the interval that rates are given for */
#define SHRINK_DAYS 30.0        /* of responding lesions */
#define ADC_RISE_DAYS 5.0       /* earlier than they shrink */
#define MOST_D_MM2_PER_S 0.0026 /* free water at body temperature has 0.003 */
#define VANISHING_FROM_MM 15.0  /* of the first diameter; larger ones leave a scar */
#define LEAST_MM 3.0
#define RESIDUE_SHARE 0.4

const char *hep_sim_course_name(enum hep_sim_course course)
{
    static const char *const names[HEP_SIM_N_COURSES] = {
        [HEP_SIM_COURSE_STABLE] = "stable",
        [HEP_SIM_COURSE_RESPONSE] = "response",
        [HEP_SIM_COURSE_GROWTH] = "growth",
        [HEP_SIM_COURSE_MIXED] = "mixed",
        [HEP_SIM_COURSE_OLIGOPROGRESSION] = "oligoprogression",
        [HEP_SIM_COURSE_ABLATION] = "ablation",
    };

    return (unsigned)course < HEP_SIM_N_COURSES ? names[course] : "?";
}

/* Mean number of new metastases, and probability that a small responding one vanishes. */
static const struct rates {
    double fresh, vanishing;
} course_rates[HEP_SIM_N_COURSES] = {
    [HEP_SIM_COURSE_STABLE] = { 0.0, 0.0 },           [HEP_SIM_COURSE_RESPONSE] = { 0.1, 0.3 },
    [HEP_SIM_COURSE_GROWTH] = { 0.7, 0.0 },           [HEP_SIM_COURSE_MIXED] = { 0.5, 0.2 },
    [HEP_SIM_COURSE_OLIGOPROGRESSION] = { 0.2, 0.2 }, [HEP_SIM_COURSE_ABLATION] = { 0.2, 0.0 },
};

void hep_sim_identity(char out[HEP_IDENTITY_LABEL], unsigned identity)
{
    (void)snprintf(out, HEP_IDENTITY_LABEL, "L%02u", identity);
}

double hep_sim_session_day(const struct hep_sim_settings *s, unsigned session)
{
    return session > 1 ? (double)(session - 1) * s->interval_days : 0.0;
}

/* ---- one lesion ------------------------------------------------------------------------------ */

enum part { PART_NONE, PART_RESPONDS, PART_GROWS, PART_TREATED };

/* What a lesion was when it was first there, and what it does from then on. */
struct story {
    enum part part;
    double born_day;
    struct hep_lesion first;
};

/* The draws of a lesion depend on its identity alone. */
static struct hep_rng rng_of(const char *what, unsigned identity, uint64_t seed)
{
    return (struct hep_rng){ seed, hep_rng_stream(what), (uint64_t)identity << 32 };
}

static bool is_metastasis(const struct hep_lesion *l)
{
    return hep_sim_lesion_class(l->type) == HEP_CLASS_METASTASIS;
}

static void scale_to(struct hep_lesion *l, const struct hep_lesion *first, double factor,
                     double thinner)
{
    const double rim = (1.0 - first->mid_rho) * thinner / factor;

    l->diameter_mm = first->diameter_mm * factor;
    l->margin_mm = fmin(first->margin_mm, 0.4 * l->diameter_mm);
    l->halo_mm = fmin(first->halo_mm, 0.12 * l->diameter_mm);
    l->rim_mm = fmin(first->rim_mm * thinner, 0.35 * l->diameter_mm);
    if (first->mid_rho > 0.0) {
        l->mid_rho = fmax(1.0 - rim, 0.2);
        l->core_rho = fmax(l->mid_rho - (first->mid_rho - first->core_rho), 0.1);
    }
}

static void change_tissue(struct hep_lesion *l, const struct hep_lesion *first, double diffusion,
                          double flow)
{
    for (int k = HEP_LAYER_RIM; k < (int)HEP_N_LAYERS; k++) {
        const double most = fmax(MOST_D_MM2_PER_S, first->layer[k].d_mm2_per_s);

        l->layer[k].d_mm2_per_s = fmin(first->layer[k].d_mm2_per_s * diffusion, most);
        l->layer[k].flow_per_min = first->layer[k].flow_per_min * flow;
    }
}

static void respond(struct hep_lesion *l, const struct story *story, double days, uint64_t seed)
{
    struct hep_rng rng = rng_of("response", l->identity, seed);
    const double shrink = hep_rng_next_range(&rng, 0.1, 0.6);
    const double rise = hep_rng_next_range(&rng, 0.2, 0.6);
    const double late = 1.0 - exp(-(days / SHRINK_DAYS) * (days / SHRINK_DAYS));

    scale_to(l, &story->first, 1.0 - shrink * late, 1.0 - 0.4 * late);
    change_tissue(l, &story->first, 1.0 + rise * (1.0 - exp(-days / ADC_RISE_DAYS)),
                  1.0 - 0.5 * late);
}

static void grow(struct hep_lesion *l, const struct story *story, double days, uint64_t seed)
{
    struct hep_rng rng = rng_of("growth", l->identity, seed);
    const double doubling = exp(hep_rng_next_range(&rng, log(100.0), log(400.0)));

    scale_to(l, &story->first, exp2(days / doubling), 1.0);
}

/* Let a lesion that has become larger give way to its neighbours and the capsule by as much as it
 * grew; where there is no room it grows less, down to what it was. */
static void find_room(const struct hep_lesion_ground *g, struct hep_lesion *l,
                      const struct hep_lesion *before, size_t self, struct hep_rng *rng)
{
    enum { STEPS = 10, TRIES = 24 };
    const double grown = l->diameter_mm - before->diameter_mm;

    for (int step = 0; grown > 0.0 && step < STEPS; step++) {
        l->diameter_mm = before->diameter_mm + grown * (double)(STEPS - step) / STEPS;
        for (int i = 0; i < TRIES; i++) {
            const double far = i == 0 ? 0.0 : 0.5 * grown * hep_rng_next(rng) + 1.0;
            double dir[3];

            hep_rng_next_direction(dir, rng);
            for (int k = 0; k < 3; k++)
                l->centre_mm[k] = before->centre_mm[k] + far * dir[k];
            if (hep_lesion_has_room(g, l, self))
                return;
        }
    }
    memcpy(l->centre_mm, before->centre_mm, sizeof l->centre_mm);
    l->diameter_mm = fmin(l->diameter_mm, before->diameter_mm);
}

/* ---- the course ------------------------------------------------------------------------------ */

/* The metastasis that grows alone, by draw; the one that is ablated, nearest to 20 mm. */
static size_t choose_one(const struct hep_lesion_list *list, enum hep_sim_course course,
                         uint64_t seed)
{
    struct hep_rng rng = { seed, hep_rng_stream("chosen metastasis"), 0 };
    double best = (double)INFINITY;
    size_t chosen = list->n;

    for (size_t i = 0; i < list->n; i++) {
        const double key = course == HEP_SIM_COURSE_ABLATION
                               ? fabs(list->item[i].diameter_mm - 20.0)
                               : hep_rng_next(&rng);

        if (is_metastasis(&list->item[i]) && key < best) {
            best = key;
            chosen = i;
        }
    }
    return chosen;
}

static enum part part_of(enum hep_sim_course course, size_t nth, bool chosen)
{
    switch (course) {
    case HEP_SIM_COURSE_RESPONSE:
        return PART_RESPONDS;
    case HEP_SIM_COURSE_GROWTH:
        return PART_GROWS;
    case HEP_SIM_COURSE_MIXED:
        return nth % 2 == 0 ? PART_RESPONDS : PART_GROWS;
    case HEP_SIM_COURSE_OLIGOPROGRESSION:
        return chosen ? PART_GROWS : PART_RESPONDS;
    case HEP_SIM_COURSE_ABLATION:
        return chosen ? PART_TREATED : PART_NONE;
    case HEP_SIM_COURSE_STABLE:
    case HEP_SIM_N_COURSES:
        break;
    }
    return PART_NONE;
}

struct tale {
    const struct hep_lesion_ground *g;
    struct hep_lesion_list *gone;
    const struct hep_sim_settings *s;
    const struct hep_study_tissues *tissues;
    uint64_t seed;
    struct story *story; /* by identity, less 1 */
    unsigned n;
};

static void begin(struct tale *t)
{
    struct hep_lesion_list *list = t->g->list;
    const size_t chosen = choose_one(list, t->s->course, t->seed);
    size_t nth = 0;

    for (size_t i = 0; i < list->n; i++) {
        struct hep_lesion *l = &list->item[i];
        struct story *story = &t->story[t->n];

        l->identity = ++t->n;
        l->fate = HEP_SIM_FATE_STEADY;
        story->first = *l;
        if (is_metastasis(l))
            story->part = part_of(t->s->course, nth++, i == chosen);
    }
}

static void append(struct tale *t, struct hep_lesion *l, double day, enum part part)
{
    struct story *story = &t->story[t->n];

    l->identity = ++t->n;
    *story = (struct story){ part, day, *l };
    t->g->list->item[t->g->list->n++] = *l;
}

static bool has_free_entry(const struct tale *t)
{
    return t->n < HEP_SIM_MAX_LESIONS && t->g->list->n < HEP_SIM_MAX_LESIONS;
}

/* The zone takes the lesion's place and its identity. Where vessels or the capsule are near, it is
 * smaller than was meant, and so is the margin. */
static void coagulate(struct tale *t, size_t i)
{
    struct hep_lesion *l = &t->g->list->item[i], zone, before = *l;
    struct hep_rng rng = rng_of("ablation", l->identity, t->seed);
    const double margin = hep_rng_next_range(&rng, 5.0, 10.0);

    hep_lesion_make(&zone, HEP_SIM_ABLATION, l->diameter_mm + 2.0 * margin, t->tissues,
                    t->s->variation, &rng);
    zone.identity = l->identity;
    zone.fate = HEP_SIM_FATE_ABLATED;
    memcpy(zone.centre_mm, l->centre_mm, sizeof zone.centre_mm);
    find_room(t->g, &zone, &before, i, &rng);
    *l = zone;
}

/* A nodule of the lesion's own tissue on the zone's edge, most of it outside. */
static void leave_residue(struct tale *t, size_t i, double day)
{
    const struct hep_lesion *zone = &t->g->list->item[i];
    const struct hep_lesion *first = &t->story[zone->identity - 1].first;
    struct hep_rng rng = rng_of("residue", zone->identity, t->seed);
    struct hep_lesion l;

    if (!(hep_rng_next(&rng) < RESIDUE_SHARE) || !has_free_entry(t))
        return;
    hep_lesion_make(&l, first->type, hep_rng_next_range(&rng, 8.0, 12.0), t->tissues,
                    t->s->variation, &rng);
    l.fate = HEP_SIM_FATE_RESIDUE;
    l.part_of = zone->identity;
    for (int tries = 0; tries < 60; tries++) {
        double dir[3], p[3], edge;

        hep_rng_next_direction(dir, &rng);
        for (int k = 0; k < 3; k++)
            p[k] = zone->centre_mm[k] + dir[k];
        edge = 1.0 / hep_lesion_rho(zone, p) + 0.25 * l.diameter_mm;
        for (int k = 0; k < 3; k++)
            l.centre_mm[k] = zone->centre_mm[k] + edge * dir[k];
        if (hep_lesion_is_inside(t->g, &l, 1.0)) {
            append(t, &l, day, PART_GROWS);
            return;
        }
    }
}

static void let_change(struct tale *t, size_t i, double day)
{
    struct hep_lesion *l = &t->g->list->item[i];
    const struct hep_lesion before = *l;
    const struct story *story = &t->story[l->identity - 1];
    struct hep_rng rng = rng_of("room", l->identity, t->seed);

    rng.counter += (uint64_t)(day * 16.0);
    if (story->part == PART_NONE || l->fate == HEP_SIM_FATE_ABLATED)
        return;
    if (story->part == PART_TREATED) {
        coagulate(t, i);
        leave_residue(t, i, day);
        return;
    }
    if (story->part == PART_RESPONDS)
        respond(l, story, day - story->born_day, t->seed);
    else
        grow(l, story, day - story->born_day, t->seed);
    if (l->fate != HEP_SIM_FATE_RESIDUE) {
        l->fate = HEP_SIM_FATE_CHANGED;
        find_room(t->g, l, &before, i, &rng);
    }
}

/* A responding lesion that was small at first may be gone. */
static void let_vanish(struct tale *t, double share, unsigned session)
{
    struct hep_lesion_list *list = t->g->list;
    size_t kept = 0;

    for (size_t i = 0; i < list->n; i++) {
        struct hep_lesion *l = &list->item[i];
        const struct story *story = &t->story[l->identity - 1];
        struct hep_rng rng = rng_of("vanishing", l->identity, t->seed);
        double u;

        rng.counter += session;
        u = hep_rng_next(&rng);
        if (story->part == PART_RESPONDS &&
            (l->diameter_mm < LEAST_MM ||
             (story->first.diameter_mm <= VANISHING_FROM_MM && u < share))) {
            l->fate = HEP_SIM_FATE_VANISHED;
            t->gone->item[t->gone->n++] = *l;
            continue;
        }
        if (kept != i)
            list->item[kept] = *l;
        kept++;
    }
    list->n = kept;
}

/* New ones are of the kind of the first metastasis. */
static void add_new(struct tale *t, double mean, unsigned session, double day)
{
    struct hep_rng rng = { t->seed, hep_rng_stream("new lesions"), (uint64_t)session << 40 };
    const unsigned n = (unsigned)hep_rng_next_poisson(&rng, mean);
    enum hep_sim_lesion_type type = HEP_SIM_MET_FIBROUS;

    for (unsigned i = t->n; i-- > 0;)
        if (is_metastasis(&t->story[i].first))
            type = t->story[i].first.type;
    for (unsigned i = 0; i < n && has_free_entry(t); i++) {
        struct hep_lesion l;

        rng.counter = (uint64_t)session << 40 | (uint64_t)(i + 1) << 32;
        hep_lesion_make(&l, type, exp(hep_rng_next_range(&rng, log(5.0), log(15.0))), t->tissues,
                        t->s->variation, &rng);
        hep_lesion_form(&l, t->s, t->seed, t->n);
        l.fate = HEP_SIM_FATE_NEW;
        if (hep_lesion_place(t->g, &l, &rng))
            append(t, &l, day, PART_GROWS);
    }
}

static void next_session(struct tale *t, unsigned session)
{
    const struct rates *rates = &course_rates[t->s->course];
    const double day = hep_sim_session_day(t->s, session);
    const double per = t->s->interval_days / RATE_DAYS;
    const double fresh = isfinite(t->s->new_per_56_days) ? t->s->new_per_56_days : rates->fresh;
    const double share =
        isfinite(t->s->vanishing_per_56_days) ? t->s->vanishing_per_56_days : rates->vanishing;
    const size_t n = t->g->list->n;

    for (size_t i = 0; i < n; i++)
        let_change(t, i, day);
    let_vanish(t, 1.0 - pow(1.0 - share, per), session);
    add_new(t, fresh * per, session, day);
}

int hep_disease_progress(const struct hep_lesion_ground *ground, struct hep_lesion_list *gone,
                         const struct hep_sim_settings *s, const struct hep_study_tissues *tissues,
                         uint64_t seed, struct hep_error *err)
{
    struct tale t = { ground, gone, s, tissues, seed, NULL, 0 };

    gone->n = 0;
    if (s->session == 0)
        return HEP_OK;
    if (HEP_NEW(t.story, HEP_SIM_MAX_LESIONS, err) != HEP_OK)
        return HEP_ENOMEM;
    begin(&t);
    for (unsigned session = 2; session <= s->session; session++)
        next_session(&t, session);
    free(t.story);
    return HEP_OK;
}
