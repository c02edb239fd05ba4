/* Quantiles (type 7), spread, histogram and Otsu's threshold against values worked by hand. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>

static struct hep_error e;

static void test_by_hand(void **state)
{
    const float x[] = { 9, 1, NAN, 4, 2.5F, INFINITY, 7, -INFINITY };
    struct hep_stats s;

    /* sorted 1 2.5 4 7 9: type 7 at q is position 4 q; deviations from 4: 3 1.5 0 3 5, median 3 */
    (void)state;
    assert_ok(hep_stats_of(&s, x, 8, &e), e);
    assert_int_equal(s.n, 5);
    assert_int_equal(s.n_nonfinite, 3);
    assert_close(s.mean, 4.7, 1e-12, 0);
    assert_close(s.sd, sqrt((13.69 + 4.84 + 0.49 + 5.29 + 18.49) / 4.0), 1e-12, 0);
    assert_close(s.median, 4.0, 0, 0);
    assert_close(s.mad, 1.4826 * 3.0, 1e-12, 0);
    assert_close(s.q05, 1.3, 1e-12, 0);
    assert_close(s.q25, 2.5, 0, 0);
    assert_close(s.q75, 7.0, 0, 0);
    assert_close(s.q95, 8.6, 1e-12, 0);
    assert_close(s.min, 1.0, 0, 0);
    assert_close(s.max, 9.0, 0, 0);
    assert_close(x[0], 9.0, 0, 0);
}

/* Worked by hand. 0 0 0 4: mean 1, m2 = (3 + 9) / 4 = 3, m3 = (-3 + 27) / 4 = 6, m4 = (3 + 81) / 4 = 21: skewness
 * 6 / 3^1.5, kurtosis 21 / 9 - 3. Two equal halves: -2, the smallest there is. */
static void test_moments(void **state)
{
    const float skew[] = { 0, 0, NAN, 0, 4 }, halves[] = { -1, 1, 1, -1 }, same[] = { 2, 2, 2 };
    struct hep_stats s;

    (void)state;
    assert_ok(hep_stats_of(&s, skew, 5, &e), e);
    assert_close(s.skewness, 2.0 / sqrt(3.0), 1e-12, 0);
    assert_close(s.kurtosis, -2.0 / 3.0, 1e-12, 0);
    assert_ok(hep_stats_of(&s, halves, 4, &e), e);
    assert_close(s.skewness, 0.0, 0, 1e-12);
    assert_close(s.kurtosis, -2.0, 1e-12, 0);
    assert_ok(hep_stats_of(&s, same, 3, &e), e);
    assert_true(isnan(s.skewness) && isnan(s.kurtosis));
}

static void test_few(void **state)
{
    const float one = 3.5F;
    const float nan = NAN;
    struct hep_stats s;

    (void)state;
    assert_ok(hep_stats_of(&s, &one, 1, &e), e);
    assert_close(s.median, 3.5, 0, 0);
    assert_close(s.mad, 0.0, 0, 0);
    assert_true(isnan(s.sd));
    assert_ok(hep_stats_of(&s, &nan, 1, &e), e);
    assert_int_equal(s.n, 0);
    assert_int_equal(s.n_nonfinite, 1);
    assert_true(isnan(s.mean) && isnan(s.median) && isnan(s.q95) && isnan(s.min) && isnan(s.mad));
    hep_alloc_fail_at(1);
    assert_fails(hep_stats_of(&s, &one, 1, &e), e, HEP_ENOMEM, NULL);
}

static int by_value(const void *a, const void *b)
{
    const float *x = a;
    const float *y = b;

    return (*x > *y) - (*x < *y);
}

/* Against sorting, with many equal values, sorted and reversed input, values of both signs, values that
 * differ in their last bits and values over the whole range of their type. */
static void test_selection(void **state)
{
    static const double qs[] = { 0.0, 0.013, 0.25, 0.5, 0.77, 0.999, 1.0 };
    float x[20001];
    float sorted[20001];

    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        for (size_t n = 1; n <= 20001; n += n < 501 ? 25 : 1950) {
            for (size_t i = 0; i < n; i++)
                sorted[i] = kind == 0   ? (float)i
                            : kind == 1 ? (float)(n - i)
                            : kind == 2 ? (float)(i % 3)
                            : kind == 3 ? 5.0F
                            : kind == 4 ? (float)hep_rng_uniform(1, 2, i)
                            : kind == 5 ? (float)hep_rng_uniform(1, 2, i) - 0.5F
                            : kind == 6
                                ? nextafterf(1000.0F, 2000.0F) + 1e-4F * (float)(i * 7 % n)
                                : ldexpf(i % 2 == 0 ? -1.0F : 1.0F, (int)(i * 13 % 250) - 125);
            (void)memcpy(x, sorted, sizeof x);
            qsort(sorted, n, sizeof *sorted, by_value);
            for (size_t k = 0; k < sizeof qs / sizeof *qs; k++) {
                const double h = (double)(n - 1) * qs[k];
                const size_t lo = (size_t)h;
                const size_t hi = lo + 1 < n ? lo + 1 : lo;
                const double want =
                    (double)sorted[lo] + (h - (double)lo) * (double)(sorted[hi] - sorted[lo]);

                assert_close(hep_quantile(x, n, qs[k]), want, 1e-6, 1e-12);
            }
        }
    }
    /* Half are 1 and half 2, and every value that is sampled is 1: the last of the ones is followed by a 2. */
    for (size_t i = 0; i < 16384; i++)
        x[i] = i % 32 == 0 || i % 32 > 16 ? 1.0F : 2.0F;
    assert_close(hep_quantile(x, 16384, 0.5), 1.5, 0, 0);
    assert_true(isnan(hep_quantile(x, 0, 0.5)));
    assert_true(isnan(hep_quantile(x, 5, 1.5)));
    x[0] = NAN;
    x[1] = 2.0F;
    x[2] = 4.0F;
    assert_close(hep_quantile(x, 3, 0.5), 3.0, 0, 0);
}

static void test_masked(void **state)
{
    const struct hep_grid g = hep_test_grid(4, 1, 1, 1, 1, 1);
    struct hep_volume *v = NULL;
    struct hep_labels *m = NULL;
    struct hep_stats s;

    (void)state;
    assert_ok(hep_volume_new(&v, &g, 2, &e), e);
    assert_ok(hep_labels_new(&m, &g, &e), e);
    for (int i = 0; i < 4; i++) {
        hep_volume_at(v, 1)[i] = (float)(10 * i);
        m->data[i] = i % 3; /* 0 1 2 0 */
    }
    assert_ok(hep_stats_masked(&s, v, 1, m, 2, &e), e);
    assert_int_equal(s.n, 1);
    assert_close(s.mean, 20.0, 0, 0);
    assert_ok(hep_stats_masked(&s, v, 1, m, -1, &e), e);
    assert_close(s.mean, 15.0, 0, 0);
    assert_ok(hep_stats_masked(&s, v, 1, m, 7, &e), e);
    assert_int_equal(s.n, 0);
    assert_fails(hep_stats_masked(&s, v, 2, m, 1, &e), e, HEP_EINVAL, "2 of 2");
    m->grid.to_world[0][3] += 1.0;
    assert_fails(hep_stats_masked(&s, v, 1, m, 1, &e), e, HEP_EGEOM, "grids");
    hep_volume_free(v);
    hep_labels_free(m);
}

/* Labels in one go as one by one; values without a label, or of none that is asked for, are left
 * out. */
static void test_by_label(void **state)
{
    const struct hep_grid g = hep_test_grid(9, 8, 7, 1.0, 1.0, 1.0),
                          other = hep_test_grid(9, 8, 6, 1.0, 1.0, 1.0);
    struct hep_volume *v = NULL, *smaller = NULL;
    struct hep_labels *map = NULL;
    struct hep_stats all[5], one;

    (void)state;
    assert_ok(hep_volume_new(&v, &g, 1, &e), e);
    assert_ok(hep_volume_new(&smaller, &other, 1, &e), e);
    assert_ok(hep_labels_new(&map, &g, &e), e);
    for (size_t i = 0; i < 504; i++) {
        v->data[i] = i % 41 == 0 ? NAN : (float)((i * 7919) % 1009);
        map->data[i] = (int32_t)(i % 8) - 1; /* -1 to 6; 3 is emptied */
        map->data[i] = map->data[i] == 3 ? 2 : map->data[i];
    }
    assert_ok(hep_stats_by_label(all, 5, v, map, 2, &e), e);
    for (int32_t k = 1; k < 5; k++) {
        assert_ok(hep_stats_masked(&one, v, 0, map, k, &e), e);
        assert_memory_equal(&one, &all[k], sizeof one);
    }
    assert_true(all[0].n == 0 && isnan(all[0].median) && all[3].n == 0 && all[2].n > 100);
    assert_fails(hep_stats_by_label(all, 5, smaller, map, 1, &e), e, HEP_EGEOM, "grids");
    hep_alloc_fail_at(1);
    assert_fails(hep_stats_by_label(all, 5, v, map, 1, &e), e, HEP_ENOMEM, "memory");
    hep_alloc_fail_at(0);
    hep_volume_free(v);
    hep_volume_free(smaller);
    hep_labels_free(map);
}

static void test_histogram(void **state)
{
    const float x[] = { 0, 0.99F, 1, 3.9F, 4, -0.1F, 4.1F, NAN, INFINITY };
    size_t counts[4];

    (void)state;
    hep_histogram(counts, 4, 0.0, 4.0, x, 9);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 0);
    assert_int_equal(counts[3], 2);
}

static void test_otsu(void **state)
{
    float x[1000];
    const float same[] = { 3, 3, NAN };
    double t = -1.0;

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        x[i] = i < 700 ? 10.0F + (float)(i % 7) : 100.0F + (float)(i % 11);
    assert_ok(hep_otsu(&t, x, 1000, &e), e);
    assert_close(t, 58.0, 0, 1.0);    /* middle of the gap between 16 and 100 */
    for (size_t i = 0; i < 1000; i++) /* uniform: the best split is the middle */
        x[i] = (float)i;
    assert_ok(hep_otsu(&t, x, 1000, &e), e);
    assert_close(t, 499.5, 0, 4.0);
    t = -1.0;
    assert_fails(hep_otsu(&t, same, 3, &e), e, HEP_EDATA, NULL);
    assert_fails(hep_otsu(&t, same, 0, &e), e, HEP_EDATA, NULL);
    assert_close(t, -1.0, 0, 0);
}

/* Air at 5, a liver at 100, muscle at 200, and fluid that is thirty times as bright as the liver:
 * plain Otsu parts fluid from the rest, between air and tissue the liver counts as tissue. */
static void test_otsu_tissue(void **state)
{
    float x[2000];
    double plain = 0.0, tissue = 0.0, darkest = 0.0;
    const float same[3] = { 2.0F, 2.0F, 2.0F };

    (void)state;
    for (size_t i = 0; i < 2000; i++)
        x[i] = i < 900 ? 5.0F : i < 1500 ? 100.0F : i < 1850 ? 200.0F : 3000.0F;
    x[3] = NAN;
    x[1950] = INFINITY;
    assert_ok(hep_otsu(&plain, x, 2000, &e), e);
    assert_ok(hep_otsu_tissue(&tissue, &darkest, x, 2000, &e), e);
    assert_true(plain > 200.0);
    assert_true(tissue > 5.0 && tissue < 200.0);
    assert_close(darkest, 5.0, 0.0, 0.0);
    assert_fails(hep_otsu_tissue(&tissue, NULL, same, 3, &e), e, HEP_EDATA, NULL);
    assert_fails(hep_otsu_tissue(&tissue, NULL, same, 0, &e), e, HEP_EDATA, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),  cmocka_unit_test(test_moments),
        cmocka_unit_test(test_few),      cmocka_unit_test(test_selection),
        cmocka_unit_test(test_masked),   cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_otsu),     cmocka_unit_test(test_otsu_tissue),
        cmocka_unit_test(test_by_label),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
