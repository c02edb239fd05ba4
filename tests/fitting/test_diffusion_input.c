/* What goes in: order and repeats of b-values, unusable samples, masks, and every refusal. */
#include "fitting/diffusion_support.h"

static const double nan_d = (double)NAN;
static const double b_liver[] = { 0, 50, 100, 200, 400, 800 };

static void fill_liver(struct rig *r)
{
    for (size_t k = 0; k < r->nb; k++) {
        for (size_t i = 0; i < r->nvox; i++)
            r->signal[k * r->nvox + i] = (float)ivim_signal(
                r->b[k], 873.0 + 10.0 * (double)i, 0.223, 1.07e-3 + 1e-5 * (double)i, 61e-3);
    }
}

static void expect_same_maps(const struct rig *a, const struct rig *b)
{
    for (size_t m = 0; m < N_MAPS; m++)
        assert_memory_equal(a->map[m], b->map[m], a->nvox * sizeof(float));
}

static void test_order_is_free(void **state)
{
    static const double shuffled[] = { 400, 50, 0, 800, 200, 100 };
    struct rig a, b;

    (void)state;
    rig_init(&a, HEP_DIFFUSION_IVIM, 9, b_liver, 6);
    rig_init(&b, HEP_DIFFUSION_IVIM, 9, shuffled, 6);
    fill_liver(&a);
    fill_liver(&b);
    rig_fit(&a);
    rig_fit(&b);
    expect_same_maps(&a, &b);
    assert_close(b.report.b_s_per_mm2[1], 50.0, 0.0, 0.0);
    rig_release(&a);
    rig_release(&b);
}

/* Directions of one b: geometric mean, exact for the trace. 600 and 400 and 3 x 500 at b = 400. */
static void test_repeats_are_averaged(void **state)
{
    static const double b[] = { 0, 400, 800, 400.2, 400, 400 };
    static const float directions[] = { 600, 400, 500 };
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_ADC, 1, b, 6);
    r.set.method = HEP_METHOD_OLS;
    r.set.b_min_s_per_mm2 = 300.0;
    r.set.b_max_s_per_mm2 = 800.0;
    r.signal[0] = 1000.0f;
    r.signal[1] = directions[0];
    r.signal[3] = directions[1];
    r.signal[4] = r.signal[5] = directions[2];
    r.signal[2] = 300.0f;
    rig_fit(&r);
    assert_close(r.maps.d[0], log(pow(600.0 * 400.0 * 500.0 * 500.0, 0.25) / 300.0) / 400.0, 1e-6,
                 0.0);
    assert_int_equal(r.report.n_b, 2);
    assert_int_equal(r.report.n_averages[0], 4);
    assert_int_equal(r.report.n_averages[1], 1);
    assert_int_equal(r.report.method, HEP_METHOD_OLS);
    rig_release(&r);
}

/* b = 1 and 5 are weightings of their own; b = 0.3 is b = 0. */
static void test_small_b_values(void **state)
{
    static const double b[] = { 0, 1, 5, 0.3, 200 };
    struct hep_diffusion_settings set;
    struct hep_diffusion_scheme c;
    struct hep_error e = { 0 };

    (void)state;
    hep_diffusion_settings_init(&set, HEP_DIFFUSION_MONO);
    assert_ok(hep_diffusion_prepare(&c, b, 5, &set, &e), e);
    assert_int_equal(c.n_b, 4);
    assert_close(c.b_s_per_mm2[1], 1.0, 0.0, 0.0);
    assert_close(c.b_s_per_mm2[2], 5.0, 0.0, 0.0);
    assert_int_equal(c.n_averages[0], 2);
    assert_int_equal(c.point[3], 0);
}

/* A lowest b-value of 1.25 counts as 0 where S(0) is needed (f (1 - exp(-b D*)) is 1.6 % in the
 * liver); IVIM takes it, and 10, as they are and finds S0; 1 beside 0 stays a weighting. */
static void test_lowest_b(void **state)
{
    static const double low[] = { 1.25, 1.25, 50, 400, 800 }, ten[] = { 10, 50, 400, 800 };
    struct hep_diffusion_settings set;
    struct hep_diffusion_scheme c;
    struct hep_error e = { 0 };

    (void)state;
    hep_diffusion_settings_init(&set, HEP_DIFFUSION_ADC);
    set.b_min_s_per_mm2 = 0.0;
    set.fixed_s0 = true;
    assert_ok(hep_diffusion_prepare(&c, low, 5, &set, &e), e);
    assert_close(c.b_s_per_mm2[0], 0.0, 0.0, 0.0);
    assert_int_equal(c.n_averages[0], 2);
    assert_non_null(strstr(c.note, "b = 1.25 s/mm2 counts as 0"));
    assert_fails(hep_diffusion_prepare(&c, ten, 4, &set, &e), e, HEP_EDATA, "no b = 0");
    hep_diffusion_settings_init(&set, HEP_DIFFUSION_IVIM);
    assert_ok(hep_diffusion_prepare(&c, low, 5, &set, &e), e);
    assert_close(c.b_s_per_mm2[0], 1.25, 0.0, 0.0);
    assert_ok(hep_diffusion_prepare(&c, ten, 4, &set, &e), e);
    assert_close(c.b_s_per_mm2[0], 10.0, 0.0, 0.0);
    assert_non_null(strstr(c.note, "S0 is extrapolated by the model from b = 10"));
    assert_true(c.dstar_fitted);
}

/* Zero, negative, NaN and infinite samples are left out; what is left decides. */
static void test_unusable_samples(void **state)
{
    static const float bad[] = { 0.0f, -3.0f, (float)NAN, (float)INFINITY };
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_MONO, 6, b_liver, 6);
    for (size_t i = 0; i < 36; i++)
        r.signal[i] = (float)(800.0 * exp(-b_liver[i / 6] * 1.3e-3));
    for (size_t i = 0; i < 4; i++)
        r.signal[(i + 1) * 6 + i] = bad[i];
    for (size_t k = 0; k < 6; k++)
        r.signal[k * 6 + 4] = -1.0f; /* nothing left */
    for (size_t k = 1; k < 6; k++)
        r.signal[k * 6 + 5] = 0.0f; /* one point left */
    rig_fit(&r);
    for (size_t i = 0; i < 4; i++) {
        assert_close(r.maps.d[i], 1.3e-3, 1e-5, 0.0);
        assert_int_equal((int)r.maps.status[i], HEP_FIT_OK);
    }
    for (size_t i = 4; i < 6; i++) {
        assert_int_equal((int)r.maps.status[i], HEP_FIT_BAD_INPUT);
        assert_true(isnan(r.maps.d[i]) && isnan(r.maps.s0[i]) && isnan(r.maps.rmse[i]));
    }
    assert_int_equal(r.report.counts.n[HEP_FIT_BAD_INPUT], 2);
    rig_release(&r);
}

static void test_mask(void **state)
{
    static const int32_t mask[] = { 0, 2, 0, 1, -1, 1, 0 };
    struct rig all, some;

    (void)state;
    rig_init(&all, HEP_DIFFUSION_IVIM, 7, b_liver, 6);
    rig_init(&some, HEP_DIFFUSION_IVIM, 7, b_liver, 6);
    fill_liver(&all);
    fill_liver(&some);
    some.in.mask = mask;
    for (size_t i = 0; i < 7; i++)
        some.maps.d[i] = 99.0f;
    rig_fit(&all);
    rig_fit(&some);
    for (size_t m = 0; m < N_MAPS; m++) {
        for (size_t i = 0; i < 7; i++) {
            if (mask[i] > 0)
                assert_memory_equal(&some.map[m][i], &all.map[m][i], sizeof(float));
            else
                assert_close(some.map[m][i], 0.0, 0.0, 0.0);
        }
    }
    assert_int_equal(some.report.counts.n[HEP_FIT_OUTSIDE], 4);
    rig_release(&all);
    rig_release(&some);
}

/* Maps that are not wanted change nothing in the others. */
static void test_maps_are_optional(void **state)
{
    struct rig all, few;

    (void)state;
    rig_init(&all, HEP_DIFFUSION_IVIM, 20, b_liver, 6);
    rig_init(&few, HEP_DIFFUSION_IVIM, 20, b_liver, 6);
    fill_liver(&all);
    fill_liver(&few);
    few.maps = (struct hep_diffusion_maps){ .d = few.map[1], .status = few.map[12] };
    rig_fit(&all);
    rig_fit(&few);
    assert_memory_equal(all.maps.d, few.maps.d, 20 * sizeof(float));
    assert_memory_equal(all.maps.status, few.maps.status, 20 * sizeof(float));
    rig_release(&all);
    rig_release(&few);
}

/* Below four b-values there is no D*: only D and f, and the note says so. */
static void test_few_b_values(void **state)
{
    static const double b[] = { 0, 200, 800 };
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, 2, b, 3);
    for (size_t i = 0; i < 6; i++)
        r.signal[i] = (float)ivim_signal(b[i / 2], 500.0, 0.27, 1.1e-3, 0.5);
    rig_fit(&r);
    assert_int_equal(r.report.method, HEP_METHOD_SIVIM);
    assert_false(r.report.dstar_fitted);
    assert_non_null(strstr(r.report.note, "D* is not determined"));
    assert_close(r.maps.f[1], 0.27, 1e-4, 0.0);
    assert_close(r.maps.d[1], 1.1e-3, 1e-4, 0.0);
    assert_true(isnan(r.maps.dstar[1]));
    rig_release(&r);
}

/* S0 fixed to b = 0: two points of an exponential through it. */
static void test_fixed_s0(void **state)
{
    static const double b[] = { 0, 500 };
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_MONO, 1, b, 2);
    r.set.fixed_s0 = true;
    r.signal[0] = 640.0f;
    r.signal[1] = 320.0f;
    rig_fit(&r);
    assert_close(r.maps.s0[0], 640.0, 1e-6, 0.0);
    assert_close(r.maps.d[0], log(2.0) / 500.0, 1e-6, 0.0);
    assert_true(isnan(r.maps.s0_se[0]));
    rig_release(&r);
}

/* The line of logarithms through the b = 0 signal: D = sum b ln(S0 / S) / sum b^2; S0 has the error
 * of one sample. */
static void test_fixed_s0_closed_form(void **state)
{
    static const double b[] = { 0, 200, 500 };
    const double d = (200.0 * log(1.6) + 500.0 * log(2.0)) / (200.0 * 200.0 + 500.0 * 500.0);
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_ADC, 1, b, 3);
    r.set.fixed_s0 = true;
    r.set.b_min_s_per_mm2 = 0.0;
    r.set.method = HEP_METHOD_OLS;
    r.set.sigma = 8.0;
    r.signal[0] = 640.0f;
    r.signal[1] = 400.0f;
    r.signal[2] = 320.0f;
    rig_fit(&r);
    assert_close(r.maps.s0[0], 640.0, 1e-6, 0.0);
    assert_close(r.maps.s0_se[0], 8.0, 1e-6, 0.0);
    assert_close(r.maps.d[0], d, 1e-6, 0.0);
    rig_release(&r);
}

/* No perfusion: D* is NaN, not a guess; ADC outside the bounds says so. */
static void test_status(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, 1, b_liver, 6);
    for (size_t k = 0; k < 6; k++)
        r.signal[k] = (float)(700.0 * exp(-b_liver[k] * 1.2e-3)) + (k % 2 == 0 ? 3.0f : -3.0f);
    rig_fit(&r);
    assert_int_equal((int)r.maps.status[0], HEP_FIT_NOT_IDENTIFIABLE);
    assert_true(isnan(r.maps.dstar[0]) && isnan(r.maps.dstar_se[0]));
    rig_release(&r);

    rig_init(&r, HEP_DIFFUSION_MONO, 1, b_liver, 6);
    for (size_t k = 0; k < 6; k++)
        r.signal[k] = 700.0f; /* D = 0, below its bound of 0.1e-3 */
    rig_fit(&r);
    assert_int_equal((int)r.maps.status[0], HEP_FIT_AT_BOUND);
    assert_close(r.maps.d[0], 0.1e-3, 1e-6, 0.0);
    assert_true(isnan(r.maps.d_se[0]));
    rig_release(&r);
}

struct refusal {
    const char *name;
    enum hep_diffusion_model model;
    enum hep_diffusion_method method;
    double b[6];
    size_t nb;
    enum hep_status code;
    const char *part;
};
static const struct refusal refusals[] = {
    { "one b-value",
      HEP_DIFFUSION_ADC,
      HEP_METHOD_DEFAULT,
      { 800, 800 },
      2,
      HEP_EDATA,
      "1 distinct b-value " },
    { "b = 0 and 800 with the 50+ subset",
      HEP_DIFFUSION_ADC,
      HEP_METHOD_DEFAULT,
      { 0, 800 },
      2,
      HEP_EDATA,
      "between 50" },
    { "negative b",
      HEP_DIFFUSION_MONO,
      HEP_METHOD_DEFAULT,
      { 0, -5, 800 },
      3,
      HEP_EDATA,
      "b-value 2 is -5" },
    { "NaN b",
      HEP_DIFFUSION_MONO,
      HEP_METHOD_DEFAULT,
      { 0, (double)NAN },
      2,
      HEP_EDATA,
      "b-value 2" },
    { "ivim from b = 20 on, where 70 % of the perfusion signal of a liver are lost",
      HEP_DIFFUSION_IVIM,
      HEP_METHOD_DEFAULT,
      { 20, 50, 200, 400, 800 },
      5,
      HEP_EDATA,
      "no b = 0" },
    { "segmented ivim without b = 0",
      HEP_DIFFUSION_IVIM,
      HEP_METHOD_SEGMENTED,
      { 10, 50, 200, 400, 800 },
      5,
      HEP_EDATA,
      "no b = 0" },
    { "ivim without high b",
      HEP_DIFFUSION_IVIM,
      HEP_METHOD_SEGMENTED,
      { 0, 20, 50, 100, 400 },
      5,
      HEP_EDATA,
      "two b-values of at least 200" },
    { "kurtosis below 1500",
      HEP_DIFFUSION_KURTOSIS,
      HEP_METHOD_DEFAULT,
      { 0, 200, 500, 1000 },
      4,
      HEP_EDATA,
      "highest b is 1000" },
    { "kurtosis with two b",
      HEP_DIFFUSION_KURTOSIS,
      HEP_METHOD_DEFAULT,
      { 0, 2000 },
      2,
      HEP_EDATA,
      "2 distinct b-values for 3 parameters" },
    { "method of another model",
      HEP_DIFFUSION_ADC,
      HEP_METHOD_SEGMENTED,
      { 50, 800 },
      2,
      HEP_EINVAL,
      "adc has no method segmented" },
    { "unknown model",
      (enum hep_diffusion_model)17,
      HEP_METHOD_DEFAULT,
      { 0, 800 },
      2,
      HEP_EINVAL,
      "unknown" },
    { "no volumes", HEP_DIFFUSION_MONO, HEP_METHOD_DEFAULT, { 0 }, 0, HEP_EINVAL, "0 volumes" },
};
#define N_REFUSALS (sizeof refusals / sizeof refusals[0])

static void test_refusal(void **state)
{
    const struct refusal *c = *state;
    struct hep_error e = { 0 };
    struct rig r;

    rig_init(&r, HEP_DIFFUSION_ADC, 1, c->b, c->nb > 0 ? c->nb : 1);
    hep_diffusion_settings_init(&r.set, c->model);
    r.set.method = c->method;
    r.in.nb = c->nb;
    assert_fails(hep_diffusion_fit(&r.maps, &r.report, &r.in, &r.set, &e), e, c->code, c->part);
    rig_release(&r);
}

static void test_settings_refused(void **state)
{
    static const double b[] = { 0, 100, 200, 400, 800 };
    struct hep_diffusion_settings set;
    struct hep_diffusion_scheme c;
    struct hep_error e = { 0 };

    (void)state;
#define REFUSE(change, code, part)                                                                 \
    do {                                                                                           \
        hep_diffusion_settings_init(&set, HEP_DIFFUSION_IVIM);                                     \
        change;                                                                                    \
        assert_fails(hep_diffusion_prepare(&c, b, 5, &set, &e), e, code, part);                    \
    } while (0)
    REFUSE(set.bounds.d_max = 6e-3, HEP_ECONFIG, "must be below");
    REFUSE(set.bounds.d_min = 5e-3, HEP_ECONFIG, "bounds of D ");
    REFUSE(set.bounds.d_min = -1e-3, HEP_ECONFIG, "bounds of D ");
    REFUSE(set.bounds.f_max = 1.2, HEP_ECONFIG, "bounds of f");
    REFUSE(set.bounds.dstar_max = nan_d, HEP_ECONFIG, "bounds of D*");
    REFUSE(set.bounds.k_max = -1.0, HEP_ECONFIG, "bounds of K");
    REFUSE(set.sigma = -2.0, HEP_ECONFIG, "sigma");
    REFUSE(set.sigma = nan_d, HEP_ECONFIG, "sigma");
    REFUSE(set.b_max_s_per_mm2 = -1.0, HEP_ECONFIG, "b subset");
    REFUSE(set.b_split_s_per_mm2 = 0.0, HEP_ECONFIG, "split");
    REFUSE(set.fixed_s0 = true; set.b_min_s_per_mm2 = 50.0, HEP_EDATA, "no b = 0");
    REFUSE(set.rician = HEP_RICIAN_MEAN;
           set.method = HEP_METHOD_SEGMENTED, HEP_EINVAL, "not segmented");
    REFUSE(set.fixed_s0 = true; set.model = HEP_DIFFUSION_KURTOSIS;
           set.method = HEP_METHOD_WLS, HEP_EINVAL, "needs the method nlls");
    REFUSE(set.rician = (enum hep_diffusion_rician)9, HEP_EINVAL, "unknown");
}

static void test_too_many(void **state)
{
    double b[HEP_DIFFUSION_MAX_B + 1];
    struct hep_diffusion_settings set;
    struct hep_diffusion_scheme c;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t k = 0; k <= HEP_DIFFUSION_MAX_B; k++)
        b[k] = 10.0 * (double)k;
    hep_diffusion_settings_init(&set, HEP_DIFFUSION_MONO);
    assert_fails(hep_diffusion_prepare(&c, b, HEP_DIFFUSION_MAX_B + 1, &set, &e), e, HEP_EDATA,
                 "more than 64");
    assert_fails(hep_diffusion_prepare(&c, b, HEP_DIFFUSION_MAX_VOLUMES + 1, &set, &e), e,
                 HEP_EINVAL, "4097 volumes");
    assert_ok(hep_diffusion_prepare(&c, b, HEP_DIFFUSION_MAX_B, &set, &e), e);
}

static void test_names(void **state)
{
    enum hep_diffusion_method method;
    enum hep_diffusion_rician rician;
    enum hep_fit_solver solver;
    enum hep_fit_isa isa;
    struct hep_error e = { 0 };

    (void)state;
    for (int m = HEP_METHOD_DEFAULT; m <= HEP_METHOD_SIVIM; m++) {
        assert_ok(hep_diffusion_method_parse(
                      &method, hep_diffusion_method_name((enum hep_diffusion_method)m), &e),
                  e);
        assert_int_equal(method, m);
    }
    assert_fails(hep_diffusion_method_parse(&method, "mcmc", &e), e, HEP_EINVAL, "'mcmc'");
    assert_ok(hep_diffusion_rician_parse(&rician, "mean", &e), e);
    assert_int_equal(rician, HEP_RICIAN_MEAN);
    assert_fails(hep_diffusion_rician_parse(&rician, "", &e), e, HEP_EINVAL, "corrected");
    assert_ok(hep_fit_solver_parse(&solver, "gsl", &e), e);
    assert_int_equal(solver, HEP_SOLVER_GSL);
    assert_fails(hep_fit_solver_parse(&solver, "ceres", &e), e, HEP_EINVAL, "batched or gsl");
    assert_ok(hep_fit_isa_parse(&isa, "avx2", &e), e);
    assert_int_equal(isa, HEP_ISA_AVX2);
    assert_fails(hep_fit_isa_parse(&isa, "neon", &e), e, HEP_EINVAL, "avx512");
    assert_ok(hep_fit_isa_resolve(&isa, HEP_ISA_AUTO, &e), e);
    assert_int_not_equal(isa, HEP_ISA_AUTO);
    assert_fails(hep_fit_isa_resolve(&isa, (enum hep_fit_isa)12, &e), e, HEP_EINVAL, "?");
    assert_string_equal(hep_fit_status_name(HEP_FIT_AT_BOUND), "at bound");
    assert_string_equal(hep_fit_status_name((enum hep_fit_status)40), "?");
    assert_int_equal(hep_fit_threads(3), 3);
    assert_true(hep_fit_threads(0) >= 1);
}

/* Each allocation fails once: an error, no leak, and success when none is left to fail. */
static void test_out_of_memory(void **state)
{
    static const int32_t mask[4] = { 1, 1, 0, 1 };
    struct hep_error e = { 0 };
    long n = 0;
    int rc;

    (void)state;
    do {
        struct rig r;

        rig_init(&r, HEP_DIFFUSION_IVIM, 4, b_liver, 6);
        fill_liver(&r);
        r.in.mask = mask;
        r.set.fit.verify = true;
        hep_alloc_fail_at(++n);
        rc = hep_diffusion_fit(&r.maps, &r.report, &r.in, &r.set, &e);
        hep_alloc_fail_at(0);
        assert_true(rc == HEP_OK || rc == HEP_ENOMEM);
        if (rc != HEP_OK)
            assert_fails(rc, e, HEP_ENOMEM, "no memory");
        rig_release(&r);
    } while (rc != HEP_OK && n < 200);
    assert_in_range(n, 8, 199);
}

int main(void)
{
    static const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_order_is_free),
        cmocka_unit_test(test_repeats_are_averaged),
        cmocka_unit_test(test_small_b_values),
        cmocka_unit_test(test_lowest_b),
        cmocka_unit_test(test_unusable_samples),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_maps_are_optional),
        cmocka_unit_test(test_few_b_values),
        cmocka_unit_test(test_fixed_s0),
        cmocka_unit_test(test_fixed_s0_closed_form),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_settings_refused),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_out_of_memory),
    };
    struct CMUnitTest tests[sizeof fixed / sizeof fixed[0] + N_REFUSALS];
    size_t n = sizeof fixed / sizeof fixed[0];

    (void)memcpy(tests, fixed, sizeof fixed);
    for (size_t i = 0; i < N_REFUSALS; i++)
        tests[n++] = (struct CMUnitTest){ .name = refusals[i].name,
                                          .test_func = test_refusal,
                                          .initial_state = (void *)(uintptr_t)&refusals[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
