#include "sequences/series_build.h"

#include "base/alloc.h"
#include "base/text.h"
#include "sequences/lines.h"

#include <math.h>

static const double day_s = 86400.0;

/** Default windows after injection, domain of T1-weighted liver phases; between them no role is
 * given. */
static const struct window {
    double from_s, to_s;
    enum hep_role role;
} windows[] = {
    { -86400.0, -1.0, HEP_ROLE_PRECONTRAST },   { 15.0, 50.0, HEP_ROLE_ARTERIAL },
    { 50.0, 120.0, HEP_ROLE_PORTAL_VENOUS },    { 120.0, 420.0, HEP_ROLE_DELAYED },
    { 600.0, 10800.0, HEP_ROLE_HEPATOBILIARY },
};
/** Nominal times, Maino 2023, World J Gastroenterol 29:5180; of the hepatobiliary phase from the
 * earliest agent to the latest. */
static const struct window nominal[] = {
    { 30.0, 40.0, HEP_ROLE_ARTERIAL },         { 60.0, 80.0, HEP_ROLE_PORTAL_VENOUS },
    { 180.0, 300.0, HEP_ROLE_DELAYED },        { 180.0, 300.0, HEP_ROLE_TRANSITIONAL },
    { 900.0, 7200.0, HEP_ROLE_HEPATOBILIARY },
};
enum { POINTS_TIME = 40, POINTS_ORDER = 32, LEAST_IN_ORDER = 3 };
static const double late_gap_s = 480.0; /* a pause that long comes before the hepatobiliary phase */

static double start_of(const struct hep_acquisition *a)
{
    return a->acquisition_time_s + (isnan(a->trigger_delay_s) ? 0.0 : a->trigger_delay_s);
}

/** Time that orders acquisitions: the time of day, without it the time since a trigger that all have in common. */
static double order_of(const struct hep_acquisition *a)
{
    return isnan(a->acquisition_time_s) ? a->trigger_delay_s : start_of(a);
}

double hep_clock_since_injection(const struct hep_acquisition *a, double injection_time_s)
{
    double t = start_of(a) - injection_time_s;

    if (t < -0.5 * day_s)
        return t + day_s;
    return t > 0.5 * day_s ? t - day_s : t;
}

double hep_time_off_nominal(const struct hep_series *s)
{
    const double t = s->time_since_injection_s;

    for (size_t i = 0; i < sizeof nominal / sizeof nominal[0]; i++)
        if (nominal[i].role == s->role && !isnan(t))
            return fmax(fmax(nominal[i].from_s - t, t - nominal[i].to_s), 0.0);
    return (double)NAN;
}

static double time_of(const struct hep_acquisition *a, double injection_time_s)
{
    return isnan(a->time_since_injection_s) ? hep_clock_since_injection(a, injection_time_s)
                                            : a->time_since_injection_s;
}

static bool is_unnamed_t1(const struct hep_study_file *c)
{
    return !c->derivative && c->info.nt == 1 && hep_study_file_is_t1(c) &&
           hep_study_file_best(c) == HEP_ROLE_UNKNOWN;
}

static int score_by_window(struct hep_study_file *c, double t, struct hep_error *err)
{
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        if (t >= windows[i].from_s && t < windows[i].to_s)
            return hep_study_file_add(c, windows[i].role, POINTS_TIME, err,
                                      "%.0f s after injection", t);
    return HEP_OK;
}

static bool near(double a, double b, double relative)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= relative * fabs(b);
}

/** The same sequence played again. */
static bool same_sequence(const struct hep_study_file *a, const struct hep_study_file *b)
{
    const struct hep_acquisition *p = &a->acquisition, *q = &b->acquisition;

    for (int k = 0; k < 3; k++)
        if (a->info.grid.n[k] != b->info.grid.n[k])
            return false;
    return a->kind == b->kind && near(p->te_s, q->te_s, 0.05) && near(p->tr_s, q->tr_s, 0.05) &&
           near(p->flip_rad, q->flip_rad, 0.05);
}

static int by_start(const void *pa, const void *pb)
{
    const struct hep_study_file *const *a = pa;
    const struct hep_study_file *const *b = pb;
    double x = order_of(&(*a)->acquisition), y = order_of(&(*b)->acquisition);

    return x != y ? (x < y ? -1 : 1) : hep_natural_cmp((*a)->rel, (*b)->rel);
}

/** @param[in] skipped phases that come before the first part: 1 when the image before contrast is
 * known by its name */
static enum hep_role role_in_order(struct hep_study_file *const *part, size_t i, size_t skipped)
{
    static const enum hep_role order[] = { HEP_ROLE_PRECONTRAST, HEP_ROLE_ARTERIAL,
                                           HEP_ROLE_PORTAL_VENOUS, HEP_ROLE_DELAYED };

    for (size_t k = 2 - skipped; k <= i; k++)
        if (order_of(&part[k]->acquisition) - order_of(&part[k - 1]->acquisition) >= late_gap_s)
            return HEP_ROLE_HEPATOBILIARY;
    return order[i + skipped < 3 ? i + skipped : 3];
}

static int score_run(struct hep_study_file **part, size_t n, size_t skipped, struct hep_error *err)
{
    int rc = HEP_OK;

    qsort(part, n, sizeof(struct hep_study_file *), by_start);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        rc = hep_study_file_add(part[i], role_in_order(part, i, skipped), POINTS_ORDER, err,
                                "number %zu of %zu series of this sequence by %s", i + 1, n,
                                isnan(part[i]->acquisition.acquisition_time_s) ? "TriggerTime"
                                                                               : "AcquisitionTime");
        if (rc == HEP_OK)
            rc = hep_lines_addf(&part[i]->warnings, err,
                                "role from the order of acquisition only: check it");
    }
    return rc;
}

static bool can_be_ordered(const struct hep_study_file *c)
{
    return is_unnamed_t1(c) && !isnan(order_of(&c->acquisition)) &&
           c->score[HEP_ROLE_OPPOSED] <= 0.0 && c->score[HEP_ROLE_IN_PHASE] <= 0.0;
}

/** Whether the same sequence was played before `first` and is named as precontrast. */
static bool has_named_precontrast(const struct hep_study_files *c,
                                  const struct hep_study_file *first)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct hep_study_file *f = &c->item[i];

        if (!f->derivative && f->info.nt == 1 && hep_study_file_best(f) == HEP_ROLE_PRECONTRAST &&
            same_sequence(f, first) && order_of(&f->acquisition) < order_of(&first->acquisition))
            return true;
    }
    return false;
}

static int score_by_order(struct hep_study_files *c, struct hep_study_file **part,
                          struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        bool distinct = true;
        size_t n = 0;

        if (!can_be_ordered(&c->item[i]))
            continue;
        for (size_t k = i; k < c->n; k++)
            if (can_be_ordered(&c->item[k]) && same_sequence(&c->item[i], &c->item[k]) &&
                isnan(c->item[i].acquisition.acquisition_time_s) ==
                    isnan(c->item[k].acquisition.acquisition_time_s))
                part[n++] = &c->item[k];
        if (n < LEAST_IN_ORDER)
            continue;
        qsort(part, n, sizeof(struct hep_study_file *), by_start);
        for (size_t k = 1; k < n; k++)
            distinct =
                distinct && order_of(&part[k]->acquisition) > order_of(&part[k - 1]->acquisition);
        if (distinct)
            rc = score_run(part, n, has_named_precontrast(c, part[0]) ? 1 : 0, err);
    }
    return rc;
}

int hep_order_score(struct hep_study_files *c, double injection_time_s, struct hep_error *err)
{
    struct hep_study_file **part =
        hep_calloc(c->n ? c->n : 1, sizeof(struct hep_study_file *), err);
    int rc = HEP_OK;

    if (part == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        double t = time_of(&c->item[i].acquisition, injection_time_s);

        if (is_unnamed_t1(&c->item[i]) && !isnan(t))
            rc = score_by_window(&c->item[i], t, err);
    }
    if (rc == HEP_OK)
        rc = score_by_order(c, part, err);
    free(part);
    return rc;
}

/* ---- times of series ---- */

static void set_all(struct hep_series *s, double t)
{
    for (size_t i = 0; i < s->nt; i++)
        s->frame[i].time_s = t;
}

/** Frame times of the sidecar, relative to the start of the acquisition at `start` after injection.
 */
static void add_frame_times(struct hep_series *s, double start)
{
    const struct hep_acquisition *a = &s->acquisition;

    for (size_t i = 0; i < s->nt; i++)
        s->frame[i].time_s = s->frame[i].volume < a->n_frame_times
                                 ? start + a->frame_times_s[s->frame[i].volume]
                                 : (double)NAN;
}

static void fill_series(struct hep_series *s, double injection_time_s)
{
    const struct hep_acquisition *a = &s->acquisition;
    double clock = hep_clock_since_injection(a, injection_time_s);
    bool frames = a->n_frame_times > 0 && s->n_paths == 1;

    if (s->time_source != HEP_TIME_UNKNOWN)
        return;
    if (!isnan(a->time_since_injection_s)) {
        s->time_source = HEP_TIME_SIDECAR;
        if (frames)
            add_frame_times(s, a->time_since_injection_s);
        else if (s->role != HEP_ROLE_DYNAMIC)
            set_all(s, a->time_since_injection_s);
    } else if (!isnan(clock) && frames) {
        s->time_source = HEP_TIME_FRAMES;
        add_frame_times(s, clock);
    } else if (!isnan(clock) && s->nt == 1) {
        s->time_source = HEP_TIME_CLOCK;
        set_all(s, clock);
    } else if (hep_role_is_t1_phase(s->role)) {
        s->time_source = HEP_TIME_ASSUMED;
    }
}

static double mean_time(const struct hep_series *s)
{
    double sum = 0.0;

    for (size_t i = 0; i < s->nt; i++)
        sum += s->frame[i].time_s;
    return s->nt > 0 ? sum / (double)s->nt : (double)NAN;
}

static int explain(struct hep_series *s, struct hep_error *err)
{
    if (s->role == HEP_ROLE_DYNAMIC && s->nt > 1 && isnan(s->frame[0].time_s))
        return hep_lines_addf(&s->warnings, err,
                              "times of its %zu volumes after injection are unknown; give "
                              "injection_time or frame_times_s in study.yml",
                              s->nt);
    if (s->time_source == HEP_TIME_ASSUMED && hep_role_is_post_contrast(s->role))
        return hep_lines_addf(&s->warnings, err, "timing assumed: only the phase's name is known");
    if (s->role == HEP_ROLE_PRECONTRAST && s->time_since_injection_s > 0.0)
        return hep_lines_addf(&s->warnings, err,
                              "contradiction: precontrast, but %.0f s after injection",
                              s->time_since_injection_s);
    if (hep_role_is_post_contrast(s->role) && s->time_since_injection_s <= 0.0)
        return hep_lines_addf(&s->warnings, err, "contradiction: %s, but %.0f s before injection",
                              hep_role_words(s->role), fabs(s->time_since_injection_s));
    return HEP_OK;
}

int hep_times_fill(struct hep_inventory *inv, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++) {
        struct hep_series *s = &inv->series[i];

        fill_series(s, inv->injection_time_s);
        if (s->role != HEP_ROLE_DYNAMIC)
            s->time_since_injection_s = mean_time(s);
        rc = explain(s, err);
    }
    return rc;
}
