#include "sequences/derivatives.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "terms/anatomy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search {
    struct hep_derivative **list;
    size_t *n;
    const char *label, *desc; /* desc: NULL, any */
    struct hep_error *err;
};

void hep_derivatives_release(struct hep_derivative *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i].path);
    free(list);
}

/* An image, or a table of places. */
static bool is_known_form(const char *name)
{
    return hep_ends_with(name, ".nii.gz") || hep_ends_with(name, ".nii") ||
           hep_ends_with(name, "_points.tsv") || hep_ends_with(name, "_boxes.tsv");
}

/* Files and tasks of TotalSegmentator 2 (Wasserthal et al., Radiol Artif Intell 2023;5:e230024; values of its
 * map_to_binary.py). */
static const struct hep_plain_name {
    const char *name;
    enum hep_role role;
    int32_t value;
} plain_names[] = {
    { "liver", HEP_ROLE_LIVER_MASK, HEP_VALUE_ONLY },
    { "total_mr", HEP_ROLE_LIVER_MASK, 5 },
    { "total", HEP_ROLE_LIVER_MASK, 5 },
    { "liver_segments_mr", HEP_ROLE_LIVER_MASK, HEP_VALUE_ANY },
    { "liver_segments", HEP_ROLE_LIVER_MASK, HEP_VALUE_ANY },
    { "liver_lesions", HEP_ROLE_LESION_MASK, HEP_VALUE_ANY },
    { "liver_lesions_mr", HEP_ROLE_LESION_MASK, HEP_VALUE_ANY },
    { "liver_tumor", HEP_ROLE_LESION_MASK, HEP_VALUE_ANY },
    { "liver_vessels", HEP_ROLE_LESION_MASK, 2 },
};

/* Role and value of a file by its plain name; HEP_ROLE_UNKNOWN. */
static enum hep_role plain_role(int32_t *value, const char *name)
{
    char stem[64];

    (void)snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "."), name);
    *value = HEP_VALUE_ANY;
    for (size_t i = 0; i < sizeof plain_names / sizeof plain_names[0]; i++) {
        if (strcmp(stem, plain_names[i].name) == 0) {
            *value = plain_names[i].value;
            return plain_names[i].role;
        }
    }
    return hep_anatomy_from_name(stem) != HEP_ANATOMY_NONE ? HEP_ROLE_LABELS : HEP_ROLE_UNKNOWN;
}

/* Value of "key-VALUE" in a BIDS name is this word. */
static bool has_entity(const char *name, const char *key, const char *value)
{
    const size_t n = strlen(value);

    for (const char *at = strstr(name, key); at != NULL; at = strstr(at + 1, key)) {
        const char *v = at + strlen(key);

        if (strncmp(v, value, n) == 0 && (v[n] == '_' || v[n] == '.'))
            return true;
    }
    return false;
}

static enum hep_role bids_role(const char *name, const struct search *s)
{
    const char *suffix = strrchr(name, '_');

    if (!hep_starts_with(name, s->label) || name[strlen(s->label)] != '_' || suffix == NULL ||
        (s->desc != NULL && !has_entity(name, "_desc-", s->desc)) ||
        !(hep_starts_with(suffix, "_mask.") || hep_starts_with(suffix, "_dseg.") ||
          hep_starts_with(suffix, "_probseg.") || strcmp(suffix, "_points.tsv") == 0 ||
          strcmp(suffix, "_boxes.tsv") == 0))
        return HEP_ROLE_UNKNOWN;
    if (has_entity(name, "_label-", "liver"))
        return HEP_ROLE_LIVER_MASK;
    if (has_entity(name, "_label-", "lesion") || has_entity(name, "_label-", "lesions"))
        return HEP_ROLE_LESION_MASK;
    if (has_entity(name, "_label-", "resection"))
        return HEP_ROLE_RESECTION_MASK;
    if (has_entity(name, "_label-", "ablation"))
        return HEP_ROLE_LABELS;
    for (int i = 1; i < HEP_ANATOMY_COUNT; i++)
        if (has_entity(name, "_label-", hep_anatomy_name((enum hep_anatomy)i)))
            return HEP_ROLE_LABELS;
    return HEP_ROLE_UNKNOWN;
}

/* What a file of this name is; role HEP_ROLE_UNKNOWN: nothing that is looked for. */
static struct hep_derivative meaning_of(const char *name, const struct search *s)
{
    struct hep_derivative d = { .role = HEP_ROLE_UNKNOWN, .value = HEP_VALUE_ANY };

    if (!is_known_form(name))
        return d;
    d.role = plain_role(&d.value, name);
    if (d.role == HEP_ROLE_UNKNOWN) {
        d.role = bids_role(name, s);
        d.value = d.role == HEP_ROLE_LIVER_MASK ? HEP_VALUE_ONLY : HEP_VALUE_ANY;
    }
    return d;
}

static int look_in(const struct search *s, const char *dir, const char *below)
{
    char *path = below != NULL ? hep_path_join(dir, below, s->err) : hep_strdup(dir, s->err);
    struct hep_listing files = { 0 };
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && hep_is_dir(path))
        rc = hep_listing_read(&files, path, s->err);
    for (size_t i = 0; rc == HEP_OK && i < files.n; i++) {
        struct hep_derivative d = meaning_of(files.names[i], s);

        if (files.is_dir[i] || files.is_special[i] || d.role == HEP_ROLE_UNKNOWN)
            continue;
        rc = HEP_GROW(*s->list, *s->n, s->err);
        if (rc != HEP_OK)
            break;
        d.path = hep_path_join(path, files.names[i], s->err);
        (*s->list)[(*s->n)++] = d;
        rc = d.path != NULL ? HEP_OK : HEP_ENOMEM;
    }
    hep_listing_release(&files);
    free(path);
    return rc;
}

static int look_below(const struct search *s, const char *root, const char *relative)
{
    static const char *const below[] = { NULL, "anat", "dwi" };
    char *dir = hep_path_join(root, relative, s->err);
    int rc = dir == NULL ? HEP_ENOMEM : HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof below / sizeof below[0]; i++)
        rc = look_in(s, dir, below[i]);
    free(dir);
    return rc;
}

int hep_derivatives_find(struct hep_derivative **out, size_t *n, const char *root,
                         const char *label, struct hep_error *err)
{
    const char *equals = strchr(root, '='), *path = equals != NULL ? equals + 1 : root;
    char *desc = equals != NULL ? hep_asprintf(err, "%.*s", (int)(equals - root), root) : NULL;
    char *nested = hep_strdup(label, err),
         *session = nested != NULL ? strstr(nested, "_ses-") : NULL;
    const struct search s = { .list = out, .n = n, .label = label, .desc = desc, .err = err };
    int rc = nested == NULL || (equals != NULL && desc == NULL) ? HEP_ENOMEM : HEP_OK;

    *out = NULL;
    *n = 0;
    if (rc == HEP_OK && !hep_is_dir(path))
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: no such folder of derivatives", path);
    if (rc == HEP_OK)
        rc = look_below(&s, path, label);
    if (rc == HEP_OK && session != NULL) {
        *session = '/';
        rc = look_below(&s, path, nested);
    }
    free(nested);
    free(desc);
    if (rc != HEP_OK) {
        hep_derivatives_release(*out, *n);
        *out = NULL;
        *n = 0;
    }
    return rc;
}
