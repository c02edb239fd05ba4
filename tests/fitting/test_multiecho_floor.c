/* Echoes at the noise floor, lost or left out, and R2* alone. */
#include "fitting/multiecho_bench.h"

#include <gsl/gsl_sf_bessel.h>

static double mean_r2star(struct bench *b, enum hep_multiecho_noise noise, double sigma)
{
    struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
    double mean = 0.0;
    size_t n = 0;
    struct hep_error e = { 0 };

    opt.noise = noise;
    opt.sigma = sigma;
    opt.se_max_frac = 0.1; /* of two readings that fit alike R2* is that of water */
    assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
    for (size_t i = 0; i < b->data.n_voxels; i++) {
        if (isfinite(b->r2star[i])) {
            mean += (double)b->r2star[i];
            n++;
        }
    }
    assert_true(n > b->data.n_voxels / 2);
    return mean / (double)n;
}

/* High iron: the floor makes R2* read low; modelling it, or leaving drowned echoes out, takes most
 * of that away. */
static void test_noise_floor(void **state)
{
    struct bench *b = bench_new(1.5, 1.1, 1.4, 4096);
    struct hep_rng rng = { 22, hep_rng_stream("floor"), 0 };
    double ignored, modelled;

    (void)state;
    for (size_t i = 0; i < b->data.n_voxels; i++)
        bench_set(b, i, 0.05, 500.0, 40.0, &rng);
    ignored = mean_r2star(b, HEP_MULTIECHO_NOISE_IGNORE, 0.0);
    modelled = mean_r2star(b, HEP_MULTIECHO_NOISE_FLOOR, 40.0);
    assert_true(ignored < 460.0);
    assert_close(modelled, 500.0, 0.02, 0.0);
    free(b);
}

/* Mean of a Rician magnitude by Bessel functions. */
static double rician_mean(double signal, double sigma)
{
    double x = signal * signal / (4.0 * sigma * sigma), half_pi = 1.5707963267948966;

    return sigma * sqrt(half_pi) *
           ((1.0 + 2.0 * x) * gsl_sf_bessel_I0_scaled(x) + 2.0 * x * gsl_sf_bessel_I1_scaled(x));
}

/* Means with sigma = 60 give back the parameters within what the approximation leaves: 0.01 sigma is
 * 0.6 of the signal, and 0.1 % of the smallest echo that tells the fraction. */
static void test_floor_exact(void **state)
{
    struct bench *b = bench_new(3.0, 1.15, 1.1, 101);
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < 101; i++) {
        bench_set(b, i, 0.01 * (double)i, 137.3, 0.0, NULL);
        for (size_t k = 0; k < ne; k++)
            b->signal[k][i] = (float)rician_mean((double)b->signal[k][i], 60.0);
    }
    for (int which = 0; which < 2; which++) {
        struct hep_multiecho_options opt = solver(which ? HEP_SOLVER_GSL : HEP_SOLVER_BATCHED);

        opt.noise = HEP_MULTIECHO_NOISE_FLOOR;
        opt.sigma = 60.0;
        assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
        for (size_t i = 0; i < 101; i++) {
            assert_close(b->pdff[i], 0.01 * (double)i, 0.0, 4e-3);
            assert_close(b->r2star[i], 137.3, 1e-2, 0.0);
        }
    }
    free(b);
}

/* An echo that was not measured has no weight: the other five give the fraction. */
static void test_lost_echo(void **state)
{
    static const float lost[] = { 0.0F, -100.0F, NAN, INFINITY };
    struct bench *b = bench_new(3.0, 1.2, 1.14, COUNT(lost));
    struct hep_multiecho_options opt = hep_multiecho_defaults();
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(lost); i++) {
        bench_set(b, i, 0.2, 50.0, 0.0, NULL);
        b->signal[2][i] = lost[i];
    }
    assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
    for (size_t i = 0; i < COUNT(lost); i++) {
        assert_close(b->pdff[i], 0.2, 0.0, 1e-3);
        assert_close(b->r2star[i], 50.0, 2e-3, 0.0);
        assert_int_equal(b->status[i], HEP_FIT_OK);
    }
    free(b);
}

/*
 * T2* of 2 ms at a signal-to-noise ratio of 33: three echoes stand above the noise, and a fit that
 * ignores the floor reads 96 % fat where 15 % is true. Every fraction that is still given must be
 * right within 10 points, the noise is found, and R2* keeps its value.
 */
static void test_short_t2star(void **state)
{
    struct bench *b = bench_new(3.0, 1.15, 1.15, 4000);
    struct hep_multiecho_options opt = hep_multiecho_defaults();
    struct hep_rng rng = { 25, hep_rng_stream("short"), 0 };
    struct hep_multiecho_summary sum;
    double rate = 0.0;
    size_t wrong = 0;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < b->data.n_voxels; i++)
        bench_set(b, i, 0.15, i < 2000 ? 500.0 : 50.0, 30.0, &rng);
    assert_ok(hep_multiecho_map(&b->maps, &sum, &b->data, NULL, &opt, &e), e);
    assert_close(sum.sigma, 30.0, 0.1, 0.0);
    for (size_t i = 0; i < 2000; i++) {
        if (isfinite(b->pdff[i]))
            assert_close(b->pdff[i], 0.15, 0.0, 0.1);
        else
            assert_int_equal(b->status[i], HEP_FIT_NOT_IDENTIFIABLE);
        rate += (double)b->r2star[i] / 2000.0;
    }
    assert_close(rate, 500.0, 0.1, 0.0);
    for (size_t i = 2000; i < 4000; i++)
        wrong += fabs((double)b->pdff[i] - 0.15) > 0.2;
    assert_true(wrong < 20); /* the likelihood ratio is taken at 1 % */
    free(b);
}

/* In-phase echoes at 3 T: refused as fractions, and R2* alone is that of the signal. */
static void test_r2star_alone(void **state)
{
    const double period_ms = 1e3 * hep_fat_water_period_s(3.0);
    struct bench *b = bench_new(3.0, period_ms, period_ms, 2);
    struct hep_multiecho_options opt = hep_multiecho_defaults();
    struct hep_error e = { 0 };

    (void)state;
    bench_set(b, 0, 0.0, 37.0, 0.0, NULL);
    bench_set(b, 1, 0.0, 410.0, 0.0, NULL);
    b->signal[5][1] = 0.0F;
    assert_false(hep_multiecho_separable(&b->data));
    assert_fails(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e, HEP_EDATA,
                 "cannot tell water from fat");
    opt.no_fat = true;
    assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
    assert_close(b->r2star[0], 37.0, 1e-4, 0.0);
    assert_close(b->r2star[1], 410.0, 1e-4, 0.0);
    assert_close(b->water[0], 1000.0, 1e-4, 0.0);
    assert_close(b->pdff[0], (double)NAN, 0.0, 0.0);
    assert_int_equal(b->status[0], HEP_FIT_OK);
    free(b);
}

/* A drowned last echo is left out: the other five decide. Fewer than three left: bad input. */
static void test_drop(void **state)
{
    struct bench *b = bench_new(1.5, 1.2, 2.0, 2);
    struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < 2; i++)
        bench_set(b, i, 0.2, 60.0, 0.0, NULL);
    b->signal[5][0] = 29.0F; /* below 3 x 10, and far from the model */
    for (size_t k = 2; k < ne; k++)
        b->signal[k][1] = 1.0F;
    opt.noise = HEP_MULTIECHO_NOISE_DROP;
    opt.sigma = 10.0;
    assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
    assert_close(b->pdff[0], 0.2, 0.0, 1e-4);
    assert_close(b->r2star[0], 60.0, 1e-3, 0.0);
    assert_close(b->rmse[0], 0.0, 0.0, 1e-2);
    assert_int_equal(b->status[1], HEP_FIT_BAD_INPUT);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise_floor),  cmocka_unit_test(test_floor_exact),
        cmocka_unit_test(test_lost_echo),    cmocka_unit_test(test_short_t2star),
        cmocka_unit_test(test_r2star_alone), cmocka_unit_test(test_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
