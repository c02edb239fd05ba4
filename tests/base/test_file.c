#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = hep_test_mkdir();
    return folder ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    hep_test_rmdir(folder);
    return 0;
}

static char *in(const char *name)
{
    char *path = hep_path_join(folder, name, NULL);

    assert_non_null(path);
    return path;
}

/* No temporary file is left, and nothing else: exactly n names. */
static void assert_names(size_t n)
{
    struct hep_listing l = { 0 };
    struct hep_error e = { 0 };

    assert_ok(hep_listing_read(&l, folder, &e), e);
    assert_int_equal(l.n, n);
    hep_listing_release(&l);
}

static void assert_content(const char *path, const char *want)
{
    struct hep_error e = { 0 };
    char *data = NULL;
    size_t n = 0;

    assert_ok(hep_file_read(&data, &n, path, 1 << 20, &e), e);
    assert_int_equal(n, strlen(want));
    assert_string_equal(data, want);
    free(data);
}

static void test_write_and_read(void **state)
{
    struct hep_error e = { 0 };
    char *path = in("a.txt");

    (void)state;
    assert_ok(hep_file_write(path, "hello", 5, &e), e);
    assert_content(path, "hello");
    assert_ok(hep_file_write(path, NULL, 0, &e), e);
    assert_content(path, "");
    assert_names(1);
    assert_true(hep_is_file(path));
    assert_false(hep_is_dir(path));
    free(path);
}

static void test_big_file(void **state)
{
    struct hep_error e = { 0 };
    size_t n = 300001;
    char *data = hep_calloc(n, 1, NULL);
    char *got = NULL;
    size_t n_got = 0;
    char *path = in("big");

    (void)state;
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 31 % 251);
    assert_ok(hep_file_write(path, data, n, &e), e);
    assert_ok(hep_file_read(&got, &n_got, path, n, &e), e);
    assert_int_equal(n_got, n);
    assert_memory_equal(got, data, n);
    assert_int_equal(got[n], 0);
    free(got);
    got = NULL;
    assert_fails(hep_file_read(&got, &n_got, path, n - 1, &e), e, HEP_EFORMAT, path);
    assert_null(got);
    free(data);
    free(path);
}

static void test_read_refuses(void **state)
{
    struct hep_error e = { 0 };
    char *data = NULL;
    size_t n = 77;
    char *missing = in("missing");
    char *pipe_path = in("pipe");

    (void)state;
    assert_fails(hep_file_read(&data, &n, missing, 10, &e), e, HEP_ENOENT, missing);
    assert_fails(hep_file_read(&data, &n, folder, 10, &e), e, HEP_EFORMAT, "regular");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_fails(hep_file_read(&data, &n, pipe_path, 10, &e), e, HEP_EFORMAT, "regular");
    assert_null(data);
    assert_int_equal(n, 77);
    free(missing);
    free(pipe_path);
}

/* Neither a pipe, nor a socket, nor a device, nor a link to one is opened. */
static void test_special_files(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct hep_error e = { 0 };
    char *names[] = { in("pipe"), in("socket"), in("link"), in("plain"), in("nowhere") };
    int server = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(mkfifo(names[0], 0600), 0);
    assert_true(server >= 0 && strlen(names[1]) < sizeof address.sun_path);
    (void)memcpy(address.sun_path, names[1], strlen(names[1]) + 1);
    assert_int_equal(bind(server, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(symlink("/dev/zero", names[2]), 0);
    assert_ok(hep_file_write(names[3], "x", 1, &e), e);
    (void)alarm(10); /* an opener that waits for a writer is ended */
    for (size_t i = 0; i < 3; i++) {
        size_t size = 0;
        int fd = -1;

        assert_true(hep_is_special(names[i]));
        assert_fails(hep_file_open(&fd, &size, names[i], &e), e, HEP_EFORMAT, "not a regular file");
        assert_int_equal(fd, -1);
    }
    (void)alarm(0);
    assert_false(hep_is_special(names[3]));
    assert_false(hep_is_special(names[4]));
    assert_false(hep_is_special(folder));
    (void)close(server);
    for (size_t i = 0; i < 5; i++)
        free(names[i]);
}

static void create_with(const char *path, const char *text)
{
    struct hep_error e = { 0 };
    int fd = -1;

    assert_ok(hep_file_create(&fd, path, &e), e);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

/* What a name led to before is left alone: the name then belongs to a new file. */
static void test_create_never_follows(void **state)
{
    struct hep_error e = { 0 };
    char *target = in("target"), *name = in("log"), *below = in("none/log");
    int fd = -1;

    (void)state;
    assert_ok(hep_file_write(target, "precious", 8, &e), e);
    assert_int_equal(symlink(target, name), 0);
    create_with(name, "one");
    assert_content(name, "one");
    assert_content(target, "precious");
    assert_int_equal(unlink(name), 0);
    assert_int_equal(link(target, name), 0);
    create_with(name, "two");
    assert_content(name, "two");
    assert_content(target, "precious");
    assert_int_equal(unlink(name), 0);
    assert_int_equal(mkfifo(name, 0600), 0);
    (void)alarm(10); /* opening the pipe would wait for a reader */
    create_with(name, "three");
    (void)alarm(0);
    assert_content(name, "three");
    create_with(name, "4"); /* shorter than what was there */
    assert_content(name, "4");
    assert_fails(hep_file_create(&fd, folder, &e), e, HEP_ECREAT, folder);
    assert_fails(hep_file_create(&fd, below, &e), e, HEP_ECREAT, below);
    assert_int_equal(fd, -1);
    free(target);
    free(name);
    free(below);
}

/* Linux: page 0 is never mapped, so reading it through this file is a true EIO; its size is told as
 * 0. */
static void test_failed_read(void **state)
{
    static const char path[] = "/proc/self/mem";
    struct hep_error e = { 0 };
    char *data = NULL;
    size_t n = 0;

    (void)state;
    if (!hep_is_file(path))
        skip();
    assert_fails(hep_file_read(&data, &n, path, 100, &e), e, HEP_EIO, path);
}

/* The size that the system tells is 0, the content is not. */
static void test_size_is_only_a_hint(void **state)
{
    static const char path[] = "/proc/self/status";
    struct hep_error e = { 0 };
    char *data = NULL;
    size_t n = 0;

    (void)state;
    if (!hep_is_file(path))
        skip();
    assert_ok(hep_file_read(&data, &n, path, 1 << 20, &e), e);
    assert_true(n > 10);
    free(data);
    data = NULL;
    assert_fails(hep_file_read(&data, &n, path, 10, &e), e, HEP_EFORMAT, "10 bytes");
    assert_null(data);
}

static void test_create_refuses(void **state)
{
    struct hep_outfile f = { 0 };
    struct hep_error e = { 0 };
    char *deep = in("none/a.txt");

    (void)state;
    assert_fails(hep_outfile_open(&f, deep, &e), e, HEP_ECREAT, deep);
    assert_fails(hep_outfile_open(&f, folder, &e), e, HEP_ECREAT, folder);
    assert_fails(hep_file_write("", "x", 1, &e), e, HEP_ECREAT, NULL);
    assert_null(f.stream);
    hep_outfile_abort(&f);
    free(deep);
}

static void test_abort_keeps_the_old_file(void **state)
{
    struct hep_outfile f = { 0 };
    struct hep_error e = { 0 };
    char *path = in("kept");

    (void)state;
    assert_ok(hep_file_write(path, "old", 3, &e), e);
    assert_ok(hep_outfile_open(&f, path, &e), e);
    (void)fputs("new", f.stream);
    assert_names(2);
    hep_outfile_abort(&f);
    hep_outfile_abort(&f);
    assert_names(1);
    assert_content(path, "old");
    assert_ok(hep_outfile_open(&f, path, &e), e);
    (void)fputs("new", f.stream);
    assert_content(path, "old");
    assert_ok(hep_outfile_commit(&f, &e), e);
    hep_outfile_abort(&f);
    assert_content(path, "new");
    assert_names(1);
    free(path);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* EFBIG stands for every refused write: the old file stays, the temporary one goes. */
static void test_refused_write(void **state)
{
    static const char big[100000] = { 'x' };
    struct hep_outfile f = { 0 };
    struct hep_error e = { 0 };
    char *path = in("limited");
    int rc[3];

    (void)state;
    assert_ok(hep_file_write(path, "old", 3, &e), e);
    limit_file_size(5000);
    rc[0] = hep_file_write(path, big, sizeof big, &e);
    limit_file_size(0);
    assert_fails(rc[0], e, HEP_EIO, path);
    assert_names(1);
    assert_content(path, "old");

    assert_ok(hep_outfile_open(&f, path, &e), e);
    limit_file_size(5000);
    (void)fwrite(big, 1, 6000, f.stream); /* some of it waits in the buffer */
    rc[1] = hep_outfile_commit(&f, &e);
    limit_file_size(0);
    assert_fails(rc[1], e, HEP_EIO, path);
    assert_names(1);

    assert_ok(hep_outfile_open(&f, path, &e), e);
    limit_file_size(5000);
    for (int i = 0; i < 100; i++)
        (void)fwrite(big, 1, 100,
                     f.stream); /* fails on the way: a hole, even if later writes work */
    limit_file_size(0);
    rc[2] = hep_outfile_commit(&f, &e);
    assert_fails(rc[2], e, HEP_EIO, path);
    assert_names(1);
    assert_content(path, "old");
    free(path);
}

/* A file in the way of the temporary name, as a killed process of the same number leaves it. */
static void test_stale_temporary(void **state)
{
    struct hep_error e = { 0 };
    char *path = in("s");
    char tag[HEP_HOST_TAG], *stale;

    (void)state;
    hep_host_tag(tag);
    stale = hep_asprintf(NULL, "%s/.s.%s-%ld-0.tmp", folder, tag, (long)getpid());
    assert_ok(hep_file_write(stale, "stale", 5, &e), e);
    assert_ok(hep_file_write(path, "fresh", 5, &e), e);
    assert_content(path, "fresh");
    assert_content(stale, "stale");
    free(path);
    free(stale);
}

/* Of the temporary files in a folder, only those of dead processes of this host are swept. */
static void test_sweep(void **state)
{
    struct hep_error e = { 0 };
    char tag[HEP_HOST_TAG];
    pid_t child = fork();
    char *names[4];

    (void)state;
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    hep_host_tag(tag);
    names[0] = hep_asprintf(NULL, "%s/.s.%s-%ld-0.tmp", folder, tag, (long)child);
    names[1] = hep_asprintf(NULL, "%s/.s.%s-%ld-0.tmp", folder, tag, (long)getpid());
    names[2] = hep_asprintf(NULL, "%s/.s.otherhst-%ld-0.tmp", folder, (long)child);
    names[3] = hep_asprintf(NULL, "%s/s.%s-%ld-0.tmp", folder, tag, (long)child);
    for (size_t i = 0; i < 4; i++)
        assert_ok(hep_file_write(names[i], "x", 1, &e), e);
    hep_file_sweep(folder);
    assert_false(hep_is_file(names[0]));
    for (size_t i = 1; i < 4; i++)
        assert_true(hep_is_file(names[i]));
    for (size_t i = 0; i < 4; i++)
        free(names[i]);
}

static void test_longest_name(void **state)
{
    struct hep_error e = { 0 };
    char name[256];
    char *path;

    (void)state;
    (void)memset(name, 'n', sizeof name);
    name[255] = '\0';
    path = in(name);
    assert_ok(hep_file_write(path, "x", 1, &e), e);
    assert_content(path, "x");
    free(path);
}

static void test_folders(void **state)
{
    struct hep_error e = { 0 };
    char *deep = in("a/b//c/");
    char *file = in("file");
    char *below = in("file/x");

    (void)state;
    assert_ok(hep_mkdir_p(deep, &e), e);
    assert_true(hep_is_dir(deep));
    assert_ok(hep_mkdir_p(deep, &e), e);
    assert_ok(hep_file_write(file, "x", 1, &e), e);
    assert_fails(hep_mkdir_p(file, &e), e, HEP_ECREAT, file);
    assert_fails(hep_mkdir_p(below, &e), e, HEP_ECREAT, file);
    assert_fails(hep_mkdir_p("", &e), e, HEP_ECREAT, NULL);
    assert_ok(hep_mkdir_p("/", &e), e);
    free(deep);
    free(file);
    free(below);
}

static void test_paths(void **state)
{
    static const struct {
        const char *a, *b, *want;
    } cases[] = {
        { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a//", "/b", "a/b" },    { "/", "b", "/b" },
        { "", "b", "b" },    { "a", "", "a/" },    { "/a", "b/c", "/a/b/c" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = hep_path_join(cases[i].a, cases[i].b, NULL);

        assert_string_equal(got, cases[i].want);
        free(got);
    }
    assert_string_equal(hep_path_base("a/b.c"), "b.c");
    assert_string_equal(hep_path_base("b.c"), "b.c");
    assert_string_equal(hep_path_base("a/"), "");
}

static void test_listing(void **state)
{
    static const char *const want[] = { ".hidden", "dangling", "linked", "run-2",
                                        "run-10",  "sub",      "tube" };
    struct hep_listing l = { 0 };
    struct hep_error e = { 0 };
    char *file;

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        file = in(want[(i * 5 + 1) % 7]);
        if (hep_ends_with(file, "sub"))
            assert_ok(hep_mkdir_p(file, &e), e);
        else if (hep_ends_with(file, "linked"))
            assert_int_equal(symlink(folder, file), 0);
        else if (hep_ends_with(file, "dangling"))
            assert_int_equal(symlink("nowhere", file), 0);
        else if (hep_ends_with(file, "tube"))
            assert_int_equal(mkfifo(file, 0600), 0);
        else
            assert_ok(hep_file_write(file, "", 0, &e), e);
        free(file);
    }
    assert_ok(hep_listing_read(&l, folder, &e), e);
    assert_int_equal(l.n, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(l.names[i], want[i]);
        assert_int_equal(l.is_dir[i], i == 2 || i == 5);
        assert_int_equal(l.is_special[i], i == 6);
    }
    hep_listing_release(&l);
    file = in("run-2");
    assert_fails(hep_listing_read(&l, file, &e), e, HEP_ENOENT, file);
    free(file);
    file = in("none");
    assert_fails(hep_listing_read(&l, file, &e), e, HEP_ENOENT, file);
    free(file);
    assert_int_equal(l.n, 0);
    hep_listing_release(&l);
}

static void test_remove_tree_spares_links(void **state)
{
    struct hep_error e = { 0 };
    char *precious = in("precious");
    char *kept = in("precious/kept");
    char *tree = in("tree");
    char *deep = in("tree/a/b/c");
    char *link = in("tree/a/link");
    char *link_slash = in("outer/");
    char *outer = in("outer");

    (void)state;
    assert_ok(hep_mkdir_p(precious, &e), e);
    assert_ok(hep_file_write(kept, "x", 1, &e), e);
    assert_ok(hep_mkdir_p(deep, &e), e);
    assert_int_equal(symlink(precious, link), 0);
    assert_int_equal(symlink(precious, outer), 0);
    assert_ok(hep_remove_tree(tree, &e), e);
    assert_false(hep_is_dir(tree));
    assert_ok(hep_remove_tree(link_slash, &e), e);
    assert_false(hep_is_dir(outer));
    assert_content(kept, "x");
    assert_fails(hep_remove_tree(tree, &e), e, HEP_ENOENT, tree);
    assert_fails(hep_remove_tree("/proc/self/status", &e), e, HEP_EIO, "/proc/self/status");
    free(precious);
    free(kept);
    free(tree);
    free(deep);
    free(link);
    free(link_slash);
    free(outer);
}

static int all_calls(const char *path, struct hep_error *err)
{
    struct hep_listing l = { 0 };
    char *data = NULL;
    size_t n = 0;
    int rc;

    rc = hep_mkdir_p(folder, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, "abc", 3, err);
    if (rc == HEP_OK)
        rc = hep_file_read(&data, &n, path, 10, err);
    if (rc == HEP_OK)
        rc = hep_listing_read(&l, folder, err);
    if (rc == HEP_OK)
        rc = hep_remove_tree(path, err);
    free(data);
    hep_listing_release(&l);
    return rc;
}

/* Whichever allocation fails, the outcome is a clean refusal and no temporary file. A failure while
 * the folder is flushed comes after the rename, and is a failed write. */
static void test_without_memory(void **state)
{
    char *path = in("m");
    int rc = HEP_ENOMEM;

    (void)state;
    for (long n = 1; rc != HEP_OK; n++) {
        struct hep_error e = { 0 };

        hep_alloc_fail_at(n);
        rc = all_calls(path, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        assert_true(rc == HEP_OK || rc == HEP_ENOMEM || rc == HEP_EIO);
        assert_true(n < 100);
        assert_names(hep_is_file(path) ? 1 : 0);
    }
    free(path);
}

#define file_test(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(test_write_and_read),
        file_test(test_big_file),
        file_test(test_read_refuses),
        file_test(test_special_files),
        file_test(test_create_never_follows),
        file_test(test_failed_read),
        file_test(test_size_is_only_a_hint),
        file_test(test_create_refuses),
        file_test(test_abort_keeps_the_old_file),
        file_test(test_refused_write),
        file_test(test_stale_temporary),
        file_test(test_sweep),
        file_test(test_longest_name),
        file_test(test_folders),
        file_test(test_paths),
        file_test(test_listing),
        file_test(test_remove_tree_spares_links),
        file_test(test_without_memory),
    };

    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
