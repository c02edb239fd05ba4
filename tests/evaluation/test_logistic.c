/* Logistic regression with a pull, Dirichlet smoothing, and parts of a cross-validation. */
#include "support/support.h"

#include "evaluation/logistic.h"

#include <math.h>

/* Without features the constant is the logit of the share: 3 of 10. */
static void test_share(void **state)
{
    static const bool is_true[10] = { true, true, true };
    static const double centre[1] = { 0.0 }, penalty[1] = { 0.0 };
    const struct hep_logistic_cases cases = { .is_true = is_true, .n = 10 };
    struct hep_error e = { 0 };
    double b[1];

    (void)state;
    assert_ok(hep_logistic_fit(b, &cases, &(struct hep_logistic_pull){ centre, penalty }, &e), e);
    assert_close(b[0], log(3.0 / 7.0), 1e-9, 0);
}

/* A feature of two values is a table of 2 x 2: the coefficient is the log of the odds ratio. Counts
 * as weights: 12 true and 5 false at 1, 4 true and 9 false at 0. */
static void test_odds_ratio(void **state)
{
    static const double x[4] = { 1, 1, 0, 0 }, weight[4] = { 12, 5, 4, 9 };
    static const bool is_true[4] = { true, false, true, false };
    static const double centre[2] = { 0.0, 0.0 }, penalty[2] = { 0.0, 0.0 };
    const struct hep_logistic_cases cases = {
        .x = x, .weight = weight, .is_true = is_true, .n = 4, .k = 1
    };
    struct hep_error e = { 0 };
    double b[2];

    (void)state;
    assert_ok(hep_logistic_fit(b, &cases, &(struct hep_logistic_pull){ centre, penalty }, &e), e);
    assert_close(b[0], log(4.0 / 9.0), 1e-9, 0);
    assert_close(b[1], log(12.0 * 9.0 / (5.0 * 4.0)), 1e-9, 0);
}

/* Weights, offsets, penalty and a centre other than 0: the least value by scipy 1.10,
 * optimize.minimize (BFGS and Nelder-Mead agree to 8 digits). */
static void test_scipy(void **state)
{
    static const double x[16] = { 0.5,  -1.2, 1.5, 0.3, -0.7, 0.8,  2.1, -0.4,
                                  -1.3, 1.9,  0.2, 0.6, -0.4, -1.5, 1.1, 1.2 };
    static const double weight[8] = { 1, 2, 1, 1, 0.5, 1, 1, 1 };
    static const double offset[8] = { 0.2, -0.1, 0, 0.3, 0, 0.1, -0.2, 0.05 };
    static const bool is_true[8] = { true, true, false, true, false, false, true, true };
    static const double centre[3] = { 0.1, 0.5, -0.2 }, penalty[3] = { 0.0, 1.5, 0.7 };
    const struct hep_logistic_cases cases = { x, offset, weight, is_true, 8, 2 };
    struct hep_error e = { 0 };
    double b[3], loss = 0.0;

    (void)state;
    assert_ok(hep_logistic_fit(b, &cases, &(struct hep_logistic_pull){ centre, penalty }, &e), e);
    assert_close(b[0], 0.60414778, 0, 1e-7);
    assert_close(b[1], 1.10247479, 0, 1e-7);
    assert_close(b[2], -0.9766456, 0, 1e-7);
    for (size_t i = 0; i < 8; i++)
        loss += weight[i] * hep_logistic_loss(hep_logistic_log_odds(b, &cases, i), is_true[i]);
    for (size_t j = 1; j < 3; j++)
        loss += 0.5 * penalty[j] * (b[j] - centre[j]) * (b[j] - centre[j]);
    assert_close(loss, 2.731745467315112, 1e-9, 0);
}

/* A strong pull keeps the centre; separated cases without a pull have no least value. */
static void test_ends(void **state)
{
    static const double x[4] = { -2, -1, 1, 2 };
    static const bool is_true[4] = { false, false, true, true };
    static const double centre[2] = { 0.25, -0.75 }, strong[2] = { 1e9, 1e9 }, none[2] = { 0, 0 },
                        wrong[2] = { 0, -1 };
    struct hep_logistic_cases cases = { .x = x, .is_true = is_true, .n = 4, .k = 1 };
    struct hep_error e = { 0 };
    double b[2];

    (void)state;
    assert_ok(hep_logistic_fit(b, &cases, &(struct hep_logistic_pull){ centre, strong }, &e), e);
    assert_close(b[0], 0.25, 0, 1e-6);
    assert_close(b[1], -0.75, 0, 1e-6);
    assert_fails(hep_logistic_fit(b, &cases, &(struct hep_logistic_pull){ centre, none }, &e), e,
                 HEP_EDATA, "no least value");
    e = (struct hep_error){ 0 };
    assert_fails(hep_logistic_fit(b, &cases, &(struct hep_logistic_pull){ centre, wrong }, &e), e,
                 HEP_EINVAL, "penalty -1");
    e = (struct hep_error){ 0 };
    cases.n = 0;
    assert_fails(hep_logistic_fit(b, &cases, &(struct hep_logistic_pull){ centre, strong }, &e), e,
                 HEP_EINVAL, "no cases");
}

static void test_loss(void **state)
{
    (void)state;
    assert_close(hep_sigmoid(log(3.0)), 0.75, 1e-15, 0);
    assert_close(hep_sigmoid(-800.0), 0.0, 0, 0);
    assert_close(hep_logistic_loss(log(3.0), true), log(4.0 / 3.0), 1e-14, 0);
    assert_close(hep_logistic_loss(log(3.0), false), log(4.0), 1e-14, 0);
    assert_close(hep_logistic_loss(-800.0, true), 800.0, 1e-15, 0);
}

/* By hand: (3 + 4 * 0.5) / (4 + 4), (1 + 4 * 0.3) / 8, (0 + 4 * 0.2) / 8. Without cases the mean is
 * the one before. */
static void test_dirichlet(void **state)
{
    static const double counts[3] = { 3.0, 1.0, 0.0 }, before[3] = { 0.5, 0.3, 0.2 }, none[3];
    double out[3];

    (void)state;
    hep_dirichlet_mean(out, counts, before, 4.0, 3);
    assert_close(out[0], 0.625, 1e-15, 0);
    assert_close(out[1], 0.275, 1e-15, 0);
    assert_close(out[2], 0.1, 1e-15, 0);
    hep_dirichlet_mean(out, none, before, 4.0, 3);
    for (int i = 0; i < 3; i++)
        assert_close(out[i], before[i], 1e-15, 0);
}

/* Every patient is in one part, and no part is more than one patient larger than another. */
static void test_folds(void **state)
{
    size_t n[5] = { 0 };

    (void)state;
    for (size_t patient = 0; patient < 23; patient++) {
        assert_true(hep_fold_of(patient, 5) < 5);
        n[hep_fold_of(patient, 5)]++;
    }
    for (int k = 0; k < 5; k++)
        assert_true(n[k] == 4 || n[k] == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share), cmocka_unit_test(test_odds_ratio),
        cmocka_unit_test(test_scipy), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_loss),  cmocka_unit_test(test_dirichlet),
        cmocka_unit_test(test_folds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
