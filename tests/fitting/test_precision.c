#include "fitting/precision.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "support/support.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* scipy 1.10: quad of the definition with exponentially scaled Bessel functions. */
static void test_rician_factor(void **state)
{
    static const double table[][2] = {
        { 0.1, 0.0099012303848026 }, { 0.5, 0.20169578730501486 }, { 1, 0.5214469207343813 },
        { 2, 0.85263205184354 },     { 3, 0.940151237390511 },     { 5, 0.9795618690477887 },
        { 10, 0.9949744808263574 },  { 50, 0.9997999599686409 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        assert_close(hep_precision_rician_factor(table[i][0]), table[i][1], 0.0, 1e-7);
    assert_close(hep_precision_rician_factor(0.0), 0.0, 0.0, 0.0);
    assert_close(hep_precision_rician_factor(1e4), 1.0 - 0.5e-8, 0.0, 1e-12);
    assert_close(hep_precision_rician_factor(99.9), hep_precision_rician_factor(100.1), 0.0, 1e-6);
}

/* Two b-values: D = ln(S1/S2)/(b2-b1), so sd(D) = sigma sqrt(1/(n1 S1^2) + 1/(n2 S2^2))/(b2-b1). */
static void test_two_b_values(void **state)
{
    static const double b[] = { 50, 800 }, averages[] = { 2, 5 }, theta[] = { 340.0, 1.25e-3 };
    const struct hep_precision_protocol p = {
        .model = HEP_PRECISION_MONO, .x = b, .averages = averages, .n = 2, .sigma = 11.0
    };
    double sd[2], cov[4], s1 = 340.0 * exp(-0.0625), s2 = 340.0 * exp(-1.0), want;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_precision_bounds(sd, cov, theta, &p, &e), e);
    want = 11.0 * sqrt(1.0 / (2.0 * s1 * s1) + 1.0 / (5.0 * s2 * s2)) / 750.0;
    assert_close(sd[1], want, 1e-10, 0.0);
    assert_close(cov[3], want * want, 1e-10, 0.0);
    /* S0 = S1^(b2/(b2-b1)) S2^(-b1/(b2-b1)) */
    want = 340.0 * 11.0 *
           sqrt(pow(800.0 / 750.0, 2) / (2.0 * s1 * s1) + pow(50.0 / 750.0, 2) / (5.0 * s2 * s2));
    assert_close(sd[0], want, 1e-10, 0.0);
}

/* numpy: inverse of J^T J with derivatives written out by hand. */
struct bound_case {
    const char *name;
    enum hep_precision_model model;
    double theta[4], x[13];
    size_t n;
    double sigma, b0_t, sd[4], pdff_sd;
};
static const struct bound_case bound_cases[] = {
    { "IVIM",
      HEP_PRECISION_IVIM,
      { 1, 1.1e-3, 0.2, 60e-3 },
      { 0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 400, 600, 800 },
      13,
      1.0 / 30.0,
      0,
      { 0.032147, 0.000107124476, 0.03293335, 0.0250203 },
      0 },
    { "kurtosis",
      HEP_PRECISION_KURTOSIS,
      { 1, 1.5e-3, 0.9 },
      { 0, 500, 1000, 1500, 2000 },
      5,
      0.02,
      0,
      { 1.98294031e-02, 9.52887565e-05, 6.71051921e-02 },
      0 },
    { "six echoes at 1.5 T",
      HEP_PRECISION_MULTIECHO,
      { 80, 20, 50 },
      { 1.2e-3, 3.2e-3, 5.2e-3, 7.2e-3, 9.2e-3, 11.2e-3 },
      6,
      2.0,
      1.5,
      { 2.08612768, 2.40965399, 4.29643698 },
      0.02028548435860591 },
    { "six echoes at 3 T",
      HEP_PRECISION_MULTIECHO,
      { 80, 20, 50 },
      { 1.15e-3, 2.25e-3, 3.35e-3, 4.45e-3, 5.55e-3, 6.65e-3 },
      6,
      2.0,
      3.0,
      { 2.24832379, 1.68624928, 6.8914188 },
      0.01204967176768523 },
};

static void test_bound(void **state)
{
    const struct bound_case *c = *state;
    struct hep_fat_spectrum spectrum;
    struct hep_precision_protocol p = { .model = c->model,
                                        .x = c->x,
                                        .n = c->n,
                                        .sigma = c->sigma,
                                        .b0_t = c->b0_t,
                                        .spectrum = &spectrum };
    double sd[4], pdff_sd = 0.0;
    struct hep_error e = { 0 };

    assert_ok(hep_fat_spectrum_get(&spectrum, HEP_FAT_SPECTRUM_DEFAULT, &e), e);
    assert_ok(hep_precision_bounds(sd, NULL, c->theta, &p, &e), e);
    for (size_t i = 0; i < hep_precision_param_count(c->model); i++)
        assert_close(sd[i], c->sd[i], 2e-5, 0.0);
    if (c->model == HEP_PRECISION_MULTIECHO) {
        assert_ok(hep_precision_pdff_bound(&pdff_sd, c->theta[0], c->theta[1], c->theta[2], &p, &e),
                  e);
        assert_close(pdff_sd, c->pdff_sd, 2e-5, 0.0);
    }
}

/* Published with the comparison of IVIM fits: RMS bound over D 1.0-1.3e-3, f .1-.3, D* 20-100e-3
 * mm2/s at S0 / sigma = 30 is f .0353, D* 32.3e-3, D .117e-3. The draw differs, hence 1 %. */
static void test_ivim_population(void **state)
{
    enum { n = 20000 };
    static const double b[] = { 0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 400, 600, 800 };
    const struct hep_precision_protocol p = {
        .model = HEP_PRECISION_IVIM, .x = b, .n = COUNT(b), .sigma = 1.0
    };
    struct hep_rng rng = { 3, hep_rng_stream("population"), 0 };
    double sum[4] = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    for (size_t v = 0; v < n; v++) {
        double theta[4] = { 30.0, hep_rng_next_range(&rng, 1.0e-3, 1.3e-3),
                            hep_rng_next_range(&rng, 0.1, 0.3),
                            hep_rng_next_range(&rng, 20e-3, 100e-3) };
        double sd[4];

        assert_ok(hep_precision_bounds(sd, NULL, theta, &p, &e), e);
        for (size_t i = 0; i < 4; i++)
            sum[i] += sd[i] * sd[i] / n;
    }
    assert_close(sqrt(sum[1]), 0.117e-3, 0.01, 0.0);
    assert_close(sqrt(sum[2]), 0.0353, 0.01, 0.0);
    assert_close(sqrt(sum[3]), 32.3e-3, 0.01, 0.0);
}

/* Rician noise widens the bound where the last signals drown: mono, two b, by the factor worked
 * above. */
static void test_rician_bound(void **state)
{
    static const double b[] = { 0, 1000 };
    double theta[] = { 50.0, 1e-3 * log(25.0) }, sd[2]; /* S(1000) = 2 = 2 sigma */
    const struct hep_precision_protocol p = {
        .model = HEP_PRECISION_MONO, .noise = HEP_PRECISION_RICIAN, .x = b, .n = 2, .sigma = 1.0
    };
    struct hep_error e = { 0 };
    double first = hep_precision_rician_factor(50.0);

    (void)state;
    assert_close(first, 1.0 - 0.5 / 2500.0, 0.0, 1e-6);
    assert_ok(hep_precision_bounds(sd, NULL, theta, &p, &e), e);
    assert_close(sd[1], sqrt(1.0 / (2500.0 * first) + 1.0 / (4.0 * 0.85263205184354)) / 1000.0,
                 1e-6, 0.0);
}

/** The sum over tissues and parameters of the bound over the value, one tissue after the other; infinite where the
 * averages determine no parameter. */
static double objective(const struct hep_precision_aim *aim, const double *averages)
{
    const struct hep_precision_protocol p = { .model = aim->model,
                                              .noise = aim->noise,
                                              .x = aim->b_s_per_mm2,
                                              .averages = averages,
                                              .n = aim->n_candidates,
                                              .sigma = aim->sigma };
    double sum = 0.0, sd[HEP_PRECISION_PARAMS_MAX];

    for (size_t t = 0; t < aim->n_tissues; t++) {
        const struct hep_precision_tissue *tissue = &aim->tissues[t];
        struct hep_error ignored = { 0 };

        if (hep_precision_bounds(sd, NULL, tissue->theta, &p, &ignored) != HEP_OK)
            return (double)INFINITY;
        for (size_t i = 0; i < hep_precision_param_count(aim->model); i++)
            sum += tissue->weight * aim->importance[i] * sd[i] / tissue->theta[i];
    }
    return sum;
}

/* D and f with b in {0} and [200, 800]: Jalnefjord et al., MRM 2019 find b = 0, 200, 800 about
 * 1:2:2 and about 30 % less variability than b spread evenly. */
static void test_three_b_values(void **state)
{
    enum { n = 62 };
    double b[n], shares[n], even[n] = { 0 }, value = 0.0;
    unsigned averages[n];
    /* normal liver, European Radiology tutorial 2011: D 1.0-1.3e-3 mm2/s, f .2-.3 */
    static const struct hep_precision_tissue liver[] = {
        { { 1.0, 1.0e-3, 0.20 }, 1.0 },
        { { 1.0, 1.0e-3, 0.30 }, 1.0 },
        { { 1.0, 1.3e-3, 0.20 }, 1.0 },
        { { 1.0, 1.3e-3, 0.30 }, 1.0 },
    };
    struct hep_precision_aim aim = { .model = HEP_PRECISION_IVIM_DF,
                                     .sigma = 0.02,
                                     .tissues = liver,
                                     .n_tissues = COUNT(liver),
                                     .importance = { 0, 1, 1 },
                                     .b_s_per_mm2 = b,
                                     .n_candidates = n,
                                     .budget = 8 };
    struct hep_precision_design d = { .shares = shares, .averages = averages };
    struct hep_error e = { 0 };

    (void)state;
    b[0] = 0.0;
    for (size_t k = 1; k < n; k++)
        b[k] = 200.0 + 10.0 * (double)(k - 1);
    assert_ok(hep_precision_optimise(&d, &aim, &e), e);
    assert_true(d.gap < 1e-5);
    assert_close(shares[0] + shares[1] + shares[n - 1], 1.0, 1e-6, 0.0);
    assert_close(shares[0], 0.2, 0.0, 0.05);
    assert_close(shares[1], 0.4, 0.0, 0.05);
    assert_close(shares[n - 1], 0.4, 0.0, 0.05);
    assert_int_equal(d.n_b, 3);
    assert_int_equal(averages[0] + averages[1] + averages[n - 1], 8);
    assert_true(averages[0] >= 1 && averages[0] <= 2);
    assert_true(averages[1] == 3 && averages[n - 1] >= 3);
    assert_close(d.cost, 8.0, 0.0, 0.0);
    value = objective(
        &aim, (double[n]){ [0] = averages[0], [1] = averages[1], [n - 1] = averages[n - 1] });
    assert_close(value, d.objective, 1e-12, 0.0);
    assert_true(d.objective >= d.objective_shares);
    /* eight b-values: 0, then 200 to 800 in steps of 100 */
    even[0] = 1.0;
    for (size_t k = 1; k < n; k += 10)
        even[k] = 1.0;
    assert_close(d.objective / objective(&aim, even), 0.70, 0.0, 0.05);
}

/* ADC from two b-values: minimise (1 + e^x)/x with averages as 1 : e^x, so x = b ADC = 1.2785, and
 * the second b-value takes e^x / (1 + e^x) = .782 of them. Standard result (Xing et al., Magn Reson
 * Imaging 1997).
 */
static void test_best_adc_pair(void **state)
{
    enum { n = 201 };
    double b[n], shares[n];
    unsigned averages[n];
    const struct hep_precision_tissue tissue = { { 700.0, 1e-3 }, 1.0 };
    struct hep_precision_aim aim = { .model = HEP_PRECISION_MONO,
                                     .sigma = 20.0,
                                     .tissues = &tissue,
                                     .n_tissues = 1,
                                     .importance = { 0, 1 },
                                     .b_s_per_mm2 = b,
                                     .n_candidates = n,
                                     .budget = 100 };
    struct hep_precision_design d = { .shares = shares, .averages = averages };
    struct hep_error e = { 0 };
    size_t top = 0;

    (void)state;
    for (size_t k = 0; k < n; k++)
        b[k] = 10.0 * (double)k;
    assert_ok(hep_precision_optimise(&d, &aim, &e), e);
    for (size_t k = 1; k < n; k++)
        top = averages[k] > averages[top] ? k : top;
    assert_int_equal(d.n_b, 2);
    assert_close(b[top], 1280.0, 0.0, 10.0);
    assert_close(averages[top], 78, 0.0, 1.0);
    assert_int_equal(averages[0] + averages[top], 100);
    /* sd(D)/D = sigma/S0 (1 + e^x)/(x sqrt(N)) at the optimum */
    assert_close(d.objective_shares, 20.0 / 700.0 * (1.0 + exp(1.2785)) / 1.2785 / 10.0, 1e-4, 0.0);
}

/* Time instead of counts: at a cost c of b > 0 the optimum in x solves the same problem with
 * averages as 1 : e^x / sqrt(c), and time shares as 1 : e^x sqrt(c). */
static void test_time_budget(void **state)
{
    static const double b[] = { 0, 1000 }, cost[] = { 2.0, 6.0 };
    double shares[2], ratio = exp(1.0) * sqrt(3.0);
    unsigned averages[2];
    const struct hep_precision_tissue tissue = { { 1.0, 1e-3 }, 1.0 };
    struct hep_precision_aim aim = { .model = HEP_PRECISION_MONO,
                                     .sigma = 0.05,
                                     .tissues = &tissue,
                                     .n_tissues = 1,
                                     .importance = { 0, 1 },
                                     .b_s_per_mm2 = b,
                                     .cost = cost,
                                     .n_candidates = 2,
                                     .budget = 61.0 };
    struct hep_precision_design d = { .shares = shares, .averages = averages };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_precision_optimise(&d, &aim, &e), e);
    assert_close(shares[1], ratio / (1.0 + ratio), 0.0, 1e-3);
    assert_true(d.cost <= 61.0 && d.cost > 59.0);
    assert_close(d.cost, 2.0 * averages[0] + 6.0 * averages[1], 1e-12, 0.0);
    aim.budget = 8.0;
    assert_ok(hep_precision_optimise(&d, &aim, &e), e);
    assert_int_equal(averages[0], 1);
    assert_int_equal(averages[1], 1);
    aim.budget = 7.9;
    assert_fails(hep_precision_optimise(&d, &aim, &e), e, HEP_EDATA, "too small");
    assert_int_equal(averages[0], 1);
}

/* No b between the extremes of a full search over all splits of 6 averages is better than what is
 * found. */
static void test_against_every_design(void **state)
{
    static const double b[] = { 0, 50, 200, 500, 800 };
    double shares[5], best = (double)INFINITY;
    unsigned averages[5];
    const struct hep_precision_tissue tissues[] = { { { 1, 1.1e-3, 0.2, 60e-3 }, 1.0 },
                                                    { { 1, 0.9e-3, 0.1, 30e-3 }, 0.5 } };
    struct hep_precision_aim aim = { .model = HEP_PRECISION_IVIM,
                                     .noise = HEP_PRECISION_RICIAN,
                                     .sigma = 0.05,
                                     .tissues = tissues,
                                     .n_tissues = 2,
                                     .importance = { 0, 1, 1, 0.1 },
                                     .b_s_per_mm2 = b,
                                     .n_candidates = 5,
                                     .budget = 12 };
    struct hep_precision_design d = { .shares = shares, .averages = averages };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_precision_optimise(&d, &aim, &e), e);
    for (unsigned code = 0; code < 13u * 13u * 13u * 13u; code++) {
        double n[5], left = 12.0;

        for (unsigned k = 0, rest = code; k < 4; k++, rest /= 13)
            left -= n[k] = rest % 13;
        n[4] = left;
        if (left >= 0.0)
            best = fmin(best, objective(&aim, n));
    }
    assert_close(d.objective, best, 1e-9, 0.0);
    assert_true(d.objective_shares <= best * (1.0 + 1e-9));
}

static void test_bounds_refused(void **state)
{
    static const double b[] = { 0, 0 }, negative[] = { 0, -1 }, theta[] = { 1, 1e-3 },
                        ok[] = { 0, 800 };
    const double less[] = { 1, -1 }, infinite[] = { (double)INFINITY, 1e-3 };
    struct hep_precision_protocol p = { .model = HEP_PRECISION_MONO, .x = b, .n = 2, .sigma = 1 };
    double sd[4] = { 77, 77, 77, 77 };
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_precision_bounds(sd, NULL, theta, &p, &e), e, HEP_EDATA, "mono");
    p.x = negative;
    assert_fails(hep_precision_bounds(sd, NULL, theta, &p, &e), e, HEP_EINVAL, "-1");
    p.x = ok;
    assert_fails(hep_precision_bounds(sd, NULL, infinite, &p, &e), e, HEP_EINVAL, "S0");
    p.averages = less;
    assert_fails(hep_precision_bounds(sd, NULL, theta, &p, &e), e, HEP_EINVAL, "averages");
    p.averages = NULL;
    p.sigma = 0;
    assert_fails(hep_precision_bounds(sd, NULL, theta, &p, &e), e, HEP_EINVAL, "noise");
    p.sigma = 1;
    p.n = 0;
    assert_fails(hep_precision_bounds(sd, NULL, theta, &p, &e), e, HEP_EINVAL, "acquisitions");
    p.n = 2;
    p.model = HEP_PRECISION_MODEL_COUNT;
    assert_fails(hep_precision_bounds(sd, NULL, theta, &p, &e), e, HEP_EINVAL, "model");
    p.model = HEP_PRECISION_MULTIECHO;
    assert_fails(hep_precision_bounds(sd, NULL, theta, &p, &e), e, HEP_EINVAL, "spectrum");
    p.model = HEP_PRECISION_IVIM;
    assert_fails(hep_precision_pdff_bound(sd, 1, 1, 1, &p, &e), e, HEP_EINVAL, "ivim");
    assert_close(sd[0], 77, 0.0, 0.0);
    assert_null(hep_precision_model_name(HEP_PRECISION_MODEL_COUNT));
    assert_null(hep_precision_param_name(HEP_PRECISION_MONO, 2));
    assert_string_equal(hep_precision_param_name(HEP_PRECISION_IVIM, 3), "Dstar");
}

static void test_aim_refused(void **state)
{
    static const double b[] = { 0, 800 }, tangled[] = { 800, 0 }, free_of_charge[] = { 1, 0 };
    static const struct hep_precision_tissue fine_tissue = { { 1, 1e-3 }, 1 },
                                             no_d = { { 1, 0 }, 1 }, no_weight = { { 1, 1e-3 }, 0 };
    const struct hep_precision_aim fine = { .model = HEP_PRECISION_MONO,
                                            .sigma = 1,
                                            .tissues = &fine_tissue,
                                            .n_tissues = 1,
                                            .importance = { 0, 1 },
                                            .b_s_per_mm2 = b,
                                            .n_candidates = 2,
                                            .budget = 4 };
    struct hep_precision_aim aim;
    double shares[2] = { 77, 77 };
    unsigned averages[2];
    struct hep_precision_design d = { .shares = shares, .averages = averages };
    struct hep_error e = { 0 };

    (void)state;
#define REFUSED(code, says, change)                                                                \
    do {                                                                                           \
        aim = fine;                                                                                \
        change;                                                                                    \
        assert_fails(hep_precision_optimise(&d, &aim, &e), e, code, says);                         \
    } while (0)
    REFUSED(HEP_EINVAL, "diffusion models", aim.model = HEP_PRECISION_MULTIECHO);
    REFUSED(HEP_EINVAL, "noise", aim.sigma = 0);
    REFUSED(HEP_EINVAL, "budget", aim.budget = (double)NAN);
    REFUSED(HEP_EINVAL, "no tissue", aim.n_tissues = 0);
    REFUSED(HEP_EINVAL, "D = 0", aim.tissues = &no_d);
    REFUSED(HEP_EINVAL, "weight", aim.tissues = &no_weight);
    REFUSED(HEP_EINVAL, "importance of D", aim.importance[1] = -1);
    REFUSED(HEP_EINVAL, "no parameter", aim.importance[1] = 0);
    REFUSED(HEP_EINVAL, "b-values to choose", aim.n_candidates = 1);
    REFUSED(HEP_EINVAL, "increase", aim.b_s_per_mm2 = tangled);
    REFUSED(HEP_EINVAL, "costs", aim.cost = free_of_charge);
    REFUSED(HEP_EDATA, "too small", aim.budget = 1);
    REFUSED(HEP_EDATA, "ivim-df", aim.model = HEP_PRECISION_IVIM_DF;
            aim.tissues = (&(const struct hep_precision_tissue){ { 1, 1e-3, 0.1 }, 1 }));
#undef REFUSED
    assert_close(shares[0], 77, 0.0, 0.0);
    for (long at = 1; at <= 5; at++) {
        hep_alloc_fail_at(at);
        assert_fails(hep_precision_optimise(&d, &fine, &e), e, HEP_ENOMEM, "memory");
    }
    hep_alloc_fail_at(0);
    assert_close(shares[0], 77, 0.0, 0.0);
}

int main(void)
{
    struct CMUnitTest rows[COUNT(bound_cases)];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rician_factor),   cmocka_unit_test(test_two_b_values),
        cmocka_unit_test(test_ivim_population), cmocka_unit_test(test_rician_bound),
        cmocka_unit_test(test_three_b_values),  cmocka_unit_test(test_best_adc_pair),
        cmocka_unit_test(test_time_budget),     cmocka_unit_test(test_against_every_design),
        cmocka_unit_test(test_bounds_refused),  cmocka_unit_test(test_aim_refused),
    };

    for (size_t i = 0; i < COUNT(bound_cases); i++)
        rows[i] = (struct CMUnitTest){ .name = bound_cases[i].name,
                                       .test_func = test_bound,
                                       .initial_state = (void *)(uintptr_t)&bound_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests_name("bounds", rows, NULL, NULL);
}
