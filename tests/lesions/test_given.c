/* Lesions that the user gives: kept, joined with found ones, and outlined from points. */
#include "lesions/candidate_scene.h"

#include "lesions/given.h"

/* Room for n lesions without regions on the scene's grid. */
static void given_init(struct hep_given *g, const struct scene *s, size_t n)
{
    struct hep_error e = { 0 };

    *g = (struct hep_given){ .n = n };
    assert_ok(hep_labels_new(&g->labels, &s->study.grid, &e), e);
    g->list = calloc(n, sizeof *g->list);
    assert_non_null(g->list);
    for (size_t i = 0; i < n; i++) {
        g->list[i].diameter_mm = (double)NAN;
        for (int k = 0; k < 3; k++)
            g->list[i].half_mm[k] = (double)NAN;
    }
}

static void point(struct hep_given *g, size_t i, double x, double y, double z, double diameter_mm)
{
    g->list[i].is_point = true;
    g->list[i].centre_mm[0] = x;
    g->list[i].centre_mm[1] = y;
    g->list[i].centre_mm[2] = z;
    g->list[i].diameter_mm = diameter_mm;
}

/* Dice of a lesion with the ball p: centre, radius. */
static double dice(const struct hep_labels *l, int32_t id, const double p[4])
{
    size_t both = 0, a = 0, b = 0;

    for (size_t i = 0; i < hep_grid_voxels(&l->grid); i++) {
        const double at[3] = { (double)(i % l->grid.n[0]),
                               (double)(i / l->grid.n[0] % l->grid.n[1]),
                               (double)(i / (l->grid.n[0] * l->grid.n[1])) };
        double w[3];

        hep_grid_to_world(w, &l->grid, at);
        a += l->data[i] == id;
        b += scene_ball(w, p);
        both += l->data[i] == id && scene_ball(w, p);
    }
    return 2.0 * (double)both / (double)(a + b);
}

/* A point 2 mm off the centre is enough; a point where nothing is gives a ball, or nothing. */
static void test_points(void **state)
{
    static const double ball[4] = { 10.0, 1.0, 0.0, 6.0 }, nothing[4] = { -15.0, -3.0, 5.0, 4.0 };
    const struct hep_grid grid = usual_grid();
    struct hep_candidates found = { 0 };
    struct hep_error e = { 0 };
    struct hep_given g;
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &grid, 42.0, 3);
    add_metastasis(&s, ball);
    find(&found, &s);
    given_init(&g, &s, 4);
    point(&g, 0, 11.5, 0.0, 1.0, (double)NAN);
    point(&g, 1, nothing[0], nothing[1], nothing[2], 8.0);
    point(&g, 2, -20.0, 15.0, -8.0, (double)NAN);
    point(&g, 3, -20.3, -15.2, -8.1, 1.0); /* smaller than a voxel: that of its centre */
    assert_true(hep_given_any_point(&g));
    assert_ok(hep_given_outline(&g, &s.study, &found, &e), e);
    assert_ok(hep_given_describe(&g, &s.study, &e), e);
    assert_true(dice(g.labels, 1, ball) > 0.85);
    assert_string_equal(g.list[0].note, "");
    assert_true(fabs(g.list[0].centre_mm[0] - 10.0) < 0.7);
    assert_true(dice(g.labels, 2, nothing) >
                0.75); /* a ball of 4 mm in voxels of 1.5 x 1.5 x 2.5 mm */
    assert_non_null(strstr(g.list[1].note, "a ball of the stated 8.0 mm"));
    assert_int_equal(g.list[2].voxels, 0);
    assert_non_null(strstr(g.list[2].note, "not outlined"));
    assert_int_equal(g.list[3].voxels, 1);
    hep_given_release(&g);
    hep_candidates_release(&found);
    scene_release(&s);
}

/* The detector is not asked: the spot beneath the point is followed. A box is not left. */
static void test_points_without_candidates(void **state)
{
    static const double ball[4] = { 10.0, 1.0, 0.0, 6.0 };
    const struct hep_grid grid = usual_grid();
    struct hep_error e = { 0 };
    struct hep_candidates none = { 0 };
    struct hep_given g;
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &grid, 42.0, 4);
    add_metastasis(&s, ball);
    assert_ok(hep_labels_new(&none.labels, &grid, &e), e);
    given_init(&g, &s, 1);
    point(&g, 0, 9.0, 2.0, 0.0, 12.0);
    assert_ok(hep_given_outline(&g, &s.study, &none, &e), e);
    assert_true(dice(g.labels, 1, ball) > 0.8);
    hep_given_release(&g);
    hep_candidates_release(&none);
    scene_release(&s);
}

/* Diffusion shows the lesion best and 5 mm off: the outline of a point with a stated size is where the reference shows it. */
static void test_displaced_diffusion(void **state)
{
    static const double ball[4] = { 10.0, 1.0, 0.0, 6.0 }, displaced[4] = { 10.0, 6.0, 0.0, 6.0 };
    static const enum hep_image moved[] = { B_HIGH, B_LOW, HEP_IMAGE_T2 };
    const struct hep_grid grid = usual_grid();
    struct hep_error e = { 0 };
    struct hep_candidates found = { 0 };
    struct hep_given g;
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &grid, 42.0, 5);
    scene_add(s.volume[HBP], scene_ball, ball, -30.0);
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        scene_add(s.volume[moved[i]], scene_ball, displaced, 150.0);
        s.study.image[moved[i]].registration_mm = 3.0;
    }
    find(&found, &s);
    given_init(&g, &s, 1);
    point(&g, 0, 10.0, 1.0, 0.0, 12.0);
    assert_ok(hep_given_outline(&g, &s.study, &found, &e), e);
    assert_true(dice(g.labels, 1, ball) > 0.85);
    hep_given_release(&g);
    hep_candidates_release(&found);
    scene_release(&s);
}

/* Two points in one lesion: without a size the second has no outline and says whose it lies in; with one they share it. */
static void test_two_points_in_one(void **state)
{
    static const double ball[4] = { 10.0, 1.0, 0.0, 6.0 };
    const struct hep_grid grid = usual_grid();
    struct hep_candidates found = { 0 };
    struct hep_error e = { 0 };
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &grid, 42.0, 6);
    add_metastasis(&s, ball);
    find(&found, &s);
    for (int stated = 0; stated < 2; stated++) {
        struct hep_given g;

        given_init(&g, &s, 2);
        point(&g, 0, 9.0, 1.0, 0.0, stated ? 12.0 : (double)NAN);
        point(&g, 1, 12.0, 1.0, 0.0, stated ? 12.0 : (double)NAN);
        assert_ok(hep_given_outline(&g, &s.study, &found, &e), e);
        assert_ok(hep_given_describe(&g, &s.study, &e), e);
        assert_true(g.list[0].voxels > 0);
        if (stated) {
            assert_true(g.list[1].voxels > 0);
            assert_non_null(
                strstr(g.list[1].note, "given lesion 1 is stated to lie in the same place"));
        } else {
            assert_int_equal(g.list[1].voxels, 0);
            assert_non_null(
                strstr(g.list[1].note, "the outline of given lesion 1 holds the point"));
        }
        hep_given_release(&g);
    }
    hep_candidates_release(&found);
    scene_release(&s);
}

static int32_t id_near(const struct hep_candidates *c, const double p[3])
{
    const struct hep_candidate *found = nearest(c, p, 2.0);

    return found != NULL ? found->id : -1;
}

/* A found lesion that a given one covers is the same lesion; another is added with the next id. */
static void test_add(void **state)
{
    static const double one[4] = { 10.0, 1.0, 0.0, 5.0 }, two[4] = { -12.0, 4.0, 5.0, 5.0 };
    const struct hep_grid grid = usual_grid();
    struct hep_candidates found = { 0 }, all = { 0 };
    struct hep_error e = { 0 };
    struct hep_given g;
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &grid, 42.0, 5);
    add_metastasis(&s, one);
    add_metastasis(&s, two);
    find(&found, &s);
    assert_int_equal(found.n, 2);
    given_init(&g, &s, 2);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++)
        g.labels->data[i] = found.labels->data[i] == id_near(&found, one) ? 1 : 0;
    assert_ok(hep_given_describe(&g, &s.study, &e), e);
    assert_non_null(strstr(g.list[1].note, "outside of the reference"));
    assert_ok(hep_given_candidates(&all, &g, &s.study, NULL, &e), e);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.list[0].id, 1);
    hep_candidates_release(&all);
    assert_ok(hep_given_candidates(&all, &g, &s.study, &found, &e), e);
    assert_int_equal(all.n, 2);
    assert_int_equal(all.list[1].id, 3);
    assert_ptr_equal(nearest(&all, two, 2.0), &all.list[1]);
    assert_int_equal(hep_labels_count(all.labels, 3),
                     hep_labels_count(found.labels, id_near(&found, two)));
    assert_int_equal(hep_labels_count(all.labels, 1), g.list[0].voxels);
    hep_candidates_release(&all);
    hep_given_release(&g);
    hep_candidates_release(&found);
    scene_release(&s);
}

static void test_outside_of_liver(void **state)
{
    const struct hep_grid grid = usual_grid();
    struct hep_error e = { 0 };
    struct hep_given g;
    struct scene s;

    (void)state;
    scene_init(&s, &grid, 30.0);
    given_init(&g, &s, 2);
    g.labels->data[0] = 1;
    g.labels->data[1] = 1;
    g.labels->data[32 + 64 * (30 + 60 * 20)] = 2;
    assert_ok(hep_given_describe(&g, &s.study, &e), e);
    assert_non_null(strstr(g.list[0].note, "100 % of it lies outside of the liver"));
    assert_non_null(strstr(g.list[1].note, "single voxel"));
    hep_given_release(&g);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_points_without_candidates),
        cmocka_unit_test(test_displaced_diffusion),
        cmocka_unit_test(test_two_points_in_one),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_outside_of_liver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
