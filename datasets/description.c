#include "datasets/description.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/schema.h"
#include "base/text.h"
#include "pipeline/config/config.h"

#include <ctype.h>
#include <math.h>

enum { MAX_LIST = 100 };

/* ---- values ---------------------------------------------------------------------------------- */

struct texts {
    const char ***list;
    size_t *n;
};

/* A text, or a list of texts. */
static int read_texts(const struct texts *to, const struct hep_reader *r,
                      const struct hep_yaml *node, const struct hep_key *key)
{
    const bool one = hep_yaml_type(node) == HEP_YAML_SCALAR;
    const size_t n = one ? 1 : hep_yaml_size(node);
    int rc = one ? HEP_OK : hep_want_list(r, node, key->name, 1, MAX_LIST);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        rc = HEP_GROW(*to->list, *to->n, r->err);
        if (rc == HEP_OK)
            rc = hep_read_text(r, one ? node : hep_yaml_at(node, i), key, &(*to->list)[*to->n]);
        *to->n += rc == HEP_OK;
    }
    return rc;
}

#define TEXTS_READER(member, count)                                                                \
    static int read_##member(const struct hep_reader *r, const struct hep_yaml *node,              \
                             const struct hep_key *key, void *to)                                  \
    {                                                                                              \
        struct hep_set *s = to;                                                                    \
                                                                                                   \
        return read_texts(&(struct texts){ &s->member, &s->count }, r, node, key);                 \
    }
TEXTS_READER(alias, n_aliases)
TEXTS_READER(stated, n_stated)
TEXTS_READER(unknown, n_unknown)
TEXTS_READER(root, n_roots)
TEXTS_READER(need, n_needs)

static int read_class(const struct hep_reader *r, const struct hep_yaml *node,
                      const struct hep_key *key, void *to)
{
    const char *text = hep_yaml_text(node);
    enum hep_lesion_class c = HEP_CLASS_COUNT;

    if (text != NULL && strcmp(text, "withheld") != 0)
        c = hep_class_from_name(text);
    if (text == NULL || (c == HEP_CLASS_COUNT && strcmp(text, "withheld") != 0))
        return hep_yaml_fail(r->doc, node, r->err,
                             "%s: '%s' is no class of a lesion, nor 'withheld'", key->name,
                             text != NULL ? text : "");
    (void)memcpy(to, &c, sizeof c);
    return HEP_OK;
}

static int read_judged(const struct hep_reader *r, const struct hep_yaml *node,
                       const struct hep_key *key, void *to)
{
    static const char *const words[] = { "liver", "lesions", "classes", "inventory" };
    struct hep_set_judged *j = to;
    bool *const is[] = { &j->liver, &j->lesions, &j->classes, &j->inventory };
    int rc = hep_want_list(r, node, key->name, 1, 4);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        size_t k = 0;

        rc = hep_find_word(&k, r, hep_yaml_at(node, i), key->name, words, 4);
        if (rc == HEP_OK)
            *is[k] = true;
    }
    return rc;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const forms[] = { "nifti", "dicom", "png", NULL };

#define SERIES(member, reader, ...)                                                                \
    HEP_KEY(struct hep_set_series, member, #member, reader, __VA_ARGS__)
static const struct hep_key series_keys[] = {
    SERIES(path, hep_read_text, .required = false),
    SERIES(phase, hep_read_text, .required = false),
    SERIES(role, hep_read_role, .required = true),
    SERIES(assumed, hep_read_bool, .required = false),
    SERIES(form, hep_read_choice, .words = forms),
    { 0 },
};
#undef SERIES

static const char *const regions[] = { "liver", "lesions", NULL };
#define MASK(member, reader, ...) HEP_KEY(struct hep_set_mask, member, #member, reader, __VA_ARGS__)
static const struct hep_key mask_keys[] = {
    MASK(path, hep_read_text, .required = true),
    MASK(what, hep_read_choice, .required = true, .words = regions),
    MASK(from, hep_read_number, .max = 1e6),
    MASK(to, hep_read_number, .max = 1e6),
    MASK(rater, hep_read_number, .max = 2),
    MASK(form, hep_read_choice, .words = forms),
    MASK(reversed, hep_read_bool, .required = false),
    MASK(on, hep_read_text, .required = false),
    MASK(table, hep_read_text, .required = false),
    MASK(label, hep_read_text, .required = false),
    HEP_KEY(struct hep_set_mask, class_name, "class", hep_read_text, .required = false),
    { 0 },
};
#undef MASK

#define CLASS(member, reader, ...)                                                                 \
    HEP_KEY(struct hep_set_class, member, #member, reader, __VA_ARGS__)
static const struct hep_key class_keys[] = {
    CLASS(value, hep_read_number, .min = -1, .max = 1e6),
    CLASS(name, hep_read_text, .required = true),
    CLASS(title, hep_read_text, .required = true),
    CLASS(malignant, hep_read_bool, .required = false),
    HEP_KEY(struct hep_set_class, lesion_class, "class", read_class, .required = true),
    { 0 },
};
#undef CLASS

#define PUBLISHED(member, reader, ...)                                                             \
    HEP_KEY(struct hep_set_published, member, #member, reader, __VA_ARGS__)
static const struct hep_key published_keys[] = {
    PUBLISHED(measure, hep_read_text, .required = true),
    PUBLISHED(what, hep_read_text, .required = true),
    PUBLISHED(source, hep_read_text, .required = true),
    PUBLISHED(from, hep_read_number, .required = true, .max = 1),
    PUBLISHED(to, hep_read_number, .required = true, .max = 1),
    { 0 },
};
#undef PUBLISHED

static const struct hep_key type_keys[] = {
    HEP_KEY(struct hep_set_type, contains, "contains", hep_read_text, .required = true),
    HEP_KEY(struct hep_set_type, role, "role", hep_read_role, .required = true),
    { 0 },
};

#define TABLE(member, key, ...)                                                                    \
    HEP_KEY(struct hep_set_types, member, key, hep_read_text, __VA_ARGS__)
static const struct hep_key table_keys[] = {
    TABLE(file, "file", .required = true),
    TABLE(case_column, "case", .required = true),
    TABLE(series_column, "series", .required = true),
    TABLE(label_column, "label", .required = true),
    TABLE(names, "names", .required = false),
    TABLE(names_key, "names_key", .required = false),
    TABLE(names_value, "names_value", .required = false),
    { 0 },
};
#undef TABLE

static const struct hep_key person_keys[] = {
    HEP_KEY(struct hep_set_persons, file, "file", hep_read_text, .required = true),
    HEP_KEY(struct hep_set_persons, case_column, "case", hep_read_text, .required = true),
    HEP_KEY(struct hep_set_persons, class_column, "class", hep_read_text, .required = true),
    { 0 },
};

static int read_person_table(const struct hep_reader *r, const struct hep_yaml *node,
                             const struct hep_key *key, void *to)
{
    (void)key;
    return hep_read_mapping(r, node, "the table of persons", person_keys, to);
}

static int read_type_table(const struct hep_reader *r, const struct hep_yaml *node,
                           const struct hep_key *key, void *to)
{
    (void)key;
    return hep_read_mapping(r, node, "the table of types", table_keys, to);
}

/* A list of mappings into an array of the set that grows; each row starts as `blank`. */
#define ROWS_READER(member, count, keys, what, ...)                                                \
    static int read_##member##_rows(const struct hep_reader *r, const struct hep_yaml *node,       \
                                    const struct hep_key *key, void *to)                           \
    {                                                                                              \
        struct hep_set *s = to;                                                                    \
        int rc = hep_want_list(r, node, key->name, 1, MAX_LIST);                                   \
                                                                                                   \
        for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {                         \
            rc = HEP_GROW(s->member, s->count, r->err);                                            \
            if (rc != HEP_OK)                                                                      \
                break;                                                                             \
            s->member[s->count] = (__VA_ARGS__);                                                   \
            rc = hep_read_mapping(r, hep_yaml_at(node, i), what, keys, &s->member[s->count++]);    \
        }                                                                                          \
        return rc;                                                                                 \
    }
ROWS_READER(series, n_series, series_keys, "a series", (struct hep_set_series){ 0 })
ROWS_READER(mask, n_masks, mask_keys, "a mask", (struct hep_set_mask){ .from = 1, .to = 1 })
ROWS_READER(class, n_classes, class_keys, "a class", (struct hep_set_class){ .value = (double)NAN })
ROWS_READER(published, n_published, published_keys, "a published figure",
            (struct hep_set_published){ 0 })
ROWS_READER(type, n_types, type_keys, "a type", (struct hep_set_type){ 0 })

/* ---- the file -------------------------------------------------------------------------------- */

#define ROW(member, reader, ...) HEP_KEY(struct hep_set, member, #member, reader, __VA_ARGS__)
#define ROWS(key, reader, ...)                                                                     \
    {                                                                                              \
        .name = key, .read = reader, __VA_ARGS__                                                   \
    }
static const struct hep_key set_keys[] = {
    ROW(name, hep_read_text, .required = true),
    ROW(title, hep_read_text, .required = true),
    ROW(citation, hep_read_text, .required = true),
    ROW(url, hep_read_text, .required = false),
    ROW(terms, hep_read_text, .required = true),
    ROW(ask, hep_read_text, .required = true),
    ROW(case_from, hep_read_number, .max = 1e9),
    ROW(judged, read_judged, .required = true),
    ROW(boxes, hep_read_text, .required = false),
    ROW(image, hep_read_text, .required = false),
    ROWS("aliases", read_alias, .required = false),
    ROWS("stated", read_stated, .required = true),
    ROWS("unknown", read_unknown, .required = true),
    ROWS("roots", read_root, .required = true),
    ROWS("needs", read_need, .required = false),
    ROWS("series", read_series_rows, .required = true),
    ROWS("masks", read_mask_rows, .required = false),
    ROWS("classes", read_class_rows, .required = false),
    ROWS("published", read_published_rows, .required = false),
    HEP_KEY(struct hep_set, persons, "persons", read_person_table, .required = false),
    HEP_KEY(struct hep_set, types, "types", read_type_table, .required = false),
    ROWS("type_roles", read_type_rows, .required = false),
    { 0 },
};

int hep_set_read(struct hep_set *out, const char *path, struct hep_error *err)
{
    int rc;

    *out = (struct hep_set){ .case_from = (double)NAN };
    rc = hep_yaml_read(&out->doc, path, err);
    if (rc == HEP_OK)
        rc = hep_read_mapping(&(struct hep_reader){ out->doc, err }, hep_yaml_root(out->doc),
                              "the description of a set", set_keys, out);
    for (size_t i = 0; rc == HEP_OK && i < out->n_series; i++) {
        const struct hep_set_series *s = &out->series[i];

        if ((s->path == NULL) == (s->phase == NULL))
            rc = HEP_FAIL(err, HEP_ECONFIG, "%s: series %zu needs either path or phase", path,
                          i + 1);
        else if ((s->phase == NULL) != (out->boxes == NULL))
            rc = HEP_FAIL(err, HEP_ECONFIG,
                          "%s: series %zu has a %s, and the set has %s file of boxes", path, i + 1,
                          s->phase != NULL ? "phase" : "path", out->boxes != NULL ? "a" : "no");
    }
    if (rc == HEP_OK && (out->boxes == NULL) != (out->image == NULL))
        rc = HEP_FAIL(err, HEP_ECONFIG, "%s: boxes and image go together", path);
    return rc;
}

void hep_set_release(struct hep_set *s)
{
    free((void *)s->alias);
    free((void *)s->stated);
    free((void *)s->unknown);
    free((void *)s->root);
    free((void *)s->need);
    free(s->series);
    free(s->mask);
    free(s->class);
    free(s->published);
    free(s->type);
    hep_yaml_free(s->doc);
    *s = (struct hep_set){ 0 };
}

const struct hep_set_class *hep_set_class_named(const struct hep_set *s, const char *name)
{
    for (size_t i = 0; name != NULL && i < s->n_classes; i++)
        if (strcmp(s->class[i].name, name) == 0)
            return &s->class[i];
    return NULL;
}

/* ---- by name --------------------------------------------------------------------------------- */

/* Letters and digits of a name in lower case. */
static void plain_name(char *out, size_t size, const char *name)
{
    size_t n = 0;

    for (; *name != '\0' && n + 1 < size; name++)
        if (isalnum((unsigned char)*name))
            out[n++] = (char)tolower((unsigned char)*name);
    out[n] = '\0';
}

static bool are_alike(const char *a, const char *b)
{
    char plain_a[64], plain_b[64];

    plain_name(plain_a, sizeof plain_a, a);
    plain_name(plain_b, sizeof plain_b, b);
    return strcmp(plain_a, plain_b) == 0;
}

static bool is_called(const struct hep_set *s, const char *name)
{
    for (size_t i = 0; i < s->n_aliases; i++)
        if (are_alike(s->alias[i], name))
            return true;
    return are_alike(s->name, name);
}

/* Read the descriptions of a folder one by one until one has this name; their names gather in `known`. */
static int look_through(struct hep_set *out, bool *found, struct hep_str *known, const char *dir,
                        const char *name, struct hep_error *err)
{
    struct hep_listing files = { 0 };
    int rc = hep_listing_read(&files, dir, err);

    for (size_t i = 0; rc == HEP_OK && !*found && i < files.n; i++) {
        struct hep_set one = { 0 };
        char *path;

        if (!hep_ends_with(files.names[i], ".yml"))
            continue;
        path = hep_path_join(dir, files.names[i], err);
        rc = path != NULL ? hep_set_read(&one, path, err) : HEP_ENOMEM;
        free(path);
        *found = rc == HEP_OK && is_called(&one, name);
        if (*found) {
            *out = one;
            break;
        }
        if (rc == HEP_OK)
            hep_str_addf(known, "%s%s", known->len > 0 ? ", " : "", one.name);
        hep_set_release(&one);
    }
    hep_listing_release(&files);
    return rc;
}

int hep_set_find(struct hep_set *out, const char *name, struct hep_error *err)
{
    struct hep_str known = { 0 };
    char *some = NULL;
    bool found = false;
    int rc;

    *out = (struct hep_set){ 0 };
    if (hep_ends_with(name, ".yml") || hep_ends_with(name, ".yaml"))
        return hep_set_read(out, name, err);
    rc = hep_config_find(&some, "datasets/lld-mmri.yml", err);
    if (rc == HEP_OK) {
        *strrchr(some, '/') = '\0';
        rc = look_through(out, &found, &known, some, name, err);
    }
    if (rc == HEP_OK && !found)
        rc = HEP_FAIL(err, HEP_ENOENT,
                      "unknown data set '%.60s'; known are %s, or a file of your own (.yml)", name,
                      known.s != NULL ? known.s : "none");
    hep_str_release(&known);
    free(some);
    return rc;
}
