#include "base/file.h"

#include "base/process.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name may hold 255 bytes; the rest is for the dot, the process number and the suffix. */
enum { NAME_KEPT = 200, NAME_TRIES = 100 };

int hep_file_create(int *fd, const char *path, struct hep_error *err)
{
    int failed = unlink(path) == 0 || errno == ENOENT ? 0 : errno;

    *fd = failed == 0 ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666) : -1;
    if (*fd < 0)
        return HEP_FAIL(err, HEP_ECREAT, "cannot create %s: %s", path,
                        strerror(failed != 0 ? failed : errno));
    return HEP_OK;
}

static void forget(struct hep_outfile *f)
{
    free(f->path);
    free(f->tmp);
    *f = (struct hep_outfile){ 0 };
}

/* Open a new hidden file beside f->path. Sets f->tmp. A file left behind by a killed process of the
 * same number is stepped over. */
static int open_temporary(struct hep_outfile *f)
{
    const char *base = hep_path_base(f->path);
    int folder_length = (int)(base - f->path);
    char tag[HEP_HOST_TAG];

    hep_host_tag(tag);
    for (int i = 0; i < NAME_TRIES; i++) {
        int fd;

        f->tmp = hep_asprintf(NULL, "%.*s.%.*s.%s-%ld-%d.tmp", folder_length, f->path, NAME_KEPT,
                              base, tag, (long)getpid(), i);
        if (f->tmp == NULL) {
            errno = ENOMEM;
            return -1;
        }
        fd = open(f->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        free(f->tmp);
        f->tmp = NULL;
    }
    return -1;
}

int hep_outfile_open(struct hep_outfile *f, const char *path, struct hep_error *err)
{
    int fd;
    int code;

    *f = (struct hep_outfile){ 0 };
    if (*hep_path_base(path) == '\0' || hep_is_dir(path))
        return HEP_FAIL(err, HEP_ECREAT, "cannot create %s: it is a folder", path);
    f->path = hep_strdup(path, err);
    if (f->path == NULL)
        return HEP_ENOMEM;
    fd = open_temporary(f);
    if (fd < 0) {
        code = errno == ENOMEM ? HEP_ENOMEM : HEP_ECREAT;
        (void)HEP_FAIL(err, (enum hep_status)code, "cannot create %s: %s", path, strerror(errno));
        forget(f);
        return code;
    }
    f->stream = fdopen(fd, "wb");
    if (f->stream == NULL) {
        (void)close(fd);
        (void)unlink(f->tmp);
        forget(f);
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory to open %s", path);
    }
    return HEP_OK;
}

void hep_outfile_abort(struct hep_outfile *f)
{
    if (f->stream != NULL)
        (void)fclose(f->stream);
    if (f->tmp != NULL)
        (void)unlink(f->tmp);
    forget(f);
}

/* Make the new name durable. A file system that cannot flush a folder (EINVAL) is not a failure. */
static int flush_folder(const char *folder)
{
    int fd = open(folder[0] != '\0' ? folder : ".", O_RDONLY | O_CLOEXEC);
    int saved = 0;

    if (fd < 0)
        return errno == EACCES ? 0 : errno;
    if (fsync(fd) != 0 && errno != EINVAL)
        saved = errno;
    (void)close(fd);
    return saved;
}

int hep_outfile_commit(struct hep_outfile *f, struct hep_error *err)
{
    bool earlier_failure = ferror(f->stream) != 0;
    int failed = 0;
    int rc = HEP_OK;

    errno = 0;
    if (fflush(f->stream) != 0 || earlier_failure || fsync(fileno(f->stream)) != 0)
        failed = errno != 0 ? errno : EIO;
    if (fclose(f->stream) != 0 && failed == 0)
        failed = errno;
    f->stream = NULL;
    if (failed == 0 && rename(f->tmp, f->path) != 0)
        failed = errno;
    if (failed == 0) {
        /* Both names begin with the folder's: no memory is needed that could lack after the rename. */
        f->tmp[hep_path_base(f->path) - f->path] = '\0';
        failed = flush_folder(f->tmp);
        free(f->tmp);
        f->tmp = NULL;
    }
    if (failed != 0)
        rc = HEP_FAIL(err, HEP_EIO, "cannot write %s: %s", f->path, strerror(failed));
    hep_outfile_abort(f);
    return rc;
}

int hep_file_write(const char *path, const void *data, size_t n, struct hep_error *err)
{
    struct hep_outfile f = { 0 };
    int rc;

    rc = hep_outfile_open(&f, path, err);
    if (rc != HEP_OK)
        return rc;
    if (n > 0 && fwrite(data, 1, n, f.stream) != n) {
        rc = HEP_FAIL(err, HEP_EIO, "cannot write %s: %s", path, strerror(errno));
        hep_outfile_abort(&f);
        return rc;
    }
    return hep_outfile_commit(&f, err);
}

int hep_str_write(struct hep_str *text, const char *dir, const char *name, struct hep_error *err)
{
    char *path = hep_path_join(dir, name, err);
    int rc = path == NULL ? HEP_ENOMEM : hep_str_check(text, err);

    if (rc == HEP_OK)
        rc = hep_file_write(path, text->s, text->len, err);
    free(path);
    hep_str_release(text);
    return rc;
}

/* ".NAME.TAG-PID-K.tmp" of this host, by a process that is gone. */
static bool left_behind(const char *name)
{
    char tag[HEP_HOST_TAG], *end = NULL;
    const char *dot;
    long pid;

    if (name[0] != '.' || !hep_ends_with(name, ".tmp"))
        return false;
    for (dot = name + strlen(name) - strlen(".tmp") - 1; dot > name && *dot != '.'; dot--)
        ;
    hep_host_tag(tag);
    if (!hep_starts_with(dot + 1, tag) || dot[HEP_HOST_TAG] != '-')
        return false;
    pid = strtol(dot + HEP_HOST_TAG + 1, &end, 10);
    return *end == '-' && pid > 0 && !hep_process_alive(pid, 0);
}

void hep_file_sweep(const char *dir)
{
    struct hep_listing list = { 0 };
    struct hep_error e = { 0 };

    if (hep_listing_read(&list, dir, &e) != HEP_OK)
        return;
    for (size_t i = 0; i < list.n; i++) {
        char *path = !list.is_dir[i] && left_behind(list.names[i])
                         ? hep_path_join(dir, list.names[i], NULL)
                         : NULL;

        if (path != NULL)
            (void)unlink(path);
        free(path);
    }
    hep_listing_release(&list);
}
