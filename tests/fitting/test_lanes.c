/* Vector exp and log against libm, in units in the last place. */
#define HEP_LANES 2
#include "fitting/real.h"

#include "base/rng.h"
#include "support/support.h"

#include <float.h>

/* Of the exact value, taken from long double. */
static double ulps(double got, long double want)
{
    double w = (double)want;
    double ulp = fabs(nextafter(w, HUGE_VAL) - w);

    return (double)(fabsl((long double)got - want) / (long double)ulp);
}

static double one_exp(double x)
{
    return real_exp(real_splat(x))[1];
}

static double one_log(double x)
{
    return real_log(real_splat(x))[1];
}

static void test_exp(void **state)
{
    struct hep_rng rng = { 3, 1, 0 };
    double worst = 0.0;

    (void)state;
    for (int i = 0; i < 400000; i++) {
        double range = i % 2 == 0 ? 708.0 : 2.0;
        double x = hep_rng_next_range(&rng, -range, range);

        worst = fmax(worst, ulps(one_exp(x), expl((long double)x)));
    }
    assert_true(worst <= 1.25);
    assert_true(one_exp(0.0) == 1.0);
    assert_true(one_exp(-1e300) == one_exp(-708.0));
    assert_true(one_exp(1e300) == one_exp(709.0));
    assert_true(one_exp((double)NAN) == one_exp(-708.0));
}

static void test_log(void **state)
{
    struct hep_rng rng = { 3, 2, 0 };
    double worst = 0.0;

    (void)state;
    for (int i = 0; i < 400000; i++) {
        double x = i % 2 == 0 ? exp(hep_rng_next_range(&rng, -700.0, 700.0))
                              : hep_rng_next_range(&rng, 0.5, 2.0);

        worst = fmax(worst, ulps(one_log(x), logl((long double)x)));
    }
    assert_true(worst <= 1.0);
    assert_true(one_log(1.0) == 0.0);
    assert_close(one_log((double)FLT_MAX), 88.722839052068352, 1e-15,
                 0.0);                                               /* 128 ln 2 + ln(1 - 2^-24) */
    assert_close(one_log(DBL_MIN), -708.39641853226408, 1e-15, 0.0); /* -1022 ln 2 */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_exp), cmocka_unit_test(test_log) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
