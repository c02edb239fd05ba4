#include "followup/response.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void hep_targets_release(struct hep_targets *t)
{
    free(t->list);
    *t = (struct hep_targets){ 0 };
}

/* ---- targets --------------------------------------------------------------------------------- */

/* Another lesion of the baseline nearer than their outlines are told apart? */
static bool is_crowded(const struct hep_visit *v, size_t lesion, double gap_mm)
{
    const struct hep_visit_lesion *a = &v->lesions[lesion];

    for (size_t j = 0; j < v->n; j++) {
        const struct hep_visit_lesion *b = &v->lesions[j];
        const double touch = 0.5 * (hep_visit_diameter_mm(a) + hep_visit_diameter_mm(b)) + gap_mm;

        if (j != lesion && b->kept && hep_distance2(a->place_mm, b->place_mm) < touch * touch)
            return true;
    }
    return false;
}

/* The first later visit whose images show the lesion, or do not cover it, but give no size; SIZE_MAX: none. */
static size_t unmeasured_at(const struct hep_track *track, const struct hep_visit *visits,
                            size_t n_visits)
{
    for (size_t v = 1; v < n_visits; v++) {
        if (visits[v].cannot == NULL && !isfinite(track->visit[v].long_axis_mm))
            return v;
    }
    return SIZE_MAX;
}

/* How well a lesion serves as a target. */
enum { NO_TARGET, CHOSEN_LAST, WELL_MEASURABLE };

/* A lesion that resembles no tumour counts by its size as any other; one that was moreover not found again may be nothing at
 * all. */
static int reservations(struct hep_target *t, const struct hep_track *track,
                        const struct hep_visit *visits, size_t n_visits,
                        const struct hep_followup_settings *s)
{
    const struct hep_visit *baseline = &visits[0];
    const size_t unmeasured = unmeasured_at(track, visits, n_visits);
    const size_t lesion = track->visit[0].lesion[0];

    if (track->benign && unmeasured != SIZE_MAX) {
        (void)snprintf(t->reason, sizeof t->reason,
                       "most like a lesion that is no tumour, and not measurable at %.40s",
                       visits[unmeasured].session);
        return NO_TARGET;
    }
    if (hep_visit_share_of(baseline, lesion, baseline->seen) < 1.0)
        (void)snprintf(t->reason, sizeof t->reason, "cut off by the edge of the images");
    else if (is_crowded(baseline, lesion, s->target_gap_mm))
        (void)snprintf(t->reason, sizeof t->reason, "close to another lesion");
    else if (unmeasured != SIZE_MAX)
        (void)snprintf(t->reason, sizeof t->reason, "cannot be measured at %.40s",
                       visits[unmeasured].session);
    else {
        (void)snprintf(t->reason, sizeof t->reason, "measurable%s",
                       track->benign ? ", not certainly a lesion that is no tumour" : "");
        return WELL_MEASURABLE;
    }
    return CHOSEN_LAST;
}

static int measurability(struct hep_target *t, const struct hep_track *track,
                         const struct hep_visit *visits, size_t n_visits,
                         const struct hep_followup_settings *s)
{
    const struct hep_visit *baseline = &visits[0];
    const double slices = baseline->slice_mm > 5.0 ? s->target_slices * baseline->slice_mm : 0.0;
    const double least = fmax(s->target_min_mm, slices);

    if (track->treated)
        (void)snprintf(t->reason, sizeof t->reason, "treated locally");
    else if (!baseline->lesions[track->visit[0].lesion[0]].kept)
        (void)snprintf(t->reason, sizeof t->reason, "at the baseline a candidate only");
    else if (track->surely_benign)
        (void)snprintf(t->reason, sizeof t->reason, "certainly like a lesion that is no tumour");
    else if (!(t->long_axis_mm >= least))
        (void)snprintf(t->reason, sizeof t->reason, "%.1f mm, %.0f mm are asked for",
                       t->long_axis_mm, least);
    else
        return reservations(t, track, visits, n_visits, s);
    return NO_TARGET;
}

struct ranked {
    struct hep_target target;
    int measurability;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->measurability != y->measurability)
        return y->measurability - x->measurability;
    if (x->target.long_axis_mm > y->target.long_axis_mm ||
        x->target.long_axis_mm < y->target.long_axis_mm)
        return x->target.long_axis_mm > y->target.long_axis_mm ? -1 : 1;
    return x->target.track < y->target.track ? -1 : x->target.track > y->target.track;
}

int hep_targets_choose(struct hep_targets *out, const struct hep_tracks *tracks,
                       const struct hep_visit *visits, const struct hep_followup_settings *settings,
                       struct hep_error *err)
{
    struct ranked *ranked = NULL;
    size_t n = 0;
    int rc = HEP_NEW(ranked, tracks->n + 1, err);

    *out = (struct hep_targets){ 0 };
    if (rc == HEP_OK)
        rc = HEP_NEW(out->list, tracks->n + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < tracks->n; i++) {
        struct ranked *r = &ranked[n];

        if (tracks->list[i].visit[0].n == 0)
            continue;
        r->target = (struct hep_target){ .track = i,
                                         .long_axis_mm = tracks->list[i].visit[0].long_axis_mm };
        r->measurability =
            measurability(&r->target, &tracks->list[i], visits, tracks->n_visits, settings);
        n++;
    }
    if (rc == HEP_OK && n > 1)
        qsort(ranked, n, sizeof *ranked, by_rank);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        out->list[i] = ranked[i].target;
        out->list[i].chosen = i < (size_t)settings->max_targets && ranked[i].measurability > 0;
        out->n_chosen += out->list[i].chosen ? 1 : 0;
    }
    out->n = n;
    free(ranked);
    return rc;
}

/* ---- response -------------------------------------------------------------------------------- */

struct judge {
    const struct hep_targets *targets;
    const struct hep_tracks *tracks;
    const struct hep_visit *visits;
    enum hep_response_of of;
    const double *enhancing_mm;
    const struct hep_followup_settings *s;
};

static bool is_target(const struct judge *g, size_t track)
{
    for (size_t i = 0; i < g->targets->n; i++) {
        if (g->targets->list[i].track == track)
            return g->targets->list[i].chosen;
    }
    return false;
}

static double size_of(const struct judge *g, size_t track, size_t v)
{
    const struct hep_track_visit *at = &g->tracks->list[track].visit[v];

    if (g->of == HEP_RESPONSE_OF_VOLUME)
        return at->volume_ml;
    if (g->of == HEP_RESPONSE_OF_DIAMETER || at->state == HEP_EVENT_VANISHED)
        return at->long_axis_mm;
    return g->enhancing_mm[track * g->tracks->n_visits + v];
}

/* Two targets that have merged are one lesion, measured once. */
static bool counts(const struct judge *g, size_t chosen, size_t v)
{
    const struct hep_track_visit *at = &g->tracks->list[g->targets->list[chosen].track].visit[v];

    for (size_t k = 0; k < chosen && at->n > 0; k++) {
        const struct hep_track_visit *other = &g->tracks->list[g->targets->list[k].track].visit[v];

        if (other->n > 0 && other->lesion[0] == at->lesion[0])
            return false;
    }
    return true;
}

/* Sum over the targets; `missing` names the first that cannot be measured, `partial` is the sum of the others. */
static double sum_of(const struct judge *g, size_t v, size_t *missing, double *partial)
{
    *missing = SIZE_MAX;
    *partial = 0.0;
    for (size_t i = 0; i < g->targets->n_chosen; i++) {
        const double size = size_of(g, g->targets->list[i].track, v);

        if (!counts(g, i, v))
            continue;
        if (isfinite(size))
            *partial += size;
        else if (*missing == SIZE_MAX)
            *missing = g->targets->list[i].track;
    }
    return *missing == SIZE_MAX && g->targets->n_chosen > 0 ? *partial : (double)NAN;
}

/* New lesions up to a visit, and what the other lesions do. */
static void count_others(struct hep_response_visit *r, const struct judge *g, size_t v)
{
    for (size_t i = 0; i < g->tracks->n; i++) {
        const struct hep_track *track = &g->tracks->list[i];

        if (track->benign)
            continue;
        if (track->visit[track->first].state == HEP_EVENT_NEW && track->first <= v) {
            r->n_new++;
        } else if (track->first == 0 && !is_target(g, i)) {
            r->n_nontarget++;
            r->n_nontarget_left += track->visit[v].state != HEP_EVENT_VANISHED ? 1 : 0;
            r->n_nontarget_grown += track->visit[v].state == HEP_EVENT_GROWN ? 1 : 0;
        }
    }
}

static bool has_progressed(const struct judge *g, double sum, double nadir)
{
    if (g->of == HEP_RESPONSE_OF_VOLUME)
        return nadir > 0.0 ? sum >= nadir * (1.0 + g->s->volume_progression_share) : sum > 0.0;
    return sum - nadir >= g->s->progression_mm && sum >= nadir * (1.0 + g->s->progression_share);
}

static void explain_missing(struct hep_response_visit *r, const struct judge *g, size_t v,
                            const struct hep_track *lost)
{
    const bool arterial = g->of == HEP_RESPONSE_OF_ENHANCING && lost->visit[v].n > 0;

    (void)snprintf(r->reason, sizeof r->reason, "target %s cannot be measured: %.150s; %zu new",
                   lost->identity,
                   arterial ? "no adequate arterial phase, or only a candidate"
                            : lost->visit[v].reason,
                   r->n_new);
}

static void explain(struct hep_response_visit *r, const struct judge *g, size_t v, size_t missing,
                    double baseline)
{
    const char *unit = g->of == HEP_RESPONSE_OF_VOLUME ? "mL" : "mm";
    char news[64] = "none new";

    if (r->n_new > 0)
        (void)snprintf(news, sizeof news, "progression by %zu new lesion%s", r->n_new,
                       r->n_new == 1 ? "" : "s");
    if (g->visits[v].cannot != NULL && r->category == HEP_RESPONSE_NE)
        (void)snprintf(r->reason, sizeof r->reason, "%s", g->visits[v].cannot);
    else if (g->targets->n_chosen == 0)
        (void)snprintf(r->reason, sizeof r->reason,
                       "no target lesion: the baseline has none of %.0f mm that may be one; %s",
                       g->s->target_min_mm, news);
    else if (missing < g->tracks->n)
        explain_missing(r, g, v, &g->tracks->list[missing]);
    else if (v > 0 && !isfinite(baseline))
        (void)snprintf(r->reason, sizeof r->reason,
                       "%s; sum %.4g %s, but the baseline has none to compare it with", news,
                       r->sum, unit);
    else if (v == 0)
        (void)snprintf(r->reason, sizeof r->reason, "baseline: %.4g %s in %zu target%s", r->sum,
                       unit, g->targets->n_chosen, g->targets->n_chosen == 1 ? "" : "s");
    else
        (void)snprintf(r->reason, sizeof r->reason,
                       "%s; sum %.4g %s, %.4g at the baseline (%+.0f %%), %.4g at the lowest "
                       "(%+.0f %%, %+.4g %s); of %zu other lesions %zu are left",
                       news, r->sum, unit, baseline, 100.0 * r->change, r->nadir,
                       100.0 * r->nadir_change, r->sum - r->nadir, unit, r->n_nontarget,
                       r->n_nontarget_left);
}

static enum hep_response categorise(const struct hep_response_visit *r, const struct judge *g,
                                    size_t v, double baseline, double partial)
{
    const double partial_share =
        g->of == HEP_RESPONSE_OF_VOLUME ? g->s->volume_partial_share : g->s->partial_share;

    if (v == 0)
        return HEP_RESPONSE_COUNT;
    /* Targets that cannot be measured can only add to the sum. */
    if (r->n_new > 0 ||
        (g->targets->n_chosen > 0 && isfinite(r->nadir) && has_progressed(g, partial, r->nadir)))
        return HEP_RESPONSE_PD;
    if (g->visits[v].cannot != NULL)
        return HEP_RESPONSE_NE;
    if (g->targets->n_chosen == 0)
        return r->n_nontarget > 0 && r->n_nontarget_left == 0 ? HEP_RESPONSE_CR : HEP_RESPONSE_NE;
    if (!isfinite(r->sum) || !isfinite(baseline))
        return HEP_RESPONSE_NE;
    if (!(r->sum > 0.0) && r->n_nontarget_left == 0)
        return HEP_RESPONSE_CR;
    return r->sum <= baseline * (1.0 - partial_share) ? HEP_RESPONSE_PR : HEP_RESPONSE_SD;
}

void hep_response_judge(struct hep_response_visit *out, const struct hep_targets *targets,
                        const struct hep_tracks *tracks, const struct hep_visit *visits,
                        enum hep_response_of of, const double *enhancing_mm,
                        const struct hep_followup_settings *settings)
{
    const struct judge g = { targets, tracks, visits, of, enhancing_mm, settings };
    double baseline = (double)NAN, nadir = (double)NAN;

    for (size_t v = 0; v < tracks->n_visits; v++) {
        struct hep_response_visit *r = &out[v];
        size_t missing;
        double partial;

        *r = (struct hep_response_visit){ .change = (double)NAN,
                                          .nadir_change = (double)NAN,
                                          .nadir = nadir };
        r->sum = sum_of(&g, v, &missing, &partial);
        if (v == 0)
            baseline = r->sum;
        else if (baseline > 0.0)
            r->change = r->sum / baseline - 1.0;
        if (v > 0 && nadir > 0.0)
            r->nadir_change = r->sum / nadir - 1.0;
        count_others(r, &g, v);
        r->category = categorise(r, &g, v, baseline, partial);
        explain(r, &g, v, missing, baseline);
        if (isfinite(r->sum) && !(r->sum >= nadir))
            nadir = r->sum;
    }
}
