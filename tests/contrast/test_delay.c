/* Delay of the hepatobiliary phase against published shares and an independent solution. */
#include "support/support.h"

#include "contrast/delay.h"

#include <math.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Liver and portal blood at 3 T as in configs/tissues.yml, gadoxetate. The set owns the agent. */
static void delay_settings(struct hep_delay_settings *s, struct hep_agents **set)
{
    const struct hep_agent *agent = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_agents_read(set, HEP_CONFIGS "/agents.yml", &e), e);
    assert_ok(hep_agents_find(&agent, *set, "gadoxetate", &e), e);
    *s = (struct hep_delay_settings){ .agent = agent,
                                      .liver_t1_s = 0.809,
                                      .portal_t1_s = 1.66,
                                      .flow_per_min = 0.9,
                                      .arterial_frac = 0.2,
                                      .ve = 0.24,
                                      .efflux_per_min = 0.012,
                                      .field_t = 3.0,
                                      .tr_s = 0.004,
                                      .flip_deg = 12.0,
                                      .ki_median_per_min = HEP_KI_MEDIAN_PER_MIN,
                                      .ki_log_sd = HEP_KI_LOG_SD,
                                      .impaired_frac = 0.07,
                                      .sir_limit = 1.8 };
}

/* Bashir et al., Acad Radiol 2014: adequate in 12, 80 and 93 % at 10, 15 and 20 minutes. */
static void test_delay(void **state)
{
    static const double minutes[] = { 10.0, 15.0, 20.0 }, published[] = { 0.12, 0.80, 0.93 };
    struct hep_agents *set = NULL;
    struct hep_delay_settings s;
    struct hep_error e = { 0 };
    double frac = 0.0, last = -1.0;

    (void)state;
    delay_settings(&s, &set);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(hep_delay_adequate(&frac, NULL, &s, 60.0 * minutes[i], &e), e);
        print_message("%g min: %.3f\n", minutes[i], frac);
        assert_close(frac, published[i], 0.0, 0.06);
        assert_true(frac > last);
        last = frac;
    }
    /* Half of the healthy ones when the median patient just reaches the limit. */
    assert_ok(hep_delay_sir(&s.sir_limit, &s, 900.0, HEP_KI_MEDIAN_PER_MIN, &e), e);
    s.impaired_frac = 0.0;
    assert_ok(hep_delay_adequate(&frac, NULL, &s, 900.0, &e), e);
    assert_close(frac, 0.5, 0.0, 1e-4);
    s.sir_limit = 1000.0;
    assert_ok(hep_delay_adequate(&frac, NULL, &s, 900.0, &e), e);
    assert_close(frac, 0.0, 0.0, 0.0);
    hep_agents_free(set);
}

/* Liver over portal vein with gadoxetate at 3 T, an independent explicit solution (Euler, 0.5 s) of
 * the same equations. */
static void test_ratio(void **state)
{
    static const struct {
        double ki, at_10, at_15, at_20;
    } rows[] = { { 0.01, 1.43, 1.54, 1.61 },
                 { 0.03, 1.69, 1.85, 2.00 },
                 { 0.06, 2.00, 2.27, 2.44 } };
    struct hep_agents *set = NULL;
    struct hep_delay_settings s;
    struct hep_error e = { 0 };

    (void)state;
    delay_settings(&s, &set);
    for (size_t i = 0; i < N_OF(rows); i++) {
        double sir = 0.0;

        assert_ok(hep_delay_sir(&sir, &s, 600.0, rows[i].ki, &e), e);
        assert_close(sir, rows[i].at_10, 0.03, 0.0);
        assert_ok(hep_delay_sir(&sir, &s, 900.0, rows[i].ki, &e), e);
        assert_close(sir, rows[i].at_15, 0.03, 0.0);
        assert_ok(hep_delay_sir(&sir, &s, 1200.0, rows[i].ki, &e), e);
        assert_close(sir, rows[i].at_20, 0.03, 0.0);
    }
    hep_agents_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_delay),
                                        cmocka_unit_test(test_ratio) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
