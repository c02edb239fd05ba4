#include "pipeline/outdir.h"

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BIDS_VERSION "1.10.0"
#define LOCK_NAME_MAX 256

/* For clean-up after the outcome is settled: a folder that stays behind is removed by the next run.
 */
static void remove_if_possible(const char *path)
{
    struct hep_error e = { 0 };

    if (hep_remove_tree(path, &e) != HEP_OK)
        return;
}

static int write_if_absent(const char *root, const char *name, const char *text,
                           struct hep_error *err)
{
    char *path = hep_path_join(root, name);
    int rc = HEP_OK;

    if (path == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
    if (!hep_is_file(path))
        rc = hep_file_write(path, text, strlen(text), err);
    free(path);
    return rc;
}

static int make_dataset(const char *root, struct hep_error *err)
{
    static const char description[] = "{\n"
                                      "  \"BIDSVersion\": \"" BIDS_VERSION "\",\n"
                                      "  \"DatasetType\": \"derivative\",\n"
                                      "  \"GeneratedBy\": [\n"
                                      "    {\n"
                                      "      \"Name\": \"Hepar\",\n"
                                      "      \"Version\": \"" HEP_VERSION "\"\n"
                                      "    }\n"
                                      "  ],\n"
                                      "  \"Name\": \"Hepar liver MRI maps and findings\"\n"
                                      "}\n";
    /* Names in the style of BIDS that the specification does not have. */
    static const char ignore[] =
        "*_FFmap.*\n*_PDFFmap.*\n*_R2starmap.*\n*_REmap.*\n*_ADC*\n*_Dmap*\n*_fmap.*\n"
        "*_Dstarmap*\n*_Kmap*\n*map.*\n*_xfm.*\n*_lesions.*\n*_report.html\n*_viewer.html\n"
        "*_run.json\n*_failed.json\n*_regions.tsv\n*.log\nlogs/**\nevaluation/"
        "**\nstudies.tsv\nlesions.tsv\ngroup.html\n.*\n";
    int rc = hep_mkdir_p(root, err);

    if (rc == HEP_OK)
        rc = write_if_absent(root, "dataset_description.json", description, err);
    if (rc == HEP_OK)
        rc = write_if_absent(root, ".bidsignore", ignore, err);
    return rc;
}

/* Locks of other hosts cannot be probed; their runs touch the owner file at every stage. */
#define FOREIGN_LOCK_MAX_AGE_S 1800
#define LOCK_TRIES 8

static double age_s(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? difftime(time(NULL), st.st_mtime) : 0.0;
}

/* True when the lock's owner is gone, or has given no sign of life for long. */
static bool owner_is_gone(const char *lock)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(lock, "owner"), *text = NULL, host[LOCK_NAME_MAX] = "";
    char *number;
    unsigned long long start;
    bool gone = false;
    size_t n = 0;
    long pid;

    if (path == NULL)
        return false;
    if (hep_file_read(&text, &n, path, 4096, &e) == HEP_OK &&
        (number = strchr(text, ' ')) != NULL) {
        *number++ = '\0';
        pid = strtol(number, &number, 10);
        start = strtoull(number, NULL, 10);
        (void)gethostname(host, sizeof host - 1);
        gone = strcmp(text, host) != 0 ? age_s(path) > FOREIGN_LOCK_MAX_AGE_S
                                       : !hep_process_alive(pid, start);
    }
    free(path);
    free(text);
    return gone;
}

/* Move a dead run's lock out of the way. Of several runs that try, rename lets one succeed; one
 * that moved a lock which came alive in between puts it back. */
static void clear_dead_lock(const char *lock)
{
    char tag[HEP_HOST_TAG], *aside;

    hep_host_tag(tag);
    aside = hep_asprintf("%s.gone.%s-%ld", lock, tag, (long)getpid());
    if (aside == NULL || rename(lock, aside) != 0)
        goto out;
    if (!owner_is_gone(aside) && rename(aside, lock) == 0)
        goto out;
    remove_if_possible(aside);
out:
    free(aside);
}

static int write_owner(const char *lock, struct hep_error *err)
{
    char owner[LOCK_NAME_MAX + 64], host[LOCK_NAME_MAX] = "", *path = hep_path_join(lock, "owner");
    int rc;

    if (path == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(owner, sizeof owner, "%s %ld %llu\n", host, (long)getpid(),
                   hep_process_birth((long)getpid()));
    rc = hep_file_write(path, owner, strlen(owner), err);
    free(path);
    return rc;
}

/* The lock appears under its name with its owner inside, or not at all: a folder that holds
 * something cannot be replaced by rename. */
static int take_lock(const char *lock, struct hep_error *err)
{
    char tag[HEP_HOST_TAG], *own;
    int rc = HEP_OK, failure = 0;

    hep_host_tag(tag);
    own = hep_asprintf("%s.%s-%ld", lock, tag, (long)getpid());
    if (own == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
    for (int i = 0; rc == HEP_OK && i < LOCK_TRIES; i++) {
        if (mkdir(own, 0777) != 0 && errno != EEXIST)
            rc = HEP_FAIL(err, HEP_ECREAT, "%s: cannot lock the study: %s", lock, strerror(errno));
        if (rc == HEP_OK)
            rc = write_owner(own, err);
        if (rc == HEP_OK && rename(own, lock) == 0)
            goto out;
        failure = errno;
        if (rc == HEP_OK && failure != EEXIST && failure != ENOTEMPTY && failure != ENOENT)
            rc =
                HEP_FAIL(err, HEP_ECREAT, "%s: cannot lock the study: %s", lock, strerror(failure));
        if (rc == HEP_OK && !owner_is_gone(lock))
            break;
        if (rc == HEP_OK)
            clear_dead_lock(lock);
    }
    remove_if_possible(own);
    if (rc == HEP_OK)
        rc = HEP_FAIL(err, HEP_ETEMP, "%s: another run is writing this study", lock);
out:
    free(own);
    return rc;
}

void hep_outdir_touch(const struct hep_outdir *d)
{
    char *path = hep_path_join(d->lock, "owner");

    if (path != NULL)
        (void)utimensat(AT_FDCWD, path, NULL, 0);
    free(path);
}

/* A name that ends in this host's tag and the number of a process that is gone: "...lock.TAG-PID".
 */
static bool left_behind(const char *name)
{
    char tag[HEP_HOST_TAG];
    const char *end = strrchr(name, '.');
    long pid = 0;

    hep_host_tag(tag);
    return end != NULL && hep_starts_with(end + 1, tag) && end[HEP_HOST_TAG] == '-' &&
           hep_parse_long(&pid, end + 1 + HEP_HOST_TAG, NULL) == HEP_OK && pid != (long)getpid() &&
           !hep_process_alive(pid, 0);
}

/* Remove temporary folders of killed runs; put an old result back when the swap was interrupted. */
static int repair(const char *parent, const char *base, const char *final, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    char *new_prefix = hep_asprintf(".%s.new-", base), *old_name = hep_asprintf(".%s.old", base);
    char *lock_prefix = hep_asprintf(".%s.lock.", base);
    int rc = HEP_ENOMEM;

    if (new_prefix == NULL || old_name == NULL || lock_prefix == NULL)
        goto out;
    rc = hep_listing_read(&list, parent, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        char *path = hep_path_join(parent, list.names[i]);

        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (strcmp(list.names[i], old_name) == 0 && !hep_is_dir(final))
            rc = rename(path, final) == 0 ? HEP_OK : HEP_EIO;
        else if (strcmp(list.names[i], old_name) == 0 ||
                 hep_starts_with(list.names[i], new_prefix) ||
                 (hep_starts_with(list.names[i], lock_prefix) && left_behind(list.names[i])))
            rc = hep_remove_tree(path, err);
        free(path);
    }
out:
    hep_listing_release(&list);
    free(new_prefix);
    free(old_name);
    free(lock_prefix);
    if (rc != HEP_OK)
        return HEP_FAIL(err, (enum hep_status)rc, "%s: cannot repair what a stopped run left",
                        final);
    return HEP_OK;
}

static char *parent_of(const char *path)
{
    size_t n = (size_t)(hep_path_base(path) - path);
    char *p = hep_strdup(path);

    if (p != NULL)
        p[n > 1 ? n - 1 : n] = '\0';
    return p;
}

static char *lock_path(const char *final)
{
    const char *base = hep_path_base(final);

    return hep_asprintf("%.*s.%s.lock", (int)(base - final), final, base);
}

bool hep_outdir_in_use(const char *root, const char *relative)
{
    char *final = hep_path_join(root, relative), *lock = final != NULL ? lock_path(final) : NULL;
    bool used = lock != NULL && hep_is_dir(lock) && !owner_is_gone(lock);

    free(final);
    free(lock);
    return used;
}

static bool has_remains(const char *parent, const char *base)
{
    struct hep_listing list = { 0 };
    struct hep_error e = { 0 };
    char *prefix = hep_asprintf(".%s.", base);
    bool found = false;

    if (prefix != NULL && hep_listing_read(&list, parent, &e) == HEP_OK) {
        for (size_t i = 0; i < list.n; i++)
            found = found || hep_starts_with(list.names[i], prefix);
    }
    hep_listing_release(&list);
    free(prefix);
    return found;
}

void hep_outdir_tidy(const char *root, const char *relative)
{
    struct hep_error e = { 0 };
    char *final = hep_path_join(root, relative), *parent = NULL, *lock = NULL;

    if (final == NULL || (parent = parent_of(final)) == NULL || (lock = lock_path(final)) == NULL)
        goto out;
    hep_file_sweep(final);
    if (has_remains(parent, hep_path_base(final)) && take_lock(lock, &e) == HEP_OK) {
        if (repair(parent, hep_path_base(final), final, &e) == HEP_OK)
            hep_file_sweep(parent);
        remove_if_possible(lock);
    }
out:
    free(final);
    free(parent);
    free(lock);
}

int hep_outdir_open(struct hep_outdir *d, const char *root, const char *relative,
                    struct hep_error *err)
{
    char *parent = NULL;
    const char *base;
    int rc;

    *d = (struct hep_outdir){ .root = hep_strdup(root), .final = hep_path_join(root, relative) };
    if (d->root == NULL || d->final == NULL || (parent = parent_of(d->final)) == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
        goto out;
    }
    base = hep_path_base(d->final);
    rc = make_dataset(root, err);
    hep_file_sweep(root);
    if (rc == HEP_OK)
        rc = hep_mkdir_p(parent, err);
    if (rc != HEP_OK)
        goto out;
    d->lock = lock_path(d->final);
    d->tmp = hep_asprintf("%s/.%s.new-%ld", parent, base, (long)getpid());
    if (d->lock == NULL || d->tmp == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
        goto out;
    }
    rc = take_lock(d->lock, err);
    if (rc != HEP_OK) {
        free(d->lock);
        d->lock = NULL;
        goto out;
    }
    rc = repair(parent, base, d->final, err);
    if (rc == HEP_OK)
        rc = hep_mkdir_p(d->tmp, err);
out:
    free(parent);
    if (rc != HEP_OK)
        hep_outdir_close(d);
    return rc;
}

/* Flush a folder's names to the disk. */
static void sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static int swap_in(const struct hep_outdir *d, const char *old, struct hep_error *err)
{
    if (!hep_is_dir(d->final)) {
        if (rename(d->tmp, d->final) != 0)
            return HEP_FAIL(err, HEP_EIO, "%s: cannot rename the result into place: %s", d->final,
                            strerror(errno));
        return HEP_OK;
    }
#ifdef RENAME_EXCHANGE
    if (renameat2(AT_FDCWD, d->tmp, AT_FDCWD, d->final, RENAME_EXCHANGE) == 0)
        return hep_remove_tree(d->tmp, err);
#endif
    if (rename(d->final, old) != 0 || rename(d->tmp, d->final) != 0)
        return HEP_FAIL(err, HEP_EIO, "%s: cannot rename the result into place: %s", d->final,
                        strerror(errno));
    return hep_remove_tree(old, err);
}

int hep_outdir_commit(struct hep_outdir *d, struct hep_error *err)
{
    char *parent = parent_of(d->final), *old = NULL;
    int rc;

    if (parent != NULL)
        old = hep_asprintf("%s/.%s.old", parent, hep_path_base(d->final));
    if (old == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
        goto out;
    }
    sync_folder(d->tmp);
    rc = swap_in(d, old, err);
    sync_folder(parent);
    d->swapped = rc == HEP_OK;
out:
    free(parent);
    free(old);
    return rc;
}

char *hep_outdir_path(const struct hep_outdir *d, const char *relative_file, struct hep_error *err)
{
    char *path = hep_path_join(d->tmp, relative_file), *parent = path ? parent_of(path) : NULL;

    if (parent == NULL) {
        (void)HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
        free(path);
        return NULL;
    }
    if (hep_mkdir_p(parent, err) != HEP_OK) {
        free(path);
        path = NULL;
    }
    free(parent);
    return path;
}

static int copy_file(const char *from, const char *to, struct hep_error *err)
{
    char *data = NULL;
    size_t n = 0;
    int rc = hep_file_read(&data, &n, from, SIZE_MAX / 2, err);

    if (rc == HEP_OK)
        rc = hep_file_write(to, data, n, err);
    free(data);
    return rc;
}

int hep_outdir_reuse(const struct hep_outdir *d, const char *relative_file, struct hep_error *err)
{
    char *from = hep_path_join(d->source != NULL ? d->source : d->final, relative_file),
         *to = hep_outdir_path(d, relative_file, err);
    int rc = HEP_OK;

    if (from == NULL || to == NULL)
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
    else if (link(from, to) != 0)
        rc = copy_file(from, to, err);
    free(from);
    free(to);
    return rc;
}

void hep_outdir_close(struct hep_outdir *d)
{
    if (d->tmp != NULL && !d->swapped && hep_is_dir(d->tmp))
        remove_if_possible(d->tmp);
    if (d->lock != NULL)
        remove_if_possible(d->lock);
    free(d->root);
    free(d->final);
    free(d->tmp);
    free(d->lock);
    *d = (struct hep_outdir){ 0 };
}
