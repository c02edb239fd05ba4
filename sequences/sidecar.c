#include "sequences/sidecar.h"

#include "base/file.h"
#include "base/text.h"
#include "sequences/bids_name.h"
#include "sequences/lines.h"

enum { MAX_ENTITIES = 16, LONGEST_NAME = 256, MAX_LEVELS = 4 };

/** A name in parts: "sub-01", "acq-pre", "T1w". */
struct parts {
    char text[LONGEST_NAME];
    const char *part[MAX_ENTITIES];
    size_t n;
};

static bool split(struct parts *p, const char *stem, size_t length)
{
    char *s = p->text;

    p->n = 0;
    if (length == 0 || length >= sizeof p->text)
        return false;
    (void)memcpy(p->text, stem, length);
    p->text[length] = '\0';
    while (s != NULL && p->n < MAX_ENTITIES) {
        char *next = strchr(s, '_');

        if (next != NULL)
            *next++ = '\0';
        p->part[p->n++] = s;
        s = next;
    }
    return s == NULL;
}

static bool has_part(const struct parts *p, const char *part)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->part[i], part) == 0)
            return true;
    return false;
}

/** Same suffix, and no entity that the image does not have. */
static bool applies(const struct parts *name, const struct parts *image)
{
    if (strcmp(name->part[name->n - 1], image->part[image->n - 1]) != 0)
        return false;
    for (size_t i = 0; i < name->n; i++)
        if (!has_part(image, name->part[i]))
            return false;
    return true;
}

/** The files of one folder that apply, those with fewer entities first. */
static int list_level(struct hep_lines *out, const char *dir, const struct parts *image,
                      const char *extension, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    struct parts name = { .n = 0 };
    struct hep_error unreadable = { 0 };
    int rc = hep_listing_read(&list, dir, &unreadable);

    if (rc == HEP_ENOMEM)
        return HEP_FAIL(err, HEP_ENOMEM, "%s", unreadable.msg);
    rc = HEP_OK;
    for (size_t n = 1; rc == HEP_OK && n <= image->n; n++) {
        for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
            const char *file = list.names[i];
            char *path;

            if (list.is_dir[i] || !hep_ends_with(file, extension) ||
                !split(&name, file, strlen(file) - strlen(extension)) || name.n != n ||
                !applies(&name, image))
                continue;
            path = hep_path_join(dir, file, err);
            if (path != NULL && !hep_is_file(path))
                free(path);
            else
                rc = hep_lines_push(out, path, err);
        }
    }
    hep_listing_release(&list);
    return rc;
}

static char *folder_of(const char *path, struct hep_error *err)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? hep_strdup(".", err)
                         : hep_asprintf(err, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/** Whether a folder lies inside a subject of a dataset: its parent is a level of its own. */
static bool is_below_root(const char *dir)
{
    static const char *const types[] = { "anat", "dwi", "perf", "fmap", "func" };
    const char *base = hep_path_base(dir);

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(base, types[i]) == 0)
            return true;
    return hep_starts_with(base, "ses-") || hep_starts_with(base, "sub-");
}

/** The image's folder first, then those above it up to the dataset. Heap paths, n of them. */
static int list_folders(char *dir[MAX_LEVELS], size_t *n, const char *image, struct hep_error *err)
{
    char *own = folder_of(image, err), *real = own ? realpath(own, NULL) : NULL;

    *n = 0;
    if (own == NULL)
        return HEP_ENOMEM;
    dir[(*n)++] = own;
    while (real != NULL && *n < MAX_LEVELS && is_below_root(real)) {
        char *above = folder_of(real, err);

        free(real);
        real = above != NULL ? hep_strdup(above, err) : NULL;
        if (real == NULL) {
            free(above);
            return HEP_ENOMEM;
        }
        dir[(*n)++] = above;
    }
    free(real);
    return HEP_OK;
}

/** A file of the image's own name that is there and cannot be read. */
static int check_own(const char *image, const char *extension, struct hep_error *err)
{
    char *base = hep_nifti_base(image, err);
    char *path = base ? hep_asprintf(err, "%s%s", base, extension) : NULL;
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && hep_is_special(path))
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s is not a regular file", path);
    if (rc == HEP_OK && hep_is_dangling(path))
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: a link to a file that is not there", path);
    free(base);
    free(path);
    return rc;
}

int hep_sidecar_list(struct hep_lines *out, const char *image, const char *extension,
                     struct hep_error *err)
{
    struct hep_bids_name bids;
    struct parts parts = { .n = 0 };
    char *dir[MAX_LEVELS] = { NULL }, *base = hep_nifti_base(image, err);
    size_t n = 0;
    int rc = base == NULL ? HEP_ENOMEM : check_own(image, extension, err);

    if (rc == HEP_OK && hep_bids_name_parse(&bids, hep_path_base(base)) &&
        split(&parts, hep_path_base(base), strlen(hep_path_base(base)))) {
        rc = list_folders(dir, &n, image, err);
        for (size_t i = n; rc == HEP_OK && i-- > 0;)
            rc = list_level(out, dir[i], &parts, extension, err);
    } else if (rc == HEP_OK) {
        char *own = hep_asprintf(err, "%s%s", base, extension);

        if (own != NULL && !hep_is_file(own))
            free(own);
        else
            rc = hep_lines_push(out, own, err);
    }
    for (size_t i = 0; i < n; i++)
        free(dir[i]);
    free(base);
    return rc;
}

int hep_sidecar_best(char **out, const char *image, const char *extension, struct hep_error *err)
{
    struct hep_lines list = { 0 };
    int rc = hep_sidecar_list(&list, image, extension, err);

    *out = NULL;
    if (rc == HEP_OK && list.n > 0 && (*out = hep_strdup(list.line[list.n - 1], err)) == NULL)
        rc = HEP_ENOMEM;
    hep_lines_release(&list);
    return rc;
}

int hep_sidecar_read(struct hep_acquisition *a, bool *found, const char *image,
                     struct hep_error *err)
{
    struct hep_lines list = { 0 };
    int rc = hep_sidecar_list(&list, image, ".json", err);

    for (size_t i = 0; rc == HEP_OK && i < list.n; i++)
        rc = hep_acquisition_read(a, list.line[i], err);
    if (found != NULL)
        *found = rc == HEP_OK && list.n > 0;
    hep_lines_release(&list);
    return rc;
}
