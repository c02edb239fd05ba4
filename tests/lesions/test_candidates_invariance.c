/* What must not change the candidates: scale and offset of a series, threads, the order of the
 * axes. */
#include "lesions/candidate_scene.h"

#include "lesions/candidate_frame.h"

static void mixed_scene(struct scene *s)
{
    const double tube[7] = { 2.0, 1.0, 0.0, 0.6, 0.48, 0.64, 3.0 };
    const double big[4] = { -14.0, -8.0, 2.0, 9.0 };
    const double small[4] = { 18.0, 12.0, -6.0, 3.0 };
    const struct hep_grid g = usual_grid();

    hbp_and_dwi(s, &g, 42.0, 19);
    add_vessel(s, tube);
    add_metastasis(s, big);
    add_metastasis(s, small);
}

static void test_scaling_and_offset(void **state)
{
    struct hep_candidates before = { 0 }, after = { 0 };
    struct scene s;

    (void)state;
    mixed_scene(&s);
    find(&before, &s);
    assert_int_equal(before.n, 2);
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        for (size_t v = 0; s.volume[i] != NULL && v < hep_grid_voxels(&s.study.grid); v++)
            s.volume[i]->data[v] = 4.0F * s.volume[i]->data[v] + 256.0F; /* exact in binary */
    }
    find(&after, &s);
    assert_int_equal(after.n, before.n);
    for (size_t i = 0; i < before.n; i++) {
        assert_close(after.list[i].diameter_mm, before.list[i].diameter_mm, 1e-3, 0.0);
        assert_close(after.list[i].strength, before.list[i].strength, 1e-3, 0.0);
        for (int k = 0; k < 3; k++)
            assert_close(after.list[i].centre_mm[k], before.list[i].centre_mm[k], 0.0, 0.01);
    }
    hep_candidates_release(&before);
    hep_candidates_release(&after);
    scene_release(&s);
}

/* How dark a liver is with iron is measured against the body: 200 of signal above liver are 50 SD
 * of its noise, of which linear interpolation between slices leaves the root of 2/3. Scale and
 * offset change nothing; a body hardly brighter than liver speaks of no iron. */
static void test_iron_is_measured_against_the_body(void **state)
{
    static const struct {
        float body, scale, offset;
        bool iron;
    } cases[] = { { 300, 1, 0, true },
                  { 300, 4, 256, true },
                  { 300, 1, 500, true },
                  { 130, 1, 0, false },
                  { 130, 1, -60, false } };

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const struct hep_grid g = usual_grid();
        struct hep_candidate_frame f = { 0 };
        struct hep_error e = { 0 };
        struct scene s;

        scene_init(&s, &g, 30.0);
        scene_image(&s, HEP_IMAGE_B_HIGH, SCENE_NOISE, 5);
        scene_image(&s, HEP_IMAGE_T2, SCENE_NOISE, 6);
        for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
            float *x = &s.volume[HEP_IMAGE_B_HIGH]->data[i];

            if (s.liver->data[i] == 0 && i % g.n[0] > g.n[0] / 3)
                *x += cases[c].body - (float)SCENE_OUTSIDE;
            *x = cases[c].scale * *x + cases[c].offset;
        }
        assert_ok(hep_candidate_frame_init(&f, &s.study, &e), e);
        if (cases[c].iron)
            assert_close(f.body_z[HEP_IMAGE_B_HIGH], 200.0 / (SCENE_NOISE * sqrt(2.0 / 3.0)), 0.05,
                         0.0);
        else
            assert_close(f.body_z[HEP_IMAGE_B_HIGH], 0.0, 0.0, 0.0);
        assert_close(f.body_z[HEP_IMAGE_T2], 0.0, 0.0, 0.0);
        hep_candidate_frame_release(&f);
        scene_release(&s);
    }
}

static void test_threads_give_the_same_bytes(void **state)
{
    struct hep_candidates one = { 0 }, many = { 0 };
    struct scene s;

    (void)state;
    mixed_scene(&s);
    find(&one, &s);
    s.study.nthreads = 3;
    find(&many, &s);
    assert_int_equal(one.n, many.n);
    assert_memory_equal(one.list, many.list, one.n * sizeof *one.list);
    assert_memory_equal(one.labels->data, many.labels->data,
                        hep_grid_voxels(&s.study.grid) * sizeof *one.labels->data);
    hep_candidates_release(&one);
    hep_candidates_release(&many);
    scene_release(&s);
}

static void reverse(void *data, const size_t n[3], int axis)
{
    uint32_t *x = data; /* float and int32_t values are moved, not read */

    for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        size_t at[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };
        const size_t other = n[axis] - 1 - at[axis];
        size_t j;
        uint32_t swap;

        if (at[axis] >= other)
            continue;
        at[axis] = other;
        j = at[0] + n[0] * (at[1] + n[1] * at[2]);
        swap = x[i];
        x[i] = x[j];
        x[j] = swap;
    }
}

/* The same study stored the other way round: voxel k becomes n - 1 - k, the affine follows. */
static void flip(struct scene *s, int axis)
{
    struct hep_grid g = s->study.grid;

    for (int r = 0; r < 3; r++) {
        g.to_world[r][3] += g.to_world[r][axis] * (double)(g.n[axis] - 1);
        g.to_world[r][axis] = -g.to_world[r][axis];
    }
    reverse(s->liver->data, g.n, axis);
    s->liver->grid = g;
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        if (s->volume[i] != NULL) {
            reverse(s->volume[i]->data, g.n, axis);
            s->volume[i]->grid = g;
        }
    }
    s->study.grid = g;
}

/* Rotate the whole study in the world: 30 degrees about S, then 20 about R. */
static void turn(double out[4][4])
{
    const double a = 0.5235987755982988, b = 0.3490658503988659;
    const double first[4][4] = {
        { cos(a), -sin(a), 0, 0 }, { sin(a), cos(a), 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 }
    };
    const double second[4][4] = {
        { 1, 0, 0, 5 }, { 0, cos(b), -sin(b), -7 }, { 0, sin(b), cos(b), 11 }, { 0, 0, 0, 1 }
    };

    hep_affine_mul(out, second, first);
}

static void test_flips(void **state)
{
    struct hep_candidates before = { 0 };
    struct scene s;

    (void)state;
    mixed_scene(&s);
    find(&before, &s);
    assert_int_equal(before.n, 2);
    for (int axis = 0; axis < 3; axis++) {
        struct hep_candidates after = { 0 };

        flip(&s, axis); /* one after another: all of them at last */
        find(&after, &s);
        assert_int_equal(after.n, before.n);
        for (size_t i = 0; i < before.n; i++) {
            assert_close(after.list[i].diameter_mm, before.list[i].diameter_mm, 0.01, 0.0);
            for (int k = 0; k < 3; k++)
                assert_close(after.list[i].centre_mm[k], before.list[i].centre_mm[k], 0.0, 0.05);
        }
        hep_candidates_release(&after);
    }
    hep_candidates_release(&before);
    scene_release(&s);
}

static void test_oblique(void **state)
{
    struct hep_candidates before = { 0 }, after = { 0 };
    double rotation[4][4], to_world[4][4];
    struct scene s;

    (void)state;
    mixed_scene(&s);
    find(&before, &s);
    turn(rotation);
    hep_affine_mul(to_world, HEP_AFFINE(rotation), HEP_AFFINE(s.study.grid.to_world));
    memcpy(s.study.grid.to_world, to_world, sizeof to_world);
    s.liver->grid = s.study.grid;
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        if (s.volume[i] != NULL)
            s.volume[i]->grid = s.study.grid;
    }
    find(&after, &s);
    assert_int_equal(after.n, before.n);
    for (size_t i = 0; i < before.n; i++) {
        double want[3];

        hep_affine_apply(want, HEP_AFFINE(rotation), before.list[i].centre_mm);
        for (int k = 0; k < 3; k++)
            assert_close(after.list[i].centre_mm[k], want[k], 0.0, 0.05);
    }
    hep_candidates_release(&before);
    hep_candidates_release(&after);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scaling_and_offset),
        cmocka_unit_test(test_iron_is_measured_against_the_body),
        cmocka_unit_test(test_threads_give_the_same_bytes),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_oblique),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
