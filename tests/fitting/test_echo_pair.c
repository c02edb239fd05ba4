#include "fitting/echo_pair.h"

#include "base/rng.h"
#include "support/support.h"

#include <math.h>

enum { n = 20000 };
/* The defaults of liver.plausible. */
static const struct hep_echo_pair_limits limits = { .excess_max = 0.02,
                                                    .apart_max = 0.15,
                                                    .water_min = 0.75 };

/* Signals of a body at 3 T, TE 1.15 and 2.3 ms, by hand: OP / IP of water with R2* = 50 /s is
 * exp(50 x 1.15e-3) = 1.059; of a third fat, as where voxels hold both, 0.36; of fat 0.77. */
static void fill(float *opposed, float *in_phase, double iron_ratio)
{
    struct hep_rng rng = { 41, hep_rng_stream("pair"), 0 };

    for (size_t i = 0; i < n; i++) {
        const size_t part = i % 10; /* liver 2, other water 4, fat 2, mixed 2 of 10 */
        const double ratio = part < 2 ? iron_ratio : part < 6 ? 1.059 : part < 8 ? 0.77 : 0.36;

        in_phase[i] = (float)(300.0 + 10.0 * hep_rng_next_normal(&rng));
        opposed[i] = (float)(300.0 * ratio + 10.0 * hep_rng_next_normal(&rng));
    }
}

struct row {
    const char *name;
    bool exchanged;
    double opposed_by, in_phase_by, iron_ratio;
    bool contradicts;
    const char *says;
};
static const struct row rows[] = {
    { "true pair", false, 1, 1, 1.059, false, "" },
    { "true pair, mild iron (150 /s)", false, 1, 1, 1.19, false, "" },
    { "whole study scaled", false, 7.7, 7.7, 1.059, false, "" },
    { "exchanged", true, 1, 1, 1.059, true, "of the body, and falls" },
    { "opposed scaled by 2.7", false, 2.7, 1, 1.059, true, "80 % of the body" },
    { "in phase scaled by 2.7", false, 1, 2.7, 1.059, true, "times the in-phase signal" },
    { "opposed scaled down", false, 0.5, 1, 1.059, true, "water" },
};

static void test_row(void **state)
{
    const struct row *r = *state;
    static float opposed[n], in_phase[n];
    struct hep_echo_pair pair;
    char reason[HEP_ECHO_PAIR_REASON];
    struct hep_error e = { 0 };

    fill(opposed, in_phase, r->iron_ratio);
    for (size_t i = 0; i < n; i++) {
        opposed[i] *= (float)r->opposed_by;
        in_phase[i] *= (float)r->in_phase_by;
    }
    assert_ok(hep_echo_pair_of(&pair, r->exchanged ? in_phase : opposed,
                               r->exchanged ? opposed : in_phase, NULL, n, &e),
              e);
    assert_int_equal(pair.n, n);
    assert_int_equal(hep_echo_pair_contradicts(reason, &pair, &limits), r->contradicts);
    assert_non_null(strstr(reason, r->says));
}

/* Too few voxels, lost ones and those outside the body say nothing. */
static void test_few(void **state)
{
    static float opposed[n], in_phase[n];
    static int32_t body[n];
    struct hep_echo_pair pair;
    char reason[HEP_ECHO_PAIR_REASON];
    struct hep_error e = { 0 };

    (void)state;
    fill(opposed, in_phase, 1.059);
    for (size_t i = 0; i < 500; i++)
        body[i] = 1;
    assert_ok(hep_echo_pair_of(&pair, in_phase, opposed, body, n, &e), e);
    assert_int_equal(pair.n, 500);
    assert_close(pair.water_ratio, (double)NAN, 0.0, 0.0);
    assert_false(hep_echo_pair_contradicts(reason, &pair, &limits));
    opposed[0] = 0.0F;
    in_phase[1] = NAN;
    assert_ok(hep_echo_pair_of(&pair, opposed, in_phase, NULL, n, &e), e);
    assert_int_equal(pair.n, n - 2);
}

/* Fat of 400, water of 200 and voxels of both: where one image is mirrored, opposed fat (308) lies on a quarter of 200,
 * 1.54, and voxels of both (72) on the fat, 0.18. An image that is given twice has no voxel apart. */
static void test_apart_and_twice(void **state)
{
    static float opposed[n], in_phase[n];
    struct hep_echo_pair pair;
    char reason[HEP_ECHO_PAIR_REASON];
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const bool fat = i < n / 4, mixed = i >= n - n / 4;

        in_phase[i] = fat ? 400.0F : 200.0F;
        opposed[i] = fat ? 308.0F : mixed ? 72.0F : 212.0F;
    }
    assert_ok(hep_echo_pair_of(&pair, opposed, in_phase, NULL, n, &e), e);
    assert_close(pair.above_frac, 0.0, 0.0, 0.0);
    assert_false(hep_echo_pair_contradicts(reason, &pair, &limits));
    for (size_t i = 0; i < n / 2; i++) {
        const float swap = opposed[i];

        opposed[i] = opposed[n - 1 - i];
        opposed[n - 1 - i] = swap;
    }
    assert_ok(hep_echo_pair_of(&pair, opposed, in_phase, NULL, n, &e), e);
    assert_close(pair.above_frac, 0.25, 0.0, 1e-9);
    assert_close(pair.below_frac, 0.25, 0.0, 1e-9);
    assert_true(hep_echo_pair_contradicts(reason, &pair, &limits));
    assert_non_null(strstr(reason, "lie apart"));
    assert_ok(hep_echo_pair_of(&pair, in_phase, in_phase, NULL, n, &e), e);
    assert_true(hep_echo_pair_contradicts(reason, &pair, &limits));
    assert_non_null(strstr(reason, "one image twice"));
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0] + 2];
    size_t k = 0;

    for (; k < sizeof rows / sizeof rows[0]; k++)
        tests[k] = (struct CMUnitTest){ .name = rows[k].name,
                                        .test_func = test_row,
                                        .initial_state = (void *)(uintptr_t)&rows[k] };
    tests[k++] = (struct CMUnitTest)cmocka_unit_test(test_few);
    tests[k] = (struct CMUnitTest)cmocka_unit_test(test_apart_and_twice);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
