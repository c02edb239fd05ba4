#include "datasets/carry.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *hep_carry_name(enum hep_carry way)
{
    static const char *const names[] = { "auto", "hard", "symbolic", "copy" };

    return names[way];
}

static int copy_file(const char *from, const char *to, struct hep_error *err)
{
    char block[1 << 16];
    struct hep_outfile out = { 0 };
    size_t size = 0;
    ssize_t n = 1;
    int fd = -1, rc = hep_file_open(&fd, &size, from, err);

    if (rc == HEP_OK)
        rc = hep_outfile_open(&out, to, err);
    while (rc == HEP_OK && n > 0) {
        n = read(fd, block, sizeof block);
        if (n < 0)
            rc = HEP_FAIL(err, HEP_EIO, "%s: %s", from, strerror(errno));
        else if (fwrite(block, 1, (size_t)n, out.stream) != (size_t)n)
            rc = HEP_FAIL(err, HEP_EIO, "%s: cannot be written", to);
    }
    if (rc == HEP_OK)
        rc = hep_outfile_commit(&out, err);
    hep_outfile_abort(&out);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* The file that a link of the source leads to: a hard link to a link would be a link. */
static char *real_file(const char *from, struct hep_error *err)
{
    char *path = realpath(from, NULL);

    if (path == NULL)
        (void)HEP_FAIL(err, HEP_ENOENT, "%s: %s", from, strerror(errno));
    return path;
}

int hep_carry_file(enum hep_carry *done, const char *from, const char *to, enum hep_carry way,
                   struct hep_error *err)
{
    char *dir = hep_asprintf(err, "%.*s", (int)(hep_path_base(to) - to), to);
    char *path = real_file(from, err);
    int rc = dir == NULL || path == NULL ? HEP_ENOENT : hep_mkdir_p(dir, err), number = 0;

    if (rc == HEP_OK && unlink(to) != 0 && errno != ENOENT)
        rc = HEP_FAIL(err, HEP_ECREAT, "%s: %s", to, strerror(errno));
    *done = HEP_CARRY_COPY;
    if (rc == HEP_OK && (way == HEP_CARRY_AUTO || way == HEP_CARRY_HARD)) {
        number = link(path, to) == 0 ? 0 : errno;
        if (number == 0)
            *done = HEP_CARRY_HARD;
        else if (way == HEP_CARRY_HARD)
            rc = HEP_FAIL(err, HEP_EIO, "%s: no hard link to %s: %s", to, path, strerror(number));
    }
    if (rc == HEP_OK && *done == HEP_CARRY_COPY &&
        (way == HEP_CARRY_SYMBOLIC || (way == HEP_CARRY_AUTO && number == EXDEV))) {
        if (symlink(path, to) == 0)
            *done = HEP_CARRY_SYMBOLIC;
        else if (way == HEP_CARRY_SYMBOLIC)
            rc = HEP_FAIL(err, HEP_EIO, "%s: no symbolic link: %s", to, strerror(errno));
    }
    if (rc == HEP_OK && *done == HEP_CARRY_COPY)
        rc = copy_file(path, to, err);
    free(dir);
    free(path);
    return rc;
}
