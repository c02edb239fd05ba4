/* The model of a flag, found again from lesions whose truth it drew. */
#include "support/support.h"

#include "base/rng.h"
#include "lesions/flag_fit.h"

#include <math.h>
#include <stdlib.h>

static const struct hep_flag_model before = { .bias = 0.0,
                                              .bias_small = 0.0,
                                              .error = 0.03,
                                              .error_small = 0.1,
                                              .missed = 0.02,
                                              .mistaken = 0.02 };

/* n lesions of 2 to 12 voxels and margins of -0.5 to 0.5, with or without the flag as `truth` says. */
static struct hep_flag_sample *draw(const struct hep_flag_model *truth, size_t n, uint64_t seed)
{
    struct hep_rng rng = { seed, 0, 0 };
    struct hep_flag_sample *s = calloc(n, sizeof *s);

    for (size_t i = 0; i < n; i++) {
        s[i].margin = hep_rng_next_range(&rng, -0.5, 0.5);
        s[i].se = hep_rng_next_range(&rng, 0.01, 0.1);
        s[i].size_voxels = hep_rng_next_range(&rng, 2.0, 12.0);
        s[i].is_present = hep_rng_next(&rng) <
                          hep_flag_probability(truth, s[i].margin, s[i].se, s[i].size_voxels);
    }
    return s;
}

struct truth_case {
    const char *name;
    struct hep_flag_model truth;
};

static struct truth_case truths[] = {
    { "the table before", { .error = 0.03, .error_small = 0.1, .missed = 0.02, .mistaken = 0.02 } },
    { "biased in small lesions",
      { .bias_small = -0.3, .error = 0.03, .error_small = 0.1, .missed = 0.02, .mistaken = 0.02 } },
    { "large errors", { .error = 0.1, .error_small = 0.6, .missed = 0.02, .mistaken = 0.02 } },
    { "a quarter is missed",
      { .error = 0.03, .error_small = 0.1, .missed = 0.25, .mistaken = 0.02 } },
    { "a tenth is mistaken",
      { .error = 0.03, .error_small = 0.1, .missed = 0.02, .mistaken = 0.1 } },
};

/* P of a set in which half of the lesions have the flag, from that of one in which `share` of them have it. */
static double balanced(double p, double share)
{
    return p * (1.0 - share) / (p * (1.0 - share) + (1.0 - p) * share);
}

/* Of 4000 lesions some 200 bear on each point below, whose P then has a standard error of 0.035 at most. */
static void test_truth(void **state)
{
    const struct truth_case *c = *state;
    struct hep_flag_sample *s = draw(&c->truth, 4000, 7);
    struct hep_flag_model m = before;
    struct hep_error e = { 0 };
    double share = 0.0;

    for (size_t i = 0; i < 4000; i++)
        share += s[i].is_present ? 1.0 / 4000.0 : 0.0;
    assert_ok(hep_flag_model_fit(&m, s, 4000, &e), e);
    for (double size = 3.0; size < 12.0; size += 4.0)
        for (double margin = -0.4; margin < 0.45; margin += 0.1) {
            const double truth = hep_flag_probability(&c->truth, margin, 0.05, size);

            assert_close(hep_flag_probability(&m, margin, 0.05, size), balanced(truth, share), 0.0,
                         0.08);
        }
    free(s);
}

/* Present and absent weigh half each: leaving out most of those that have the flag changes P little. */
static void test_prevalence(void **state)
{
    struct hep_flag_sample *s = draw(&before, 4000, 11);
    struct hep_flag_model all = before, few = before;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_flag_model_fit(&all, s, 4000, &e), e);
    for (size_t i = 0, n = 0; i < 4000; i++)
        s[i].left_out = s[i].is_present && n++ % 10 != 0;
    assert_ok(hep_flag_model_fit(&few, s, 4000, &e), e);
    for (double margin = -0.2; margin < 0.25; margin += 0.1)
        assert_close(hep_flag_probability(&few, margin, 0.05, 5.0),
                     hep_flag_probability(&all, margin, 0.05, 5.0), 0.0, 0.08);
    free(s);
}

/* 14 with the flag among a hundred are too few, 15 are enough; what is left out does not count. */
static void test_too_few(void **state)
{
    struct hep_flag_sample s[101];
    struct hep_flag_model m = before;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < 101; i++)
        s[i] = (struct hep_flag_sample){ 0.3, 0.02, 5.0, i < 15, i == 0 };
    assert_ok(hep_flag_model_fit(&m, s, 101, &e), e);
    assert_memory_equal(&m, &before, sizeof m);
    s[0].left_out = false;
    assert_ok(hep_flag_model_fit(&m, s, 101, &e), e);
    assert_true(m.bias < before.bias); /* most of those beyond the limit have it not */
}

/* The order of the lesions changes the last bits of a sum, not the numbers of a table. */
static void test_order(void **state)
{
    struct hep_flag_sample *s = draw(&truths[1].truth, 500, 3), swapped[500];
    struct hep_flag_model m = before, turned = before;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < 500; i++)
        swapped[i] = s[499 - i];
    assert_ok(hep_flag_model_fit(&m, s, 500, &e), e);
    assert_ok(hep_flag_model_fit(&turned, swapped, 500, &e), e);
    assert_close(turned.bias_small, m.bias_small, 1e-3, 1e-5);
    assert_close(turned.error, m.error, 1e-3, 1e-5);
    free(s);
}

#define N_TRUTHS (sizeof truths / sizeof *truths)

int main(void)
{
    struct CMUnitTest tests[N_TRUTHS + 3];

    for (size_t i = 0; i < N_TRUTHS; i++)
        tests[i] = (struct CMUnitTest){ truths[i].name, test_truth, NULL, NULL, &truths[i] };
    tests[N_TRUTHS] = (struct CMUnitTest)cmocka_unit_test(test_prevalence);
    tests[N_TRUTHS + 1] = (struct CMUnitTest)cmocka_unit_test(test_too_few);
    tests[N_TRUTHS + 2] = (struct CMUnitTest)cmocka_unit_test(test_order);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
