/* The table of detection: reading, what it refuses, and the log-odds of features. */
#include "support/support.h"

#include "lesions/candidate_features.h"
#include "lesions/detection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_strength(void **state)
{
    struct hep_detection_table t = { .intercept = -0.5, .probability_min = 0.8 };
    double feature[HEP_FEATURE_COUNT];

    (void)state;
    for (int f = 0; f < HEP_FEATURE_COUNT; f++) {
        t.of[f] = (struct hep_detection_feature){ 1.0, 2.0, 0.0 };
        feature[f] = (double)NAN;
    }
    assert_close(hep_detection_strength(&t, feature), -0.5, 0, 0);
    /* By hand: -0.5 + 1.5 (4 - 1) / 2 - 0.25 (0 - 1) / 2 = 1.875. */
    t.of[HEP_FEATURE_WATER].coefficient = 1.5;
    t.of[HEP_FEATURE_DEPTH].coefficient = -0.25;
    feature[HEP_FEATURE_WATER] = 4.0;
    feature[HEP_FEATURE_DEPTH] = 0.0;
    assert_close(hep_detection_share(&t, HEP_FEATURE_WATER, 4.0), 2.25, 1e-15, 0);
    assert_close(hep_detection_strength(&t, feature), 1.875, 1e-15, 0);
    assert_close(hep_detection_limit(&t), log(4.0), 1e-15, 0);
}

/* Features of a spot by hand: z of 3.5 in T1 and 1.2 on T2 with a sure difference from 3 on, none of
 * diffusion, a ball of 10 mm 30 mm deep. */
static void test_features(void **state)
{
    struct hep_channel channels[HEP_MECHANISM_COUNT];
    struct hep_spot seen = { .score = 5.0, .roundness = 1.25, .ties = 0.04, .surface_factor = 0.7 };
    struct hep_spot region = { .radius_mm = 5.0, .depth_mm = 30.0, .inside_frac = 0.9 };
    const struct hep_delineation outline = { .elongation = 2.0 };
    double f[HEP_FEATURE_COUNT];

    (void)state;
    for (int m = 0; m < HEP_MECHANISM_COUNT; m++)
        channels[m] = (struct hep_channel){ HEP_IMAGE_COUNT, false, false };
    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        region.z[i] = (double)NAN;
    channels[HEP_MECHANISM_T1].image = HEP_IMAGE_HEPATOBILIARY;
    channels[HEP_MECHANISM_T2].image = HEP_IMAGE_T2;
    region.z[HEP_IMAGE_HEPATOBILIARY] = 3.5;
    region.z[HEP_IMAGE_T2] = 1.2;
    region.z[HEP_IMAGE_PORTAL_VENOUS] = -2.0;
    hep_candidate_features(f, &seen, &region, &outline, 0.1, channels, &hep_lesion_limits_default);
    assert_close(f[HEP_FEATURE_SUPPORT], log(5.0), 1e-15, 0);
    assert_close(f[HEP_FEATURE_CONTRAST_T1], log(3.5 + sqrt(3.5 * 3.5 + 1.0)), 1e-14, 0);
    assert_close(f[HEP_FEATURE_CONTRAST_PORTAL], -log(2.0 + sqrt(5.0)), 1e-14, 0);
    assert_true(isnan(f[HEP_FEATURE_CONTRAST_DIFFUSION]));
    assert_true(isnan(f[HEP_FEATURE_CONTRAST_ARTERIAL]) && isnan(f[HEP_FEATURE_WATER]));
    assert_close(f[HEP_FEATURE_AGREEMENT], 0.5, 0, 0);
    assert_close(f[HEP_FEATURE_SIZE], log(10.0), 1e-15, 0);
    assert_close(f[HEP_FEATURE_SPHERICITY], 1.0, 0, 0);
    assert_close(f[HEP_FEATURE_CONTINUATION], 0.04, 0, 0);
    assert_close(f[HEP_FEATURE_TUBENESS], 0.1, 0, 0);
    assert_close(f[HEP_FEATURE_ELONGATION], log(2.0), 1e-15, 0);
    assert_close(f[HEP_FEATURE_DEPTH], 20.0, 0, 0);
    assert_close(f[HEP_FEATURE_SURFACE], 0.7, 0, 0);
    assert_close(f[HEP_FEATURE_INSIDE], 0.9, 0, 0);
    assert_true(isnan(f[HEP_FEATURE_CONTRAST_FAT]) && isnan(f[HEP_FEATURE_FLUID_OUTSIDE]));

    /* Fat differs either way; fluid is a negative z of the ADC, of which a tenth lies outside. */
    channels[HEP_MECHANISM_FAT].image = HEP_IMAGE_FAT_FRACTION;
    region.z[HEP_IMAGE_FAT_FRACTION] = -3.0;
    channels[HEP_MECHANISM_DIFFUSION].image = HEP_IMAGE_B_HIGH;
    region.z[HEP_IMAGE_ADC] = -2.0;
    region.t1_bright_z = 2.0;
    hep_candidate_features(f, &seen, &region, &outline, 0.1, channels, &hep_lesion_limits_default);
    assert_close(f[HEP_FEATURE_CONTRAST_FAT], log(3.0 + sqrt(10.0)), 1e-14, 0);
    assert_close(f[HEP_FEATURE_CONTRAST_BRIGHT], log(2.0 + sqrt(5.0)), 1e-14, 0);
    assert_close(f[HEP_FEATURE_FLUID_OUTSIDE], 0.1 * log(2.0 + sqrt(5.0)), 1e-14, 0);
    region.z[HEP_IMAGE_ADC] = 2.0;
    hep_candidate_features(f, &seen, &region, &outline, 0.1, channels, &hep_lesion_limits_default);
    assert_close(f[HEP_FEATURE_FLUID_OUTSIDE], 0.0, 0, 0);
}

/* What is written is what is read: the digits of the file are those of the numbers here. */
static void test_written(void **state)
{
    struct hep_detection_table t = { .date = "2026-11-28",
                                     .trained_on = "a \"b\" \\ c",
                                     .tested_on = "d",
                                     .n_lesions = 31,
                                     .n_others = 47,
                                     .penalty = 3,
                                     .probability_min = 0.37,
                                     .intercept = -1.25 };
    struct hep_detection_table *back = NULL;
    struct hep_error e = { 0 };
    struct hep_str text = { 0 };

    (void)state;
    for (int f = 0; f < HEP_FEATURE_COUNT; f++)
        t.of[f] = (struct hep_detection_feature){ 0.5 * f, 1.0 + f, 0.25 * f - 1.0 };
    hep_detection_print(&text, &t, "# a table\n");
    assert_ok(hep_detection_parse(&back, text.s, text.len, "t.yml", &e), e);
    assert_string_equal(back->trained_on, "a \"b\" \\ c");
    assert_close(back->probability_min, 0.37, 1e-12, 0);
    assert_close(back->intercept, -1.25, 0, 0);
    assert_memory_equal(back->of, t.of, sizeof t.of);
    hep_detection_free(back);
    hep_str_release(&text);
}

static void test_refused(void **state)
{
    struct hep_detection_table *t = NULL;
    struct hep_error e = { 0 };
    static const char text[] = "date: d\ntrained_on: a\ntested_on: b\nn_lesions: 1\nn_others: 1\n"
                               "penalty: 1\nprobability_min: 2\n";

    (void)state;
    assert_fails(hep_detection_parse(&t, text, sizeof text - 1, "t.yml", &e), e, HEP_ECONFIG,
                 "t.yml:7");
    e = (struct hep_error){ 0 };
    assert_fails(hep_detection_read(&t, HEP_CONFIGS "/no-such.yml", &e), e, HEP_ENOENT, "no-such");
    e = (struct hep_error){ 0 };
    assert_ok(hep_detection_read(&t, HEP_CONFIGS "/detection.yml", &e), e);
    hep_detection_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_strength),
                                        cmocka_unit_test(test_features),
                                        cmocka_unit_test(test_written),
                                        cmocka_unit_test(test_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
