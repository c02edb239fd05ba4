/* Filters against closed forms: the spread of a Gaussian, slopes, blobs, tubes. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "image/eigen3.h"
#include "image/filter.h"

#include <math.h>

static struct hep_error e;

static struct hep_volume *volume(const struct hep_grid *g)
{
    struct hep_volume *v = NULL;

    assert_ok(hep_volume_new(&v, g, 1, &e), e);
    return v;
}

static void position(double p[3], const struct hep_grid *g, size_t i)
{
    const double voxel[3] = { (double)(i % g->n[0]), (double)(i / g->n[0] % g->n[1]),
                              (double)(i / g->n[0] / g->n[1]) };

    hep_grid_to_world(p, g, voxel);
}

/* A point spreads to total 1 and variance sigma^2 along every axis, in mm, on unequal spacing. */
static void test_gauss_moments(void **state)
{
    const struct hep_grid g = hep_test_grid(61, 49, 31, 1.0, 1.3, 2.0);
    const double sigma = 2.4;
    struct hep_volume *v = volume(&g);
    double sum = 0.0;
    double m2[3] = { 0, 0, 0 };

    (void)state;
    v->data[30 + 61 * (24 + 49 * 15)] = 1.0F;
    assert_ok(hep_filter_gauss(v, sigma, 2, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        double p[3];

        position(p, &g, i);
        sum += (double)v->data[i];
        for (int k = 0; k < 3; k++)
            m2[k] += (double)v->data[i] * p[k] * p[k];
    }
    assert_close(sum, 1.0, 1e-6, 0);
    for (int k = 0; k < 3; k++) /* cut at 4 SD: the variance is 0.1 % less */
        assert_close(m2[k], sigma * sigma, 0.003, 0);
    /* peak of the density, times the volume of a voxel */
    assert_close(v->data[30 + 61 * (24 + 49 * 15)],
                 2.6 / pow(2.0 * 3.14159265358979 * sigma * sigma, 1.5), 0.003, 0);
    hep_volume_free(v);
}

static void test_gauss_borders_and_threads(void **state)
{
    const struct hep_grid g = hep_test_grid(17, 5, 3, 1, 1, 1);
    struct hep_volume *v = volume(&g);
    struct hep_volume *w = NULL;

    (void)state;
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        v->data[i] = 7.25F;
    assert_ok(hep_filter_gauss(v, 3.0, 1, &e), e); /* wider than two of the axes */
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        assert_close(v->data[i], 7.25, 1e-6, 0);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        v->data[i] = (float)hep_rng_uniform(5, 1, i);
    v->data[40] = NAN;
    assert_ok(hep_volume_copy(&w, v, &e), e);
    assert_ok(hep_filter_gauss(v, 1.5, 1, &e), e);
    assert_ok(hep_filter_gauss(w, 1.5, 8, &e), e);
    assert_memory_equal(v->data, w->data, hep_grid_voxels(&g) * sizeof *v->data);
    assert_ok(hep_filter_gauss(v, 0.0, 8, &e), e);
    assert_memory_equal(v->data, w->data, hep_grid_voxels(&g) * sizeof *v->data);
    assert_fails(hep_filter_gauss(v, -1.0, 1, &e), e, HEP_EINVAL, "-1");
    assert_fails(hep_filter_gauss(v, (double)NAN, 1, &e), e, HEP_EINVAL, "nan");
    for (long at = 1; at < 12; at++) {
        hep_alloc_fail_at(at);
        if (hep_filter_gauss(w, 1.0, 1, &e) == HEP_OK)
            break;
        assert_fails(e.code, e, HEP_ENOMEM, NULL);
        assert_true(at < 11);
    }
    hep_alloc_fail_at(0);
    hep_volume_free(v);
    hep_volume_free(w);
}

/* Row 1 ? 4 with the middle missing: it stays missing; the left value is (w0 1 + w2 4) / (w0 + w2)
 * with the edge repeated to the left. */
static void test_missing(void **state)
{
    const struct hep_grid g = hep_test_grid(3, 1, 1, 1, 1, 1);
    struct hep_volume *v = volume(&g);
    double near = 1.0; /* weight of the voxel itself and of the repeated edge on its side */
    double far = 0.0;

    (void)state;
    for (int i = 1; i <= 4; i++)
        near += exp(-0.5 * i * i);
    for (int i = 2; i <= 4; i++)
        far += exp(-0.5 * i * i);
    v->data[0] = 1.0F;
    v->data[1] = NAN;
    v->data[2] = 4.0F;
    assert_ok(hep_filter_gauss(v, 1.0, 1, &e), e);
    assert_true(isnan(v->data[1]));
    assert_close(v->data[0], (near * 1.0 + far * 4.0) / (near + far), 1e-6, 0);
    assert_close(v->data[2], (near * 4.0 + far * 1.0) / (near + far), 1e-6, 0);
    hep_volume_free(v);
}

static void test_eigen3(void **state)
{
    static const struct {
        double m[6], want[3];
    } cases[] = {
        { { 3, -1, 2, 0, 0, 0 }, { -1, 2, 3 } },
        { { 2, 2, 2, 0, 0, 0 }, { 2, 2, 2 } },
        { { 0, 0, 0, 0, 0, 0 }, { 0, 0, 0 } },
        { { 0, 0, 0, 1, 1, 1 }, { -1, -1, 2 } }, /* ones minus identity */
        { { 2, 2, 2, -1, 0, -1 }, { 2 - 1.4142135623730951, 2, 2 + 1.4142135623730951 } },
        { { 1, 5, 9, 2, 3, 6 }, { 0, 0, 0 } }, /* checked by trace and determinant below */
        { { 1e-20, 2e-20, 3e-20, 0, 0, 0 }, { 1e-20, 2e-20, 3e-20 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double *m = cases[i].m;
        double x[3];

        hep_eigen3(x, m);
        assert_true(x[0] <= x[1] && x[1] <= x[2]);
        for (int k = 0; i != 5 && k < 3; k++)
            assert_close(x[k], cases[i].want[k], 1e-7, 1e-7 * fabs(cases[i].want[2]));
        assert_close(x[0] + x[1] + x[2], m[0] + m[1] + m[2], 1e-12, 1e-12);
        assert_close(x[0] * x[1] * x[2],
                     m[0] * (m[1] * m[2] - m[5] * m[5]) - m[3] * (m[3] * m[2] - m[5] * m[4]) +
                         m[4] * (m[3] * m[5] - m[1] * m[4]),
                     1e-6, 1e-9);
    }
}

/* On the axis of a Gaussian tube the eigenvalues are 0, l, l and the norm is the largest of the
 * volume, so that R_A = 1, R_B = 0, S = 2 c: (1 - exp(-2))^2, whichever way the tube runs. */
static void test_vesselness_closed_form(void **state)
{
    static const double along[][3] = { { 1, 0, 0 }, { 1, 1, 0 }, { 1, 0, -1 }, { 0, 1, 1 } };
    const struct hep_grid g = hep_test_grid(41, 41, 41, 1, 1, 1);
    const double scale = 2.0;
    struct hep_volume *v = volume(&g);

    (void)state;
    for (size_t t = 0; t < sizeof along / sizeof *along; t++) {
        const double *u = along[t];
        const double length = u[0] * u[0] + u[1] * u[1] + u[2] * u[2];
        struct hep_volume *out = NULL;

        for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
            double p[3];
            double on;

            position(p, &g, i);
            on = p[0] * u[0] + p[1] * u[1] + p[2] * u[2];
            v->data[i] = (float)exp(-(p[0] * p[0] + p[1] * p[1] + p[2] * p[2] - on * on / length) /
                                    (2.0 * 9.0));
        }
        assert_ok(hep_filter_vesselness(&out, v, &scale, 1, 2, &e), e);
        assert_close(out->data[20 + 41 * (20 + 41 * 20)], pow(1.0 - exp(-2.0), 2), 0.03, 0);
        hep_volume_free(out);
    }
    hep_volume_free(v);
}

/* A tube along an oblique direction answers, a ball of the same width does not, a dark tube does
 * not at all. */
static void test_vesselness(void **state)
{
    const struct hep_grid g = hep_test_grid(48, 40, 32, 1.0, 1.0, 1.25);
    const double scales[2] = { 2.0, 3.0 };
    struct hep_volume *v = volume(&g);
    struct hep_volume *out = NULL;
    struct hep_volume *again = NULL;
    const size_t tube = 24 + 48 * (10 + 40 * 16);
    const size_t ball = 24 + 48 * (30 + 40 * 16);

    (void)state;
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        double p[3];
        double across;

        position(p, &g, i);
        /* axis through (0.5, -9.5, 0.6) along (1, 0, 0.5) / |.| */
        p[0] -= 0.5;
        p[1] += 9.5;
        p[2] -= 0.6;
        across = (p[0] * 0.5 - p[2]) / sqrt(1.25);
        v->data[i] = sqrt(across * across + p[1] * p[1]) < 3.0 ? 100.0F : 0.0F;
    }
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        double p[3];

        position(p, &g, i);
        p[0] -= 0.5;
        p[1] -= 10.5;
        p[2] -= 0.6;
        if (sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]) < 3.5)
            v->data[i] = 100.0F;
    }
    assert_ok(hep_filter_vesselness(&out, v, scales, 2, 1, &e), e);
    assert_ok(hep_filter_vesselness(&again, v, scales, 2, 8, &e), e);
    assert_memory_equal(out->data, again->data, hep_grid_voxels(&g) * sizeof *out->data);
    assert_true(out->data[tube] > 0.5F);
    assert_true(out->data[ball] < 0.25F);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        assert_true(out->data[i] >= 0.0F && out->data[i] <= 1.0F);
        v->data[i] = -v->data[i];
    }
    hep_volume_free(out);
    assert_ok(hep_filter_vesselness(&out, v, scales, 2, 1, &e), e);
    assert_true(out->data[tube] < 0.05F);
    assert_fails(hep_filter_vesselness(&out, v, scales, 0, 1, &e), e, HEP_EINVAL, "1 scale");
    hep_volume_free(out);
    hep_volume_free(again);
    hep_volume_free(v);
}

static int run_vesselness(struct hep_volume **out, const struct hep_volume *v)
{
    return hep_filter_vesselness(out, v, (const double[2]){ 1.0, 2.0 }, 2, 1, &e);
}

/* Every allocation fails in turn: HEP_ENOMEM, nothing given out, nothing leaked. */
static void test_no_memory(void **state)
{
    const struct hep_grid g = hep_test_grid(5, 5, 5, 1, 1, 1);
    struct hep_volume *v = volume(&g), *out = NULL;
    long at = 1;

    (void)state;
    v->data[7] = NAN;
    for (; at < 60; at++) {
        hep_alloc_fail_at(at);
        if (run_vesselness(&out, v) == HEP_OK)
            break;
        assert_fails(e.code, e, HEP_ENOMEM, NULL);
        assert_null(out);
    }
    hep_alloc_fail_at(0);
    assert_true(at > 2 && at < 60);
    hep_volume_free(out);
    hep_volume_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gauss_moments), cmocka_unit_test(test_gauss_borders_and_threads),
        cmocka_unit_test(test_missing),       cmocka_unit_test(test_eigen3),
        cmocka_unit_test(test_vesselness),    cmocka_unit_test(test_vesselness_closed_form),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
