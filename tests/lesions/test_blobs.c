/* Scale of spheres against Lindeberg 1998: the peak of the normalised Laplacian lies at
 * sigma = r / sqrt(3), its height is 3^1.5 sqrt(2 / pi) exp(-1.5) = 0.925 of the sphere's. */
#include "lesions/candidate_scene.h"

#include "lesions/blob.h"

struct sphere_case {
    const char *name;
    double diameter_mm, slice_mm, tolerance;
};

static const struct sphere_case sphere_cases[] = {
    { "4 mm on 1.5 mm", 4.0, 1.5, 0.15 },        { "6 mm on 1.5 mm", 6.0, 1.5, 0.15 },
    { "10 mm on 1.5 mm", 10.0, 1.5, 0.15 },      { "16 mm on 1.5 mm", 16.0, 1.5, 0.15 },
    { "24 mm on 1.5 mm", 24.0, 1.5, 0.15 },      { "30 mm on 1.5 mm", 30.0, 1.5, 0.15 },
    { "8 mm in 5 mm slices", 8.0, 5.0, 0.25 },   { "12 mm in 5 mm slices", 12.0, 5.0, 0.25 },
    { "20 mm in 5 mm slices", 20.0, 5.0, 0.25 }, { "28 mm in 5 mm slices", 28.0, 5.0, 0.25 },
};

static struct hep_blob_search search(void)
{
    const struct hep_lesion_limits *l = &hep_lesion_limits_default;

    return (struct hep_blob_search){ .sigma_min_mm = l->scale_min_mm,
                                     .sigma_max_mm = l->scale_max_mm,
                                     .steps = l->scale_steps,
                                     .suppression = l->suppression,
                                     .strength_min = 0.3,
                                     .bright = true,
                                     .nthreads = 2 };
}

/* A sphere of height 1, off the voxel centres, sampled with partial volume in thick slices and
 * interpolated to 1.5 mm. */
static struct hep_volume *sphere(double diameter_mm, double slice_mm, const double centre[3])
{
    struct hep_error e = { 0 };
    const struct hep_grid fine = hep_test_grid(48, 48, 48, 1.5, 1.5, 1.5);
    const size_t slices = (size_t)(72.0 / slice_mm + 0.5);
    const struct hep_grid native = hep_test_grid(48, 48, slices, 1.5, 1.5, slice_mm);
    const double p[4] = { centre[0], centre[1], centre[2], 0.5 * diameter_mm };
    struct hep_volume *v = NULL, *out = NULL;

    assert_ok(hep_volume_new(&v, &native, 1, &e), e);
    scene_add(v, scene_ball, p, 1.0);
    assert_ok(hep_resample(&out, v, &fine, NULL, HEP_INTERP_LINEAR, 0.0F, 1, &e), e);
    hep_volume_free(v);
    return out;
}

static void test_sphere(void **state)
{
    const struct sphere_case *c = *state;
    const double centre[3] = { 0.4, -0.7, 0.3 };
    const double native[3] = { 1.5, 1.5, c->slice_mm };
    struct hep_volume *v = sphere(c->diameter_mm, c->slice_mm, centre);
    struct hep_blob_search how = search();
    struct hep_blob_list l = { 0 };
    struct hep_error e = { 0 };
    double world[3];

    how.blur_mm2 = hep_blob_blur_mm2(native, 1.5);
    assert_ok(hep_blob_find(&l, v, NULL, &how, &e), e);
    assert_true(l.n >= 1);
    assert_close(l.item[0].radius_mm, 0.5 * c->diameter_mm, c->tolerance, 0.0);
    hep_grid_to_world(world, &v->grid, l.item[0].voxel);
    for (int k = 0; k < 3; k++)
        assert_close(world[k], centre[k], 0.0, k == 2 && c->slice_mm > 2.0 ? 1.5 : 0.4);
    if (c->slice_mm < 2.0)
        assert_true(l.item[0].roundness > 0.75);
    if (c->slice_mm < 2.0 && c->diameter_mm >= 10.0)
        assert_close(l.item[0].response, 0.925, 0.08, 0.0); /* scales 27 % apart miss the peak */
    hep_blob_list_release(&l);
    hep_volume_free(v);
}

/* The search changes to a grid of twice the spacing between two scales: no size falls between. */
static void test_no_size_is_lost(void **state)
{
    const double centre[3] = { 0.9, -0.2, 0.5 };
    const double native[3] = { 1.5, 1.5, 1.5 };

    (void)state;
    for (double d = 9.0; d <= 20.0; d += 0.5) {
        struct hep_volume *v = sphere(d, 1.5, centre);
        struct hep_blob_search how = search();
        struct hep_blob_list l = { 0 };
        struct hep_error e = { 0 };
        double world[3];

        how.blur_mm2 = hep_blob_blur_mm2(native, 1.5);
        how.strength_min = 0.6;
        assert_ok(hep_blob_find(&l, v, NULL, &how, &e), e);
        assert_int_equal(l.n, 1);
        assert_close(l.item[0].radius_mm, 0.5 * d, 0.15, 0.0);
        hep_grid_to_world(world, &v->grid, l.item[0].voxel);
        for (int k = 0; k < 3; k++)
            assert_close(world[k], centre[k], 0.0, 0.5);
        hep_blob_list_release(&l);
        hep_volume_free(v);
    }
}

static void test_dark_and_tube(void **state)
{
    const double p[7] = { 0.3, 0.2, 0.0, 0.0, 0.0, 1.0, 3.0 };
    const double bulge[4] = { 0.3, 0.2, 1.0, 3.0 };
    const struct hep_grid g = hep_test_grid(40, 40, 40, 1.5, 1.5, 1.5);
    struct hep_blob_search how = search();
    struct hep_blob_list l = { 0 };
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_volume_new(&v, &g, 1, &e), e);
    scene_add(v, scene_tube, p, -1.0);
    scene_add(v, scene_ball, bulge, -0.05);
    assert_ok(hep_blob_find(&l, v, NULL, &how, &e), e);
    for (size_t i = 0; i < l.n; i++)
        assert_true(l.item[i].response < 0.5 || l.item[i].roundness < 0.2);
    hep_blob_list_release(&l);
    how.bright = false;
    how.dark = true;
    assert_ok(hep_blob_find(&l, v, NULL, &how, &e), e);
    assert_true(l.n >= 1);
    for (size_t i = 0; i < l.n; i++) {
        assert_int_equal(l.item[i].polarity, -1);
        assert_true(l.item[i].roundness < 0.2);
    }
    hep_blob_list_release(&l);
    hep_volume_free(v);
}

static void test_refused(void **state)
{
    const struct hep_grid g = hep_test_grid(8, 8, 8, 1.5, 1.5, 1.5);
    struct hep_blob_search how = search();
    struct hep_blob_list l = { 0 };
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_volume_new(&v, &g, 1, &e), e);
    how.sigma_min_mm = 0.0;
    assert_fails(hep_blob_find(&l, v, NULL, &how, &e), e, HEP_EINVAL, "0 to 8.7 mm");
    how = search();
    how.sigma_max_mm = 0.5;
    assert_fails(hep_blob_find(&l, v, NULL, &how, &e), e, HEP_EINVAL, "1 to 0.5 mm");
    assert_null(l.item);
    hep_volume_free(v);
}

#define N_SPHERES (sizeof sphere_cases / sizeof *sphere_cases)

int main(void)
{
    struct CMUnitTest tests[N_SPHERES + 3] = { 0 };

    for (size_t i = 0; i < N_SPHERES; i++)
        tests[i] = (struct CMUnitTest){ .name = sphere_cases[i].name,
                                        .test_func = test_sphere,
                                        .initial_state = (void *)(uintptr_t)&sphere_cases[i] };
    tests[N_SPHERES] = (struct CMUnitTest)cmocka_unit_test(test_dark_and_tube);
    tests[N_SPHERES + 1] = (struct CMUnitTest)cmocka_unit_test(test_refused);
    tests[N_SPHERES + 2] = (struct CMUnitTest)cmocka_unit_test(test_no_size_is_lost);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
