/* Balls of known volume on plateaus: the tree must give their volumes back. */
#include "lesions/candidate_scene.h"

#include "lesions/maxtree.h"

static const struct hep_maxtree_search usual = { .level_min = 2.5,
                                                 .level_max = 20.0,
                                                 .level_step = 0.5,
                                                 .volume_min_mm3 = 4000.0,
                                                 .volume_max_mm3 = 1e6,
                                                 .stability_max = 0.25,
                                                 .compactness_min = 0.5 };

struct fixture {
    struct hep_volume *v;
    struct hep_labels *where;
};

static void setup(struct fixture *f)
{
    const struct hep_grid g = hep_test_grid(50, 40, 36, 3.0, 3.0, 3.0);
    struct hep_error e = { 0 };

    assert_ok(hep_volume_new(&f->v, &g, 1, &e), e);
    assert_ok(hep_labels_new(&f->where, &g, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        f->where->data[i] = 1;
}

static void teardown(struct fixture *f)
{
    hep_volume_free(f->v);
    hep_labels_free(f->where);
}

static void test_two_balls_and_a_tube(void **state)
{
    const double big[4] = { -35.0, 0.0, 0.0, 20.0 };
    const double small[4] = { 35.0, 5.0, 0.0, 15.0 };
    const double tube[7] = { 0.0, 35.0, 0.0, 1.0, 0.0, 0.0, 9.0 };
    const double pi = acos(-1.0);
    struct hep_maxtree_region *r = NULL;
    struct hep_labels *labels = NULL;
    struct hep_error e = { 0 };
    struct fixture f;
    size_t n = 0;

    (void)state;
    setup(&f);
    scene_add(f.v, scene_ball, big, 8.0);
    scene_add(f.v, scene_ball, small, 5.0);
    scene_add(f.v, scene_tube, tube, 9.0);
    assert_ok(hep_maxtree_stable(&labels, &r, &n, f.v, f.where, &usual, &e), e);
    assert_int_equal(n, 2); /* the tube is 150 mm long: its compactness is 0.05 */
    for (size_t i = 0; i < n; i++) {
        const bool is_big = r[i].volume_mm3 > 25000.0;
        const double *p = is_big ? big : small;
        const size_t voxels = hep_labels_count(labels, (int32_t)i + 1);
        double world[3];

        assert_close(r[i].volume_mm3, 4.0 / 3.0 * pi * p[3] * p[3] * p[3], 0.12, 0.0);
        assert_close((double)voxels * 27.0, r[i].volume_mm3, 1e-9, 0.0);
        assert_close(r[i].compactness, 1.0, 0.05, 0.0);
        assert_close(r[i].mean, is_big ? 8.0 : 5.0, 0.10, 0.0); /* the border's partial volume */
        hep_grid_to_world(world, &f.v->grid, r[i].voxel);
        for (int k = 0; k < 3; k++)
            assert_close(world[k], p[k], 0.0, 1.0);
    }
    free(r);
    hep_labels_free(labels);
    teardown(&f);
}

static void test_nested_ball_is_one(void **state)
{
    const double outer[4] = { 0.0, 0.0, 0.0, 24.0 };
    const double inner[4] = { 0.0, 0.0, 0.0, 13.0 };
    struct hep_maxtree_region *r = NULL;
    struct hep_labels *labels = NULL;
    struct hep_error e = { 0 };
    struct fixture f;
    size_t n = 0;

    (void)state;
    setup(&f);
    scene_add(f.v, scene_ball, outer, 6.0);
    scene_add(f.v, scene_ball, inner, 6.0);
    assert_ok(hep_maxtree_stable(&labels, &r, &n, f.v, f.where, &usual, &e), e);
    assert_int_equal(n, 1);
    free(r);
    hep_labels_free(labels);
    teardown(&f);
}

static void test_nothing_and_refusals(void **state)
{
    const struct hep_grid other = hep_test_grid(5, 5, 5, 3.0, 3.0, 3.0);
    struct hep_maxtree_search how = usual;
    struct hep_maxtree_region *r = NULL;
    struct hep_labels *labels = NULL, *wrong = NULL;
    struct hep_error e = { 0 };
    struct fixture f;
    size_t n = 7;

    (void)state;
    setup(&f);
    assert_ok(hep_maxtree_stable(&labels, &r, &n, f.v, f.where, &usual, &e), e);
    assert_int_equal(n, 0);
    assert_null(r);
    hep_labels_free(labels);
    labels = NULL;
    how.level_step = 0.0;
    assert_fails(hep_maxtree_stable(&labels, &r, &n, f.v, f.where, &how, &e), e, HEP_EINVAL,
                 "steps of 0");
    how = usual;
    how.level_step = 1e-4;
    assert_fails(hep_maxtree_stable(&labels, &r, &n, f.v, f.where, &how, &e), e, HEP_EINVAL, NULL);
    assert_ok(hep_labels_new(&wrong, &other, &e), e);
    assert_fails(hep_maxtree_stable(&labels, &r, &n, f.v, wrong, &usual, &e), e, HEP_EGEOM, NULL);
    assert_null(labels);
    hep_labels_free(wrong);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_balls_and_a_tube),
        cmocka_unit_test(test_nested_ball_is_one),
        cmocka_unit_test(test_nothing_and_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
