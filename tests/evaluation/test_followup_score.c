/* Follow-ups against the truth: kappa by closed forms, counts and limits by hand. */
#include "support/support.h"

#include "evaluation/followup_score.h"
#include "evaluation/kappa.h"

#include <math.h>

/* po = 0.7, pe = 0.5, so that kappa is 0.4; independence gives 0, the diagonal 1. */
static void test_kappa(void **state)
{
    static const double two[] = { 20.0, 5.0, 10.0, 15.0 };
    static const double independent[] = { 6.0, 3.0, 4.0, 2.0 };
    static const double diagonal[] = { 3.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0 };
    /* po = 0.4; margins (0.4, 0.4, 0.2) and (0.5, 0.3, 0.2): pe = 0.36, kappa = 0.04 / 0.64 */
    static const double three[] = { 3.0, 1.0, 0.0, 1.0, 1.0, 2.0, 1.0, 1.0, 0.0 };
    static const double one[] = { 7.0, 0.0, 0.0, 0.0 }, none[4] = { 0.0 };

    (void)state;
    assert_close(hep_kappa(two, 2), 0.4, 1e-12, 0.0);
    assert_close(hep_kappa(independent, 2), 0.0, 0.0, 1e-12);
    assert_close(hep_kappa(diagonal, 3), 1.0, 1e-12, 0.0);
    assert_close(hep_kappa(three, 3), 0.0625, 1e-12, 0.0);
    assert_true(isnan(hep_kappa(one, 2)));
    assert_true(isnan(hep_kappa(none, 2)));
}

/* 100 cases in three categories (Fleiss, Levin and Paik, Statistical methods for rates and proportions, 2003, table 18.1:
 * po 0.89, pe 0.66, kappa 0.68). The standard error is that of the delta method, with the derivatives of kappa taken
 * numerically by another program. */
static void test_rated(void **state)
{
    static const double table[] = { 75.0, 1.0, 4.0, 5.0, 4.0, 1.0, 0.0, 0.0, 10.0 };
    static const double one[] = { 7.0, 0.0, 0.0, 0.0 };
    struct hep_rated r;

    (void)state;
    hep_rated_of(&r, table, 3);
    assert_true(r.n == 100 && r.same == 89);
    assert_close(r.share, 0.89, 1e-12, 0.0);
    assert_close(r.kappa.value, 0.23 / 0.34, 1e-12, 0.0);
    assert_close(r.se, 0.08770295, 1e-6, 0.0);
    assert_close(r.kappa.lo, 0.23 / 0.34 - 1.959964 * 0.08770295, 1e-6, 0.0);
    hep_rated_of(&r, one, 2);
    assert_true(r.n == 7 && r.same == 7 && isnan(r.kappa.value) && isnan(r.se));
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < (int)HEP_CHANGE_COUNT; i++)
        assert_int_equal(hep_change_of(hep_change_name((enum hep_change)i)), i);
    assert_int_equal(hep_change_of("smaller"), HEP_CHANGE_OTHER);
    assert_int_equal(hep_change_of(NULL), HEP_CHANGE_OTHER);
    for (int i = 0; i < (int)HEP_RESPONSE_COUNT; i++)
        assert_int_equal(hep_response_parse(hep_response_name((enum hep_response)i)), i);
    assert_int_equal(hep_response_parse("?"), HEP_RESPONSE_COUNT);
}

#define STABLE HEP_CHANGE_STABLE
#define NEW HEP_CHANGE_NEW
#define GONE HEP_CHANGE_VANISHED
#define NONE HEP_CHANGE_OTHER

static const struct hep_followed_lesion lesions[] = {
    /* patient, truth, called, found at both, one lesion, long axes, change of ADC: true, measured */
    { 0, STABLE, STABLE, true, true, true, 20.0, 20.0, 0.0, 4.0 },
    { 0, STABLE, HEP_CHANGE_GROWN, true, true, true, 7.0, 9.0, 10.0, 4.0 },
    { 0, STABLE, NEW, true, true, false, 12.0, 12.0, 0.0, (double)NAN },
    { 1, HEP_CHANGE_GROWN, HEP_CHANGE_GROWN, true, true, true, 12.0, 18.0, 20.0, 25.0 },
    { 1, HEP_CHANGE_GROWN, NONE, true, false, false, 12.0, 18.0, 20.0, (double)NAN },
    { 1, NEW, NEW, false, true, false, (double)NAN, 9.0, 0.0, (double)NAN },
    { 1, NEW, NONE, false, false, false, (double)NAN, 9.0, 0.0, (double)NAN },
    { 1, NEW, NEW, false, true, false, (double)NAN, 7.5, 0.0, (double)NAN },
    { 2, GONE, GONE, true, false, false, 10.0, (double)NAN, 0.0, (double)NAN },
    { 2, GONE, STABLE, true, false, false, 10.0, (double)NAN, 0.0, (double)NAN },
    { 2, HEP_CHANGE_ABLATED, HEP_CHANGE_GROWN, true, true, true, 20.0, 35.0, (double)NAN,
      (double)NAN },
    { 2, NONE, NEW, false, true, false, (double)NAN, (double)NAN, 0.0, (double)NAN },
};
#define R(name) HEP_RESPONSE_##name
static const struct hep_followed_visit visits[] = {
    { 0, true, true, 40.0, 42.0, (double)NAN, (double)NAN, R(COUNT), R(COUNT), 0 },
    { 0, false, true, 40.0, 41.0, 0.0, -2.5, R(SD), R(SD), 0 },
    { 1, true, false, 30.0, 30.0, (double)NAN, (double)NAN, R(COUNT), R(COUNT), 0 },
    { 1, false, false, 45.0, 48.0, 50.0, 60.0, R(PD), R(PD), 2 },
    { 2, true, true, 20.0, 19.0, (double)NAN, (double)NAN, R(COUNT), R(COUNT), 0 },
    { 2, false, true, 20.0, 26.0, 0.0, 36.0, R(SD), R(PD), 1 },
};
static const struct hep_followup_data data = { lesions, sizeof lesions / sizeof lesions[0], visits,
                                               sizeof visits / sizeof visits[0], 3 };

static void test_score(void **state)
{
    struct hep_followup_score s;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_followup_score(&s, &data, 200, 1, &e), e);
    assert_int_equal(s.n_pairs, 3);
    assert_int_equal(s.identity.k, 3);
    assert_int_equal(s.identity.n, 4);
    assert_int_equal(s.identity_8mm.k, 2);
    assert_int_equal(s.identity_8mm.n, 3);
    assert_int_equal(s.new_found_8mm.k, 1);
    assert_int_equal(s.new_found_8mm.n, 1);
    assert_int_equal(s.new_8mm.n, 2);
    assert_int_equal(s.event[STABLE].k, 1);
    assert_int_equal(s.event[STABLE].n, 3);
    assert_int_equal(s.event[GONE].k, 1);
    assert_int_equal(s.event[GONE].n, 2);
    assert_int_equal(s.event[NEW].n, 2);
    assert_int_equal(s.events[HEP_CHANGE_ABLATED][HEP_CHANGE_GROWN], 1);
    assert_close(s.false_new_per_pair.value, 1.0, 1e-12, 0.0);
    assert_int_equal(s.category.k, 2);
    assert_int_equal(s.category.n, 3);
    assert_int_equal(s.stable_sd.k, 1);
    assert_int_equal(s.stable_sd.n, 2);
    assert_int_equal(s.categories[R(SD)][R(PD)], 1);
    /* SD, PD and SD called SD, PD and PD: po = 2/3, pe = (2 x 1 + 1 x 2) / 9 */
    assert_close(s.kappa.value, (2.0 / 3.0 - 4.0 / 9.0) / (5.0 / 9.0), 1e-12, 0.0);
}

/* Differences of the sum: 2, 1, 0, 3, -1, 6; of its change: -2.5, 10, 36; of the ADC: 4, -6, 5. */
static void test_agreement(void **state)
{
    struct hep_followup_score s;
    struct hep_error e = { 0 };
    const double sd = sqrt((0.0278 + 0.6944 + 3.3611 + 1.3611 + 8.0278 + 17.3611) / 5.0);

    (void)state;
    assert_ok(hep_followup_score(&s, &data, 200, 1, &e), e);
    assert_int_equal(s.sum_mm.n, 6);
    assert_close(s.sum_mm.bias.value, 11.0 / 6.0, 1e-12, 0.0);
    assert_close(s.sum_mm.upper.value, 11.0 / 6.0 + 1.96 * sd, 1e-4, 0.0);
    assert_close(s.sum_mm.lower.value, 11.0 / 6.0 - 1.96 * sd, 1e-4, 0.0);
    assert_int_equal(s.change_percent.n, 3);
    assert_close(s.change_percent.bias.value, 14.5, 1e-12, 0.0);
    assert_int_equal(s.adc_change_percent.n, 3);
    assert_close(s.adc_change_percent.bias.value, 1.0, 1e-12, 0.0);
    /* SD of 4, -6, 5 is sqrt((9 + 49 + 16) / 2) */
    assert_close(s.adc_change_percent.upper.value, 1.0 + 1.96 * sqrt(37.0), 1e-12, 0.0);
}

/* A patient counts as a whole: of three patients with 0, 2 and 1 false new ones the mean of a
 * replicate lies between 0 and 2. */
static void test_intervals(void **state)
{
    struct hep_followup_score a, b;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_followup_score(&a, &data, 500, 7, &e), e);
    assert_ok(hep_followup_score(&b, &data, 500, 7, &e), e);
    assert_close(a.false_new_per_pair.lo, b.false_new_per_pair.lo, 0.0, 0.0);
    assert_true(a.false_new_per_pair.lo >= 0.0 && a.false_new_per_pair.hi <= 2.0);
    assert_true(a.false_new_per_pair.lo < 1.0 && a.false_new_per_pair.hi > 1.0);
}

/* Of one patient there is no interval. */
static void test_one_patient(void **state)
{
    const struct hep_followup_data alone = { lesions, 3, visits, 2, 1 };
    struct hep_followup_score s;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_followup_score(&s, &alone, 100, 1, &e), e);
    assert_close(s.sum_mm.bias.value, 1.5, 1e-12, 0.0);
    assert_true(isnan(s.sum_mm.bias.lo) && isnan(s.identity.by_patient[0]));
}

static void test_errors(void **state)
{
    struct hep_followup_data bad = data;
    struct hep_followup_score s;
    struct hep_error e = { 0 };

    (void)state;
    bad.n_patients = 2;
    assert_fails(hep_followup_score(&s, &bad, 10, 1, &e), e, HEP_EINVAL, "patient 2 of 2");
    e = (struct hep_error){ 0 };
    assert_fails(hep_followup_score(&s, &data, 0, 1, &e), e, HEP_EINVAL, "0 replicates");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kappa),       cmocka_unit_test(test_rated),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_score),
        cmocka_unit_test(test_agreement),   cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_one_patient), cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
