#include "fitting/dualecho.h"

#include "base/rng.h"
#include "sequences/signal.h"
#include "support/support.h"

#include <math.h>

static const double nan_d = (double)NAN;

/* The usual pairs: 1.5 T, and 3 T with the opposed echo before and after the in-phase one. */
static struct hep_dualecho_options options(double b0_t, double te_opposed_s, double te_in_phase_s)
{
    struct hep_dualecho_options opt = hep_dualecho_defaults();

    opt.b0_t = b0_t;
    opt.te_opposed_s = te_opposed_s;
    opt.te_in_phase_s = te_in_phase_s;
    return opt;
}

/* Raw and R2*-corrected percent of six-peak fat against the true one: table of the project's
 * physics notes, computed there with numpy from the Hamilton spectrum and T1 weighting. Rounded
 * to 0.1, hence the tolerance. */
struct bias_case {
    const char *name;
    double b0_t, te_op_s, te_ip_s, t1_water_s, t1_fat_s, flip_deg, tr_s, r2star_per_s;
    double raw_percent[8], corrected_percent[8];
};
static const double true_percent[8] = { 0, 5, 10, 20, 30, 40, 50, 60 };
static const struct bias_case bias_cases[] = {
    { "1.5 T, 12 degrees",
      1.5,
      2.3e-3,
      4.6e-3,
      0.586,
      0.343,
      12,
      6.5e-3,
      29,
      { -3.4, 2.5, 8.3, 19.7, 30.9, 41.7, 47.0, 37.1 },
      { 0.0, 5.5, 11.0, 21.7, 32.1, 42.2, 47.2, 37.9 } },
    { "1.5 T, 3 degrees",
      1.5,
      2.3e-3,
      4.6e-3,
      0.586,
      0.343,
      3,
      10e-3,
      29,
      { -3.4, 1.0, 5.6, 14.9, 24.5, 34.4, 44.5, 44.3 },
      { 0.0, 4.2, 8.4, 17.2, 26.1, 35.4, 44.9, 44.7 } },
    { "3 T, 12 degrees",
      3.0,
      1.15e-3,
      2.3e-3,
      0.809,
      0.382,
      12,
      6.5e-3,
      50,
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

static void test_bias_table(void **state)
{
    struct hep_fat_spectrum spectrum;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_fat_spectrum_get(&spectrum, HEP_FAT_SPECTRUM_DEFAULT, &e), e);
    for (size_t c = 0; c < sizeof bias_cases / sizeof bias_cases[0]; c++) {
        const struct bias_case *b = &bias_cases[c];
        struct hep_dualecho_options opt = options(b->b0_t, b->te_op_s, b->te_ip_s);
        float opposed[8], in_phase[8], raw[8], corrected[8];

        opt.r2star_per_s = b->r2star_per_s;
        for (size_t i = 0; i < 8; i++) {
            double f = 0.01 * true_percent[i], flip_rad = b->flip_deg * acos(-1.0) / 180.0;
            struct hep_fat_water v = { .r2star_per_s = b->r2star_per_s };

            v.water = 5e4 * (1.0 - f) * hep_spgr_weight(b->t1_water_s, b->tr_s, flip_rad);
            v.fat = 5e4 * f * hep_spgr_weight(b->t1_fat_s, b->tr_s, flip_rad);
            opposed[i] = (float)magnitude_at(&v, &spectrum, b->b0_t, b->te_op_s);
            in_phase[i] = (float)magnitude_at(&v, &spectrum, b->b0_t, b->te_ip_s);
        }
        assert_ok(hep_dualecho_map(
                      &(struct hep_dualecho_maps){ .ff_raw_frac = raw, .ff_frac = corrected }, NULL,
                      &(struct hep_dualecho_signals){ opposed, in_phase, NULL, 8 }, NULL, &opt, &e),
                  e);
        for (size_t i = 0; i < 8; i++) {
            assert_close(100.0 * (double)raw[i], b->raw_percent[i], 0.0, 0.0501);
            assert_close(100.0 * (double)corrected[i], b->corrected_percent[i], 0.0, 0.0501);
        }
    }
}

/* One peak exactly in and out of phase: the corrected fraction is the true one, whichever echo is
 * first. Worked by hand: f = .2, R2* = 40 /s, W + F = 1000. OP = 600 e^(-40 TE), IP = 1000 e^(-40
 * TE). */
struct order_case {
    const char *name;
    double op_ms, ip_ms, raw_frac;
};
static const struct order_case order_cases[] = {
    /* raw = (1 - .6 exp(40 (TE_ip - TE_op))) / 2 */
    { "opposed earlier", 2.3, 4.6, 0.5 * (1.0 - 0.6 * 1.0963648) },
    { "opposed later", 6.9, 4.6, 0.5 * (1.0 - 0.6 * 0.9121050) },
};

static void test_echo_order(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        const struct order_case *o = &order_cases[c];
        struct hep_dualecho_options opt = options(1.5, 1e-3 * o->op_ms, 1e-3 * o->ip_ms);
        float opposed = (float)(600.0 * exp(-0.040 * o->op_ms));
        float in_phase = (float)(1000.0 * exp(-0.040 * o->ip_ms));
        float raw, ff;
        struct hep_dualecho_summary sum;
        struct hep_error e = { 0 };

        opt.r2star_per_s = 40.0;
        assert_ok(
            hep_dualecho_map(&(struct hep_dualecho_maps){ .ff_raw_frac = &raw, .ff_frac = &ff },
                             &sum, &(struct hep_dualecho_signals){ &opposed, &in_phase, NULL, 1 },
                             NULL, &opt, &e),
            e);
        assert_close(raw, o->raw_frac, 1e-6, 0.0);
        assert_close(ff, 0.2, 1e-6, 0.0);
        assert_int_equal(sum.opposed_is_later, o->op_ms > o->ip_ms);
    }
}

/* Third echo: OP IP OP2, IP1 OP IP2 and OP IP IP2; R2* = ln(ratio) / time between the like echoes.
 */
static void test_third_echo(void **state)
{
    static const double times_ms[][3] = { { 2.3, 4.6, 6.9 }, { 6.9, 4.6, 9.2 }, { 2.3, 4.6, 9.2 } };

    (void)state;
    for (size_t c = 0; c < 3; c++) {
        const double *t = times_ms[c];
        struct hep_dualecho_options opt = options(1.5, 1e-3 * t[0], 1e-3 * t[1]);
        bool third_opposed = c == 0;
        float s[3] = { (float)(600.0 * exp(-0.137 * t[0])), (float)(1000.0 * exp(-0.137 * t[1])),
                       (float)((third_opposed ? 600.0 : 1000.0) * exp(-0.137 * t[2])) };
        float ff, r2star;
        struct hep_error e = { 0 };

        opt.te_third_s = 1e-3 * t[2];
        assert_ok(hep_dualecho_map(
                      &(struct hep_dualecho_maps){ .ff_frac = &ff, .r2star_per_s = &r2star }, NULL,
                      &(struct hep_dualecho_signals){ &s[0], &s[1], &s[2], 1 }, NULL, &opt, &e),
                  e);
        assert_close(r2star, 137.0, 1e-5, 0.0);
        assert_close(ff, 0.2, 1e-5, 0.0);
    }
}

/* Each kind of voxel with its status; R2* unknown gives no corrected value. */
static void test_voxel_status(void **state)
{
    static const float opposed[] = { 60, 120, -1, NAN, 0, 4, 60, 15, 60 };
    static const float in_phase[] = { 100, 100, 100, 100, 0, 8, INFINITY, 100, 100 };
    static const uint8_t mask[] = { 1, 1, 1, 1, 1, 1, 1, 7, 0 };
    static const uint8_t want[] = { HEP_FIT_OK,        HEP_FIT_OK,        HEP_FIT_BAD_INPUT,
                                    HEP_FIT_BAD_INPUT, HEP_FIT_BAD_INPUT, HEP_FIT_NOT_IDENTIFIABLE,
                                    HEP_FIT_BAD_INPUT, HEP_FIT_OK,        HEP_FIT_OUTSIDE };
    struct hep_dualecho_options opt = options(3.0, 1.15e-3, 2.3e-3);
    struct hep_dualecho_summary sum;
    float raw[9], ff[9];
    uint8_t status[9];
    struct hep_error e = { 0 };

    (void)state;
    opt.sigma = 3.0;
    assert_ok(hep_dualecho_map(&(struct hep_dualecho_maps){ raw, ff, NULL, status }, &sum,
                               &(struct hep_dualecho_signals){ opposed, in_phase, NULL, 9 }, mask,
                               &opt, &e),
              e);
    assert_memory_equal(status, want, sizeof want);
    assert_close(raw[0], 0.2, 1e-6, 0.0);
    assert_close(raw[1], -0.1, 1e-6, 0.0); /* kept; R2* of at least ln(1.2) / 1.15 ms = 159 /s */
    assert_close(raw[2], nan_d, 0.0, 0.0);
    assert_close(ff[0], nan_d, 0.0, 0.0);
    assert_close(raw[8], 0.0, 0.0, 0.0);
    assert_int_equal(sum.n_iron, 1);
    assert_int_equal(sum.n_ambiguous, 1); /* .425 */
    assert_int_equal(sum.counts.n[HEP_FIT_OK], 3);
    assert_int_equal(sum.counts.n[HEP_FIT_BAD_INPUT], 4);
}

/* Lean liver of normal iron at 3 T (50 /s) reads -3 % and is not suspected; 75 /s at 1.5 T is the
 * limit. */
static void test_iron_suspected(void **state)
{
    static const double r2stars[] = { 50.0, 140.0, 160.0 };
    struct hep_error e = { 0 };

    (void)state;
    for (size_t c = 0; c < 3; c++) {
        struct hep_dualecho_options opt = options(3.0, 1.15e-3, 2.3e-3);
        float opposed = (float)(1000.0 * exp(-r2stars[c] * 1.15e-3));
        float in_phase = (float)(1000.0 * exp(-r2stars[c] * 2.30e-3));
        float third = (float)(1000.0 * exp(-r2stars[c] * 3.45e-3));
        struct hep_dualecho_summary sum;

        assert_ok(hep_dualecho_map(&(struct hep_dualecho_maps){ 0 }, &sum,
                                   &(struct hep_dualecho_signals){ &opposed, &in_phase, NULL, 1 },
                                   NULL, &opt, &e),
                  e);
        assert_int_equal(sum.n_iron, r2stars[c] > 150.0);
        opt.te_third_s = 3.45e-3;
        assert_ok(hep_dualecho_map(&(struct hep_dualecho_maps){ 0 }, &sum,
                                   &(struct hep_dualecho_signals){ &opposed, &in_phase, &third, 1 },
                                   NULL, &opt, &e),
                  e);
        assert_int_equal(sum.n_iron, r2stars[c] > 150.0);
        opt = options(3.0, 3.45e-3, 2.3e-3);
        assert_ok(hep_dualecho_map(&(struct hep_dualecho_maps){ 0 }, &sum,
                                   &(struct hep_dualecho_signals){ &third, &in_phase, NULL, 1 },
                                   NULL, &opt, &e),
                  e);
        assert_int_equal(sum.n_iron, 0);
    }
}

static void test_third_echo_gone(void **state)
{
    struct hep_dualecho_options opt = options(1.5, 2.3e-3, 4.6e-3);
    const float opposed = 60, in_phase = 100, third = 0;
    float raw, ff;
    uint8_t status;
    struct hep_error e = { 0 };

    (void)state;
    opt.te_third_s = 6.9e-3;
    assert_ok(hep_dualecho_map(&(struct hep_dualecho_maps){ &raw, &ff, NULL, &status }, NULL,
                               &(struct hep_dualecho_signals){ &opposed, &in_phase, &third, 1 },
                               NULL, &opt, &e),
              e);
    assert_int_equal(status, HEP_FIT_NOT_IDENTIFIABLE);
    assert_close(raw, 0.2, 1e-6, 0.0);
    assert_close(ff, nan_d, 0.0, 0.0);
}

struct refused {
    const char *name;
    double b0_t, op_ms, ip_ms, third_ms, r2star, sigma;
    enum hep_status code;
    const char *says;
};
static const struct refused refused_cases[] = {
    { "field unknown", (double)NAN, 2.3, 4.6, 0, 0, 0, HEP_EINVAL, "field" },
    { "field in gauss", 15000, 2.3, 4.6, 0, 0, 0, HEP_EINVAL, "0.2 to 12 T" },
    { "no opposed time", 1.5, 0, 4.6, 0, 0, 0, HEP_EINVAL, "echo times" },
    { "times in ms", 1.5, 2300, 4600, 0, 0, 0, HEP_EINVAL, "4.6 s" },
    { "third time negative", 1.5, 2.3, 4.6, -1, 0, 0, HEP_EINVAL, "third" },
    { "R2* negative", 1.5, 2.3, 4.6, 0, -1, 0, HEP_EINVAL, "R2*" },
    { "noise negative", 1.5, 2.3, 4.6, 0, 0, -1, HEP_EINVAL, "noise" },
    { "equal times", 1.5, 4.6, 4.6, 0, 0, 0, HEP_EDATA, "one echo time" },
    { "swapped", 1.5, 4.6, 2.3, 0, 0, 0, HEP_EDATA, "swapped" },
    { "times of 3 T at 1.5 T", 1.5, 1.15, 2.3, 0, 0, 0, HEP_EDATA, "1.150 ms" },
    { "in phase not in phase", 1.5, 2.3, 3.4, 0, 0, 0, HEP_EDATA, "3.400 ms" },
    { "third between", 1.5, 2.3, 4.6, 5.8, 0, 0, HEP_EDATA, "third" },
    { "third repeats", 1.5, 2.3, 4.6, 4.6, 0, 0, HEP_EDATA, "third" },
};

static void test_refused(void **state)
{
    const struct refused *r = *state;
    struct hep_dualecho_options opt = options(r->b0_t, 1e-3 * r->op_ms, 1e-3 * r->ip_ms);
    const float s = 100;
    float ff = 77;
    struct hep_error e = { 0 };

    opt.te_third_s = 1e-3 * r->third_ms;
    opt.r2star_per_s = r->r2star;
    opt.sigma = r->sigma;
    assert_fails(hep_dualecho_map(&(struct hep_dualecho_maps){ .ff_raw_frac = &ff }, NULL,
                                  &(struct hep_dualecho_signals){ &s, &s, NULL, 1 }, NULL, &opt,
                                  &e),
                 e, r->code, r->says);
    assert_close(ff, 77, 0.0, 0.0);
}

static void test_missing_signals(void **state)
{
    struct hep_dualecho_options opt = options(1.5, 2.3e-3, 4.6e-3);
    const float s = 100;
    const struct hep_dualecho_maps none = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_dualecho_map(&none, NULL, &(struct hep_dualecho_signals){ NULL, &s, NULL, 1 },
                                  NULL, &opt, &e),
                 e, HEP_EINVAL, "missing");
    assert_fails(hep_dualecho_map(&none, NULL, &(struct hep_dualecho_signals){ &s, &s, &s, 1 },
                                  NULL, &opt, &e),
                 e, HEP_EINVAL, "third");
}

/* Real sidecars of a 3 T scanner: 5.756 ms is opposed, 6.907 ms in phase (2.5 and 3.0 turns
 * of 2.302 ms). */
static void test_phase_positions(void **state)
{
    (void)state;
    assert_int_equal(hep_dualecho_phase(5.756e-3, 3.0), HEP_ECHO_OPPOSED);
    assert_int_equal(hep_dualecho_phase(6.907e-3, 3.0), HEP_ECHO_IN_PHASE);
    assert_int_equal(hep_dualecho_phase(2.39e-3, 2.89), HEP_ECHO_IN_PHASE);
    assert_int_equal(hep_dualecho_phase(1.15e-3, 1.5), HEP_ECHO_BETWEEN);
    assert_close(hep_dualecho_r2star(100, 1e-3, 50, 2e-3), 1000.0 * log(2.0), 1e-12, 0.0);
    assert_close(hep_dualecho_r2star(100, 1e-3, 0, 2e-3), nan_d, 0.0, 0.0);
}

/* Error propagation: sd(FF) = sigma sqrt(1 + (OP/IP)^2) / (2 IP) at high SNR; no bias. */
static void test_noise(void **state)
{
    enum { n = 40000 };
    static float opposed[n], in_phase[n], ff1[n], ff8[n];
    struct hep_dualecho_options opt = options(1.5, 2.3e-3, 4.6e-3);
    struct hep_rng rng = { 11, hep_rng_stream("dualecho"), 0 };
    double mean = 0.0, var = 0.0;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < n; i++) {
        opposed[i] = (float)hypot(800.0 + 20.0 * hep_rng_next_normal(&rng),
                                  20.0 * hep_rng_next_normal(&rng));
        in_phase[i] = (float)hypot(1000.0 + 20.0 * hep_rng_next_normal(&rng),
                                   20.0 * hep_rng_next_normal(&rng));
    }
    opt.nthreads = 1;
    assert_ok(hep_dualecho_map(&(struct hep_dualecho_maps){ .ff_raw_frac = ff1 }, NULL,
                               &(struct hep_dualecho_signals){ opposed, in_phase, NULL, n }, NULL,
                               &opt, &e),
              e);
    opt.nthreads = 8;
    assert_ok(hep_dualecho_map(&(struct hep_dualecho_maps){ .ff_raw_frac = ff8 }, NULL,
                               &(struct hep_dualecho_signals){ opposed, in_phase, NULL, n }, NULL,
                               &opt, &e),
              e);
    assert_memory_equal(ff1, ff8, sizeof ff1);
    for (size_t i = 0; i < n; i++)
        mean += (double)ff1[i] / n;
    for (size_t i = 0; i < n; i++)
        var += ((double)ff1[i] - mean) * ((double)ff1[i] - mean) / (n - 1);
    assert_close(mean, 0.1, 0.0, 4e-4);
    assert_close(sqrt(var), 20.0 * sqrt(1.0 + 0.64) / 2000.0, 0.02, 0.0);
}

int main(void)
{
    enum { n_refused = sizeof refused_cases / sizeof refused_cases[0] };
    struct CMUnitTest refusals[n_refused];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bias_table),      cmocka_unit_test(test_echo_order),
        cmocka_unit_test(test_third_echo),      cmocka_unit_test(test_voxel_status),
        cmocka_unit_test(test_third_echo_gone), cmocka_unit_test(test_missing_signals),
        cmocka_unit_test(test_phase_positions), cmocka_unit_test(test_noise),
        cmocka_unit_test(test_iron_suspected),
    };

    for (size_t i = 0; i < n_refused; i++)
        refusals[i] = (struct CMUnitTest){ .name = refused_cases[i].name,
                                           .test_func = test_refused,
                                           .initial_state = (void *)(uintptr_t)&refused_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests_name("refused", refusals, NULL, NULL);
}
