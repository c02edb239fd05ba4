#include "sequences/signal.h"
#include "support/support.h"

#include <math.h>

static const double deg = 3.14159265358979323846 / 180.0;

/* ---- spectra ---- */

static void test_spectra(void **state)
{
    struct hep_error e = { 0 };
    struct hep_fat_spectrum s;
    static const char *const names[] = { "hamilton2011", "hamilton2011-liver", "single" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        double sum = 0.0, phasor[2];

        assert_ok(hep_fat_spectrum_get(&s, names[i], &e), e);
        for (size_t p = 0; p < s.n; p++)
            sum += s.amplitude[p];
        assert_close(sum, 1.0, 1e-15, 0.0);
        hep_fat_phasor(phasor, &s, 1.5, 0.0);
        assert_close(phasor[0], 1.0, 1e-15, 0.0);
        assert_close(phasor[1], 0.0, 0.0, 1e-15);
    }
    /* Hamilton 2011: 0.693 of 0.999 lies at -3.40 ppm. */
    assert_ok(hep_fat_spectrum_get(&s, HEP_FAT_SPECTRUM_DEFAULT, &e), e);
    assert_int_equal(s.n, 6);
    assert_close(s.amplitude[1], 0.693 / 0.999, 1e-15, 0.0);
    assert_close(s.ppm[1], -3.40, 0.0, 0.0);
    assert_fails(hep_fat_spectrum_get(&s, "hamilton2012", &e), e, HEP_EINVAL,
                 "did you mean 'hamilton2011'");
}

/* Period of the 3.4 ppm peak: 4.61 ms at 1.5 T, 2.30 ms at 3 T; shifts by hand, 42.577 MHz/T. */
static void test_fields(void **state)
{
    (void)state;
    assert_close(hep_fat_water_period_s(1.5), 4.61e-3, 0.002, 0.0);
    assert_close(hep_fat_water_period_s(3.0), 2.30e-3, 0.002, 0.0);
    assert_close(hep_fat_water_period_s(2.89), 1.0 / (3.4 * 42.577 * 2.89), 1e-12, 0.0);
    assert_close(hep_shift_hz(-3.40, 1.5), -217.1427, 1e-9, 0.0);
    assert_close(hep_shift_hz(-3.40, 2.89), -418.361602, 1e-9, 0.0);
    assert_close(hep_shift_hz(0.60, 3.0), 76.6386, 1e-9, 0.0);
}

/* Half a turn is opposed, a full turn in phase, a quarter turn is -i (fat precesses slower). */
static void test_single_peak_turns(void **state)
{
    struct hep_error e = { 0 };
    struct hep_fat_spectrum s;
    double phasor[2], period = hep_fat_water_period_s(2.89);

    (void)state;
    assert_ok(hep_fat_spectrum_get(&s, "single", &e), e);
    hep_fat_phasor(phasor, &s, 2.89, 0.5 * period);
    assert_close(phasor[0], -1.0, 0.0, 1e-12);
    hep_fat_phasor(phasor, &s, 2.89, 0.25 * period);
    assert_close(phasor[1], -1.0, 0.0, 1e-12);
}

/* ---- steady states ---- */

/* E1 = 0.5 and cos 60 = 0.5: sin 60 (1 - 0.5)/(1 - 0.25) = 0.57735; T2* factor exp(-1/4). */
static void test_spgr_by_hand(void **state)
{
    double t1 = 0.02 / log(2.0);

    (void)state;
    assert_close(hep_spgr_weight(t1, 0.02, 60.0 * deg), 0.5773502691896258, 1e-14, 0.0);
    assert_close(hep_signal_spgr(2.5, t1, 0.008, 0.02, 0.002, 60.0 * deg),
                 2.5 * 0.5773502691896258 * exp(-0.25), 1e-14, 0.0);
    assert_close(hep_signal_spgr(2.5, t1, (double)INFINITY, 0.02, 0.002, 60.0 * deg),
                 2.5 * 0.5773502691896258, 1e-14, 0.0);
}

/* TR = T1 ln 4 recovers 3/4; TE = T2 ln 3 leaves 1/3. */
static void test_spin_echo_by_hand(void **state)
{
    (void)state;
    assert_close(hep_signal_spin_echo(2.0, 1.0, 0.05, log(4.0), 0.05 * log(3.0)), 0.5, 1e-14, 0.0);
}

/* Domain 4.2: a lesion of T1 1150 ms that does not enhance reads RE = -56 % when 12 becomes 30
 * degrees. */
static void test_flip_mismatch(void **state)
{
    double re = hep_spgr_weight(1.15, 0.004, 30.0 * deg) / hep_spgr_weight(1.15, 0.004, 12.0 * deg);

    (void)state;
    assert_close(100.0 * (re - 1.0), -56.0, 0.0, 0.5);
}

static void test_t1_from_ratio(void **state)
{
    static const double t1s[] = { 0.15, 0.26, 0.43, 0.74, 1.25, 2.13 };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        double t1 = t1s[i];
        double before = hep_spgr_weight(0.809, 0.004, 12.0 * deg);
        double after = hep_spgr_weight(t1, 0.0045, 25.0 * deg);

        assert_close(
            hep_t1_from_spgr_ratio(after / before, 0.809, 0.004, 12.0 * deg, 0.0045, 25.0 * deg),
            t1, 1e-9, 0.0);
    }
    /* E1 = 0.5 by hand, as above: the ratio to itself. */
    assert_close(hep_t1_from_spgr_ratio(1.0, 0.02 / log(2.0), 0.02, 60.0 * deg, 0.02, 60.0 * deg),
                 0.02 / log(2.0), 1e-12, 0.0);
    assert_true(isnan(hep_t1_from_spgr_ratio(100.0, 0.8, 0.004, 12.0 * deg, 0.004, 12.0 * deg)));
    assert_true(isnan(hep_t1_from_spgr_ratio(-1.0, 0.8, 0.004, 12.0 * deg, 0.004, 12.0 * deg)));
}

/* ---- the dual-echo bias table, domain 2.1, printed there with one decimal ---- */

struct bias_case {
    const char *name;
    double field_t, flip_deg, tr_s, r2star_per_s, te_op_s, te_ip_s;
    double t1_water_s, t1_fat_s;
    double raw[8], corrected[8];
};
static const struct bias_case bias_cases[] = {
    { "bias 1.5 T FA12 TR6.5",
      1.5,
      12,
      0.0065,
      29,
      0.0023,
      0.0046,
      0.586,
      0.343,
      { -3.4, 2.5, 8.3, 19.7, 30.9, 41.7, 47.0, 37.1 },
      { 0.0, 5.5, 11.0, 21.7, 32.1, 42.2, 47.2, 37.9 } },
    { "bias 1.5 T FA3 TR10",
      1.5,
      3,
      0.010,
      29,
      0.0023,
      0.0046,
      0.586,
      0.343,
      { -3.4, 1.0, 5.6, 14.9, 24.5, 34.4, 44.5, 44.3 },
      { 0.0, 4.2, 8.4, 17.2, 26.1, 35.4, 44.9, 44.7 } },
    { "bias 3 T FA12 TR6.5",
      3.0,
      12,
      0.0065,
      50,
      0.00115,
      0.0023,
      0.809,
      0.382,
      { -3.0, 3.9, 10.5, 23.1, 34.9, 45.9, 43.1, 33.3 },
      { 0.0, 6.5, 12.7, 24.6, 35.8, 46.1, 43.5, 34.2 } },
};

/** The magnitude of a voxel at an echo time, the modulus of its complex signal. */
static double magnitude_at(const struct hep_fat_water *v, const struct hep_fat_spectrum *spectrum,
                           double field_t, double te_s)
{
    double s[2];

    hep_signal_fat_water(s, v, spectrum, field_t, te_s);
    return hypot(s[0], s[1]);
}

static void test_bias(void **state)
{
    static const double truth[8] = { 0.0, 0.05, 0.10, 0.20, 0.30, 0.40, 0.50, 0.60 };
    const struct bias_case *c = *state;
    struct hep_error e = { 0 };
    struct hep_fat_spectrum s;

    assert_ok(hep_fat_spectrum_get(&s, HEP_FAT_SPECTRUM_DEFAULT, &e), e);
    for (int i = 0; i < 8; i++) {
        double tr = c->tr_s, flip = c->flip_deg * deg, te[2] = { c->te_op_s, c->te_ip_s }, out[2];
        struct hep_fat_water v = { .water =
                                       (1.0 - truth[i]) * hep_spgr_weight(c->t1_water_s, tr, flip),
                                   .fat = truth[i] * hep_spgr_weight(c->t1_fat_s, tr, flip),
                                   .r2star_per_s = c->r2star_per_s };

        for (int k = 0; k < 2; k++)
            out[k] = magnitude_at(&v, &s, c->field_t, te[k]);
        /* the table is rounded to 0.1 */
        assert_close(100.0 * hep_dual_echo_raw_ff(out[1], out[0]), c->raw[i], 0.0, 0.15);
        assert_close(100.0 *
                         hep_dual_echo_corrected_ff(out[1], out[0], te[1], te[0], c->r2star_per_s),
                     c->corrected[i], 0.0, 0.15);
    }
}

/* Opposed after in phase: the correction divides instead of multiplying. IP 80, OP 48, by hand. */
static void test_opposed_later(void **state)
{
    (void)state;
    assert_close(hep_dual_echo_raw_ff(80.0, 48.0), 0.2, 1e-15, 0.0);
    assert_close(hep_dual_echo_corrected_ff(80.0, 48.0, 0.0023, 0.00345, 50.0),
                 (80.0 * exp(-50.0 * 0.00115) - 48.0) / (160.0 * exp(-50.0 * 0.00115)), 1e-14, 0.0);
    assert_true(hep_dual_echo_corrected_ff(80.0, 48.0, 0.0023, 0.00345, 50.0) < 0.2);
    assert_true(hep_dual_echo_corrected_ff(80.0, 48.0, 0.0023, 0.00115, 50.0) > 0.2);
}

/* |complex| is the magnitude for any phase and field map; derivatives by central differences. */
static void test_magnitude(void **state)
{
    struct hep_error e = { 0 };
    struct hep_fat_spectrum s;
    struct hep_fat_water v = { 7.3, 2.9, 41.0, 0.7, 55.0 };
    double phasor[2], grad[3], out[2], h = 1e-5, m;

    (void)state;
    assert_ok(hep_fat_spectrum_get(&s, "hamilton2011-liver", &e), e);
    for (int i = 0; i < 11; i++) {
        double te = 0.0009 + 0.0013 * i;

        hep_fat_phasor(phasor, &s, 2.89, te);
        m = hep_signal_fat_water_magnitude(grad, v.water, v.fat, v.r2star_per_s, phasor, te);
        hep_signal_fat_water(out, &v, &s, 2.89, te);
        assert_close(hypot(out[0], out[1]), m, 1e-13, 0.0);
        assert_close((hep_signal_fat_water_magnitude(NULL, v.water + h, v.fat, 41.0, phasor, te) -
                      hep_signal_fat_water_magnitude(NULL, v.water - h, v.fat, 41.0, phasor, te)) /
                         (2.0 * h),
                     grad[0], 1e-7, 1e-9);
        assert_close((hep_signal_fat_water_magnitude(NULL, v.water, v.fat + h, 41.0, phasor, te) -
                      hep_signal_fat_water_magnitude(NULL, v.water, v.fat - h, 41.0, phasor, te)) /
                         (2.0 * h),
                     grad[1], 1e-7, 1e-9);
        assert_close((hep_signal_fat_water_magnitude(NULL, v.water, v.fat, 41.0 + h, phasor, te) -
                      hep_signal_fat_water_magnitude(NULL, v.water, v.fat, 41.0 - h, phasor, te)) /
                         (2.0 * h),
                     grad[2], 1e-6, 1e-9);
    }
    (void)hep_signal_fat_water_magnitude(grad, 0.0, 0.0, 41.0, phasor, 0.001);
    assert_close(grad[0], 0.0, 0.0, 0.0);
}

/* One peak, single period: S = (W + F e^{-i pi/2}) at a quarter turn, rotated by phi + 2 pi psi t.
 */
static void test_complex_by_hand(void **state)
{
    struct hep_error e = { 0 };
    struct hep_fat_spectrum s;
    double te = 0.25 * hep_fat_water_period_s(3.0), out[2];
    struct hep_fat_water v = { 3.0, 4.0, 0.0, 0.0, 0.25 / te };

    (void)state;
    assert_ok(hep_fat_spectrum_get(&s, "single", &e), e);
    hep_signal_fat_water(out, &v, &s, 3.0, te); /* (3 - 4i) i = 4 + 3i */
    assert_close(out[0], 4.0, 0.0, 1e-12);
    assert_close(out[1], 3.0, 0.0, 1e-12);
}

/* ---- diffusion ---- */

/* b D = ln 2; b D* = ln 8; f = 0.2: 0.8/2 + 0.2/8 = 0.425. b D = 1.2, K = 0.75: exp(-1.02). */
static void test_diffusion_by_hand(void **state)
{
    double d = log(2.0) / 400.0, dstar = log(8.0) / 400.0;

    (void)state;
    assert_close(hep_signal_mono(NULL, 300.0, d, 400.0), 150.0, 1e-14, 0.0);
    assert_close(hep_signal_ivim(NULL, 300.0, d, 0.2, dstar, 400.0), 127.5, 1e-14, 0.0);
    assert_close(hep_signal_kurtosis(NULL, 300.0, 1.2e-3, 0.75, 1000.0), 300.0 * exp(-1.02), 1e-14,
                 0.0);
    assert_close(hep_signal_ivim(NULL, 300.0, d, 0.2, dstar, 0.0), 300.0, 1e-14, 0.0);
}

static double call_ivim(const double *p)
{
    return hep_signal_ivim(NULL, p[0], p[1], p[2], p[3], 150.0);
}
static double call_kurtosis(const double *p)
{
    return hep_signal_kurtosis(NULL, p[0], p[1], p[2], 1300.0);
}
static double call_mono(const double *p)
{
    return hep_signal_mono(NULL, p[0], p[1], 650.0);
}

static void check_gradient(double (*call)(const double *), const double *p, const double *grad,
                           int n)
{
    for (int k = 0; k < n; k++) {
        double up[4], down[4], h = 1e-6 * p[k];

        (void)memcpy(up, p, (size_t)n * sizeof *p);
        (void)memcpy(down, p, (size_t)n * sizeof *p);
        up[k] += h;
        down[k] -= h;
        assert_close((call(up) - call(down)) / (2.0 * h), grad[k], 1e-6, 1e-9);
    }
}

static void test_gradients(void **state)
{
    const double ivim[4] = { 870.0, 1.15e-3, 0.23, 0.041 };
    const double kurtosis[3] = { 870.0, 1.15e-3, 0.9 }, mono[2] = { 870.0, 1.15e-3 };
    double grad[4];

    (void)state;
    (void)hep_signal_ivim(grad, ivim[0], ivim[1], ivim[2], ivim[3], 150.0);
    check_gradient(call_ivim, ivim, grad, 4);
    (void)hep_signal_kurtosis(grad, kurtosis[0], kurtosis[1], kurtosis[2], 1300.0);
    check_gradient(call_kurtosis, kurtosis, grad, 3);
    (void)hep_signal_mono(grad, mono[0], mono[1], 650.0);
    check_gradient(call_mono, mono, grad, 2);
}

/** Slope of ln S against b by ordinary least squares. */
static double log_linear_adc(const double *b, int n)
{
    double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;

    for (int i = 0; i < n; i++) {
        /* liver of domain 8.3 */
        double s = hep_signal_ivim(NULL, 1.0, 1.05e-3, 0.22, 0.060, b[i]);

        x += b[i];
        y += log(s);
        xx += b[i] * b[i];
        xy += b[i] * log(s);
    }
    return -((double)n * xy - x * y) / ((double)n * xx - x * x);
}

/* Domain 3.1: liver ADC by subset, printed with two decimals: 1.36, 1.25, 1.07. */
static void test_adc_subsets(void **state)
{
    const double b[4] = { 0, 50, 400, 800 }, ends[2] = { 0, 800 };

    (void)state;
    assert_close(1e3 * log_linear_adc(ends, 2), 1.36, 0.0, 0.005);
    assert_close(1e3 * log_linear_adc(b, 4), 1.25, 0.0, 0.005);
    assert_close(1e3 * log_linear_adc(b + 1, 3), 1.07, 0.0, 0.005);
}

int main(void)
{
    enum { N = sizeof bias_cases / sizeof bias_cases[0] };
    struct CMUnitTest tests[N + 16] = {
        cmocka_unit_test(test_spectra),           cmocka_unit_test(test_fields),
        cmocka_unit_test(test_single_peak_turns), cmocka_unit_test(test_spgr_by_hand),
        cmocka_unit_test(test_spin_echo_by_hand), cmocka_unit_test(test_flip_mismatch),
        cmocka_unit_test(test_t1_from_ratio),     cmocka_unit_test(test_opposed_later),
        cmocka_unit_test(test_magnitude),         cmocka_unit_test(test_complex_by_hand),
        cmocka_unit_test(test_diffusion_by_hand), cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_adc_subsets),
    };
    size_t n = 13;

    for (size_t i = 0; i < N; i++)
        tests[n++] = (struct CMUnitTest){ .name = bias_cases[i].name,
                                          .test_func = test_bias,
                                          .initial_state = (void *)(uintptr_t)&bias_cases[i] };
    return _cmocka_run_group_tests("signal", tests, n, NULL, NULL);
}
