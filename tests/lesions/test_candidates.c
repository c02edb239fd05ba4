/* Synthetic livers with lesions at known places. */
#include "lesions/candidate_scene.h"

static void test_noise_gives_less_than_one(void **state)
{
    const struct hep_grid g = usual_grid();
    size_t found = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct hep_candidates c = { 0 };
        struct scene s;

        hbp_and_dwi(&s, &g, 42.0, seed);
        find(&c, &s);
        found += c.n;
        hep_candidates_release(&c);
        scene_release(&s);
    }
    assert_true(found < 4);
}

static void test_vessel_gives_none(void **state)
{
    static const double tubes[][7] = { { 2.0, 1.0, 0.0, 0.0, 0.0, 1.0, 3.0 },
                                       { 2.0, 1.0, 0.0, 1.0, 0.0, 0.0, 3.0 },
                                       { 0.0, 0.0, 3.0, 0.6, 0.48, 0.64, 3.0 } };
    const struct hep_grid g = usual_grid();

    (void)state;
    for (size_t t = 0; t < 3; t++) {
        for (int alone = 0; alone < 2; alone++) {
            struct hep_candidates c = { 0 };
            struct scene s;

            scene_init(&s, &g, 42.0);
            (void)scene_image(&s, HBP, SCENE_NOISE, 11);
            if (!alone) {
                (void)scene_image(&s, B_HIGH, 2.0 * SCENE_NOISE, 11);
                (void)scene_image(&s, B_LOW, SCENE_NOISE, 11);
            }
            add_vessel(&s, tubes[t]);
            find(&c, &s);
            assert_int_equal(c.n, 0);
            hep_candidates_release(&c);
            scene_release(&s);
        }
    }
}

static void test_lesion_at_a_vessel_survives(void **state)
{
    const double tube[7] = { 2.0, 1.0, 0.0, 0.0, 0.0, 1.0, 3.0 };
    const double p[4] = { 10.0, 1.0, 0.0, 5.0 };
    const struct hep_grid g = usual_grid();
    struct hep_candidates c = { 0 };
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &g, 42.0, 12);
    add_vessel(&s, tube);
    add_metastasis(&s, p);
    find(&c, &s);
    assert_int_equal(c.n, 1);
    assert_non_null(nearest(&c, p, 2.0));
    hep_candidates_release(&c);
    scene_release(&s);
}

struct size_case {
    const char *name;
    double radius_mm, centre_tolerance_mm, diameter_tolerance;
};
/* Centres within half the smallest voxel edge plus what noise of 4 % does; diameters of small
 * lesions within the blur of a 2.5 mm slice. */
static const struct size_case size_cases[] = { { "4 mm", 2.0, 0.8, 0.45 },
                                               { "6 mm", 3.0, 0.7, 0.25 },
                                               { "10 mm", 5.0, 0.6, 0.12 },
                                               { "20 mm", 10.0, 0.6, 0.06 },
                                               { "44 mm", 22.0, 1.0, 0.06 } };

static void test_size_and_place(void **state)
{
    const struct size_case *k = *state;
    const double p[4] = { 6.3, -4.2, 3.1, k->radius_mm };
    const struct hep_grid g = usual_grid();
    struct hep_candidates c = { 0 };
    const struct hep_candidate *hit;
    struct scene s;

    hbp_and_dwi(&s, &g, 42.0, 13);
    add_metastasis(&s, p);
    find(&c, &s);
    assert_int_equal(c.n, 1);
    hit = nearest(&c, p, k->centre_tolerance_mm);
    assert_non_null(hit);
    if (hit == NULL)
        return;
    assert_close(hit->diameter_mm, 2.0 * k->radius_mm, k->diameter_tolerance, 0.0);
    assert_int_equal(hit->id, 1);
    assert_true(hep_labels_count(c.labels, 1) > 0);
    assert_true(hit->image_z[HBP] > 3.0 && hit->image_z[B_HIGH] > 3.0);
    assert_true(isnan(hit->image_z[HEP_IMAGE_ARTERIAL]));
    hep_candidates_release(&c);
    scene_release(&s);
}

static void test_two_lesions_4_mm_apart(void **state)
{
    const double a[4] = { -7.0, 0.0, 0.0, 5.0 };
    const double b[4] = { 7.0, 0.0, 0.0, 5.0 };
    const struct hep_grid g = usual_grid();
    struct hep_candidates c = { 0 };
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &g, 42.0, 14);
    add_metastasis(&s, a);
    add_metastasis(&s, b);
    find(&c, &s);
    assert_int_equal(c.n, 2);
    assert_non_null(nearest(&c, a, 1.5));
    assert_non_null(nearest(&c, b, 1.5));
    hep_candidates_release(&c);
    scene_release(&s);
}

/* p: two balls of one radius at -p[0] and p[0] on the first axis. */
static bool twin(const double w[3], const double *p)
{
    const double left[4] = { -p[0], 0.0, 0.0, p[1] };
    const double right[4] = { p[0], 0.0, 0.0, p[1] };

    return scene_ball(w, left) || scene_ball(w, right);
}

/* Two balls of radius r whose centres are d apart: V = 8/3 pi r^3 - pi (4 r + d)(2 r - d)^2 / 12.
 */
static void test_confluent_volume(void **state)
{
    const double p[2] = { 6.0, 8.0 };
    const double pi = acos(-1.0);
    const double r = p[1], d = 2.0 * p[0];
    const double want =
        8.0 / 3.0 * pi * r * r * r - pi * (4.0 * r + d) * (2.0 * r - d) * (2.0 * r - d) / 12.0;
    const struct hep_grid g = usual_grid();
    struct hep_candidates c = { 0 };
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &g, 42.0, 15);
    scene_add(s.volume[HBP], twin, p, -55.0);
    scene_add(s.volume[B_HIGH], twin, p, 120.0);
    scene_add(s.volume[HEP_IMAGE_T2], twin, p, 60.0);
    find(&c, &s);
    assert_true(c.n == 1 || c.n == 2);
    assert_close((double)hep_labels_count(c.labels, -1) * hep_grid_voxel_mm3(&g), want, 0.10, 0.0);
    hep_candidates_release(&c);
    scene_release(&s);
}

static void test_any_single_series(void **state)
{
    static const enum hep_image alone[] = { HBP, B_HIGH, B_LOW, HEP_IMAGE_T2,
                                            HEP_IMAGE_PORTAL_VENOUS };
    const double p[4] = { 6.3, -4.2, 3.1, 5.0 };
    const struct hep_grid g = usual_grid();

    (void)state;
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        struct hep_candidates c = { 0 };
        struct scene s;

        scene_init(&s, &g, 42.0);
        (void)scene_image(&s, alone[i], SCENE_NOISE, 16);
        if (alone[i] == HEP_IMAGE_PORTAL_VENOUS)
            scene_add(s.volume[alone[i]], scene_ball, p, -30.0);
        add_metastasis(&s, p);
        find(&c, &s);
        assert_int_equal(c.n, 1);
        assert_non_null(nearest(&c, p, 1.0));
        hep_candidates_release(&c);
        scene_release(&s);
    }
}

/* Coarse diffusion voxels blur a lesion by millimetres; its border is that of the sharp series,
 * also where diffusion has the far stronger contrast. 14 mm in voxels of 3 x 3 x 6 mm. */
static void test_border_of_the_sharper_series(void **state)
{
    const double p[4] = { 6.3, -4.2, 3.1, 7.0 };
    const struct hep_grid g = usual_grid();
    const struct hep_grid native = hep_test_grid(40, 40, 20, 3.0, 3.0, 6.0);
    struct hep_candidates c = { 0 };
    const struct hep_candidate *hit;
    struct hep_volume *coarse = NULL, *fine = NULL;
    struct hep_error e = { 0 };
    struct scene s;

    (void)state;
    scene_init(&s, &g, 42.0);
    (void)scene_image(&s, HBP, SCENE_NOISE, 21);
    scene_add(s.volume[HBP], scene_ball, p, -50.0);
    (void)scene_image(&s, B_HIGH, 0.5 * SCENE_NOISE, 22);
    assert_ok(hep_volume_new(&coarse, &native, 1, &e), e);
    scene_add(coarse, scene_ball, p, 300.0);
    assert_ok(hep_resample(&fine, coarse, &g, NULL, HEP_INTERP_LINEAR, 0.0F, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        s.volume[B_HIGH]->data[i] += fine->data[i];
    hep_grid_spacing(s.study.image[B_HIGH].native_mm, &native);
    find(&c, &s);
    assert_int_equal(c.n, 1);
    hit = nearest(&c, p, 0.7);
    assert_non_null(hit);
    if (hit != NULL)
        assert_close(hit->diameter_mm, 14.0, 0.06, 0.0);
    hep_volume_free(coarse);
    hep_volume_free(fine);
    hep_candidates_release(&c);
    scene_release(&s);
}

/* Melanin: bright before contrast, and like liver in everything else. */
static void test_bright_before_contrast(void **state)
{
    const double p[4] = { 6.3, -4.2, 3.1, 4.0 };
    const struct hep_grid g = usual_grid();
    struct hep_candidates c = { 0 };
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &g, 42.0, 23);
    (void)scene_image(&s, HEP_IMAGE_PRECONTRAST, SCENE_NOISE, 24);
    scene_add(s.volume[HEP_IMAGE_PRECONTRAST], scene_ball, p, 30.0);
    find(&c, &s);
    assert_int_equal(c.n, 1);
    assert_non_null(nearest(&c, p, 1.0));
    hep_candidates_release(&c);
    scene_release(&s);
}

/* Opposed phase, dark because fat meets water: no lesion. Without the fat it is one. */
static void test_dark_by_fat(void **state)
{
    const double p[4] = { 6.3, -4.2, 3.1, 2.5 };
    const struct hep_grid g = usual_grid();

    (void)state;
    for (int fat = 0; fat < 2; fat++) {
        struct hep_candidates c = { 0 };
        struct scene s;

        scene_init(&s, &g, 42.0);
        (void)scene_image(&s, HEP_IMAGE_OPPOSED, SCENE_NOISE, 25);
        scene_add(s.volume[HEP_IMAGE_OPPOSED], scene_ball, p, -50.0);
        (void)scene_image(&s, HEP_IMAGE_FAT_FRACTION, SCENE_NOISE, 26);
        scene_add(s.volume[HEP_IMAGE_FAT_FRACTION], scene_ball, p, fat ? 300.0 : 0.0);
        for (size_t i = 0; i < hep_grid_voxels(&g); i++)
            s.volume[HEP_IMAGE_FAT_FRACTION]->data[i] *= 1e-3F;
        find(&c, &s);
        assert_int_equal(c.n, fat ? 0 : 1);
        hep_candidates_release(&c);
        scene_release(&s);
    }
}

/* Dark where fat is suppressed and bright in phase is fat. In a liver that iron darkens in phase, a
 * lesion without any is brighter there too, but not brighter than that liver was at first. */
static void test_fat_is_none(void **state)
{
    static const struct {
        const char *name;
        double in_phase_liver, in_phase_lesion;
        size_t expected;
    } cases[] = { { "fat", 100.0, 170.0, 0 },
                  { "lesion", 100.0, 75.0, 1 },
                  { "lesion, liver with iron", 40.0, 75.0, 1 } };
    const double p[4] = { 6.3, -4.2, 3.1, 4.0 };
    const struct hep_grid g = usual_grid();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double lesion = 100.0 * cases[i].in_phase_lesion / cases[i].in_phase_liver;
        struct hep_candidates c = { 0 };
        struct scene s;
        struct hep_volume *in;

        scene_init(&s, &g, 42.0);
        scene_add(scene_image(&s, HBP, SCENE_NOISE, 31), scene_ball, p, -70.0);
        scene_add(scene_image(&s, HEP_IMAGE_PRECONTRAST, SCENE_NOISE, 32), scene_ball, p, -70.0);
        (void)scene_image(&s, HEP_IMAGE_OPPOSED, SCENE_NOISE, 33);
        in = scene_image(&s, HEP_IMAGE_IN_PHASE, SCENE_NOISE, 34);
        scene_add(in, scene_ball, p, lesion - 100.0);
        for (size_t k = 0; k < hep_grid_voxels(&g); k++)
            in->data[k] *= (float)(cases[i].in_phase_liver / 100.0);
        find(&c, &s);
        if (c.n != cases[i].expected)
            print_error("%s: %zu\n", cases[i].name, c.n);
        assert_int_equal(c.n, cases[i].expected);
        hep_candidates_release(&c);
        scene_release(&s);
    }
}

/* Residual misregistration that is declared must not cost the lesion. */
static void test_shifted_series(void **state)
{
    const double p[4] = { 6.3, -4.2, 3.1, 4.0 };
    const double shifted[4] = { 8.3, -4.2, 5.1, 4.0 };
    const struct hep_grid g = usual_grid();
    struct hep_candidates c = { 0 };
    struct scene s;

    (void)state;
    scene_init(&s, &g, 42.0);
    scene_add(scene_image(&s, HBP, SCENE_NOISE, 17), scene_ball, p, -55.0);
    scene_add(scene_image(&s, B_HIGH, 2.0 * SCENE_NOISE, 17), scene_ball, shifted, 120.0);
    s.study.image[B_HIGH].registration_mm = 3.0;
    find(&c, &s);
    assert_int_equal(c.n, 1);
    assert_non_null(nearest(&c, p, 1.0));
    hep_candidates_release(&c);
    scene_release(&s);
}

static void test_subcapsular_and_left_out(void **state)
{
    const double edge[4] = { 36.0, 0.0, 0.0, 5.0 };  /* 1 mm below the surface */
    const double notch[4] = { 0.0, 37.0, 0.0, 6.0 }; /* cut out of the mask, open to the outside */
    const double hole[4] = { -15.0, -5.0, 5.0, 6.0 };
    const struct hep_grid g = hep_test_grid(64, 64, 40, 1.5, 1.5, 2.5);
    struct hep_candidates c = { 0 };
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &g, 42.0, 18);
    add_metastasis(&s, edge);
    add_metastasis(&s, notch);
    add_metastasis(&s, hole);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        const double at[3] = { (double)(i % g.n[0]), (double)(i / g.n[0] % g.n[1]),
                               (double)(i / (g.n[0] * g.n[1])) };
        double w[3];

        hep_grid_to_world(w, &g, at);
        if (scene_ball(w, notch) || scene_ball(w, hole))
            s.liver->data[i] = 0;
    }
    find(&c, &s);
    assert_non_null(nearest(&c, edge, 2.0));
    assert_non_null(nearest(&c, notch, 2.0));
    assert_non_null(nearest(&c, hole, 2.0));
    hep_candidates_release(&c);
    scene_release(&s);
}

static void test_diffuse_alarm(void **state)
{
    const struct hep_grid g = usual_grid();
    struct hep_candidates c = { 0 };
    struct hep_volume *adc;
    struct scene s;

    (void)state;
    hbp_and_dwi(&s, &g, 42.0, 20);
    adc = scene_image(&s, HEP_IMAGE_ADC, 10.0, 20);
    find(&c, &s);
    assert_false(c.diffuse_alarm);
    assert_string_equal(c.diffuse_reason, "");
    hep_candidates_release(&c);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        const double at[3] = { (double)(i % g.n[0]), (double)(i / g.n[0] % g.n[1]),
                               (double)(i / (g.n[0] * g.n[1])) };
        double w[3];

        hep_grid_to_world(w, &g, at);
        if (s.liver->data[i] == 0 || w[0] < 0.0 || w[1] < 0.0 || w[2] < 0.0)
            continue;
        s.volume[B_HIGH]->data[i] += 30.0F; /* z 30 / 8 */
        adc->data[i] -= 40.0F;              /* z 40 / 10 */
    }
    find(&c, &s);
    assert_true(c.diffuse_alarm || c.n > 0);
    if (c.diffuse_alarm)
        assert_non_null(strstr(c.diffuse_reason, "right anterior upper"));
    hep_candidates_release(&c);
    scene_release(&s);
}

static void test_refused(void **state)
{
    const struct hep_grid g = hep_test_grid(20, 20, 20, 2.0, 2.0, 2.0);
    struct hep_candidates c = { 0 };
    struct hep_error e = { 0 };
    struct scene s;

    (void)state;
    scene_init(&s, &g, 15.0);
    assert_fails(hep_candidates_find(&c, &s.study, NULL, &e), e, HEP_EDATA, "can show a lesion");
    (void)scene_image(&s, HBP, SCENE_NOISE, 21);
    s.study.hepatobiliary.grade = HEP_INADEQUATE;
    assert_fails(hep_candidates_find(&c, &s.study, NULL, &e), e, HEP_EDATA, "can show a lesion");
    s.study.hepatobiliary.grade = HEP_ADEQUATE;
    memset(s.liver->data, 0, hep_grid_voxels(&g) * sizeof *s.liver->data);
    assert_fails(hep_candidates_find(&c, &s.study, NULL, &e), e, HEP_EDATA, "empty");
    s.liver->data[0] = 1;
    s.liver->grid.to_world[0][3] += 3.0;
    assert_fails(hep_candidates_find(&c, &s.study, NULL, &e), e, HEP_EGEOM, "reference grid");
    assert_null(c.labels);
    assert_null(c.list);
    scene_release(&s);
}

#define N_SIZES (sizeof size_cases / sizeof *size_cases)

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_noise_gives_less_than_one),
        cmocka_unit_test(test_vessel_gives_none),
        cmocka_unit_test(test_lesion_at_a_vessel_survives),
        cmocka_unit_test(test_two_lesions_4_mm_apart),
        cmocka_unit_test(test_confluent_volume),
        cmocka_unit_test(test_any_single_series),
        cmocka_unit_test(test_shifted_series),
        cmocka_unit_test(test_border_of_the_sharper_series),
        cmocka_unit_test(test_bright_before_contrast),
        cmocka_unit_test(test_dark_by_fat),
        cmocka_unit_test(test_fat_is_none),
        cmocka_unit_test(test_subcapsular_and_left_out),
        cmocka_unit_test(test_diffuse_alarm),
        cmocka_unit_test(test_refused),
    };
    struct CMUnitTest tests[N_SIZES + sizeof others / sizeof *others];

    for (size_t i = 0; i < N_SIZES; i++)
        tests[i] = (struct CMUnitTest){ .name = size_cases[i].name,
                                        .test_func = test_size_and_place,
                                        .initial_state = (void *)(uintptr_t)&size_cases[i] };
    memcpy(tests + N_SIZES, others, sizeof others);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
