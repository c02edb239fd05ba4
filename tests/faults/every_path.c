/*
 * every_path KIND CODES OUT MOST -- WORD...
 *
 * The command `hepar WORD...` is run once undisturbed, and then once for each way in which it gets to a call of KIND,
 * with that call failing. OUT is the file or folder that it writes. After each failure:
 *   - the exit code is 0 or one of CODES ("71,75"), and with another code than 0 there is one clear line;
 *   - with 0, OUT and standard output have the bytes of the undisturbed run;
 *   - with another code, no file in OUT is torn: each has the bytes of the undisturbed run or is not there.
 *
 * A way is new when one of the addresses on its stack, from the call up to main(), was on the stack of no earlier
 * failure. So each place that hands a failure up does it at least once, with a hundredth of the runs that every n-th
 * call would need. MOST is how many of the ways are taken, spread evenly; 0 is all.
 *
 * KIND  memory  hep_calloc, hep_alloc_aligned, hep_realloc, hep_grow
 *       json    what jansson allocates
 *       write   write; and what stdio writes: the disk is full for that file from there on
 *       sync    fsync
 *       rename  rename, renameat2, link
 *       create  open that creates, mkdir
 *       open    open that reads, fopen, opendir
 *       read    read, pread
 *
 * The linker sends the calls of our own code here (--wrap); those that libraries make among themselves are none of them.
 */
#define _GNU_SOURCE /* renameat2, nftw */
#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int hepar_main(int argc, char **argv);

enum { DEPTH = 64, SLOTS = 1 << 17, WAYS_MAX = 20000, FILES_MAX = 400, SECONDS = 300 };
enum kind { MEMORY, JSON, WRITE, SYNC, RENAME, CREATE, OPEN, READ, KINDS };
static const char *const kind_names[KINDS] = { "memory", "json",   "write", "sync",
                                               "rename", "create", "open",  "read" };

/* What the undisturbed run, a process of its own, tells this one. */
static struct shared {
    long calls;
    size_t n;
    long way[WAYS_MAX];
    bool fired;
    void *stack[DEPTH]; /* of the call that failed */
    int depth;
} * told;
static enum kind wanted;
static bool is_active, is_counting;
static long fails_at;

/* ---- which calls fail ---- */

static bool is_new(uintptr_t address)
{
    static uintptr_t seen[SLOTS];
    size_t at = (size_t)(address * 0x9E3779B97F4A7C15U >> 47);

    while (seen[at] != 0 && seen[at] != address)
        at = (at + 1) % SLOTS;
    if (seen[at] == address)
        return false;
    seen[at] = address;
    return true;
}

/* Is this the call of `kind` that fails? */
static bool must_fail(enum kind kind)
{
    void *stack[DEPTH];
    bool is_way = false;

    if (!is_active || kind != wanted)
        return false;
    told->calls++;
    if (!is_counting && told->calls != fails_at)
        return false;
    is_active = false; /* backtrace() allocates the first time */
    if (!is_counting) {
        told->fired = true;
        told->depth = backtrace(told->stack, DEPTH);
        return true;
    }
    for (int i = 0, n = backtrace(stack, DEPTH); i < n; i++)
        is_way = is_new((uintptr_t)stack[i]) || is_way;
    is_active = true;
    if (is_way && told->n < WAYS_MAX)
        told->way[told->n++] = told->calls;
    return false;
}

#define WRAPPED(type, name, ...)                                                                   \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(void *, hep_calloc, size_t n, size_t size, struct hep_error *err)
{
    if (must_fail(MEMORY))
        hep_alloc_fail_at(1);
    return __real_hep_calloc(n, size, err);
}

WRAPPED(void *, hep_alloc_aligned, size_t n, size_t size, struct hep_error *err)
{
    if (must_fail(MEMORY))
        hep_alloc_fail_at(1);
    return __real_hep_alloc_aligned(n, size, err);
}

WRAPPED(void *, hep_realloc, void *old, size_t n, size_t size, struct hep_error *err)
{
    if (must_fail(MEMORY))
        hep_alloc_fail_at(1);
    return __real_hep_realloc(old, n, size, err);
}

WRAPPED(int, hep_grow, void *list, size_t n, size_t size, struct hep_error *err)
{
    if ((n == 0 || (n >= 8 && (n & (n - 1)) == 0)) && must_fail(MEMORY))
        hep_alloc_fail_at(1);
    return __real_hep_grow(list, n, size, err);
}

static void *json_malloc(size_t n)
{
    return must_fail(JSON) ? NULL : malloc(n);
}

static bool is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

WRAPPED(ssize_t, write, int fd, const void *data, size_t n)
{
    if (is_file(fd) && must_fail(WRITE)) {
        errno = ENOSPC;
        return -1;
    }
    return __real_write(fd, data, n);
}

/* What a stream writes from now on finds a full disk. */
static void fill_disk_of(FILE *f)
{
    int full;

    if (f == NULL || !is_file(fileno(f)) || !must_fail(WRITE))
        return;
    full = open("/dev/full", O_WRONLY);
    if (full < 0 || dup2(full, fileno(f)) < 0)
        abort();
    (void)close(full);
}

WRAPPED(size_t, fwrite, const void *data, size_t size, size_t n, FILE *f)
{
    fill_disk_of(f);
    return __real_fwrite(data, size, n, f);
}

WRAPPED(int, fputs, const char *text, FILE *f)
{
    fill_disk_of(f);
    return __real_fputs(text, f);
}

WRAPPED(int, fflush, FILE *f)
{
    fill_disk_of(f);
    return __real_fflush(f);
}

WRAPPED(int, fclose, FILE *f)
{
    fill_disk_of(f);
    return __real_fclose(f);
}

/* The call fails with `error`, and returns `failed`, when it is the one. */
#define FAILING_WITH(kind, error, failed, type, name, parameters, arguments)                       \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        if (must_fail(kind)) {                                                                     \
            errno = (error);                                                                       \
            return failed;                                                                         \
        }                                                                                          \
        return __real_##name arguments;                                                            \
    }
#define FAILING(kind, error, type, ...) FAILING_WITH(kind, error, (type)-1, type, __VA_ARGS__)
#define FAILING_NULL(kind, error, type, ...) FAILING_WITH(kind, error, NULL, type, __VA_ARGS__)

FAILING(SYNC, EIO, int, fsync, (int fd), (fd))
FAILING(RENAME, EIO, int, rename, (const char *from, const char *to), (from, to))
FAILING(RENAME, EIO, int, renameat2,
        (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
        (from_dir, from, to_dir, to, flags))
FAILING(RENAME, EIO, int, link, (const char *from, const char *to), (from, to))
FAILING(CREATE, EACCES, int, mkdir, (const char *path, mode_t mode), (path, mode))
FAILING(READ, EIO, ssize_t, read, (int fd, void *data, size_t n), (fd, data, n))
FAILING(READ, EIO, ssize_t, pread, (int fd, void *data, size_t n, off_t at), (fd, data, n, at))
FAILING_NULL(OPEN, EMFILE, FILE *, fopen, (const char *path, const char *mode), (path, mode))
FAILING_NULL(OPEN, EMFILE, DIR *, opendir, (const char *path), (path))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    const bool creates = (flags & O_CREAT) != 0;
    mode_t mode = 0;

    if (creates) {
        va_list ap;

        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    if (must_fail(creates ? CREATE : OPEN)) {
        errno = creates ? EACCES : EMFILE;
        return -1;
    }
    return __real_open(path, flags, mode);
}

/* ---- what is there afterwards ---- */

struct file {
    char *path; /* below OUT */
    uint64_t bytes;
};
static struct listing {
    struct file files[FILES_MAX];
    size_t n;
} before, after, *filled;
static size_t root_length;

/* FNV-1a of the content. */
static uint64_t sum_of(const char *path)
{
    unsigned char block[65536];
    uint64_t sum = 0xcbf29ce484222325U;
    FILE *f = fopen(path, "rb");

    if (f == NULL)
        return 0;
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        for (size_t i = 0; i < n; i++)
            sum = (sum ^ block[i]) * 0x100000001b3U;
    (void)fclose(f);
    return sum;
}

static int take_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)at;
    if (type != FTW_F || strstr(path + root_length, "/.") != NULL || filled->n == FILES_MAX)
        return 0;
    filled->files[filled->n++] =
        (struct file){ .path = strdup(path + root_length), .bytes = sum_of(path) };
    return 0;
}

static void list_files(struct listing *list, const char *out, const char *said)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->files[i].path);
    list->n = 0;
    filled = list;
    root_length = strlen(out);
    (void)nftw(out, take_file, 16, FTW_PHYS);
    list->files[list->n++] =
        (struct file){ .path = strdup("standard output"), .bytes = sum_of(said) };
}

static const struct file *find_file(const struct listing *list, const char *path)
{
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->files[i].path, path) == 0)
            return &list->files[i];
    }
    return NULL;
}

/* The record of a study that failed, and logs, are not what the undisturbed run wrote. */
static bool may_differ(const char *path)
{
    return strcmp(path, "standard output") == 0 || strstr(path, "_run.json") != NULL ||
           strstr(path, "_failed.json") != NULL || strstr(path, "/logs/") != NULL;
}

/* The first file that is not as it was in the undisturbed run; NULL when all are. */
static const char *find_difference(bool succeeded)
{
    for (size_t i = 0; i < after.n; i++) {
        const struct file *f = &after.files[i], *was = find_file(&before, f->path);

        if ((was == NULL || was->bytes != f->bytes) && (succeeded || !may_differ(f->path)))
            return f->path;
    }
    for (size_t i = 0; succeeded && i < before.n; i++) {
        if (find_file(&after, before.files[i].path) == NULL)
            return before.files[i].path;
    }
    return NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_all(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the runs ---- */

/* In a process of its own. fails 0: none, and the ways are counted. @return the status of waitpid() */
static int run_once(long fails, int argc, char **argv, const char *said, const char *complained)
{
    int status = 0;
    pid_t child;

    told->calls = 0;
    told->fired = false;
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        if (freopen(said, "wb", stdout) == NULL || freopen(complained, "wb", stderr) == NULL)
            abort();
        (void)alarm(SECONDS);
        fails_at = fails;
        is_counting = fails == 0;
        is_active = true;
        if (wanted == JSON)
            json_set_alloc_funcs(json_malloc, free);
        exit(hepar_main(argc, argv));
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    return status;
}

/* The last line on standard error. */
static const char *last_line(const char *path)
{
    static char line[1024], next[1024];
    FILE *f = fopen(path, "r");

    line[0] = '\0';
    while (f != NULL && fgets(next, sizeof next, f) != NULL)
        memcpy(line, next, sizeof line);
    if (f != NULL)
        (void)fclose(f);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static bool is_allowed(int code, const char *codes)
{
    for (const char *c = codes; *c != '\0'; c += strspn(c, ",")) {
        char *end;

        if (strtol(c, &end, 10) == code)
            return true;
        if (end == c)
            return false;
        c = end;
    }
    return code == 0;
}

/* Where the call was made, for `addr2line -pfe every_path`. */
static void print_stack(void)
{
    char **names = backtrace_symbols(told->stack, told->depth);

    for (int i = 2; names != NULL && i < told->depth; i++) {
        const char *at = strstr(names[i], "(+");

        if (at != NULL && strstr(names[i], "every_path") != NULL)
            printf(" %.*s", (int)strcspn(at + 2, ")"), at + 2);
    }
    printf("\n");
    free((void *)names);
}

/* One failure and what is left. @return whether all is as promised */
static bool check_way(long call, int status, const char *codes, const char *complained)
{
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    const char *different = find_difference(code == 0), *line = last_line(complained);

    if (WIFSIGNALED(status))
        printf("  call %ld of %s: ended by signal %d\n", call, kind_names[wanted],
               WTERMSIG(status));
    else if (!is_allowed(code, codes))
        printf("  call %ld of %s: exit code %d: %s\n", call, kind_names[wanted], code, line);
    else if (code != 0 && line[0] == '\0')
        printf("  call %ld of %s: exit code %d without a word\n", call, kind_names[wanted], code);
    else if (different != NULL)
        printf("  call %ld of %s: exit code %d, and another '%s': %s\n", call, kind_names[wanted],
               code, different, line);
    else
        return true;
    print_stack();
    return false;
}

/* @return how many of `most` ways of the command did not do as promised */
static size_t fail_ways(const char *codes, const char *out, size_t most, int argc, char **argv)
{
    char folder[] = "/tmp/every-path-XXXXXX", said[64], complained[64];
    const size_t n = told->n, taken = most == 0 || most > n ? n : most;
    size_t wrong = 0, went_on = 0;
    size_t met = 0; /* a time that is written shorter or longer may shift the last calls away */

    if (mkdtemp(folder) == NULL)
        abort();
    (void)snprintf(said, sizeof said, "%s/out", folder);
    (void)snprintf(complained, sizeof complained, "%s/err", folder);
    for (size_t i = 0; i < taken; i++) {
        const long call = told->way[taken > 1 ? i * (n - 1) / (taken - 1) : 0];
        int status;

        remove_all(out);
        status = run_once(call, argc, argv, said, complained);
        list_files(&after, out, said);
        met += told->fired;
        went_on += told->fired && status == 0;
        wrong += !check_way(call, status, codes, complained);
    }
    printf("%s, %s: %zu ways, %zu failed, %zu of them went on to the same bytes, %zu not as "
           "promised\n",
           argv[1], kind_names[wanted], n, met, went_on, wrong);
    remove_all(folder);
    return wrong + (taken > 0 && met == 0);
}

static bool run_undisturbed(const char *out, int argc, char **argv)
{
    char said[] = "/tmp/every-path-XXXXXX", complained[] = "/tmp/every-path-XXXXXX";
    int status;

    if (mkstemp(said) < 0 || mkstemp(complained) < 0)
        abort();
    remove_all(out);
    status = run_once(0, argc, argv, said, complained);
    list_files(&before, out, said);
    if (status != 0)
        printf("undisturbed: status %d: %s\n", status, last_line(complained));
    (void)unlink(said);
    (void)unlink(complained);
    return status == 0;
}

int main(int argc, char **argv)
{
    /* A command that starts the program again, as a batch does, finds this one. */
    if (getenv("HEP_EVERY_PATH") != NULL)
        return hepar_main(argc, argv);
    if (argc < 7 || strcmp(argv[5], "--") != 0)
        return 64;
    while (wanted < KINDS && strcmp(argv[1], kind_names[wanted]) != 0)
        wanted++;
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (wanted == KINDS || told == MAP_FAILED || setenv("HEP_EVERY_PATH", "1", 1) != 0 ||
        setenv("OMP_WAIT_POLICY", "passive", 1) != 0)
        return 64;
    argv[5] = argv[0];
    if (!run_undisturbed(argv[3], argc - 5, argv + 5))
        return 1;
    return fail_ways(argv[2], argv[3], (size_t)strtol(argv[4], NULL, 10), argc - 5, argv + 5) > 0;
}
