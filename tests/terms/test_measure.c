/* The dictionary: names, indices and units of concrete measures, written by hand. */
#include "support/support.h"

#include "terms/measure.h"

#include <math.h>

static void test_names(void **state)
{
    static const struct {
        enum hep_subject subject;
        const char *name, *unit, *column, *words;
    } cases[] = {
        { HEP_SUBJECT_LESION, "volume_ml", "mL", "volume_ml", "volume" },
        { HEP_SUBJECT_LESION, "adc_mm2_per_s", "mm2/s", "adc_mm2_per_s", "ADC" },
        { HEP_SUBJECT_LESION, "adc_se_ring_mad", "mm2/s", "adc_se_ring_mad",
          "standard error of the ADC, ring of liver: spread" },
        { HEP_SUBJECT_LESION, "t2_core_n", "1", "t2_core_n", "T2-weighted, core: voxels" },
        { HEP_SUBJECT_LESION, "dki_k_corrected", "1", "dki_k_corrected",
          "kurtosis K: corrected value" },
        { HEP_SUBJECT_LESION, "precontrast_ratio", "1", "precontrast_ratio",
          "before contrast: over liver" },
        { HEP_SUBJECT_LESION, "hepatobiliary_re", "1", "hepatobiliary_re",
          "hepatobiliary: enhancement" },
        { HEP_SUBJECT_LESION, "b_high_targetoid_index", "1", "b_high_targetoid_index",
          "high b: targetoid index" },
        { HEP_SUBJECT_LIVER, "volume_ml", "mL", "liver_volume_ml", "Volume" },
        { HEP_SUBJECT_LIVER, "adc_mm2_per_s", "mm2/s", "liver_adc_mm2_per_s", "ADC" },
        { HEP_SUBJECT_LIVER, "re_portal_venous", "1", "liver_re_portal_venous",
          "Enhancement, portal venous" },
        { HEP_SUBJECT_LIVER, "iron", "mg/g dry", "liver_iron_mg_per_g", "Liver iron" },
        { HEP_SUBJECT_STUDY, "n_metastases", "1", "n_metastases", "metastases" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const enum hep_measure m = hep_measure_find(cases[i].subject, cases[i].name);

        if (m == HEP_MEASURE_COUNT)
            fail_msg("%s is not found", cases[i].name);
        assert_string_equal(hep_measure_name(m), cases[i].name);
        assert_string_equal(hep_unit_text(hep_measure_unit(m)), cases[i].unit);
        assert_string_equal(hep_measure_column(m), cases[i].column);
        assert_string_equal(hep_measure_words(m), cases[i].words);
    }
}

static void test_indices(void **state)
{
    (void)state;
    assert_string_equal(hep_measure_name(HEP_M_ADC), "adc_mm2_per_s");
    assert_string_equal(hep_measure_name(hep_measure_of_phase(HEP_MF_RATIO, HEP_PHASE_PRECONTRAST)),
                        "precontrast_ratio");
    assert_string_equal(hep_measure_name(hep_measure_of_phase(HEP_MF_RE, HEP_PHASE_ARTERIAL)),
                        "arterial_re");
    assert_string_equal(
        hep_measure_name(hep_measure_of_phase(HEP_MF_RING_GAP, HEP_PHASE_HEPATOBILIARY)),
        "hepatobiliary_ring_gap");
    assert_string_equal(hep_measure_name(hep_measure_of_image(HEP_MF_CORRECTED, HEP_IMAGE_IVIM_F)),
                        "ivim_f_corrected");
    assert_string_equal(hep_measure_name(hep_measure_of_image(HEP_MF_TARGETOID, HEP_IMAGE_ADC)),
                        "adc_targetoid_index");
    assert_string_equal(hep_measure_name(hep_measure_of_shell(
                            HEP_MF_ZONE_MEDIAN, HEP_IMAGE_HEPATOBILIARY, HEP_SHELL_RING)),
                        "hepatobiliary_ring_median");
    /* Nothing enhances before contrast, and opposed-phase rims are not compared. */
    assert_int_equal(hep_measure_of_phase(HEP_MF_RE, HEP_PHASE_PRECONTRAST), HEP_MEASURE_COUNT);
    assert_int_equal(hep_measure_of_image(HEP_MF_TARGETOID, HEP_IMAGE_OPPOSED), HEP_MEASURE_COUNT);
    /* What has a measure of its own is not written twice. */
    assert_int_equal(hep_measure_of_image(HEP_MF_CORRECTED, HEP_IMAGE_FAT_FRACTION),
                     HEP_MEASURE_COUNT);
    assert_int_equal(hep_measure_find(HEP_SUBJECT_LESION, "hbp_ratio"), HEP_MEASURE_COUNT);
    assert_int_equal(hep_measure_find(HEP_SUBJECT_LESION, "adc"), HEP_MEASURE_COUNT);
    assert_int_equal(hep_measure_find(HEP_SUBJECT_LIVER, "precontrast_ratio"), HEP_MEASURE_COUNT);
}

static void test_maps(void **state)
{
    (void)state;
    assert_string_equal(hep_measure_product(HEP_M_LIVER_ADC), "adc");
    assert_string_equal(
        hep_measure_product(hep_measure_of_phase(HEP_M_LIVER_RE, HEP_PHASE_HEPATOBILIARY)),
        "re_hbp");
    assert_string_equal(
        hep_measure_series(hep_measure_of_phase(HEP_M_LIVER_RE, HEP_PHASE_HEPATOBILIARY)),
        "hepatobiliary");
    assert_null(hep_measure_product(HEP_M_ADC));
    assert_string_equal(hep_measure_row(HEP_M_ADC)->concept->value, "113041");
    assert_null(hep_measure_row(HEP_M_RTE_MUSCLE)->concept->value);
}

/* Every index has a row, whole texts, and is found by its name. */
static void test_table(void **state)
{
    (void)state;
    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;
        const struct hep_measure_row *row = hep_measure_row(m);
        const char *meaning;

        assert_non_null(row);
        assert_true(i >= (int)row->first && i < (int)row->first + row->n);
        meaning = hep_measure_meaning(m);
        if (hep_measure_find(row->subject, hep_measure_name(m)) != m)
            fail_msg("%s is not found by its name", hep_measure_name(m));
        if (strlen(hep_measure_name(m)) < 3 || strlen(hep_measure_words(m)) < 2 ||
            strchr(hep_measure_name(m), '{') != NULL || strchr(meaning, '{') != NULL)
            fail_msg("%s: '%s', '%s'", hep_measure_name(m), hep_measure_words(m), meaning);
        /* A text that was cut off does not end in a full stop. */
        if (meaning[strlen(meaning) - 1] != '.')
            fail_msg("%s: no sentence: %s", hep_measure_name(m), meaning);
        assert_true(strlen(hep_measure_words(m)) < 72);
    }
}

/* Region, map and statistic tell every measure of a lesion, and what is in columns of their own. */
static void test_places(void **state)
{
    struct hep_measure_place p = hep_measure_place(
        hep_measure_of_shell(HEP_MF_ZONE_MEDIAN, HEP_IMAGE_B_HIGH, HEP_SHELL_RIM));

    (void)state;
    assert_string_equal(p.region, "rim");
    assert_string_equal(p.map, "b_high");
    assert_string_equal(p.statistic, "median");
    p = hep_measure_place(hep_measure_of_phase(HEP_MF_RE_LIVER, HEP_PHASE_DELAYED));
    assert_string_equal(p.region, "ring");
    assert_string_equal(p.map, "delayed");
    assert_int_equal(hep_measure_at("whole", "adc", "se"), HEP_M_ADC_SE);
    assert_int_equal(hep_measure_at("whole", "adc", "estimate"), HEP_M_ADC);
    assert_int_equal(hep_measure_at("whole", "adc", "charm"), HEP_MEASURE_COUNT);
    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;

        p = hep_measure_place(m);
        if (hep_measure_row(m)->subject != HEP_SUBJECT_LESION)
            continue;
        if (hep_measure_at(p.region, p.map, p.statistic) != m || p.region[0] == '\0' ||
            p.statistic[0] == '\0')
            fail_msg("%s: %s, %s, %s is not its own", hep_measure_name(m), p.region, p.map,
                     p.statistic);
    }
}

static void test_values(void **state)
{
    struct hep_measures of = { 0 };

    (void)state;
    assert_true(isnan(hep_measures_get(&of, HEP_M_ADC)));
    hep_measures_set(&of, HEP_M_ADC, 1.07e-3);
    assert_close(hep_measures_get(&of, HEP_M_ADC), 1.07e-3, 0, 0);
    hep_measures_set(&of, HEP_M_ADC, (double)NAN);
    assert_true(of.has[HEP_M_ADC]);
    assert_true(isnan(hep_measures_get(&of, HEP_MEASURE_COUNT)));
}

static void test_units(void **state)
{
    (void)state;
    for (int u = 0; u < HEP_UNIT_N; u++)
        assert_true(hep_unit_row((enum hep_unit)u)->shown_scale > 0.0);
    assert_string_equal(hep_unit_row(HEP_UNIT_PER_S)->ucum, "/s");
    assert_close(1.07e-3 * hep_unit_row(HEP_UNIT_MM2_PER_S)->shown_scale, 1.07, 1e-12, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_indices), cmocka_unit_test(test_maps),
        cmocka_unit_test(test_table), cmocka_unit_test(test_places),  cmocka_unit_test(test_values),
        cmocka_unit_test(test_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
