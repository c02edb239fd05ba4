#include "base/file.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 65536 };

int hep_file_open(int *fd, size_t *size, const char *path, struct hep_error *err)
{
    struct stat st;
    int f;
    int rc;

    /* Opening a device can move it, and a socket cannot be opened. */
    if (hep_is_special(path))
        return HEP_FAIL(err, HEP_EFORMAT, "%s is not a regular file", path);
    /* Without O_NONBLOCK opening a pipe that has just taken the name would wait for a writer. */
    f = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f < 0) {
        rc = errno == ENOENT || errno == ENOTDIR ? HEP_ENOENT : HEP_EIO;
        return HEP_FAIL(err, (enum hep_status)rc, "cannot read %s: %s", path, strerror(errno));
    }
    if (fstat(f, &st) != 0)
        rc = HEP_FAIL(err, HEP_EIO, "cannot read %s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s is not a regular file", path);
    else
        rc = HEP_OK;
    if (rc != HEP_OK) {
        (void)close(f);
        return rc;
    }
    *fd = f;
    *size = st.st_size > 0 ? (size_t)st.st_size : 0;
    return HEP_OK;
}

/* Read up to the end, however long the file is by then. One byte stays free for the terminator. */
static int read_all(char **data, size_t *n, size_t cap, int fd, const char *path, size_t max,
                    struct hep_error *err)
{
    for (;;) {
        ssize_t got;

        if (*n == cap - 1) {
            char *bigger = cap > SIZE_MAX / 2 ? NULL : hep_realloc(*data, cap * 2, 1, err);

            if (bigger == NULL)
                return HEP_ENOMEM;
            *data = bigger;
            cap *= 2;
        }
        got = read(fd, *data + *n, cap - 1 - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return HEP_FAIL(err, HEP_EIO, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            break;
        *n += (size_t)got;
        if (*n > max)
            return HEP_FAIL(err, HEP_EFORMAT, "%s has more than the %zu bytes allowed", path, max);
    }
    (*data)[*n] = '\0';
    return HEP_OK;
}

int hep_file_read(char **data, size_t *n, const char *path, size_t max, struct hep_error *err)
{
    char *buffer = NULL;
    size_t length = 0;
    size_t expected = 0;
    int fd = -1;
    int rc;

    rc = hep_file_open(&fd, &expected, path, err);
    if (rc != HEP_OK)
        goto out;
    if (expected > max) {
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s has %zu bytes, at most %zu are allowed", path, expected,
                      max);
        goto out;
    }
    /* Two more: for the terminator, and so that the read that finds the end needs no growth. */
    expected = expected > 0 && expected < SIZE_MAX - 2 ? expected + 2 : READ_STEP;
    buffer = hep_calloc(expected, 1, err);
    if (buffer == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    rc = read_all(&buffer, &length, expected, fd, path, max, err);
    if (rc != HEP_OK)
        goto out;
    *data = buffer;
    *n = length;
    buffer = NULL;
out:
    free(buffer);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}
