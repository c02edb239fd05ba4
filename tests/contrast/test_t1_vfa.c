/* T1 from flip angles: an exact pair worked by hand, noise, and what must be refused. */
#include "support/support.h"

#include "base/rng.h"
#include "contrast/t1_vfa.h"
#include "image/nifti.h"
#include "image/stats.h"

#include <math.h>

#define DEG(x) ((x)*0.017453292519943295)

/* TR 4 ms, T1 809 ms, M0 1000; E1 = exp(-0.004/0.809) = 0.99506782, M0 sin (1 - E1) / (1 - cos E1):
 * S(2) = 1000 x 0.0348995 x 0.00493218 / (1 - 0.9993908 x 0.99506782) = 31.0798,
 * S(10) = 1000 x 0.1736482 x 0.00493218 / (1 - 0.9848078 x 0.99506782) = 42.7174,
 * S(20) = 1000 x 0.3420201 x 0.00493218 / (1 - 0.9396926 x 0.99506782) = 25.9755. */
static void test_by_hand(void **state)
{
    const double flips[] = { DEG(2), DEG(10), DEG(20) };
    const float s2 = 31.0798F, s10 = 42.7174F, s20 = 25.9755F;
    const float *signal[] = { &s2, &s10, &s20 };
    struct hep_error e = { 0 };
    float t1, m0;
    uint8_t status;

    (void)state;
    assert_ok(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = &t1, .m0 = &m0, .status = &status },
                         signal, flips, 3, NULL, 0.004, 5, 1, 1, &e),
              e);
    assert_int_equal(status, HEP_VFA_OK);
    assert_close(t1, 0.809, 1e-4, 0);
    assert_close(m0, 1000, 1e-4, 0);
    assert_ok(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = &t1, .m0 = NULL, .status = NULL },
                         signal, flips, 2, NULL, 0.004, 5, 1, 1, &e),
              e);
    assert_close(t1, 0.809, 2e-4, 0);
}

/** SNR 50 at the largest signal: unbiased to 1 %, spread within 1.2 of the Cramer-Rao bound that
 * the Jacobian of the signal equation gives for these three angles; the same bits for 1 and 3
 * threads. */
static void test_noise(void **state)
{
    enum { N = 20000 };
    static float s[3][N], t1[N], again[N];
    const double flips[] = { DEG(2), DEG(10), DEG(20) };
    const float *signal[] = { s[0], s[1], s[2] };
    const double tr = 0.004, t1_true = 0.809, m0 = 1000, sigma = 42.7174 / 50;
    struct hep_error e = { 0 };
    double sum = 0, squares = 0, f[3] = { 0 };
    double mean, sd, bound;

    (void)state;
    for (size_t a = 0; a < 3; a++) {
        double e1 = exp(-tr / t1_true), q = 1 - cos(flips[a]) * e1;
        double w = sin(flips[a]) * (1 - e1) / q;
        double dm = w;
        double de = m0 * sin(flips[a]) * (cos(flips[a]) - 1) / (q * q);
        double dt = de * e1 * tr / (t1_true * t1_true);
        f[0] += dm * dm;
        f[1] += dm * dt;
        f[2] += dt * dt;
        for (size_t i = 0; i < N; i++) {
            double n[2];
            hep_rng_normal2(n, 7, a, i);
            s[a][i] = (float)(m0 * w + sigma * n[0]);
        }
    }
    bound = sigma * sqrt(f[0] / (f[0] * f[2] - f[1] * f[1]));
    assert_ok(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = t1, .m0 = NULL, .status = NULL },
                         signal, flips, 3, NULL, tr, 5, N, 1, &e),
              e);
    assert_ok(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = again, .m0 = NULL, .status = NULL },
                         signal, flips, 3, NULL, tr, 5, N, 3, &e),
              e);
    assert_memory_equal(t1, again, sizeof t1);
    for (size_t i = 0; i < N; i++) {
        sum += (double)t1[i];
        squares += (double)t1[i] * (double)t1[i];
    }
    mean = sum / N;
    sd = sqrt(squares / N - mean * mean);
    assert_close(mean, t1_true, 0.01, 0);
    assert_true(sd < 1.2 * bound && sd > 0.9 * bound);
}

static void test_bad_voxels(void **state)
{
    const double flips[] = { DEG(2), DEG(20) };
    const float a[] = { 10, NAN, 0, -1, 1, 31.0F };
    const float b[] = { 200, 5, 5, 5, 0.01F, 31.05F };
    const float *signal[] = { a, b };
    struct hep_error e = { 0 };
    float t1[6], m0[6];
    uint8_t st[6];

    (void)state;
    assert_ok(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = t1, .m0 = m0, .status = st }, signal,
                         flips, 2, NULL, 0.004, 5, 6, 1, &e),
              e);
    assert_int_equal(st[0], HEP_VFA_OUT_OF_RANGE);
    assert_int_equal(st[1], HEP_VFA_BAD_INPUT);
    assert_int_equal(st[2], HEP_VFA_BAD_INPUT);
    assert_int_equal(st[3], HEP_VFA_BAD_INPUT);
    assert_int_equal(st[4], HEP_VFA_OUT_OF_RANGE);
    for (size_t i = 0; i < 5; i++)
        assert_true(isnan(t1[i]) && isnan(m0[i]));
    assert_int_equal(st[5], HEP_VFA_OK);
    /* T1 above the limit is out of range as well */
    assert_ok(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = t1, .m0 = m0, .status = st }, signal,
                         flips, 2, NULL, 0.004, 0.1, 6, 1, &e),
              e);
    assert_int_equal(st[5], HEP_VFA_OUT_OF_RANGE);
}

static void test_refused(void **state)
{
    const double flips[] = { DEG(2), DEG(2) }, wide[] = { DEG(2), DEG(120) };
    const float s = 1;
    const float *signal[] = { &s, &s };
    struct hep_error e = { 0 };
    float t1 = 7;

    (void)state;
    assert_fails(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = &t1, .m0 = NULL, .status = NULL },
                            signal, flips, 1, NULL, .004, 5, 1, 1, &e),
                 e, HEP_EDATA, "2 to 16");
    assert_fails(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = &t1, .m0 = NULL, .status = NULL },
                            signal, flips, 2, NULL, .004, 5, 1, 1, &e),
                 e, HEP_EDATA, "twice");
    assert_fails(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = &t1, .m0 = NULL, .status = NULL },
                            signal, wide, 2, NULL, .004, 5, 1, 1, &e),
                 e, HEP_EINVAL, "flip angle");
    assert_fails(hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = &t1, .m0 = NULL, .status = NULL },
                            signal, wide, 2, NULL, 0, 5, 1, 1, &e),
                 e, HEP_EINVAL, "TR");
    assert_close(t1, 7, 0, 0);
}

/** A real abdomen (tests/data/t1-flip-angles). T1 in the tumour by nonlinear least squares of the
 * signal equation (scipy 1.10, an independent fit): quartiles 0.70776, 0.92621, 1.17379 s. */
static void test_real_volumes(void **state)
{
    static const char *const files[] = { "2deg", "10deg", "20deg" };
    const double flips[] = { DEG(2), DEG(10), DEG(20) };
    struct hep_volume *v[3] = { NULL, NULL, NULL };
    struct hep_volume *map = NULL;
    struct hep_labels *tumour = NULL;
    const float *signal[3];
    struct hep_stats st;
    struct hep_error e = { 0 };
    size_t n;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, HEP_TEST_DATA "/t1-flip-angles/vfa_%s.nii.gz", files[i]);
        assert_ok(hep_nifti_read(&v[i], path, &e), e);
        signal[i] = v[i]->data;
    }
    assert_ok(
        hep_nifti_read_labels(&tumour, HEP_TEST_DATA "/t1-flip-angles/tumour_mask.nii.gz", &e), e);
    assert_ok(hep_volume_new(&map, &v[0]->grid, 1, &e), e);
    n = map->grid.n[0] * map->grid.n[1] * map->grid.n[2];
    assert_ok(
        hep_t1_vfa(&(const struct hep_vfa_maps){ .t1_s = map->data, .m0 = NULL, .status = NULL },
                   signal, flips, 3, NULL, 0.004, 10, n, 2, &e),
        e);
    assert_ok(hep_stats_masked(&st, map, 0, tumour, -1, &e), e);
    assert_int_equal(st.n + st.n_nonfinite, 294);
    assert_true(st.n_nonfinite == 0);
    assert_close(st.q25, 0.70776, 2e-4, 0);
    assert_close(st.median, 0.92621, 2e-4, 0);
    assert_close(st.q75, 1.17379, 2e-4, 0);
    for (size_t i = 0; i < 3; i++)
        hep_volume_free(v[i]);
    hep_volume_free(map);
    hep_labels_free(tumour);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),      cmocka_unit_test(test_noise),
        cmocka_unit_test(test_bad_voxels),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_real_volumes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
