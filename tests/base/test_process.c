#include "support/support.h"

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <unistd.h>

static void run(struct hep_process_end *end, const char *const *argv,
                const struct hep_process_opts *opts, double timeout_s)
{
    struct hep_error e = { 0 };
    struct hep_process p = { 0 };

    assert_ok(hep_process_start(&p, argv, opts, &e), e);
    hep_process_wait(&p, end, timeout_s, NULL);
    assert_int_equal(p.pid, 0);
}

static void test_exit_code_and_output(void **state)
{
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "out", NULL), *text = NULL;
    const char *const argv[] = { "sh", "-c", "echo \"$0|$HEP_TEST\"; echo two >&2; exit 7",
                                 "a b; echo $(id)", NULL };
    const char *const env[] = { "HEP_TEST=with = sign", NULL };
    struct hep_process_opts opts = { .output = path, .set_env = env };
    struct hep_process_end end;
    struct hep_error e = { 0 };
    size_t n = 0;

    (void)state;
    run(&end, argv, &opts, 0.0);
    assert_true(end.exited);
    assert_int_equal(end.code, 7);
    assert_ok(hep_file_read(&text, &n, path, 1000, &e), e);
    assert_string_equal(text, "a b; echo $(id)|with = sign\ntwo\n");
    free(text);
    free(path);
    hep_test_rmdir(dir);
}

static void test_missing_program(void **state)
{
    const char *const argv[] = { "no-such-program-anywhere", NULL };
    struct hep_process_opts opts = { 0 };
    struct hep_process p = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_process_start(&p, argv, &opts, &e), e, HEP_ENOENT, "no-such-program");
    assert_int_equal(p.pid, 0);
}

static void test_time_limit(void **state)
{
    const char *const argv[] = { "sleep", "60", NULL };
    struct hep_process_opts opts = { 0 };
    struct hep_process_end end;

    (void)state;
    run(&end, argv, &opts, 0.2);
    assert_true(end.timed_out);
    assert_false(end.exited);
    assert_int_equal(end.signal, 15);
}

/* A program that waits for one of its own: both are gone when its time is up. */
static void test_time_limit_of_a_group(void **state)
{
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "out", NULL), *text = NULL;
    const char *const argv[] = { "sh", "-c", "sleep 61 & echo $!; trap '' TERM; wait; sleep 62",
                                 NULL };
    const struct hep_process_opts opts = { .output = path, .own_group = true };
    struct hep_process_end end;
    struct hep_error e = { 0 };
    size_t n = 0;
    long child = 0;

    (void)state;
    run(&end, argv, &opts, 0.3);
    assert_true(end.timed_out);
    assert_ok(hep_file_read(&text, &n, path, 1000, &e), e);
    text[strcspn(text, "\n")] = '\0';
    assert_ok(hep_parse_long(&child, text, &e), e);
    assert_false(hep_process_alive(child, 0));
    free(text);
    free(path);
    hep_test_rmdir(dir);
}

static void test_stop_flag(void **state)
{
    const char *const argv[] = { "sleep", "60", NULL };
    struct hep_process_opts opts = { 0 };
    struct hep_process p = { 0 };
    struct hep_process_end end;
    struct hep_error e = { 0 };
    volatile bool stop = true;

    (void)state;
    assert_ok(hep_process_start(&p, argv, &opts, &e), e);
    hep_process_wait(&p, &end, 0.0, &stop);
    assert_false(end.timed_out);
    assert_int_equal(end.signal, 15);
}

static void test_separate_pipe(void **state)
{
    const char *const argv[] = { "sh", "-c", "printf said >&2", NULL };
    struct hep_process_opts opts = { .separate_pipe = true };
    struct hep_process p = { 0 };
    struct hep_process_end end;
    struct hep_error e = { 0 };
    char got[16] = "";

    (void)state;
    assert_ok(hep_process_start(&p, argv, &opts, &e), e);
    hep_process_wait(&p, &end, 0.0, NULL);
    assert_int_equal(read(p.stderr_fd, got, sizeof got - 1), 4);
    assert_string_equal(got, "said");
    assert_int_equal(close(p.stderr_fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_code_and_output),
        cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_time_limit_of_a_group),
        cmocka_unit_test(test_stop_flag),
        cmocka_unit_test(test_separate_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
