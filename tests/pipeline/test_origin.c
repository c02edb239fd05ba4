/* Whose result a folder holds: every way in which a study may, or may not, take its place. */
#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "pipeline/origin.h"

#include <sys/stat.h>
#include <unistd.h>

/* Three files by what they hold; 64 hexadecimal digits as a SHA-256 has. */
#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH_M "3333333333333333333333333333333333333333333333333333333333333333"
#define INPUT(name, role, hash)                                                                    \
    "{\"path\": \"" name "\", \"role\": \"" role "\", \"sha256\": \"" hash "\"}"
#define DONE(more) "{\"state\": \"done\", \"study\": \"sub-1\"" more "}"
#define INPUTS(list) ", \"inputs\": [" list "]"
#define FOLDER(hash) ", \"study_folder_sha256\": \"" hash "\""

static char *root, *study, *folder;

static int setup(void **state)
{
    struct hep_error e = { 0 };

    (void)state;
    root = hep_test_mkdir();
    study = hep_path_join(root, "in/study", NULL);
    folder = hep_path_join(root, "out/sub-1", NULL);
    return hep_mkdir_p(study, &e) != HEP_OK || hep_mkdir_p(folder, &e) != HEP_OK;
}

static int teardown(void **state)
{
    (void)state;
    hep_test_rmdir(root);
    free(study);
    free(folder);
    return 0;
}

static void put(const char *name, const char *text)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(folder, name, NULL), *slash = strrchr(path, '/');

    *slash = '\0';
    assert_ok(hep_mkdir_p(path, &e), e);
    *slash = '/';
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    free(path);
}

/* The study that asks has two images, a.nii.gz (HASH_A) and c.nii.gz, and a mask (HASH_M). */
static int check(bool replace, const char *its_folder_hash, struct hep_json **earlier,
                 struct hep_error *e)
{
    struct hep_record mine = { 0 };
    int rc;

    (void)snprintf(mine.study_folder_sha256, sizeof mine.study_folder_sha256, "%s",
                   its_folder_hash);
    assert_ok(hep_record_add_input(&mine, "/x/a.nii.gz", "a.nii.gz", "t2", HASH_A, e), *e);
    assert_ok(hep_record_add_input(&mine, "/x/c.nii.gz", "c.nii.gz", "dwi",
                                   "cccccccccccccccccccccccccccccccc"
                                   "cccccccccccccccccccccccccccccccc",
                                   e),
              *e);
    assert_ok(hep_record_add_input(&mine, "/m.nii.gz", "m.nii.gz", "liver_mask", HASH_M, e), *e);
    rc = hep_origin_check(earlier, &mine, study, folder, "sub-1", replace, e);
    hep_record_release(&mine);
    return rc;
}

struct case_of_record {
    const char *name, *record; /* run.json of the earlier result */
    const char *other;         /* a further file in the folder; NULL: none */
    const char *refused;       /* part of the line; NULL: it may be replaced */
};
static const struct case_of_record cases[] = {
    { "nothing there", NULL, NULL, NULL },
    { "same folder, other images", DONE(FOLDER(HASH_B) INPUTS(INPUT("x", "t2", HASH_B))), "x.html",
      NULL },
    { "moved: other folder, same image under another name",
      DONE(FOLDER(HASH_A) INPUTS(INPUT("y.nii", "dwi", HASH_A))), "x.html", NULL },
    { "one image of two is the same",
      DONE(INPUTS(INPUT("y", "t2", HASH_B) ", " INPUT("a", "t2", HASH_A))), "x.html", NULL },
    { "another study", DONE(FOLDER(HASH_A) INPUTS(INPUT("y.nii", "t2", HASH_B))), NULL,
      "holds the result of another study (y.nii bbbbbbbb), which has no image in common with " },
    { "another study names both",
      DONE(INPUTS(INPUT("y.nii", "t2", HASH_B) ", " INPUT("z", "dwi", HASH_B))), NULL,
      "(y.nii bbbbbbbb and 1 more), which has no image in common with " },
    { "only a mask in common",
      DONE(INPUTS(INPUT("m", "liver_mask", HASH_M) ", " INPUT("y", "t2", HASH_B))), NULL,
      "another study" },
    { "a mask there is an image here", DONE(INPUTS(INPUT("a", "labels", HASH_A))), NULL,
      "another study (no images)" },
    { "a record without inputs", DONE(""), NULL, "another study (no images)" },
    { "inputs that are no list", DONE(", \"inputs\": 3"), NULL, "another study (no images)" },
    { "a failed run and nothing else", "{\"state\": \"failed\"}", NULL, NULL },
    { "a failed run and its leftovers", "{\"state\": \"failed\"}", ".x.01234567-1-0.tmp", NULL },
    { "a failed run among other files", "{\"state\": \"failed\"}", "scan.nii.gz", "(scan.nii.gz)" },
    { "half a record", "{\"state\": \"do", NULL, "sub-1_run.json cannot be read" },
    { "an empty record", "", NULL, "sub-1_run.json cannot be read" },
    { "JSON of somebody else", "{\"a\": 1}", NULL, "sub-1_run.json cannot be read" },
    { "JSON with another state", "{\"state\": 3}", NULL, "sub-1_run.json cannot be read" },
    { "files without a record", NULL, "anat/scan.nii.gz", "holds files (anat)" },
    { "another label's result", NULL, "sub-2_run.json", "holds files (sub-2_run.json)" },
    { "an empty folder's remains", NULL, "sub-1_failed.json", NULL },
};

static void test_case(void **state)
{
    const struct case_of_record *c = *state;
    struct hep_error e = { 0 };
    struct hep_json *earlier = NULL;

    assert_int_equal(setup(NULL), 0);
    if (c->record != NULL)
        put("sub-1_run.json", c->record);
    if (c->other != NULL)
        put(c->other, "x");
    if (c->refused == NULL) {
        assert_ok(check(false, HASH_B, &earlier, &e), e);
        assert_int_equal(earlier != NULL, c->record != NULL);
    } else {
        assert_fails(check(false, HASH_B, &earlier, &e), e, HEP_ECREAT, c->refused);
        assert_fails(check(false, HASH_B, &earlier, &e), e, HEP_ECREAT, folder);
        assert_fails(check(false, HASH_B, &earlier, &e), e, HEP_ECREAT, study);
        assert_fails(check(false, HASH_B, &earlier, &e), e, HEP_ECREAT, "--replace");
        assert_null(earlier);
    }
    hep_json_free(earlier);
    assert_ok(check(true, HASH_B, &earlier, &e), e);
    hep_json_free(earlier);
    assert_int_equal(teardown(NULL), 0);
}

/* With --reproducible neither record holds a folder: two empty hashes are not the same folder. */
static void test_no_folder_is_no_folder(void **state)
{
    struct hep_error e = { 0 };
    struct hep_json *earlier = NULL;

    (void)state;
    put("sub-1_run.json", DONE(FOLDER("") INPUTS(INPUT("y", "t2", HASH_B))));
    assert_fails(check(false, "", &earlier, &e), e, HEP_ECREAT, "another study");
}

/* What --replace does not replace. */
static void test_never_replaced(void **state)
{
    struct hep_error e = { 0 };
    struct hep_json *earlier = NULL;
    char *inside = hep_path_join(folder, "dwi", NULL), *link = hep_path_join(root, "link", NULL);

    (void)state;
    put("sub-1_run.json", DONE(FOLDER(HASH_B)));
    put("ses-1/sub-1_ses-1_run.json", DONE(""));
    assert_fails(check(true, HASH_B, &earlier, &e), e, HEP_ECREAT, "ses-1");

    put("dwi/scan.nii.gz", "x");
    free(study);
    study = hep_strdup(inside, NULL);
    assert_fails(check(true, HASH_B, &earlier, &e), e, HEP_ECREAT, "holds the study itself");
    assert_int_equal(symlink(folder, link), 0);
    free(study);
    study = hep_strdup(link, NULL);
    assert_fails(check(true, HASH_B, &earlier, &e), e, HEP_ECREAT, "holds the study itself");

    assert_ok(hep_remove_tree(folder, &e), e);
    assert_ok(hep_file_write(folder, "x", 1, &e), e);
    assert_fails(check(true, HASH_B, &earlier, &e), e, HEP_ECREAT, "a file is in the way");
    assert_null(earlier);
    free(inside);
    free(link);
}

/* The mask of check() is /m.nii.gz; here it lies in the folder of the result. */
static void test_inputs_stay(void **state)
{
    struct hep_error e = { 0 };
    struct hep_json *earlier = NULL;
    struct hep_record mine = { 0 };
    char *mask = hep_path_join(folder, "anat/mask.nii.gz", NULL);

    (void)state;
    assert_ok(hep_record_add_input(&mine, mask, "mask.nii.gz", "liver_mask", HASH_M, &e), e);
    (void)snprintf(mine.study_folder_sha256, sizeof mine.study_folder_sha256, "%s", HASH_B);
    put("sub-1_run.json", DONE(FOLDER(HASH_B)));
    put("anat/mask.nii.gz", "drawn by hand");
    for (int replace = 0; replace < 2; replace++)
        assert_fails(hep_origin_check(&earlier, &mine, study, folder, "sub-1", replace == 1, &e), e,
                     HEP_ECREAT, "holds anat/mask.nii.gz, which this run reads");
    put("sub-1_run.json", DONE(FOLDER(HASH_B) ", \"outputs\": [{\"path\": \"anat/mask.nii.gz\"}]"));
    assert_ok(hep_origin_check(&earlier, &mine, study, folder, "sub-1", false, &e), e);
    hep_json_free(earlier);
    hep_record_release(&mine);
    free(mask);
}

static void assert_failure_goes_to(const char *want)
{
    char *path = hep_origin_failure_path(folder, "sub-1");

    if (want == NULL)
        assert_null(path);
    else
        assert_string_equal(hep_path_base(path), want);
    free(path);
}

/* A reason of failure costs no result and no foreign folder. */
static void test_failure_path(void **state)
{
    struct hep_error e = { 0 };

    (void)state;
    assert_failure_goes_to("sub-1_run.json");
    put("sub-1_run.json", "{\"state\": \"failed\"}");
    assert_failure_goes_to("sub-1_run.json");
    put("sub-1_run.json", DONE(""));
    assert_failure_goes_to("sub-1_failed.json");
    put("sub-1_run.json", "{");
    assert_failure_goes_to("sub-1_failed.json");
    assert_ok(hep_remove_tree(folder, &e), e);
    assert_failure_goes_to("sub-1_run.json");
    put("anat/scan.nii.gz", "x");
    assert_failure_goes_to(NULL);
    assert_ok(hep_remove_tree(folder, &e), e);
    put("ses-1/x", "x");
    assert_failure_goes_to(NULL);
    assert_ok(hep_remove_tree(folder, &e), e);
    assert_ok(hep_file_write(folder, "x", 1, &e), e);
    assert_failure_goes_to(NULL);
}

/* The hash is that of the true path, however the folder is named. `sha256sum` of coreutils gives
 * the same for "/". */
static void test_folder_hash(void **state)
{
    struct hep_error e = { 0 };
    char one[HEP_SHA256_HEX], two[HEP_SHA256_HEX];
    char *link = hep_path_join(root, "link", NULL),
         *dots = hep_path_join(study, "../study/.", NULL);

    (void)state;
    assert_int_equal(symlink(study, link), 0);
    assert_ok(hep_origin_folder(one, link, &e), e);
    assert_ok(hep_origin_folder(two, dots, &e), e);
    assert_string_equal(one, two);
    assert_ok(hep_origin_folder(one, root, &e), e);
    assert_string_not_equal(one, two);
    assert_ok(hep_origin_folder(one, "/", &e), e);
    assert_string_equal(one, "8a5edab282632443219e051e4ade2d1d5bbc671c781051bf1437897cbdfea0f1");
    assert_ok(hep_remove_tree(study, &e), e);
    assert_fails(hep_origin_folder(one, study, &e), e, HEP_EIO, study);
    free(link);
    free(dots);
}

#define N_CASES (sizeof cases / sizeof cases[0])

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_folder_is_no_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inputs_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_hash, setup, teardown),
    };
    struct CMUnitTest rows[N_CASES];

    for (size_t i = 0; i < N_CASES; i++)
        rows[i] = (struct CMUnitTest){ .name = cases[i].name,
                                       .test_func = test_case,
                                       .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests(rows, NULL, NULL) + cmocka_run_group_tests(tests, NULL, NULL);
}
