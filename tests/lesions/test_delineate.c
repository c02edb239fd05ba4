/* Regions against the volumes of the shapes that were put in. */
#include "lesions/candidate_scene.h"

#include "lesions/delineate.h"

struct fixture {
    struct hep_candidate_frame f;
    struct hep_volume *v;
    struct hep_labels *labels;
};

static void setup(struct fixture *x)
{
    const struct hep_grid g = hep_test_grid(60, 50, 44, 1.5, 1.5, 1.5);
    struct hep_error e = { 0 };

    memset(x, 0, sizeof *x);
    x->f.limits = &hep_lesion_limits_default;
    x->f.grid = g;
    x->f.mm = 1.5;
    assert_ok(hep_labels_new(&x->f.domain, &g, &e), e);
    assert_ok(hep_volume_new(&x->f.depth, &g, 1, &e), e);
    assert_ok(hep_volume_new(&x->v, &g, 1, &e), e);
    assert_ok(hep_labels_new(&x->labels, &g, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        x->f.domain->data[i] = 1;
        x->f.depth->data[i] = 30.0F;
    }
}

static void teardown(struct fixture *x)
{
    hep_candidate_frame_release(&x->f);
    hep_volume_free(x->v);
    hep_labels_free(x->labels);
}

static struct hep_seed seed_at(const struct hep_grid *g, const double p[4], double radius_factor)
{
    struct hep_error e = { 0 };
    struct hep_seed s = { .radius_mm = p[3] * radius_factor };
    double inverse[4][4];

    assert_ok(hep_grid_inverse(inverse, g, &e), e);
    hep_affine_apply(s.voxel, HEP_AFFINE(inverse), p);
    return s;
}

static double ball_mm3(double r)
{
    return 4.0 / 3.0 * acos(-1.0) * r * r * r;
}

static const double radii[] = { 3.0, 5.0, 9.0, 15.0 };

/* A dark ball, the seed's radius wrong by a fifth: partial volume adds up to the true volume. */
static void test_ball(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof radii / sizeof *radii; i++) {
        const double p[4] = { 1.3, -2.2, 0.7, radii[i] };
        struct hep_delineation d = { 0 };
        struct hep_error e = { 0 };
        struct hep_seed s;
        struct fixture x;
        double world[3];

        setup(&x);
        scene_add(x.v, scene_ball, p, -8.0);
        s = seed_at(&x.f.grid, p, 0.8);
        assert_ok(hep_delineate(&d, x.labels, 3, &s, &x.f, x.v, -1, NULL, 0, &e), e);
        assert_close(d.volume_mm3, ball_mm3(radii[i]), 0.03, 0.0);
        assert_close(d.plateau, 8.0, 0.01, 0.0);
        assert_close(d.elongation, 1.0, 0.0, 0.1);
        assert_int_equal(d.voxels, hep_labels_count(x.labels, 3));
        hep_grid_to_world(world, &x.f.grid, d.centroid_voxel);
        for (int k = 0; k < 3; k++)
            assert_close(world[k], p[k], 0.0, 0.05);
        teardown(&x);
    }
}

/* A ring whose centre is like liver is filled; the volume that is weighed is the ring's. */
static void test_ring_is_filled(void **state)
{
    const double outer[4] = { 0.0, 0.0, 0.0, 9.0 };
    const double inner[4] = { 0.0, 0.0, 0.0, 4.0 };
    struct hep_delineation d = { 0 };
    struct hep_error e = { 0 };
    struct hep_seed s;
    struct fixture x;

    (void)state;
    setup(&x);
    scene_add(x.v, scene_ball, outer, 6.0);
    scene_add(x.v, scene_ball, inner, -6.0);
    s = seed_at(&x.f.grid, outer, 1.0);
    assert_ok(hep_delineate(&d, x.labels, 1, &s, &x.f, x.v, 1, NULL, 0, &e), e);
    assert_close((double)hep_labels_count(x.labels, 1) * 3.375, ball_mm3(9.0), 0.06, 0.0);
    teardown(&x);
}

/* Rivals share the touching zone; the same seed as a partner is one region with it. */
/* Balls beside each other, this far from the middle, and a seed in each. */
static void two_balls(struct fixture *x, struct hep_seed *a, struct hep_seed *b, double from_mm,
                      double radius_mm)
{
    const double left[4] = { -from_mm, 0.0, 0.0, radius_mm };
    const double right[4] = { from_mm, 0.0, 0.0, radius_mm };

    setup(x);
    scene_add(x->v, scene_ball, left, 5.0);
    scene_add(x->v, scene_ball, right, 5.0);
    *a = seed_at(&x->f.grid, left, 1.0);
    *b = seed_at(&x->f.grid, right, 1.0);
}

static void test_rival_and_partner(void **state)
{
    struct hep_delineation alone = { 0 }, both = { 0 };
    struct hep_error e = { 0 };
    struct hep_seed a, b;
    struct fixture x;

    (void)state;
    two_balls(&x, &a, &b, 6.0, 7.0);
    assert_true(hep_delineate_joined(x.v, 1, a.voxel, b.voxel, x.f.limits->joined_share));
    assert_ok(hep_delineate(&alone, x.labels, 1, &a, &x.f, x.v, 1, &b, 1, &e), e);
    memset(x.labels->data, 0, hep_grid_voxels(&x.f.grid) * sizeof *x.labels->data);
    b.partner = true;
    assert_ok(hep_delineate(&both, x.labels, 1, &a, &x.f, x.v, 1, &b, 1, &e), e);
    assert_close((double)both.voxels, 2.0 * (double)alone.voxels, 0.03, 0.0);
    assert_close(both.reach_mm, 19.0, 0.0, 1.5); /* 12 to the other centre, 7 on */
    teardown(&x);
}

static void test_joined_sees_the_gap(void **state)
{
    struct hep_seed a, b;
    struct fixture x;

    (void)state;
    two_balls(&x, &a, &b, 7.0, 5.0);
    assert_false(hep_delineate_joined(x.v, 1, a.voxel, b.voxel, x.f.limits->joined_share));
    assert_false(hep_delineate_joined(x.v, -1, a.voxel, b.voxel, x.f.limits->joined_share));
    teardown(&x);
}

static void test_nothing_there(void **state)
{
    const double p[4] = { 0.0, 0.0, 0.0, 5.0 };
    struct hep_delineation d = { .voxels = 9 };
    struct hep_error e = { 0 };
    struct hep_seed s;
    struct fixture x;

    (void)state;
    setup(&x);
    s = seed_at(&x.f.grid, p, 1.0);
    assert_ok(hep_delineate(&d, x.labels, 1, &s, &x.f, x.v, 1, NULL, 0, &e), e);
    assert_int_equal(d.voxels, 0);
    assert_int_equal(hep_labels_count(x.labels, -1), 0);
    teardown(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ball),
        cmocka_unit_test(test_ring_is_filled),
        cmocka_unit_test(test_rival_and_partner),
        cmocka_unit_test(test_joined_sees_the_gap),
        cmocka_unit_test(test_nothing_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
