#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "pipeline/outdir.h"

#include <sys/wait.h>
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

/* Write one file of the study through a folder that is committed. */
static void write_result(const char *text)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char *path;

    assert_ok(hep_outdir_open(&d, root, "sub-1/ses-2", &e), e);
    path = hep_outdir_path(&d, "anat/x.txt", &e);
    assert_non_null(path);
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    free(path);
    assert_ok(hep_outdir_commit(&d, &e), e);
    hep_outdir_close(&d);
}

static void assert_result(const char *text)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(root, "sub-1/ses-2/anat/x.txt"), *data = NULL;
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
    char *parent = hep_path_join(root, "sub-1");
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
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char *path;

    (void)state;
    write_result("kept");
    assert_ok(hep_outdir_open(&d, root, "sub-1/ses-2", &e), e);
    path = hep_outdir_path(&d, "anat/x.txt", &e);
    assert_ok(hep_file_write(path, "half", 4, &e), e);
    free(path);
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
    assert_ok(hep_outdir_open(&d, root, "sub-1/ses-2", &e), e);
    assert_ok(hep_outdir_reuse(&d, "anat/x.txt", &e), e);
    assert_ok(hep_outdir_commit(&d, &e), e);
    hep_outdir_close(&d);
    assert_result("old");
}

static void test_second_run_is_told_to_wait(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir a = { 0 }, b = { 0 };

    (void)state;
    assert_ok(hep_outdir_open(&a, root, "sub-1/ses-2", &e), e);
    assert_fails(hep_outdir_open(&b, root, "sub-1/ses-2", &e), e, HEP_ETEMP, "another run");
    hep_outdir_close(&b);
    hep_outdir_close(&a);
    assert_ok(hep_outdir_open(&b, root, "sub-1/ses-2", &e), e);
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

        if (hep_outdir_open(&mine, root, "sub-1/ses-2", &e) != HEP_OK ||
            !hep_outdir_in_use(root, "sub-1/ses-2") ||
            (committed && hep_outdir_commit(&mine, &e) != HEP_OK))
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
    assert_ok(hep_outdir_open(&d, root, "sub-1/ses-2", &e), e);
    hep_outdir_close(&d);
    assert_result("kept");
    assert_int_equal(siblings(), 1);
}

/* A run that was killed between its commit and giving the lock back: its result holds, nobody opens
 * the study again, and yet nothing stays behind. */
static void test_remains_beside_a_good_result_are_tidied(void **state)
{
    (void)state;
    die_while_writing(true);
    assert_int_equal(siblings(), 2);
    assert_false(hep_outdir_in_use(root, "sub-1/ses-2"));
    hep_outdir_tidy(root, "sub-1/ses-2");
    assert_int_equal(siblings(), 1);
    write_result("kept");
    die_while_writing(false);
    hep_outdir_tidy(root, "sub-1/ses-2");
    assert_result("kept");
    assert_int_equal(siblings(), 1);
}

static void test_tidying_leaves_a_live_run_alone(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char *path;

    (void)state;
    assert_ok(hep_outdir_open(&d, root, "sub-1/ses-2", &e), e);
    path = hep_outdir_path(&d, "anat/x.txt", &e);
    assert_ok(hep_file_write(path, "alive", 5, &e), e);
    hep_outdir_tidy(root, "sub-1/ses-2");
    assert_true(hep_outdir_in_use(root, "sub-1/ses-2"));
    assert_ok(hep_outdir_commit(&d, &e), e);
    hep_outdir_close(&d);
    assert_result("alive");
    assert_false(hep_outdir_in_use(root, "sub-1/ses-2"));
    free(path);
}

/* Stopped between the two renames of a file system without exchange. */
static void test_interrupted_swap_is_repaired(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char *final = hep_path_join(root, "sub-1/ses-2"),
         *old = hep_path_join(root, "sub-1/.ses-2.old");

    (void)state;
    write_result("kept");
    assert_int_equal(rename(final, old), 0);
    assert_ok(hep_outdir_open(&d, root, "sub-1/ses-2", &e), e);
    hep_outdir_close(&d);
    assert_result("kept");
    free(final);
    free(old);
}

static void test_root_that_is_a_file(void **state)
{
    struct hep_error e = { 0 };
    struct hep_outdir d = { 0 };
    char *path = hep_path_join(root, "file");

    (void)state;
    assert_ok(hep_file_write(path, "x", 1, &e), e);
    assert_fails(hep_outdir_open(&d, path, "sub-1", &e), e, HEP_ECREAT, "file");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commit_replaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_abandoned_run_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reuse_takes_the_earlier_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_run_is_told_to_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed_run_is_cleaned_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remains_beside_a_good_result_are_tidied, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_tidying_leaves_a_live_run_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupted_swap_is_repaired, setup, teardown),
        cmocka_unit_test_setup_teardown(test_root_that_is_a_file, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
