/* Resampling: what linear, cubic and nearest interpolation reproduce exactly, through oblique
 * affines and displacements. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "image/resample.h"

#include <math.h>

static struct hep_error e;

static struct hep_volume *volume(const struct hep_grid *g, size_t nt)
{
    struct hep_volume *v = NULL;

    assert_ok(hep_volume_new(&v, g, nt, &e), e);
    return v;
}

static void position(double p[3], const struct hep_grid *g, size_t i)
{
    const double voxel[3] = { (double)(i % g->n[0]), (double)(i / g->n[0] % g->n[1]),
                              (double)(i / g->n[0] / g->n[1]) };

    hep_grid_to_world(p, g, voxel);
}

static double ramp(const double p[3])
{
    return 3.0 + 0.25 * p[0] - 1.5 * p[1] + 0.75 * p[2];
}

static struct hep_volume *ramp_on(const struct hep_grid *g)
{
    struct hep_volume *v = volume(g, 1);

    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        double p[3];

        position(p, g, i);
        v->data[i] = (float)ramp(p);
    }
    return v;
}

/* Turned about S by `a` and about R by `b`. */
static void turn(struct hep_grid *g, double a, double b)
{
    const double r[4][4] = { { cos(a), -sin(a) * cos(b), sin(a) * sin(b), 0 },
                             { sin(a), cos(a) * cos(b), -cos(a) * sin(b), 0 },
                             { 0, sin(b), cos(b), 0 },
                             { 0, 0, 0, 1 } };

    hep_affine_mul(g->to_world, r, HEP_AFFINE(g->to_world));
}

static void test_ramp_oblique(void **state)
{
    struct hep_grid from = hep_test_grid(40, 40, 40, 1.5, 1.25, 2.0);
    struct hep_grid to = hep_test_grid(15, 13, 11, 1.0, 2.0, 1.7);

    (void)state;
    turn(&from, 0.3, -0.2);
    turn(&to, -0.4, 0.5);
    for (int how = HEP_INTERP_LINEAR; how <= HEP_INTERP_CUBIC; how++) {
        struct hep_volume *v = ramp_on(&from);
        struct hep_volume *one = NULL;
        struct hep_volume *many = NULL;

        assert_ok(hep_resample(&one, v, &to, NULL, (enum hep_interp)how, NAN, 1, &e), e);
        assert_ok(hep_resample(&many, v, &to, NULL, (enum hep_interp)how, NAN, 8, &e), e);
        assert_memory_equal(one->data, many->data, hep_grid_voxels(&to) * sizeof *one->data);
        for (size_t i = 0; i < hep_grid_voxels(&to); i++) {
            double p[3];

            position(p, &to, i);
            assert_close(one->data[i], ramp(p), 0, 2e-5); /* float32 of values up to 70 */
        }
        hep_volume_free(v);
        hep_volume_free(one);
        hep_volume_free(many);
    }
}

/* Same world content stored with an axis reversed: the same samples. */
static void test_flip(void **state)
{
    const struct hep_grid g = hep_test_grid(9, 8, 7, 2, 2, 3);
    const struct hep_grid to = hep_test_grid(6, 6, 6, 1.1, 1.3, 1.7);
    struct hep_volume *v = volume(&g, 1);

    (void)state;
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        v->data[i] = (float)hep_rng_uniform(1, 1, i);
    for (int axis = 0; axis < 3; axis++) {
        struct hep_volume *w = volume(&g, 1);

        for (int r = 0; r < 3; r++) {
            w->grid.to_world[r][3] += g.to_world[r][axis] * (double)(g.n[axis] - 1);
            w->grid.to_world[r][axis] *= -1.0;
        }
        for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
            size_t p[3] = { i % 9, i / 9 % 8, i / 72 };

            p[axis] = g.n[axis] - 1 - p[axis];
            w->data[p[0] + 9 * (p[1] + 8 * p[2])] = v->data[i];
        }
        for (int how = HEP_INTERP_NEAREST; how <= HEP_INTERP_CUBIC; how++) {
            struct hep_volume *a = NULL;
            struct hep_volume *b = NULL;

            assert_ok(hep_resample(&a, v, &to, NULL, (enum hep_interp)how, 0, 1, &e), e);
            assert_ok(hep_resample(&b, w, &to, NULL, (enum hep_interp)how, 0, 1, &e), e);
            for (size_t i = 0; i < hep_grid_voxels(&to); i++)
                assert_close(a->data[i], b->data[i], 0, 1e-6);
            hep_volume_free(a);
            hep_volume_free(b);
        }
        hep_volume_free(w);
    }
    hep_volume_free(v);
}

/* One axis, worked by hand. Keys at 0.25 with 2 4 8 3: weights -9/128, 111/128, 29/128, -3/128. */
static void test_values(void **state)
{
    const struct hep_grid g = hep_test_grid(4, 1, 1, 2, 1, 1); /* centres -3 -1 1 3 */
    const double quarter[3] = { -0.5, 0, 0 };
    const double half[3] = { 0.0, 0, 0 };
    const double edge[3] = { 3.9, 0, 0 };
    const double beyond[3] = { 4.1, 0, 0 };
    struct hep_volume *v = volume(&g, 2);

    (void)state;
    (void)memcpy(hep_volume_at(v, 1), (float[4]){ 2, 4, 8, 3 }, 16);
    assert_close(hep_sample_world(v, 1, quarter, HEP_INTERP_LINEAR), 5.0, 1e-12, 0);
    assert_close(hep_sample_world(v, 1, quarter, HEP_INTERP_NEAREST), 4.0, 0, 0);
    assert_close(hep_sample_world(v, 1, quarter, HEP_INTERP_CUBIC),
                 (-9.0 * 2 + 111.0 * 4 + 29.0 * 8 - 3.0 * 3) / 128.0, 1e-12, 0);
    assert_close(hep_sample_world(v, 1, half, HEP_INTERP_CUBIC), (9.0 * 12 - 5.0) / 16.0, 1e-12, 0);
    assert_close(hep_sample_world(v, 1, edge, HEP_INTERP_LINEAR), 3.0, 0, 0);
    assert_true(isnan(hep_sample_world(v, 1, beyond, HEP_INTERP_LINEAR)));
    assert_true(isnan(hep_sample_world(v, 2, half, HEP_INTERP_LINEAR)));
    assert_close(hep_sample_world(v, 0, half, HEP_INTERP_LINEAR), 0.0, 0, 0);
    hep_volume_free(v);
}

/* Centres keep their value next to a missing voxel; between them it is missing. */
static void test_missing_and_outside(void **state)
{
    const struct hep_grid g = hep_test_grid(3, 3, 3, 1, 1, 1);
    struct hep_grid off = g;
    struct hep_volume *v = ramp_on(&g);
    struct hep_volume *out = NULL;

    (void)state;
    v->data[13] = NAN;
    assert_ok(hep_resample(&out, v, &g, NULL, HEP_INTERP_LINEAR, -9.0F, 2, &e), e);
    assert_memory_equal(out->data, v->data, 27 * sizeof *v->data);
    hep_volume_free(out);
    off.to_world[0][3] += 0.25;
    assert_ok(hep_resample(&out, v, &off, NULL, HEP_INTERP_LINEAR, -9.0F, 2, &e), e);
    assert_true(isnan(out->data[12]) && isnan(out->data[13]) && isfinite(out->data[9]));
    hep_volume_free(out);
    off.to_world[0][3] += 0.5;
    assert_ok(hep_resample(&out, v, &off, NULL, HEP_INTERP_LINEAR, -9.0F, 2, &e), e);
    assert_close(out->data[2], -9.0, 0, 0);
    hep_volume_free(out);
    hep_volume_free(v);
}

/* Affine first, then the displacement, in mm RAS and not in voxels. */
static void test_transform(void **state)
{
    struct hep_grid from = hep_test_grid(40, 40, 40, 2, 2, 2);
    const struct hep_grid to = hep_test_grid(7, 7, 7, 2, 2, 2);
    const struct hep_grid field = hep_test_grid(5, 5, 5, 10, 10, 10);
    struct hep_volume *d = volume(&field, 3);
    struct hep_transform t = {
        .affine = { { 0, -1, 0, 1.5 }, { 1, 0, 0, -2 }, { 0, 0, 1, 3 }, { 0, 0, 0, 1 } },
        .displacement = d
    };
    struct hep_volume *v;
    struct hep_volume *out = NULL;

    (void)state;
    turn(&from, 0.7, 0.1);
    v = ramp_on(&from);
    for (size_t c = 0; c < 3; c++) {
        for (size_t i = 0; i < 125; i++) {
            double p[3];

            position(p, &field, i);
            hep_volume_at(d, c)[i] = (float)((double)c + 0.1 * p[0] - 0.05 * p[2]);
        }
    }
    assert_ok(hep_resample(&out, v, &to, &t, HEP_INTERP_LINEAR, NAN, 2, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&to); i++) {
        double p[3];
        double q[3];

        position(p, &to, i);
        q[0] = -p[1] + 1.5;
        q[1] = p[0] - 2.0;
        q[2] = p[2] + 3.0;
        for (int c = 0; c < 3; c++)
            q[c] += c + 0.1 * p[0] - 0.05 * p[2];
        assert_close(out->data[i], ramp(q), 0, 2e-5);
    }
    hep_volume_free(out);
    out = NULL;
    d->nt = 2;
    assert_fails(hep_resample(&out, v, &to, &t, HEP_INTERP_LINEAR, NAN, 2, &e), e, HEP_EINVAL,
                 "3 components");
    d->nt = 3;
    (void)memset(v->grid.to_world, 0, sizeof v->grid.to_world);
    assert_fails(hep_resample(&out, v, &to, NULL, HEP_INTERP_LINEAR, NAN, 2, &e), e, HEP_EGEOM,
                 "singular");
    assert_fails(hep_resample(&out, v, &to, NULL, (enum hep_interp)9, NAN, 2, &e), e, HEP_EINVAL,
                 "9");
    assert_null(out);
    hep_volume_free(v);
    hep_volume_free(d);
}

static void test_labels(void **state)
{
    const struct hep_grid from = hep_test_grid(4, 4, 4, 2, 2, 2);
    const struct hep_grid to = hep_test_grid(10, 8, 8, 1, 1, 1); /* 1 voxel wider on each side */
    struct hep_labels *l = NULL;
    struct hep_labels *out = NULL;

    (void)state;
    assert_ok(hep_labels_new(&l, &from, &e), e);
    for (int i = 0; i < 64; i++)
        l->data[i] = 1000000000 + i;
    assert_ok(hep_resample_labels(&out, l, &to, NULL, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&to); i++) {
        const size_t p[3] = { i % 10, i / 10 % 8, i / 80 };
        const size_t j = (p[0] + 1) / 2 - 1 + 4 * (p[1] / 2 + 4 * (p[2] / 2));

        assert_int_equal(out->data[i], p[0] == 0 || p[0] == 9 ? 0 : 1000000000 + (int32_t)j);
    }
    assert_int_equal(hep_sample_label(l, (double[3]){ -3.5, -3.5, -3.5 }), 1000000000);
    assert_int_equal(hep_sample_label(l, (double[3]){ -4.5, 0, 0 }), 0);
    hep_labels_free(l);
    hep_labels_free(out);
}

/* 2 x 2 x 3 source voxels under each target voxel. */
static void test_area(void **state)
{
    const struct hep_grid from = hep_test_grid(8, 6, 6, 1, 1.5, 1);
    const struct hep_grid to = hep_test_grid(4, 3, 2, 2, 3, 3);
    struct hep_volume *v = volume(&from, 1);
    struct hep_volume *out = NULL;
    double want = 0.0;

    (void)state;
    for (size_t i = 0; i < hep_grid_voxels(&from); i++)
        v->data[i] = (float)hep_rng_uniform(2, 2, i);
    for (size_t z = 3; z < 6; z++) {
        for (size_t y = 2; y < 4; y++) {
            for (size_t x = 6; x < 8; x++)
                want += (double)v->data[x + 8 * (y + 6 * z)] / 12.0;
        }
    }
    assert_ok(hep_resample_area(&out, v, &to, 2, &e), e);
    assert_close(out->data[3 + 4 * (1 + 3 * 1)], want, 1e-6, 0);
    hep_volume_free(out);
    want = (want * 12.0 - (double)v->data[7 + 8 * (3 + 6 * 5)]) / 11.0;
    v->data[7 + 8 * (3 + 6 * 5)] = NAN;
    assert_ok(hep_resample_area(&out, v, &to, 1, &e), e);
    assert_close(out->data[3 + 4 * (1 + 3 * 1)], want, 1e-6, 0);
    hep_volume_free(out);
    hep_volume_free(v);
}

/* Along parallel axes neighbours are looked up once; a displacement of 0 asks for the way voxel by
 * voxel. Both give the same bits, outside and for NaN too. */
static void test_parallel_axes_change_no_bit(void **state)
{
    const struct hep_grid from = hep_test_grid(17, 13, 9, 1.5, 1.25, 4.0);
    struct hep_grid to = hep_test_grid(31, 19, 25, 1.1, -0.9, 1.7);
    struct hep_transform still = {
        .affine = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }
    };
    struct hep_volume *v = volume(&from, 2), *none = volume(&to, 3), *fast = NULL, *slow = NULL;
    size_t outside = 0;

    (void)state;
    to.to_world[0][3] -= 3.3;
    to.to_world[1][3] += 14.0;
    none->grid = to;
    still.displacement = none;
    for (size_t i = 0; i < 2 * hep_grid_voxels(&from); i++)
        v->data[i] = i % 97 == 0 ? NAN : (float)((i * 7919) % 1009) * 0.37F;
    assert_ok(hep_resample(&fast, v, &to, NULL, HEP_INTERP_LINEAR, -7.5F, 2, &e), e);
    assert_ok(hep_resample(&slow, v, &to, &still, HEP_INTERP_LINEAR, -7.5F, 1, &e), e);
    for (size_t i = 0; i < 2 * hep_grid_voxels(&to); i++)
        outside += fast->data[i] == -7.5F;
    assert_true(outside > 1000 && outside < 2 * hep_grid_voxels(&to) - 1000);
    assert_memory_equal(fast->data, slow->data, 2 * hep_grid_voxels(&to) * sizeof *fast->data);
    hep_volume_free(v);
    hep_volume_free(none);
    hep_volume_free(fast);
    hep_volume_free(slow);
}

/* The mean over boxes does not depend on how the target's axes are numbered, up to rounding. */
static void test_area_of_permuted_axes(void **state)
{
    const struct hep_grid from = hep_test_grid(20, 18, 16, 1.0, 1.2, 1.4);
    const struct hep_grid to = hep_test_grid(7, 6, 5, 2.7, 3.1, 4.3);
    struct hep_grid turned = to;
    struct hep_volume *v = volume(&from, 1), *a = NULL, *b = NULL;

    (void)state;
    for (size_t i = 0; i < hep_grid_voxels(&from); i++)
        v->data[i] = i % 89 == 0 ? NAN : (float)((i * 7919) % 1009);
    turned.n[0] = to.n[1];
    turned.n[1] = to.n[0];
    for (int k = 0; k < 3; k++) {
        turned.to_world[k][0] = to.to_world[k][1];
        turned.to_world[k][1] = to.to_world[k][0];
    }
    assert_ok(hep_resample_area(&a, v, &to, 2, &e), e);
    assert_ok(hep_resample_area(&b, v, &turned, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&to); i++) {
        const size_t x = i % 7, y = i / 7 % 6, z = i / 42, j = y + 6 * (x + 7 * z);

        if (isnan(a->data[i]))
            assert_true(isnan(b->data[j]));
        else
            assert_close(a->data[i], b->data[j], 1e-6, 0);
    }
    hep_volume_free(v);
    hep_volume_free(a);
    hep_volume_free(b);
}

static void test_no_memory(void **state)
{
    const struct hep_grid g = hep_test_grid(4, 4, 4, 1, 1, 1);
    struct hep_volume *v = ramp_on(&g);

    (void)state;
    for (long at = 1; at <= 2; at++) {
        struct hep_volume *out = NULL;

        hep_alloc_fail_at(at);
        assert_fails(hep_resample(&out, v, &g, NULL, HEP_INTERP_CUBIC, 0, 1, &e), e, HEP_ENOMEM,
                     NULL);
        hep_alloc_fail_at(at);
        assert_fails(hep_resample_area(&out, v, &g, 1, &e), e, HEP_ENOMEM, NULL);
        assert_null(out);
    }
    hep_alloc_fail_at(0);
    hep_volume_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ramp_oblique),
        cmocka_unit_test(test_flip),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_missing_and_outside),
        cmocka_unit_test(test_transform),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_area),
        cmocka_unit_test(test_parallel_axes_change_no_bit),
        cmocka_unit_test(test_area_of_permuted_axes),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
