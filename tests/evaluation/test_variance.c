/* Analysis of variance against scipy 1.10 (f_oneway, levene) and R 4.2 (oneway.test, pairwise.t.test) on the same
 * numbers; cut-offs worked out by hand. */
#include "support/support.h"

#include "evaluation/variance.h"

#include <math.h>

static struct hep_error e;
static const double a[] = { 1.1, 2.3, 1.9, 2.8, 1.4 };
static const double b[] = { 2.2, 3.9, 3.1, 4.4 };
static const double c[] = { 1.7, 2.0, 2.9, 3.3, 2.5, 2.1 };
static const struct hep_group groups[] = { { a, 5 }, { b, 4 }, { c, 6 } };

static void test_against_others(void **state)
{
    struct hep_variance v;
    struct hep_pair_test pair;

    (void)state;
    assert_ok(hep_variance_of(&v, groups, 3, &e), e);
    assert_close(v.anova.f, 4.7277332644, 1e-9, 0);
    assert_close(v.anova.p, 0.03060974436, 1e-8, 0);
    assert_close(v.levene_mean.f, 0.7766497462, 1e-9, 0);
    assert_close(v.levene_mean.p, 0.4817450546, 1e-8, 0);
    assert_close(v.levene_median.f, 0.7163226218, 1e-9, 0);
    assert_close(v.levene_median.p, 0.508297771, 1e-8, 0);
    assert_close(v.welch.f, 3.17510924716, 1e-9, 0);
    assert_close(v.welch.df_within, 6.617618788, 1e-9, 0);
    assert_close(v.welch.p, 0.107964016819, 1e-9, 0);
    hep_variance_pair(&pair, &v, &groups[0], &groups[1], 3);
    assert_close(pair.difference, -1.5, 1e-12, 0);
    assert_close(pair.lo, -2.5714188859, 1e-9, 0);
    assert_close(pair.hi, -0.4285811141, 1e-9, 0);
    assert_close(pair.p_lsd, 0.0100778678969, 1e-9, 0);
    assert_close(pair.p_bonferroni, 0.0302336036906, 1e-9, 0);
    hep_variance_pair(&pair, &v, &groups[0], &groups[2], 3);
    assert_close(pair.p_bonferroni, 0.8011715520479, 1e-9, 0);
}

static void test_refused(void **state)
{
    const double same[] = { 2.0, 2.0, 2.0 };
    const struct hep_group flat[] = { { same, 3 }, { same, 2 } };
    const struct hep_group single[] = { { a, 5 }, { b, 1 } };
    struct hep_variance v;

    (void)state;
    assert_fails(hep_variance_of(&v, groups, 1, &e), e, HEP_EDATA, "at least two");
    assert_fails(hep_variance_of(&v, single, 2, &e), e, HEP_EDATA, "group 2");
    assert_ok(hep_variance_of(&v, flat, 2, &e), e);
    assert_true(isnan(v.anova.f) && isnan(v.anova.p) && isnan(v.welch.p));
}

static void test_cut_off(void **state)
{
    const double positive[] = { 3.0, 4.0, 5.0, 2.0 };
    const double negative[] = { 1.0, 2.0, 1.5, 3.0, 0.5 };
    const struct hep_group p = { positive, 4 };
    const struct hep_group n = { negative, 5 };
    struct hep_cut_off cut;

    /* At 3: 3 of 4 found, 4 of 5 left alone, sum 1.55; at 2: 4 of 4 and 3 of 5, sum 1.6. */
    (void)state;
    assert_ok(hep_best_cut_off(&cut, &p, &n, 0, &e), e);
    assert_close(cut.value, 2.0, 0, 0);
    assert_close(cut.sensitivity, 1.0, 1e-12, 0);
    assert_close(cut.specificity, 0.6, 1e-12, 0);
    /* The same with the sides exchanged: positives lie below. */
    assert_ok(hep_best_cut_off(&cut, &n, &p, 1, &e), e);
    assert_close(cut.value, 1.5, 0, 0);
    assert_close(cut.sensitivity, 0.6, 1e-12, 0);
    assert_close(cut.specificity, 1.0, 1e-12, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_others),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
