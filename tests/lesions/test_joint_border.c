/* A lesion of known place and size, outlined by all images of a study. */
#include "lesions/candidate_scene.h"

#include "lesions/joint_border.h"

static struct hep_extent point_of(const double p[3], double diameter_mm)
{
    struct hep_extent e = { .box = false };

    for (int k = 0; k < 3; k++) {
        e.centre_mm[k] = p[k];
        e.half_mm[k] = 0.5 * diameter_mm;
    }
    return e;
}

/* p: centre, radius in a slice, half the height. */
static bool spheroid(const double w[3], const double *p)
{
    const double in_slice = hypot(w[0] - p[0], w[1] - p[1]) / p[3], z = (w[2] - p[2]) / p[4];

    return in_slice * in_slice + z * z <= 1.0;
}

/* Dice of a label with a shape, by voxel centres. */
static double dice(const struct hep_labels *l, int32_t id, scene_shape shape, const double *p)
{
    size_t both = 0, sum = 0;

    for (size_t i = 0; i < hep_grid_voxels(&l->grid); i++) {
        double w[3];

        hep_grid_world_of(w, &l->grid, i);
        both += l->data[i] == id && shape(w, p);
        sum += (size_t)(l->data[i] == id) + (size_t)shape(w, p);
    }
    return 2.0 * (double)both / (double)sum;
}

/* Outline one lesion in a scene; the labels are the caller's. */
static size_t outline(struct hep_labels **labels, const struct scene *s,
                      const struct hep_extent *own, const struct hep_extent *others, size_t n)
{
    struct hep_error e = { 0 };
    size_t voxels = 0;

    assert_ok(hep_labels_new(labels, &s->study.grid, &e), e);
    assert_ok(hep_joint_border(&voxels, *labels, 1, own, others, n, &s->study, &e), e);
    assert_int_equal(voxels, hep_labels_count(*labels, 1));
    return voxels;
}

/* Contrast to noise adds in squares (Fisher): four images of 2 SD are as one of 4, where one alone, 2, is below the three SD
 * that surely show a lesion. */
static void test_images_add_up(void **state)
{
    static const double ball[4] = { 10.0, 1.0, 0.0, 6.0 };
    static const enum hep_image four[] = { HBP, B_HIGH, B_LOW, HEP_IMAGE_T2 };
    const struct hep_extent own = point_of(ball, 12.0);
    const struct hep_grid grid = usual_grid();
    struct hep_labels *labels = NULL;
    struct scene s;

    (void)state;
    scene_init(&s, &grid, 42.0);
    for (size_t k = 0; k < 4; k++)
        scene_add(scene_image(&s, four[k], SCENE_NOISE, 7), scene_ball, ball, 2.0 * SCENE_NOISE);
    assert_true(outline(&labels, &s, &own, NULL, 0) > 0);
    assert_true(dice(labels, 1, scene_ball, ball) > 0.85);
    hep_labels_free(labels);
    for (size_t k = 1; k < 4; k++)
        s.study.image[four[k]].volume = NULL;
    assert_int_equal(outline(&labels, &s, &own, NULL, 0), 0);
    hep_labels_free(labels);
    scene_release(&s);
}

/* The stated long axis is that of a slice: a lesion of twice 5 mm in a slice and twice 7 mm across keeps its height. */
static void test_taller_than_wide(void **state)
{
    static const double tall[5] = { 10.0, 1.0, 0.0, 5.0, 7.0 };
    const struct hep_extent own = point_of(tall, 10.0);
    const struct hep_grid grid = usual_grid();
    struct hep_labels *labels = NULL;
    struct scene s;

    (void)state;
    scene_init(&s, &grid, 42.0);
    scene_add(scene_image(&s, HBP, SCENE_NOISE, 8), spheroid, tall, -60.0);
    assert_true(outline(&labels, &s, &own, NULL, 0) > 0);
    assert_true(dice(labels, 1, spheroid, tall) > 0.85);
    hep_labels_free(labels);
    scene_release(&s);
}

/* Half of a ball is boxed: nothing beyond the box is taken. */
static void test_box_is_kept(void **state)
{
    static const double ball[4] = { 10.0, 1.0, 0.0, 8.0 };
    const struct hep_extent own = { .box = true,
                                    .centre_mm = { 6.0, 1.0, 0.0 },
                                    .half_mm = { 4.0, 8.0, 8.0 } };
    const struct hep_grid grid = usual_grid();
    struct hep_labels *labels = NULL;
    struct scene s;

    (void)state;
    scene_init(&s, &grid, 42.0);
    scene_add(scene_image(&s, HBP, SCENE_NOISE, 9), scene_ball, ball, -60.0);
    assert_true(outline(&labels, &s, &own, NULL, 0) > 0);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        double w[3];

        hep_grid_world_of(w, &grid, i);
        assert_true(labels->data[i] == 0 || (w[0] >= 2.0 && w[0] <= 10.0));
    }
    hep_labels_free(labels);
    scene_release(&s);
}

/* Two lesions that touch: each keeps its half. */
static void test_neighbours_share(void **state)
{
    static const double left[4] = { 5.0, 1.0, 0.0, 5.0 }, right[4] = { 15.0, 1.0, 0.0, 5.0 };
    const struct hep_extent own = point_of(left, 10.0), other = point_of(right, 10.0);
    const struct hep_grid grid = usual_grid();
    struct hep_labels *labels = NULL;
    struct scene s;

    (void)state;
    scene_init(&s, &grid, 42.0);
    scene_add(scene_image(&s, HBP, SCENE_NOISE, 10), scene_ball, left, -60.0);
    scene_add(s.volume[HBP], scene_ball, right, -60.0);
    assert_true(outline(&labels, &s, &own, &other, 1) > 0);
    assert_true(dice(labels, 1, scene_ball, left) > 0.8);
    assert_true(dice(labels, 1, scene_ball, right) < 0.05);
    hep_labels_free(labels);
    scene_release(&s);
}

/* Liver alone, a place outside of the liver, and one outside of the images have no outline. */
static void test_nothing_to_see(void **state)
{
    static const double places[][3] = { { 10.0, 1.0, 0.0 },
                                        { 0.0, 0.0, 46.0 },
                                        { 500.0, 0.0, 0.0 } };
    const struct hep_grid grid = usual_grid();
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &grid, 32.0, 11);
    for (size_t i = 0; i < 3; i++) {
        const struct hep_extent own = point_of(places[i], 10.0);
        struct hep_labels *labels = NULL;

        assert_int_equal(outline(&labels, &s, &own, NULL, 0), 0);
        hep_labels_free(labels);
    }
    scene_release(&s);
}

/* Two images of 10 and 20 SD show a core of 6 and of 9 mm. By hand: between 6 and 9 mm the lesion is taken where w m =
 * m^2 / (1.05 + m^2 t^2) of the second exceeds the first's, 100 / 1.05: for t^2 below 0.0079, which on voxels of 2 mm is a
 * residual of 0.31 mm (t^2 = r^2 / 3 / 4 mm^2) or a longest side of 2.09 mm (t^2 = (h^2 - 4) / 12 / 4 mm^2). */
static void test_border_is_where_it_is_known(void **state)
{
    static const double inner[4] = { 10.0, 0.0, 0.0, 6.0 }, outer[4] = { 10.0, 0.0, 0.0, 9.0 };
    static const struct {
        double residual_mm, side_mm;
        bool outer;
    } rows[] = {
        { 0.2, 2.0, true }, { 0.45, 2.0, false }, { 0.0, 2.04, true }, { 0.0, 2.19, false }
    };
    const struct hep_grid grid = hep_test_grid(64, 60, 60, 2.0, 2.0, 2.0);
    const struct hep_extent own = point_of(inner, 18.0);
    struct scene s;

    (void)state;
    scene_init(&s, &grid, 42.0);
    s.limits.point_fill_spread = 1.0;
    s.limits.point_evidence_max = 1000.0;
    scene_add(scene_image(&s, HBP, SCENE_NOISE, 12), scene_ball, inner, -10.0 * SCENE_NOISE);
    scene_add(scene_image(&s, HEP_IMAGE_T2, SCENE_NOISE, 12), scene_ball, outer,
              20.0 * SCENE_NOISE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hep_labels *labels = NULL;

        s.study.image[HEP_IMAGE_T2].registration_mm = rows[i].residual_mm;
        s.study.image[HEP_IMAGE_T2].native_mm[2] = rows[i].side_mm;
        assert_true(outline(&labels, &s, &own, NULL, 0) > 0);
        assert_true(dice(labels, 1, scene_ball, rows[i].outer ? outer : inner) > 0.85);
        hep_labels_free(labels);
    }
    scene_release(&s);
}

/* A border that falls from 6 to 12 mm in twelve steps is at its half, 9 mm. */
static void test_half_contrast(void **state)
{
    static const double half[4] = { 10.0, 0.0, 0.0, 9.0 };
    const struct hep_grid grid = hep_test_grid(64, 60, 60, 2.0, 2.0, 2.0);
    const struct hep_extent own = point_of(half, 24.0);
    struct hep_labels *labels = NULL;
    struct hep_volume *image;
    struct scene s;

    (void)state;
    scene_init(&s, &grid, 42.0);
    s.limits.point_fill_spread = 1.0;
    s.limits.point_evidence_max = 1000.0;
    image = scene_image(&s, HBP, 1.0, 13);
    for (int k = 0; k < 12; k++) {
        const double step[4] = { 10.0, 0.0, 0.0, 6.25 + 0.5 * k };

        scene_add(image, scene_ball, step, -60.0 / 12.0);
    }
    assert_true(outline(&labels, &s, &own, NULL, 0) > 0);
    assert_true(dice(labels, 1, scene_ball, half) > 0.93);
    hep_labels_free(labels);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images_add_up),  cmocka_unit_test(test_taller_than_wide),
        cmocka_unit_test(test_box_is_kept),    cmocka_unit_test(test_neighbours_share),
        cmocka_unit_test(test_nothing_to_see), cmocka_unit_test(test_border_is_where_it_is_known),
        cmocka_unit_test(test_half_contrast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
