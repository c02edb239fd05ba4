/* The true response to treatment: RECIST 1.1 (Eisenhauer 2009) worked by hand on lists of lesions. */
#include "support/support.h"

#include "phantom/true_course.h"

#include <math.h>

static void add(struct hep_true_session *session, unsigned identity, enum hep_sim_lesion_type type,
                double long_mm)
{
    session->state[session->n++] =
        (struct hep_true_state){ .identity = identity,
                                 .type = type,
                                 .fate = HEP_SIM_FATE_STEADY,
                                 .id = long_mm > 0.0 ? (int32_t)identity : 0,
                                 .long_mm = long_mm,
                                 .volume_ml = long_mm * long_mm * long_mm * 5.236e-4 };
}

#define MET HEP_SIM_MET_FIBROUS

/* Two targets of 20 and 15 mm; the cyst is none, nor the third metastasis. */
static void begin(struct hep_true_session *s)
{
    memset(s, 0, 8 * sizeof *s);
    add(&s[0], 1, HEP_SIM_CYST, 40.0);
    add(&s[0], 2, MET, 20.0);
    add(&s[0], 3, MET, 15.0);
    add(&s[0], 4, MET, 12.0);
}

static void visit(struct hep_true_session *s, double first, double second, double third)
{
    add(s, 1, HEP_SIM_CYST, 40.0);
    add(s, 2, MET, first);
    add(s, 3, MET, second);
    add(s, 4, MET, third);
}

static void test_targets(void **state)
{
    struct hep_true_session *s = calloc(8, sizeof *s);
    unsigned target[HEP_TRUE_TARGETS];

    (void)state;
    begin(s);
    hep_true_targets(target, s, 1);
    assert_int_equal(target[0], 2);
    assert_int_equal(target[1], 3);
    visit(&s[1], 30.0, 15.0, 12.0);
    s[1].state[1].fate = HEP_SIM_FATE_ABLATED;
    hep_true_targets(target, s, 2);
    assert_int_equal(target[0], 3);
    assert_int_equal(target[1], 4);
    free(s);
}

static void test_categories(void **state)
{
    struct hep_true_session *s = calloc(8, sizeof *s);
    struct hep_true_response r[8];

    (void)state;
    begin(s);
    visit(&s[1], 24.0, 13.0, 30.0); /* 37 of 35: +5.7 % */
    visit(&s[2], 14.5, 10.0, 12.0); /* 24.5, exactly 0.7 */
    visit(&s[3], 18.0, 11.4, 12.0); /* 29.4: +20 % of the nadir, but 4.9 mm */
    visit(&s[4], 18.5, 11.0, 12.0); /* 29.5: +20.4 %, 5 mm */
    visit(&s[5], 0.0, 0.0, 5.0);    /* the third is left */
    visit(&s[6], 0.0, 0.0, 0.0);
    visit(&s[7], 0.0, 0.0, 0.0);
    add(&s[7], 9, MET, 6.0);
    hep_true_responses(r, s, 8);
    assert_close(r[0].sum_mm, 35.0, 1e-12, 0.0);
    assert_close(r[1].change_percent, 100.0 * 2.0 / 35.0, 1e-9, 0.0);
    assert_string_equal(r[1].category, "SD");
    assert_string_equal(r[2].category, "PR");
    assert_close(r[3].nadir_change_percent, 20.0, 1e-9, 0.0);
    assert_string_equal(r[3].category, "SD");
    assert_string_equal(r[4].category, "PD");
    assert_string_equal(r[5].category, "PR");
    assert_string_equal(r[6].category, "CR");
    assert_string_equal(r[7].category, "PD");
    assert_int_equal(r[7].new_lesions, 1);
    free(s);
}

/* Nothing that could be a target: new lesions are still progression. */
static void test_no_target(void **state)
{
    struct hep_true_session *s = calloc(8, sizeof *s);
    struct hep_true_response r[3];

    (void)state;
    add(&s[0], 1, MET, 9.9);
    add(&s[1], 1, MET, 9.0);
    add(&s[2], 1, MET, 9.0);
    add(&s[2], 2, MET, 7.0);
    hep_true_responses(r, s, 3);
    assert_true(isnan(r[0].sum_mm));
    assert_string_equal(r[1].category, "NE");
    assert_string_equal(r[2].category, "PD");
    free(s);
}

/* 1.2^3 and 0.7^3 of a ball's volume, and 3 mm. */
static void test_events(void **state)
{
    struct hep_true_session *s = calloc(8, sizeof *s);

    (void)state;
    begin(s);
    visit(&s[1], 24.1, 15.0, 8.3);
    add(&s[1], 7, MET, 6.0);
    visit(&s[2], 23.9, 10.4, 0.0);
    add(&s[2], 7, MET, 7.3);
    assert_string_equal(hep_true_event(s, 0, 2), "baseline");
    assert_string_equal(hep_true_event(s, 0, 7), "absent");
    assert_string_equal(hep_true_event(s, 1, 2), "grown");
    assert_string_equal(hep_true_event(s, 2, 2), "stable");
    assert_string_equal(hep_true_event(s, 1, 4), "shrunk");
    assert_string_equal(hep_true_event(s, 2, 3), "shrunk");
    assert_string_equal(hep_true_event(s, 2, 4), "vanished");
    assert_string_equal(hep_true_event(s, 1, 7), "new");
    /* grown by 1.8 times, but by less than 3 mm */
    assert_string_equal(hep_true_event(s, 2, 7), "stable");
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_categories),
        cmocka_unit_test(test_no_target),
        cmocka_unit_test(test_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
