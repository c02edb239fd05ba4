/* Statistics on simulated volumes with fixed seeds: spread, bias, bounds, identical bits. */
#include "fitting/diffusion_support.h"

#include "base/sha256.h"
#include "fitting/lm.h"

static const double b_body[] = { 0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 400, 600, 800 };
static const double b_high[] = { 0, 50, 100, 200, 400, 600, 800, 1000, 1250, 1500, 1750, 2000 };
#define N_BODY 13
#define N_HIGH 12

struct truth {
    double s0, f, d, dstar, k;
};

/* D 1.0-1.3e-3, f 0.1-0.3, D* 20-100e-3 mm2/s, S0 800-1200, all uniform; Rician, S0/sigma = snr. */
static struct truth *simulate(struct rig *r, const char *stream, double snr)
{
    struct hep_rng rng = { 20261120, hep_rng_stream(stream), 0 };
    struct truth *t = calloc(r->nvox, sizeof *t);

    assert_non_null(t);
    for (size_t i = 0; i < r->nvox; i++) {
        t[i].s0 = hep_rng_next_range(&rng, 800, 1200);
        t[i].d = hep_rng_next_range(&rng, 1.0e-3, 1.3e-3);
        t[i].f = hep_rng_next_range(&rng, 0.1, 0.3);
        t[i].dstar = hep_rng_next_range(&rng, 20e-3, 100e-3);
        t[i].k = hep_rng_next_range(&rng, 0.6, 1.1);
        for (size_t k = 0; k < r->nb; k++) {
            double s = r->set.model == HEP_DIFFUSION_IVIM
                           ? ivim_signal(r->b[k], t[i].s0, t[i].f, t[i].d, t[i].dstar)
                           : kurtosis_signal(r->b[k], t[i].s0, t[i].d,
                                             r->set.model == HEP_DIFFUSION_KURTOSIS ? t[i].k : 0.0);

            r->signal[k * r->nvox + i] = (float)rician(s, t[i].s0 / snr, &rng);
        }
    }
    return t;
}

/* Signals as whole bodies give them: any f and D, high SNR, and one weighting in three voxels off
 * by up to a tenth, so that several valleys compete. b-values of the flow-compensated acquisitions
 * of Wetscherek et al., MRM 2015;74:410. */
static const double b_flow[] = { 0, 10, 25, 50, 100, 200, 300, 400, 500 };
#define N_FLOW 9

static void simulate_body(struct rig *r, const char *stream)
{
    struct hep_rng rng = { 20261120, hep_rng_stream(stream), 0 };

    for (size_t i = 0; i < r->nvox; i++) {
        double f = fmax(hep_rng_next_range(&rng, -0.1, 0.4), 0.0);
        double d = hep_rng_next_range(&rng, 0.2e-3, 3e-3);
        double dstar = exp(hep_rng_next_range(&rng, log(6e-3), log(250e-3)));
        size_t off = (size_t)hep_rng_next_range(&rng, 0.0, 3.0 * (double)r->nb);

        for (size_t k = 0; k < r->nb; k++) {
            double s = ivim_signal(r->b[k], 1000.0, f, d, dstar);

            if (k == off)
                s *= hep_rng_next_range(&rng, 0.9, 1.1);
            r->signal[k * r->nvox + i] = (float)rician(s, 5.0, &rng);
        }
    }
}

struct spread {
    double rmse, bias, median;
    size_t n;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* offset of the truth's member in doubles */
static struct spread spread_of(const float *map, const struct truth *t, size_t member, size_t n)
{
    double *error = calloc(n, sizeof *error);
    struct spread s = { 0 };

    assert_non_null(error);
    for (size_t i = 0; i < n; i++) {
        double e = (double)map[i] - ((const double *)&t[i])[member];

        if (!isfinite(e))
            continue;
        s.rmse += e * e;
        s.bias += e;
        error[s.n++] = fabs(e);
    }
    assert_true(s.n > 0);
    qsort(error, s.n, sizeof *error, by_value);
    s.rmse = sqrt(s.rmse / (double)s.n);
    s.bias /= (double)s.n;
    s.median = error[s.n / 2];
    free(error);
    return s;
}

#define AT_MOST(got, limit) assert_close((got), 0.0, 0.0, (limit))

static void test_ivim_spread(void **state)
{
    struct spread f, d, dstar;
    struct truth *t;
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, 32768, b_body, N_BODY);
    t = simulate(&r, "ivim", 30.0);
    rig_fit(&r);
    f = spread_of(r.maps.f, t, 1, r.nvox);
    d = spread_of(r.maps.d, t, 2, r.nvox);
    dstar = spread_of(r.maps.dstar, t, 3, r.nvox);
    AT_MOST(f.rmse, 0.048);
    AT_MOST(f.median, 0.0245);
    AT_MOST(d.rmse, 0.142e-3);
    AT_MOST(d.median, 0.081e-3);
    AT_MOST(dstar.median, 16.5e-3);
    assert_int_equal(f.n, r.nvox);
    assert_int_equal(r.report.counts.n[HEP_FIT_NO_CONVERGENCE], 0);
    AT_MOST((double)r.report.n_gsl_fallback, 20.0);
    for (size_t i = 0; i < r.nvox; i++) { /* inside the bounds, and D below D* */
        assert_true(r.maps.f[i] >= 0.0f && r.maps.f[i] <= (float)r.set.bounds.f_max);
        assert_true(r.maps.d[i] >= (float)r.set.bounds.d_min);
        assert_true(r.maps.d[i] <= (float)r.set.bounds.d_max);
        if (isnan(r.maps.dstar[i])) {
            assert_int_equal((int)r.maps.status[i], HEP_FIT_NOT_IDENTIFIABLE);
            continue;
        }
        assert_true(r.maps.dstar[i] > r.maps.d[i]);
        assert_true(r.maps.dstar[i] <= (float)r.set.bounds.dstar_max);
    }
    free(t);
    rig_release(&r);
}

/* The reported errors are those that occur: (estimate - truth) / error has an SD near one. */
static void test_standard_errors(void **state)
{
    double sum_f = 0.0, sum_d = 0.0, n = 0.0;
    struct truth *t;
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, 8192, b_body, N_BODY);
    t = simulate(&r, "errors", 200.0);
    rig_fit(&r);
    for (size_t i = 0; i < r.nvox; i++) {
        if ((int)r.maps.status[i] != HEP_FIT_OK)
            continue;
        sum_f += pow(((double)r.maps.f[i] - t[i].f) / (double)r.maps.f_se[i], 2.0);
        sum_d += pow(((double)r.maps.d[i] - t[i].d) / (double)r.maps.d_se[i], 2.0);
        n += 1.0;
    }
    assert_true(n > 8000.0);
    /* Student's t with 9 degrees of freedom: variance 9/7 */
    assert_close(sum_f / n, 9.0 / 7.0, 0.1, 0.0);
    assert_close(sum_d / n, 9.0 / 7.0, 0.1, 0.0);
    free(t);
    rig_release(&r);
}

static void test_adc_spread(void **state)
{
    struct truth *t;
    struct spread d;
    struct rig r;
    double sigma;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_ADC, 65536, b_body, N_BODY);
    r.set.b_min_s_per_mm2 = 0.0;
    t = simulate(&r, "adc", 30.0);
    rig_fit(&r);
    d = spread_of(r.maps.d, t, 2, r.nvox);
    AT_MOST(d.rmse, 7.2e-5);
    AT_MOST(d.bias, 2e-6);
    /* the estimate of sigma: S0/30 of 800-1200 */
    assert_close(r.report.sigma, 1000.0 / 30.0, 0.07, 0.0);
    assert_true(r.report.sigma_estimated);
    /* D alone: residuals are computed where sigma is estimated from them, and it stays the same. */
    sigma = r.report.sigma;
    r.maps = (struct hep_diffusion_maps){ .d = r.map[1] };
    rig_fit(&r);
    assert_close(r.report.sigma, sigma, 0.0, 0.0);
    free(t);
    rig_release(&r);
}

static void test_kurtosis_spread(void **state)
{
    struct spread d, k;
    struct truth *t;
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_KURTOSIS, 16384, b_high, N_HIGH);
    t = simulate(&r, "kurtosis", 30.0);
    rig_fit(&r);
    d = spread_of(r.maps.d, t, 2, r.nvox);
    k = spread_of(r.maps.k, t, 4, r.nvox);
    AT_MOST(k.rmse, 0.22);
    AT_MOST(d.rmse, 0.15e-3);
    free(t);
    rig_release(&r);
}

/* AICc takes the simple model for simple tissue, and the other one where it is plain. */
static void test_model_choice(void **state)
{
    size_t two = 0;
    struct truth *t;
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, 4096, b_body, N_BODY);
    t = simulate(&r, "choice", 100.0);
    rig_fit(&r);
    for (size_t i = 0; i < r.nvox; i++)
        two += (int)r.maps.choice[i] == 2;
    assert_true(two > 4000);
    free(t);
    r.set.model = HEP_DIFFUSION_MONO;
    t = simulate(&r, "choice", 100.0);
    r.set.model = HEP_DIFFUSION_IVIM;
    rig_fit(&r);
    two = 0;
    for (size_t i = 0; i < r.nvox; i++)
        two += (int)r.maps.choice[i] == 2;
    assert_true(two < 250);
    /* and D* is not guessed there */
    assert_true(r.report.counts.n[HEP_FIT_NOT_IDENTIFIABLE] > 3000);
    free(t);
    rig_release(&r);
}

/* The smallest residual that any of n_start random starts leads to. */
static void best_of_starts(float *best, const struct rig *r, int n_start)
{
    struct hep_rng rng = { 7, hep_rng_stream("starts"), 0 };
    struct rig retry;

    rig_init(&retry, HEP_DIFFUSION_IVIM, r->nvox, r->b, r->nb);
    (void)memcpy(retry.signal, r->signal, r->nvox * r->nb * sizeof *r->signal);
    for (int start = 0; start < n_start; start++) {
        /* a narrow box anywhere sets the start there; a fit in it can only be as good or worse */
        double d = exp(hep_rng_next_range(&rng, log(0.15e-3), log(3.5e-3)));
        double dstar = exp(hep_rng_next_range(&rng, log(5.5e-3), log(280e-3)));

        retry.set.bounds.d_min = fmax(0.6 * d, 0.1e-3);
        retry.set.bounds.d_max = fmin(1.7 * d, 4e-3);
        retry.set.bounds.dstar_min = fmax(0.6 * dstar, 5e-3);
        retry.set.bounds.dstar_max = fmin(1.7 * dstar, 300e-3);
        rig_fit(&retry);
        for (size_t i = 0; i < r->nvox; i++)
            best[i] = start == 0 ? retry.maps.rmse[i] : fminf(best[i], retry.maps.rmse[i]);
    }
    rig_release(&retry);
}

/* Residuals against the best of many random starts: more than 1 % above in less than 0.05 % of the
 * voxels. */
static void test_global(void **state)
{
    (void)state;
    for (int body = 0; body < 2; body++) {
        struct truth *t = NULL;
        size_t worse = 0;
        float best[8000];
        struct rig r;

        rig_init(&r, HEP_DIFFUSION_IVIM, 8000, body ? b_flow : b_body, body ? N_FLOW : N_BODY);
        if (body)
            simulate_body(&r, "global");
        else
            t = simulate(&r, "global", 30.0);
        rig_fit(&r);
        best_of_starts(best, &r, body ? 30 : 12);
        for (size_t i = 0; i < r.nvox; i++)
            worse += r.maps.rmse[i] > best[i] * 1.005f; /* 1 % of the sum of squares */
        AT_MOST((double)worse, 4.0);
        free(t);
        rig_release(&r);
    }
}

/* One, two and four threads, every instruction set of this machine: the same bytes in every map. */
static void test_same_bits(void **state)
{
    static const enum hep_fit_isa isas[] = { HEP_ISA_AUTO, HEP_ISA_BASELINE, HEP_ISA_AVX2,
                                             HEP_ISA_AVX512 };
    static const enum hep_diffusion_model models[] = { HEP_DIFFUSION_ADC, HEP_DIFFUSION_MONO,
                                                       HEP_DIFFUSION_IVIM, HEP_DIFFUSION_KURTOSIS };
    char first[HEP_SHA256_HEX] = "", hex[HEP_SHA256_HEX];

    (void)state;
    for (size_t m = 0; m < 4; m++) {
        struct rig r;
        struct truth *t;

        rig_init(&r, models[m], 3001, b_high, N_HIGH);
        t = simulate(&r, "bits", 15.0);
        for (size_t i = 0; i < 90; i++) /* some samples that cannot be used */
            r.signal[i * 397 % (r.nvox * r.nb)] = i % 3 == 0 ? -1.0f : i % 3 == 1 ? 0.0f : NAN;
        first[0] = '\0';
        for (size_t i = 0; i < 4; i++) {
            if (!hep_fit_isa_supported(isas[i]))
                continue;
            for (int threads = 1; threads <= 4; threads *= 2) {
                r.set.fit.isa = isas[i];
                r.set.fit.nthreads = threads;
                rig_fit(&r);
                rig_hash(&r, hex);
                if (first[0] == '\0')
                    (void)memcpy(first, hex, sizeof first);
                assert_string_equal(hex, first);
            }
        }
        free(t);
        rig_release(&r);
    }
}

static void assert_agree(struct rig *r, size_t at_least)
{
    r->set.fit.verify = true;
    rig_fit(r);
    assert_true(r->report.n_verified > at_least);
    assert_true((double)r->report.n_agree >= 0.999 * (double)r->report.n_verified);
}

/* Both solvers settle on the same place: within a hundredth of the standard error in 99.9 %. */
static void test_verify(void **state)
{
    static const enum hep_diffusion_model models[] = { HEP_DIFFUSION_IVIM, HEP_DIFFUSION_MONO,
                                                       HEP_DIFFUSION_KURTOSIS };

    (void)state;
    for (size_t c = 0; c < 3; c++) {
        bool high = models[c] == HEP_DIFFUSION_KURTOSIS;
        struct truth *t;
        struct rig r;

        rig_init(&r, models[c], 6000, high ? b_high : b_body, high ? N_HIGH : N_BODY);
        t = simulate(&r, "verify", 30.0);
        assert_agree(&r, 5900);
        free(t);
        rig_release(&r);
    }
}

static void test_verify_body(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, 6000, b_flow, N_FLOW);
    simulate_body(&r, "verify");
    assert_agree(&r, 5600);
    rig_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ivim_spread),  cmocka_unit_test(test_standard_errors),
        cmocka_unit_test(test_adc_spread),   cmocka_unit_test(test_kurtosis_spread),
        cmocka_unit_test(test_model_choice), cmocka_unit_test(test_global),
        cmocka_unit_test(test_same_bits),    cmocka_unit_test(test_verify),
        cmocka_unit_test(test_verify_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
