#include "base/file.h"

#include "base/alloc.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_FOLDERS = 32 };

bool hep_is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool hep_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_special_mode(mode_t mode)
{
    return !S_ISREG(mode) && !S_ISDIR(mode);
}

bool hep_is_special(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && is_special_mode(st.st_mode);
}

bool hep_is_dangling(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && stat(path, &st) != 0;
}

bool hep_is_link(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

char *hep_path_join(const char *a, const char *b, struct hep_error *err)
{
    size_t n = strlen(a);

    if (n == 0)
        return hep_strdup(b, err);
    while (n > 1 && a[n - 1] == '/')
        n--;
    while (*b == '/')
        b++;
    return hep_asprintf(err, "%.*s%s%s", (int)n, a, a[n - 1] == '/' ? "" : "/", b);
}

const char *hep_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int hep_mkdir_p(const char *path, struct hep_error *err)
{
    char *part = hep_strdup(path, err);
    int rc = HEP_OK;

    if (part == NULL)
        return HEP_ENOMEM;
    for (size_t i = 1; rc == HEP_OK && i <= strlen(path); i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0777) != 0) {
            int failed = errno;

            if (!hep_is_dir(part))
                rc = HEP_FAIL(err, HEP_ECREAT, "cannot create folder %s: %s", part,
                              strerror(failed));
        }
        part[i] = path[i];
    }
    if (rc == HEP_OK && *path == '\0')
        rc = HEP_FAIL(err, HEP_ECREAT, "cannot create a folder without a name");
    free(part);
    return rc;
}

struct entry {
    char *name;
    bool is_dir, is_special;
};

struct entries {
    struct entry *e;
    size_t n;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;

    return hep_natural_cmp(x->name, y->name);
}

static int add_entry(struct entries *list, int dir_fd, const char *name, struct hep_error *err)
{
    struct stat st;
    struct entry *e;

    if (HEP_GROW(list->e, list->n, err) != HEP_OK)
        return HEP_ENOMEM;
    e = &list->e[list->n];
    e->name = hep_strdup(name, err);
    if (e->name == NULL)
        return HEP_ENOMEM;
    if (fstatat(dir_fd, name, &st, 0) == 0) {
        e->is_dir = S_ISDIR(st.st_mode);
        e->is_special = is_special_mode(st.st_mode);
    }
    list->n++;
    return HEP_OK;
}

static int read_entries(struct entries *list, const char *dir, struct hep_error *err)
{
    DIR *d = opendir(dir);
    int rc = HEP_OK;

    if (d == NULL) {
        rc = errno == ENOENT || errno == ENOTDIR ? HEP_ENOENT : HEP_EIO;
        return HEP_FAIL(err, (enum hep_status)rc, "cannot list %s: %s", dir, strerror(errno));
    }
    while (rc == HEP_OK) {
        const struct dirent *item;

        errno = 0;
        item = readdir(d);
        if (item == NULL) {
            if (errno != 0)
                rc = HEP_FAIL(err, HEP_EIO, "cannot list %s: %s", dir, strerror(errno));
            break;
        }
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        rc = add_entry(list, dirfd(d), item->d_name, err);
    }
    (void)closedir(d);
    return rc;
}

int hep_listing_read(struct hep_listing *out, const char *dir, struct hep_error *err)
{
    struct entries list = { 0 };
    char **names = NULL;
    bool *is_dir = NULL, *is_special = NULL;
    int rc;

    *out = (struct hep_listing){ 0 };
    rc = read_entries(&list, dir, err);
    if (rc != HEP_OK)
        goto out;
    if (list.n > 1)
        qsort(list.e, list.n, sizeof *list.e, compare_entries);
    names = hep_calloc(list.n, sizeof *names, err);
    is_dir = hep_calloc(list.n, sizeof *is_dir, err);
    is_special = hep_calloc(list.n, sizeof *is_special, err);
    if (names == NULL || is_dir == NULL || is_special == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < list.n; i++) {
        names[i] = list.e[i].name;
        is_dir[i] = list.e[i].is_dir;
        is_special[i] = list.e[i].is_special;
        list.e[i].name = NULL;
    }
    *out = (struct hep_listing){ names, is_dir, is_special, list.n };
    names = NULL;
    is_dir = is_special = NULL;
out:
    for (size_t i = 0; i < list.n; i++)
        free(list.e[i].name);
    free(list.e);
    free(names);
    free(is_dir);
    free(is_special);
    return rc;
}

void hep_listing_release(struct hep_listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
    free(l->is_dir);
    free(l->is_special);
    *l = (struct hep_listing){ 0 };
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)place;
    if (remove(path) == 0)
        return 0;
    return type == FTW_DNR ? EACCES : errno;
}

int hep_remove_tree(const char *path, struct hep_error *err)
{
    /* "link/" would be followed, "link" is not. */
    size_t n = strlen(path);
    char *plain;
    int failed;

    while (n > 1 && path[n - 1] == '/')
        n--;
    plain = hep_asprintf(err, "%.*s", (int)n, path);
    if (plain == NULL)
        return HEP_ENOMEM;
    failed = nftw(plain, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    if (failed < 0)
        failed = errno;
    free(plain);
    if (failed == ENOENT)
        return HEP_FAIL(err, HEP_ENOENT, "cannot remove %s: %s", path, strerror(failed));
    if (failed != 0)
        return HEP_FAIL(err, HEP_EIO, "cannot remove %s: %s", path, strerror(failed));
    return HEP_OK;
}
