/* Series that cannot be used are left out with their reason, and cost nothing else. */
#include "sequences/study_files.h"

/* b-values that cannot be used cost the diffusion series, and nothing else. */
struct left_out_case {
    const char *name, *bval, *bvec, *reason; /* bval NULL: no such file */
};
static const struct left_out_case left_out_cases[] = {
    { "no b-values", NULL, NULL, "d/dwi.nii.gz: no b-values" },
    { "one for five volumes", "0", NULL, "d/dwi.bval: 1 b-values for 5 volumes" },
    { "negative", "0 50 100 -4 800", NULL, "d/dwi.bval: b-value 4 is -4" },
    { "no number", "0 x 100 400 800", NULL, "d/dwi.bval:1: \"x\"" },
    { "all zero", "0 0 0 0 0", NULL, "d/dwi.nii.gz: every volume has b = 0 s/mm2" },
    { "ms/um2", "0 0.05 0.1 0.4 0.8", NULL,
      "d/dwi.bval: b-values 0 0.05 0.1 0.4 0.8: the largest is 0.8 s/mm2, must be 10 to 100000: "
      "likely in ms/um2, multiply by 1000" },
    { "s/m2", "0 5e7 1e8 4e8 8e8", NULL, "likely in s/m2, multiply by 1e-6" },
    { "ms/um2 in one volume's worth of repeats", "0.8 0.8 0.8 0.8 0.8", NULL,
      "d/dwi.nii.gz: b-values 0.8 0.8 0.8 0.8 0.8: " },
    { "directions", "0 50 100 400 800", "0 0 0", "d/dwi.bvec: " },
};

static void test_left_out(void **state)
{
    const struct left_out_case *c = *state;
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;
    const struct hep_series *s;

    study_write_image(dir, "d/dwi", 5, 4);
    study_write_image(dir, "t2_tse", 1, 4);
    if (c->bval != NULL)
        study_write_text(dir, "d/dwi.bval", c->bval);
    if (c->bvec != NULL)
        study_write_text(dir, "d/dwi.bvec", c->bvec);
    inv = study_scan(dir, NULL);
    s = study_series(inv, "d/dwi");
    assert_int_equal(s->role, HEP_ROLE_DWI);
    assert_false(s->selected);
    assert_non_null(s->left_out);
    assert_true(hep_starts_with(s->left_out, "d/dwi"));
    assert_non_null(strstr(s->left_out, c->reason));
    assert_ptr_equal(hep_inventory_left_out(inv, HEP_ROLE_DWI), s->left_out);
    assert_null(hep_inventory_find(inv, HEP_ROLE_DWI));
    assert_true(study_says(&s->warnings, "left out: d/dwi"));
    assert_true(study_says(&inv->warnings, c->reason));
    assert_non_null(hep_inventory_find(inv, HEP_ROLE_T2));
    assert_null(hep_inventory_left_out(inv, HEP_ROLE_T2));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* Of two diffusion series the one that can be used is; files of one b-value each are judged
 * together: 5 s/mm2 alone in its file is a weighting, 0 and 0.8 are another unit. */
static void test_left_out_beside_another(void **state)
{
    static const struct study_file files[] = {
        { "dwi/sub-1_run-1_dwi", 2, NULL },   { "dwi/sub-1_run-1_dwi.bval", 0, "0 800\n" },
        { "dwi/sub-1_run-2_dwi", 2, NULL },   { "dwi/sub-1_run-2_dwi.bval", 0, "0 0.8\n" },
        { "other/sub-1_acq-x_dwi", 1, NULL }, { "other/sub-1_acq-x_dwi.bval", 0, "0\n" },
        { "other/sub-1_acq-y_dwi", 1, NULL }, { "other/sub-1_acq-y_dwi.bval", 0, "0.8\n" },
    };
    static const struct study_file parts[] = {
        { "dwi/sub-1_acq-b0_dwi", 1, NULL },   { "dwi/sub-1_acq-b0_dwi.bval", 0, "0\n" },
        { "dwi/sub-1_acq-b5_dwi", 2, NULL },   { "dwi/sub-1_acq-b5_dwi.bval", 0, "5 5\n" },
        { "dwi/sub-1_acq-b800_dwi", 1, NULL }, { "dwi/sub-1_acq-b800_dwi.bval", 0, "800\n" },
    };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;

    (void)state;
    study_write(dir, files, sizeof files / sizeof files[0]);
    inv = study_scan(dir, NULL);
    assert_string_equal(hep_inventory_find(inv, HEP_ROLE_DWI)->name, "dwi/sub-1_run-1_dwi.nii.gz");
    assert_null(hep_inventory_left_out(inv, HEP_ROLE_DWI));
    assert_non_null(study_series(inv, "dwi/sub-1_run-2_dwi")->left_out);
    assert_non_null(strstr(study_series(inv, "other/sub-1_acq-x_dwi")->left_out,
                           "other/sub-1_acq-x_dwi.nii.gz: b-values 0 0.8: "));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
    dir = hep_test_mkdir();
    study_write(dir, parts, sizeof parts / sizeof parts[0]);
    inv = study_scan(dir, NULL);
    assert_int_equal(hep_inventory_find(inv, HEP_ROLE_DWI)->gradients.n, 4);
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

int main(void)
{
    enum { N = sizeof left_out_cases / sizeof left_out_cases[0] };
    struct CMUnitTest tests[N + 1] = { cmocka_unit_test(test_left_out_beside_another) };

    for (size_t i = 0; i < N; i++)
        tests[i + 1] =
            (struct CMUnitTest){ .name = left_out_cases[i].name,
                                 .test_func = test_left_out,
                                 .initial_state = (void *)(uintptr_t)&left_out_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
