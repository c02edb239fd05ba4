/* The order of a run: what is computed, what is taken over, what a failure leaves. */
#include "pipeline/tiny_run.h"

static const char *text_at(const struct hep_json *o, const char *key)
{
    return hep_json_string(hep_json_get(o, key));
}

static void test_first_run(void **state)
{
    struct hep_study_outcome o;
    struct hep_error e = { 0 };
    struct hep_json *json;

    (void)state;
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    assert_int_equal(o.state, HEP_STUDY_DONE);
    assert_string_equal(o.label, "sub-01");
    assert_int_equal(tiny.found + 10 * tiny.made + 100 * tiny.told, 111);
    assert_close(tiny.third, 1.0 / 3.0, 0.0, 0.0);
    json = tiny_json("out/sub-01/sub-01_run.json");
    assert_string_equal(text_at(json, "state"), "done");
    assert_null(hep_json_get(json, "failed_stage"));
    hep_json_free(json);
}

static void test_nothing_is_done_twice(void **state)
{
    struct hep_study_outcome o;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    assert_int_equal(o.state, HEP_STUDY_UNCHANGED);
    assert_int_equal(tiny.found + tiny.made + tiny.told, 3);
}

/* A setting of the second stage: that stage and those after it run again. */
static void test_what_depends_on_a_change(void **state)
{
    struct hep_study_outcome o;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    assert_ok(tiny_run(&o, "out", "diffusion.adc.b_min_s_per_mm2=0", NULL, &e), e);
    assert_int_equal(o.state, HEP_STUDY_UNCHANGED);
    assert_ok(tiny_run(&o, "out", "fat.r2star_max_per_s=900", NULL, &e), e);
    assert_int_equal(o.state, HEP_STUDY_DONE);
    assert_int_equal(tiny.made, 2);
    assert_int_equal(tiny.told, 2);
    assert_close(tiny.third, 1.0 / 3.0, 0.0, 0.0);
}

/* run.json with the struct spoilt: the stage that made it, and those after it, run again. */
static void test_spoilt_struct_is_made_again(void **state)
{
    char *path = tiny_path("out/sub-01/sub-01_run.json"), *text = NULL, *at;
    struct hep_study_outcome o;
    struct hep_error e = { 0 };
    size_t n = 0;

    (void)state;
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    assert_ok(hep_file_read(&text, &n, path, (size_t)1 << 20, &e), e);
    at = strstr(text, "0.3333333333333333");
    assert_non_null(at);
    at[0] = at[17] = '"'; /* a text in the place of a number */
    assert_ok(hep_file_write(path, text, n, &e), e);
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    assert_int_equal(o.state, HEP_STUDY_DONE);
    assert_int_equal(tiny.found, 2);
    free(text);
    free(path);
}

static void test_failure_names_its_stage(void **state)
{
    struct hep_study_outcome o;
    struct hep_error e = { 0 };
    struct hep_json *json;

    (void)state;
    tiny.fail = true;
    assert_fails(tiny_run(&o, "out", NULL, NULL, &e), e, HEP_EDATA, "sub-01: make: made to fail");
    assert_int_equal(o.state, HEP_STUDY_FAILED);
    assert_int_equal(tiny.told, 0);
    json = tiny_json("out/sub-01/sub-01_run.json");
    assert_string_equal(text_at(json, "state"), "failed");
    assert_string_equal(text_at(json, "failed_stage"), "make");
    assert_close(hep_json_number(hep_json_get(json, "exit_code")), 65.0, 0.0, 0.0);
    hep_json_free(json);
}

/* An earlier result stays, and the failure stands beside it until a run succeeds. */
static void test_failure_replaces_nothing(void **state)
{
    char *failed = tiny_path("out/sub-01/sub-01_failed.json");
    struct hep_study_outcome o;
    struct hep_error e = { 0 };
    struct hep_json *json;

    (void)state;
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    tiny.fail = true;
    assert_fails(tiny_run(&o, "out", "fat.r2star_max_per_s=900", NULL, &e), e, HEP_EDATA, "make");
    json = tiny_json("out/sub-01/sub-01_run.json");
    assert_string_equal(text_at(json, "state"), "done");
    hep_json_free(json);
    json = tiny_json("out/sub-01/sub-01_failed.json");
    assert_string_equal(text_at(json, "failed_stage"), "make");
    hep_json_free(json);
    tiny.fail = false;
    assert_ok(tiny_run(&o, "out", "fat.r2star_max_per_s=900", NULL, &e), e);
    assert_false(hep_is_file(failed));
    free(failed);
}

static void test_stopped_on_request(void **state)
{
    const volatile bool stop = true;
    struct hep_study_outcome o;
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(tiny_run(&o, "out", NULL, &stop, &e), e, HEP_ETEMP, "stopped on request");
    assert_int_equal(tiny.found, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tiny_setup, tiny_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_run),
        TEST(test_nothing_is_done_twice),
        TEST(test_what_depends_on_a_change),
        TEST(test_spoilt_struct_is_made_again),
        TEST(test_failure_names_its_stage),
        TEST(test_failure_replaces_nothing),
        TEST(test_stopped_on_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
