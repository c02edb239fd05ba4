/* Affines and grids against values worked by hand; labels and volumes in memory. */
#include "support/support.h"

#include "base/alloc.h"

#include <math.h>

static struct hep_error e;

/* i runs to posterior (2 mm), j to superior (3 mm), k to right (5 mm). */
static struct hep_grid turned(void)
{
    struct hep_grid g = {
        .n = { 10, 20, 30 },
        .to_world = { { 0, 0, 5, -70 }, { -2, 0, 0, 9 }, { 0, 3, 0, -30 }, { 0, 0, 0, 1 } }
    };

    return g;
}

static void test_affine(void **state)
{
    const struct hep_grid g = turned();
    const double voxel[3] = { 1, 2, 3 };
    double world[3];
    double inv[4][4];
    double id[4][4];
    double mm[3];

    (void)state;
    hep_grid_to_world(world, &g, voxel);
    assert_close(world[0], -55.0, 0, 0);
    assert_close(world[1], 7.0, 0, 0);
    assert_close(world[2], -24.0, 0, 0);
    hep_grid_spacing(mm, &g);
    assert_close(mm[0], 2.0, 0, 0);
    assert_close(mm[1], 3.0, 0, 0);
    assert_close(mm[2], 5.0, 0, 0);
    assert_close(hep_grid_voxel_mm3(&g), 30.0, 1e-15, 0);
    assert_int_equal(hep_grid_voxels(&g), 6000);
    assert_ok(hep_grid_inverse(inv, &g, &e), e);
    assert_close(inv[0][1], -0.5, 1e-15, 0);
    assert_close(inv[0][3], 4.5, 1e-15, 0);
    hep_affine_mul(id, HEP_AFFINE(inv), g.to_world);
    for (int i = 0; i < 16; i++)
        assert_close(id[i / 4][i % 4], i % 5 == 0 ? 1.0 : 0.0, 0, 1e-12);
}

static void test_singular(void **state)
{
    static const double flat[][4][4] = {
        { { 0 } },
        { { 1, 2, 0, 0 }, { 2, 4, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } },
        { { (double)NAN, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } },
        { { (double)INFINITY, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } },
    };
    double inv[4][4] = { { 7.0 } };

    (void)state;
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
        assert_fails(hep_affine_inverse(inv, flat[i], &e), e, HEP_EGEOM, "singular");
    assert_close(inv[0][0], 7.0, 0, 0);
}

static void test_same(void **state)
{
    const struct hep_grid a = turned();
    struct hep_grid b = a;

    (void)state;
    b.to_world[0][3] += 0.009;
    assert_true(hep_grid_same(&a, &b, HEP_GRID_TOL_MM));
    b.to_world[0][3] += 0.002;
    assert_false(hep_grid_same(&a, &b, HEP_GRID_TOL_MM));
    b = a;
    b.to_world[0][2] += 0.0005; /* 29 steps further it is 0.0145 mm */
    assert_false(hep_grid_same(&a, &b, HEP_GRID_TOL_MM));
    b = a;
    b.n[1] = 19;
    assert_false(hep_grid_same(&a, &b, 1e9));
    b = a;
    b.to_world[0][0] = (double)NAN;
    assert_false(hep_grid_same(&a, &b, 1e9));
}

static void test_axis_of(void **state)
{
    static const int want[3][2] = { { 2, 1 }, { 0, -1 }, { 1, 1 } };
    const struct hep_grid g = turned();
    struct hep_grid half = hep_test_grid(4, 4, 4, 1, 1, 1);
    int axis;
    int sign;
    bool seen[3] = { false, false, false };

    (void)state;
    for (int w = 0; w < 3; w++) {
        hep_grid_axis_of(&axis, &sign, &g, w);
        assert_int_equal(axis, want[w][0]);
        assert_int_equal(sign, want[w][1]);
    }
    half.to_world[0][0] = half.to_world[1][1] = half.to_world[1][0] = sqrt(0.5);
    half.to_world[0][1] = -sqrt(0.5); /* 45 degrees: still one index axis for each world axis */
    for (int w = 0; w < 3; w++) {
        hep_grid_axis_of(&axis, &sign, &half, w);
        seen[axis] = true;
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

static void test_isotropic(void **state)
{
    const struct hep_grid g = turned();
    const double centre[3] = { 4.5, 9.5, 14.5 };
    double iso_centre[3];
    double a[3];
    double b[3];
    struct hep_grid iso;

    (void)state;
    hep_grid_isotropic(&iso, &g, 2.5);
    assert_int_equal(iso.n[0], 8);  /* 20 mm */
    assert_int_equal(iso.n[1], 24); /* 60 mm */
    assert_int_equal(iso.n[2], 60); /* 150 mm */
    assert_close(iso.to_world[1][0], -2.5, 1e-12, 0);
    for (int k = 0; k < 3; k++)
        iso_centre[k] = 0.5 * ((double)iso.n[k] - 1.0);
    hep_grid_to_world(a, &g, centre);
    hep_grid_to_world(b, &iso, iso_centre);
    for (int k = 0; k < 3; k++)
        assert_close(a[k], b[k], 0, 1e-12);
}

static void test_volumes(void **state)
{
    const struct hep_grid g = hep_test_grid(3, 2, 2, 1, 1, 1);
    struct hep_grid empty = g;
    struct hep_grid huge = g;
    struct hep_volume *v = NULL;
    struct hep_volume *w = NULL;

    (void)state;
    empty.n[1] = 0;
    huge.n[0] = huge.n[1] = huge.n[2] = (size_t)1 << 30;
    assert_fails(hep_volume_new(&v, &empty, 1, &e), e, HEP_EINVAL, "3 x 0");
    assert_fails(hep_volume_new(&v, &huge, 1, &e), e, HEP_ENOMEM, NULL);
    assert_null(v);
    assert_ok(hep_volume_new(&v, &g, 2, &e), e);
    assert_int_equal((uintptr_t)v->data % 64, 0);
    for (size_t i = 0; i < 24; i++) {
        assert_close(v->data[i], 0.0, 0, 0);
        v->data[i] = (float)i;
    }
    assert_ok(hep_volume_pick(&w, v, 1, &e), e);
    assert_int_equal(w->nt, 1);
    assert_close(w->data[11], 23.0, 0, 0);
    hep_volume_free(w);
    assert_ok(hep_volume_copy(&w, v, &e), e);
    assert_memory_equal(w->data, v->data, 24 * sizeof *v->data);
    hep_volume_free(w);
    assert_fails(hep_volume_pick(&w, v, 2, &e), e, HEP_EINVAL, "2 of 2");
    for (long at = 1; at <= 2; at++) {
        w = NULL;
        hep_alloc_fail_at(at);
        assert_fails(hep_volume_copy(&w, v, &e), e, HEP_ENOMEM, "no memory");
        hep_alloc_fail_at(0);
        assert_null(w);
    }
    hep_volume_free(v);
    assert_string_equal(hep_unit_text(HEP_UNIT_MM2_PER_S), "mm2/s");
    assert_string_equal(hep_unit_text(HEP_UNIT_PER_S), "1/s");
}

static void test_round_as_stored(void **state)
{
    struct hep_grid g = hep_test_grid(3, 2, 2, 1, 1, 1);

    (void)state;
    g.to_world[0][3] = 0.1; /* 13421773 / 2^27 is the float32 nearest to it */
    g.to_world[1][1] = -1.25;
    hep_grid_round_as_stored(&g);
    assert_close(g.to_world[0][3], 13421773.0 / 134217728.0, 0, 0);
    assert_close(g.to_world[1][1], -1.25, 0, 0);
}

static void test_labels(void **state)
{
    static const float bad[] = { -1.0F, 0.5F, 2.01F, NAN, INFINITY, 3e9F };
    const struct hep_grid g = hep_test_grid(3, 2, 2, 1, 1, 1);
    struct hep_volume *v = NULL;
    struct hep_labels *l = NULL;

    (void)state;
    assert_ok(hep_volume_new(&v, &g, 1, &e), e);
    v->data[0] = 4.0005F;
    v->data[5] = 3.9995F;
    v->data[7] = 2.0F;
    v->data[8] = 6.9979F; /* 7 * 0.9997 */
    assert_ok(hep_labels_from_volume(&l, v, &e), e);
    assert_int_equal(l->data[0], 4);
    assert_int_equal(hep_labels_count(l, 4), 2);
    assert_int_equal(hep_labels_count(l, -1), 4);
    assert_int_equal(hep_labels_count(l, 7), 1);
    assert_int_equal(hep_labels_count(l, 0), 8);
    hep_labels_free(l);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        v->data[10] = bad[i];
        assert_fails(hep_labels_from_volume(&l, v, &e), e, HEP_EFORMAT, "(1, 1, 1)");
    }
    hep_volume_free(v);
    assert_ok(hep_volume_new(&v, &g, 2, &e), e);
    assert_fails(hep_labels_from_volume(&l, v, &e), e, HEP_EFORMAT, "has 2");
    hep_volume_free(v);
}

/* Voxel 47 of 5 x 4 x 3: 47 = 2 + 5 (1 + 4 * 2). Its centre by hand from an oblique affine. */
static void test_place(void **state)
{
    const struct hep_grid g = { .n = { 5, 4, 3 },
                                .to_world = { { 0.0, -2.0, 0.0, 10.0 },
                                              { 1.5, 0.0, 0.0, -7.0 },
                                              { 0.0, 0.0, 3.0, 1.0 },
                                              { 0.0, 0.0, 0.0, 1.0 } } };
    const double expected[3] = { 8.0, -4.0, 7.0 }, origin[3] = { 10.0, -7.0, 1.0 };
    double world[3];
    size_t at[3];

    (void)state;
    hep_grid_place(at, &g, 47);
    assert_int_equal(at[0], 2);
    assert_int_equal(at[1], 1);
    assert_int_equal(at[2], 2);
    hep_grid_world_of(world, &g, 47);
    for (int k = 0; k < 3; k++)
        assert_close(world[k], expected[k], 0.0, 1e-12);
    assert_close(hep_distance2(world, origin), 2.0 * 2.0 + 3.0 * 3.0 + 6.0 * 6.0, 0.0, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_affine),    cmocka_unit_test(test_singular),
        cmocka_unit_test(test_same),      cmocka_unit_test(test_axis_of),
        cmocka_unit_test(test_isotropic), cmocka_unit_test(test_volumes),
        cmocka_unit_test(test_labels),    cmocka_unit_test(test_round_as_stored),
        cmocka_unit_test(test_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
