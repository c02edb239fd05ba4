#include "support/support.h"

#include "base/alloc.h"
#include "evaluation/agreement.h"
#include "evaluation/assign.h"
#include "evaluation/bootstrap.h"
#include "evaluation/calibration.h"
#include "evaluation/proportion.h"
#include "base/rng.h"

#include <math.h>

/* ---- Wilson: Newcombe, Stat Med 1998;17:857-872, table I, method 3 -----------------------------
 */

struct wilson_case {
    const char *name;
    size_t k, n;
    double lo, hi;
};
static struct wilson_case wilson_cases[] = {
    { "Wilson 81 of 263", 81, 263, 0.2553, 0.3662 },
    { "Wilson 15 of 148", 15, 148, 0.0624, 0.1605 },
    { "Wilson 0 of 20", 0, 20, 0.0, 0.1611 },
    { "Wilson 1 of 29", 1, 29, 0.0061, 0.1718 },
};

static void test_wilson(void **state)
{
    const struct wilson_case *c = *state;
    const struct hep_proportion p = hep_wilson(c->k, c->n), q = hep_wilson(c->n - c->k, c->n);

    assert_close(p.value, (double)c->k / (double)c->n, 1e-15, 0.0);
    assert_close(p.lo, c->lo, 0.0, 5e-5);
    assert_close(p.hi, c->hi, 0.0, 5e-5);
    assert_close(q.lo, 1.0 - p.hi, 0.0, 1e-12);
    assert_close(q.hi, 1.0 - p.lo, 0.0, 1e-12);
}

static void test_wilson_of_nothing(void **state)
{
    const struct hep_proportion p = hep_wilson(0, 0);

    (void)state;
    assert_true(isnan(p.value) && isnan(p.lo) && isnan(p.hi));
}

/* ---- McNemar: 2 * sum of C(n, i) / 2^n, by hand ------------------------------------------------
 */

struct mcnemar_case {
    const char *name;
    size_t b, c;
    double p;
};
static struct mcnemar_case mcnemar_cases[] = {
    { "McNemar 1 against 8: 20 / 512", 1, 8, 0.0390625 },
    { "McNemar 8 against 1", 8, 1, 0.0390625 },
    { "McNemar 0 against 5: 2 / 32", 0, 5, 0.0625 },
    { "McNemar 3 against 3 is no more than 1", 3, 3, 1.0 },
    { "McNemar without discordant pairs", 0, 0, 1.0 },
};

static void test_mcnemar(void **state)
{
    const struct mcnemar_case *c = *state;

    assert_close(hep_mcnemar_exact(c->b, c->c), c->p, 1e-12, 0.0);
}

/* ---- assignment --------------------------------------------------------------------------------
 */

struct best {
    const double *cost;
    size_t rows, columns, pairs;
    double total;
    bool taken[8];
};

/* Every way of pairing rows from `row` on: most pairs first, then least cost.
 * NOLINTNEXTLINE(misc-no-recursion) */
static void try_all(struct best *b, size_t row, size_t pairs, double total)
{
    if (row == b->rows) {
        if (pairs > b->pairs || (pairs == b->pairs && total < b->total)) {
            b->pairs = pairs;
            b->total = total;
        }
        return;
    }
    try_all(b, row + 1, pairs, total);
    for (size_t c = 0; c < b->columns; c++) {
        const double cost = b->cost[row * b->columns + c];

        if (b->taken[c] || !isfinite(cost))
            continue;
        b->taken[c] = true;
        try_all(b, row + 1, pairs + 1, total + cost);
        b->taken[c] = false;
    }
}

static void test_assign_against_all_ways(void **state)
{
    struct hep_rng rng = { 11, hep_rng_stream("assign"), 0 };
    struct hep_error e = { 0 };

    (void)state;
    for (int round = 0; round < 400; round++) {
        const size_t rows = (size_t)hep_rng_next_range(&rng, 1.0, 7.0);
        const size_t columns = (size_t)hep_rng_next_range(&rng, 1.0, 7.0);
        double cost[36], total = 0.0;
        size_t column[6], pairs = 0;
        bool used[6] = { false };
        struct best b = { .cost = cost, .rows = rows, .columns = columns };

        for (size_t i = 0; i < rows * columns; i++)
            cost[i] = hep_rng_next(&rng) < 0.4 ? (double)INFINITY
                                               : floor(hep_rng_next_range(&rng, 0.0, 30.0));
        try_all(&b, 0, 0, 0.0);
        assert_ok(hep_assign(column, cost, rows, columns, &e), e);
        for (size_t r = 0; r < rows; r++) {
            if (column[r] == HEP_UNASSIGNED)
                continue;
            assert_true(column[r] < columns && !used[column[r]]);
            used[column[r]] = true;
            total += cost[r * columns + column[r]];
            pairs++;
        }
        assert_int_equal(pairs, b.pairs);
        assert_close(total, b.total, 1e-12, 1e-12);
    }
}

/* Greedy by distance would take 1 for row 0 and leave row 1 alone. */
static void test_assign_prefers_more_pairs(void **state)
{
    const double cost[] = { 1.0, 9.0, 2.0, (double)INFINITY };
    struct hep_error e = { 0 };
    size_t column[2];

    (void)state;
    assert_ok(hep_assign(column, cost, 2, 2, &e), e);
    assert_int_equal(column[0], 1);
    assert_int_equal(column[1], 0);
}

static void test_assign_errors(void **state)
{
    const double bad[] = { 1.0, -2.5, (double)NAN, 0.0 };
    struct hep_error e = { 0 };
    size_t column[2] = { 7, 7 };

    (void)state;
    assert_fails(hep_assign(column, bad, 1, 2, &e), e, HEP_EINVAL, "-2.5");
    assert_fails(hep_assign(column, bad + 2, 1, 1, &e), e, HEP_EINVAL, "nan");
    hep_alloc_fail_at(1);
    assert_fails(hep_assign(column, bad + 3, 1, 1, &e), e, HEP_ENOMEM, NULL);
    hep_alloc_fail_at(0);
    assert_ok(hep_assign(column, NULL, 2, 0, &e), e);
    assert_true(column[0] == HEP_UNASSIGNED && column[1] == HEP_UNASSIGNED);
}

/* ---- agreement: Bland and Altman, Lancet 1986;327:307-310, first readings of two meters --------
 */

static const double wright[17] = { 494, 395, 516, 434, 476, 557, 413, 442, 650,
                                   433, 417, 656, 267, 478, 178, 423, 427 };
static const double mini[17] = { 512, 430, 520, 428, 500, 600, 364, 380, 658,
                                 445, 432, 626, 260, 477, 259, 350, 451 };

static void test_bland_altman(void **state)
{
    struct hep_agreement a;

    (void)state;
    hep_agreement_of(&a, wright, mini, 17);
    assert_int_equal(a.n, 17);
    assert_close(a.bias, -2.1, 0.0, 0.05);
    assert_close(a.sd, 38.8, 0.0, 0.05);
    /* printed with 2 SD: -79.7 to 75.5 */
    assert_close(a.bias - 2.0 * a.sd, -79.7, 0.0, 0.1);
    assert_close(a.bias + 2.0 * a.sd, 75.5, 0.0, 0.1);
    assert_close(a.upper - a.lower, 2.0 * 1.96 * a.sd, 1e-12, 0.0);
    /* the paper's interval of the bias: -22.0 to 17.8, t = 2.12 with 16 degrees of freedom */
    assert_close(a.bias_lo, -22.0, 0.0, 0.1);
    assert_close(a.bias_hi, 17.8, 0.0, 0.1);
}

/* By hand: d = 2, -4; means 11, 18; wSD^2 = (2 + 8) / 2. */
static void test_repeatability(void **state)
{
    const double a[] = { 12.0, 16.0, (double)NAN }, b[] = { 10.0, 20.0, 3.0 };
    struct hep_agreement g;

    (void)state;
    hep_agreement_of(&g, a, b, 3);
    assert_int_equal(g.n, 2);
    assert_close(g.bias, -1.0, 1e-12, 0.0);
    assert_close(g.relative_bias, -2.0 / 30.0, 1e-12, 0.0);
    assert_close(g.rc, 2.77 * sqrt(5.0), 1e-12, 0.0);
    assert_close(g.wcv, sqrt(0.5 * (2.0 / 121.0 + 8.0 / 324.0)), 1e-12, 0.0);
    hep_agreement_of(&g, a, b, 1);
    assert_close(g.bias, 2.0, 1e-12, 0.0);
    assert_true(isnan(g.sd) && isnan(g.bias_lo));
    hep_agreement_of(&g, a, b, 0);
    assert_true(g.n == 0 && isnan(g.bias));
}

/* ---- calibration -------------------------------------------------------------------------------
 */

/* By hand: bin 0.2-0.3 holds 0.25 (no) and 0.27 (yes), the last one 1.0 (yes). */
static void test_calibration(void **state)
{
    const struct hep_forecast f[] = { { 0.25, 0, false, 0.1 },
                                      { 0.27, 1, true, 0.1 },
                                      { 1.0, 1, true, 0.1 } };
    const double weight[] = { 2.0, 0.0 };
    struct hep_calibration c;

    (void)state;
    hep_calibration_of(&c, f, 3, NULL);
    assert_close(c.brier, (0.0625 + 0.5329) / 3.0, 1e-12, 0.0);
    assert_close(c.ece, (2.0 / 3.0) * (0.5 - 0.26), 1e-12, 0.0);
    /* variances 0.1875 + 0.1971 in one bin, 0 in the other: sqrt(2 * 0.3846 / pi) / 3 */
    assert_close(c.ece_chance, 0.164939, 1e-5, 0.0);
    assert_close(c.bin[2].n, 2.0, 0.0, 0.0);
    assert_close(c.bin[2].fraction, 0.5, 1e-12, 0.0);
    assert_close(c.bin[9].n, 1.0, 0.0, 0.0);
    assert_true(isnan(c.bin[5].fraction));
    hep_calibration_of(&c, f, 3, weight);
    assert_close(c.brier, 0.0625, 1e-12, 0.0);
    assert_close(c.ece, 0.25, 1e-12, 0.0);
    assert_true(isnan(c.ece_chance));
    hep_calibration_of(&c, f, 0, NULL);
    assert_true(isnan(c.brier) && isnan(c.ece));
}

/* Odds of 1/4 at the odds 1/9 of the prior are a likelihood ratio of 9/4: at even odds 9/13. */
static void test_calibration_with_another_prior(void **state)
{
    struct hep_forecast f[2] = { { 0.2, 0, true, 0.1 }, { 0.1, 0, false, 0.25 } };
    struct hep_calibration c;

    (void)state;
    hep_calibration_at_prevalence(&c, f, 2);
    assert_close(c.prior, 0.5, 0.0, 0.0);
    assert_close(c.bin[6].mean_probability, 9.0 / 13.0, 1e-12, 0.0);
    assert_close(c.bin[2].mean_probability, 0.25, 1e-12, 0.0); /* odds 1/9 at 1/3: ratio 1/3 */
    assert_close(c.brier, (16.0 / 169.0 + 0.0625) / 2.0, 1e-12, 0.0);
    f[1].prior = 0.0;
    hep_calibration_at_prevalence(&c, f, 2);
    assert_true(isnan(c.brier) && isnan(c.ece));
    f[1].prior = 0.25;
    f[1].came_true = true;
    hep_calibration_at_prevalence(&c, f, 2);
    assert_true(isnan(c.brier));
}

/* ---- bootstrap ---------------------------------------------------------------------------------
 */

static void weighted_mean(double *out, const double *weight, const void *data)
{
    const double *x = data;
    double sum = 0.0, n = 0.0;

    for (size_t i = 0; i < 100; i++) {
        sum += weight[i] * x[i];
        n += weight[i];
    }
    out[0] = sum / n;
    out[1] = n;
    out[2] = (double)NAN;
}

static void test_bootstrap_of_a_mean(void **state)
{
    struct hep_interval a[3], b[3], c[3];
    struct hep_rng rng = { 3, hep_rng_stream("normal"), 0 };
    struct hep_error e = { 0 };
    double x[100], mean = 0.0, var = 0.0;

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        x[i] = 5.0 + 2.0 * hep_rng_next_normal(&rng);
        mean += x[i] / 100.0;
    }
    for (size_t i = 0; i < 100; i++)
        var += (x[i] - mean) * (x[i] - mean) / 100.0;
    assert_ok(hep_bootstrap(a, 3, weighted_mean, x, 100, 2000, 1, &e), e);
    assert_ok(hep_bootstrap(b, 3, weighted_mean, x, 100, 2000, 1, &e), e);
    assert_ok(hep_bootstrap(c, 3, weighted_mean, x, 100, 2000, 2, &e), e);
    assert_close(a[0].value, mean, 1e-12, 0.0);
    /* the plug-in standard error; percentiles of 2000 replicates are good to about 5 % of it */
    assert_close(a[0].hi - a[0].lo, 2.0 * 1.96 * sqrt(var / 100.0), 0.06, 0.0);
    assert_close(0.5 * (a[0].hi + a[0].lo), mean, 0.0, 0.1 * sqrt(var / 100.0));
    assert_close(a[1].lo, 100.0, 0.0, 0.0);
    assert_close(a[1].hi, 100.0, 0.0, 0.0);
    assert_true(isnan(a[2].lo) && isnan(a[2].hi));
    assert_memory_equal(a, b, 2 * sizeof a[0]);
    assert_true(a[0].lo != c[0].lo);
}

static void test_bootstrap_errors(void **state)
{
    struct hep_interval out[3];
    struct hep_error e = { 0 };
    const double x[100] = { 0 };

    (void)state;
    assert_fails(hep_bootstrap(out, 3, weighted_mean, x, 100, 0, 1, &e), e, HEP_EINVAL, "0");
    for (long k = 1; k <= 3; k++) {
        hep_alloc_fail_at(k);
        assert_fails(hep_bootstrap(out, 3, weighted_mean, x, 100, 10, 1, &e), e, HEP_ENOMEM, NULL);
    }
    hep_alloc_fail_at(0);
}

/* Pairs of one patient move together, so 2 patients of 50 equal pairs have the spread of 2. */
static void test_bias_by_patient(void **state)
{
    double measured[100], truth[100];
    size_t patient[100];
    struct hep_interval bias;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        patient[i] = i / 50;
        truth[i] = 1.0;
        measured[i] = i < 50 ? 1.0 : 4.0;
    }
    assert_ok(hep_agreement_bias(&bias, measured, truth, patient, 100, 2, 2000, 1, &e), e);
    assert_close(bias.value, 1.5, 1e-12, 0.0);
    assert_close(bias.lo, 0.0, 0.0, 0.0);
    assert_close(bias.hi, 3.0, 0.0, 0.0);
}

#define N_WILSON (sizeof wilson_cases / sizeof wilson_cases[0])
#define N_MCNEMAR (sizeof mcnemar_cases / sizeof mcnemar_cases[0])

int main(void)
{
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_wilson_of_nothing),
        cmocka_unit_test(test_assign_against_all_ways),
        cmocka_unit_test(test_assign_prefers_more_pairs),
        cmocka_unit_test(test_assign_errors),
        cmocka_unit_test(test_bland_altman),
        cmocka_unit_test(test_repeatability),
        cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_calibration_with_another_prior),
        cmocka_unit_test(test_bootstrap_of_a_mean),
        cmocka_unit_test(test_bootstrap_errors),
        cmocka_unit_test(test_bias_by_patient),
    };
    struct CMUnitTest tests[N_WILSON + N_MCNEMAR + sizeof fixed / sizeof fixed[0]];
    size_t n = 0;

    for (size_t i = 0; i < N_WILSON; i++)
        tests[n++] = (struct CMUnitTest){ .name = wilson_cases[i].name,
                                          .test_func = test_wilson,
                                          .initial_state = &wilson_cases[i] };
    for (size_t i = 0; i < N_MCNEMAR; i++)
        tests[n++] = (struct CMUnitTest){ .name = mcnemar_cases[i].name,
                                          .test_func = test_mcnemar,
                                          .initial_state = &mcnemar_cases[i] };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        tests[n++] = fixed[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
