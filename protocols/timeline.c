#include "protocols/show.h"

#include <math.h>
#include <stdlib.h>

#define IDLE_SHOWN_S 30.0   /* shorter pauses are not an entry of their own */
#define RETURN_GAP_S 3600.0 /* a second visit starts at least this much later */

/* ---- scan time ------------------------------------------------------------------------------- */

/* The scan-time model's view of a planned series. */
static double model_time(const struct hep_plan *plan)
{
    const struct hep_scan scan = { .technique = (enum hep_technique)plan->technique,
                                   .tr_s = plan->tr_s,
                                   .respiratory_period_s = plan->respiratory_period_s,
                                   .matrix_phase = (double)plan->matrix_phase,
                                   .slices = (double)plan->slices,
                                   .echo_train = (double)plan->echo_train,
                                   .partial_fourier = plan->partial_fourier,
                                   .acceleration = plan->acceleration,
                                   .efficiency = plan->efficiency,
                                   .directions = (double)plan->directions,
                                   .b_s_per_mm2 = plan->b_values_s_per_mm2.v,
                                   .averages = plan->averages.v,
                                   .n_b = plan->b_values_s_per_mm2.n,
                                   .n_averages = plan->averages.n };

    return hep_scan_time_s(&scan);
}

double hep_planned_scan_time(const struct hep_config *cfg, enum hep_planned series,
                             long *breath_holds)
{
    const struct hep_plan *plan = &cfg->series[series];
    double scan_s = isnan(plan->scan_time_s) ? model_time(plan) : plan->scan_time_s;

    if (breath_holds)
        *breath_holds = hep_scan_breath_holds((enum hep_technique)plan->technique, scan_s,
                                              cfg->acquisition.breath_hold_max_s);
    return scan_s;
}

/* ---- placing --------------------------------------------------------------------------------- */

static struct hep_timeline_item item_of(const struct hep_config *cfg, enum hep_planned series)
{
    long holds;
    double scan_s = hep_planned_scan_time(cfg, series, &holds);
    double rest_s = (double)holds * cfg->acquisition.recovery_s;

    return (struct hep_timeline_item){ .label = hep_planned_name(series),
                                       .series = (int)series,
                                       .visit = cfg->series[series].visit,
                                       .end_s = scan_s + rest_s,
                                       .scan_s = scan_s,
                                       .rest_s = rest_s,
                                       .centre_s = (double)NAN };
}

static void place_item(struct hep_timeline *t, struct hep_timeline_item item, double start_s)
{
    double length = item.end_s - item.start_s;

    if (t->n == HEP_TIMELINE_MAX)
        return;
    item.start_s = start_s;
    item.end_s = start_s + length;
    t->items[t->n++] = item;
}

static struct hep_timeline_item localiser(const struct hep_config *cfg, long visit)
{
    double s = cfg->acquisition.localiser_s;

    return (struct hep_timeline_item){ .label = "localiser",
                                       .series = -1,
                                       .visit = visit,
                                       .end_s = s,
                                       .scan_s = s,
                                       .centre_s = (double)NAN };
}

static bool has_window(const struct hep_config *cfg, int s)
{
    return hep_planned_phase((enum hep_planned)s) != HEP_PHASE_COUNT &&
           s != HEP_SERIES_PRECONTRAST && !isnan(cfg->series[s].window_s.lo);
}

static bool is_injected(const struct hep_config *cfg)
{
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        if (cfg->series[s].expected && has_window(cfg, s))
            return true;
    }
    return false;
}

/* True for a series that is acquired while the hepatobiliary phase is waited for, and not before the injection. */
static bool is_waiting(const struct hep_config *cfg, int s)
{
    const struct hep_plan *plan = &cfg->series[s];
    const struct hep_plan *hbp = &cfg->series[HEP_SERIES_HEPATOBILIARY];
    bool may_wait = s == HEP_SERIES_T2 || s == HEP_SERIES_DWI;

    if (plan->placement == HEP_PLACE_WAITING)
        return true;
    if (cfg->acquisition.injection == HEP_INJECTION_BEFORE_ARRIVAL)
        return s != HEP_SERIES_PRECONTRAST || plan->placement == HEP_PLACE_AUTO;
    return plan->placement == HEP_PLACE_AUTO && may_wait && hbp->expected &&
           hbp->visit == plan->visit && has_window(cfg, HEP_SERIES_HEPATOBILIARY);
}

static double last_end(const struct hep_timeline *t, long visit)
{
    double end = -(double)INFINITY;

    for (size_t i = 0; i < t->n; i++) {
        if (t->items[i].visit == visit)
            end = fmax(end, t->items[i].end_s);
    }
    return end;
}

/* Place the series of a visit that have no window, those for the waiting time or the others: one after the other from
 * start_s, in table order. @return where the last one ends */
static double place_loose(struct hep_timeline *t, const struct hep_config *cfg, long visit,
                          bool waiting, double start_s)
{
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        struct hep_timeline_item item;

        if (!cfg->series[s].expected || has_window(cfg, s) || cfg->series[s].visit != visit ||
            is_waiting(cfg, s) != waiting)
            continue;
        item = item_of(cfg, (enum hep_planned)s);
        place_item(t, item, start_s);
        start_s = t->items[t->n - 1].end_s;
    }
    return start_s;
}

static double loose_length(const struct hep_config *cfg, long visit, bool waiting)
{
    struct hep_timeline scratch = { 0 };

    return place_loose(&scratch, cfg, visit, waiting, 0);
}

static void place_phase(struct hep_timeline *t, const struct hep_config *cfg, int s,
                        double centre_s)
{
    struct hep_timeline_item item = item_of(cfg, (enum hep_planned)s);

    item.centre_s = centre_s;
    place_item(t, item, centre_s - item.scan_s / 2);
}

static struct hep_span nominal_of(const struct hep_plan *plan)
{
    return isnan(plan->nominal_s.lo) ? plan->window_s : plan->nominal_s;
}

/* Dynamic phases stand at the middle of their nominal times. */
static void place_dynamic(struct hep_timeline *t, const struct hep_config *cfg, long visit)
{
    for (int s = HEP_SERIES_ARTERIAL; s < HEP_SERIES_HEPATOBILIARY; s++) {
        struct hep_span nominal = nominal_of(&cfg->series[s]);

        if (cfg->series[s].expected && has_window(cfg, s) && cfg->series[s].visit == visit)
            place_phase(t, cfg, s, (nominal.lo + nominal.hi) / 2);
    }
}

/* The hepatobiliary phase stands at its first nominal time, or later when other series still run.
 */
static void place_hepatobiliary(struct hep_timeline *t, const struct hep_config *cfg, long visit)
{
    const struct hep_plan *plan = &cfg->series[HEP_SERIES_HEPATOBILIARY];
    double earliest = last_end(t, visit);
    double scan_s = hep_planned_scan_time(cfg, HEP_SERIES_HEPATOBILIARY, NULL);

    if (!plan->expected || plan->visit != visit || !has_window(cfg, HEP_SERIES_HEPATOBILIARY))
        return;
    place_phase(t, cfg, HEP_SERIES_HEPATOBILIARY, fmax(nominal_of(plan).lo, earliest + scan_s / 2));
}

/* Place a visit without injection: it starts so that all other series end when the hepatobiliary phase is due. */
static void place_return_visit(struct hep_timeline *t, const struct hep_config *cfg, long visit,
                               double not_before_s)
{
    const struct hep_plan *hbp = &cfg->series[HEP_SERIES_HEPATOBILIARY];
    double before = cfg->acquisition.localiser_s + loose_length(cfg, visit, true) +
                    loose_length(cfg, visit, false);
    double start = not_before_s;

    if (hbp->expected && hbp->visit == visit && has_window(cfg, HEP_SERIES_HEPATOBILIARY))
        start = fmax(start, nominal_of(hbp).lo - before -
                                hep_planned_scan_time(cfg, HEP_SERIES_HEPATOBILIARY, NULL) / 2);
    place_item(t, localiser(cfg, visit), start);
    start = place_loose(t, cfg, visit, false, last_end(t, visit));
    (void)place_loose(t, cfg, visit, true, start);
    place_dynamic(t, cfg, visit);
    place_hepatobiliary(t, cfg, visit);
}

static void place_first_visit(struct hep_timeline *t, const struct hep_config *cfg)
{
    const struct hep_timeline_item injection = {
        .label = "injection", .series = -1, .visit = 1, .centre_s = (double)NAN
    };
    double before = cfg->acquisition.localiser_s + loose_length(cfg, 1, false);
    double next;

    if (!is_injected(cfg)) {
        place_item(t, localiser(cfg, 1), 0);
        next = place_loose(t, cfg, 1, false, last_end(t, 1));
        (void)place_loose(t, cfg, 1, true, next);
        return;
    }
    if (cfg->acquisition.injection == HEP_INJECTION_BEFORE_ARRIVAL) {
        place_return_visit(t, cfg, 1, 0);
        return;
    }
    place_item(t, localiser(cfg, 1), -before);
    (void)place_loose(t, cfg, 1, false, last_end(t, 1));
    place_item(t, injection, 0);
    place_dynamic(t, cfg, 1);
    (void)place_loose(t, cfg, 1, true, last_end(t, 1));
    place_hepatobiliary(t, cfg, 1);
}

static int by_start(const void *a, const void *b)
{
    const struct hep_timeline_item *x = a, *y = b;

    if (x->visit != y->visit)
        return x->visit < y->visit ? -1 : 1;
    if (x->start_s < y->start_s || x->start_s > y->start_s)
        return x->start_s < y->start_s ? -1 : 1;
    return x->end_s < y->end_s ? -1 : x->end_s > y->end_s;
}

/* Add pauses of IDLE_SHOWN_S and more as items, and sum up the scan, waiting and table times. */
static void add_pauses(struct hep_timeline *t)
{
    double first[3] = { 0, (double)INFINITY, (double)INFINITY };
    double last[3] = { 0, -(double)INFINITY, -(double)INFINITY };
    size_t n = t->n;

    qsort(t->items, n, sizeof t->items[0], by_start);
    for (size_t i = 0; i < n; i++) {
        const struct hep_timeline_item *it = &t->items[i];
        int visit = it->visit == 2 ? 2 : 1;
        double reached = last[visit];
        double idle = it->start_s - reached;

        t->scan_s += it->scan_s + it->rest_s;
        if (isfinite(idle) && idle >= IDLE_SHOWN_S)
            place_item(t,
                       (struct hep_timeline_item){ .label = "wait",
                                                   .series = -1,
                                                   .visit = it->visit,
                                                   .end_s = idle,
                                                   .centre_s = (double)NAN },
                       reached);
        if (isfinite(idle) && idle > 0)
            t->wait_s += idle;
        first[visit] = fmin(first[visit], it->start_s);
        last[visit] = fmax(reached, it->end_s);
    }
    for (long v = 1; v <= 2; v++)
        t->table_s += fmax(last[v] - first[v], 0);
    t->elapsed_s = fmax(last[1], last[2]) - fmin(first[1], first[2]);
    qsort(t->items, t->n, sizeof t->items[0], by_start);
}

void hep_timeline_make(struct hep_timeline *out, const struct hep_config *cfg)
{
    (void)memset(out, 0, sizeof *out);
    out->visits = 1;
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        if (cfg->series[s].expected && cfg->series[s].visit > out->visits)
            out->visits = cfg->series[s].visit;
    }
    place_first_visit(out, cfg);
    if (out->visits == 2)
        place_return_visit(out, cfg, 2, last_end(out, 1) + RETURN_GAP_S);
    add_pauses(out);
}
