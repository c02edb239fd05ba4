/* Files of a study: their list with sizes and hashes, and the sidecar that every map has. */
#include "pipeline/tiny_run.h"

#include <sys/stat.h>

static void test_written_files_are_listed(void **state)
{
    struct hep_study_outcome o;
    struct hep_error e = { 0 };
    struct hep_json *json;
    const struct hep_json *outputs, *told, *map;
    char *path = tiny_path("out/sub-01/anat/sub-01_desc-double_T2map.nii.gz");
    struct stat st;

    (void)state;
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    json = tiny_json("out/sub-01/sub-01_run.json");
    outputs = hep_json_get(json, "outputs");
    assert_int_equal(hep_json_size(outputs), 3);
    told = tiny_entry(outputs, "path", "told.txt");
    /* FIPS 180-2, appendix B.1: SHA-256 of "abc". */
    assert_string_equal(hep_json_string(hep_json_get(told, "sha256")),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_close(hep_json_number(hep_json_get(told, "bytes")), 3.0, 0.0, 0.0);
    assert_string_equal(hep_json_string(hep_json_get(told, "stage")), "tell");
    map = tiny_entry(outputs, "path", "anat/sub-01_desc-double_T2map.nii.gz");
    assert_int_equal(stat(path, &st), 0);
    assert_close(hep_json_number(hep_json_get(map, "bytes")), (double)st.st_size, 0.0, 0.0);
    hep_json_free(json);
    free(path);
}

static void test_sidecar_and_values(void **state)
{
    struct hep_study_outcome o;
    struct hep_error e = { 0 };
    struct hep_json *json;
    struct hep_volume *v = NULL;
    char *path = tiny_path("out/sub-01/anat/sub-01_desc-double_T2map.nii.gz");

    (void)state;
    assert_ok(tiny_run(&o, "out", NULL, NULL, &e), e);
    json = tiny_json("out/sub-01/anat/sub-01_desc-double_T2map.json");
    assert_string_equal(hep_json_string(hep_json_get(json, "Units")), "s");
    assert_string_equal(hep_json_string(hep_json_get(json, "Description")), "twice the series");
    assert_false(hep_json_bool(hep_json_get(json, "SkullStripped"), true));
    assert_int_equal(hep_json_size(hep_json_get(json, "Sources")), 1);
    assert_string_equal(hep_json_string(hep_json_at(hep_json_get(json, "Sources"), 0)),
                        "anat/sub-01_T2w.nii.gz");
    assert_string_equal(hep_json_string(hep_json_get(json, "SpatialReference")),
                        "anat/sub-01_T2w.nii.gz");
    hep_json_free(json);
    assert_ok(hep_nifti_read(&v, path, &e), e);
    assert_close(v->data[0], 20.0, 0.0, 0.0);
    hep_volume_free(v);
    free(path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tiny_setup, tiny_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_written_files_are_listed),
                                        TEST(test_sidecar_and_values) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
