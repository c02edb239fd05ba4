/* Vector exp and log of floats against libm, in units in the last place. */
#define HEP_LANES 4
#define HEP_SINGLE
#include "fitting/real.h"

#include "base/rng.h"
#include "support/support.h"

/* Of the exact value, taken from double. */
static double ulps(float got, double want)
{
    const float w = (float)want;

    return fabs((double)got - want) / (double)fabsf(nextafterf(w, HUGE_VALF) - w);
}

static float one_exp(float x)
{
    return real_exp(real_splat(x))[3];
}

static float one_log(float x)
{
    return real_log(real_splat(x))[3];
}

static void test_exp(void **state)
{
    struct hep_rng rng = { 3, 3, 0 };
    double worst = 0.0;

    (void)state;
    for (int i = 0; i < 400000; i++) {
        const double lo = i % 2 == 0 ? -30.0 : -2.0, hi = i % 2 == 0 ? 88.0 : 2.0;
        const float x = (float)hep_rng_next_range(&rng, lo, hi);

        worst = fmax(worst, ulps(one_exp(x), exp((double)x)));
    }
    assert_close(worst, 0.0, 0.0, 2.0);
    assert_true(one_exp(0.0f) == 1.0f);
    assert_true(one_exp(-1e30f) == one_exp(-30.0f));
    assert_true(one_exp(1e30f) == one_exp(88.0f));
    assert_true(one_exp(NAN) == one_exp(-30.0f));
}

static void test_log(void **state)
{
    struct hep_rng rng = { 3, 4, 0 };
    double worst = 0.0;

    (void)state;
    for (int i = 0; i < 400000; i++) {
        const float x = (float)(i % 2 == 0 ? exp(hep_rng_next_range(&rng, -87.0, 88.0))
                                           : hep_rng_next_range(&rng, 0.5, 2.0));

        worst = fmax(worst, ulps(one_log(x), log((double)x)));
    }
    assert_close(worst, 0.0, 0.0, 2.0);
    assert_true(one_log(1.0f) == 0.0f);
    assert_close((double)one_log(FLT_MAX), 88.722839052068352, 1e-7,
                 0.0); /* 128 ln 2 + ln(1 - 2^-24) */
    assert_close((double)one_log(FLT_MIN), -87.336544750553102, 1e-7, 0.0); /* -126 ln 2 */
}

/* Rows in memory are doubles. */
static void test_rows(void **state)
{
    const double row[4] = { 1.0 / 3.0, -2.385, 0.0, 1e-20 };
    double back[4];

    (void)state;
    real_store(back, real_load(row));
    for (size_t i = 0; i < 4; i++)
        assert_true(back[i] == (double)(float)row[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_exp), cmocka_unit_test(test_log),
                                        cmocka_unit_test(test_rows) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
