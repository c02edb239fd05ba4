/* Numbers of lesions of a group: none found, not looked for, and two found, one of them a metastasis. */
#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "batch/group_table.h"

#include <math.h>

static const char *const files[] = {
    "{\"lesions\": []}",
    "{\"lesions\": [], \"lesions_absent_reason\": \"mask needed\"}",
    ("{\"lesions\": [{\"centre_mm\": [0,0,0], \"class\": \"metastasis\"}, "
     "{\"centre_mm\": [9,0,0], \"class\": \"cyst\"}]}"),
};
enum { N_STUDIES = sizeof files / sizeof files[0] };

static void put_study(char *label, const char *dir, size_t i)
{
    char *folder, *path;
    struct hep_error e = { 0 };

    (void)snprintf(label, 8, "sub-%zu", i + 1);
    folder = hep_path_join(dir, label, NULL);
    path = hep_asprintf(NULL, "%s/%s_lesions.json", folder, label);
    assert_ok(hep_mkdir_p(folder, &e), e);
    assert_ok(hep_file_write(path, files[i], strlen(files[i]), &e), e);
    free(folder);
    free(path);
}

static double value_in(const struct hep_group_table *t, enum hep_measure m, size_t study)
{
    for (size_t i = 0; i < t->n_measures; i++)
        if (t->measures[i].measure == m)
            return t->measures[i].values[study];
    return -1.0;
}

static void test_numbers_of_lesions(void **state)
{
    char *dir = hep_test_mkdir(), label[N_STUDIES][8];
    struct hep_study_status list[N_STUDIES] = { { 0 } };
    const struct hep_out_status status = { .list = list, .n = N_STUDIES };
    struct hep_group_table t = { 0 };
    struct hep_table withheld = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < N_STUDIES; i++) {
        put_study(label[i], dir, i);
        list[i].label = list[i].relative = label[i];
        list[i].state = HEP_STATE_DONE;
    }
    assert_ok(hep_group_gather(&t, dir, &status, &e), e);
    assert_close(value_in(&t, HEP_M_N_LESIONS, 0), 0.0, 0.0, 0.0);
    assert_close(value_in(&t, HEP_M_N_METASTASES, 0), 0.0, 0.0, 0.0);
    assert_true(isnan(value_in(&t, HEP_M_N_LESIONS, 1)));
    assert_true(isnan(value_in(&t, HEP_M_N_METASTASES, 1)));
    assert_close(value_in(&t, HEP_M_N_LESIONS, 2), 2.0, 0.0, 0.0);
    assert_close(value_in(&t, HEP_M_N_METASTASES, 2), 1.0, 0.0, 0.0);
    /* It is said once, not for each number. */
    assert_ok(hep_group_withheld(&withheld, &t, &e), e);
    assert_int_equal(withheld.n, 1);
    hep_table_release(&withheld);
    hep_group_release(&t);
    hep_test_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers_of_lesions) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
