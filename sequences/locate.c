#include "sequences/locate.h"

#include "base/file.h"
#include "base/text.h"
#include "sequences/bids_name.h"

static char *without_slashes(const char *path, struct hep_error *err)
{
    char *copy = hep_strdup(path, err);
    size_t n = copy ? strlen(copy) : 0;

    while (n > 1 && copy[n - 1] == '/')
        copy[--n] = '\0';
    return copy;
}

/** Heap path of the folder above; "." when the path has no slash. */
static char *parent_of(const char *path, struct hep_error *err)
{
    char *copy = hep_strdup(path, err);
    char *slash = copy ? strrchr(copy, '/') : NULL;

    if (slash == NULL) {
        free(copy);
        return hep_strdup(".", err);
    }
    slash[slash == copy ? 1 : 0] = '\0';
    return copy;
}

static bool has_study_yml(const char *dir)
{
    char *path = hep_path_join(dir, "study.yml", NULL);
    bool there = path != NULL && hep_is_file(path);

    free(path);
    return there;
}

/** The only subfolder whose name begins with `prefix`: heap path, or NULL when there is none. */
static int only_child(char **out, const char *dir, const char *prefix, const char *what,
                      struct hep_error *err)
{
    struct hep_listing list = { 0 };
    const char *first = NULL, *second = NULL;
    int rc = hep_listing_read(&list, dir, err);

    *out = NULL;
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        if (!list.is_dir[i] || !hep_starts_with(list.names[i], prefix))
            continue;
        if (first == NULL)
            first = list.names[i];
        else if (second == NULL)
            second = list.names[i];
    }
    if (rc == HEP_OK && second != NULL)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: holds several %s (%s, %s ...): name one of them", dir,
                      what, first, second);
    else if (rc == HEP_OK && first != NULL && (*out = hep_path_join(dir, first, err)) == NULL)
        rc = HEP_ENOMEM;
    hep_listing_release(&list);
    return rc;
}

/** Replace a dataset by its only subject, and a subject by its only session. */
static int descend(char **dir, struct hep_error *err)
{
    static const struct {
        const char *parent, *child, *what;
    } steps[] = { { "", "sub-", "subjects" }, { "sub-", "ses-", "sessions" } };

    for (size_t i = 0; i < 2; i++) {
        char *real = realpath(*dir, NULL);
        char *child = NULL;
        bool fits = real != NULL && hep_starts_with(hep_path_base(real), steps[i].parent) &&
                    !(i == 0 && (hep_starts_with(hep_path_base(real), "sub-") ||
                                 hep_starts_with(hep_path_base(real), "ses-")));
        int rc = HEP_OK;

        free(real);
        if (fits && !has_study_yml(*dir))
            rc = only_child(&child, *dir, steps[i].child, steps[i].what, err);
        if (rc != HEP_OK)
            return rc;
        if (child != NULL) {
            free(*dir);
            *dir = child;
        }
    }
    return HEP_OK;
}

/** The label of a folder "sub-01" or "ses-1" as it is: to drop characters would join two people. */
static char *label_of(const char *folder, struct hep_error *err)
{
    if (hep_bids_is_label(folder + 4))
        return hep_strdup(folder + 4, err);
    (void)HEP_FAIL(err, HEP_EDATA,
                   "%s: the label \"%s\" is not 1 to %d letters and digits, as BIDS wants it: "
                   "rename the folder and its files",
                   folder, folder + 4, HEP_BIDS_VALUE - 1);
    return NULL;
}

/** Labels and dataset of the folder's real path. */
static int name_study(struct hep_inventory *inv, char **root, const char *real,
                      struct hep_error *err)
{
    char *above = parent_of(real, err);
    char *top = above ? parent_of(above, err) : NULL;
    const char *base = hep_path_base(real);
    int rc = above == NULL || top == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc != HEP_OK) {
        inv->subject = NULL;
    } else if (hep_starts_with(base, "sub-")) {
        inv->is_bids = true;
        inv->subject = label_of(base, err);
        *root = hep_strdup(above, err);
    } else if (hep_starts_with(base, "ses-") && hep_starts_with(hep_path_base(above), "sub-")) {
        inv->is_bids = true;
        inv->subject = label_of(hep_path_base(above), err);
        inv->session = label_of(base, err);
        *root = hep_strdup(top, err);
        rc = inv->session ? HEP_OK : (int)err->code;
    } else {
        inv->subject = hep_bids_make_label(base, err);
    }
    if (rc == HEP_OK && (inv->subject == NULL || (inv->is_bids && *root == NULL)))
        rc = (int)err->code;
    free(above);
    free(top);
    return rc;
}

int hep_study_locate(struct hep_inventory *inv, char **root, const char *path,
                     struct hep_error *err)
{
    char *dir = without_slashes(path, err);
    char *real = NULL;
    int rc = HEP_OK;

    *root = NULL;
    if (dir != NULL && hep_is_file(dir) && strcmp(hep_path_base(dir), "study.yml") == 0) {
        char *above = parent_of(dir, err);

        free(dir);
        dir = above;
    }
    if (dir == NULL)
        return HEP_ENOMEM;
    if (hep_is_file(dir))
        rc = HEP_FAIL(err, HEP_EDATA, "%s: is a file, the folder of a study is wanted", dir);
    else if (!hep_is_dir(dir))
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: there is no such folder", dir);
    if (rc == HEP_OK)
        rc = descend(&dir, err);
    if (rc == HEP_OK && (real = realpath(dir, NULL)) == NULL)
        rc = HEP_FAIL(err, HEP_EIO, "%s: cannot be resolved", dir);
    if (rc == HEP_OK)
        rc = name_study(inv, root, real, err);
    free(real);
    inv->study = dir;
    return rc;
}

/* PS3.10 7.1: 128 bytes of preamble, then "DICM". */
static bool is_dicom(const char *path)
{
    char bytes[132];
    FILE *f = hep_is_special(path) ? NULL : fopen(path, "rb");
    bool dicom = f != NULL && fread(bytes, 1, sizeof bytes, f) == sizeof bytes &&
                 memcmp(bytes + 128, "DICM", 4) == 0;

    if (f != NULL)
        (void)fclose(f);
    return dicom;
}

bool hep_holds_dicom(const char *folder)
{
    enum { LOOKED_AT = 20, DEPTH = 4 };
    char *here = hep_strdup(folder, NULL);
    bool dicom = false;

    for (int depth = 0; !dicom && here != NULL && depth < DEPTH; depth++) {
        struct hep_listing list = { 0 };
        char *next = NULL;

        if (hep_listing_read(&list, here, NULL) != HEP_OK)
            break;
        for (size_t i = 0; !dicom && i < list.n && i < LOOKED_AT; i++) {
            char *path = hep_path_join(here, list.names[i], NULL);

            if (path != NULL && list.is_dir[i] && next == NULL) {
                next = path;
                continue;
            }
            dicom = path != NULL && !list.is_dir[i] && is_dicom(path);
            free(path);
        }
        hep_listing_release(&list);
        free(here);
        here = next;
    }
    free(here);
    return dicom;
}
