/* One synthetic lesion per rule of interpretation (Maino et al., World J Gastroenterol 2023;29:5180
 * and the papers named at each flag). Signals: see lesion_study.h. */
#include "lesions/lesion_study.h"

#include "lesions/flag.h"

#define P HEP_FLAG_PRESENT
#define A HEP_FLAG_ABSENT
#define N HEP_FLAG_NOT_ASSESSABLE
#define ANY (-1)

struct flag_case {
    const char *name;
    struct lesion_spec spec;
    int want[HEP_FLAG_COUNT]; /* in the order of enum hep_flag; ANY: not asked */
    int want_class;           /* ANY: not asked */
};

/* Tissues of single rules. */
static const struct tissue washing_rim = { 72, 170, 118, 104, 82, 310, 300, 0.93, 0.0 };
static const struct tissue lasting_core = { 72, 150, 150, 130, 95, 310, 300, 0.93, 0.0 };
static const struct tissue cloud = { 74, 110, 120, 118, 130, 235, 140, 1.22, 0.0 };
static const struct tissue mucinous = { 50, 53, 58, 66, 75, 780, 240, 2.1, 0.0 };
static const struct tissue melanoma = { 130, 210, 165, 150, 138, 60, 150, 0.92, 0.0 };
static const struct tissue t1_bright_cyst = { 130, 130, 130, 130, 130, 700, 150, 2.4, 0.0 };
static const struct tissue calcified = { 40, 45, 48, 50, 55, 45, 60, 0.90, 0.0 };
static const struct tissue focal_fat = { 100, 130, 158, 160, 190, 100, 100, 1.05, 0.20 };
static const struct tissue fatty_rim = { 74, 152, 126, 109, 84, 310, 300, 0.93, 0.20 };
static const struct tissue pus = { 60, 62, 64, 66, 68, 550, 420, 0.72, 0.0 };

static const struct flag_case flag_cases[] = {
    /*  restr shine ring aphe wash pwash hbp tdwi thbp t2t fat pool t1 */
    { "hallmarks: ring, restriction, hepatobiliary hypointensity",
      { 12, 0.6, &t_rim, &t_fibrous, 0 },
      /* core over rim 1.083 in the hepatobiliary phase, next to the limit of 1.1 */
      { P, ANY, P, ANY, P, A, P, P, ANY, P, A, A, A },
      HEP_CLASS_METASTASIS },
    { "hypervascular: washout with gadoxetate in the portal venous phase",
      { 9, 0, &t_net, &t_net, 0 },
      { P, A, A, P, P, A, P, A, A, A, A, A, A },
      HEP_CLASS_METASTASIS },
    { "hypovascular: no more than liver in the arterial phase",
      { 10, 0.99, &t_fibrous, &t_fibrous, 0 },
      { A, A, A, A, A, A, P, A, A, A, A, A, A },
      ANY },
    { "peripheral washout: rim below core and liver",
      { 12, 0.6, &washing_rim, &lasting_core, 0 },
      { P, A, ANY, P, ANY, P, P, A, ANY, A, A, A, A },
      HEP_CLASS_METASTASIS },
    { "hepatobiliary target: dark rim, cloud inside",
      { 12, 0.6, &t_rim, &cloud, 0 },
      { P, ANY, P, ANY, ANY, A, P, P, P, P, A, A, A },
      HEP_CLASS_METASTASIS },
    { "diffusion target: restricted rim, shine-through in the core",
      { 12, 0.65, &t_rim, &t_necrotic, 0 },
      { P, P, P, ANY, ANY, A, P, P, A, P, A, A, A },
      HEP_CLASS_METASTASIS },
    { "cyst: shine-through, nothing else",
      { 9, 0, &t_cyst, &t_cyst, 0 },
      { A, P, A, A, A, A, P, A, A, A, A, A, A },
      HEP_CLASS_CYST },
    { "haemangioma, filled at once: blood pool, no washout",
      { 7, 0, &t_edge, &t_edge, 0 },
      { A, P, A, P, A, A, P, ANY, ANY, ANY, A, P, A },
      HEP_CLASS_HAEMANGIOMA },
    { "haemangioma with peripheral nodules: no ring, no washout at 3 min",
      { 12, 0.6, &t_edge, &t_centre, 2.6 },
      { A, P, A, ANY, A, A, P, A, ANY, A, A, ANY, A },
      HEP_CLASS_HAEMANGIOMA },
    { "mucinous: no restriction, shine-through",
      { 10, 0, &mucinous, &mucinous, 0 },
      { A, P, A, A, A, A, P, A, A, A, A, A, A },
      ANY },
    { "melanoma: T1 bright, so enhancement by difference",
      { 9, 0, &melanoma, &melanoma, 0 },
      { P, A, A, P, ANY, A, P, ANY, ANY, ANY, A, A, P },
      ANY },
    { "T1-bright cyst: bright in the arterial phase without enhancing",
      { 9, 0, &t1_bright_cyst, &t1_bright_cyst, 0 },
      { A, P, A, A, A, A, P, A, A, A, A, A, P },
      ANY },
    { "calcified: dark-through is no restriction",
      { 9, 0, &calcified, &calcified, 0 },
      { A, A, A, A, A, A, P, A, A, A, A, A, A },
      ANY },
    { "fat inside a lesion",
      { 12, 0.6, &fatty_rim, &fatty_rim, 0 },
      { P, A, ANY, ANY, ANY, A, P, ANY, ANY, ANY, P, A, A },
      ANY },
    { "focal fat: liver but for the fat",
      { 8, 0, &focal_fat, &focal_fat, 0 },
      { A, A, A, A, A, A, A, ANY, ANY, ANY, P, ANY, A },
      HEP_CLASS_FOCAL_FAT },
    { "FNH-like: arterial, no washout, takes up",
      { 8, 0, &t_fnh, &t_fnh, 0 },
      { A, A, A, P, A, A, A, ANY, ANY, ANY, A, A, A },
      HEP_CLASS_FNH_LIKE },
    { "abscess: restricted core",
      { 12, 0.7, &t_rim, &pus, 0 },
      { P, A, P, ANY, ANY, A, P, A, A, P, A, A, A },
      ANY },
    /* On T2 nothing is known of a core this small (P = 0.50), so that is not asked. */
    { "6 mm of one tissue: no rim and no core",
      { 3, 0, &t_net, &t_net, 0 },
      { ANY, ANY, A, P, P, A, P, A, A, ANY, A, A, A },
      HEP_CLASS_METASTASIS },
};

static void test_flag_case(void **state)
{
    const struct flag_case *c = *state;
    const struct hep_finding *finding;
    struct fixture f;
    double sum = 0.0;

    fixture_init(&f, &c->spec, NULL);
    finding = fixture_assess(&f);
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const struct hep_flag_result *flag = &finding->flag[i];

        if (c->want[i] != ANY && c->want[i] != (int)flag->state)
            fail_msg("%s is %s: %s", hep_flag_name((enum hep_flag)i),
                     hep_flag_state_name(flag->state), flag->reason);
        assert_true(flag->given && flag->reason[0] != '\0');
        assert_true(flag->state == HEP_FLAG_NOT_ASSESSABLE || isfinite(flag->value));
    }
    for (int k = 0; k < HEP_CLASS_COUNT; k++)
        sum += finding->class_probability[k];
    assert_close(sum, 1.0, 1e-12, 0);
    if (c->want_class != ANY && c->want_class != (int)finding->lesion_class)
        fail_msg("class is %s, probability of metastasis %.3f",
                 hep_class_name(finding->lesion_class),
                 hep_finding_get(finding, HEP_M_P_METASTASIS));
    fixture_release(&f);
}

/* ---- missing, late and inadequate -------------------------------------------------------------
 */

static const struct lesion_spec metastasis = { 12, 0.6, &t_rim, &t_fibrous, 0 };

static void drop(struct fixture *f, enum hep_image image)
{
    f->study.image[image].volume = NULL;
    f->study.image[image].absent_reason = "not acquired";
}

static void expect(const struct hep_finding *finding, enum hep_flag flag, int state,
                   const char *reason)
{
    if (state != (int)finding->flag[flag].state ||
        strstr(finding->flag[flag].reason, reason) == NULL)
        fail_msg("%s is %s: %s", hep_flag_name(flag),
                 hep_flag_state_name(finding->flag[flag].state), finding->flag[flag].reason);
}

/* With gadoxetate the image at 3 min is transitional: hepatocytes have taken up the agent. */
static void test_three_minutes_alone(void **state)
{
    const struct hep_finding *finding;
    struct fixture f;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    drop(&f, HEP_IMAGE_PORTAL_VENOUS);
    finding = fixture_assess(&f);
    expect(finding, HEP_FLAG_WASHOUT, N, "");
    expect(finding, HEP_FLAG_PERIPHERAL_WASHOUT, N, "");
    fixture_release(&f);
}

static void test_missing_series(void **state)
{
    static const struct {
        enum hep_image image;
        enum hep_flag flag;
    } needs[] = {
        { HEP_IMAGE_ADC, HEP_FLAG_RESTRICTED_DIFFUSION },
        { HEP_IMAGE_B_HIGH, HEP_FLAG_T2_SHINE_THROUGH },
        { HEP_IMAGE_B_HIGH, HEP_FLAG_TARGETOID_DWI },
        { HEP_IMAGE_PRECONTRAST, HEP_FLAG_RING_ENHANCEMENT },
        { HEP_IMAGE_PRECONTRAST, HEP_FLAG_T1_HYPERINTENSITY },
        { HEP_IMAGE_ARTERIAL, HEP_FLAG_ARTERIAL_HYPERENHANCEMENT },
        { HEP_IMAGE_ARTERIAL, HEP_FLAG_WASHOUT },
        { HEP_IMAGE_ARTERIAL, HEP_FLAG_PERIPHERAL_WASHOUT },
        { HEP_IMAGE_HEPATOBILIARY, HEP_FLAG_HBP_HYPOINTENSITY },
        { HEP_IMAGE_HEPATOBILIARY, HEP_FLAG_TARGETOID_HBP },
        { HEP_IMAGE_T2, HEP_FLAG_T2_TARGET },
        { HEP_IMAGE_FAT_FRACTION, HEP_FLAG_FAT },
    };
    struct fixture f;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        drop(&f, needs[i].image);
        expect(fixture_assess(&f), needs[i].flag, N, "not acquired");
        f.study.image[needs[i].image].volume = f.volume[needs[i].image];
    }
    /* Nothing but the labels: all flags say why, and the prior is left. */
    for (size_t i = 0; i < N_MADE; i++)
        drop(&f, made_images[i]);
    f.study.anatomy = NULL;
    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        expect(fixture_assess(&f), (enum hep_flag)i, N, " ");
    assert_close(hep_finding_get(&f.findings.list[0], HEP_M_P_METASTASIS), 0.5, 0, 0.2);
    f.study.agent = NULL;
    expect(fixture_assess(&f), HEP_FLAG_WASHOUT, N, "no contrast agent");
    fixture_release(&f);
}

/* What contradicts physics is withheld with its number: flags, evidence and classes that rest on it
 * are not assessable for that reason, and the others stand. */
static void test_withheld(void **state)
{
    static const enum hep_image withheld[] = { HEP_IMAGE_ADC, HEP_IMAGE_ADC_SE, HEP_IMAGE_B_ZERO,
                                               HEP_IMAGE_B_HIGH, HEP_IMAGE_FAT_FRACTION };
    static const enum hep_flag resting[] = { HEP_FLAG_RESTRICTED_DIFFUSION,
                                             HEP_FLAG_T2_SHINE_THROUGH, HEP_FLAG_TARGETOID_DWI,
                                             HEP_FLAG_FAT };
    const struct hep_finding *finding;
    struct fixture f;
    double sum = 0.0;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    for (size_t i = 0; i < sizeof withheld / sizeof withheld[0]; i++) {
        drop(&f, withheld[i]);
        f.study.image[withheld[i]].absent_reason = "liver median -0.89e-3";
        f.study.image[withheld[i]].withheld = true;
    }
    finding = fixture_assess(&f);
    for (size_t i = 0; i < sizeof resting / sizeof resting[0]; i++)
        expect(finding, resting[i], N, " is withheld: liver median -0.89e-3");
    expect(finding, HEP_FLAG_HBP_HYPOINTENSITY, P, "");
    expect(finding, HEP_FLAG_RING_ENHANCEMENT, P, "");
    for (size_t i = 0; i < finding->n_evidence; i++)
        assert_true(strcmp(finding->evidence[i].name, "adc") != 0 &&
                    strcmp(finding->evidence[i].name, "restricted_diffusion") != 0 &&
                    strcmp(finding->evidence[i].name, "targetoid_dwi") != 0 &&
                    strcmp(finding->evidence[i].name, "fat") != 0);
    assert_string_equal(finding->class_reason[HEP_CLASS_FOCAL_FAT], "liver median -0.89e-3");
    assert_string_equal(finding->class_reason[HEP_CLASS_FAT_SPARING], "liver median -0.89e-3");
    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        assert_int_equal(isnan(finding->class_probability[c]), finding->class_reason[c][0] != '\0');
        sum += isnan(finding->class_probability[c]) ? 0.0 : finding->class_probability[c];
    }
    assert_close(sum, 1.0, 1e-12, 0);
    fixture_release(&f);
}

static void test_gates(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    f.study.hepatobiliary.grade = HEP_INADEQUATE;
    expect(fixture_assess(&f), HEP_FLAG_HBP_HYPOINTENSITY, N, "inadequate");
    f.study.hepatobiliary.grade = HEP_SUBOPTIMAL;
    expect(fixture_assess(&f), HEP_FLAG_HBP_HYPOINTENSITY, P, "suboptimal");
    f.study.timing[HEP_PHASE_HEPATOBILIARY].grade = HEP_GRADE_OUTSIDE;
    expect(fixture_assess(&f), HEP_FLAG_HBP_HYPOINTENSITY, N, "not usable");
    f.study.comparable[HEP_PHASE_ARTERIAL] = f.study.comparable[HEP_PHASE_PORTAL_VENOUS] = false;
    expect(fixture_assess(&f), HEP_FLAG_RING_ENHANCEMENT, N, "different sequences");
    f.study.incomparable_reason[HEP_PHASE_ARTERIAL] = "flip angle differs by 150 %";
    expect(fixture_assess(&f), HEP_FLAG_RING_ENHANCEMENT, N,
           "arterial is not comparable with precontrast: flip angle differs by 150 %");
    assert_true(isnan(
        hep_finding_get(&f.findings.list[0], hep_measure_of_phase(HEP_MF_RE, HEP_PHASE_ARTERIAL))));
    f.study.arterial_weight = 0.0;
    expect(fixture_assess(&f), HEP_FLAG_WASHOUT, N, "motion");
    expect(&f.findings.list[0], HEP_FLAG_ARTERIAL_HYPERENHANCEMENT, N, "motion");
    fixture_release(&f);
}

/* A drop that a badly timed arterial phase hides proves nothing. */
static void test_late_arterial(void **state)
{
    static const struct lesion_spec haemangioma = { 9, 0.0, &t_centre, &t_centre, 0 };
    static const struct lesion_spec fnh = { 9, 0.0, &t_fnh, &t_fnh, 0 };
    struct fixture f;

    (void)state;
    fixture_init(&f, &haemangioma, NULL);
    expect(fixture_assess(&f), HEP_FLAG_WASHOUT, A, "portal venous");
    f.study.arterial.grade = HEP_TOO_LATE;
    expect(fixture_assess(&f), HEP_FLAG_WASHOUT, N, "ill timed");
    fixture_release(&f);
    /* What is as bright as liver has not washed out, whenever it was bright. */
    fixture_init(&f, &fnh, NULL);
    f.study.arterial.grade = HEP_TOO_LATE;
    expect(fixture_assess(&f), HEP_FLAG_WASHOUT, A, "portal venous");
    fixture_release(&f);
}

/* Whatever motion does to the arterial phase, fluid holds nothing that could wash out. */
static void test_fluid_does_not_wash_out(void **state)
{
    static const struct tissue disturbed = { 29, 65, 40, 29, 29, 1020, 190, 2.70, 0.0 };
    static const struct lesion_spec cyst = { 9, 0.0, &disturbed, &disturbed, 0 };
    struct fixture f;

    (void)state;
    fixture_init(&f, &cyst, NULL);
    expect(fixture_assess(&f), HEP_FLAG_WASHOUT, A, "had not enhanced");
    fixture_release(&f);
}

/* A haemangioma half of which fills at once: 128 in both phases while the liver goes from 130 to
 * 158. Without a portal vein to compare with, its own signal tells; that of a NET falls. */
static void test_slow_filling_without_a_portal_vein(void **state)
{
    static const struct tissue half_filled = { 59, 128, 128, 121, 83, 660, 260, 1.75, 0.0 };
    static const struct lesion_spec haemangioma = { 7, 0.0, &half_filled, &half_filled, 0 };
    static const struct lesion_spec net = { 7, 0.0, &t_net, &t_net, 0 };
    const struct lesion_spec *specs[] = { &haemangioma, &net };

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct fixture f;

        fixture_init(&f, specs[k], NULL);
        for (size_t i = 0; i < hep_grid_voxels(&f.study.grid); i++)
            if (f.anatomy->data[i] == HEP_ANATOMY_PORTAL_VEIN)
                f.anatomy->data[i] = HEP_ANATOMY_NONE;
        if (k == 0) /* as a steeper fall of the ratio would make it */
            f.limits.flag.washout_ratio_max = 0.95;
        expect(fixture_assess(&f), HEP_FLAG_BLOOD_POOL, N, "");
        expect(fixture_assess(&f), HEP_FLAG_WASHOUT, k == 0 ? A : P,
               k == 0 ? "own signal has not fallen" : "portal venous");
        /* Where the receive gain of one of the two phases is not known it tells neither. */
        f.study.gain_unknown[HEP_PHASE_PORTAL_VENOUS] = true;
        f.study.incomparable_reason[HEP_PHASE_PORTAL_VENOUS] = "no muscle was found";
        expect(fixture_assess(&f), HEP_FLAG_WASHOUT, N,
               "signal fell is not known: no muscle was found");
        fixture_release(&f);
    }
}

/* Melanoma judged by difference; without a difference not at all. */
static void test_bright_before_contrast(void **state)
{
    const struct lesion_spec spec = { 9, 0, &melanoma, &melanoma, 0 };
    struct fixture f;

    (void)state;
    fixture_init(&f, &spec, NULL);
    /* (210 - 130) / (130 - 100) */
    expect(fixture_assess(&f), HEP_FLAG_ARTERIAL_HYPERENHANCEMENT, P, "difference");
    assert_close(f.findings.list[0].flag[HEP_FLAG_ARTERIAL_HYPERENHANCEMENT].value, 80.0 / 30.0,
                 0.1, 0);
    /* 138 of the liver's 190, of which 130 to 100 was there before any uptake. */
    assert_close(hep_finding_get(&f.findings.list[0], HEP_M_HBP_RATIO_JUDGED), 138.0 / 190.0 / 1.3,
                 0.04, 0);
    f.study.comparable[HEP_PHASE_ARTERIAL] = false;
    expect(fixture_assess(&f), HEP_FLAG_ARTERIAL_HYPERENHANCEMENT, N, "difference");
    fixture_release(&f);
}

/* Which of rim and core is bright is told, not assumed (Wittenberg, AJR 1988 against Maino 2023).
 */
static void test_polarity(void **state)
{
    struct lesion_spec spec = { 12, 0.6, &t_rim, &t_necrotic, 0 };
    struct fixture f;

    (void)state;
    fixture_init(&f, &spec, NULL);
    expect(fixture_assess(&f), HEP_FLAG_T2_TARGET, P, "bright centre");
    assert_true(f.findings.list[0].flag[HEP_FLAG_T2_TARGET].value < 1.0 / 1.1);
    fixture_release(&f);
    spec.rim = &t_necrotic;
    spec.shell_core = &t_rim;
    fixture_init(&f, &spec, NULL);
    expect(fixture_assess(&f), HEP_FLAG_T2_TARGET, P, "bright rim");
    assert_true(f.findings.list[0].flag[HEP_FLAG_T2_TARGET].value > 1.1);
    fixture_release(&f);
}

/* The cautious reading takes uncertain flags back, keeps their probability, and changes no other
 * flag and no evidence. */
static void test_require_certain(void **state)
{
    struct hep_finding open;
    const struct hep_finding *cautious;
    struct fixture f;
    int taken_back = 0;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        f.flags->model[i].error = 0.3;
    open = *fixture_assess(&f);
    f.limits.flags_require_certain = true;
    cautious = fixture_assess(&f);
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const bool uncertain = isfinite(open.flag[i].probability) && !open.flag[i].certain;

        assert_int_equal(cautious->flag[i].state,
                         uncertain ? HEP_FLAG_NOT_ASSESSABLE : open.flag[i].state);
        if (isfinite(open.flag[i].probability))
            assert_close(cautious->flag[i].probability, open.flag[i].probability, 0, 0);
        taken_back += uncertain;
    }
    assert_true(taken_back > 0 && taken_back < HEP_FLAG_COUNT);
    assert_close(hep_finding_get(cautious, HEP_M_P_METASTASIS),
                 hep_finding_get(&open, HEP_M_P_METASTASIS), 0, 0);
    fixture_release(&f);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(test_three_minutes_alone),
        cmocka_unit_test(test_missing_series),
        cmocka_unit_test(test_withheld),
        cmocka_unit_test(test_gates),
        cmocka_unit_test(test_late_arterial),
        cmocka_unit_test(test_fluid_does_not_wash_out),
        cmocka_unit_test(test_slow_filling_without_a_portal_vein),
        cmocka_unit_test(test_bright_before_contrast),
        cmocka_unit_test(test_polarity),
        cmocka_unit_test(test_require_certain),
    };
    struct CMUnitTest tests[COUNT(flag_cases) + COUNT(single)];
    size_t n = 0;

    for (size_t i = 0; i < COUNT(flag_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = flag_cases[i].name,
                                          .test_func = test_flag_case,
                                          .initial_state = (void *)(uintptr_t)&flag_cases[i] };
    for (size_t i = 0; i < COUNT(single); i++)
        tests[n++] = single[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
