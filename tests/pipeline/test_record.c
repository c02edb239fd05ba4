/* run.json as the memory of a run: what it holds, when it serves again, and what comes back. */
#include "pipeline/tiny_run.h"

#include "pipeline/record.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct hep_json *first_record(void)
{
    struct hep_study_outcome o;
    struct hep_error e = { 0 };

    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    return tiny_json("out/sub-01/sub-01_run.json");
}

static const struct hep_json *stage_of(const struct hep_json *record, const char *name)
{
    return tiny_entry(hep_json_get(record, "stages"), "name", name);
}

static void test_products_and_warnings(void **state)
{
    struct hep_json *record = first_record();
    const struct hep_json *made = hep_json_get(stage_of(record, "make"), "products");
    const struct hep_json *facts =
        hep_json_get(hep_json_get(stage_of(record, "find"), "products"), "facts");

    (void)state;
    assert_string_equal(hep_json_string(hep_json_get(facts, "state")), "present");
    assert_close(hep_json_number(hep_json_get(hep_json_get(facts, "results"), "third")), 1.0 / 3.0,
                 0.0, 0.0);
    assert_int_equal(hep_json_type(hep_json_get(hep_json_get(facts, "results"), "unknown")),
                     HEP_JSON_NULL);
    assert_string_equal(hep_json_string(hep_json_get(hep_json_get(made, "never"), "reason")),
                        "nobody asked for it");
    assert_string_equal(hep_json_string(hep_json_get(hep_json_get(made, "double"), "file")),
                        "anat/sub-01_desc-double_T2map.nii.gz");
    hep_json_free(record);
}

/* One bit in the middle of a file, its size as it was. */
static void damage(const char *path)
{
    struct hep_error e = { 0 };
    char *bytes = NULL;
    size_t n = 0;

    assert_ok(hep_file_read(&bytes, &n, path, 1 << 20, &e), e);
    bytes[n / 2] = (char)(bytes[n / 2] ^ 1);
    assert_ok(hep_file_write(path, bytes, n, &e), e);
    free(bytes);
}

static void test_what_serves_again(void **state)
{
    struct hep_json *record = first_record();
    const char *key = hep_json_string(hep_json_get(stage_of(record, "make"), "key"));
    char *folder = tiny_path("out/sub-01"),
         *map = tiny_path("out/sub-01/anat/sub-01_desc-double_T2map.nii.gz");
    struct hep_record_of of, none;
    struct hep_error e = { 0 };

    (void)state;
    hep_record_look(&of, record, folder, "sub-01");
    hep_record_look(&none, NULL, folder, "sub-01");
    assert_true(of.dated);
    assert_true(hep_record_reusable(&of, &tiny_make_stage, key, false));
    assert_true(hep_record_reusable(&of, &tiny_make_stage, key, true));
    assert_false(hep_record_reusable(&of, &tiny_make_stage, "0123", false));
    assert_false(hep_record_reusable(&none, &tiny_make_stage, key, false));
    damage(map);
    assert_false(
        hep_record_reusable(&of, &tiny_make_stage, key, false)); /* written to after the record */
    assert_int_equal(utimensat(AT_FDCWD, map, (const struct timespec[2]){ { 0, 0 }, { 0, 0 } }, 0),
                     0);
    assert_true(hep_record_reusable(&of, &tiny_make_stage, key, false)); /* size and time lie */
    assert_false(hep_record_reusable(&of, &tiny_make_stage, key, true)); /* the hash does not */
    assert_ok(hep_file_write(map, "x", 1, &e), e);                       /* another size */
    assert_false(hep_record_reusable(&of, &tiny_make_stage, key, false));
    assert_ok(hep_json_set(record, "version", hep_json_new_string("0.0"), &e), e);
    key = hep_json_string(hep_json_get(stage_of(record, "find"), "key"));
    assert_false(hep_record_reusable(&of, &tiny_find_stage, key, false));
    hep_json_free(record);
    free(folder);
    free(map);
}

static void begin(struct hep_run *run)
{
    struct hep_error e = { 0 };

    *run = (struct hep_run){ .stages = tiny_stages, .n_stages = 3, .nthreads = 1 };
    run->out.tmp = tiny_path("out/sub-01");
    assert_ok(hep_products_init(run, &e), e);
}

static void end(struct hep_run *run)
{
    hep_products_release(run);
    free(run->out.tmp);
}

static void test_what_comes_back(void **state)
{
    struct hep_json *record = first_record();
    const struct hep_volume *v = NULL;
    const void *data = NULL;
    struct hep_error e = { 0 };
    struct hep_run run;

    (void)state;
    begin(&run);
    for (size_t i = 0; i < 3; i++)
        assert_ok(hep_record_restore_products(&run, i, record, &e), e);
    assert_ok(hep_run_struct(&run, "facts", &tiny_type, &data, &e), e);
    assert_close(((const struct tiny_facts *)data)->third, 1.0 / 3.0, 0.0, 0.0);
    assert_string_equal(((const struct tiny_facts *)data)->note, "a note");
    assert_ok(hep_run_volume(&run, "double", &v, &e), e);
    assert_close(v->data[0], 20.0, 0.0, 0.0);
    assert_string_equal(hep_run_reason(&run, "never"), "nobody asked for it");
    end(&run);
    hep_json_free(record);
}

/* A record that somebody edited leads to no file outside the study's folder. */
static void test_path_leads_nowhere_else(void **state)
{
    static const char *const bad[] = { "../elsewhere", "/etc/passwd", "" };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text = hep_asprintf(NULL,
                                  "{\"stages\": [{\"name\": \"make\", \"products\": {\"double\": "
                                  "{\"state\": \"present\", \"file\": \"%s\"}}}]}",
                                  bad[i]);
        struct hep_json *record = NULL;
        struct hep_error e = { 0 };
        struct hep_run run;

        assert_ok(hep_json_parse(&record, text, strlen(text), "t", &e), e);
        begin(&run);
        assert_fails(hep_record_restore_products(&run, 1, record, &e), e, HEP_EFORMAT, "double");
        end(&run);
        hep_json_free(record);
        free(text);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tiny_setup, tiny_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_products_and_warnings),
                                        TEST(test_what_serves_again), TEST(test_what_comes_back),
                                        TEST(test_path_leads_nowhere_else) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
