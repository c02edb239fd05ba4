#include "followup/tracks.h"

#include "base/alloc.h"
#include "evaluation/assign.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool hep_candidate_counts(const struct hep_visit_lesion *lesion,
                          const struct hep_followup_settings *settings)
{
    return lesion->kept ||
           hep_finding_get(lesion->finding, HEP_M_DETECTION_SCORE) >= settings->known_strength_min;
}

struct matcher {
    struct hep_tracks *t;
    const struct hep_visit *visits;
    const struct hep_followup_settings *s;
    bool rematch;
    double *cost;      /* [tracks][lesions of the visit] */
    size_t *column_of; /* [tracks] */
    bool *taken;       /* [lesions of the visit] */
};

/* Labels that the user has given; 0: none. */
static int32_t given_label(const struct hep_visit_lesion *l)
{
    return l->finding->origin == HEP_ORIGIN_GIVEN ? l->finding->given_label : 0;
}

/* What two volumes say: false when the later one cannot have grown from the earlier. */
static bool growth_is_possible(const struct matcher *m, size_t from, size_t to, double ratio)
{
    const double days = m->visits[to].days - m->visits[from].days;

    if (!isfinite(days) || !isfinite(ratio))
        return true;
    return ratio <= m->s->volume_slack * exp2(fmax(days, 0.0) / m->s->doubling_days);
}

/* The cost of lesion b of visit `to` being lesion a of visit `from`; infinite when it cannot be. */
static double pair_cost(const struct matcher *m, size_t from, size_t a, size_t to, size_t b)
{
    const struct hep_visit_lesion *x = &m->visits[from].lesions[a], *y = &m->visits[to].lesions[b];
    const double residual = hypot(m->visits[from].residual_mm, m->visits[to].residual_mm);
    const double d1 = hep_visit_diameter_mm(x), d2 = hep_visit_diameter_mm(y);
    const double larger = fmax(d1, d2), slack = m->s->residuals * residual;
    const double distance = sqrt(hep_distance2(x->place_mm, y->place_mm));
    const double ratio = hep_visit_volume_ml(y) / hep_visit_volume_ml(x);
    double reach =
        fmax(m->s->margin_mm, isfinite(larger) ? m->s->margin_share * larger : 0.0) + slack;
    double log_ratio = log(ratio);

    if (isfinite(d1) && isfinite(d2))
        reach += 0.5 * fabs(d1 - d2);
    if (!growth_is_possible(m, from, to, ratio))
        return (double)INFINITY;
    if (!isfinite(log_ratio))
        log_ratio = 0.0;
    if ((distance > reach || (isfinite(d1 + d2) && distance > 0.5 * (d1 + d2) + slack)) &&
        !(x->kept && y->kept &&
          fmax(hep_visit_share_inside(&m->visits[to], b, &m->visits[from], a),
               hep_visit_share_inside(&m->visits[from], a, &m->visits[to], b)) >=
              m->s->inside_share))
        return (double)INFINITY;
    return 2.0 * distance * distance / (reach * reach) +
           0.5 * log_ratio * log_ratio / (m->s->volume_sd_log * m->s->volume_sd_log);
}

/* A pair of known lesions; candidates that were not kept come after those that were. */
static double entry(const struct matcher *m, const struct hep_track *track, size_t to, size_t b)
{
    const size_t from = hep_track_last_seen(track, to);
    const struct hep_visit_lesion *y = &m->visits[to].lesions[b];
    const double unkept = 2.0; /* as much as the farthest place that is allowed */
    int32_t before, after;

    if (from == SIZE_MAX || !hep_candidate_counts(y, m->s))
        return (double)INFINITY;
    before = given_label(&m->visits[from].lesions[track->visit[from].lesion[0]]);
    after = given_label(y);
    if (!m->rematch && before > 0 && after > 0)
        return before == after ? 0.0 : (double)INFINITY;
    return pair_cost(m, from, track->visit[from].lesion[0], to, b) + (y->kept ? 0.0 : unkept);
}

static void add_lesion(struct hep_track *track, size_t v, size_t lesion)
{
    struct hep_track_visit *at = &track->visit[v];

    if (at->n < HEP_TRACK_PARTS)
        at->lesion[at->n++] = lesion;
}

static int assign(struct matcher *m, size_t v, struct hep_error *err)
{
    const size_t rows = m->t->n, columns = m->visits[v].n;
    int rc;

    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++)
            m->cost[i * columns + j] = entry(m, &m->t->list[i], v, j);
    }
    rc = hep_assign(m->column_of, m->cost, rows, columns, err);
    for (size_t i = 0; rc == HEP_OK && i < rows; i++) {
        if (m->column_of[i] == HEP_UNASSIGNED)
            continue;
        add_lesion(&m->t->list[i], v, m->column_of[i]);
        m->taken[m->column_of[i]] = true;
    }
    return rc;
}

/* Lesions without a partner that lie inside a former lesion which has one: its parts. */
static void find_parts(struct matcher *m, size_t v)
{
    const struct hep_visit *visit = &m->visits[v];

    for (size_t j = 0; j < visit->n; j++) {
        if (m->taken[j] || !visit->lesions[j].kept ||
            (!m->rematch && given_label(&visit->lesions[j]) > 0))
            continue;
        for (size_t i = 0; i < m->t->n && !m->taken[j]; i++) {
            struct hep_track *track = &m->t->list[i];
            const size_t from = hep_track_last_seen(track, v);

            if (track->visit[v].n == 0 || from == SIZE_MAX ||
                !m->visits[from].lesions[track->visit[from].lesion[0]].kept ||
                hep_visit_share_inside(visit, j, &m->visits[from], track->visit[from].lesion[0]) <
                    m->s->inside_share)
                continue;
            add_lesion(track, v, j);
            track->visit[v].state = HEP_EVENT_SPLIT;
            m->taken[j] = true;
        }
    }
}

/* Former lesions without a partner that lie inside a lesion which is another track's: merged. */
static void find_merged(struct matcher *m, size_t v)
{
    for (size_t i = 0; i < m->t->n; i++) {
        struct hep_track *track = &m->t->list[i];
        const size_t from = hep_track_last_seen(track, v);

        if (track->visit[v].n > 0 || from == SIZE_MAX ||
            (!m->rematch &&
             given_label(&m->visits[from].lesions[track->visit[from].lesion[0]]) > 0))
            continue;
        for (size_t k = 0; k < m->t->n && track->visit[v].n == 0; k++) {
            struct hep_track *other = &m->t->list[k];
            const size_t j = other->visit[v].n > 0 ? other->visit[v].lesion[0] : SIZE_MAX;

            if (k == i || j == SIZE_MAX || other->visit[v].shared ||
                !m->visits[v].lesions[j].kept ||
                hep_visit_share_inside(&m->visits[from], track->visit[from].lesion[0],
                                       &m->visits[v], j) < m->s->inside_share)
                continue;
            add_lesion(track, v, j);
            track->visit[v].shared = true;
            track->visit[v].state = other->visit[v].state = HEP_EVENT_MERGED;
        }
    }
}

static bool is_of_a_track(const struct matcher *m, size_t v, size_t lesion)
{
    for (size_t i = 0; i < m->t->n; i++) {
        const struct hep_track_visit *at = &m->t->list[i].visit[v];

        for (size_t k = 0; k < at->n; k++) {
            if (at->lesion[k] == lesion)
                return true;
        }
    }
    return false;
}

/* A candidate of an earlier visit at the place of a lesion of visit v that no track has, and of its size: the lesion was
 * there and was missed. A much smaller one proves nothing, for candidates lie everywhere. */
static void look_back(struct matcher *m, struct hep_track *track, size_t v)
{
    const size_t lesion = track->visit[v].lesion[0];

    for (size_t u = v; u-- > 0;) {
        double least = (double)INFINITY;
        size_t best = SIZE_MAX;

        for (size_t j = 0; j < m->visits[u].n; j++) {
            const struct hep_visit_lesion *c = &m->visits[u].lesions[j];
            double cost = (double)INFINITY;

            if (!c->kept && hep_candidate_counts(c, m->s) && !is_of_a_track(m, u, j) &&
                hep_visit_volume_ml(&m->visits[v].lesions[lesion]) <=
                    m->s->volume_slack * hep_visit_volume_ml(c))
                cost = pair_cost(m, u, j, v, lesion);

            if (cost < least) {
                least = cost;
                best = j;
            }
        }
        if (best == SIZE_MAX)
            continue;
        add_lesion(track, u, best);
        track->first = u;
    }
}

struct ranked_lesion {
    const struct hep_visit_lesion *lesion;
};

static int by_size(const void *a, const void *b)
{
    const struct ranked_lesion *x = a, *y = b;
    const double vx = hep_visit_volume_ml(x->lesion), vy = hep_visit_volume_ml(y->lesion);

    if (vx > vy || vx < vy)
        return vx > vy ? -1 : 1;
    return x->lesion->finding->id < y->lesion->finding->id
               ? -1
               : x->lesion->finding->id > y->lesion->finding->id;
}

static int begin_track(struct matcher *m, size_t v, size_t lesion, struct hep_error *err)
{
    struct hep_track *track;

    if (HEP_GROW(m->t->list, m->t->n, err) != HEP_OK)
        return HEP_ENOMEM;
    track = &m->t->list[m->t->n];
    if (HEP_NEW(track->visit, m->t->n_visits, err) != HEP_OK)
        return HEP_ENOMEM;
    m->t->n++;
    (void)snprintf(track->identity, sizeof track->identity, "F%02zu", m->t->n);
    for (size_t u = 0; u < m->t->n_visits; u++)
        track->visit[u].state = HEP_EVENT_STATES;
    track->first = v;
    add_lesion(track, v, lesion);
    look_back(m, track, v);
    return HEP_OK;
}

/* Every kept lesion of visit v that no track has begins one, the largest first. */
static int begin_tracks(struct matcher *m, size_t v, struct hep_error *err)
{
    const struct hep_visit *visit = &m->visits[v];
    struct ranked_lesion *order = NULL;
    size_t n = 0;
    int rc = HEP_NEW(order, visit->n + 1, err);

    for (size_t j = 0; rc == HEP_OK && j < visit->n; j++) {
        if (visit->lesions[j].kept && !m->taken[j])
            order[n++].lesion = &visit->lesions[j];
    }
    if (n > 1)
        qsort(order, n, sizeof *order, by_size);
    for (size_t k = 0; rc == HEP_OK && k < n; k++)
        rc = begin_track(m, v, (size_t)(order[k].lesion - visit->lesions), err);
    free(order);
    return rc;
}

static int match_visit(struct matcher *m, size_t v, struct hep_error *err)
{
    const size_t columns = m->visits[v].n;
    int rc = HEP_NEW(m->cost, m->t->n * columns + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(m->column_of, m->t->n + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(m->taken, columns + 1, err);
    if (rc == HEP_OK && m->t->n > 0 && columns > 0)
        rc = assign(m, v, err);
    if (rc == HEP_OK) {
        find_parts(m, v);
        find_merged(m, v);
        rc = begin_tracks(m, v, err);
    }
    free(m->cost);
    free(m->column_of);
    free(m->taken);
    m->cost = NULL;
    m->column_of = NULL;
    m->taken = NULL;
    return rc;
}

int hep_tracks_make(struct hep_tracks *out, const struct hep_visit *visits, size_t n_visits,
                    const struct hep_followup_settings *settings, bool rematch,
                    struct hep_error *err)
{
    struct hep_tracks t = { .n_visits = n_visits };
    struct matcher m = { .t = &t, .visits = visits, .s = settings, .rematch = rematch };
    int rc = n_visits > 0 ? HEP_OK : HEP_FAIL(err, HEP_EINVAL, "no visit");

    for (size_t v = 0; rc == HEP_OK && v < n_visits; v++) {
        if (visits[v].cannot == NULL)
            rc = match_visit(&m, v, err);
    }
    if (rc != HEP_OK) {
        hep_tracks_release(&t);
        return rc;
    }
    hep_tracks_judge(&t, visits, settings);
    *out = t;
    return HEP_OK;
}
