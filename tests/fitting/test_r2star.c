#include "fitting/r2star.h"

#include "base/rng.h"
#include "support/support.h"

#include <math.h>

static const double nan_d = (double)NAN;

/* Exact decays: two points by the logarithm, rates far from one another. */
static void test_exact(void **state)
{
    static const double rates_per_s[] = { 0.5, 12.0, 28.7, 137.3, 400.0, 1900.0 };
    static const double te_s[] = { 1.2e-3, 2.2e-3, 4.6e-3, 9.2e-3 };
    struct hep_decay_options opt = hep_decay_defaults();

    (void)state;
    for (size_t c = 0; c < sizeof rates_per_s / sizeof rates_per_s[0]; c++) {
        for (size_t n = 2; n <= 4; n++) {
            double s[4];
            struct hep_decay d;

            for (size_t k = 0; k < n; k++)
                s[k] = 237.5 * exp(-rates_per_s[c] * te_s[k]);
            d = hep_decay_fit(te_s, s, n, &opt);
            assert_int_equal(d.status, HEP_FIT_OK);
            assert_close(d.rate_per_s, rates_per_s[c], 1e-9, 1e-9);
            assert_close(d.s0, 237.5, 1e-9, 0.0);
            assert_close(d.rmse, 0.0, 0.0, 1e-9);
        }
    }
}

/* scipy.optimize.curve_fit 1.10 on the same numbers: value, standard error, RMS residual. */
static void test_least_squares(void **state)
{
    static const double te_s[] = { 0.010, 0.020, 0.030, 0.045, 0.060, 0.090 };
    static const double s[] = { 812, 640, 551, 390, 301, 160 };
    struct hep_decay_options opt = hep_decay_defaults();
    struct hep_decay d = hep_decay_fit(te_s, s, 6, &opt);

    (void)state;
    assert_close(d.rate_per_s, 20.11524784, 1e-7, 0.0);
    assert_close(d.s0, 983.70377141, 1e-7, 0.0);
    assert_close(d.rate_se_per_s, 0.61054943, 1e-6, 0.0);
    assert_close(d.rmse, 10.439250768, 1e-7, 0.0);
}

/* Two echoes: sd(R) = sigma sqrt(1/S1^2 + 1/S2^2) / (t2 - t1). */
static void test_error_of_two_echoes(void **state)
{
    static const double te_s[] = { 0.0023, 0.0069 }, s[] = { 930, 710 };
    struct hep_decay_options opt = hep_decay_defaults();
    struct hep_decay d = hep_decay_fit(te_s, s, 2, &opt);

    (void)state;
    assert_close(d.rate_per_s, log(930.0 / 710.0) / 0.0046, 1e-10, 0.0);
    assert_close(d.rate_se_per_s, nan_d, 0.0, 0.0);
    opt.sigma = 17.0;
    d = hep_decay_fit(te_s, s, 2, &opt);
    assert_close(d.rate_se_per_s,
                 17.0 * sqrt(1.0 / (930.0 * 930.0) + 1.0 / (710.0 * 710.0)) / 0.0046, 1e-9, 0.0);
}

struct odd {
    const char *name;
    double s[3], sigma, snr_min, rate_max;
    enum hep_fit_status status;
    double rate_per_s;
};
static const struct odd odd_cases[] = {
    { "constant signal is a rate of 0", { 10, 10, 10 }, 0, 0, 5000, HEP_FIT_AT_BOUND, 0 },
    { "rising signal is a rate of 0", { 10, 12, 14 }, 0, 0, 5000, HEP_FIT_AT_BOUND, 0 },
    { "gone after the first echo", { 10, 1e-30, 1e-30 }, 0, 0, 5000, HEP_FIT_AT_BOUND, 5000 },
    { "only the first echo measured", { 10, 0, 0 }, 0, 0, 5000, HEP_FIT_BAD_INPUT, (double)NAN },
    { "faster than allowed", { 100, 1, 0.01 }, 0, 0, 200, HEP_FIT_AT_BOUND, 200 },
    { "no signal", { 0, 0, 0 }, 0, 0, 5000, HEP_FIT_BAD_INPUT, (double)NAN },
    /* the two others decide: ln(10/5) per 20 ms, and ln(10/9) and ln(9/8) per 10 ms */
    { "negative", { 10, -1, 5 }, 0, 0, 5000, HEP_FIT_OK, 34.65735902799727 },
    { "lost", { 10, 0, 5 }, 0, 0, 5000, HEP_FIT_OK, 34.65735902799727 },
    { "not a number", { 10, 9, (double)NAN }, 0, 0, 5000, HEP_FIT_OK, 10.53605156578263 },
    { "infinite", { (double)INFINITY, 9, 8 }, 0, 0, 5000, HEP_FIT_OK, 11.77830356563834 },
    { "all but one in the noise", { 10, 2, 2 }, 1, 3, 5000, HEP_FIT_BAD_INPUT, (double)NAN },
    /* third echo left out: ln(10/5) per 10 ms */
    { "last one in the noise", { 10, 5, 2.9 }, 1, 3, 5000, HEP_FIT_OK, 69.31471805599453 },
};

static void test_odd(void **state)
{
    static const double te_s[] = { 0.01, 0.02, 0.03 };
    const struct odd *o = *state;
    struct hep_decay_options opt = { o->sigma, o->snr_min, o->rate_max, 1 };
    struct hep_decay d = hep_decay_fit(te_s, o->s, 3, &opt);

    assert_int_equal(d.status, o->status);
    assert_close(d.rate_per_s, o->rate_per_s, 1e-10, 0.0);
    if (o->status != HEP_FIT_OK)
        assert_close(d.rate_se_per_s, nan_d, 0.0, 0.0);
}

/* High SNR, many voxels: no bias, spread as the fit's own error says. */
static void test_noise(void **state)
{
    enum { n = 20000, ne = 4 };
    static const double te_s[ne] = { 2.3e-3, 4.6e-3, 6.9e-3, 9.2e-3 };
    static float signal[ne][n];
    static double rate[n];
    const float *echo[ne] = { signal[0], signal[1], signal[2], signal[3] };
    const struct hep_decay_data data = { echo, te_s, ne, n };
    struct hep_decay_options opt = hep_decay_defaults();
    struct hep_rng rng = { 5, hep_rng_stream("decay"), 0 };
    double mean = 0.0, var = 0.0, expected = 0.0;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < ne; k++)
            signal[k][i] =
                (float)(1000.0 * exp(-60.0 * te_s[k]) + 10.0 * hep_rng_next_normal(&rng));
    }
    opt.sigma = 10.0;
    assert_ok(hep_decay_check(&data, &opt, &e), e);
    for (size_t i = 0; i < n; i++) {
        const struct hep_decay d = hep_decay_fit_voxel(&data, i, &opt);

        rate[i] = d.rate_per_s;
        mean += d.rate_per_s / n;
        expected += d.rate_se_per_s * d.rate_se_per_s / n;
    }
    for (size_t i = 0; i < n; i++)
        var += (rate[i] - mean) * (rate[i] - mean) / (n - 1);
    assert_close(mean, 60.0, 0.0, 0.06);
    assert_close(sqrt(var), sqrt(expected), 0.02, 0.0);
}

static void test_refused(void **state)
{
    static const float s[] = { 10 };
    const float *echo[] = { s, s }, *hole[] = { s, NULL };
    const double up[] = { 0.01, 0.02 }, down[] = { 0.02, 0.01 }, same[] = { 0.01, 0.01 },
                 zero[] = { 0.0, 0.01 }, bad[] = { 0.01, (double)NAN };
    const struct hep_decay_options fine = hep_decay_defaults();
    struct hep_decay_options opt = fine;
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_decay_check(&(struct hep_decay_data){ NULL, up, 2, 1 }, &fine, &e), e,
                 HEP_EINVAL, "missing");
    assert_fails(hep_decay_check(&(struct hep_decay_data){ hole, up, 2, 1 }, &fine, &e), e,
                 HEP_EINVAL, "echo 2");
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, up, 1, 1 }, &fine, &e), e,
                 HEP_EINVAL, "1 echoes");
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, up, 65, 1 }, &fine, &e), e,
                 HEP_EINVAL, "65 echoes");
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, down, 2, 1 }, &fine, &e), e,
                 HEP_EDATA, "increase");
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, same, 2, 1 }, &fine, &e), e,
                 HEP_EDATA, "increase");
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, zero, 2, 1 }, &fine, &e), e,
                 HEP_EDATA, "positive");
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, bad, 2, 1 }, &fine, &e), e,
                 HEP_EDATA, "echo time 2");
    opt.sigma = -1.0;
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, up, 2, 1 }, &opt, &e), e,
                 HEP_EINVAL, "noise");
    opt = fine;
    opt.snr_min = (double)NAN;
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, up, 2, 1 }, &opt, &e), e,
                 HEP_EINVAL, "SNR");
    opt = fine;
    opt.rate_max_per_s = 0.0;
    assert_fails(hep_decay_check(&(struct hep_decay_data){ echo, up, 2, 1 }, &opt, &e), e,
                 HEP_EINVAL, "rate");
}

int main(void)
{
    enum { n = sizeof odd_cases / sizeof odd_cases[0] };
    struct CMUnitTest rows[n];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_least_squares),
        cmocka_unit_test(test_error_of_two_echoes),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_refused),
    };

    for (size_t i = 0; i < n; i++)
        rows[i] = (struct CMUnitTest){ .name = odd_cases[i].name,
                                       .test_func = test_odd,
                                       .initial_state = (void *)(uintptr_t)&odd_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests_name("odd signals", rows, NULL, NULL);
}
