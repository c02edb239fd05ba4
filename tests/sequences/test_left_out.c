/* Series that cannot be used are left out with their reason, and cost nothing else. */
#include "sequences/study_files.h"

#include <unistd.h>

/* b-values that cannot be used cost the diffusion series, and nothing else. */
struct left_out_case {
    const char *name, *bval, *reason; /* bval NULL: no such file */
};
static const struct left_out_case left_out_cases[] = {
    { "no b-values", NULL, "d/dwi.nii.gz: no b-values" },
    { "one for five volumes", "0", "d/dwi.bval: 1 b-values for 5 volumes" },
    { "negative", "0 50 100 -4 800", "d/dwi.bval: b-value 4 is -4" },
    { "no number", "0 x 100 400 800", "d/dwi.bval:1: \"x\"" },
    { "all zero", "0 0 0 0 0", "d/dwi.nii.gz: every volume has b = 0 s/mm2" },
    { "ms/um2", "0 0.05 0.1 0.4 0.8",
      "d/dwi.bval: b-values 0 0.05 0.1 0.4 0.8: the largest is 0.8 s/mm2, must be 10 to 100000: "
      "likely in ms/um2, multiply by 1000" },
    { "s/m2", "0 5e7 1e8 4e8 8e8", "likely in s/m2, multiply by 1e-6" },
    { "ms/um2 in one volume's worth of repeats", "0.8 0.8 0.8 0.8 0.8",
      "d/dwi.nii.gz: b-values 0.8 0.8 0.8 0.8 0.8: " },
};

/* No map needs the directions: a table of them that cannot be read costs itself alone. */
static void test_directions(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;
    const struct hep_series *s;

    (void)state;
    study_write_image(dir, "d/dwi", 5, 4);
    study_write_text(dir, "d/dwi.bval", "0 50 100 400 800");
    study_write_text(dir, "d/dwi.bvec", "0 0 0");
    inv = study_scan(dir, NULL);
    s = hep_inventory_find(inv, HEP_ROLE_DWI);
    assert_non_null(s);
    assert_int_equal(s->gradients.n, 5);
    assert_close(s->gradients.b_s_per_mm2[4], 800.0, 0.0, 0.0);
    assert_null(s->gradients.direction);
    assert_true(study_says(&s->warnings, "directions are not used: d/dwi.bvec: "));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

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

/* A file that cannot be used costs its series: the reason names the file as in the study. */
struct broken_case {
    const char *name, *file, *content; /* content NULL: a link to nothing */
    const char *reason;
};
static const struct broken_case broken_cases[] = {
    { "empty sidecar", "anat/sub-1_T2w.json", "", "anat/sub-1_T2w.json:1:1: " },
    { "broken sidecar", "anat/sub-1_T2w.json", "{\"EchoTime\": 0.085,}", "anat/sub-1_T2w.json:1:" },
    { "impossible value", "anat/sub-1_T2w.json", "{\"FlipAngle\": 720}",
      "anat/sub-1_T2w.json: FlipAngle: 720 is outside" },
    { "dangling sidecar", "anat/sub-1_T2w.json", NULL,
      "anat/sub-1_T2w.json: a link to a file that is not there" },
    { "no image", "anat/sub-1_T2w.nii.gz", "not an image", "anat/sub-1_T2w.nii.gz: " },
    { "dangling image", "anat/sub-1_T2w.nii.gz", NULL,
      "anat/sub-1_T2w.nii.gz: a link to a file that is not there" },
    { "inherited and broken", "T2w.json", "[1]", "T2w.json: a sidecar is an object" },
};

static void test_broken(void **state)
{
    static const struct study_file files[] = {
        { "sub-1/anat/sub-1_T2w", 1, NULL },
        { "sub-1/anat/sub-1_acq-pre_T1w", 1, NULL },
    };
    const struct broken_case *c = *state;
    char *dir = hep_test_mkdir(),
         *path = hep_asprintf(NULL, "%s/%s%s", dir, strchr(c->file, '/') ? "sub-1/" : "", c->file);
    struct hep_inventory *inv;

    study_write(dir, files, 2);
    (void)unlink(path);
    if (c->content == NULL)
        assert_int_equal(symlink("nowhere", path), 0);
    else
        study_write_text(dir, path + strlen(dir) + 1, c->content);
    inv = study_scan(dir, "sub-1");
    assert_null(hep_inventory_find(inv, HEP_ROLE_T2));
    assert_non_null(hep_inventory_left_out(inv, HEP_ROLE_T2));
    if (!hep_starts_with(hep_inventory_left_out(inv, HEP_ROLE_T2), c->reason))
        print_error("%s\n", hep_inventory_left_out(inv, HEP_ROLE_T2));
    assert_true(hep_starts_with(hep_inventory_left_out(inv, HEP_ROLE_T2), c->reason));
    assert_true(study_says(&inv->warnings, "left out: "));
    if (strchr(c->file, '/') != NULL)
        assert_non_null(hep_inventory_find(inv, HEP_ROLE_PRECONTRAST));
    hep_inventory_free(inv);
    free(path);
    hep_test_rmdir(dir);
}

static struct hep_inventory *scan_links(const char *dir, bool follow)
{
    struct hep_inventory *inv = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_inventory_scan_links(&inv, dir, follow, &e), e);
    return inv;
}

/* Links stay within the study, or the dataset around it; what they lead to elsewhere is named and left out. */
static void test_links_that_lead_out(void **state)
{
    char *dir = hep_test_mkdir(), *study = hep_path_join(dir, "set/sub-1", NULL),
         *outside = hep_path_join(dir, "elsewhere/t2_tse.nii.gz", NULL),
         *json = hep_path_join(dir, "elsewhere/x.json", NULL);
    static const char *const to_inside = "../../pool/sub-1_acq-pre_T1w.nii.gz";
    static const char *const says[] = {
        "t2_tse.nii.gz is a link that leads out of the study: left out",
        "all is a link that leads out of the study: left out",
        "left out: anat/sub-1_acq-b_T1w.json: a link that leads out"
    };
    struct hep_inventory *inv;

    (void)state;
    study_write_image(dir, "elsewhere/t2_tse", 1, 4);
    study_write_text(dir, "elsewhere/x.json", "{\"EchoTime\": 0.085}");
    study_write_image(dir, "set/pool/sub-1_acq-pre_T1w", 1, 4);
    study_write_image(dir, "set/sub-1/anat/sub-1_acq-b_T1w", 1, 4);
    assert_int_equal(chdir(study), 0);
    assert_int_equal(symlink(outside, "t2_tse.nii.gz"), 0);
    assert_int_equal(symlink("/", "all"), 0);
    assert_int_equal(symlink(to_inside, "anat/sub-1_acq-pre_T1w.nii.gz"), 0);
    assert_int_equal(symlink(json, "anat/sub-1_acq-b_T1w.json"), 0);
    inv = scan_links(study, false);
    assert_int_equal(inv->n_series, 2);
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        assert_true(study_says(&inv->warnings, says[i]));
    assert_non_null(study_series(inv, "anat/sub-1_acq-pre_T1w"));
    hep_inventory_free(inv);
    assert_int_equal(unlink("all"), 0);
    inv = scan_links(study, true);
    assert_int_equal(inv->n_series, 3);
    assert_null(study_series(inv, "anat/sub-1_acq-b_T1w")->left_out);
    hep_inventory_free(inv);
    assert_int_equal(chdir("/"), 0);
    free(study);
    free(outside);
    free(json);
    hep_test_rmdir(dir);
}

/* A subject with series both at its top and in a session: those of the top are in no study, and named. */
static void test_beside_a_session(void **state)
{
    static const struct study_file files[] = {
        { "sub-1/ses-1/anat/sub-1_ses-1_T2w", 1, NULL },
        { "sub-1/anat/sub-1_T2w", 1, NULL },
        { "sub-1/scan", 1, NULL },
    };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;

    (void)state;
    study_write(dir, files, 3);
    inv = study_scan(dir, "sub-1/ses-1");
    assert_int_equal(inv->n_series, 1);
    assert_true(study_says(&inv->warnings, "../anat/sub-1_T2w.nii.gz lies beside the sessions"));
    assert_true(study_says(&inv->warnings, "../scan.nii.gz lies beside the sessions"));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* Half of the bytes are missing: the gzip trailer tells it before the file is read. What is found
 * only then gives its role to the next best. */
static void test_truncated(void **state)
{
    static const struct study_file files[] = {
        { "anat/sub-1_run-1_T2w", 1, NULL },
        { "anat/sub-1_run-2_T2w", 1, NULL },
    };
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "anat/sub-1_run-2_T2w.nii.gz", NULL),
         *bytes = NULL;
    struct hep_error e = { 0 };
    struct hep_inventory *inv;
    size_t n = 0;

    (void)state;
    study_write(dir, files, 2);
    inv = study_scan(dir, NULL);
    assert_string_equal(hep_inventory_find(inv, HEP_ROLE_T2)->name, "anat/sub-1_run-2_T2w.nii.gz");
    assert_ok(hep_inventory_leave_out(inv, "anat/sub-1_run-2_T2w.nii.gz", "damaged", &e), e);
    assert_string_equal(hep_inventory_find(inv, HEP_ROLE_T2)->name, "anat/sub-1_run-1_T2w.nii.gz");
    assert_true(study_says(&inv->warnings, "left out: damaged"));
    hep_inventory_free(inv);

    assert_ok(hep_file_read(&bytes, &n, path, 1 << 20, &e), e);
    assert_ok(hep_file_write(path, bytes, n - 20, &e), e);
    inv = study_scan(dir, NULL);
    assert_true(hep_starts_with(study_series(inv, "anat/sub-1_run-2_T2w")->left_out,
                                "anat/sub-1_run-2_T2w.nii.gz: gzip: truncated"));
    assert_string_equal(hep_inventory_find(inv, HEP_ROLE_T2)->name, "anat/sub-1_run-1_T2w.nii.gz");
    hep_inventory_free(inv);
    free(bytes);
    free(path);
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

/* Extensions in capitals are read; pairs of two files are named. */
static void test_extensions(void **state)
{
    static const struct study_file files[] = { { "sub-1/anat/sub-1_acq-pre_T1w", 1, NULL } };
    char *dir = hep_test_mkdir(),
         *from = hep_asprintf(NULL, "%s/sub-1/anat/sub-1_acq-pre_T1w.nii.gz", dir),
         *to = hep_asprintf(NULL, "%s/sub-1/anat/sub-1_acq-pre_T1w.NII.GZ", dir);
    struct hep_inventory *inv;

    (void)state;
    study_write(dir, files, 1);
    assert_int_equal(rename(from, to), 0);
    study_write_text(dir, "sub-1/anat/sub-1_T2w.hdr", "header");
    inv = study_scan(dir, "sub-1");
    assert_non_null(hep_inventory_find(inv, HEP_ROLE_PRECONTRAST));
    assert_true(study_says(&inv->warnings, "anat/sub-1_T2w.hdr: a .hdr/.img pair is not read"));
    hep_inventory_free(inv);
    free(from);
    free(to);
    hep_test_rmdir(dir);
}

/* Form codes 0 in every file of a study or in all but one. */
static void test_places(void **state)
{
    static const struct study_file files[] = {
        { "sub-1/anat/sub-1_acq-pre_T1w", 1, NULL },
        { "sub-1/anat/sub-1_acq-pv_ce-gadoxetate_T1w", 1, NULL },
        { "sub-1/anat/sub-1_T2w", 1, NULL },
    };
    const struct hep_grid other = {
        .n = { 5, 6, 7 },
        .to_world = { { 2, 0, 0, 0 }, { 0, 2, 0, 0 }, { 0, 0, 2, 0 }, { 0, 0, 0, 1 } },
        .unplaced = true
    };

    (void)state;
    for (int n_placed = 0; n_placed < 2; n_placed++) {
        char *dir = hep_test_mkdir();
        struct hep_inventory *inv;
        struct hep_error e = { 0 };

        study_write(dir, files, 3);
        for (int k = n_placed; k < 3; k++) {
            char *path = hep_asprintf(NULL, "%s/%s.nii.gz", dir, files[k].path);
            struct hep_volume *v = NULL;

            assert_ok(hep_nifti_read(&v, path, &e), e);
            v->grid.unplaced = true;
            if (k == 2) {
                hep_volume_free(v);
                assert_ok(hep_volume_new(&v, &other, 1, &e), e);
            }
            assert_ok(hep_nifti_write(path, v, NULL, &e), e);
            hep_volume_free(v);
            free(path);
        }
        inv = study_scan(dir, "sub-1");
        assert_int_equal(inv->places_assumed, n_placed == 0);
        assert_non_null(hep_inventory_find(inv, HEP_ROLE_PRECONTRAST));
        assert_int_equal(hep_inventory_find(inv, HEP_ROLE_PORTAL_VENOUS) != NULL, n_placed == 0);
        assert_null(hep_inventory_find(inv, HEP_ROLE_T2));
        assert_int_equal(study_says(&inv->warnings, "as if their axes led"), n_placed == 0);
        assert_true(study_says(&inv->warnings, n_placed == 0 ? "another grid than the other images"
                                                             : "one must be above 0"));
        hep_inventory_free(inv);
        hep_test_rmdir(dir);
    }
}

int main(void)
{
    enum { N = sizeof left_out_cases / sizeof left_out_cases[0] };
    enum { M = sizeof broken_cases / sizeof broken_cases[0] };
    struct CMUnitTest tests[N + M + 7] = { cmocka_unit_test(test_left_out_beside_another),
                                           cmocka_unit_test(test_links_that_lead_out),
                                           cmocka_unit_test(test_beside_a_session),
                                           cmocka_unit_test(test_truncated),
                                           cmocka_unit_test(test_directions),
                                           cmocka_unit_test(test_extensions),
                                           cmocka_unit_test(test_places) };

    for (size_t i = 0; i < N; i++)
        tests[i + 7] =
            (struct CMUnitTest){ .name = left_out_cases[i].name,
                                 .test_func = test_left_out,
                                 .initial_state = (void *)(uintptr_t)&left_out_cases[i] };
    for (size_t i = 0; i < M; i++)
        tests[N + 7 + i] =
            (struct CMUnitTest){ .name = broken_cases[i].name,
                                 .test_func = test_broken,
                                 .initial_state = (void *)(uintptr_t)&broken_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
