/* Changes against their repeatability, refusals, and patterns; every verdict follows from the numbers beside it. */
#include "followup/change.h"
#include "followup/pattern.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct hep_visit_acquisition usual(void)
{
    struct hep_visit_acquisition a = {
        .agent = "gadoxetate", .field_t = 3.0, .b_s_per_mm2 = { 50, 400, 800 }, .n_b = 3
    };

    a.role[HEP_ROLE_HEPATOBILIARY] = a.role[HEP_ROLE_PRECONTRAST] = a.role[HEP_ROLE_ARTERIAL] =
        (struct hep_role_acquisition){ true, 12.0, 0.004, 0.0019, 0.0 };
    return a;
}

/* The verdict on one value of one lesion at two visits; `se` is the standard error of its ADC at either, NaN for none. */
static struct hep_change verdict_of(enum hep_change_of of, double before, double after,
                                    const struct hep_visit_acquisition *b, double axis_mm,
                                    double se)
{
    struct hep_finding finding = { 0 };
    struct hep_visit_lesion lesion = { .finding = &finding, .kept = true };
    const struct hep_visit visits[2] = { { .lesions = &lesion, .n = 1 },
                                         { .lesions = &lesion, .n = 1 } };
    struct hep_track_visit at[2] = { { .n = 1, .long_axis_mm = axis_mm },
                                     { .n = 1, .long_axis_mm = axis_mm + 1.0 } };
    struct hep_track track = { .identity = "F01", .visit = at };
    const struct hep_tracks tracks = { &track, 1, 2 };
    const struct hep_visit_acquisition acquisitions[2] = { usual(), *b };
    double values[2 * HEP_CHANGE_N];
    struct hep_changes changes;
    struct hep_change out;

    hep_measures_set(&finding.measures, HEP_M_ADC_SE, se);
    hep_measures_set(&finding.measures, HEP_M_ADC_RIM_SE, se);
    for (size_t i = 0; i < 2 * HEP_CHANGE_N; i++)
        values[i] = (double)NAN;
    values[of] = before;
    values[HEP_CHANGE_N + of] = after;
    assert_int_equal(hep_changes_make(&changes, &tracks, visits, values, acquisitions,
                                      &hep_followup_settings_default, NULL),
                     HEP_OK);
    assert_int_equal(changes.n, 1);
    out = changes.list[0];
    hep_changes_release(&changes);
    return out;
}

static struct hep_change verdict(enum hep_change_of of, double before, double after,
                                 const struct hep_visit_acquisition *b)
{
    return verdict_of(of, before, after, b, 25.0, (double)NAN);
}

/* Standard errors of 0.2e-3 at both visits: 1.96 sqrt(2) 0.2e-3 = 0.554e-3 is 55 % of 1.00e-3, and 0.05e-3 gives 14 %. */
static void small_lesions_are_less_repeatable(void **state)
{
    static const struct {
        enum hep_change_of of;
        double axis_mm, se, after;
        enum hep_change_verdict want;
        double limit;
    } rows[] = {
        { HEP_CHANGE_ADC, 12.0, 0.2e-3, 1.54e-3, HEP_CHANGE_WITHIN, 0.554372 },
        { HEP_CHANGE_ADC, 12.0, 0.2e-3, 1.56e-3, HEP_CHANGE_REAL, 0.554372 },
        { HEP_CHANGE_ADC, 12.0, 0.05e-3, 1.28e-3, HEP_CHANGE_REAL, 0.27 },
        { HEP_CHANGE_ADC, 12.0, 0.05e-3, 1.26e-3, HEP_CHANGE_WITHIN, 0.27 },
        { HEP_CHANGE_ADC, 25.0, 0.2e-3, 1.54e-3, HEP_CHANGE_REAL, 0.27 },
        { HEP_CHANGE_ADC, 12.0, (double)NAN, 1.54e-3, HEP_CHANGE_UNKNOWN, 0.27 },
        { HEP_CHANGE_ADC, 12.0, (double)NAN, 1.20e-3, HEP_CHANGE_WITHIN, 0.27 },
        { HEP_CHANGE_ADC_MEAN, 12.0, 0.2e-3, 1.54e-3, HEP_CHANGE_UNKNOWN, 0.27 },
        { HEP_CHANGE_ADC_RIM, 25.0, 0.2e-3, 1.54e-3, HEP_CHANGE_WITHIN, 0.554372 },
        { HEP_CHANGE_ADC_RIM, 25.0, 0.2e-3, 1.56e-3, HEP_CHANGE_UNKNOWN, (double)NAN },
    };
    const struct hep_visit_acquisition same = usual();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct hep_change c =
            verdict_of(rows[i].of, 1.0e-3, rows[i].after, &same, rows[i].axis_mm, rows[i].se);

        assert_int_equal(c.verdict, rows[i].want);
        if (isnan(rows[i].limit))
            assert_true(isnan(c.coefficient));
        else
            assert_close(c.coefficient, rows[i].limit, 1e-5, 0.0);
        assert_true(strlen(c.reason) > 0);
    }
}

/* QIBA: 27 % of 1.00e-3 is 1.27e-3. Fat: 4.2 points. No number for RTE. */
static void against_repeatability(void **state)
{
    const struct hep_visit_acquisition same = usual();

    (void)state;
    assert_int_equal(verdict(HEP_CHANGE_ADC, 1.00e-3, 1.28e-3, &same).verdict, HEP_CHANGE_REAL);
    assert_int_equal(verdict(HEP_CHANGE_ADC, 1.00e-3, 1.26e-3, &same).verdict, HEP_CHANGE_WITHIN);
    assert_int_equal(verdict(HEP_CHANGE_ADC, 1.00e-3, 0.72e-3, &same).verdict, HEP_CHANGE_REAL);
    assert_int_equal(verdict(HEP_CHANGE_FAT, 0.05, 0.10, &same).verdict, HEP_CHANGE_REAL);
    assert_int_equal(verdict(HEP_CHANGE_FAT, 0.05, 0.08, &same).verdict, HEP_CHANGE_WITHIN);
    assert_int_equal(verdict(HEP_CHANGE_RTE, 0.1, 0.9, &same).verdict, HEP_CHANGE_UNKNOWN);
}

/* A gain of 1.2 that is left in makes an enhancement of 0.1 one of 0.32; signals of one series against
 * each other do not know it. */
static void suspect_gain(void **state)
{
    struct hep_visit_acquisition b = usual();

    (void)state;
    b.role[HEP_ROLE_HEPATOBILIARY].gain = 1.2;
    assert_int_equal(verdict(HEP_CHANGE_RTE, 0.1, 0.32, &b).verdict, HEP_CHANGE_REFUSED);
    assert_non_null(strstr(verdict(HEP_CHANGE_RTE, 0.1, 0.32, &b).reason, "1.20"));
    assert_int_not_equal(verdict(HEP_CHANGE_HBP_RATIO, 0.5, 0.6, &b).verdict, HEP_CHANGE_REFUSED);
    assert_int_not_equal(verdict(HEP_CHANGE_ARTERIAL_RE, 0.5, 0.6, &b).verdict, HEP_CHANGE_REFUSED);
    b.role[HEP_ROLE_ARTERIAL].gain = 0.8;
    assert_int_equal(verdict(HEP_CHANGE_ARTERIAL_RE, 0.5, 0.6, &b).verdict, HEP_CHANGE_REFUSED);
}

static void refusals(void **state)
{
    struct hep_visit_acquisition b = usual();
    struct hep_change c;

    (void)state;
    b.b_s_per_mm2[2] = 600.0;
    c = verdict(HEP_CHANGE_ADC, 1.0e-3, 2.0e-3, &b);
    assert_int_equal(c.verdict, HEP_CHANGE_REFUSED);
    assert_true(isnan(c.change) && isnan(c.share));
    assert_non_null(strstr(c.reason, "50, 400, 800 and 50, 400, 600"));
    assert_int_equal(verdict(HEP_CHANGE_RTE, 0.1, 0.9, &b).verdict, HEP_CHANGE_UNKNOWN);
    b = usual();
    b.field_t = 1.5;
    assert_int_equal(verdict(HEP_CHANGE_ADC, 1.0e-3, 2.0e-3, &b).verdict, HEP_CHANGE_REFUSED);
    b.field_t = 2.89;
    assert_int_equal(verdict(HEP_CHANGE_ADC, 1.0e-3, 2.0e-3, &b).verdict, HEP_CHANGE_REAL);
    b = usual();
    (void)snprintf(b.agent, sizeof b.agent, "gadobenate");
    c = verdict(HEP_CHANGE_RTE, 0.1, 0.9, &b);
    assert_int_equal(c.verdict, HEP_CHANGE_REFUSED);
    assert_non_null(strstr(c.reason, "gadoxetate and gadobenate"));
    assert_int_equal(verdict(HEP_CHANGE_ADC, 1.0e-3, 2.0e-3, &b).verdict, HEP_CHANGE_REAL);
    b = usual();
    b.role[HEP_ROLE_HEPATOBILIARY].flip_deg = 30.0;
    c = verdict(HEP_CHANGE_RTE, 0.1, 0.9, &b);
    assert_int_equal(c.verdict, HEP_CHANGE_REFUSED);
    assert_non_null(strstr(c.reason, "flip angles"));
    assert_int_equal(verdict(HEP_CHANGE_ARTERIAL_RE, 0.1, 0.9, &b).verdict, HEP_CHANGE_UNKNOWN);
}

static double adc_limit = 0.27; /* of the lesion in the patterns */

/* Four lesions: what they do at the second visit, and the livers. */
static void judge(struct hep_pattern *out, const enum hep_event *events, size_t n, double days,
                  double adc_share, const struct hep_visit_liver livers[2])
{
    struct hep_track_visit at[4][2] = { { { .n = 1 } } };
    struct hep_track track[4] = { { .first = 0 } };
    const struct hep_tracks tracks = { track, n, 2 };
    const struct hep_visit visits[2] = { { .session = "a" }, { .session = "b", .days = days } };
    struct hep_change adc = { .track = 0,
                              .visit = 1,
                              .of = HEP_CHANGE_ADC,
                              .share = adc_share,
                              .coefficient = adc_limit,
                              .verdict = fabs(adc_share) > adc_limit ? HEP_CHANGE_REAL
                                                                     : HEP_CHANGE_WITHIN };
    const struct hep_changes changes = { &adc, 1 };

    for (size_t i = 0; i < n; i++) {
        track[i].visit = at[i];
        at[i][1].state = events[i];
    }
    hep_patterns_judge(out, &tracks, visits, &changes, livers, NULL, 0,
                       &hep_followup_settings_default);
}

static void patterns(void **state)
{
    static const enum hep_event one_grows[] = { HEP_EVENT_GROWN, HEP_EVENT_SHRUNK, HEP_EVENT_STABLE,
                                                HEP_EVENT_SHRUNK };
    static const enum hep_event most_grow[] = { HEP_EVENT_GROWN, HEP_EVENT_GROWN, HEP_EVENT_STABLE,
                                                HEP_EVENT_GROWN };
    static const enum hep_event all_stable[] = { HEP_EVENT_STABLE, HEP_EVENT_STABLE };
    const struct hep_visit_liver same[2] = { { 1500.0, 1.8 }, { 1480.0, 1.8 } },
                                 shrunk[2] = { { 1500.0, 1.8 }, { 1200.0, 2.2 } };
    struct hep_pattern p[HEP_PATTERN_N];

    (void)state;
    judge(p, one_grows, 4, 56.0, 0.5, same);
    assert_int_equal(p[HEP_PATTERN_OLIGOPROGRESSION].state, HEP_FLAG_PRESENT);
    assert_close(p[HEP_PATTERN_OLIGOPROGRESSION].value, 25.0, 1e-12, 0.0);
    assert_int_equal(p[HEP_PATTERN_DISSOCIATED].state, HEP_FLAG_PRESENT);
    assert_int_equal(p[HEP_PATTERN_EARLY_ADC_RISE].state,
                     HEP_FLAG_NOT_ASSESSABLE); /* 56 days are late */
    assert_int_equal(p[HEP_PATTERN_PSEUDOCIRRHOSIS].state, HEP_FLAG_ABSENT);
    judge(p, most_grow, 4, 56.0, 0.5, shrunk);
    assert_int_equal(p[HEP_PATTERN_OLIGOPROGRESSION].state, HEP_FLAG_ABSENT);
    assert_int_equal(p[HEP_PATTERN_DISSOCIATED].state, HEP_FLAG_ABSENT);
    assert_int_equal(p[HEP_PATTERN_PSEUDOCIRRHOSIS].state, HEP_FLAG_PRESENT);
    assert_close(p[HEP_PATTERN_PSEUDOCIRRHOSIS].value, 20.0, 1e-9, 0.0);
    adc_limit = 0.55; /* of a small lesion: 35 % is within its repeatability */
    judge(p, all_stable, 2, 7.0, 0.35, same);
    assert_int_equal(p[HEP_PATTERN_EARLY_ADC_RISE].state, HEP_FLAG_ABSENT);
    assert_close(p[HEP_PATTERN_EARLY_ADC_RISE].limit, 55.0, 1e-9, 0.0);
    adc_limit = 0.27;
    judge(p, all_stable, 2, 7.0, 0.35, same);
    assert_int_equal(p[HEP_PATTERN_EARLY_ADC_RISE].state, HEP_FLAG_PRESENT);
    judge(p, all_stable, 2, 7.0, 0.2, same);
    assert_int_equal(p[HEP_PATTERN_EARLY_ADC_RISE].state, HEP_FLAG_ABSENT);
    judge(p, all_stable, 1, 7.0, 0.2, same);
    assert_int_equal(p[HEP_PATTERN_OLIGOPROGRESSION].state, HEP_FLAG_NOT_ASSESSABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_repeatability),
        cmocka_unit_test(small_lesions_are_less_repeatable),
        cmocka_unit_test(suspect_gain),
        cmocka_unit_test(refusals),
        cmocka_unit_test(patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
