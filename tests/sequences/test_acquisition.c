#include "sequences/acquisition.h"
#include "support/support.h"

#include "base/file.h"

#include <math.h>

static int parse(struct hep_acquisition *a, const char *text, struct hep_error *e)
{
    hep_acquisition_init(a);
    return hep_acquisition_parse(a, text, strlen(text), "f.json", e);
}

static void test_siemens_dynamic(void **state)
{
    static const char text[] =
        "{\"Manufacturer\": \"Siemens\", \"MagneticFieldStrength\": 2.89, \"EchoTime\": 0.00123,"
        " \"RepetitionTime\": 32.5, \"RepetitionTimeExcitation\": 0.0041, \"FlipAngle\": 12,"
        " \"FrameTimesStart\": [0, 32.5, 65], \"AcquisitionTime\": \"10:1:0.250000\","
        " \"SeriesDescription\": \"t1_vibe_dyn\", \"ContrastBolusAgent\": \"Primovist 10 ml\","
        " \"PatientName\": \"Nobody\", \"AcquisitionDateTime\": \"2020-01-01T10:01:00\"}";
    struct hep_error e = { 0 };
    struct hep_acquisition a, copy;

    (void)state;
    assert_ok(parse(&a, text, &e), e);
    assert_close(a.field_t, 2.89, 0.0, 0.0);
    assert_close(a.te_s, 0.00123, 0.0, 0.0);
    assert_close(a.tr_s, 0.0041, 0.0, 0.0); /* the mean gap of 32.5 s is not the TR */
    assert_close(a.repetition_time_s, 32.5, 0.0, 0.0);
    assert_close(a.flip_rad, 0.20943951023931953, 1e-15, 0.0);
    assert_int_equal(a.n_frame_times, 3);
    assert_close(a.frame_times_s[2], 65.0, 0.0, 0.0);
    assert_close(a.acquisition_time_s, 36060.25, 1e-12, 0.0);
    assert_string_equal(a.agent_text, "Primovist 10 ml");
    assert_true(isnan(a.time_since_injection_s));
    assert_ok(hep_acquisition_copy(&copy, &a, &e), e);
    hep_acquisition_release(&a);
    assert_null(a.agent_text);
    assert_string_equal(copy.series_description, "t1_vibe_dyn");
    assert_close(copy.frame_times_s[1], 32.5, 0.0, 0.0);
    hep_acquisition_release(&copy);
}

/* dcm2niix splits OPP_PHASE at the underscore and adds PHASE of its own. */
static void test_image_type(void **state)
{
    struct hep_error e = { 0 };
    struct hep_acquisition a;

    (void)state;
    assert_ok(parse(&a,
                    "{\"ImageType\": [\"ORIGINAL\", \"primary\", \"OPP\", \"PHASE\", \"PHASE\"]}",
                    &e),
              e);
    assert_int_equal(a.n_image_type, 4);
    assert_true(hep_acquisition_has_type(&a, "OPP_PHASE"));
    assert_true(hep_acquisition_has_type(&a, "PRIMARY"));
    assert_true(hep_acquisition_has_type(&a, "PHASE"));
    assert_false(hep_acquisition_has_type(&a, "OPP"));
    hep_acquisition_release(&a);
    assert_ok(parse(&a, "{\"ImageType\": [\"IN\", \"PHASE\"]}", &e), e);
    assert_true(hep_acquisition_has_type(&a, "IN_PHASE"));
    assert_int_equal(a.n_image_type, 1);
    hep_acquisition_release(&a);
}

static void test_units_and_lists(void **state)
{
    struct hep_error e = { 0 };
    struct hep_acquisition a;

    (void)state;
    assert_ok(
        parse(&a,
              "{\"TriggerDelayTime\": 30000, \"TimeSinceInjection\": -12.5, \"RepetitionTime\": 4,"
              " \"EchoTime\": [0.0012, 0.0024], \"EchoNumber\": 2, \"Unknown\": {\"x\": [1]}}",
              &e),
        e);
    assert_close(a.trigger_delay_s, 30.0, 1e-15, 0.0); /* Philips writes ms */
    assert_close(a.time_since_injection_s, -12.5, 0.0, 0.0);
    assert_close(a.tr_s, 4.0, 0.0, 0.0);
    assert_int_equal(a.n_te_list, 2);
    assert_close(a.te_list_s[1], 0.0024, 0.0, 0.0);
    assert_close(a.te_s, 0.0012, 0.0, 0.0);
    assert_true(isnan(a.field_t));
    hep_acquisition_release(&a);
    assert_ok(parse(&a, "{\"TimeSinceInjection\": 246300}", &e), e);
    assert_close(a.time_since_injection_s, 246.3, 1e-9, 0.0);
    assert_non_null(strstr(a.notes.line[0], "taken as ms"));
    hep_acquisition_release(&a);
    assert_ok(parse(&a, "{\"SequenceName\": \"ep_b50t\", \"SeriesDescription\": \"dwi b800\"}", &e),
              e);
    assert_close(a.b_s_per_mm2, 50.0, 0.0, 0.0);
    hep_acquisition_release(&a);
    assert_ok(parse(&a, "{\"SeriesDescription\": \"dwi b800\", \"EchoTime\": null}", &e), e);
    assert_close(a.b_s_per_mm2, 800.0, 0.0, 0.0);
    assert_true(isnan(a.te_s));
    hep_acquisition_release(&a);
}

struct bad_case {
    const char *name, *text, *part;
};
static const struct bad_case bad_cases[] = {
    { "EchoTime in us", "{\"EchoTime\": 2300}", "f.json: EchoTime: 2300 is outside (0, 1] s" },
    { "EchoTime zero", "{\"EchoTime\": 0}", "EchoTime: 0 is outside" },
    { "EchoTime empty list", "{\"EchoTime\": []}", "EchoTime: has 0 values" },
    { "EchoTime mixed list", "{\"EchoTime\": [0.001, \"x\"]}", "EchoTime: is of type" },
    { "repeated key", "{\"EchoTime\": 0.001, \"EchoTime\": 0.002}", "f.json" },
    { "FlipAngle too large", "{\"FlipAngle\": 720}", "FlipAngle: 720 is outside (0, 180] degrees" },
    { "field negative", "{\"MagneticFieldStrength\": -3}", "MagneticFieldStrength" },
    { "RepetitionTime in us", "{\"RepetitionTime\": 4e6}", "RepetitionTime: 4e+06 is outside" },
    { "ImageType as text", "{\"ImageType\": \"ORIGINAL\"}", "ImageType: is of type" },
    { "ImageType of numbers", "{\"ImageType\": [1]}", "ImageType: is of type" },
    { "FrameTimesStart as number", "{\"FrameTimesStart\": 3}", "a list of numbers is wanted" },
    { "description as number", "{\"SeriesDescription\": 3}", "SeriesDescription: is of type" },
    { "times of volumes too large", "{\"FrameTimesStart\": [1e9]}",
      "FrameTimesStart: 1e+09 is outside" },
    { "TriggerTime too large", "{\"TriggerTime\": 1e12}", "TriggerTime: 1e+12 is outside" },
    { "TimeSinceInjection list", "{\"TimeSinceInjection\": [1]}", "TimeSinceInjection" },
    { "an array", "[1, 2]", "a sidecar is an object" },
    { "truncated", "{\"EchoTime\": 0.00", "f.json" },
    { "empty", "", "f.json" },
};

static void test_bad(void **state)
{
    const struct bad_case *c = *state;
    struct hep_error e = { 0 };
    struct hep_acquisition a;

    assert_fails(parse(&a, c->text, &e), e, HEP_EFORMAT, c->part);
    hep_acquisition_release(&a);
}

static void test_clock(void **state)
{
    static const struct {
        const char *text;
        double s; /* NaN: refused */
    } cases[] = { { "10:1:0.000000", 36060.0 },
                  { "10:01:00", 36060.0 },
                  { "10:01", 36060.0 },
                  { "100100.5", 36060.5 },
                  { "0:0:0", 0.0 },
                  { "2024-05-03T10:01:00.5", 36060.5 },
                  { "2024-05-03 10:01:00Z", 36060.0 },
                  { "2024-05-03T10:01:00+02:00", 36060.0 },
                  { "20240503100100.5-0500", 36060.5 },
                  { "2024-05-03", (double)NAN },
                  { "20240503", (double)NAN },
                  { "10:01:00+2", (double)NAN },
                  { "23:59:59.75", 86399.75 },
                  { "24:00:00", (double)NAN },
                  { "10:60:00", (double)NAN },
                  { "10", (double)NAN },
                  { "10:1:0.0x", (double)NAN },
                  { "", (double)NAN },
                  { "10:1:", (double)NAN },
                  { "10:1.5", (double)NAN },
                  { " 10:01:00", (double)NAN },
                  { "-1:00:00", (double)NAN } };
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double s = -1.0;
        int rc = hep_parse_clock(&s, cases[i].text, &e);

        if (isnan(cases[i].s)) {
            assert_fails(rc, e, HEP_EFORMAT, cases[i].text);
            assert_close(s, -1.0, 0.0, 0.0);
        } else {
            assert_ok(rc, e);
            assert_close(s, cases[i].s, 1e-12, 0.0);
        }
    }
    assert_fails(hep_parse_clock(&(double){ 0 }, NULL, &e), e, HEP_EFORMAT, NULL);
}

/* Texts that are numbers, milliseconds and other clocks are understood, and said. The repetition
 * time of a gradient echo: 4 s at 12 degrees cannot be, 4 s of a spin echo can, 2.3 s after an
 * inversion can. */
struct understood_case {
    const char *name, *text;
    double te_s, tr_s, clock_s; /* NaN: unknown */
    const char *note;           /* NULL: none */
};
static const struct understood_case understood_cases[] = {
    { "TE as text", "{\"EchoTime\": \"0.0023\"}", 0.0023, (double)NAN, (double)NAN,
      "numbers are written as text: EchoTime \"0.0023\"" },
    { "TE in ms", "{\"EchoTime\": 85, \"RepetitionTime\": 4}", 0.085, 4.0, (double)NAN,
      "EchoTime 85 cannot be in s: taken as ms" },
    { "TE and TR in ms", "{\"EchoTime\": 1.3, \"RepetitionTime\": 3.8}", 0.0013, 0.0038,
      (double)NAN, "RepetitionTime 3.8 cannot be in s" },
    { "TR in ms", "{\"RepetitionTime\": 4000}", (double)NAN, 4.0, (double)NAN, "taken as ms" },
    { "TR of a gradient echo in ms",
      "{\"EchoTime\": 0.0013, \"RepetitionTime\": 4, \"FlipAngle\": 12}", 0.0013, 0.004,
      (double)NAN, "RepetitionTime 4 cannot be in s" },
    { "TR of an inversion in s",
      "{\"EchoTime\": 0.0013, \"RepetitionTime\": 2.3, \"FlipAngle\": 9, \"InversionTime\": 0.9}",
      0.0013, 2.3, (double)NAN, NULL },
    { "TR of a spin echo in s", "{\"EchoTime\": 0.085, \"RepetitionTime\": 4, \"FlipAngle\": 90}",
      0.085, 4.0, (double)NAN, NULL },
    { "ContentTime", "{\"ContentTime\": \"10:01:00\"}", (double)NAN, (double)NAN, 36060.0,
      "no AcquisitionTime: ContentTime is taken" },
    { "SeriesTime, DICOM", "{\"SeriesTime\": \"100100.000\"}", (double)NAN, (double)NAN, 36060.0,
      "SeriesTime is taken" },
    { "clock nonsense", "{\"AcquisitionTime\": \"25:00:00\"}", (double)NAN, (double)NAN,
      (double)NAN, "AcquisitionTime is no time of day" },
    { "clock as number", "{\"AcquisitionTime\": 36000}", (double)NAN, (double)NAN, (double)NAN,
      "AcquisitionTime is no time of day" },
};

static void test_understood(void **state)
{
    const struct understood_case *c = *state;
    const double want[3] = { c->te_s, c->tr_s, c->clock_s };
    struct hep_error e = { 0 };
    struct hep_acquisition a;
    bool said = c->note == NULL;

    assert_ok(parse(&a, c->text, &e), e);
    for (size_t i = 0; i < 3; i++) {
        const double got = i == 0 ? a.te_s : i == 1 ? a.tr_s : a.acquisition_time_s;

        if (isnan(want[i]))
            assert_true(isnan(got));
        else
            assert_close(got, want[i], 1e-12, 0.0);
    }
    for (size_t i = 0; c->note != NULL && i < a.notes.n; i++)
        said = said || strstr(a.notes.line[i], c->note) != NULL;
    assert_true(said);
    if (c->note == NULL)
        assert_int_equal(a.notes.n, 0);
    hep_acquisition_release(&a);
}

static void test_missing_file(void **state)
{
    struct hep_error e = { 0 };
    struct hep_acquisition a;
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "none.json", NULL);

    (void)state;
    hep_acquisition_init(&a);
    assert_fails(hep_acquisition_read(&a, path, &e), e, HEP_ENOENT, "none.json");
    free(path);
    hep_test_rmdir(dir);
}

int main(void)
{
    enum {
        N = sizeof bad_cases / sizeof bad_cases[0],
        M = sizeof understood_cases / sizeof understood_cases[0]
    };
    struct CMUnitTest tests[N + M + 5] = {
        cmocka_unit_test(test_siemens_dynamic), cmocka_unit_test(test_image_type),
        cmocka_unit_test(test_units_and_lists), cmocka_unit_test(test_clock),
        cmocka_unit_test(test_missing_file),
    };

    for (size_t i = 0; i < N; i++)
        tests[5 + i] = (struct CMUnitTest){ .name = bad_cases[i].name,
                                            .test_func = test_bad,
                                            .initial_state = (void *)(uintptr_t)&bad_cases[i] };
    for (size_t i = 0; i < M; i++)
        tests[5 + N + i] =
            (struct CMUnitTest){ .name = understood_cases[i].name,
                                 .test_func = test_understood,
                                 .initial_state = (void *)(uintptr_t)&understood_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
