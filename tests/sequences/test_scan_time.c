/* Scan times worked by hand from the products that the header states. */
#include "support/support.h"

#include "sequences/scan_time.h"

#include <math.h>

static const double b_values[] = { 0.0, 50.0, 800.0 }, averages[] = { 1.0, 2.0, 4.0 };

static const struct time_case {
    const char *name;
    enum hep_technique technique;
    double efficiency, seconds;
    long holds; /* of at most 20 s */
} cases[] = {
    /* 4 ms x 200 lines x 60 partitions x 0.75 / 2 */
    { "gradient echo", HEP_TECHNIQUE_SPGR, (double)NAN, 18.0, 1 },
    { "two echoes", HEP_TECHNIQUE_DUAL_ECHO, (double)NAN, 18.0, 1 },
    /* 4 ms x 13 shots of 16 echoes (12.5 are rounded up) x 1 average */
    { "fast spin echo", HEP_TECHNIQUE_FSE, (double)NAN, 0.052, 1 },
    /* 5 s per breath x 13 */
    { "triggered", HEP_TECHNIQUE_FSE_TRIGGERED, (double)NAN, 65.0, 0 },
    /* 60 slices of 1 s in holds of 20 s */
    { "single shot", HEP_TECHNIQUE_SSFSE, (double)NAN, 60.0, 3 },
    /* 1 x 1 + 2 x 3 + 4 x 3 = 19 volumes of 4 ms */
    { "diffusion", HEP_TECHNIQUE_EPI_FREE, (double)NAN, 0.076, 0 },
    { "diffusion, held", HEP_TECHNIQUE_EPI_BREATH_HOLD, (double)NAN, 0.076, 1 },
    { "diffusion, triggered", HEP_TECHNIQUE_EPI_TRIGGERED, (double)NAN, 0.152, 0 },
    { "diffusion, navigator", HEP_TECHNIQUE_EPI_NAVIGATOR, (double)NAN, 0.19, 0 },
    { "diffusion, known efficiency", HEP_TECHNIQUE_EPI_NAVIGATOR, 0.8, 0.095, 0 },
};
#define N_CASES (sizeof cases / sizeof cases[0])

static struct hep_scan scan_of(const struct time_case *c)
{
    return (struct hep_scan){ .technique = c->technique,
                              .tr_s = 0.004,
                              .respiratory_period_s = 5.0,
                              .matrix_phase = 200.0,
                              .slices = 60.0,
                              .echo_train = 16.0,
                              .partial_fourier = 0.75,
                              .acceleration = 2.0,
                              .efficiency = c->efficiency,
                              .directions = 3.0,
                              .b_s_per_mm2 = b_values,
                              .averages = averages,
                              .n_b = 3,
                              .n_averages = 3 };
}

static void test_case(void **state)
{
    const struct time_case *c = *state;
    const struct hep_scan scan = scan_of(c);

    assert_close(hep_scan_time_s(&scan), c->seconds, 1e-12, 0.0);
    assert_int_equal(hep_scan_breath_holds(c->technique, c->seconds, 20.0), c->holds);
}

/* One average for all, and none given, which counts as one: 3 x (1 + 3 + 3), and 7 volumes. */
static void test_averages(void **state)
{
    struct hep_scan scan = scan_of(&cases[5]);

    (void)state;
    scan.averages = (const double[]){ 3.0 };
    scan.n_averages = 1;
    assert_close(hep_scan_time_s(&scan), 0.084, 1e-12, 0.0);
    scan.n_averages = 0;
    assert_close(hep_scan_time_s(&scan), 0.028, 1e-12, 0.0);
    scan.n_b = 0;
    assert_close(hep_scan_time_s(&scan), 0.004, 1e-12, 0.0);
}

int main(void)
{
    struct CMUnitTest tests[N_CASES + 1] = { cmocka_unit_test(test_averages) };

    for (size_t i = 0; i < N_CASES; i++)
        tests[i + 1] = (struct CMUnitTest){ .name = cases[i].name,
                                            .test_func = test_case,
                                            .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
