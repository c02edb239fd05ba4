#include "followup/tracks.h"

#include "base/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* What is the same for every track. */
struct judge {
    const struct hep_visit *visits;
    size_t n_visits;
    const struct hep_followup_settings *s;
};

static void say(struct hep_track_visit *at, enum hep_event state, const char *fmt, ...)
    HEP_PRINTF(3, 4);
static void say(struct hep_track_visit *at, enum hep_event state, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(at->reason, sizeof at->reason, fmt, args);
    va_end(args);
    at->state = state;
}

static void measure(const struct judge *g, const struct hep_track *track, size_t v)
{
    struct hep_track_visit *at = &track->visit[v];

    at->long_axis_mm = at->volume_ml = at->n > 0 ? 0.0 : (double)NAN;
    for (size_t k = 0; k < at->n; k++) {
        const struct hep_visit_lesion *l = &g->visits[v].lesions[at->lesion[k]];

        at->long_axis_mm += hep_visit_long_axis_mm(l);
        at->volume_ml += hep_visit_volume_ml(l);
    }
}

/* Does a visit show the place where the track was seen at `from`? */
static bool is_shown(const struct judge *g, const struct hep_track *track, size_t from, size_t v)
{
    return hep_visit_share_of(&g->visits[from], track->visit[from].lesion[0], g->visits[v].seen) >=
           g->s->covered_share;
}

/* Outside the liver by more than its mask and the alignment are wrong? */
static bool is_outside_liver(const struct judge *g, const struct hep_track *track, size_t from,
                             size_t v)
{
    const struct hep_labels *liver = g->visits[v].liver;
    const double *place = g->visits[from].lesions[track->visit[from].lesion[0]].place_mm;
    const double reach = g->s->liver_margin_mm + g->s->residuals * g->visits[v].residual_mm;
    double least = (double)INFINITY;

    if (liver == NULL)
        return false;
    for (size_t i = 0; i < hep_grid_voxels(&liver->grid) && least > reach * reach; i++) {
        double at[3];

        if (liver->data[i] == 0)
            continue;
        hep_grid_world_of(at, &liver->grid, i);
        least = fmin(least, hep_distance2(at, place));
    }
    return least > reach * reach;
}

/* Visits before the first lesion of a track. */
static void judge_before(const struct judge *g, const struct hep_track *track, size_t v)
{
    struct hep_track_visit *at = &track->visit[v];

    if (g->visits[v].cannot != NULL)
        say(at, HEP_EVENT_NOT_ASSESSABLE, "%s", g->visits[v].cannot);
    else if (!is_shown(g, track, track->first, v))
        say(at, HEP_EVENT_NOT_COVERED, "the images of %s do not show its place",
            g->visits[v].session);
    else
        say(at, HEP_EVENT_ABSENT, "nothing at its place");
}

/* The visit where a track without predecessor begins. */
static void judge_first(const struct judge *g, struct hep_track *track)
{
    const size_t v = track->first;
    struct hep_track_visit *at = &track->visit[v];
    const struct hep_visit_lesion *l = &g->visits[v].lesions[at->lesion[0]];
    const double strength = hep_finding_get(l->finding, HEP_M_DETECTION_SCORE),
                 diameter = hep_visit_long_axis_mm(l);
    bool shown = false;

    track->certain = true;
    if (v == 0) {
        say(at, HEP_EVENT_BASELINE,
            l->kept ? "seen at the baseline"
                    : "at the baseline a candidate that was not kept, confirmed later");
        return;
    }
    for (size_t u = 0; u < v; u++)
        shown = shown || track->visit[u].state == HEP_EVENT_ABSENT;
    track->certain = false;
    if (!shown)
        say(at, HEP_EVENT_NOT_ASSESSABLE, "seen first here, but no earlier images show its place");
    else if (l->beside_zone)
        say(at, HEP_EVENT_NOT_ASSESSABLE,
            "found first here, %.0f mm, but it touches a treated zone: what is left or has come "
            "back "
            "there, no new lesion",
            diameter);
    else if (isfinite(strength) && strength < g->s->new_strength_min)
        say(at, HEP_EVENT_NOT_ASSESSABLE,
            "seen first here, but not unequivocal: detection strength %.1f, %.1f is asked for",
            strength, g->s->new_strength_min);
    else if (isfinite(diameter) && diameter < g->s->new_diameter_min_mm)
        say(at, HEP_EVENT_NOT_ASSESSABLE,
            "seen first here, but %.1f mm small; %.1f mm are asked for", diameter,
            g->s->new_diameter_min_mm);
    else {
        say(at, HEP_EVENT_NEW, "%.0f mm, at a place where earlier images show nothing", diameter);
        track->certain = true;
    }
}

/* A lesion that is seen again larger than it can have grown since from below what is found was missed here. */
static size_t seen_again_too_large(const struct judge *g, const struct hep_track *track, size_t v)
{
    const double least_ml = hep_ball_volume(g->s->new_diameter_min_mm) / 1000.0;

    for (size_t w = v + 1; w < g->n_visits; w++) {
        const double days = g->visits[w].days - g->visits[v].days;

        if (track->visit[w].n > 0)
            return track->visit[w].volume_ml > least_ml * exp2(days / g->s->doubling_days)
                       ? w
                       : SIZE_MAX;
    }
    return SIZE_MAX;
}

static void judge_missing(const struct judge *g, const struct hep_track *track, size_t v)
{
    struct hep_track_visit *at = &track->visit[v];
    const size_t from = hep_track_last_seen(track, v), again = seen_again_too_large(g, track, v);

    if (g->visits[v].cannot != NULL) {
        say(at, HEP_EVENT_NOT_ASSESSABLE, "%s", g->visits[v].cannot);
    } else if (!is_shown(g, track, from, v)) {
        say(at, HEP_EVENT_NOT_COVERED, "the images of %s do not show its place",
            g->visits[v].session);
    } else if (is_outside_liver(g, track, from, v)) {
        say(at, HEP_EVENT_NOT_ASSESSABLE,
            "its place is outside the liver of %s: resected, or its mask is not whole",
            g->visits[v].session);
    } else if (again != SIZE_MAX) {
        say(at, HEP_EVENT_NOT_ASSESSABLE,
            "not found, but %.0f mm again at %s: too large to have regrown, so it was missed",
            track->visit[again].long_axis_mm, g->visits[again].session);
    } else {
        say(at, HEP_EVENT_VANISHED, "its place is shown and nothing is found there");
        at->long_axis_mm = at->volume_ml = 0.0;
    }
}

/* The smallest earlier size at which it was seen, by volume. */
static size_t nadir_of(const struct hep_track *track, size_t v)
{
    size_t best = track->first;

    for (size_t u = track->first; u < v; u++) {
        if (track->visit[u].volume_ml > 0.0 &&
            !(track->visit[u].volume_ml >= track->visit[best].volume_ml))
            best = u;
    }
    return best;
}

/* Two long axes differ by less than this without a change. Each has two ends, uniform within a voxel (SD 1 / sqrt(12) of
 * it): the difference of two axes has SD sqrt(4 / 12) voxels, and 1.96 of these are 1.13 voxels. */
static double axis_limit(const struct judge *g, size_t before, size_t after)
{
    const double voxels[] = { g->visits[before].voxel_mm, g->visits[after].voxel_mm };

    return fmax(g->s->axis_min_mm,
                1.96 * sqrt((voxels[0] * voxels[0] + voxels[1] * voxels[1]) / 6.0));
}

static void judge_change(const struct judge *g, const struct hep_track *track, size_t v)
{
    struct hep_track_visit *at = &track->visit[v];
    const struct hep_track_visit *first = &track->visit[track->first],
                                 *nadir = &track->visit[nadir_of(track, v)];
    const double rise_mm = at->long_axis_mm - nadir->long_axis_mm,
                 fall_mm = first->long_axis_mm - at->long_axis_mm;
    const bool grown = at->volume_ml >= nadir->volume_ml * (1.0 + g->s->grown_volume) &&
                       rise_mm >= axis_limit(g, nadir_of(track, v), v);
    const bool shrunk = at->volume_ml <= first->volume_ml * (1.0 - g->s->shrunk_volume) &&
                        fall_mm >= axis_limit(g, track->first, v);

    if (at->state == HEP_EVENT_MERGED)
        say(at, at->state,
            at->shared ? "inside a lesion that is also another one's"
                       : "has taken in another lesion");
    else if (at->state == HEP_EVENT_SPLIT)
        say(at, at->state, "%zu parts inside its former outline", at->n);
    else if (!isfinite(at->long_axis_mm + first->long_axis_mm))
        say(at, HEP_EVENT_NOT_ASSESSABLE, "a size is not known");
    else
        say(at,
            grown    ? HEP_EVENT_GROWN
            : shrunk ? HEP_EVENT_SHRUNK
                     : HEP_EVENT_STABLE,
            "%.0f to %.0f mm, %.2f to %.2f mL since %s",
            grown ? nadir->long_axis_mm : first->long_axis_mm, at->long_axis_mm,
            grown ? nadir->volume_ml : first->volume_ml, at->volume_ml,
            g->visits[grown ? nadir_of(track, v) : track->first].session);
}

static bool is_structural(enum hep_event state)
{
    return state == HEP_EVENT_MERGED || state == HEP_EVENT_SPLIT;
}

/* What is said of the track as a whole: the last visit, but new, merged and split stay said. */
static void judge_track(struct hep_track *track, size_t n_visits)
{
    const struct hep_track_visit *said = &track->visit[n_visits - 1],
                                 *first = &track->visit[track->first];

    if (track->first > 0 && first->state == HEP_EVENT_NEW && said->n > 0)
        said = first;
    for (size_t v = 0; v < n_visits && said->n > 0 && said != first; v++) {
        if (is_structural(track->visit[v].state) && !is_structural(said->state))
            said = &track->visit[v];
    }
    track->event = said->state;
    if (said->state == HEP_EVENT_BASELINE)
        track->event = HEP_EVENT_NOT_ASSESSABLE;
    (void)snprintf(track->reason, sizeof track->reason, "%s", said->reason);
}

static double benign_probability(const struct hep_finding *finding)
{
    double sum = 0.0;

    for (int k = 0; k < (int)HEP_CLASS_COUNT; k++) {
        if (hep_class_is_benign((enum hep_lesion_class)k) &&
            isfinite(finding->class_probability[k]))
            sum += finding->class_probability[k];
    }
    return sum;
}

/* One visit that reads it as a tumour, or cannot tell, keeps it among the lesions that count. Candidates have no class. */
static void judge_class(const struct judge *g, struct hep_track *track)
{
    size_t seen = 0;

    track->benign = track->surely_benign = true;
    for (size_t v = track->first; v < g->n_visits; v++) {
        const struct hep_visit_lesion *l =
            track->visit[v].n > 0 ? &g->visits[v].lesions[track->visit[v].lesion[0]] : NULL;

        if (l == NULL || !l->kept)
            continue;
        seen++;
        track->benign = track->benign && hep_class_is_benign(l->finding->lesion_class);
        track->surely_benign = track->benign && track->surely_benign &&
                               benign_probability(l->finding) >= g->s->benign_probability_min;
    }
    track->benign = track->benign && seen > 0;
    track->surely_benign = track->surely_benign && seen > 0;
}

void hep_tracks_judge(struct hep_tracks *t, const struct hep_visit *visits,
                      const struct hep_followup_settings *settings)
{
    const struct judge g = { visits, t->n_visits, settings };

    for (size_t i = 0; i < t->n; i++) {
        struct hep_track *track = &t->list[i];

        for (size_t v = 0; v < t->n_visits; v++) {
            measure(&g, track, v);
            for (size_t k = 0; k < track->visit[v].n; k++)
                track->treated =
                    track->treated || visits[v].lesions[track->visit[v].lesion[k]].treated;
        }
        judge_class(&g, track);
        for (size_t v = 0; v < track->first; v++)
            judge_before(&g, track, v);
        judge_first(&g, track);
        for (size_t v = track->first + 1; v < t->n_visits; v++) {
            if (track->visit[v].n > 0)
                judge_change(&g, track, v);
            else
                judge_missing(&g, track, v);
        }
        judge_track(track, g.n_visits);
    }
}

static bool shows(double contrast, double limit)
{
    return fabs(contrast) >= limit;
}

/* A lesion that was called new, but an earlier visit shows it already. */
static void was_there(struct hep_track *track, size_t earlier, const struct hep_trace *best,
                      size_t still, size_t of)
{
    struct hep_track_visit *before = &track->visit[earlier], *at = &track->visit[track->first];

    say(before, HEP_EVENT_NOT_ASSESSABLE,
        "not found, but %zu of %zu images that show it later show it here, the %s one by %.1f SD",
        still, of, best->image, fabs(best->contrast));
    before->overlooked = true;
    if (at->state != HEP_EVENT_NEW)
        return;
    say(at, HEP_EVENT_NOT_ASSESSABLE,
        "found first here, but %zu of %zu images that show it did so before, the %s one by %.1f SD "
        "of the liver around it: overlooked then, not new",
        still, of, best->image, fabs(best->contrast));
    track->certain = false;
}

void hep_tracks_reconsider(struct hep_tracks *t, const struct hep_trace *traces, size_t n_traces)
{
    for (size_t i = 0, n; i < n_traces; i += n) {
        struct hep_track *track = &t->list[traces[i].track];
        struct hep_track_visit *at = &track->visit[traces[i].visit];
        const bool is_new = at->state == HEP_EVENT_ABSENT;
        const struct hep_trace *best = NULL;
        size_t before = 0, still = 0;

        for (n = 0; i + n < n_traces && traces[i + n].track == traces[i].track &&
                    traces[i + n].visit == traces[i].visit;
             n++) {
            const struct hep_trace *one = &traces[i + n];

            if (!shows(one->before, one->limit))
                continue;
            before++;
            if (!shows(one->contrast, one->limit) || (one->contrast > 0.0) != (one->before > 0.0) ||
                (is_new && fabs(one->contrast) < 0.5 * fabs(one->before)))
                continue;
            still++;
            if (best == NULL || fabs(one->contrast) > fabs(best->contrast))
                best = one;
        }
        if (best == NULL || 2 * still < before)
            continue;
        if (is_new) {
            was_there(track, traces[i].visit, best, still, before);
            judge_track(track, t->n_visits);
            continue;
        }
        if (at->state != HEP_EVENT_VANISHED)
            continue;
        say(at, HEP_EVENT_NOT_ASSESSABLE,
            "not found, but %zu of %zu images that showed it still do, the %s one by %.1f SD of "
            "the "
            "liver around it: overlooked",
            still, before, best->image, fabs(best->contrast));
        at->long_axis_mm = at->volume_ml = (double)NAN;
        at->overlooked = true;
        judge_track(track, t->n_visits);
    }
}
