/* Fat fraction and R2* of several echoes: known signals, noise, solvers, and what is refused. */
#include "fitting/multiecho_bench.h"

/* Magnitudes computed with numpy from the spectrum of Hamilton et al. 2011, not by this program. */
struct known {
    const char *name;
    double water, fat, r2star_per_s, b0_t, first_ms, spacing_ms, signal[ne];
};
static const struct known known_cases[] = {
    { "2.89 T, 27.5 %",
      713.5,
      271.3,
      63.7,
      2.89,
      1.31,
      1.07,
      { 467.9932436, 803.794702, 446.5176184, 634.3528306, 422.1385686, 517.2362557 } },
    { "1.5 T, 5.1 %",
      905.2,
      48.8,
      31.3,
      1.5,
      1.2,
      2.05,
      { 875.5962295, 808.3215278, 788.5029463, 699.175992, 693.0675895, 611.1547969 } },
    { "3 T, 87.7 %",
      123.4,
      876.5,
      87.1,
      3.0,
      1.15,
      1.12,
      { 518.6678331, 694.4240378, 328.1891093, 416.5464812, 265.1095716, 338.3197416 } },
    { "1.494 T, no fat, iron",
      640.0,
      0.0,
      240.5,
      1.494,
      1.09,
      1.9,
      { 492.4156497, 311.8034983, 197.4377167, 125.0199315, 79.1641208, 50.1276713 } },
};

static void test_known(void **state)
{
    const struct known *c = *state;
    struct bench *b = bench_new(c->b0_t, c->first_ms, c->spacing_ms, 1);
    struct hep_error e = { 0 };

    for (size_t k = 0; k < ne; k++)
        b->signal[k][0] = (float)c->signal[k];
    for (int which = 0; which < 2; which++) {
        struct hep_multiecho_options opt = solver(which ? HEP_SOLVER_GSL : HEP_SOLVER_BATCHED);

        assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
        assert_close(b->pdff[0], c->fat / (c->fat + c->water), 0.0, 2e-5);
        assert_close(b->r2star[0], c->r2star_per_s, 1e-4, 0.0);
        assert_close(b->water[0], c->water, 1e-4, 0.02);
        assert_close(b->fat[0], c->fat, 1e-4, 0.02);
        assert_close(b->rmse[0], 0.0, 0.0, 1e-2);
        assert_true(b->status[0] == HEP_FIT_OK || b->status[0] == HEP_FIT_AT_BOUND);
    }
    free(b);
}

/* The model inside the fit is the signal equation, and its derivatives are its differences. */
static void test_model(void **state)
{
    static const double p[HEP_FATWATER_NP + 1] = { 1.7, 0.37, 0.83, 0.04 };
    struct hep_fat_spectrum spectrum;
    struct hep_error e = { 0 };
    double grad[4], up[4], unused[4], x[4] = { 0 }, te_s = 3.3e-3, s, mean;

    (void)state;
    assert_ok(hep_fat_spectrum_get(&spectrum, HEP_FAT_SPECTRUM_DEFAULT, &e), e);
    x[0] = te_s / HEP_FATWATER_TIME_UNIT_S;
    hep_fat_phasor(&x[1], &spectrum, 1.5, te_s);
    s = hep_signal_fat_water_magnitude(NULL, 1.7 * 0.63, 1.7 * 0.37, 83.0, &x[1], te_s);
    assert_close(model_fatwater(grad, p, x), s, 1e-14, 0.0);
    mean = model_fatwater_floor(grad, p, x);
    for (size_t i = 0; i < HEP_FATWATER_NP; i++) {
        double plain[4];

        memcpy(up, p, sizeof up);
        up[i] += 1e-6;
        (void)model_fatwater(plain, p, x);
        assert_close(plain[i], (model_fatwater(unused, up, x) - s) / 1e-6, 1e-4, 1e-5);
        assert_close(grad[i], (model_fatwater_floor(unused, up, x) - mean) / 1e-6, 1e-4, 1e-5);
    }
}

/* Mean and variance of a Rician magnitude, sigma = 1, by scipy's Bessel functions. */
static void test_rice(void **state)
{
    static const struct {
        double signal, mean, variance;
    } exact[] = {
        { 0, 1.253314137, 0.429203673 }, { 0.5, 1.330447341, 0.479909874 },
        { 1, 1.548572461, 0.601923334 }, { 1.5, 1.874935749, 0.734615936 },
        { 2, 2.272383428, 0.836273556 }, { 3, 3.172577288, 0.934753352 },
        { 5, 5.101069639, 0.979088533 },
    };
    const double x[4] = { 0.0, 1.0, 0.0, 0.0 };
    double grad[4];

    (void)state;
    for (size_t i = 0; i < COUNT(exact); i++) {
        const double p[4] = { exact[i].signal, 0.0, 0.0, 1.0 };

        assert_close(model_fatwater_floor(grad, p, x), exact[i].mean, 0.0, 0.01);
        assert_close(model_rice_variance(exact[i].signal * exact[i].signal), exact[i].variance, 0.0,
                     0.06);
    }
}

/* Noise-free voxels of every fraction and rate, three fields: within half a point (here: far
 * within). */
static void test_whole_range(void **state)
{
    static const double fields_t[] = { 1.5, 2.89, 3.0 };
    static const double r2stars[] = { 20, 29, 50, 80, 137.3, 200, 300, 400 };
    struct hep_error e = { 0 };

    (void)state;
    for (int which = 0; which < 2; which++) {
        struct hep_multiecho_options opt = solver(which ? HEP_SOLVER_GSL : HEP_SOLVER_BATCHED);

        for (size_t c = 0; c < COUNT(fields_t); c++) {
            struct bench *b =
                bench_new(fields_t[c], 1.2, fields_t[c] < 2.0 ? 2.05 : 1.1, 101 * COUNT(r2stars));

            for (size_t i = 0; i < b->data.n_voxels; i++)
                bench_set(b, i, 0.01 * (double)(i % 101), r2stars[i / 101], 0.0, NULL);
            assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
            for (size_t i = 0; i < b->data.n_voxels; i++) {
                assert_close(b->pdff[i], 0.01 * (double)(i % 101), 0.0, 1e-3);
                assert_close(b->r2star[i], r2stars[i / 101], 2e-3, 0.0);
            }
            free(b);
        }
    }
}

/* Spread at the Cramer-Rao bound, no bias, and the reported error tells the spread. */
static void test_noise(void **state)
{
    struct bench *b = bench_new(1.5, 1.2, 2.0, n_max);
    struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
    struct hep_precision_protocol p = { .model = HEP_PRECISION_MULTIECHO,
                                        .x = b->te_s,
                                        .n = ne,
                                        .sigma = 10.0,
                                        .b0_t = 1.5,
                                        .spectrum = &b->spectrum };
    struct hep_rng rng = { 21, hep_rng_stream("multiecho"), 0 };
    double mean = 0.0, var = 0.0, mean_r = 0.0, var_r = 0.0, se = 0.0, se_r = 0.0, bound = 0.0,
           sd[3];
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < n_max; i++)
        bench_set(b, i, 0.1, 28.7, 10.0, &rng);
    assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
    assert_ok(hep_precision_pdff_bound(&bound, 900, 100, 28.7, &p, &e), e);
    assert_ok(hep_precision_bounds(sd, NULL, (double[]){ 900, 100, 28.7 }, &p, &e), e);
    for (size_t i = 0; i < n_max; i++) {
        mean += (double)b->pdff[i] / n_max;
        mean_r += (double)b->r2star[i] / n_max;
        se += (double)b->pdff_se[i] * (double)b->pdff_se[i] / n_max;
        se_r += (double)b->r2star_se[i] * (double)b->r2star_se[i] / n_max;
    }
    for (size_t i = 0; i < n_max; i++) {
        var += ((double)b->pdff[i] - mean) * ((double)b->pdff[i] - mean) / n_max;
        var_r += ((double)b->r2star[i] - mean_r) * ((double)b->r2star[i] - mean_r) / n_max;
    }
    assert_close(mean, 0.1, 0.0, 0.001);
    assert_close(mean_r, 28.7, 0.0, 0.1);
    assert_close(sqrt(var), bound, 0.05, 0.0);
    assert_close(sqrt(var_r), sd[2], 0.05, 0.0);
    assert_close(sqrt(se), sqrt(var), 0.05, 0.0);
    assert_close(sqrt(se_r), sqrt(var_r), 0.05, 0.0);
    free(b);
}

/* 20 % fat and R2* = 50 /s look like 89 % and 4 /s but for 0.0586 of the signal (scipy, both fitted
 * to the noise-free echoes): at sigma = .02 the other reading is chosen when the noise along the
 * difference exceeds 1.46 sigma, in 7 % of the voxels, and those are called ambiguous; at sigma =
 * .004 in none. */
static void test_ambiguous(void **state)
{
    static const double sigmas[] = { 4.0, 20.0 };
    struct hep_error e = { 0 };

    (void)state;
    for (size_t c = 0; c < 2; c++) {
        struct bench *b = bench_new(1.5, 1.2, 2.0, 4000);
        struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
        struct hep_rng rng = { 24, hep_rng_stream("ambiguous"), c };
        struct hep_multiecho_summary sum;
        size_t wrong = 0, flagged = 0, flagged_wrong = 0;

        opt.sigma = sigmas[c];
        for (size_t i = 0; i < b->data.n_voxels; i++)
            bench_set(b, i, 0.2, 50.0, sigmas[c], &rng);
        assert_ok(hep_multiecho_map(&b->maps, &sum, &b->data, NULL, &opt, &e), e);
        for (size_t i = 0; i < b->data.n_voxels; i++) {
            bool is_wrong = b->pdff[i] > 0.5F;

            wrong += is_wrong;
            flagged += b->ambiguous[i];
            flagged_wrong += is_wrong && b->ambiguous[i] != 0;
        }
        assert_int_equal(flagged, sum.n_ambiguous);
        if (c == 0) {
            assert_int_equal(wrong, 0);
            assert_int_equal(flagged, 0);
        } else {
            assert_close((double)wrong / 4000.0, 0.072, 0.0, 0.03);
            assert_true((double)flagged_wrong > 0.9 * (double)wrong);
            assert_true(flagged > wrong && flagged < 4000);
        }
        free(b);
    }
}

/* Same bits for every number of threads and instruction set; both solvers agree. */
static void fill_random(struct bench *b)
{
    struct hep_rng rng = { 23, hep_rng_stream("mixture"), 0 };

    for (size_t i = 0; i < b->data.n_voxels; i++) {
        double pdff = hep_rng_next(&rng), r2star = hep_rng_next_range(&rng, 20.0, 300.0);

        bench_set(b, i, pdff, r2star, 25.0, &rng);
    }
}

static void test_identical_bits(void **state)
{
    struct bench *b = bench_new(3.0, 1.15, 1.1, 3001);
    const size_t n = b->data.n_voxels;
    float *pdff = calloc(n, sizeof *pdff), *r2star = calloc(n, sizeof *r2star);
    struct hep_error e = { 0 };

    (void)state;
    assert_true(pdff != NULL && r2star != NULL);
    fill_random(b);
    for (int isa = HEP_ISA_BASELINE; isa <= HEP_ISA_AVX512; isa++) {
        for (int nthreads = 1; nthreads <= 8; nthreads += 7) {
            struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);

            opt.fit.isa = (enum hep_fit_isa)isa;
            opt.fit.nthreads = nthreads;
            if (!hep_fit_isa_supported(opt.fit.isa)) {
                assert_fails(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e,
                             HEP_EINVAL, NULL);
                continue;
            }
            assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
            if (isa == HEP_ISA_BASELINE && nthreads == 1) {
                memcpy(pdff, b->pdff, n * sizeof *pdff);
                memcpy(r2star, b->r2star, n * sizeof *r2star);
            }
            assert_memory_equal(pdff, b->pdff, n * sizeof *pdff);
            assert_memory_equal(r2star, b->r2star, n * sizeof *r2star);
        }
    }
    free(pdff);
    free(r2star);
    free(b);
}

static void test_solvers_agree(void **state)
{
    struct bench *b = bench_new(1.5, 1.2, 2.0, 2000);
    struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
    struct hep_multiecho_summary sum;
    struct hep_error e = { 0 };

    (void)state;
    fill_random(b);
    opt.fit.verify = true;
    assert_ok(hep_multiecho_map(&b->maps, &sum, &b->data, NULL, &opt, &e), e);
    assert_true(sum.n_to_gsl < 100);
    assert_true(sum.worst_pdff_frac < 2e-4);
    assert_true(sum.worst_r2star_per_s < 0.05);
    assert_int_equal(sum.counts.n[HEP_FIT_OK] + sum.counts.n[HEP_FIT_AT_BOUND], 2000);
    free(b);
}

static void test_odd_voxels(void **state)
{
    struct bench *b = bench_new(1.5, 1.2, 2.0, 6);
    static const uint8_t mask[6] = { 1, 1, 1, 1, 0, 1 };
    struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
    struct hep_multiecho_summary sum;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < 6; i++)
        bench_set(b, i, 0.1, 40.0, 0.0, NULL);
    for (size_t k = 0; k < ne; k++) {
        b->signal[k][0] = k < 4 ? -1.0F : 10.0F; /* two echoes left */
        b->signal[k][1] = k < 4 ? NAN : 10.0F;
        b->signal[k][2] = 0.0F;
    }
    for (size_t k = 0; k < ne; k++)
        b->signal[k][3] = (float)(1000.0 * pow(4.0, (double)k)); /* grows: R2* ends at 0 */
    for (size_t k = 0; k < 4; k++)
        b->signal[k][5] = INFINITY;
    assert_ok(hep_multiecho_map(&b->maps, &sum, &b->data, mask, &opt, &e), e);
    assert_int_equal(b->status[0], HEP_FIT_BAD_INPUT);
    assert_int_equal(b->status[1], HEP_FIT_BAD_INPUT);
    assert_int_equal(b->status[2], HEP_FIT_BAD_INPUT);
    assert_int_equal(b->status[3], HEP_FIT_AT_BOUND);
    assert_int_equal(b->status[4], HEP_FIT_OUTSIDE);
    assert_int_equal(b->status[5], HEP_FIT_BAD_INPUT);
    assert_close(b->pdff[0], (double)NAN, 0.0, 0.0);
    assert_close(b->r2star[3], 0.0, 0.0, 0.0);
    assert_close(b->r2star_se[3], (double)NAN, 0.0, 0.0);
    assert_close(b->pdff[4], 0.0, 0.0, 0.0);
    assert_int_equal(sum.counts.n[HEP_FIT_BAD_INPUT], 4);
    assert_int_equal(sum.counts.n[HEP_FIT_AT_BOUND], 1);
    assert_int_equal(sum.counts.n[HEP_FIT_OUTSIDE], 1);
    free(b);
}

/* With three echoes there is no residual to take the error from, but sigma gives one: the bound. */
static void test_three_echoes(void **state)
{
    struct bench *b = bench_new(1.5, 2.3, 2.3, 1);
    struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
    struct hep_precision_protocol p = { .model = HEP_PRECISION_MULTIECHO,
                                        .x = b->te_s,
                                        .n = 3,
                                        .sigma = 10.0,
                                        .b0_t = 1.5,
                                        .spectrum = &b->spectrum };
    double bound = 0.0;
    struct hep_error e = { 0 };

    (void)state;
    b->data.n_echoes = 3;
    bench_set(b, 0, 0.2, 50.0, 0.0, NULL);
    assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
    assert_close(b->pdff[0], 0.2, 0.0, 1e-4);
    assert_close(b->pdff_se[0], (double)NAN, 0.0, 0.0);
    opt.sigma = 10.0;
    assert_ok(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e);
    assert_ok(hep_precision_pdff_bound(&bound, 800, 200, 50, &p, &e), e);
    assert_close(b->pdff_se[0], bound, 1e-3, 0.0);
    free(b);
}

static void test_refused(void **state)
{
    struct bench *b = bench_new(1.5, 1.2, 2.0, 1);
    const struct hep_multiecho_options fine = solver(HEP_SOLVER_BATCHED);
    struct hep_multiecho_options opt;
    struct hep_multiecho_data data;
    const double in_phase[] = { 4.605e-3, 9.21e-3, 13.815e-3, 18.42e-3 };
    const double down[] = { 1e-3, 3e-3, 2e-3 }, from_zero[] = { 0, 1e-3, 2e-3 };
    const float *hole[] = { b->signal[0], NULL, b->signal[2] };
    struct hep_error e = { 0 };

    (void)state;
    bench_set(b, 0, 0.2, 50.0, 0.0, NULL);
    b->pdff[0] = 77.0F;
#define REFUSED(code, says, change)                                                                \
    do {                                                                                           \
        opt = fine;                                                                                \
        data = b->data;                                                                            \
        change;                                                                                    \
        assert_fails(hep_multiecho_map(&b->maps, NULL, &data, NULL, &opt, &e), e, code, says);     \
    } while (0)
    REFUSED(HEP_EINVAL, "missing", data.echo = NULL);
    REFUSED(HEP_EINVAL, "missing", data.te_s = NULL);
    REFUSED(HEP_EINVAL, "missing", data.spectrum = NULL);
    REFUSED(HEP_EINVAL, "echo 2", data.echo = hole);
    REFUSED(HEP_EINVAL, "2 echoes", data.n_echoes = 2);
    REFUSED(HEP_EINVAL, "33 echoes", data.n_echoes = 33);
    REFUSED(HEP_EINVAL, "15000 T", data.b0_t = 15000);
    REFUSED(HEP_EINVAL, "T", data.b0_t = (double)NAN);
    REFUSED(HEP_EINVAL, "noise", opt.sigma = -1);
    REFUSED(HEP_EINVAL, "SNR", opt.snr_min = (double)NAN);
    REFUSED(HEP_EINVAL, "needs the noise", opt.noise = HEP_MULTIECHO_NOISE_DROP);
    REFUSED(HEP_EINVAL, "needs the noise", opt.noise = HEP_MULTIECHO_NOISE_FLOOR);
    REFUSED(HEP_EINVAL, "R2*", opt.r2star_max_per_s = 0);
    REFUSED(HEP_EDATA, "increase", data.te_s = down; data.n_echoes = 3);
    REFUSED(HEP_EDATA, "positive", data.te_s = from_zero; data.n_echoes = 3);
    REFUSED(HEP_EDATA, "cannot tell water from fat", data.te_s = in_phase; data.n_echoes = 4);
#undef REFUSED
    for (long at = 1; at <= 6; at++) {
        opt = fine;
        opt.fit.nthreads = 1;
        opt.fit.verify = true;
        hep_alloc_fail_at(at);
        assert_fails(hep_multiecho_map(&b->maps, NULL, &b->data, NULL, &opt, &e), e, HEP_ENOMEM,
                     "memory");
    }
    hep_alloc_fail_at(0);
    assert_close(b->pdff[0], 77.0, 0.0, 0.0);
    free(b);
}

int main(void)
{
    struct CMUnitTest rows[COUNT(known_cases)];
    const struct CMUnitTest tests[] = {

        cmocka_unit_test(test_model),         cmocka_unit_test(test_whole_range),
        cmocka_unit_test(test_noise),         cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_rice),          cmocka_unit_test(test_identical_bits),
        cmocka_unit_test(test_solvers_agree), cmocka_unit_test(test_odd_voxels),
        cmocka_unit_test(test_three_echoes),  cmocka_unit_test(test_refused),
    };

    for (size_t i = 0; i < COUNT(known_cases); i++)
        rows[i] = (struct CMUnitTest){ .name = known_cases[i].name,
                                       .test_func = test_known,
                                       .initial_state = (void *)(uintptr_t)&known_cases[i] };
    return cmocka_run_group_tests_name("known", rows, NULL, NULL) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
