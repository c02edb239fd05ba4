/* Diffusion maps against published tissues, closed forms and other programs. */
#include "fitting/diffusion_support.h"

#include "base/json.h"

static const enum hep_fit_solver solvers[] = { HEP_SOLVER_BATCHED, HEP_SOLVER_GSL };

/* OSIPI TF2.4 published tissues, tests/data/osipi/generic.json: signals with noise SD 0.0005 of S0.
 * The tolerances are four times the Cramer-Rao bound of that noise; f, D* and D in 1e-3 mm2/s. */
static const struct tissue {
    const char *name;
    double f, dstar, d;
} tissues[] = {
    { "Liver", .0016, 4.5, .0052 },
    { "spleen", .0022, .79, .0068 },
    { "Right kydney cortex", .0042, 1.4, .0122 },
    { "right kidney medulla", .0044, .83, .0132 },
    { "pancreas", .0060, .51, .0119 },
    { "st wall", .0053, .29, .0144 },
    { "esophagus", .0025, .52, .0100 },
    { "muscle", .0025, 1.45, .0067 },
    { "Bone Marrow", .0015, 1.6, .0032 },
    { "spinal cord", .0017, .77, .0038 },
    { "Myocardium LV", .0018, 2.8, .0091 },
    { "myocardium ra", .0017, 4.9, .0052 },
    { "asc lower intestine", .0022, .22, .0178 },
    { "pericardium", .020, 2.05, .040 },
};
#define N_TISSUES (sizeof tissues / sizeof tissues[0])

static void read_tissue(struct rig *r, const struct hep_json *root, const char *name)
{
    const struct hep_json *data = hep_json_get(hep_json_get(root, name), "data");

    assert_int_equal(hep_json_size(data), r->nb);
    for (size_t k = 0; k < r->nb; k++)
        r->signal[k] = (float)(1000.0 * hep_json_number(hep_json_at(data, k)));
}

static void test_osipi(void **state)
{
    const struct tissue *t = *state;
    struct hep_error e = { 0 };
    struct hep_json *root = NULL;
    const struct hep_json *bvalues, *truth;
    double b[64];
    size_t nb;

    assert_ok(hep_json_read(&root, HEP_TEST_DATA "/osipi/generic.json", &e), e);
    bvalues = hep_json_get(hep_json_get(root, "config"), "bvalues");
    nb = hep_json_size(bvalues);
    assert_int_equal(nb, 18);
    for (size_t k = 0; k < nb; k++)
        b[k] = hep_json_number(hep_json_at(bvalues, k));
    truth = hep_json_get(root, t->name);
    for (size_t s = 0; s < 2; s++) {
        struct rig r;

        rig_init(&r, HEP_DIFFUSION_IVIM, 1, b, nb);
        r.set.fit.solver = solvers[s];
        read_tissue(&r, root, t->name);
        rig_fit(&r);
        assert_close(r.maps.f[0], hep_json_number(hep_json_get(truth, "f")), 0.0, t->f);
        assert_close(r.maps.d[0], hep_json_number(hep_json_get(truth, "D")), 0.0, t->d * 1e-3);
        assert_close(r.maps.dstar[0], hep_json_number(hep_json_get(truth, "Dp")), 0.0,
                     t->dstar * 1e-3);
        assert_close(r.maps.s0[0], 1000.0, 0.0, 4.0);
        assert_int_equal((int)r.maps.status[0], HEP_FIT_OK);
        assert_int_equal((int)r.maps.choice[0], 2);
        /* the bound itself: standard errors within a factor of two of a quarter of the tolerance */
        assert_close((double)r.maps.f_se[0] / (t->f / 4.0), 1.0, 0.0, 1.0);
        assert_close((double)r.maps.d_se[0] / (t->d * 1e-3 / 4.0), 1.0, 0.0, 1.0);
        rig_release(&r);
    }
    hep_json_free(root);
}

/* MRtrix3 3.0.3: dwi2adc -grad "1 0 0 b" d.nii a.nii on these four voxels; S0 and ADC as it wrote
 * them. */
static void test_dwi2adc(void **state)
{
    static const double b[] = { 0, 50, 400, 800, 800 };
    static const float signal[4][5] = { { 1000, 930, 640, 410, 402 },
                                        { 512, 500, 333, 219, 230 },
                                        { 87, 91, 60, 44, 39 },
                                        { 1234, 1011, 377, 131, 140 } };
    static const double s0[] = { 993.71246, 516.47736, 90.599869, 1180.8805 };
    static const double adc[] = { 1.1171816e-3, 1.0472832e-3, 9.8214648e-4, 2.7240398e-3 };

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        struct rig r;

        rig_init(&r, HEP_DIFFUSION_ADC, 4, b, 5);
        r.set.method = HEP_METHOD_OLS;
        r.set.b_min_s_per_mm2 = 0.0;
        r.set.fit.solver = solvers[s];
        for (size_t i = 0; i < 4; i++) {
            for (size_t k = 0; k < 5; k++)
                r.signal[k * 4 + i] = signal[i][k];
        }
        rig_fit(&r);
        for (size_t i = 0; i < 4; i++) {
            assert_close(r.maps.d[i], adc[i], 2e-6, 0.0);
            assert_close(r.maps.s0[i], s0[i], 2e-6, 0.0);
        }
        assert_int_equal(r.report.n_b, 4);
        assert_int_equal(r.report.n_averages[3], 2);
        rig_release(&r);
    }
}

/* ADC of liver (D 1.05e-3, f 0.22, D* 60e-3 mm2/s) depends on which b-values are used: 1.36, 1.25
 * and 1.07 (equal weights), worked independently. */
static void test_adc_subsets(void **state)
{
    static const struct {
        double b[4];
        size_t n;
        double b_min, adc;
    } cases[] = {
        { { 0, 800 }, 2, 0.0, 1.36e-3 },
        { { 0, 50, 400, 800 }, 4, 0.0, 1.25e-3 },
        { { 0, 50, 400, 800 }, 4, 50.0, 1.07e-3 },
    };

    (void)state;
    for (size_t c = 0; c < 3; c++) {
        struct rig r;

        rig_init(&r, HEP_DIFFUSION_ADC, 1, cases[c].b, cases[c].n);
        r.set.method = HEP_METHOD_OLS;
        assert_close(r.set.b_min_s_per_mm2, 50.0, 0.0, 0.0);
        r.set.b_min_s_per_mm2 = cases[c].b_min;
        for (size_t k = 0; k < cases[c].n; k++)
            r.signal[k] = (float)ivim_signal(cases[c].b[k], 700.0, 0.22, 1.05e-3, 60e-3);
        rig_fit(&r);
        assert_close(r.maps.d[0], cases[c].adc, 0.0, 0.02e-3);
        assert_int_equal(r.report.n_b, cases[c].b_min > 0.0 ? 3 : cases[c].n);
        rig_release(&r);
    }
}

/* Two points: ADC = ln(S1/S2)/(b2-b1); sd = sigma sqrt(1/S1^2 + 1/S2^2)/(b2-b1). */
static void test_two_points(void **state)
{
    static const double b[] = { 50, 850 };
    static const enum hep_diffusion_method methods[] = { HEP_METHOD_OLS, HEP_METHOD_WLS,
                                                         HEP_METHOD_IWLS, HEP_METHOD_NLLS };

    (void)state;
    for (size_t m = 0; m < 4; m++) {
        struct rig r;

        rig_init(&r, methods[m] == HEP_METHOD_NLLS ? HEP_DIFFUSION_MONO : HEP_DIFFUSION_ADC, 1, b,
                 2);
        r.set.method = methods[m];
        r.set.sigma = 11.0;
        r.signal[0] = 917.0f;
        r.signal[1] = 366.0f;
        rig_fit(&r);
        assert_close(r.maps.d[0], log(917.0 / 366.0) / 800.0, 1e-6, 0.0);
        assert_close(r.maps.d_se[0], 11.0 * hypot(1.0 / 917.0, 1.0 / 366.0) / 800.0, 1e-5, 0.0);
        assert_close(r.maps.s0[0], 917.0 * pow(917.0 / 366.0, 50.0 / 800.0), 1e-6, 0.0);
        assert_close(r.maps.rmse[0], 0.0, 0.0, 1e-3);
        assert_close(r.maps.r2[0], 1.0, 0.0, 1e-6);
        assert_int_equal((int)r.maps.status[0], HEP_FIT_OK);
        rig_release(&r);
    }
}

/* scipy.optimize.curve_fit on a mono-exponential: value and covariance, RMSE and R2 from its
 * residuals. */
static void test_mono_least_squares(void **state)
{
    static const double b[] = { 0, 100, 300, 600, 1000 };
    static const float signal[] = { 1015, 880, 720, 500, 340 };

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        struct rig r;

        rig_init(&r, HEP_DIFFUSION_MONO, 1, b, 5);
        r.set.fit.solver = solvers[s];
        for (size_t k = 0; k < 5; k++)
            r.signal[k] = signal[k];
        rig_fit(&r);
        assert_close(r.maps.s0[0], 1001.84729, 1e-6, 0.0);
        assert_close(r.maps.d[0], 0.00111927592, 1e-6, 0.0);
        assert_close(r.maps.s0_se[0], 12.0353378, 1e-5, 0.0);
        assert_close(r.maps.d_se[0], 3.89642636e-05, 1e-5, 0.0);
        assert_close(r.maps.rmse[0], 12.1900948, 1e-5, 0.0);
        assert_close(r.maps.r2[0], 0.997533391, 1e-6, 0.0);
        rig_release(&r);
    }
}

static const struct round_trip {
    const char *name;
    enum hep_diffusion_model model;
    enum hep_diffusion_method method;
    double s0, f, d, dstar, k;
    double rel; /* float signals: the worse determined, the looser */
    size_t first, nb;
} trips[] = {
    { "ivim liver", HEP_DIFFUSION_IVIM, HEP_METHOD_NLLS, 873, .223, 1.07e-3, 61e-3, 0, 2e-4, 0,
      14 },
    { "ivim kidney", HEP_DIFFUSION_IVIM, HEP_METHOD_NLLS, 411, .31, 1.93e-3, 17e-3, 0, 2e-4, 0,
      14 },
    { "ivim fast", HEP_DIFFUSION_IVIM, HEP_METHOD_NLLS, 12.7, .12, .83e-3, 213e-3, 0, 2e-3, 0, 14 },
    { "ivim slow", HEP_DIFFUSION_IVIM, HEP_METHOD_NLLS, 90210, .41, .31e-3, 9e-3, 0, 2e-3, 0, 14 },
    /* with D* this high blood has gone at b >= 200 */
    { "segmented", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED, 873, .223, 1.07e-3, 91e-3, 0, 1e-3, 0,
      14 },
    { "fixed D", HEP_DIFFUSION_IVIM, HEP_METHOD_SEGMENTED_FIXED_D, 873, .223, 1.07e-3, 91e-3, 0,
      1e-3, 0, 14 },
    { "sivim", HEP_DIFFUSION_IVIM, HEP_METHOD_SIVIM, 873, .223, 1.07e-3, 91e-3, 0, 1e-3, 0, 14 },
    { "mono", HEP_DIFFUSION_MONO, HEP_METHOD_NLLS, 873, 0, 1.27e-3, 0, 0, 1e-5, 0, 14 },
    { "kurtosis nlls", HEP_DIFFUSION_KURTOSIS, HEP_METHOD_NLLS, 873, 0, 1.43e-3, 0, .87, 1e-4, 0,
      16 },
    { "kurtosis wls", HEP_DIFFUSION_KURTOSIS, HEP_METHOD_WLS, 873, 0, 1.43e-3, 0, .87, 1e-4, 0,
      16 },
    { "adc", HEP_DIFFUSION_ADC, HEP_METHOD_IWLS, 873, 0, 1.43e-3, 0, 0, 1e-5, 0, 14 },
};
#define N_TRIPS (sizeof trips / sizeof trips[0])

static void test_round_trip(void **state)
{
    static const double b[] = { 0,   10,  20,  35,  50,  75,   100,  150,
                                200, 300, 450, 600, 800, 1000, 1500, 2000 };
    const struct round_trip *t = *state;

    for (size_t s = 0; s < 2; s++) {
        struct rig r;

        rig_init(&r, t->model, 3, b, t->nb);
        r.set.method = t->method;
        r.set.fit.solver = solvers[s];
        for (size_t i = 0; i < 3 * t->nb; i++)
            r.signal[i] = (float)(t->model == HEP_DIFFUSION_IVIM
                                      ? ivim_signal(b[i / 3], t->s0, t->f, t->d, t->dstar)
                                      : kurtosis_signal(b[i / 3], t->s0, t->d, t->k));
        rig_fit(&r);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal((int)r.maps.status[i], HEP_FIT_OK);
            assert_close(r.maps.s0[i], t->s0, t->rel, 0.0);
            assert_close(r.maps.d[i], t->d, t->rel, 0.0);
            if (t->model == HEP_DIFFUSION_IVIM)
                assert_close(r.maps.f[i], t->f, t->rel, 0.0);
            else
                assert_true(isnan(r.maps.f[i]));
            if (t->model == HEP_DIFFUSION_IVIM && t->method != HEP_METHOD_SIVIM)
                assert_close(r.maps.dstar[i], t->dstar, 10.0 * t->rel, 0.0);
            else
                assert_true(isnan(r.maps.dstar[i]));
            if (t->model == HEP_DIFFUSION_KURTOSIS)
                assert_close(r.maps.k[i], t->k, t->rel, 0.0);
        }
        rig_release(&r);
    }
}

int main(void)
{
    struct CMUnitTest tests[N_TISSUES + N_TRIPS + 4];
    size_t n = 0;

    for (size_t i = 0; i < N_TISSUES; i++)
        tests[n++] = (struct CMUnitTest){ .name = tissues[i].name,
                                          .test_func = test_osipi,
                                          .initial_state = (void *)(uintptr_t)&tissues[i] };
    for (size_t i = 0; i < N_TRIPS; i++)
        tests[n++] = (struct CMUnitTest){ .name = trips[i].name,
                                          .test_func = test_round_trip,
                                          .initial_state = (void *)(uintptr_t)&trips[i] };
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_dwi2adc);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_adc_subsets);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_two_points);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_mono_least_squares);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
