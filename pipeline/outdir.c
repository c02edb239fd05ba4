#include "pipeline/outdir.h"

#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "sequences/bids_name.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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
    char *path = hep_path_join(root, name, err);
    int rc = HEP_OK;

    if (path == NULL)
        return HEP_ENOMEM;
    if (!hep_is_file(path))
        rc = hep_file_write(path, text, strlen(text), err);
    free(path);
    return rc;
}

/* Does the description name this version among those that made its files? */
static bool names_version(const struct hep_json *by)
{
    bool named = false;

    for (size_t i = 0; i < hep_json_size(by); i++) {
        const char *version = hep_json_string(hep_json_get(hep_json_at(by, i), "Version"));

        named = named || (version != NULL && strcmp(version, HEP_VERSION) == 0);
    }
    return named;
}

static void add_version(struct hep_put *put, struct hep_json *list)
{
    struct hep_json *me = hep_json_new_object();

    hep_put_text(put, me, "Name", "Hepar");
    hep_put_text(put, me, "Version", HEP_VERSION);
    hep_put_item(put, list, me);
}

/* dataset_description.json names each version of Hepar that made files of the dataset, in the order of their
 * coming. One that somebody has made unreadable stays as it is. */
static int describe_dataset(const char *root, struct hep_error *err)
{
    char *path = hep_path_join(root, "dataset_description.json", err);
    struct hep_json *o = NULL, *list = NULL;
    struct hep_error unreadable = { 0 };
    struct hep_put put = { path == NULL ? HEP_ENOMEM : HEP_OK, err };
    const bool is_new = path != NULL && !hep_is_file(path);

    if (path != NULL && !is_new && hep_json_read(&o, path, &unreadable) != HEP_OK)
        goto out;
    if (names_version(hep_json_get(o, "GeneratedBy")) ||
        (!is_new && hep_json_type(hep_json_get(o, "GeneratedBy")) != HEP_JSON_ARRAY))
        goto out;
    if (is_new) {
        o = hep_json_new_object();
        hep_put_text(&put, o, "BIDSVersion", HEP_BIDS_VERSION);
        hep_put_text(&put, o, "DatasetType", "derivative");
        hep_put_text(&put, o, "Name", "Hepar liver MRI maps and findings");
    }
    list = is_new ? hep_json_new_array() : hep_json_copy(hep_json_get(o, "GeneratedBy"));
    add_version(&put, list);
    hep_put(&put, o, "GeneratedBy", list);
    if (put.rc == HEP_OK)
        put.rc = hep_json_write(path, o, err);
out:
    hep_json_free(o);
    free(path);
    return put.rc;
}

static int make_dataset(const char *root, struct hep_error *err)
{
    /* Names in the style of BIDS that the specification does not have. */
    static const char ignore[] =
        "*_FFmap.*\n*_PDFFmap.*\n*_R2starmap.*\n*_REmap.*\n*_ADC*\n*_Dmap*\n*_fmap.*\n"
        "*_Dstarmap*\n*_Kmap*\n*map.*\n*_xfm.*\n*_space-reference_*\n*_lesions.*\n*_flags.*\n"
        "*_measures.*\n*_regions.*\n*_labels.*\n*_radiomics.*\n*_followup*.*\n*_report.html\n"
        "*_viewer.html\n*_review.*\n*_run.json\n*_failed.json\n*.log\nlogs/**\nevaluation/**\n"
        "validation/**\nagreement_*/"
        "**\nstudies.*\nlesions.*\nregions.*\nfollowup.*\ngroup.html\n.*\n";
    int rc = hep_mkdir_p(root, err);

    if (rc == HEP_OK)
        rc = describe_dataset(root, err);
    if (rc == HEP_OK)
        rc = write_if_absent(root, ".bidsignore", ignore, err);
    return rc;
}

/* With the lock held: remove temporary folders of runs that were killed or have lost the lock, and
 * put an old result back when the swap was interrupted. A folder that a run which lost the lock is
 * still writing to may resist: the next run meets it again. */
static int repair(const char *parent, const char *base, const char *final, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    char *new_prefix = hep_asprintf(err, ".%s.new-", base),
         *old_name = hep_asprintf(err, ".%s.old", base);
    char *lock_prefix = hep_asprintf(err, ".%s.lock.", base);
    int rc = HEP_OK;

    if (new_prefix == NULL || old_name == NULL || lock_prefix == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_listing_read(&list, parent, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        char *path = hep_path_join(parent, list.names[i], err);

        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (strcmp(list.names[i], old_name) == 0 && !hep_is_dir(final))
            rc = rename(path, final) == 0
                     ? HEP_OK
                     : HEP_FAIL(err, HEP_EIO, "%s: cannot put the earlier result back: %s", final,
                                strerror(errno));
        else if (strcmp(list.names[i], old_name) == 0 ||
                 hep_starts_with(list.names[i], new_prefix) ||
                 (hep_starts_with(list.names[i], lock_prefix) &&
                  hep_lock_is_remains(list.names[i])))
            remove_if_possible(path);
        free(path);
    }
    hep_listing_release(&list);
    free(new_prefix);
    free(old_name);
    free(lock_prefix);
    return rc;
}

static char *parent_of(const char *path, struct hep_error *err)
{
    size_t n = (size_t)(hep_path_base(path) - path);
    char *p = hep_strdup(path, err);

    if (p != NULL)
        p[n > 1 ? n - 1 : n] = '\0';
    return p;
}

static char *lock_path(const char *final, struct hep_error *err)
{
    const char *base = hep_path_base(final);

    return hep_asprintf(err, "%.*s.%s.lock", (int)(base - final), final, base);
}

bool hep_outdir_in_use(const char *root, const char *relative)
{
    char *final = hep_path_join(root, relative, NULL),
         *lock = final != NULL ? lock_path(final, NULL) : NULL;
    bool used = lock != NULL && hep_lock_is_held(lock);

    free(final);
    free(lock);
    return used;
}

int hep_outdir_open(struct hep_outdir *d, const char *root, const char *relative,
                    struct hep_error *err)
{
    char *parent = NULL, *lock = NULL;
    int rc;

    *d = (struct hep_outdir){ .root = hep_strdup(root, err),
                              .final = hep_path_join(root, relative, err) };
    if (d->root == NULL || d->final == NULL || (parent = parent_of(d->final, err)) == NULL ||
        (lock = lock_path(d->final, err)) == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    rc = hep_mkdir_p(parent, err);
    if (rc != HEP_OK)
        goto out;
    hep_file_sweep(root);
    rc = hep_lock_take(&d->lock, lock, err);
    if (rc == HEP_OK)
        rc = repair(parent, hep_path_base(d->final), d->final, err);
    if (rc == HEP_OK)
        hep_file_sweep(parent);
    if (rc == HEP_OK)
        hep_file_sweep(d->final);
out:
    free(parent);
    free(lock);
    if (rc != HEP_OK)
        hep_outdir_close(d);
    return rc;
}

int hep_outdir_begin(struct hep_outdir *d, struct hep_error *err)
{
    char *parent = parent_of(d->final, err);
    struct stat st;
    int rc = make_dataset(d->root, err);

    if (rc != HEP_OK)
        goto out;
    if (parent != NULL)
        d->tmp = hep_asprintf(err, "%s/.%s.new-%s", parent, hep_path_base(d->final), d->lock.token);
    if (d->tmp == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    if (mkdir(d->tmp, 0777) != 0 || lstat(d->tmp, &st) != 0) {
        rc = HEP_FAIL(err, HEP_ECREAT, "cannot create folder %s: %s", d->tmp, strerror(errno));
        goto out;
    }
    d->device = st.st_dev;
    d->inode = st.st_ino;
out:
    free(parent);
    return rc;
}

/* The folder that this run made, and not one that has got its name since. */
static int check_folder(const struct hep_outdir *d, struct hep_error *err)
{
    struct stat st;

    if (d->tmp == NULL || lstat(d->tmp, &st) != 0 || !S_ISDIR(st.st_mode) ||
        st.st_dev != d->device || st.st_ino != d->inode)
        return HEP_FAIL(err, HEP_ETEMP,
                        "%s: the hidden folder of this run was removed or replaced: nothing of "
                        "this run is kept, run it again",
                        d->final);
    return HEP_OK;
}

int hep_outdir_check(const struct hep_outdir *d, struct hep_error *err)
{
    int rc = hep_lock_check(&d->lock, err);

    if (rc != HEP_OK)
        (void)hep_error_prefix(err, "nothing of this run is kept, run it again");
    return rc == HEP_OK && d->tmp != NULL ? check_folder(d, err) : rc;
}

int hep_outdir_keep(const struct hep_outdir *d, struct hep_error *err)
{
    hep_lock_touch(&d->lock);
    return hep_outdir_check(d, err);
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

/* What the earlier result is called afterwards is removed as far as possible: the new one is in
 * place. */
static int swap_in(const struct hep_outdir *d, const char *old, struct hep_error *err)
{
    bool replaces = hep_is_dir(d->final);
    int failure = 0;

#ifdef RENAME_EXCHANGE
    if (replaces && renameat2(AT_FDCWD, d->tmp, AT_FDCWD, d->final, RENAME_EXCHANGE) == 0) {
        remove_if_possible(d->tmp);
        return HEP_OK;
    }
#endif
    if (replaces && rename(d->final, old) != 0)
        failure = errno;
    if (failure == 0 && rename(d->tmp, d->final) != 0) {
        failure = errno;
        if (replaces)
            (void)rename(old, d->final);
    }
    if (failure != 0)
        return HEP_FAIL(err, HEP_EIO, "%s: cannot rename the result into place: %s", d->final,
                        strerror(failure));
    if (replaces)
        remove_if_possible(old);
    return HEP_OK;
}

static int check_file(const struct hep_outdir *d, const struct hep_outdir_file *f,
                      struct hep_error *err)
{
    char *path = hep_path_join(d->tmp, f->path, err);
    struct stat st;
    int rc = HEP_OK;

    if (path == NULL)
        rc = HEP_ENOMEM;
    else if (lstat(path, &st) != 0)
        rc = HEP_FAIL(err, HEP_ETEMP,
                      "%s: %s is no longer there: nothing of this run is kept, run it again",
                      d->final, f->path);
    else if (!S_ISREG(st.st_mode))
        rc = HEP_FAIL(
            err, HEP_ETEMP,
            "%s: %s is no longer a regular file: nothing of this run is kept, run it again",
            d->final, f->path);
    else if ((size_t)st.st_size != f->bytes)
        rc = HEP_FAIL(
            err, HEP_ETEMP,
            "%s: %s has %zu bytes, %zu were written: nothing of this run is kept, run it again",
            d->final, f->path, (size_t)st.st_size, f->bytes);
    free(path);
    return rc;
}

int hep_outdir_commit(struct hep_outdir *d, const struct hep_outdir_file *files, size_t n,
                      struct hep_error *err)
{
    char *parent = parent_of(d->final, err), *old = NULL;
    int rc = HEP_OK;

    if (parent != NULL)
        old = hep_asprintf(err, "%s/.%s.old", parent, hep_path_base(d->final));
    if (old == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_outdir_keep(d, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = check_file(d, &files[i], err);
    if (rc == HEP_OK)
        sync_folder(d->tmp);
    /* Once more: flushing to a slow disk takes time. */
    if (rc == HEP_OK)
        rc = hep_outdir_check(d, err);
    if (rc == HEP_OK) {
        rc = swap_in(d, old, err);
        d->swapped = rc == HEP_OK;
        sync_folder(parent);
    }
    free(parent);
    free(old);
    return rc;
}

char *hep_outdir_path(const struct hep_outdir *d, const char *relative_file, struct hep_error *err)
{
    char *path = NULL, *parent = NULL;
    int rc = check_folder(d, err);

    if (rc == HEP_OK && ((path = hep_path_join(d->tmp, relative_file, err)) == NULL ||
                         (parent = parent_of(path, err)) == NULL))
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_mkdir_p(parent, err);
    if (rc != HEP_OK) {
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
    char *from = hep_path_join(d->source != NULL ? d->source : d->final, relative_file, err),
         *to = hep_outdir_path(d, relative_file, err);
    int rc = HEP_OK;

    if (to == NULL)
        rc = err != NULL ? (int)err->code : HEP_ENOMEM;
    else if (from == NULL)
        rc = HEP_ENOMEM;
    else if (!hep_is_file(from))
        rc = HEP_FAIL(err, HEP_ETEMP, "%s: vanished while it was being taken over", from);
    else if (link(from, to) != 0)
        rc = copy_file(from, to, err);
    free(from);
    free(to);
    return rc;
}

void hep_outdir_close(struct hep_outdir *d)
{
    struct hep_error e = { 0 };

    if (d->tmp != NULL && !d->swapped && check_folder(d, &e) == HEP_OK)
        remove_if_possible(d->tmp);
    hep_lock_release(&d->lock);
    free(d->root);
    free(d->final);
    free(d->tmp);
    *d = (struct hep_outdir){ 0 };
}
