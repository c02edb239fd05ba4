/* Lesions known as points and boxes, and masks in folders of derivatives. */
#include "sequences/study_files.h"

#include "sequences/derivatives.h"
#include "sequences/lesion_points.h"
#include "sequences/segmenter.h"

#include <math.h>
#include <stdlib.h>

static struct hep_error e;

struct good {
    const char *name, *file, *text;
    bool lps;
    size_t n;
    double centre[3], diameter, half; /* of the first; NaN: not given */
    const char *label;
};

#define NONE ((double)NAN)
static const struct good good[] = {
    { "points",
      "a.tsv",
      "x\ty\tz\n1.5\t-2\t30\n4\t5\t6\n",
      false,
      2,
      { 1.5, -2, 30 },
      NONE,
      NONE,
      "" },
    { "diameter and name",
      "a.tsv",
      "name\tz\ty\tx\tdiameter_mm\nA 1\t3\t2\t1\t12.5\n",
      false,
      1,
      { 1, 2, 3 },
      12.5,
      NONE,
      "A 1" },
    { "left, back, head",
      "a.tsv",
      "x\ty\tz\n1.5\t-2\t30\n",
      true,
      1,
      { -1.5, 2, 30 },
      NONE,
      NONE,
      "" },
    { "box",
      "a.tsv",
      "x1\ty1\tz1\tx2\ty2\tz2\n10\t0\t5\t0\t20\t15\n",
      false,
      1,
      { 5, 10, 10 },
      40.0 / 3.0,
      5,
      "" },
    { "box of DICOM",
      "a.tsv",
      "x1\ty1\tz1\tx2\ty2\tz2\n10\t0\t5\t0\t20\t15\n",
      true,
      1,
      { -5, -10, 10 },
      40.0 / 3.0,
      5,
      "" },
    { "no row", "a.tsv", "x\ty\tz\n", false, 0, { 0 }, NONE, NONE, "" },
    { "list",
      "a.json",
      "[{\"centre_mm\": [1, 2, 3], \"diameter_mm\": 8, \"name\": \"S6\"}]",
      false,
      1,
      { 1, 2, 3 },
      8,
      NONE,
      "S6" },
    { "our own result",
      "a.json",
      "{\"lesions\": [{\"centre_mm\": [1, 2, 3], \"long_axis_mm\": 9}]}",
      false,
      1,
      { 1, 2, 3 },
      9,
      NONE,
      "" },
    { "box in JSON",
      "a.json",
      "[{\"box_mm\": [[0, 0, 0], [10, 20, 30]]}]",
      false,
      1,
      { 5, 10, 15 },
      20,
      5,
      "" },
    { "no lesion", "a.json", "[]", false, 0, { 0 }, NONE, NONE, "" },
};

static void assert_same(double got, double want)
{
    assert_true(isnan(want) ? isnan(got) : fabs(got - want) < 1e-12);
}

static void test_good(void **state)
{
    char *dir = hep_test_mkdir();

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct good *c = &good[i];
        char *path = hep_path_join(dir, c->file, NULL);
        struct hep_lesion_point *list = NULL;
        size_t n = 0;

        study_write_text(dir, c->file, c->text);
        assert_true(hep_is_lesion_points(path));
        assert_ok(hep_lesion_points_read(&list, &n, path, c->lps, &e), e);
        assert_int_equal(n, c->n);
        for (int k = 0; n > 0 && k < 3; k++)
            assert_same(list[0].centre_mm[k], c->centre[k]);
        if (n > 0) {
            assert_same(list[0].diameter_mm, c->diameter);
            assert_same(list[0].half_mm[0], c->half);
            assert_string_equal(list[0].name, c->label);
        }
        free(list);
        free(path);
    }
    assert_false(hep_is_lesion_points("lesions.nii.gz"));
    hep_test_rmdir(dir);
}

static const struct {
    const char *file, *text, *message;
} bad[] = {
    { "a.tsv", "x\ty\n1\t2\n", "x, y, z" },
    { "a.tsv", "x\ty\tz\n1\t2\n", "row 1: neither a position" },
    { "a.tsv", "x\ty\tz\n1\t2\t3\n1\t2,5\t3\n", "row 2: y is '2,5'" },
    { "a.tsv", "x\ty\tz\n1\t2\t30000\n", "30000 mm" },
    { "a.tsv", "x\ty\tz\tdiameter_mm\n1\t2\t3\t-4\n", "a diameter of -4 mm" },
    { "a.tsv", "x1\ty1\tz1\tx2\ty2\tz2\n1\t2\t3\t1\t9\t9\n", "a side of 0 mm" },
    { "a.json", "{\"findings\": []}", "neither a list" },
    { "a.json", "[{\"centre_mm\": [1, 2]}]", "lesion 1: neither a position" },
    { "a.json", "[7]", "lesion 1: neither a position" },
};

static void test_bad(void **state)
{
    char *dir = hep_test_mkdir();

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *path = hep_path_join(dir, bad[i].file, NULL);
        struct hep_lesion_point *list = NULL;
        size_t n = 0;

        study_write_text(dir, bad[i].file, bad[i].text);
        assert_fails(hep_lesion_points_read(&list, &n, path, false, &e), e, HEP_EFORMAT,
                     bad[i].message);
        assert_null(list);
        free(path);
    }
    hep_test_rmdir(dir);
}

/* TotalSegmentator's folders: one file per class, or one file of a task, whose classes are those of its
 * map_to_binary.py. */
static void test_segmenter_folders(void **state)
{
    static const struct {
        const char *file;
        enum hep_role role;
        int32_t value;
    } rows[] = {
        { "sub-01/aorta.nii.gz", HEP_ROLE_LABELS, HEP_VALUE_ANY },
        { "sub-01/liver_lesions_mr.nii.gz", HEP_ROLE_LESION_MASK, HEP_VALUE_ANY },
        { "sub-01/liver_segments_mr.nii.gz", HEP_ROLE_LIVER_MASK, HEP_VALUE_ANY },
        { "sub-01/liver_vessels.nii.gz", HEP_ROLE_LESION_MASK, 2 },
        { "sub-01/sub-01_label-ablation_mask.nii.gz", HEP_ROLE_LABELS, HEP_VALUE_ANY },
        { "sub-01/sub-01_label-spleen_mask.nii.gz", HEP_ROLE_LABELS, HEP_VALUE_ANY },
        { "sub-01/total_mr.nii.gz", HEP_ROLE_LIVER_MASK, 5 },
    };
    char *dir = hep_test_mkdir();
    struct hep_derivative *list = NULL;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        study_write_text(dir, rows[i].file, "");
    study_write_text(dir, "sub-01/vertebrae_L1.nii.gz", "");
    assert_ok(hep_derivatives_find(&list, &n, dir, "sub-01", &e), e);
    assert_int_equal(n, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < n; i++) {
        assert_true(hep_ends_with(list[i].path, rows[i].file));
        assert_int_equal(list[i].role, rows[i].role);
        assert_int_equal(list[i].value, rows[i].value);
    }
    hep_derivatives_release(list, n);
    hep_test_rmdir(dir);
    assert_string_equal(hep_segmenter_class("total_mr", 5), "liver");
    assert_string_equal(hep_segmenter_class("total_mr", 24), "inferior_vena_cava");
    assert_string_equal(hep_segmenter_class("liver_segments_mr", 8), "liver_segment_8");
    assert_null(hep_segmenter_class("liver_segments_mr", 9));
    assert_null(hep_segmenter_class("total_mr", 0));
    assert_null(hep_segmenter_class("other", 1));
}

static void test_derivatives(void **state)
{
    static const char *const files[] = {
        "sub-01/ses-1/anat/sub-01_ses-1_label-lesions_desc-mine_dseg.nii.gz",
        "sub-01/ses-1/anat/sub-01_ses-1_label-liver_mask.nii.gz",
        "sub-01/ses-1/anat/sub-01_ses-1_label-stomach_mask.nii.gz",
        "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz",
        "sub-01/ses-10/anat/sub-01_ses-10_label-lesion_mask.nii.gz",
        "sub-01_ses-1/liver_lesions.nii.gz",
    };
    char *dir = hep_test_mkdir(), *named;
    struct hep_derivative *list = NULL;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        study_write_text(dir, files[i], "");
    assert_ok(hep_derivatives_find(&list, &n, dir, "sub-01_ses-1", &e), e);
    assert_int_equal(n, 3);
    assert_int_equal(list[0].role, HEP_ROLE_LESION_MASK);
    assert_true(hep_ends_with(list[0].path, "liver_lesions.nii.gz"));
    assert_true(hep_ends_with(list[1].path, "label-lesions_desc-mine_dseg.nii.gz"));
    assert_int_equal(list[2].role, HEP_ROLE_LIVER_MASK);
    hep_derivatives_release(list, n);
    named = hep_asprintf(NULL, "mine=%s", dir);
    assert_ok(hep_derivatives_find(&list, &n, named, "sub-01_ses-1", &e), e);
    assert_int_equal(n, 2); /* TotalSegmentator's file has no name to ask for */
    hep_derivatives_release(list, n);
    assert_ok(hep_derivatives_find(&list, &n, dir, "sub-02", &e), e);
    assert_int_equal(n, 0);
    assert_fails(hep_derivatives_find(&list, &n, "no/such", "sub-01", &e), e, HEP_ENOENT,
                 "no/such");
    free(named);
    hep_test_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
                                        cmocka_unit_test(test_derivatives),
                                        cmocka_unit_test(test_segmenter_folders) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
