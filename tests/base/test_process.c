#include "support/support.h"

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>
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

static void wait_a_moment(void)
{
    const struct timespec pause = { 0, 10000000 };

    (void)nanosleep(&pause, NULL);
}

/* Wrappers in groups of their own: setsid takes a process out of the group of the program that started it. */
static void test_end_of_a_tree(void **state)
{
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "out", NULL), *text = NULL, *next;
    const char *const argv[] = {
        "sh", "-c", "setsid sh -c 'echo $$; sh -c \"echo \\$\\$; sleep 63; :\"; :' & wait", NULL
    };
    const struct hep_process_opts opts = { .output = path, .own_group = true };
    struct hep_process p = { 0 };
    struct hep_process_end end;
    struct hep_error e = { 0 };
    long child[2] = { 0 };
    size_t n = 0;

    (void)state;
    assert_ok(hep_process_start(&p, argv, &opts, &e), e);
    for (int i = 0; i < 500 && (text == NULL || strchr(text, '\n') == strrchr(text, '\n')); i++) {
        free(text);
        text = NULL;
        wait_a_moment();
        assert_ok(hep_file_read(&text, &n, path, 1000, &e), e);
    }
    child[0] = strtol(text, &next, 10);
    child[1] = strtol(next, NULL, 10);
    assert_true(child[0] > 0 && child[1] > 0);
    assert_true(hep_process_alive(child[1], 0));
    hep_process_stop(&p, true);
    hep_process_wait(&p, &end, 0.0, NULL);
    assert_int_equal(end.signal, 9);
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 500 && hep_process_alive(child[i], 0); k++)
            wait_a_moment();
        assert_false(hep_process_alive(child[i], 0));
    }
    free(text);
    free(path);
    hep_test_rmdir(dir);
}

/* Inherited from a parent that ignores it; without a cure the wait never ends. */
static void test_ignored_sigchld(void **state)
{
    const char *const argv[] = { "sh", "-c", "exit 5", NULL };
    struct hep_process_opts opts = { 0 };
    struct hep_process_end end;

    (void)state;
    (void)signal(SIGCHLD, SIG_IGN);
    (void)alarm(20);
    run(&end, argv, &opts, 5.0);
    (void)alarm(0);
    (void)signal(SIGCHLD, SIG_DFL);
    assert_true(end.exited);
    assert_int_equal(end.code, 5);
}

static void test_not_executable(void **state)
{
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "program", NULL);
    const char *const argv[] = { path, NULL };
    const char text[] = "#!/no/such/interpreter\n";
    struct hep_process_opts opts = { 0 };
    struct hep_process p = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_file_write(path, text, sizeof text - 1, &e), e);
    assert_int_equal(chmod(path, 0755), 0);
    assert_fails(hep_process_start(&p, argv, &opts, &e), e, HEP_EDATA, "cannot start");
    assert_int_equal(p.pid, 0);
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
        cmocka_unit_test(test_exit_code_and_output), cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_time_limit),           cmocka_unit_test(test_time_limit_of_a_group),
        cmocka_unit_test(test_end_of_a_tree),        cmocka_unit_test(test_ignored_sigchld),
        cmocka_unit_test(test_not_executable),       cmocka_unit_test(test_stop_flag),
        cmocka_unit_test(test_separate_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
