#include "fitting/t2.h"

#include "support/support.h"

#include <math.h>

static const double nan_d = (double)NAN;

/* Two echoes: T2 = (t2 - t1) / ln(S1 / S2); the second voxel does not decay, the third is outside.
 */
static void test_two_echoes(void **state)
{
    static const double te_s[] = { 0.030, 0.080 };
    static const float s1[] = { 400, 50, 70, 90 }, s2[] = { 130, 50, 60, -1 };
    static const uint8_t mask[] = { 1, 1, 0, 1 };
    const float *echo[] = { s1, s2 };
    float t2[4], s0[4], se[4], rmse[4];
    uint8_t status[4];
    struct hep_decay_options opt = hep_decay_defaults();
    struct hep_error e = { 0 };
    double want_s = 0.05 / log(400.0 / 130.0), rate_se;

    (void)state;
    opt.sigma = 5.0;
    assert_ok(hep_t2_map(&(struct hep_t2_maps){ t2, s0, se, rmse, status },
                         &(struct hep_decay_data){ echo, te_s, 2, 4 }, mask, &opt, &e),
              e);
    assert_close(t2[0], want_s, 1e-6, 0.0);
    assert_close(s0[0], 400.0 * exp(0.030 / want_s), 1e-6, 0.0);
    rate_se = 5.0 * sqrt(1.0 / (400.0 * 400.0) + 1.0 / (130.0 * 130.0)) / 0.05;
    assert_close(se[0], rate_se * want_s * want_s, 1e-5, 0.0);
    assert_int_equal(status[0], HEP_FIT_OK);
    assert_int_equal(status[1], HEP_FIT_AT_BOUND);
    assert_close(t2[1], nan_d, 0.0, 0.0);
    assert_close(se[1], nan_d, 0.0, 0.0);
    assert_int_equal(status[2], HEP_FIT_OUTSIDE);
    assert_close(t2[2], 0.0, 0.0, 0.0);
    assert_int_equal(status[3], HEP_FIT_BAD_INPUT);
    assert_close(t2[3], nan_d, 0.0, 0.0);
}

/* T2 of published tissues at 3 T (de Bazelaire 2004, liver 34 ms, kidney cortex 76 ms, spleen 61
 * ms) at the echo times of a real series that lacks its second echo; float input, so 1e-5. */
static void test_tissues(void **state)
{
    static const double te_s[] = { 0.0129, 0.0387, 0.0516, 0.0645, 0.0774,
                                   0.0903, 0.1032, 0.1161, 0.129 };
    static const double t2_want_s[] = { 0.034, 0.076, 0.061 };
    float signal[9][3], t2_one[3], t2_many[3];
    const float *echo[9];
    struct hep_decay_options opt = hep_decay_defaults();
    struct hep_error e = { 0 };

    (void)state;
    for (size_t k = 0; k < 9; k++) {
        echo[k] = signal[k];
        for (size_t i = 0; i < 3; i++)
            signal[k][i] = (float)(1234.5 * exp(-te_s[k] / t2_want_s[i]));
    }
    opt.nthreads = 1;
    assert_ok(hep_t2_map(&(struct hep_t2_maps){ .t2_s = t2_one },
                         &(struct hep_decay_data){ echo, te_s, 9, 3 }, NULL, &opt, &e),
              e);
    opt.nthreads = 8;
    assert_ok(hep_t2_map(&(struct hep_t2_maps){ .t2_s = t2_many },
                         &(struct hep_decay_data){ echo, te_s, 9, 3 }, NULL, &opt, &e),
              e);
    assert_memory_equal(t2_one, t2_many, sizeof t2_one);
    for (size_t i = 0; i < 3; i++)
        assert_close(t2_one[i], t2_want_s[i], 1e-5, 0.0);
}

static void test_refused(void **state)
{
    static const float s[] = { 10 };
    static const double te_s[] = { 0.08, 0.03 };
    const float *echo[] = { s, s };
    float t2 = 77;
    const struct hep_decay_options opt = hep_decay_defaults();
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_t2_map(&(struct hep_t2_maps){ .t2_s = &t2 },
                            &(struct hep_decay_data){ echo, te_s, 2, 1 }, NULL, &opt, &e),
                 e, HEP_EDATA, "increase");
    assert_fails(hep_t2_map(&(struct hep_t2_maps){ .t2_s = &t2 },
                            &(struct hep_decay_data){ echo, te_s, 1, 1 }, NULL, &opt, &e),
                 e, HEP_EINVAL, "echoes");
    assert_close(t2, 77, 0.0, 0.0);
}

/* exp(-0.05 s / 80 ms) and exp(-0.1 s / 80 ms) times 500. */
static void test_echoes_of_a_series(void **state)
{
    const float early[] = { 267.63071F }, late[] = { 143.25240F };
    const float *const echo[] = { early, late };
    const double te_s[] = { 0.05, 0.1 };
    struct hep_error e = { 0 };
    float t2_s = 0.0F;

    (void)state;
    assert_ok(hep_t2_of_echoes(&t2_s, echo, te_s, 2, 1, 1, &e), e);
    assert_close(t2_s, 0.08, 1e-5, 0.0);
}

static void test_echo_times(void **state)
{
    const double good[] = { 0.05, 0.1 }, same[] = { 0.1, 0.1 }, fall[] = { 0.1, 0.05 },
                 unknown[] = { 0.05, (double)NAN };

    (void)state;
    assert_true(hep_t2_times_rise(good, 2));
    assert_false(hep_t2_times_rise(good, 1));
    assert_false(hep_t2_times_rise(same, 2));
    assert_false(hep_t2_times_rise(fall, 2));
    assert_false(hep_t2_times_rise(unknown, 2));
    assert_false(hep_t2_times_rise(good, HEP_DECAY_MAX_ECHOES + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_echoes), cmocka_unit_test(test_tissues),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_echoes_of_a_series),
        cmocka_unit_test(test_echo_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
