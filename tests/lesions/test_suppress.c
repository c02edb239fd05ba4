/* What explains a spot away: shapes, blood, bile and the outside, each alone. */
#include "lesions/candidate_scene.h"

#include "lesions/suppress.h"

static const struct hep_lesion_limits *const limits = &hep_lesion_limits_default;
static const struct hep_channel channels[HEP_MECHANISM_COUNT] = {
    [HEP_MECHANISM_T1] = { HEP_IMAGE_HEPATOBILIARY, false, true },
    [HEP_MECHANISM_DIFFUSION] = { HEP_IMAGE_B_HIGH, true, false },
    [HEP_MECHANISM_T2] = { HEP_IMAGE_T2, true, false },
    [HEP_MECHANISM_ARTERIAL] = { HEP_IMAGE_ARTERIAL, true, false },
    [HEP_MECHANISM_FAT] = { HEP_IMAGE_FAT_FRACTION, true, true },
};

struct look {
    const char *name;
    enum hep_mechanism mechanism;
    double support[3]; /* T1, diffusion, T2 */
    double hepatobiliary, b_zero, b_low, b_high, t2, portal_venous, roundness, ties;
    bool kept; /* at the default limit */
};

/* z as domain texts describe each: masses restrict, blood is black at b >= 50, bile is bright on T2
 * and holds the agent. */
static const struct look looks[] = {
    { "metastasis", HEP_MECHANISM_T1, { 10, 15, 20 }, 8, 6, 8, 10, 10, 1, 0.7, 0.0, true },
    { "metastasis that a vessel touches",
      HEP_MECHANISM_T1,
      { 10, 15, 20 },
      8,
      6,
      8,
      10,
      10,
      1,
      0.3,
      0.1,
      true },
    { "cyst", HEP_MECHANISM_T1, { 20, 8, 80 }, 14, 30, 30, 6, 60, 10, 0.8, 0.0, true },
    { "vessel", HEP_MECHANISM_T1, { 15, 0, 0 }, 8, 20, -4, -4, 1, -4, 0.1, 0.1, false },
    { "bulge of a vessel, bright on T2",
      HEP_MECHANISM_T1,
      { 15, 0, 30 },
      8,
      20,
      -3,
      -3,
      8,
      -4,
      0.6,
      0.03,
      false },
    { "duct with agent", HEP_MECHANISM_T2, { 0, 6, 80 }, -2, 15, 10, 1, 15, 1, 0.3, 0.04, false },
    { "duct without agent",
      HEP_MECHANISM_T1,
      { 8, 8, 90 },
      4,
      25,
      10,
      1.5,
      18,
      1,
      0.2,
      0.08,
      false },
};

static void test_look(void **state)
{
    const struct look *l = *state;
    const struct hep_lesion_study study = { .limits = limits, .arterial_weight = 1.0 };
    struct hep_spot s = { .mechanism = l->mechanism,
                          .roundness = l->roundness,
                          .ties = l->ties,
                          .support = { l->support[0], l->support[1], l->support[2], 0.0, 0.0 } };

    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        s.z[i] = (double)NAN;
    s.z[HEP_IMAGE_HEPATOBILIARY] = l->hepatobiliary;
    s.z[HEP_IMAGE_B_ZERO] = l->b_zero;
    s.z[HEP_IMAGE_B_LOW] = l->b_low;
    s.z[HEP_IMAGE_B_HIGH] = l->b_high;
    s.z[HEP_IMAGE_T2] = l->t2;
    s.z[HEP_IMAGE_PORTAL_VENOUS] = l->portal_venous;
    hep_suppress_score(&s, &study, channels);
    if (l->kept)
        assert_true(s.score >= limits->score_min);
    else
        assert_true(s.score < limits->score_min);
}

/* In a liver dark with iron everything else is bright at any b. Bile that holds agent is brighter
 * than liver in the hepatobiliary phase, and freer water; a nodule of hepatocytes is the first
 * only, and what is bright before contrast is no bile. */
static void test_bile_in_a_dark_liver(void **state)
{
    static const struct {
        double hepatobiliary, adc, t1_bright;
        bool kept;
    } cases[] = { { -5.0, -8.0, 0.0, false }, { -5.0, 0.0, 0.0, true }, { -5.0, -8.0, 6.0, true } };
    const struct hep_lesion_study study = { .limits = limits, .arterial_weight = 1.0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_spot s = { .mechanism = HEP_MECHANISM_T2,
                              .roundness = 0.9,
                              .t1_bright_z = cases[i].t1_bright,
                              .support = { 0.0, 15.0, 30.0, 0.0, 0.0, (double)NAN } };

        for (int k = 0; k < HEP_IMAGE_COUNT; k++)
            s.z[k] = (double)NAN;
        s.z[HEP_IMAGE_HEPATOBILIARY] = cases[i].hepatobiliary;
        s.z[HEP_IMAGE_ADC] = cases[i].adc;
        s.z[HEP_IMAGE_T2] = s.z[HEP_IMAGE_B_LOW] = 20.0;
        s.z[HEP_IMAGE_B_HIGH] = 14.0;
        hep_suppress_score(&s, &study, channels);
        assert_int_equal(s.score >= limits->score_min, cases[i].kept);
    }
}

/* Fat channel: blood holds no fat, and is darker than liver before contrast. Sparing is brighter
 * then, and after contrast; focal fat is dark where fat is suppressed, as blood is with diffusion.
 */
/* Beside a liver that is dark with iron, blood is no longer darker than liver at b >= 50: what is a
 * little brighter there is only free of iron. A lesion is about as bright as the body. */
static void test_blood_in_a_dark_liver(void **state)
{
    static const struct {
        double body, b_low, b_high, share;
        bool kept;
    } cases[] = { { 0.0, 5.0, 4.0, 1.0, true },
                  { 20.0, 5.0, 4.0, 0.0, false },
                  { 20.0, 20.0, 18.0, 2.0 / 3.0, true } };
    const struct hep_lesion_study study = { .limits = limits, .arterial_weight = 1.0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_spot s = { .mechanism = HEP_MECHANISM_T1, .roundness = 0.7, .ties = 0.05 };

        for (int k = 0; k < HEP_IMAGE_COUNT; k++)
            s.z[k] = (double)NAN;
        s.z[HEP_IMAGE_HEPATOBILIARY] = 6.0;
        s.z[HEP_IMAGE_T2] = 15.0;
        s.z[HEP_IMAGE_B_LOW] = cases[i].b_low;
        s.z[HEP_IMAGE_B_HIGH] = cases[i].b_high;
        s.body_z[HEP_IMAGE_B_LOW] = s.body_z[HEP_IMAGE_B_HIGH] = cases[i].body;
        assert_close(hep_suppress_iron_free(&s, HEP_IMAGE_B_HIGH, limits), cases[i].share, 0.0,
                     0.01);
        assert_close(hep_suppress_iron_free(&s, HEP_IMAGE_T2, limits), 1.0, 0.0, 0.0);
        s.support[HEP_MECHANISM_T1] = 8.0;
        s.support[HEP_MECHANISM_DIFFUSION] = 8.0 * cases[i].share;
        s.support[HEP_MECHANISM_T2] = 15.0;
        hep_suppress_score(&s, &study, channels);
        if (cases[i].kept)
            assert_true(s.score >= limits->score_min);
        else
            assert_true(s.score < limits->score_min);
    }
}

static void test_fat_and_blood(void **state)
{
    static const struct {
        int polarity;
        double before, portal_venous, b;
        bool kept;
    } cases[] = { { -1, 4.0, -5.0, 0.0, true },
                  { -1, -3.0, -5.0, -4.0, false },
                  { 1, -3.0, 3.0, -4.0, true } };
    const struct hep_lesion_study study = { .limits = limits, .arterial_weight = 1.0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_spot s = { .mechanism = HEP_MECHANISM_FAT,
                              .polarity = cases[i].polarity,
                              .roundness = 0.9,
                              .t1_bright_z = cases[i].before,
                              .support = { [HEP_MECHANISM_FAT] = 25.0 } };

        for (int k = 0; k < HEP_IMAGE_COUNT; k++)
            s.z[k] = (double)NAN;
        s.z[HEP_IMAGE_PORTAL_VENOUS] = cases[i].portal_venous;
        s.z[HEP_IMAGE_B_HIGH] = s.z[HEP_IMAGE_B_LOW] = cases[i].b;
        hep_suppress_score(&s, &study, channels);
        assert_int_equal(s.score >= limits->score_min, cases[i].kept);
    }
}

/* A span is linear between its ends, a step where they are one, and moves with the setting. */
static void test_ramp(void **state)
{
    const struct hep_span span = { 0.02, 0.12 }, step = { 3.0, 3.0 };
    struct hep_lesion_limits wider = *limits;

    (void)state;
    assert_close(hep_suppress_ramp(0.02, span), 0.0, 0.0, 0.0);
    assert_close(hep_suppress_ramp(0.045, span), 0.25, 1e-12, 0.0);
    assert_close(hep_suppress_ramp(0.2, span), 1.0, 0.0, 0.0);
    assert_close(hep_suppress_ramp(2.9, step), 0.0, 0.0, 0.0);
    assert_close(hep_suppress_ramp(3.0, step), 0.0, 0.0, 0.0);
    assert_close(hep_suppress_ramp(3.1, step), 1.0, 0.0, 0.0);
    wider.noise_z = 3.0;
    assert_close(hep_suppress_here(0.75, &wider), 0.25, 1e-12, 0.0);
    wider.blob_z = (struct hep_span){ 4.0, 6.0 };
    assert_close(hep_suppress_blob(0.8, 5.0, &wider), 0.5, 1e-12, 0.0);
}

static void test_supporters(void **state)
{
    (void)state;
    assert_close(hep_suppress_here((double)NAN, limits), 1.0, 0.0, 0.0);
    assert_close(hep_suppress_here(-1.0, limits), 0.0, 0.0, 0.0);
    assert_close(hep_suppress_here(0.75, limits), 0.5, 1e-12, 0.0);
    assert_close(hep_suppress_here(9.0, limits), 1.0, 0.0, 0.0);
    assert_close(hep_suppress_blob(0.8, 5.0, limits), 1.0, 0.0, 0.0);
    assert_close(hep_suppress_blob(0.0, 5.0, limits), 0.0, 0.0, 0.0);
    assert_close(hep_suppress_blob(0.8, -1.0, limits), 0.0, 0.0, 0.0);
}

struct fixture {
    struct hep_candidate_frame f;
    struct hep_volume *v;
};

/* A half space of liver: x < 0. */
static void setup(struct fixture *x)
{
    const struct hep_grid g = hep_test_grid(50, 40, 40, 1.5, 1.5, 1.5);
    struct hep_error e = { 0 };

    memset(x, 0, sizeof *x);
    x->f.grid = g;
    x->f.limits = limits;
    x->f.mm = 1.5;
    assert_ok(hep_volume_new(&x->v, &g, 1, &e), e);
    assert_ok(hep_volume_new(&x->f.depth, &g, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        x->f.depth->data[i] = (float)(1.5 * (24.5 - (double)(i % 50)));
}

static void teardown(struct fixture *x)
{
    hep_candidate_frame_release(&x->f);
    hep_volume_free(x->v);
}

static void test_shapes(void **state)
{
    const double tube[7] = { -10.0, 0.0, 0.0, 0.0, 0.0, 1.0, 3.0 };
    const double ball[4] = { -10.0, 0.0, 0.0, 5.0 };
    const struct hep_spot s = { .voxel = { 24.5 - 10.0 / 1.5, 19.5, 19.5 }, .radius_mm = 3.0 };
    struct hep_error e = { 0 };
    struct fixture x;
    double vesselness = 0.0;

    (void)state;
    setup(&x);
    scene_add(x.v, scene_tube, tube, -8.0);
    assert_ok(hep_suppress_vesselness(&vesselness, &s, &x.f, x.v, -1, &e), e);
    assert_true(vesselness > limits->vesselness_max);
    assert_true(hep_suppress_ties(&s, &x.f, x.v, -1) > 0.04); /* two branches */
    memset(x.v->data, 0, hep_grid_voxels(&x.f.grid) * sizeof *x.v->data);
    scene_add(x.v, scene_ball, ball, -8.0);
    assert_ok(hep_suppress_vesselness(&vesselness, &s, &x.f, x.v, -1, &e), e);
    assert_true(vesselness < limits->vesselness_max);
    teardown(&x);
}

static void darken_outside(struct fixture *x, double from_depth_mm)
{
    for (size_t i = 0; i < hep_grid_voxels(&x->f.grid); i++) {
        if ((double)x->f.depth->data[i] < from_depth_mm)
            x->v->data[i] = -9.0F;
    }
}

/* Liver on one side of a plane. A ball under it is a ball as long as the dark ends at the plane and
 * voxels are small; dark that reaches as deep everywhere, or voxels that reach out, explain it. */
static void test_outside_explains(void **state)
{
    const double at_border[4] = { -2.0, 0.0, 0.0, 3.0 };
    const struct hep_lesion_image fine = { .native_mm = { 1.5, 1.5, 1.5 } };
    const struct hep_lesion_image coarse = { .native_mm = { 3.0, 3.0, 7.0 },
                                             .registration_mm = 3.0 };
    struct hep_spot s = { .voxel = { 24.5 - 2.0 / 1.5, 19.5, 19.5 },
                          .radius_mm = 3.0,
                          .depth_mm = 2.0 };
    struct fixture x;

    (void)state;
    setup(&x);
    scene_add(x.v, scene_ball, at_border, -8.0);
    assert_close(hep_suppress_surface(&s, &x.f, &fine, x.v, -1, false), 1.0, 0.0, 0.0);
    assert_close(hep_suppress_surface(&s, &x.f, &coarse, x.v, -1, false), 1.0, 0.0, 0.0);
    darken_outside(&x, 0.0);
    assert_close(hep_suppress_surface(&s, &x.f, &fine, x.v, -1, false), 1.0, 0.0, 0.0);
    assert_true(hep_suppress_surface(&s, &x.f, &coarse, x.v, -1, false) < 0.5);
    assert_true(hep_suppress_surface(&s, &x.f, &fine, x.v, -1, true) < 0.5);
    s.ties = 0.2;
    assert_true(hep_suppress_surface(&s, &x.f, &fine, x.v, -1, false) < 0.5);
    s.ties = 0.0;
    darken_outside(&x, 3.5);
    assert_true(hep_suppress_surface(&s, &x.f, &fine, x.v, -1, false) < 0.5);
    s.depth_mm = 20.0;
    assert_close(hep_suppress_surface(&s, &x.f, &fine, x.v, -1, false), 1.0, 0.0, 0.0);
    teardown(&x);
}

#define N_LOOKS (sizeof looks / sizeof *looks)

int main(void)
{
    struct CMUnitTest tests[N_LOOKS + 7] = { 0 };

    for (size_t i = 0; i < N_LOOKS; i++)
        tests[i] = (struct CMUnitTest){ .name = looks[i].name,
                                        .test_func = test_look,
                                        .initial_state = (void *)(uintptr_t)&looks[i] };
    tests[N_LOOKS] = (struct CMUnitTest)cmocka_unit_test(test_supporters);
    tests[N_LOOKS + 1] = (struct CMUnitTest)cmocka_unit_test(test_shapes);
    tests[N_LOOKS + 2] = (struct CMUnitTest)cmocka_unit_test(test_outside_explains);
    tests[N_LOOKS + 3] = (struct CMUnitTest)cmocka_unit_test(test_fat_and_blood);
    tests[N_LOOKS + 4] = (struct CMUnitTest)cmocka_unit_test(test_bile_in_a_dark_liver);
    tests[N_LOOKS + 5] = (struct CMUnitTest)cmocka_unit_test(test_blood_in_a_dark_liver);
    tests[N_LOOKS + 6] = (struct CMUnitTest)cmocka_unit_test(test_ramp);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
