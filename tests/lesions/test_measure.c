/* Measurements of a sphere with known layers: values, directions, invariance, sizes, place. */
#include "lesions/lesion_study.h"

#include "image/mask.h"
#include "image/resample.h"
#include "lesions/measure.h"
#include "lesions/position.h"
#include "lesions/size.h"

static const struct lesion_spec metastasis = { 12, 0.6, &t_rim, &t_fibrous, 0 };
static const struct lesion_spec solid = { 10, 0, &t_net, &t_net, 0 };
static const struct lesion_spec small_cyst = { 4, 0, &t_cyst, &t_cyst, 0 };

static double measure(const struct fixture *f, const char *name)
{
    const enum hep_measure m = hep_measure_find(HEP_SUBJECT_LESION, name);

    assert_int_not_equal(m, HEP_MEASURE_COUNT);
    return hep_finding_get(&f->findings.list[0], m);
}

/* Uniform lesions give back what was put in, within 2 %. */
static void test_values(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, &solid, NULL);
    (void)fixture_assess(&f);
    assert_close(measure(&f, "hepatobiliary_re"), 82.0 / 72.0 - 1.0, 0, 0.02);
    assert_close(measure(&f, "arterial_re"), 156.0 / 72.0 - 1.0, 0.02, 0);
    assert_close(measure(&f, "hepatobiliary_ratio"), 82.0 / 190.0, 0.02, 0);
    assert_close(measure(&f, "hbp_llc"), (190.0 - 82.0) / (190.0 + 82.0), 0.02, 0);
    assert_close(measure(&f, "adc_mm2_per_s"), 0.94e-3, 0.02, 0);
    assert_close(measure(&f, "adc_liver_ratio"), 0.94 / 1.07, 0.02, 0);
    assert_close(measure(&f, "t2_liver_ratio"), 4.10, 0.02, 0);
    assert_close(measure(&f, "t2_spleen_ratio"), 410.0 / 335.0, 0.02, 0);
    assert_close(measure(&f, "fat_excess"), -0.03, 0, 0.003);
    assert_close(measure(&f, "rte_muscle"), (82.0 / 94.5) / (72.0 / 90.0) - 1.0, 0, 0.02);
    assert_close(measure(&f, "portal_venous_pool_ratio"), 119.0 / 175.0, 0.02, 0);
    fixture_release(&f);
}

/* 8 mm in voxels of 1.25 x 1.25 x 2 mm: freed of the liver that its voxels hold, the contrast to 6 %. The
 * ADC within two of its errors, which hold that nothing tells how sharp images of so small a lesion are,
 * and these to a tenth. */
static void test_small_lesion(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, &small_cyst, NULL);
    (void)fixture_assess(&f);
    assert_close(measure(&f, "hepatobiliary_ratio"), 29.0 / 190.0, 0, 0.06 * (1.0 - 29.0 / 190.0));
    assert_close(measure(&f, "adc_mm2_per_s"), 2.7e-3, 0.1, 0);
    assert_close(measure(&f, "adc_mm2_per_s"), 2.7e-3, 0,
                 2.0 * measure(&f, "adc_standard_error_mm2_per_s"));
    /* 6 % of the contrast to liver is a third of what fluid reads. */
    assert_close(measure(&f, "enhancement_max"), 0.0, 0, 0.2);
    assert_int_equal(f.findings.list[0].lesion_class, HEP_CLASS_CYST);
    fixture_release(&f);
}

/* Swapping rim and core turns the sign of every targetoid index. */
static void test_targetoid_sign(void **state)
{
    struct lesion_spec swapped = metastasis;
    struct fixture f;
    double b, t2;

    (void)state;
    swapped.rim = metastasis.shell_core;
    swapped.shell_core = metastasis.rim;
    fixture_init(&f, &metastasis, NULL);
    (void)fixture_assess(&f);
    b = measure(&f, "b_high_targetoid_index");
    t2 = measure(&f, "t2_targetoid_index");
    assert_true(b > 1.0 && t2 > 1.0);
    fixture_release(&f);
    fixture_init(&f, &swapped, NULL);
    (void)fixture_assess(&f);
    assert_true(measure(&f, "b_high_targetoid_index") < -1.0);
    assert_true(measure(&f, "t2_targetoid_index") < -1.0);
    fixture_release(&f);
}

/* A rim over 270 degrees covers three quarters of the sectors. */
static void test_arc(void **state)
{
    struct lesion_spec arc = metastasis;
    struct fixture f;

    (void)state;
    arc.gap_rad = 1.5707963267948966;
    fixture_init(&f, &arc, NULL);
    f.study.image[HEP_IMAGE_ARTERIAL].registration_mm = 0.0;
    (void)fixture_assess(&f);
    assert_close(measure(&f, "arterial_ring_cover"), 0.75, 0, 0.05);
    fixture_release(&f);
}

/* A bright cyst that does not enhance, one voxel further right in the arterial phase. */
static void test_crescent(void **state)
{
    static const struct tissue bright = { 160, 160, 160, 160, 160, 900, 150, 2.5, 0.0 };
    static const double shift_mm[3] = { 1.25, 0.0, 0.0 };
    const struct lesion_spec cyst = { 10, 0, &bright, &bright, 0 };
    struct fixture f;

    (void)state;
    fixture_init(&f, &cyst, NULL);
    for (int known = 0; known < 2; known++) {
        fill_image(&f, &cyst, HEP_IMAGE_ARTERIAL, shift_mm, 1.0);
        f.study.image[HEP_IMAGE_ARTERIAL].registration_mm = known ? 3.0 : 0.0;
        (void)fixture_assess(&f);
        if (f.findings.list[0].flag[HEP_FLAG_RING_ENHANCEMENT].state != HEP_FLAG_ABSENT)
            fail_msg("%s", f.findings.list[0].flag[HEP_FLAG_RING_ENHANCEMENT].reason);
    }
    assert_close(measure(&f, "arterial_re"), 0.0, 0, 0.02);
    fixture_release(&f);
}

/* What voxels of this size make of an image, interpolated back. */
static void coarsen(struct fixture *f, enum hep_image image, const double native_mm[3])
{
    struct hep_grid g = f->study.grid;
    struct hep_volume *coarse = NULL, *back = NULL;
    struct hep_error e = { 0 };

    for (int k = 0; k < 3; k++) {
        double mm[3];

        hep_grid_spacing(mm, &f->study.grid);
        g.n[k] = (size_t)((double)g.n[k] * mm[k] / native_mm[k]);
        for (int r = 0; r < 3; r++)
            g.to_world[r][k] *= native_mm[k] / mm[k];
    }
    assert_ok(hep_resample_area(&coarse, f->volume[image], &g, 1, &e), e);
    assert_ok(hep_resample(&back, coarse, &f->study.grid, NULL, HEP_INTERP_LINEAR, NAN, 1, &e), e);
    hep_volume_free(coarse);
    hep_volume_free(f->volume[image]);
    f->volume[image] = back;
    f->study.image[image].volume = back;
    memcpy(f->study.image[image].native_mm, native_mm, sizeof f->study.image[image].native_mm);
}

/* A metastasis of 14 mm in diffusion voxels of 2.5 x 2.5 x 5 mm: each holds a mixture of core, rim
 * and liver; the fit gives the rim back. Two thirds of its volume outside are 0.93e-3, so that the
 * whole lies between the limits. */
static void test_unmixed(void **state)
{
    static const struct lesion_spec spec = { 7, 0.67, &t_rim, &t_necrotic, 0 };
    static const double native_mm[3] = { 2.5, 2.5, 5.0 };
    static const double still[3] = { 0 };
    struct fixture f;

    (void)state;
    fixture_init(&f, &spec, NULL);
    fill_image(&f, &spec, HEP_IMAGE_B_LOW, still, 1.0);
    coarsen(&f, HEP_IMAGE_B_LOW, native_mm);
    coarsen(&f, HEP_IMAGE_B_HIGH, native_mm);
    coarsen(&f, HEP_IMAGE_ADC, native_mm);
    f.study.image[HEP_IMAGE_B_LOW].registration_mm = 0.0;
    f.study.image[HEP_IMAGE_B_HIGH].registration_mm = 0.0;
    (void)fixture_assess(&f);
    assert_close(measure(&f, "adc_rim_mm2_per_s"), 0.93e-3, 0.10, 0);
    assert_close(measure(&f, "adc_core_mm2_per_s"), 2.0e-3, 0.25, 0);
    assert_true(measure(&f, "adc_rim_standard_error_mm2_per_s") < 0.15e-3);
    fixture_release(&f);
}

/* A shift that registration left is found at the lesion. */
static void test_residual_shift(void **state)
{
    static const double shift_mm[3] = { 2.5, -1.25, 0.0 };
    struct fixture f;

    (void)state;
    fixture_init(&f, &solid, NULL);
    fill_image(&f, &solid, HEP_IMAGE_ARTERIAL, shift_mm, 1.0);
    f.study.image[HEP_IMAGE_ARTERIAL].registration_mm = 3.0;
    (void)fixture_assess(&f);
    assert_close(measure(&f, "arterial_re"), 156.0 / 72.0 - 1.0, 0.02, 0);
    fixture_release(&f);
}

/* Scaling all T1 series, T2 or the diffusion images changes no flag, class or ratio. */
static void test_scaling(void **state)
{
    struct fixture f;
    struct hep_finding before;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    before = *fixture_assess(&f);
    for (size_t k = 0; k < N_MADE; k++) {
        const enum hep_image image = made_images[k];
        const size_t n = hep_grid_voxels(&f.study.grid);

        if (image == HEP_IMAGE_ADC || image == HEP_IMAGE_ADC_SE || image == HEP_IMAGE_FAT_FRACTION)
            continue;
        for (size_t i = 0; i < n; i++)
            f.volume[image]->data[i] *= 3.0F;
    }
    (void)fixture_assess(&f);
    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        assert_int_equal(before.flag[i].state, f.findings.list[0].flag[i].state);
    assert_close(measure(&f, "hepatobiliary_re"),
                 hep_finding_get(&before, hep_measure_of_phase(HEP_MF_RE, HEP_PHASE_HEPATOBILIARY)),
                 1e-5, 0);
    assert_close(hep_finding_get(&f.findings.list[0], HEP_M_P_METASTASIS),
                 hep_finding_get(&before, HEP_M_P_METASTASIS), 1e-6, 0);
    fixture_release(&f);
}

/* ---- orientation and threads ------------------------------------------------------------------
 */

/** The same places in the world, index axes reversed and exchanged. */
static struct hep_grid turned_grid(void)
{
    const struct hep_grid g = hep_test_grid(60, 60, 30, 1.25, 1.25, 2.0);
    struct hep_grid out = g;
    const double last[3] = { 59.0, 0.0, 29.0 };

    for (int w = 0; w < 3; w++) {
        out.to_world[w][0] = g.to_world[w][1];
        out.to_world[w][1] = -g.to_world[w][0];
        out.to_world[w][2] = -g.to_world[w][2];
    }
    for (int w = 0; w < 3; w++)
        out.to_world[w][3] = g.to_world[w][0] * last[0] + g.to_world[w][1] * last[1] +
                             g.to_world[w][2] * last[2] + g.to_world[w][3];
    return out;
}

static void test_flips(void **state)
{
    const struct hep_grid turned = turned_grid();
    struct fixture a, b;

    (void)state;
    fixture_init(&a, &metastasis, NULL);
    fixture_init(&b, &metastasis, &turned);
    /* The noise follows the index, so it is left out here. */
    for (size_t k = 0; k < N_MADE; k++) {
        static const double still[3] = { 0 };

        fill_image(&a, &metastasis, made_images[k], still, 0.0);
        fill_image(&b, &metastasis, made_images[k], still, 0.0);
    }
    (void)fixture_assess(&a);
    (void)fixture_assess(&b);
    for (int k = 0; k < 3; k++)
        assert_close(b.findings.list[0].centre_mm[k], a.findings.list[0].centre_mm[k], 0, 1e-6);
    assert_close(measure(&b, "long_axis_mm"), measure(&a, "long_axis_mm"), 1e-9, 0);
    assert_close(measure(&b, "hepatobiliary_re"), measure(&a, "hepatobiliary_re"), 1e-4, 0);
    assert_close(measure(&b, "arterial_ring_index"), measure(&a, "arterial_ring_index"), 1e-4, 0);
    assert_close(measure(&b, "arterial_ring_cover"), measure(&a, "arterial_ring_cover"), 0, 0.03);
    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        assert_int_equal(a.findings.list[0].flag[i].state, b.findings.list[0].flag[i].state);
    fixture_release(&a);
    fixture_release(&b);
}

static void test_threads(void **state)
{
    struct fixture f;
    struct hep_finding one;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    one = *fixture_assess(&f);
    f.study.nthreads = 4;
    (void)fixture_assess(&f);
    assert_memory_equal(&one.measures, &f.findings.list[0].measures, sizeof one.measures);
    assert_memory_equal(one.class_probability, f.findings.list[0].class_probability,
                        sizeof one.class_probability);
    fixture_release(&f);
}

/* ---- refusals ---------------------------------------------------------------------------------
 */

static void test_refusals(void **state)
{
    const struct hep_grid other = hep_test_grid(10, 10, 10, 1.25, 1.25, 2.0);
    struct hep_labels *labels = NULL, *kept;
    struct hep_liver_measures liver;
    struct hep_error e = { 0 };
    struct fixture f;

    (void)state;
    fixture_init(&f, &solid, NULL);
    f.candidate.id = 5;
    assert_fails(try_assess(&f.findings, &f, &e), e, HEP_EDATA, "label 5");
    assert_null(f.findings.list);
    f.candidate.id = 1;
    f.candidates.n = 0;
    assert_ok(try_assess(&f.findings, &f, &e), e);
    assert_int_equal(f.findings.n, 0);
    f.candidates.n = 1;
    assert_ok(hep_labels_new(&labels, &other, &e), e);
    kept = f.candidates.labels;
    f.candidates.labels = labels;
    assert_fails(try_assess(&f.findings, &f, &e), e, HEP_EGEOM, "reference grid");
    assert_fails(try_liver_measure(&liver, &f, &f.candidates, NULL, &e), e, HEP_EGEOM,
                 "reference grid");
    f.candidates.labels = kept;
    assert_fails(try_liver_measure(&liver, &f, NULL, labels, &e), e, HEP_EGEOM, "remnant");
    hep_labels_free(labels);
    fixture_release(&f);
}

static void test_no_memory(void **state)
{
    const struct hep_grid grid = hep_test_grid(30, 30, 14, 2.5, 2.5, 4.0);
    struct fixture f;

    (void)state;
    fixture_init(&f, &small_cyst, &grid);
    for (long at = 1;; at += at < 40 ? 1 : 7) {
        struct hep_findings out = { 0 };
        struct hep_error e = { 0 };
        int rc;

        hep_alloc_fail_at(at);
        rc = try_assess(&out, &f, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        hep_findings_release(&out);
        if (rc == HEP_OK)
            break;
        assert_int_equal(rc, HEP_ENOMEM);
    }
    fixture_release(&f);
}

/* ---- size, place, liver -----------------------------------------------------------------------
 */

/* A sphere of radius 12 mm: 7.238 mL, 24 mm each way, within a voxel. */
static void test_size(void **state)
{
    struct hep_point square[] = { { 0, 0 }, { 3, 0 }, { 3, 4 }, { 0, 4 }, { 1, 1 } };
    struct hep_error e = { 0 };
    double longest, shortest;
    struct fixture f;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    (void)fixture_assess(&f);
    assert_close(measure(&f, "volume_ml"), 7.238, 0.02, 0);
    assert_close(measure(&f, "long_axis_mm"), 24.0, 0, 1.25);
    assert_close(measure(&f, "short_axis_mm"), 24.0, 0, 1.5);
    fixture_release(&f);
    /* A 3 x 4 rectangle: its diagonal 5, and across it 2 x 12 / 5. */
    assert_ok(hep_axes_of_points(&longest, &shortest, square, 5, &e), e);
    assert_close(longest, 5.0, 1e-12, 0);
    assert_close(shortest, 4.8, 1e-12, 0);
    assert_ok(hep_axes_of_points(&longest, &shortest, square, 0, &e), e);
    assert_close(longest, 0.0, 0, 0);
}

static void test_place(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, &solid, NULL);
    (void)fixture_assess(&f);
    /* Front of the liver is at y = 37.5 mm, the lesion's at 20; the portal vein's edge is 5 mm from
     * (-28, -12). */
    assert_close(measure(&f, "distance_vessel_mm"), hypot(6.0 + 28.0, 10.0 + 12.0) - 10.0 - 5.0, 0,
                 1.8);
    fixture_release(&f);
}

/* The half of the liver to the right of x = 0 stays. */
static void test_liver(void **state)
{
    struct hep_liver_measures m;
    const struct hep_measures *of;
    double flr;
    struct hep_labels *remnant = NULL;
    struct hep_error e = { 0 };
    struct fixture f;
    size_t liver = 0, lesion = 0, keep = 0;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    assert_ok(hep_labels_new(&remnant, &f.study.grid, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&f.study.grid); i++) {
        const bool inside = f.liver->data[i] != 0, ill = f.candidates.labels->data[i] != 0;

        remnant->data[i] = i % f.study.grid.n[0] >= 30;
        liver += inside;
        lesion += inside && ill;
        keep += inside && !ill && remnant->data[i] != 0;
    }
    f.candidates.diffuse_alarm = true;
    (void)snprintf(f.candidates.diffuse_reason, sizeof f.candidates.diffuse_reason, "segment 6");
    assert_ok(try_liver_measure(&m, &f, &f.candidates, remnant, &e), e);
    of = &m.measures;
    flr = hep_measures_get(of, HEP_M_FLR);
    assert_close(hep_measures_get(of, HEP_M_LIVER_VOLUME), (double)liver * 3.125e-3, 1e-12, 0);
    assert_close(flr, 100.0 * (double)keep / (double)(liver - lesion), 1e-9, 0);
    assert_close(hep_measures_get(of, HEP_M_FLR_LINE), flr >= 40.0 ? 40 : 30, 0, 0);
    assert_close(hep_measures_get(of, HEP_M_Q_LSC), 190.0 / 79.0, 0.02, 0);
    assert_close(hep_measures_get(of, HEP_M_SIR), 190.0 / 78.0, 0.02, 0);
    assert_close(hep_measures_get(of, HEP_M_HUI),
                 (190.0 / 79.0 - 1.0) * hep_measures_get(of, HEP_M_LIVER_VOLUME), 0.03, 0);
    assert_string_equal(m.sir_vessel, "inferior vena cava");
    assert_close(hep_measures_get(of, HEP_M_DIFFUSE_ALARM), 1, 0, 0);
    assert_string_equal(m.diffuse_reason, "segment 6");
    assert_ok(try_liver_measure(&m, &f, NULL, NULL, &e), e);
    assert_false(of->has[HEP_M_FLR] || of->has[HEP_M_FLR_LINE]);
    hep_labels_free(remnant);
    fixture_release(&f);
}

/* A region on any grid: 5 x 1 x 2 voxels of 2 x 3 x 4 mm away from the origin are 10 x 3 mm on each of two slices. */
static void test_label_size(void **state)
{
    const struct hep_grid grid = {
        .n = { 9, 4, 6 },
        .to_world = { { 0, 3, 0, 7 }, { -2, 0, 0, 50 }, { 0, 0, 4, -30 }, { 0, 0, 0, 1 } },
    };
    struct hep_labels *l = NULL;
    struct hep_lesion_size size;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_labels_new(&l, &grid, &e), e);
    for (size_t z = 3; z < 5; z++)
        for (size_t x = 2; x < 7; x++)
            l->data[x + 9 * (1 + 4 * z)] = 6;
    assert_ok(hep_label_size(&size, l, 6, &e), e);
    assert_close(size.volume_ml, 10 * 24.0 / 1000.0, 1e-12, 0);
    assert_close(size.long_axis_mm, 10.0, 1e-9, 0);
    assert_close(size.short_axis_mm, 3.0, 1e-9, 0);
    assert_ok(hep_label_size(&size, l, 5, &e), e);
    assert_close(size.volume_ml, 0, 0, 0);
    hep_labels_free(l);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_label_size),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_small_lesion),
        cmocka_unit_test(test_targetoid_sign),
        cmocka_unit_test(test_arc),
        cmocka_unit_test(test_crescent),
        cmocka_unit_test(test_residual_shift),
        cmocka_unit_test(test_unmixed),
        cmocka_unit_test(test_scaling),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_liver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
