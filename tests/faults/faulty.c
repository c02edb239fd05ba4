/*
 * Loaded before the C library (LD_PRELOAD): the n-th call of a kind fails.
 *
 * HEP_FAULT=KIND:N[:ERROR]  the N-th call fails, and with "N+" every one from there on
 *   write   write, pwrite, writev, fwrite, fputc, fputs, fflush of files; ERROR ENOSPC (default), EIO, or SHORT
 *   sync    fsync, fdatasync; ERROR EIO (default)
 *   rename  rename, renameat2, link; ERROR EIO (default), ENOSPC
 *   create  open and openat that create, mkdir; ERROR EACCES (default), ENOSPC, EMFILE
 *   read    read, pread of files; ERROR EIO (default)
 *   memory  malloc, calloc, realloc, aligned_alloc, posix_memalign
 * HEP_FAULT_COUNT=FILE      nothing fails; the number of calls of the KIND is written to FILE at the end
 * Only the process of the program named in HEP_FAULT_PROGRAM counts, not what it starts.
 */
#define _GNU_SOURCE /* RTLD_NEXT, renameat2 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char kind[16];
static long fail_at;
static bool from_there_on, is_short, active;
static int error = ENOSPC;
static atomic_long calls;

static int error_of(const char *name, const char *of_kind)
{
    if (strcmp(name, "EIO") == 0)
        return EIO;
    if (strcmp(name, "ENOSPC") == 0)
        return ENOSPC;
    if (strcmp(name, "EACCES") == 0)
        return EACCES;
    if (strcmp(name, "EMFILE") == 0)
        return EMFILE;
    return strcmp(of_kind, "write") == 0 ? ENOSPC : strcmp(of_kind, "create") == 0 ? EACCES : EIO;
}

__attribute__((constructor)) static void set_up(void)
{
    const char *spec = getenv("HEP_FAULT"), *program = getenv("HEP_FAULT_PROGRAM");
    char name[16] = "", own[4096] = "";
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);

    if (spec == NULL || n <= 0 || (program != NULL && strcmp(own, program) != 0) ||
        sscanf(spec, "%15[a-z]:%ld", kind, &fail_at) < 1)
        return;
    from_there_on = strchr(spec, '+') != NULL;
    if (strchr(spec, ':') != strrchr(spec, ':'))
        (void)snprintf(name, sizeof name, "%s", strrchr(spec, ':') + 1);
    is_short = strcmp(name, "SHORT") == 0;
    error = error_of(name, kind);
    active = true;
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("HEP_FAULT_COUNT");
    char text[32];
    int fd, n;

    if (!active || path == NULL)
        return;
    active = false;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    n = snprintf(text, sizeof text, "%ld\n", atomic_load(&calls));
    if (fd < 0 || write(fd, text, (size_t)n) != n || close(fd) != 0)
        abort();
}

/* Is this call of a kind the one? Sets errno. */
static bool fails(const char *of_kind)
{
    long now;

    if (!active || strcmp(kind, of_kind) != 0)
        return false;
    now = atomic_fetch_add(&calls, 1) + 1;
    if (getenv("HEP_FAULT_COUNT") != NULL || fail_at <= 0 ||
        (from_there_on ? now < fail_at : now != fail_at))
        return false;
    errno = strcmp(of_kind, "memory") == 0 ? ENOMEM : error;
    return true;
}

#define REAL(function)                                                                             \
    static __typeof__(&function) real;                                                             \
    if (real == NULL) {                                                                            \
        void *found = dlsym(RTLD_NEXT, #function);                                                 \
        memcpy(&real, &found, sizeof real);                                                        \
    }

static bool is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t write(int fd, const void *data, size_t n)
{
    REAL(write)
    if (active && is_file(fd) && fails("write"))
        return is_short && n > 1 ? real(fd, data, n / 2) : -1;
    return real(fd, data, n);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    REAL(pwrite)
    if (active && is_file(fd) && fails("write"))
        return is_short && n > 1 ? real(fd, data, n / 2, at) : -1;
    return real(fd, data, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    REAL(writev)
    return active && is_file(fd) && fails("write") ? -1 : real(fd, v, n);
}

size_t fwrite(const void *data, size_t size, size_t n, FILE *f)
{
    REAL(fwrite)
    if (active && is_file(fileno(f)) && fails("write"))
        return is_short ? real(data, size, n / 2, f) : 0;
    return real(data, size, n, f);
}

int fputs(const char *text, FILE *f)
{
    REAL(fputs)
    return active && is_file(fileno(f)) && fails("write") ? EOF : real(text, f);
}

int fflush(FILE *f)
{
    REAL(fflush)
    return active && f != NULL && is_file(fileno(f)) && fails("write") ? EOF : real(f);
}

int fsync(int fd)
{
    REAL(fsync)
    return fails("sync") ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync)
    return fails("sync") ? -1 : real(fd);
}

int rename(const char *from, const char *to)
{
    REAL(rename)
    return fails("rename") ? -1 : real(from, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    REAL(renameat2)
    return fails("rename") ? -1 : real(from_dir, from, to_dir, to, flags);
}

int link(const char *from, const char *to)
{
    REAL(link)
    return fails("rename") ? -1 : real(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir)
    return fails("create") ? -1 : real(path, mode);
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    REAL(open)

    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list ap;

        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
        if ((flags & O_CREAT) && fails("create"))
            return -1;
    }
    return real(path, flags, mode);
}

ssize_t read(int fd, void *data, size_t n)
{
    REAL(read)
    return active && is_file(fd) && fails("read") ? -1 : real(fd, data, n);
}

ssize_t pread(int fd, void *data, size_t n, off_t at)
{
    REAL(pread)
    return active && is_file(fd) && fails("read") ? -1 : real(fd, data, n, at);
}

/* The C library's own names: dlsym() itself allocates. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

void *malloc(size_t n)
{
    return fails("memory") ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails("memory") ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return fails("memory") ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return fails("memory") ? NULL : __libc_memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n)
{
    *out = fails("memory") ? NULL : __libc_memalign(alignment, n);
    return *out == NULL ? ENOMEM : 0;
}
