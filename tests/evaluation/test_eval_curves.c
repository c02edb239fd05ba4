#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "evaluation/froc.h"
#include "evaluation/roc.h"

#include <math.h>

/* ---- AUC: ratings of 109 CT images, Hanley and McNeil, Radiology 1982;143:29-36; area, standard
 * error and interval by DeLong as printed in the Stata manual, [R] roctab: 0.8932, 0.0307, 0.83295
 * to 0.95339 -------------------------------------------------------------------------------------
 */

static size_t ratings(double *out, const size_t *count)
{
    size_t n = 0;

    for (size_t r = 0; r < 5; r++)
        for (size_t k = 0; k < count[r]; k++)
            out[n++] = (double)r + 1.0;
    return n;
}

static void test_delong_published(void **state)
{
    static const size_t normal[] = { 33, 6, 6, 11, 2 }, abnormal[] = { 3, 2, 2, 11, 33 };
    double positive[60], negative[60];
    const size_t m = ratings(positive, abnormal), n = ratings(negative, normal);
    struct hep_error e = { 0 };
    struct hep_auc auc;

    (void)state;
    assert_ok(hep_auc_delong(&auc, positive, m, negative, n, &e), e);
    assert_int_equal(auc.n_positive, 51);
    assert_int_equal(auc.n_negative, 58);
    assert_close(auc.value, 0.8932, 0.0, 5e-5);
    assert_close(sqrt(auc.variance), 0.0307, 0.0, 5e-5);
    assert_close(auc.lo, 0.83295, 0.0, 5e-6);
    assert_close(auc.hi, 0.95339, 0.0, 5e-6);
}

/* The definition: V10 and V01 as means of the kernel, covariances of them. */
static double kernel(double x, double y)
{
    return x > y ? 1.0 : x == y ? 0.5 : 0.0;
}

static double direct_covariance(const double *pa, const double *pb, size_t m, const double *na,
                                const double *nb, size_t n)
{
    double va[40], vb[40], sum = 0.0, ma = 0.0, mb = 0.0;

    for (size_t i = 0; i < m; i++) {
        va[i] = vb[i] = 0.0;
        for (size_t j = 0; j < n; j++) {
            va[i] += kernel(pa[i], na[j]) / (double)n;
            vb[i] += kernel(pb[i], nb[j]) / (double)n;
        }
        ma += va[i] / (double)m;
        mb += vb[i] / (double)m;
    }
    for (size_t i = 0; i < m; i++)
        sum += (va[i] - ma) * (vb[i] - mb) / (double)(m - 1) / (double)m;
    return sum;
}

/* The components of the negatives are those of the positives with all signs turned. */
static void test_variance_against_definition(void **state)
{
    struct hep_rng rng = { 5, hep_rng_stream("scores"), 0 };
    double p[30], n[20], less_p[30], less_n[20];
    struct hep_error e = { 0 };
    struct hep_auc auc;

    (void)state;
    for (size_t i = 0; i < 30; i++) {
        p[i] = floor(4.0 * hep_rng_next(&rng)) + 1.0;
        less_p[i] = -p[i];
    }
    for (size_t j = 0; j < 20; j++) {
        n[j] = floor(4.0 * hep_rng_next(&rng));
        less_n[j] = -n[j];
    }
    assert_ok(hep_auc_delong(&auc, p, 30, n, 20, &e), e);
    assert_close(auc.variance,
                 direct_covariance(p, p, 30, n, n, 20) +
                     direct_covariance(less_n, less_n, 20, less_p, less_p, 30),
                 1e-10, 0.0);
}

static void test_auc_of_too_few(void **state)
{
    const double p[] = { 1.0, 3.0 }, n[] = { 2.0 };
    struct hep_error e = { 0 };
    struct hep_auc auc;

    (void)state;
    assert_ok(hep_auc_delong(&auc, p, 2, n, 1, &e), e);
    assert_close(auc.value, 0.5, 0.0, 0.0);
    assert_true(isnan(auc.variance) && isnan(auc.lo));
    assert_ok(hep_auc_delong(&auc, p, 2, n, 0, &e), e);
    assert_true(isnan(auc.value));
    hep_alloc_fail_at(1);
    assert_fails(hep_auc_delong(&auc, p, 2, n, 1, &e), e, HEP_ENOMEM, NULL);
    hep_alloc_fail_at(2);
    assert_fails(hep_auc_delong(&auc, p, 2, n, 1, &e), e, HEP_ENOMEM, NULL);
    hep_alloc_fail_at(0);
}

/* Weights count cases: by hand, 3 positives above 2 of 3 negatives, one tie. */
static void test_weighted_auc(void **state)
{
    struct hep_auc_case cases[] = {
        { 0.9, 0, true }, { 0.4, 1, false }, { 0.9, 1, false }, { 0.1, 2, true }
    };
    const double weight[] = { 3.0, 2.0, 0.0 };

    (void)state;
    hep_auc_sort(cases, 4);
    assert_close(hep_auc_weighted(cases, 4, NULL), (1.0 + 0.5) / 4.0, 1e-12, 0.0);
    assert_close(hep_auc_weighted(cases, 4, weight), (3.0 * 2.0 + 0.5 * 3.0 * 2.0) / 12.0, 1e-12,
                 0.0);
    assert_true(isnan(hep_auc_weighted(cases, 0, NULL)));
}

/* ---- FROC: by hand -----------------------------------------------------------------------------
 * 4 studies, 5 lesions; false positives per study in steps of 0.25.
 * scores: 0.9 T, 0.8 F, 0.7 T and F together, 0.5 T, 0.4 F, 0.3 T; one lesion has no mark.
 * (0, 0.2) (0.25, 0.2) (0.5, 0.4) (0.5, 0.6) (0.75, 0.6) (0.75, 0.8)
 */
static void test_froc_by_hand(void **state)
{
    static const double want[HEP_FROC_N] = { 0.2, 0.2, 0.6, 0.8, 0.8, 0.8, 0.8 };
    struct hep_froc_mark marks[] = { { 0.3, 3, true },  { 0.7, 1, false }, { 0.9, 0, true },
                                     { 0.4, 2, false }, { 0.7, 2, true },  { 0.8, 0, false },
                                     { 0.5, 3, true } };
    struct hep_froc_point curve[7];
    double at[HEP_FROC_N], mean, sum = 0.0;

    (void)state;
    hep_froc_sort(marks, 7);
    hep_froc_at(at, &mean, marks, 7, NULL, 5.0, 4.0);
    for (size_t k = 0; k < HEP_FROC_N; k++) {
        assert_close(at[k], want[k], 1e-12, 0.0);
        sum += want[k];
    }
    assert_close(mean, sum / 7.0, 1e-12, 0.0);
    assert_int_equal(hep_froc_curve(curve, marks, 7, 5.0, 4.0), 6);
    assert_close(curve[2].threshold, 0.7, 0.0, 0.0);
    assert_close(curve[2].false_per_study, 0.5, 1e-12, 0.0);
    assert_close(curve[2].sensitivity, 0.4, 1e-12, 0.0);
    assert_close(curve[5].sensitivity, 0.8, 1e-12, 0.0);
}

static void test_froc_rates(void **state)
{
    static const double want[] = { 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0 };

    (void)state;
    for (size_t k = 0; k < HEP_FROC_N; k++)
        assert_close(hep_froc_rates[k], want[k], 0.0, 0.0);
}

static void test_perfect_detector(void **state)
{
    struct hep_froc_mark marks[3] = { { 0.2, 0, true }, { 0.9, 1, true }, { 0.6, 1, true } };
    struct hep_froc_point curve[3];
    double at[HEP_FROC_N], mean;
    size_t n;

    (void)state;
    hep_froc_sort(marks, 3);
    hep_froc_at(at, &mean, marks, 3, NULL, 3.0, 2.0);
    n = hep_froc_curve(curve, marks, 3, 3.0, 2.0);
    assert_close(at[0], 1.0, 0.0, 0.0);
    assert_close(mean, 1.0, 0.0, 0.0);
    assert_close(curve[n - 1].false_per_study, 0.0, 0.0, 0.0);
    assert_close(curve[n - 1].sensitivity, 1.0, 0.0, 0.0);
}

static void test_weighted_froc(void **state)
{
    struct hep_froc_mark marks[] = { { 0.9, 0, true }, { 0.8, 1, false }, { 0.7, 1, true } };
    const double weight[] = { 1.0, 3.0 };
    double at[HEP_FROC_N], mean;

    (void)state;
    hep_froc_sort(marks, 3);
    hep_froc_at(at, &mean, marks, 3, weight, 4.0, 4.0);
    assert_close(at[2], 0.25, 0.0, 0.0); /* 0.75 false positives per study are too many */
    assert_close(at[3], 1.0, 0.0, 0.0);
    hep_froc_at(at, &mean, marks, 3, weight, 0.0, 4.0);
    assert_true(isnan(at[0]) && isnan(mean));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delong_published), cmocka_unit_test(test_variance_against_definition),
        cmocka_unit_test(test_auc_of_too_few),   cmocka_unit_test(test_weighted_auc),
        cmocka_unit_test(test_froc_by_hand),     cmocka_unit_test(test_froc_rates),
        cmocka_unit_test(test_perfect_detector), cmocka_unit_test(test_weighted_froc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
