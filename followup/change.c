#include "followup/change.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum needs {
    NEEDS_NOTHING,
    NEEDS_DIFFUSION,
    NEEDS_ARTERIAL,
    NEEDS_HEPATOBILIARY, /* signals of that phase against each other */
    NEEDS_UPTAKE,        /* against the series before contrast */
    NEEDS_FAT,
    NEEDS_T2
};

static const struct {
    const char *key, *words, *meaning;
    int measure, error;
    enum hep_unit unit;
    enum needs needs;
    bool is_share;
} rows[HEP_CHANGE_N] = {
#define CHANGE(id, key, measure, error, unit, needs, setting, is_share, words, meaning)            \
    { key, words, meaning, measure, error, HEP_UNIT_##unit, NEEDS_##needs, is_share },
#include "followup/changes.def"
};

const char *hep_change_key(enum hep_change_of of)
{
    return rows[of].key;
}

const char *hep_change_words(enum hep_change_of of)
{
    return rows[of].words;
}

const char *hep_change_meaning(enum hep_change_of of)
{
    return rows[of].meaning;
}

enum hep_unit hep_change_unit(enum hep_change_of of)
{
    return rows[of].unit;
}

enum hep_measure hep_change_measure(enum hep_change_of of)
{
    return (enum hep_measure)rows[of].measure;
}

double hep_change_repeatability(bool *is_share, enum hep_change_of of,
                                const struct hep_followup_settings *s)
{
    const double coefficients[HEP_CHANGE_N] = {
#define CHANGE(id, key, measure, error, unit, needs, setting, ...) s->setting,
#include "followup/changes.def"
    };

    *is_share = rows[of].is_share;
    return coefficients[of];
}

const char *hep_change_verdict_name(enum hep_change_verdict verdict)
{
    static const char *const names[] = { "real", "within_repeatability", "repeatability_unknown",
                                         "refused" };

    return names[verdict];
}

void hep_changes_release(struct hep_changes *c)
{
    free(c->list);
    *c = (struct hep_changes){ 0 };
}

/* ---- are two visits comparable? -------------------------------------------------------------- */

static bool differ(double a, double b, double share)
{
    return isfinite(a) && isfinite(b) && fabs(a - b) > share * fmax(fabs(a), fabs(b));
}

static bool other_field(char *reason, size_t n, const struct hep_visit_acquisition *a,
                        const struct hep_visit_acquisition *b,
                        const struct hep_followup_settings *s)
{
    if (!isfinite(a->field_t) || !isfinite(b->field_t) ||
        fabs(a->field_t - b->field_t) <= s->field_tolerance_t)
        return false;
    (void)snprintf(reason, n, "field strengths differ: %g and %g T", a->field_t, b->field_t);
    return true;
}

static bool other_agent(char *reason, size_t n, const struct hep_visit_acquisition *a,
                        const struct hep_visit_acquisition *b)
{
    if (strcmp(a->agent, b->agent) == 0)
        return false;
    (void)snprintf(reason, n, "contrast agents differ: %s and %s",
                   a->agent[0] != '\0' ? a->agent : "none",
                   b->agent[0] != '\0' ? b->agent : "none");
    return true;
}

static bool other_sequence(char *reason, size_t n, const struct hep_visit_acquisition *a,
                           const struct hep_visit_acquisition *b, enum hep_role role, double share)
{
    const struct hep_role_acquisition *x = &a->role[role], *y = &b->role[role];
    const struct {
        const char *what, *unit;
        double scale, x, y;
    } items[] = { { "flip angles", "degrees", 1.0, x->flip_deg, y->flip_deg },
                  { "repetition times", "ms", 1000.0, x->tr_s, y->tr_s },
                  { "echo times", "ms", 1000.0, x->te_s, y->te_s } };

    for (size_t i = 0; x->present && y->present && i < sizeof items / sizeof items[0]; i++) {
        if (!differ(items[i].x, items[i].y, share))
            continue;
        (void)snprintf(reason, n, "%s of the %s images differ: %.4g and %.4g %s", items[i].what,
                       hep_role_name(role), items[i].scale * items[i].x,
                       items[i].scale * items[i].y, items[i].unit);
        return true;
    }
    return false;
}

static bool suspect_gain(char *reason, size_t n, const struct hep_visit_acquisition *a,
                         const struct hep_visit_acquisition *b, enum hep_role role)
{
    const double x = a->role[role].gain, y = b->role[role].gain;

    if (!(x > 0.0) && !(y > 0.0))
        return false;
    (void)snprintf(reason, n,
                   "the receive gain of the %s images is suspect (%.2f): the enhancement holds it",
                   hep_role_name(role), x > 0.0 ? x : y);
    return true;
}

static void add_b(char *text, size_t size, const struct hep_visit_acquisition *a)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < a->n_b && n + 1 < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%g", i > 0 ? ", " : "", a->b_s_per_mm2[i]);
}

static bool other_b(char *reason, size_t n, const struct hep_visit_acquisition *a,
                    const struct hep_visit_acquisition *b)
{
    bool same = a->n_b == b->n_b;
    char before[96] = "", after[96] = "";

    /* Scanners round nominal values to about one s/mm2. */
    for (size_t i = 0; same && i < a->n_b; i++)
        same = fabs(a->b_s_per_mm2[i] - b->b_s_per_mm2[i]) <= 2.0;
    if (same)
        return false;
    add_b(before, sizeof before, a);
    add_b(after, sizeof after, b);
    (void)snprintf(reason, n, "b-values differ: %s and %s s/mm2", before, after);
    return true;
}

static bool other_hepatobiliary(char *reason, size_t n, const struct hep_visit_acquisition *a,
                                const struct hep_visit_acquisition *b,
                                const struct hep_followup_settings *s)
{
    return other_agent(reason, n, a, b) || other_field(reason, n, a, b, s) ||
           other_sequence(reason, n, a, b, HEP_ROLE_HEPATOBILIARY, s->flip_tolerance) ||
           other_sequence(reason, n, a, b, HEP_ROLE_PRECONTRAST, s->flip_tolerance);
}

/* Why values of two visits cannot be compared; false when they can. */
static bool is_refused(char *reason, size_t n, enum needs needs,
                       const struct hep_visit_acquisition *a, const struct hep_visit_acquisition *b,
                       const struct hep_followup_settings *s)
{
    const double share = s->flip_tolerance;

    switch (needs) {
    case NEEDS_DIFFUSION:
        return other_b(reason, n, a, b) || other_field(reason, n, a, b, s);
    case NEEDS_ARTERIAL:
        return other_agent(reason, n, a, b) || other_field(reason, n, a, b, s) ||
               other_sequence(reason, n, a, b, HEP_ROLE_ARTERIAL, share) ||
               other_sequence(reason, n, a, b, HEP_ROLE_PRECONTRAST, share) ||
               suspect_gain(reason, n, a, b, HEP_ROLE_ARTERIAL);
    case NEEDS_UPTAKE:
        return other_hepatobiliary(reason, n, a, b, s) ||
               suspect_gain(reason, n, a, b, HEP_ROLE_HEPATOBILIARY);
    case NEEDS_HEPATOBILIARY:
        return other_hepatobiliary(reason, n, a, b, s);
    case NEEDS_FAT:
        return other_sequence(reason, n, a, b, HEP_ROLE_IN_PHASE, share) ||
               other_field(reason, n, a, b, s);
    case NEEDS_T2:
        return other_sequence(reason, n, a, b, HEP_ROLE_T2, share) ||
               other_field(reason, n, a, b, s);
    case NEEDS_NOTHING:
        break;
    }
    return false;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* What the two values are known to, and of how large a lesion. */
struct exactness {
    double
        by_error; /* change that their standard errors alone exceed in 5 %, in the unit of the limit; NaN */
    double size_mm; /* the smaller long axis of the two visits; NaN */
};

static const struct hep_finding *finding_at(const struct hep_track *track,
                                            const struct hep_visit *visits, size_t v)
{
    return track->visit[v].n > 0 ? visits[v].lesions[track->visit[v].lesion[0]].finding : NULL;
}

/* 95 % of the differences of two values with standard errors a and b are within 1.96 sqrt(a^2 + b^2). */
static struct exactness exactness_of(const struct hep_change *c, const struct hep_track *track,
                                     const struct hep_visit *visits)
{
    const struct hep_finding *x = finding_at(track, visits, track->first),
                             *y = finding_at(track, visits, c->visit);
    struct exactness e = { (double)NAN, fmin(track->visit[track->first].long_axis_mm,
                                             track->visit[c->visit].long_axis_mm) };

    if (x == NULL || y == NULL || rows[c->of].error == (int)HEP_MEASURE_COUNT)
        return e;
    e.by_error = 1.96 * hypot(hep_finding_get(x, (enum hep_measure)rows[c->of].error),
                              hep_finding_get(y, (enum hep_measure)rows[c->of].error));
    if (rows[c->of].is_share)
        e.by_error /= fabs(c->before);
    return e;
}

static void say_verdict(struct hep_change *c, double size, bool is_share, const char *of)
{
    c->verdict = size > c->coefficient ? HEP_CHANGE_REAL : HEP_CHANGE_WITHIN;
    (void)snprintf(c->reason, sizeof c->reason, "%s: %+.3g%s, %s %.3g%s",
                   c->verdict == HEP_CHANGE_REAL ? "real at 95 %" : "within repeatability",
                   is_share ? 100.0 * c->share : c->change, is_share ? " %" : "", of,
                   is_share ? 100.0 * c->coefficient : c->coefficient, is_share ? " %" : "");
}

/* A published coefficient is of lesions that readers measure. Below its size the larger of it and of the standard errors
 * decides; a measure without one tells only what is within what is known. */
static void judge_limit(struct hep_change *c, struct exactness e,
                        const struct hep_followup_settings *s)
{
    bool is_share = false;
    const double published = hep_change_repeatability(&is_share, c->of, s),
                 size = fabs(is_share ? c->share : c->change);
    const bool small = !(e.size_mm >= s->repeatability_from_mm);

    c->coefficient = published;
    c->verdict = HEP_CHANGE_UNKNOWN;
    if (!isfinite(size) || (!isfinite(published) && !(size <= e.by_error)))
        (void)snprintf(c->reason, sizeof c->reason,
                       "no repeatability is known for it in lesions of the liver");
    else if (!isfinite(published)) {
        c->coefficient = e.by_error;
        say_verdict(c, size, is_share, "its standard errors allow");
    } else if (small && e.by_error > published) {
        c->coefficient = e.by_error;
        say_verdict(c, size, is_share, "a small lesion whose standard errors allow");
    } else if (small && !isfinite(e.by_error) && size > published)
        (void)snprintf(c->reason, sizeof c->reason,
                       "beyond the published repeatability, which is not that of lesions below "
                       "%.0f mm; no standard error is known",
                       s->repeatability_from_mm);
    else
        say_verdict(c, size, is_share, "repeatability");
}

static void judge(struct hep_change *c, struct exactness e, const struct hep_visit_acquisition *a,
                  const struct hep_visit_acquisition *b, const struct hep_followup_settings *s)
{
    bool is_share = false;

    c->coefficient = hep_change_repeatability(&is_share, c->of, s);
    if (is_refused(c->reason, sizeof c->reason, rows[c->of].needs, a, b, s)) {
        c->verdict = HEP_CHANGE_REFUSED;
        c->change = c->share = (double)NAN;
        return;
    }
    c->change = c->after - c->before;
    c->share = c->before > 0.0 || c->before < 0.0 ? c->change / fabs(c->before) : (double)NAN;
    judge_limit(c, e, s);
}

int hep_changes_make(struct hep_changes *out, const struct hep_tracks *tracks,
                     const struct hep_visit *visits, const double *values,
                     const struct hep_visit_acquisition *acquisitions,
                     const struct hep_followup_settings *settings, struct hep_error *err)
{
    *out = (struct hep_changes){ 0 };
    for (size_t i = 0; i < tracks->n; i++) {
        const struct hep_track *track = &tracks->list[i];
        const double *of_track = values + i * tracks->n_visits * HEP_CHANGE_N;

        for (size_t v = track->first + 1; v < tracks->n_visits; v++) {
            for (size_t k = 0; k < HEP_CHANGE_N; k++) {
                const double before = of_track[track->first * HEP_CHANGE_N + k],
                             after = of_track[v * HEP_CHANGE_N + k];
                struct hep_change *c;

                if (!isfinite(before) || !isfinite(after))
                    continue;
                if (HEP_GROW(out->list, out->n, err) != HEP_OK)
                    return HEP_ENOMEM;
                c = &out->list[out->n++];
                *c = (struct hep_change){ .track = i,
                                          .visit = v,
                                          .of = (enum hep_change_of)k,
                                          .before = before,
                                          .after = after };
                judge(c, exactness_of(c, track, visits), &acquisitions[track->first],
                      &acquisitions[v], settings);
            }
        }
    }
    return HEP_OK;
}
