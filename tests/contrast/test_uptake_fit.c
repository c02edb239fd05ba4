/* Uptake rate: recovery from a simulation with another solver, and real gadoxetate curves. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "contrast/uptake_fit.h"
#include "sequences/signal.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DEG(x) ((x)*0.017453292519943295)

/* Gadoxetate at 3 T. */
static const struct hep_relaxivity eob_3t = { .field_t = 3.0,
                                              .r1_blood = 6.5,
                                              .r1_hepatocyte = 9.8 };

static struct hep_inputs *population(double arrival_s, double bolus_s, double end_s)
{
    const struct hep_injection j = { 0.025, arrival_s, bolus_s, 0.0002, 0.42, 10, 20 };
    struct hep_inputs *in = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_inputs_new(&in, &j, end_s, HEP_INPUTS_DT_S, &e), e);
    return in;
}

/** dR1 of a tissue by explicit Euler with 1/100 of the grid: shares no solver with the fit. */
static void euler(double *delta_r1, const double *time_s, size_t n, const struct hep_inputs *in,
                  const struct hep_tissue_kinetics *k)
{
    const double h = in->dt_s / 100;
    double ce = 0, ch = 0, t = 0;

    for (size_t i = 0; i < n; i++) {
        while (t < time_s[i]) {
            double u = k->arterial_frac * hep_curve_at(in->arterial_mM, in->n, in->dt_s, t) +
                       (1 - k->arterial_frac) * hep_curve_at(in->portal_mM, in->n, in->dt_s, t);
            double dce = (k->flow_per_s * (u - ce) - k->uptake_per_s * ce) / k->ve;
            double dch = k->uptake_per_s * ce - k->efflux_per_s * ch;
            ce += h * dce;
            ch += h * dch;
            t += h;
        }
        delta_r1[i] = eob_3t.r1_blood * k->ve * ce + eob_3t.r1_hepatocyte * ch;
    }
}

enum { N_SAMPLES = 400 };

static void sample_times(double *time_s)
{
    for (size_t i = 0; i < N_SAMPLES; i++)
        time_s[i] = 3.0 * (double)i; /* 20 min */
}

/** Rates [/min] of a good, a common and an impaired liver come back from exact curves. */
static void test_recovers_truth(void **state)
{
    static const struct hep_tissue_kinetics truth[] = {
        { 0.9 / 60, 0.20, 0.24, 0.060 / 60, 0.012 / 60 },
        { 1.3 / 60, 0.35, 0.30, 0.033 / 60, 0.020 / 60 },
        { 0.7 / 60, 0.25, 0.20, 0.010 / 60, 0.030 / 60 },
    };
    struct hep_inputs *in = population(12, 8, 1300);
    double t[N_SAMPLES], y[N_SAMPLES];
    struct hep_error e = { 0 };

    (void)state;
    sample_times(t);
    for (size_t i = 0; i < COUNT(truth); i++) {
        struct hep_uptake_fit f;
        euler(y, t, N_SAMPLES, in, &truth[i]);
        y[17] = (double)NAN; /* left out */
        assert_ok(hep_uptake_fit(&f, in, t, y, N_SAMPLES, &eob_3t, NULL, &e), e);
        assert_int_equal(f.status, HEP_UPTAKE_OK);
        assert_int_equal(f.n, N_SAMPLES - 1);
        /* Euler's own error is 1e-3 of the flank. */
        assert_close(f.tissue.flow_per_s, truth[i].flow_per_s, 0.01, 0);
        assert_close(f.tissue.arterial_frac, truth[i].arterial_frac, 0.01, 0.003);
        assert_close(f.tissue.ve, truth[i].ve, 0.005, 0);
        assert_close(f.tissue.uptake_per_s, truth[i].uptake_per_s, 0.005, 0);
        assert_close(f.tissue.efflux_per_s, truth[i].efflux_per_s, 0.01, 0);
        assert_true(f.r2 > 0.9999);
    }
    hep_inputs_free(in);
}

struct moments {
    double sum, squares, se;
};

static void add(struct moments *m, double x, double se)
{
    m->sum += x;
    m->squares += x * x;
    m->se += se;
}

/** Mean within 2 % of the truth; spread within 20 % of the standard error, 3 times the uncertainty
 * of a spread from 120 draws. */
static void check_moments(const struct moments *m, int draws, double truth)
{
    double mean = m->sum / draws;

    assert_close(mean, truth, 0.02, 0);
    assert_close(sqrt((m->squares - draws * mean * mean) / (draws - 1)), m->se / draws, 0.2, 0);
}

/** Noise of 0.05 /s on dR1: Ki and ve unbiased, and as uncertain as the fit says. */
static void test_standard_errors(void **state)
{
    const struct hep_tissue_kinetics truth = { 0.9 / 60, 0.2, 0.24, 0.06 / 60, 0.012 / 60 };
    enum { DRAWS = 120 };
    struct hep_inputs *in = population(12, 8, 1300);
    double t[N_SAMPLES], clean[N_SAMPLES], y[N_SAMPLES];
    struct moments ki = { 0 }, ve = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    sample_times(t);
    euler(clean, t, N_SAMPLES, in, &truth);
    for (uint64_t d = 0; d < DRAWS; d++) {
        struct hep_uptake_fit f;
        for (size_t i = 0; i < N_SAMPLES; i++) {
            double n[2];
            hep_rng_normal2(n, 11, d, i);
            y[i] = clean[i] + 0.05 * n[0];
        }
        assert_ok(hep_uptake_fit(&f, in, t, y, N_SAMPLES, &eob_3t, NULL, &e), e);
        assert_close(f.rmse_per_s, 0.05, 0.15, 0);
        add(&ki, f.tissue.uptake_per_s, f.se[HEP_UPTAKE_KI]);
        add(&ve, f.tissue.ve, f.se[HEP_UPTAKE_VE]);
    }
    check_moments(&ki, DRAWS, truth.uptake_per_s);
    check_moments(&ve, DRAWS, truth.ve);
    hep_inputs_free(in);
}

static void test_fixed_and_bounded(void **state)
{
    const struct hep_tissue_kinetics truth = { 0.9 / 60, 0.2, 0.24, 0.06 / 60, 0.012 / 60 };
    struct hep_uptake_bounds b = hep_uptake_bounds_default();
    struct hep_inputs *in = population(12, 0, 1300);
    double t[N_SAMPLES], y[N_SAMPLES];
    struct hep_uptake_fit f;
    struct hep_error e = { 0 };

    (void)state;
    sample_times(t);
    euler(y, t, N_SAMPLES, in, &truth);
    b.lo[HEP_UPTAKE_KB] = b.hi[HEP_UPTAKE_KB] = truth.efflux_per_s;
    b.lo[HEP_UPTAKE_ARTERIAL_FRAC] = b.hi[HEP_UPTAKE_ARTERIAL_FRAC] = 0.2;
    assert_ok(hep_uptake_fit(&f, in, t, y, N_SAMPLES, &eob_3t, &b, &e), e);
    assert_close(f.tissue.efflux_per_s, truth.efflux_per_s, 0, 0);
    assert_close(f.se[HEP_UPTAKE_KB], 0, 0, 0);
    assert_close(f.tissue.uptake_per_s, truth.uptake_per_s, 0.005, 0);
    b.hi[HEP_UPTAKE_KI] = HEP_PER_MIN(0.03); /* the truth lies outside */
    assert_ok(hep_uptake_fit(&f, in, t, y, N_SAMPLES, &eob_3t, &b, &e), e);
    assert_int_equal(f.status, HEP_UPTAKE_AT_BOUND);
    assert_true(f.tissue.uptake_per_s <= HEP_PER_MIN(0.03));
    hep_inputs_free(in);
}

static void test_refused(void **state)
{
    struct hep_uptake_bounds b = hep_uptake_bounds_default();
    struct hep_inputs *in = population(12, 0, 100);
    const double t[] = { 0, 10, 20, 30, 40, 50, 60 };
    const double y[] = { 0, 0, 1, 1, 1, 1, (double)NAN };
    const double late[] = { 0, 10, 20, 30, 40, 50, 200 };
    struct hep_uptake_fit f = { .n = 77 };
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_uptake_fit(&f, in, t, y, 7, &eob_3t, NULL, &e), e, HEP_EDATA, "needs 7");
    assert_fails(hep_uptake_fit(&f, in, late, y, 7, &eob_3t, NULL, &e), e, HEP_EINVAL, "200 s");
    b.lo[HEP_UPTAKE_VE] = 0;
    assert_fails(hep_uptake_fit(&f, in, t, y, 7, &eob_3t, &b, &e), e, HEP_EINVAL, "ve");
    b = hep_uptake_bounds_default();
    b.lo[HEP_UPTAKE_KI] = 1;
    assert_fails(hep_uptake_fit(&f, in, t, y, 7, &eob_3t, &b, &e), e, HEP_EINVAL, "Ki");
    for (size_t k = 0; k < HEP_UPTAKE_N; k++)
        b.lo[k] = b.hi[k] = 0.1;
    assert_fails(hep_uptake_fit(&f, in, t, y, 7, &eob_3t, &b, &e), e, HEP_EINVAL, "fixed");
    for (long n = 1; n <= 4; n++) {
        hep_alloc_fail_at(n);
        assert_fails(hep_uptake_fit(&f, in, t, y, 7, &eob_3t, NULL, &e), e, HEP_ENOMEM, NULL);
    }
    hep_alloc_fail_at(0);
    assert_int_equal(f.n, 77);
    hep_inputs_free(in);
}

static void test_signal_to_dr1(void **state)
{
    /* T1 809 -> 340 ms: dR1 = 1/0.340 - 1/0.809 = 1.70508 /s; TR 4 ms, 12 degrees. */
    const double s0 = 700 * hep_spgr_weight(0.809, 0.004, DEG(12));
    const double s1 = 700 * hep_spgr_weight(0.340, 0.004, DEG(12));
    double s[] = { 0.99 * s0, 1.01 * s0, s1, 40 * s0, (double)NAN };
    double out[5];
    size_t bad = 0;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_delta_r1_from_signal(out, &bad, s, 5, 2, 0.809, 0.004, DEG(12), &e), e);
    assert_close(out[2], 1.70508, 1e-5, 0);
    assert_close(out[0] + out[1], 0, 0, 1e-3);
    assert_true(isnan(out[3]) && isnan(out[4])); /* brighter than any T1 allows; no signal */
    assert_int_equal(bad, 2);
    assert_fails(hep_delta_r1_from_signal(out, NULL, s, 5, 0, .8, .004, .2, &e), e, HEP_EINVAL,
                 "baseline");
    assert_fails(hep_delta_r1_from_signal(out, NULL, s, 5, 2, .8, 0, .2, &e), e, HEP_EINVAL, "TR");
    assert_fails(hep_delta_r1_from_signal(out, NULL, s, 5, 5, .8, .004, .2, &e), e, HEP_EDATA,
                 "baseline");
}

static void test_resample(void **state)
{
    const double t[] = { 1, 2, 4, 5, 7 };
    const double x[] = { (double)NAN, 10, (double)NAN, 40, 20 };
    const double want[] = { 10, 10, 10, 20, 30, 40, 30, 20, 20, 20 };
    const double falling[] = { 1, 2, 2, 5, 7 };
    double out[10];
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_curve_resample(out, 10, 1, t, x, 5, &e), e);
    for (size_t i = 0; i < 10; i++)
        assert_close(out[i], want[i], 1e-12, 0);
    assert_fails(hep_curve_resample(out, 10, 1, t, x, 1, &e), e, HEP_EDATA, "no finite");
    assert_fails(hep_curve_resample(out, 10, 1, falling, x, 5, &e), e, HEP_EDATA, "sample 2");
}

/* ---- real curves (TRISTAN, Apache-2.0; see tests/data/gadoxetate)
 * -------------------------------- */

enum { MAX_ROWS = 1200 };
struct scan {
    double t[MAX_ROWS], aorta[MAX_ROWS], portal[MAX_ROWS], liver[MAX_ROWS];
    size_t n, n_baseline;
    double tr_s, flip_rad, t1_liver_s, t1_blood_s;
};

static char *read_data(const char *who, const char *what)
{
    char *path = hep_asprintf(NULL, HEP_TEST_DATA "/gadoxetate/%s_%s.tsv", who, what);
    struct hep_error e = { 0 };
    char *text = NULL;
    size_t n = 0;

    assert_ok(hep_file_read(&text, &n, path, 1 << 20, &e), e);
    free(path);
    return text;
}

static double parameter(const char *text, const char *key)
{
    char *line = hep_asprintf(NULL, "\n%s\t", key);
    const char *at = text && line ? strstr(text, line) : NULL;
    double value = (double)NAN;

    if (at)
        value = strtod(at + strlen(line), NULL);
    else
        fail_msg("no parameter %s", key);
    free(line);
    return value;
}

/** Columns are time, aorta, portal, liver, kidney. T1 of blood 1.66 s where the aorta's is not
 * given. */
static struct scan *load(const char *who)
{
    char *parameters = read_data(who, "parameters");
    char *text = read_data(who, "scan1");
    struct scan *s = calloc(1, sizeof *s);
    char *p = strchr(text, '\n') + 1;

    s->tr_s = parameter(parameters, "TR");
    s->flip_rad = DEG(parameter(parameters, "FA_1"));
    s->t1_liver_s = parameter(parameters, "T1_liver_1");
    s->t1_blood_s = parameter(parameters, "T1_aorta_1");
    while (*p && s->n < MAX_ROWS) {
        size_t i = s->n;
        s->t[i] = strtod(p, &p);
        s->aorta[i] = strtod(p, &p);
        s->portal[i] = strtod(p, &p);
        s->liver[i] = strtod(p, &p);
        p = strchr(p, '\n') + 1;
        s->n += i == 0 || s->t[i] > s->t[i - 1];
    }
    while (s->t[s->n_baseline] < parameter(parameters, "t0") - 10)
        s->n_baseline++;
    free(parameters);
    free(text);
    return s;
}

/** Arrival: the aorta's largest signal within the first 200 s is 10.2 s after it (Parker's first
 * peak), later by half the bolus of 8 s. */
static double arrival(const struct scan *s)
{
    size_t best = 0;

    for (size_t i = 0; i < s->n && s->t[i] < 200; i++)
        if (s->aorta[i] > s->aorta[best])
            best = i;
    return fmax(s->t[best] - 14.2, 0);
}

static void to_dr1(double *out, const struct scan *s, const double *signal, double t10_s)
{
    struct hep_error e = { 0 };
    size_t bad = 0;

    assert_ok(hep_delta_r1_from_signal(out, &bad, signal, s->n, s->n_baseline, t10_s, s->tr_s,
                                       s->flip_rad, &e),
              e);
    assert_true(bad < s->n / 100);
}

/** Liver fitted with the population input at the dose given (0.025 mmol/kg). */
static struct hep_uptake_fit fit_population(const char *who)
{
    struct scan *s = load(who);
    struct hep_inputs *in = population(arrival(s), 8, s->t[s->n - 1]);
    struct hep_uptake_fit f;
    struct hep_error e = { 0 };

    to_dr1(s->liver, s, s->liver, s->t1_liver_s);
    assert_ok(hep_uptake_fit(&f, in, s->t, s->liver, s->n, &eob_3t, NULL, &e), e);
    print_message("%s, population input: Ki %.4f +- %.4f /min, ve %.3f, kb %.4f, R2 %.3f\n", who,
                  f.tissue.uptake_per_s * 60, f.se[HEP_UPTAKE_KI] * 60, f.tissue.ve,
                  f.tissue.efflux_per_s * 60, f.r2);
    hep_inputs_free(in);
    free(s);
    return f;
}

/** The same with plasma curves from the measured aorta; inflow makes them too low and Ki too high,
 * by about the same factor in everyone. */
static struct hep_uptake_fit fit_measured(const char *who)
{
    struct scan *s = load(who);
    const double to_plasma = 1 / (eob_3t.r1_blood * (1 - HEP_HCT_DEFAULT));
    size_t m = (size_t)(s->t[s->n - 1] / 0.5) + 2;
    double *plasma = calloc(m, sizeof *plasma);
    struct hep_inputs *in = NULL;
    struct hep_uptake_fit f;
    struct hep_error e = { 0 };

    to_dr1(s->aorta, s, s->aorta, s->t1_blood_s);
    assert_ok(hep_curve_resample(plasma, m, 0.5, s->t, s->aorta, s->n, &e), e);
    for (size_t i = 0; i < m; i++)
        plasma[i] *= to_plasma;
    assert_ok(hep_inputs_from_curves(&in, plasma, NULL, m, 0.5, HEP_HCT_DEFAULT, &e), e);
    to_dr1(s->liver, s, s->liver, s->t1_liver_s);
    assert_ok(hep_uptake_fit(&f, in, s->t, s->liver, s->n, &eob_3t, NULL, &e), e);
    print_message("%s, measured aorta: Ki %.4f +- %.4f /min, ve %.3f, R2 %.3f\n", who,
                  f.tissue.uptake_per_s * 60, f.se[HEP_UPTAKE_KI] * 60, f.tissue.ve, f.r2);
    hep_inputs_free(in);
    free(plasma);
    free(s);
    return f;
}

/** Ki of a healthy liver is a few per cent per minute (Georgiou 2017, Sourbron 2012: 0.03 to 0.1).
 * This patient's is several times lower at both visits, with either input; T1 measured apart from
 * the curves says the same (dR1 0.16 and 0.20 against 1.65 /s). */
static void test_real_curves(void **state)
{
    struct hep_uptake_fit healthy = fit_population("2_control");
    struct hep_uptake_fit first = fit_population("001_control");
    struct hep_uptake_fit drug = fit_population("001_drug");
    struct hep_uptake_fit healthy_m = fit_measured("2_control");
    struct hep_uptake_fit drug_m = fit_measured("001_drug");

    (void)state;
    assert_true(healthy.tissue.uptake_per_s * 60 > 0.03 && healthy.tissue.uptake_per_s * 60 < 0.1);
    assert_true(drug.tissue.uptake_per_s < 0.3 * healthy.tissue.uptake_per_s);
    assert_true(first.tissue.uptake_per_s < 0.3 * healthy.tissue.uptake_per_s);
    assert_true(drug_m.tissue.uptake_per_s < 0.3 * healthy_m.tissue.uptake_per_s);
    assert_true(healthy.r2 > 0.95 && drug.r2 > 0.85 && first.r2 > 0.85);
    assert_true(healthy.rmse_per_s < 0.1 && drug.rmse_per_s < 0.02);
}

/** Scan 1 ends where T1 was measured again (37 to 53 min later): dR1 from the signal alone agrees
 * with dR1 from the two T1 maps. */
static void test_signal_agrees_with_t1(void **state)
{
    static const struct {
        const char *who;
        double share; /* allowed difference of the changes */
    } cases[] = { { "2_control", 0.15 }, { "001_control", 0.4 }, { "001_drug", 0.4 } };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scan *s = load(cases[i].who);
        char *parameters = read_data(cases[i].who, "parameters");
        double by_maps = 1 / parameter(parameters, "T1_liver_2") - 1 / s->t1_liver_s;
        double end = 0;
        to_dr1(s->liver, s, s->liver, s->t1_liver_s);
        for (size_t k = s->n - 50; k < s->n; k++)
            end += s->liver[k] / 50;
        print_message("%s: dR1 %.3f by signal, %.3f /s by T1\n", cases[i].who, end, by_maps);
        assert_close(end, by_maps, cases[i].share, 0);
        free(parameters);
        free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovers_truth),    cmocka_unit_test(test_standard_errors),
        cmocka_unit_test(test_fixed_and_bounded), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_signal_to_dr1),     cmocka_unit_test(test_resample),
        cmocka_unit_test(test_real_curves),       cmocka_unit_test(test_signal_agrees_with_t1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
