#include "base/file.h"
#include "image/nifti.h"
#include "support/support.h"

#include <string.h>

/* Byte offsets of nifti1.h: qform_code 252, sform_code 254, qoffset_x 268. */
static void write_with(const char *path, int16_t qform, int16_t sform, float further_mm)
{
    const struct hep_grid grid = hep_test_grid(5, 4, 3, 2, 2, 6);
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };
    char *bytes = NULL;
    size_t n = 0;
    float x;

    assert_ok(hep_volume_new(&v, &grid, 1, &e), e);
    assert_ok(hep_nifti_write(path, v, NULL, &e), e);
    assert_ok(hep_file_read(&bytes, &n, path, 1 << 20, &e), e);
    (void)memcpy(&x, bytes + 268, sizeof x);
    x += further_mm;
    (void)memcpy(bytes + 268, &x, sizeof x);
    (void)memcpy(bytes + 252, &qform, sizeof qform);
    (void)memcpy(bytes + 254, &sform, sizeof sform);
    assert_ok(hep_file_write(path, bytes, n, &e), e);
    hep_volume_free(v);
    free(bytes);
}

struct row {
    const char *name;
    int16_t qform, sform;
    float further_mm;
    double apart_mm;
};
static const struct row rows[] = {
    { "both alike", 1, 1, 0, 0 },
    { "20 mm apart", 1, 1, 20, 20 },
    { "only the qform", 1, 0, 20, 0 },
    { "only the sform", 0, 1, 20, 0 },
    { "template and scanner", 1, 4, -7.5F, 7.5 },
};

static void test_row(void **state)
{
    const struct row *r = *state;
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "a.nii", NULL);
    struct hep_nifti_info info;
    struct hep_error e = { 0 };

    write_with(path, r->qform, r->sform, r->further_mm);
    assert_ok(hep_nifti_info(&info, path, &e), e);
    assert_close(info.forms_apart_mm, r->apart_mm, 0.0, 1e-4);
    free(path);
    hep_test_rmdir(dir);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0]];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = test_row,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
