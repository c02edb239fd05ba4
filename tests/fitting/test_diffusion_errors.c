/* Standard errors against the spread of repeated simulations, method by method. */
#include "fitting/diffusion_support.h"

static const double b_body[] = { 0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 400, 600, 800 };
static const double b_high[] = { 0, 50, 100, 200, 400, 600, 800, 1000, 1250, 1500, 1750, 2000 };
static const double b_clinical[] = { 0, 0, 50, 50, 400, 400, 400, 800, 800, 800, 800, 800 };
#define REPEATS 8000

struct row {
    const char *name;
    enum hep_diffusion_model model;
    enum hep_diffusion_method method;
    const double *b;
    size_t nb;
    double snr;
    bool fixed_s0, given;
};

#define BODY b_body, 13
#define HIGH b_high, 12
#define CLINICAL b_clinical, 12
static const struct row rows[] = {
    { "ols, SNR 20", HEP_DIFFUSION_ADC, HEP_METHOD_OLS, BODY, 20, false, true },
    { "ols, SNR 50", HEP_DIFFUSION_ADC, HEP_METHOD_OLS, BODY, 50, false, true },
    { "ols, sigma from residuals", HEP_DIFFUSION_ADC, HEP_METHOD_OLS, BODY, 30, false, false },
    { "ols, repeats", HEP_DIFFUSION_ADC, HEP_METHOD_OLS, CLINICAL, 30, false, true },
    { "ols, S0 fixed", HEP_DIFFUSION_ADC, HEP_METHOD_OLS, BODY, 30, true, true },
    { "wls, SNR 20", HEP_DIFFUSION_ADC, HEP_METHOD_WLS, BODY, 20, false, true },
    { "wls, SNR 50", HEP_DIFFUSION_ADC, HEP_METHOD_WLS, BODY, 50, false, true },
    { "iwls, SNR 20", HEP_DIFFUSION_ADC, HEP_METHOD_IWLS, BODY, 20, false, true },
    { "iwls, sigma from residuals", HEP_DIFFUSION_ADC, HEP_METHOD_IWLS, BODY, 30, false, false },
    { "iwls, S0 fixed", HEP_DIFFUSION_ADC, HEP_METHOD_IWLS, BODY, 30, true, true },
    { "iwls, repeats", HEP_DIFFUSION_ADC, HEP_METHOD_IWLS, CLINICAL, 30, false, true },
    { "mono nlls", HEP_DIFFUSION_MONO, HEP_METHOD_NLLS, BODY, 20, false, true },
    { "mono nlls, S0 fixed", HEP_DIFFUSION_MONO, HEP_METHOD_NLLS, BODY, 30, true, true },
    { "ivim nlls", HEP_DIFFUSION_IVIM, HEP_METHOD_NLLS, BODY, 50, false, true },
    { "ivim nlls, SNR 100", HEP_DIFFUSION_IVIM, HEP_METHOD_NLLS, BODY, 100, false, true },
    { "ivim nlls, S0 fixed", HEP_DIFFUSION_IVIM, HEP_METHOD_NLLS, BODY, 100, true, true },
    { "segmented, SNR 20", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED, BODY, 20, false, true },
    { "segmented, SNR 50", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED, BODY, 50, false, true },
    { "segmented, SNR 100", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED, BODY, 100, false, true },
    { "segmented, sigma from residuals", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED, BODY, 50, false,
      false },
    { "fixed D, SNR 20", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED_FIXED_D, BODY, 20, false, true },
    { "fixed D, SNR 50", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED_FIXED_D, BODY, 50, false, true },
    { "fixed D, SNR 100", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED_FIXED_D, BODY, 100, false,
      true },
    { "fixed D, S0 fixed", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED_FIXED_D, BODY, 50, true, true },
    { "sivim", HEP_DIFFUSION_IVIM, HEP_METHOD_SIVIM, BODY, 30, false, true },
    { "kurtosis wls", HEP_DIFFUSION_KURTOSIS, HEP_METHOD_WLS, HIGH, 50, false, true },
    { "kurtosis nlls", HEP_DIFFUSION_KURTOSIS, HEP_METHOD_NLLS, HIGH, 50, false, true },
};

#define S0 1000.0
#define F 0.3
#define D 1.1e-3
#define DSTAR 30e-3
#define K 0.8

static double signal_of(enum hep_diffusion_model model, double b)
{
    if (model == HEP_DIFFUSION_IVIM)
        return ivim_signal(b, S0, F, D, DSTAR);
    return kurtosis_signal(b, S0, D, model == HEP_DIFFUSION_KURTOSIS ? K : 0.0);
}

/* Spread of the estimates over the root mean square of their standard errors. */
static double ratio(const float *map, const float *se, size_t n)
{
    double sum = 0.0, square = 0.0, error = 0.0, m = 0.0;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(map[i]) || !isfinite(se[i]))
            continue;
        sum += (double)map[i];
        square += (double)map[i] * (double)map[i];
        error += (double)se[i] * (double)se[i];
        m += 1.0;
    }
    assert_true(m > 0.95 * (double)n);
    return sqrt((square - sum * sum / m) / error);
}

#define WITHIN_A_TENTH(row, map, se) assert_named((row)->name, #map, ratio((map), (se), REPEATS))

static void assert_named(const char *name, const char *map, double got)
{
    if (!(fabs(got - 1.0) <= 0.1))
        fail_msg("%s, %s: spread over standard error is %.3f", name, map, got);
}

static void test_spread(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof rows / sizeof rows[0]; c++) {
        const struct row *row = &rows[c];
        struct hep_rng rng = { 20261120, hep_rng_stream(row->name), 0 };
        struct rig r;

        rig_init(&r, row->model, REPEATS, row->b, row->nb);
        for (size_t i = 0; i < r.nvox * r.nb; i++)
            r.signal[i] =
                (float)rician(signal_of(row->model, r.b[i / r.nvox]), S0 / row->snr, &rng);
        r.set.method = row->method;
        r.set.fixed_s0 = row->fixed_s0;
        r.set.b_min_s_per_mm2 = 0.0;
        r.set.sigma = row->given ? S0 / row->snr : 0.0;
        rig_fit(&r);
        WITHIN_A_TENTH(row, r.maps.s0, r.maps.s0_se);
        WITHIN_A_TENTH(row, r.maps.d, r.maps.d_se);
        if (row->model == HEP_DIFFUSION_IVIM)
            WITHIN_A_TENTH(row, r.maps.f, r.maps.f_se);
        /* at lower SNR D* is so far from linear in the signals that no standard error fits */
        if (row->model == HEP_DIFFUSION_IVIM && r.report.dstar_fitted && row->snr >= 100.0)
            WITHIN_A_TENTH(row, r.maps.dstar, r.maps.dstar_se);
        if (row->model == HEP_DIFFUSION_KURTOSIS)
            WITHIN_A_TENTH(row, r.maps.k, r.maps.k_se);
        rig_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_spread) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
