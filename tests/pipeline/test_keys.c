/* Keys of stages: what changes them, and what does not. */
#include "pipeline/tiny_run.h"

static const char *const names[] = { "find", "make", "tell" };

/* The keys of a run into `out`, copied. */
static void keys_of(char key[3][80], const char *out, const char *setting)
{
    char *name = hep_asprintf(NULL, "%s/sub-01/sub-01_run.json", out);
    struct hep_study_outcome o;
    struct hep_error e = { 0 };
    struct hep_json *json;

    assert_ok(tiny_run(&o, out, setting, NULL, &e), e);
    json = tiny_json(name);
    for (size_t i = 0; i < 3; i++)
        (void)snprintf(key[i], sizeof key[i], "%s",
                       hep_json_string(hep_json_get(
                           tiny_entry(hep_json_get(json, "stages"), "name", names[i]), "key")));
    hep_json_free(json);
    free(name);
}

static unsigned changed(char a[3][80], char b[3][80])
{
    unsigned bits = 0;

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(strlen(a[i]), 64); /* SHA-256 in hexadecimal digits */
        bits |= (strcmp(a[i], b[i]) != 0 ? 1U : 0U) << i;
    }
    return bits;
}

static void test_what_changes_keys(void **state)
{
    char first[3][80], other[3][80];

    (void)state;
    keys_of(first, "a", NULL);
    keys_of(other, "b", NULL);
    assert_int_equal(changed(first, other), 0); /* not the output folder */
    keys_of(other, "c", "diffusion.adc.b_min_s_per_mm2=0");
    assert_int_equal(changed(first, other), 0); /* not a setting that nobody reads */
    keys_of(other, "d", "fat.r2star_max_per_s=900");
    assert_int_equal(changed(first, other), 6); /* make reads it, tell reads what make makes */
    study_write_text(tiny_dir, "bids/sub-01/anat/sub-01_T2w.json",
                     "{\"EchoTime\": 0.09, \"RepetitionTime\": 3.5}");
    keys_of(other, "e", NULL);
    assert_int_equal(changed(first, other), 7); /* what is known of the series */
}

static void test_content_of_files_counts(void **state)
{
    char first[3][80], other[3][80];

    (void)state;
    keys_of(first, "a", NULL);
    study_write_image(tiny_dir, "bids/sub-01/anat/sub-01_T2w", 1, 5);
    keys_of(other, "b", NULL);
    assert_int_equal(changed(first, other), 7);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tiny_setup, tiny_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_what_changes_keys),
                                        TEST(test_content_of_files_counts) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
