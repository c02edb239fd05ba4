/* What is removed, moved and counted on the way from DICOM to BIDS: expected values by hand. */
#include "dicom/clean.h"
#include "dicom/frame_times.h"
#include "dicom/ledger.h"
#include "sequences/lines.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

static void set(struct hep_dicom_object *o, enum hep_dicom_tag tag, const char *text)
{
    free(o->text[tag]);
    o->text[tag] = strdup(text);
    assert_non_null(o->text[tag]);
}

static void release(struct hep_dicom_object *o)
{
    for (int t = 0; t < HEP_DICOM_TAG_COUNT; t++)
        free(o->text[t]);
    hep_lines_release(&o->frame_times);
    hep_lines_release(&o->frame_positions);
    hep_lines_release(&o->frame_b);
    hep_lines_release(&o->frame_places);
}

/* ---- words ---------------------------------------------------------------------------------- */

static const struct word_case {
    const char *name, *text, *clean;
} word_cases[] = {
    { "a name goes, whatever its case", "T1 vibe MUELLER pre", "T1 vibe pre" },
    { "also inside a word", "ep2d_diffMueller", "ep2d_diff" },
    { "a short name only where it stands alone", "Li liver Li", "liver" },
    { "a number of the patient", "scan 0047113", "scan" },
    { "the institution as a whole", "Klinikum am Meer: DWI", ": DWI" },
    { "long words of the institution", "DWI Klinikum", "DWI" },
    { "short words of an institution stay", "am", "am" },
    { "words of the protocol stay", "t1_vibe_dixon_tra_bh_W", "t1_vibe_dixon_tra_bh_W" },
    { "nothing", "", "" },
};

static void test_words(void **state)
{
    const struct word_case *c = *state;
    struct hep_dicom_object o = { 0 };
    struct hep_personal p = { 0 };
    struct hep_error err = { 0 };
    char text[64];

    set(&o, HEP_DICOM_PATIENT_NAME, "Mueller^Li");
    set(&o, HEP_DICOM_PATIENT_ID, "0047113");
    set(&o, HEP_DICOM_INSTITUTION, "Klinikum am Meer");
    set(&o, HEP_DICOM_SERIES_DESCRIPTION, "vibe");
    assert_int_equal(hep_personal_add(&p, &o, &err), HEP_OK);
    (void)snprintf(text, sizeof text, "%s", c->text);
    hep_personal_remove(&p, text);
    assert_string_equal(text, c->clean);
    hep_personal_release(&p);
    release(&o);
}

/* ---- dates ---------------------------------------------------------------------------------- */

static void test_dates(void **state)
{
    char out[HEP_DATE_TIME];

    (void)state;
    assert_true(hep_dicom_date_time(out, "20240317", 37234.5, 0));
    assert_string_equal(out, "2024-03-17T10:20:34.500000");
    assert_true(hep_dicom_date_time(out, "20240301", 0.0, 1)); /* 2024 is a leap year, */
    assert_string_equal(out, "2024-02-29T00:00:00.000000");
    assert_true(hep_dicom_date_time(out, "19000301", 0.0, 1)); /* 1900 is none */
    assert_string_equal(out, "1900-02-28T00:00:00.000000");
    assert_true(hep_dicom_date_time(out, "20240317101112.5", 0.0, 366)); /* of a DICOM DT */
    assert_string_equal(out, "2023-03-17T00:00:00.000000");
    assert_false(hep_dicom_date_time(out, "", 0.0, 0));
    assert_false(hep_dicom_date_time(out, "2024-3-17", 0.0, 0));
    assert_false(hep_dicom_date_time(out, "20241317", 0.0, 0));
    assert_int_equal(hep_ledger_shift_days("00000000ff"), 40000);
    assert_int_equal(hep_ledger_shift_days("00000e45ff"), 40000); /* 0xe45 = 3653 */
    assert_int_equal(hep_ledger_shift_days("00000e44ff"), 43652);
}

/* ---- times and b-values of volumes ---------------------------------------------------------- */

/* Two slices, three volumes; objects in a scrambled order of files. */
static const struct {
    const char *time, *position, *b;
} scrambled[] = {
    { "235959.5", "2", "400" }, { "000030", "3", "800" },   { "235930", "1", "0" },
    { "000030", "3", "800" },   { "235959.5", "2", "400" }, { "235930", "1", "0" },
};
enum { N_SCRAMBLED = 6 };

static void test_volumes(void **state)
{
    struct hep_dicom_object o[N_SCRAMBLED] = { { 0 } };
    const struct hep_dicom_object *list[N_SCRAMBLED];
    struct hep_dicom_series s = { .object = list, .n = N_SCRAMBLED };
    double clock[3], b[3];

    (void)state;
    for (size_t i = 0; i < N_SCRAMBLED; i++) {
        list[i] = &o[i];
        set(&o[i], HEP_DICOM_ACQUISITION_TIME, scrambled[i].time);
        set(&o[i], HEP_DICOM_TEMPORAL_POSITION, scrambled[i].position);
        set(&o[i], HEP_DICOM_B_VALUE, scrambled[i].b);
    }
    assert_true(hep_dicom_volume_clocks(clock, &s, 2, 3));
    assert_close(clock[0], 86370.0, 0.0, 1e-9);
    assert_close(clock[1], 86399.5, 0.0, 1e-9);
    assert_close(clock[2], 86430.0, 0.0, 1e-9); /* over midnight */
    assert_true(hep_dicom_volume_b(b, &s, 2, 3));
    assert_close(b[0], 0.0, 0.0, 0.0);
    assert_close(b[1], 400.0, 0.0, 0.0);
    assert_close(b[2], 800.0, 0.0, 0.0);
    assert_true(hep_dicom_has_b(&s, 400.4));
    assert_false(hep_dicom_has_b(&s, 2000.0));
    assert_false(hep_dicom_volume_clocks(clock, &s, 2, 2)); /* images do not fit the volumes */
    set(&o[0], HEP_DICOM_B_VALUE, "50");
    assert_false(hep_dicom_volume_b(b, &s, 2, 3)); /* two b-values in one volume */
    set(&o[1], HEP_DICOM_ACQUISITION_TIME, "no time");
    assert_false(hep_dicom_volume_clocks(clock, &s, 2, 3));
    for (size_t i = 0; i < N_SCRAMBLED; i++)
        release(&o[i]);
}

/* One enhanced object with frames of its own. */
static void test_frames(void **state)
{
    static const char *const b[] = { "0", "0", "50", "50" };
    struct hep_dicom_object o = { 0 };
    const struct hep_dicom_object *list[] = { &o };
    struct hep_dicom_series s = { .object = list, .n = 1 };
    struct hep_error err = { 0 };
    double clock[2], values[2];

    (void)state;
    set(&o, HEP_DICOM_FRAMES, "4");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(hep_lines_addf(&o.frame_b, &err, "%s", b[i]), HEP_OK);
        assert_int_equal(hep_lines_addf(&o.frame_positions, &err, "%d", 1 + i / 2), HEP_OK);
        assert_int_equal(
            hep_lines_addf(&o.frame_times, &err, "20240317%06d", 100000 + 30 * (i / 2)), HEP_OK);
    }
    assert_true(hep_dicom_volume_b(values, &s, 2, 2));
    assert_close(values[1], 50.0, 0.0, 0.0);
    assert_true(hep_dicom_volume_clocks(clock, &s, 2, 2));
    assert_close(clock[1] - clock[0], 30.0, 0.0, 1e-9);
    assert_false(hep_dicom_has_b(&s, 2000.0));
    release(&o);
    o = (struct hep_dicom_object){ 0 };
    assert_true(hep_dicom_has_b(&s, 2000.0)); /* no header has any: nothing contradicts */
}

int main(void)
{
    enum { N_WORDS = sizeof word_cases / sizeof word_cases[0] };
    struct CMUnitTest tests[N_WORDS + 3] = {
        { .name = "dates", .test_func = test_dates },
        { .name = "times and b-values of classic volumes", .test_func = test_volumes },
        { .name = "times and b-values of frames", .test_func = test_frames },
    };

    for (size_t i = 0; i < N_WORDS; i++)
        tests[3 + i] = (struct CMUnitTest){ .name = word_cases[i].name,
                                            .test_func = test_words,
                                            .initial_state = (void *)(uintptr_t)&word_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
