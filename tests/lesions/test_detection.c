/* The table of detection: reading, what it refuses, and the log-odds of features. */
#include "support/support.h"

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
                                        cmocka_unit_test(test_written),
                                        cmocka_unit_test(test_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
