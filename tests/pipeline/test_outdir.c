#include "support/support.h"

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "pipeline/outdir.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *root;

static int setup(void **state)
{
    (void)state;
    root = hep_test_mkdir();
    return root == NULL;
}

static int teardown(void **state)
{
    (void)state;
    hep_test_rmdir(root);
    return 0;
}

#define STUDY "sub-1/ses-2"
#define FILE_NAME "anat/x.txt"

static char *in_root(const char *name)
{
    char *path = hep_path_join(root, name, NULL);

    assert_non_null(path);
    return path;
}

static void open_study(struct hep_outdir *d)
{
    struct hep_error e = { 0 };

    assert_ok(hep_outdir_open(d, root, STUDY, &e), e);
    assert_ok(hep_outdir_begin(d, &e), e);
}

/* The one file of the study, in the hidden folder. */
static void write_file(const struct hep_outdir *d, const char *text)
{
    struct hep_error e = { 0 };
    char *path = hep_outdir_path(d, FILE_NAME, &e);

    assert_non_null(path);
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    free(path);
}

static int commit(struct hep_outdir *d, size_t bytes, struct hep_error *err)
{
    const struct hep_outdir_file file = { FILE_NAME, bytes };

    return hep_outdir_commit(d, &file, 1, err);
}

/* Write one file of the study through a folder that is committed. */
static void write_result(const char *text)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };

    open_study(&d);
    write_file(&d, text);
    assert_ok(commit(&d, strlen(text), &e), e);
    hep_outdir_close(&d);
}

static void assert_result(const char *text)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(root, "sub-1/ses-2/anat/x.txt", NULL), *data = NULL;
    size_t n = 0;

    assert_ok(hep_file_read(&data, &n, path, 100, &e), e);
    assert_string_equal(data, text);
    free(data);
    free(path);
}

/* Names in the parent folder of the study, hidden ones included. */
static size_t siblings(void)
{
    struct hep_error e = { 0 };
    struct hep_listing list = { 0 };
    char *parent = hep_path_join(root, "sub-1", NULL);
    size_t n;

    assert_ok(hep_listing_read(&list, parent, &e), e);
    n = list.n;
    hep_listing_release(&list);
    free(parent);
    return n;
}

static void test_commit_replaces(void **state)
{
    (void)state;
    write_result("one");
    assert_result("one");
    write_result("two");
    assert_result("two");
    assert_int_equal(siblings(), 1);
}

static void test_abandoned_run_leaves_nothing(void **state)
{
    struct hep_outdir d = { 0 };

    (void)state;
    write_result("kept");
    open_study(&d);
    write_file(&d, "half");
    hep_outdir_close(&d);
    assert_result("kept");
    assert_int_equal(siblings(), 1);
}

static void test_reuse_takes_the_earlier_file(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };

    (void)state;
    write_result("old");
    open_study(&d);
    assert_ok(hep_outdir_reuse(&d, FILE_NAME, &e), e);
    assert_fails(hep_outdir_reuse(&d, "anat/gone.txt", &e), e, HEP_ETEMP, "vanished");
    assert_ok(commit(&d, 3, &e), e);
    hep_outdir_close(&d);
    assert_result("old");
}

static void test_second_run_is_told_to_wait(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir a = { 0 }, b = { 0 };

    (void)state;
    open_study(&a);
    assert_fails(hep_outdir_open(&b, root, STUDY, &e), e, HEP_ETEMP, "another run");
    hep_outdir_close(&b);
    assert_true(hep_outdir_in_use(root, STUDY));
    hep_outdir_close(&a);
    open_study(&b);
    hep_outdir_close(&b);
}

/* A process that opens the study, commits or not, and dies with the lock in its hands. */
static void die_while_writing(bool committed)
{
    struct hep_error e = { 0 };
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct hep_outdir mine = { 0 };

        if (hep_outdir_open(&mine, root, STUDY, &e) != HEP_OK ||
            hep_outdir_begin(&mine, &e) != HEP_OK || !hep_outdir_in_use(root, STUDY) ||
            (committed && hep_outdir_commit(&mine, NULL, 0, &e) != HEP_OK))
            _exit(1);
        _exit(7);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
}

/* A run that was killed at any point before its commit: the next one takes over and cleans up. */
static void test_killed_run_is_cleaned_up(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };

    (void)state;
    write_result("kept");
    die_while_writing(false);
    assert_int_equal(siblings(), 3);
    assert_false(hep_outdir_in_use(root, STUDY));
    assert_ok(hep_outdir_open(&d, root, STUDY, &e), e);
    hep_outdir_close(&d);
    assert_result("kept");
    assert_int_equal(siblings(), 1);
}

/* A run that was killed between its commit and giving the lock back: its result holds, no later run
 * writes the study again, and yet nothing stays behind once one has looked at it. */
static void test_remains_beside_a_good_result_are_tidied(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };

    (void)state;
    die_while_writing(true);
    assert_int_equal(siblings(), 2);
    assert_false(hep_outdir_in_use(root, STUDY));
    assert_ok(hep_outdir_open(&d, root, STUDY, &e), e);
    hep_outdir_close(&d);
    assert_int_equal(siblings(), 1);
}

/* Stopped between the two renames of a file system without exchange. */
static void test_interrupted_swap_is_repaired(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char *final = in_root(STUDY), *old = in_root("sub-1/.ses-2.old");

    (void)state;
    write_result("kept");
    assert_int_equal(rename(final, old), 0);
    assert_ok(hep_outdir_open(&d, root, STUDY, &e), e);
    hep_outdir_close(&d);
    assert_result("kept");
    free(final);
    free(old);
}

/* The owner file of the study's lock says this, and was touched so long ago [s]. */
static void write_owner(const char *text, long age_s)
{
    struct hep_error e = { 0 };
    const struct timespec times[2] = { { time(NULL) - age_s, 0 }, { time(NULL) - age_s, 0 } };
    char *lock = in_root("sub-1/.ses-2.lock"), *path = hep_path_join(lock, "owner", NULL);

    assert_ok(hep_mkdir_p(lock, &e), e);
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    free(lock);
    free(path);
}

/* A run on another host that has been silent for an hour loses the study to the next. When it
 * speaks again it replaces nothing, and leaves the lock, the folder and the result of the other
 * alone. */
static void test_lost_lock_commits_nothing(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir slow = { 0 }, quick = { 0 };
    char *owner;

    (void)state;
    write_result("kept");
    open_study(&slow);
    write_file(&slow, "slow");
    assert_ok(hep_outdir_keep(&slow, &e), e);
    owner = hep_asprintf(NULL, "elsewhere.example 1 1 %s\n", slow.lock.token);
    write_owner(owner, 3600);
    open_study(&quick);
    write_file(&quick, "quick");

    assert_fails(hep_outdir_keep(&slow, &e), e, HEP_ETEMP, "another run has taken");
    assert_null(hep_outdir_path(&slow, "anat/y.txt", &e));
    assert_fails((int)e.code, e, HEP_ETEMP, "hidden folder");
    assert_fails(commit(&slow, 4, &e), e, HEP_ETEMP, "another run has taken");
    assert_result("kept");
    hep_outdir_close(&slow);
    assert_true(hep_outdir_in_use(root, STUDY));

    assert_ok(commit(&quick, 5, &e), e);
    hep_outdir_close(&quick);
    assert_result("quick");
    assert_false(hep_outdir_in_use(root, STUDY));
    assert_int_equal(siblings(), 1);
    free(owner);
}

/* Host, process and start are those of the true owner, the token is not: not its lock. */
static void test_lock_is_known_by_its_token(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char host[256] = "", *owner;

    (void)state;
    write_result("kept");
    open_study(&d);
    write_file(&d, "new");
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    owner = hep_asprintf(NULL, "%s %ld %llu 00112233445566778899aabbccddeeff\n", host,
                         (long)getpid(), hep_process_birth((long)getpid()));
    write_owner(owner, 0);
    assert_fails(commit(&d, 3, &e), e, HEP_ETEMP, "another run has taken");
    hep_outdir_close(&d);
    assert_result("kept");
    assert_true(hep_outdir_in_use(root, STUDY));
    free(owner);
}

/* What cannot be understood holds the study as long as a silent run of another host, no longer. */
static void test_garbled_owner_ages_out(void **state)
{
    static const char *const garbled[] = { "",
                                           "\n",
                                           "noise",
                                           "a b c d e",
                                           "host 12x 5 t\n",
                                           "host -1 5 t\n",
                                           "elsewhere.example 1 1 t\n" };

    (void)state;
    for (size_t i = 0; i < sizeof garbled / sizeof garbled[0]; i++) {
        struct hep_error e = { 0 };
        struct hep_outdir d = { 0 };

        write_owner(garbled[i], 60);
        assert_fails(hep_outdir_open(&d, root, STUDY, &e), e, HEP_ETEMP, "another run");
        write_owner(garbled[i], 3600);
        assert_ok(hep_outdir_open(&d, root, STUDY, &e), e);
        hep_outdir_close(&d);
    }
}

/* Each spoils the hidden folder of a run that has written FILE_NAME with "new". */
static void remove_file(const char *tmp, const char *file)
{
    (void)tmp;
    assert_int_equal(unlink(file), 0);
}
static void shorten_file(const char *tmp, const char *file)
{
    (void)tmp;
    assert_int_equal(truncate(file, 1), 0);
}
static void put_link(const char *tmp, const char *file)
{
    (void)tmp;
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink("/etc/hostname", file), 0);
}
static void remove_folder(const char *tmp, const char *file)
{
    struct hep_error e = { 0 };

    (void)file;
    assert_ok(hep_remove_tree(tmp, &e), e);
}
/* The same names and sizes in a folder that the run did not make. */
static void replace_folder(const char *tmp, const char *file)
{
    struct hep_error e = { 0 };
    char *aside = hep_asprintf(NULL, "%s.aside", tmp), *anat = hep_path_join(tmp, "anat", NULL);

    assert_int_equal(rename(tmp, aside), 0);
    assert_ok(hep_mkdir_p(anat, &e), e);
    assert_ok(hep_file_write(file, "odd", 3, &e), e);
    free(aside);
    free(anat);
}
static void remove_output(const char *tmp, const char *file)
{
    struct hep_error e = { 0 };

    (void)tmp;
    (void)file;
    assert_ok(hep_remove_tree(root, &e), e);
}

struct spoil_case {
    const char *name;
    void (*spoil)(const char *tmp, const char *file);
    const char *message;
    bool result_stays;
};
static const struct spoil_case spoil_cases[] = {
    { "file removed", remove_file, FILE_NAME " is no longer there", true },
    { "file shortened", shorten_file, FILE_NAME " has 1 bytes, 3 were written", true },
    { "link in place of the file", put_link, "no longer a regular file", true },
    { "hidden folder removed", remove_folder, "hidden folder of this run was removed", true },
    { "hidden folder replaced", replace_folder, "hidden folder of this run was removed", true },
    { "output removed", remove_output, "the lock of this run is gone", false },
};

static void test_spoilt_folder_commits_nothing(void **state)
{
    const struct spoil_case *c = *state;
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char *file;

    assert_int_equal(setup(NULL), 0);
    write_result("kept");
    open_study(&d);
    write_file(&d, "new");
    file = hep_path_join(d.tmp, FILE_NAME, NULL);
    c->spoil(d.tmp, file);
    assert_fails(commit(&d, 3, &e), e, HEP_ETEMP, c->message);
    hep_outdir_close(&d);
    if (c->result_stays)
        assert_result("kept");
    else
        assert_false(hep_is_dir(root));
    free(file);
    assert_int_equal(teardown(NULL), 0);
}

/* Files and tables that BIDS has no name for, one of each kind that the commands write below OUT. */
static const char *const not_of_bids[] = {
    "sub-1/anat/sub-1_desc-dualecho_FFmap.nii.gz",
    "sub-1/anat/sub-1_space-reference_acq-hbp_T1w.nii.gz",
    "sub-1/dwi/sub-1_desc-mono_ADC.nii.gz",
    "sub-1/dwi/sub-1_desc-ivim_statusmap.json",
    "sub-1/xfm/sub-1_from-t2_to-reference_mode-image_xfm.txt",
    "sub-1/xfm/sub-1_registration.log",
    "sub-1/sub-1_lesions.json",
    "sub-1/sub-1_desc-R1_lesions.tsv",
    "sub-1/sub-1_flags.tsv",
    "sub-1/sub-1_measures.json",
    "sub-1/sub-1_regions.tsv",
    "sub-1/sub-1_labels.tsv",
    "sub-1/sub-1_radiomics.tsv",
    "sub-1/sub-1_report.html",
    "sub-1/sub-1_review.html",
    "sub-1/sub-1_viewer.html",
    "sub-1/sub-1_followup.json",
    "sub-1/sub-1_followup_viewer.html",
    "sub-1/sub-1_run.json",
    "sub-1/sub-1_failed.json",
    "logs/sub-1.jsonl",
    "evaluation/evaluation.json",
    "validation/report.html",
    "agreement_R1_R2/agreement.tsv",
    "studies.tsv",
    "lesions.json",
    "regions.tsv",
    "followup.tsv",
    "group.html",
    ".hepar-studies/sub-1",
};

static bool is_ignored(const char *patterns, const char *name)
{
    char pattern[64];
    size_t length;

    for (const char *at = patterns; *at != '\0'; at += length + 1) {
        length = strcspn(at, "\n");
        assert_true(length < sizeof pattern && at[length] == '\n');
        memcpy(pattern, at, length);
        pattern[length] = '\0';
        if (fnmatch(pattern, name, 0) == 0)
            return true;
    }
    return false;
}

static void test_names_beyond_bids_are_ignored(void **state)
{
    struct hep_error e = { 0 };
    char *path = in_root(".bidsignore"), *patterns = NULL;
    size_t n = 0;

    (void)state;
    write_result("one");
    assert_ok(hep_file_read(&patterns, &n, path, 10000, &e), e);
    for (size_t i = 0; i < sizeof not_of_bids / sizeof not_of_bids[0]; i++)
        if (!is_ignored(patterns, not_of_bids[i]))
            fail_msg("a validator of BIDS would refuse %s", not_of_bids[i]);
    assert_false(is_ignored(patterns, "sub-1/anat/sub-1_label-liver_mask.nii.gz"));
    assert_false(is_ignored(patterns, "dataset_description.json"));
    free(patterns);
    free(path);
}

static void test_root_that_is_a_file(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char *path = hep_path_join(root, "file", NULL);

    (void)state;
    assert_ok(hep_file_write(path, "x", 1, &e), e);
    assert_fails(hep_outdir_open(&d, path, "sub-1", &e), e, HEP_ECREAT, "file");
    free(path);
}

#define N_SPOIL (sizeof spoil_cases / sizeof spoil_cases[0])
#define OUTDIR_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTDIR_TEST(test_commit_replaces),
        OUTDIR_TEST(test_abandoned_run_leaves_nothing),
        OUTDIR_TEST(test_reuse_takes_the_earlier_file),
        OUTDIR_TEST(test_second_run_is_told_to_wait),
        OUTDIR_TEST(test_killed_run_is_cleaned_up),
        OUTDIR_TEST(test_remains_beside_a_good_result_are_tidied),
        OUTDIR_TEST(test_interrupted_swap_is_repaired),
        OUTDIR_TEST(test_lost_lock_commits_nothing),
        OUTDIR_TEST(test_lock_is_known_by_its_token),
        OUTDIR_TEST(test_garbled_owner_ages_out),
        OUTDIR_TEST(test_names_beyond_bids_are_ignored),
        OUTDIR_TEST(test_root_that_is_a_file),
    };
    struct CMUnitTest spoils[N_SPOIL];

    for (size_t i = 0; i < N_SPOIL; i++)
        spoils[i] = (struct CMUnitTest){ .name = spoil_cases[i].name,
                                         .test_func = test_spoilt_folder_commits_nothing,
                                         .initial_state = (void *)(uintptr_t)&spoil_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(spoils, NULL, NULL);
}
