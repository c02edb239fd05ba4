#include "sequences/study_yml.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/schema.h"
#include "base/text.h"
#include "sequences/acquisition.h"
#include "sequences/lesion_points.h"

#include <math.h>
#include <stdint.h>

enum { MAX_ENTRIES = 10000, MAX_VALUES = 100000, MAX_TEXT = 500 };

/* ---- pieces: texts are copied, since the document does not stay ------------------------------- */

static int read_owned(const struct hep_reader *r, const struct hep_yaml *node,
                      const struct hep_key *key, void *to)
{
    const char *text = hep_yaml_text(node);
    char *copy;

    if (text == NULL || *text == '\0' || strlen(text) > MAX_TEXT)
        return hep_yaml_fail(r->doc, node, r->err, "%s must be a text of 1 to %d characters",
                             key->name, MAX_TEXT);
    copy = hep_strdup(text, r->err);
    (void)memcpy(to, &copy, sizeof copy);
    return copy != NULL ? HEP_OK : HEP_ENOMEM;
}

/** Relative, without ".." parts. */
static bool stays_inside(const char *path)
{
    const char *s = path;

    if (*s == '/')
        return false;
    while (s != NULL) {
        if (strncmp(s, "..", 2) == 0 && (s[2] == '/' || s[2] == '\0'))
            return false;
        s = strchr(s, '/');
        s = s ? s + 1 : NULL;
    }
    return true;
}

static int read_path(const struct hep_reader *r, const struct hep_yaml *node,
                     const struct hep_key *key, void *to)
{
    int rc = read_owned(r, node, key, to);

    if (rc == HEP_OK && !stays_inside(hep_yaml_text(node)))
        rc = hep_yaml_fail(r->doc, node, r->err,
                           "path \"%s\" leaves the study: it must be relative, without \"..\"",
                           hep_yaml_text(node));
    return rc;
}

/* One, or a list. */
static const struct hep_yaml *item_at(const struct hep_yaml *node, size_t i)
{
    return hep_yaml_type(node) == HEP_YAML_SCALAR ? node : hep_yaml_at(node, i);
}

static int count_items(size_t *n, const struct hep_reader *r, const struct hep_yaml *node,
                       const char *what, size_t max)
{
    *n = 1;
    if (hep_yaml_type(node) == HEP_YAML_SCALAR)
        return HEP_OK;
    *n = hep_yaml_size(node);
    return hep_want_list(r, node, what, 1, max);
}

static int read_numbers(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    struct hep_numbers *out = to;
    size_t n = 0;
    int rc = count_items(&n, r, node, key->name, MAX_VALUES);

    if (rc == HEP_OK)
        rc = HEP_NEW(out->value, n, r->err);
    for (; rc == HEP_OK && out->n < n; out->n++)
        rc = hep_read_number(r, item_at(node, out->n), key, &out->value[out->n]);
    return rc;
}

static int read_paths(const struct hep_reader *r, const struct hep_yaml *node,
                      const struct hep_key *key, void *to)
{
    struct hep_study_entry *e = to;
    size_t n = 0;
    int rc = count_items(&n, r, node, key->name, MAX_ENTRIES);

    if (rc == HEP_OK)
        rc = HEP_NEW(e->path, n, r->err);
    for (; rc == HEP_OK && e->n_paths < n; e->n_paths++)
        rc = read_path(r, item_at(node, e->n_paths), key, &e->path[e->n_paths]);
    return rc;
}

static bool is_text(const struct hep_yaml *node)
{
    double value;

    return hep_yaml_type(node) == HEP_YAML_SCALAR &&
           hep_parse_double(&value, hep_yaml_text(node), NULL) != HEP_OK;
}

static int read_b_values(const struct hep_reader *r, const struct hep_yaml *node,
                         const struct hep_key *key, void *to)
{
    struct hep_study_entry *e = to;

    return is_text(node) ? read_path(r, node, key, &e->bval_path)
                         : read_numbers(r, node, key, &e->b_s_per_mm2);
}

static int read_frame_times(const struct hep_reader *r, const struct hep_yaml *node,
                            const struct hep_key *key, void *to)
{
    struct hep_study_entry *e = to;

    return is_text(node) ? read_path(r, node, key, &e->times_path)
                         : read_numbers(r, node, key, &e->frame_times_s);
}

/** "13" or "13-15", first volume is 0. */
static bool parse_range(long *from, long *to, const char *text)
{
    struct hep_error ignored = { 0 };
    const char *dash = strchr(text, '-');
    char *head = hep_strdup(text, NULL);
    bool ok = head != NULL;

    if (ok && dash != NULL)
        head[dash - text] = '\0';
    ok = ok && hep_parse_long(from, head, &ignored) == HEP_OK;
    if (dash == NULL)
        *to = *from;
    else
        ok = ok && hep_parse_long(to, dash + 1, &ignored) == HEP_OK;
    free(head);
    return ok && *from >= 0 && *to >= *from && *to < MAX_VALUES;
}

static int add_volumes(struct hep_study_entry *e, const struct hep_reader *r,
                       const struct hep_yaml *node, const char *what)
{
    long from = 0, to = 0;
    int rc = hep_want_type(r, node, HEP_YAML_SCALAR, what);

    if (rc != HEP_OK)
        return rc;
    if (!parse_range(&from, &to, hep_yaml_text(node)))
        return hep_yaml_fail(r->doc, node, r->err,
                             "\"%s\" is not a volume number (from 0) or a range such as 13-15",
                             hep_yaml_text(node));
    if (e->n_volumes + (size_t)(to - from) >= MAX_VALUES)
        return hep_yaml_fail(r->doc, node, r->err, "more than %d volumes", MAX_VALUES);
    for (long v = from; rc == HEP_OK && v <= to; v++) {
        rc = HEP_GROW(e->volume, e->n_volumes, r->err);
        if (rc == HEP_OK)
            e->volume[e->n_volumes++] = (size_t)v;
    }
    return rc;
}

static int read_volumes(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    size_t n = 0;
    int rc = count_items(&n, r, node, key->name, MAX_VALUES);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = add_volumes(to, r, item_at(node, i), key->name);
    return rc;
}

static int read_label(const struct hep_reader *r, const struct hep_yaml *node,
                      const struct hep_key *key, void *to)
{
    double value = 0.0;
    int rc = hep_read_number(r, node, key, &value);

    if (rc == HEP_OK && value != floor(value))
        rc = hep_yaml_fail(r->doc, node, r->err, "%g is not a whole number", value);
    *(int32_t *)to = (int32_t)value;
    return rc;
}

static int read_names(const struct hep_reader *r, const struct hep_yaml *node,
                      const struct hep_key *key, void *to)
{
    struct hep_study_entry *e = to;
    const size_t n = hep_yaml_size(node);
    int rc = hep_want_type(r, node, HEP_YAML_MAPPING, key->name);

    if (rc != HEP_OK || HEP_NEW(e->label_name, n, r->err) != HEP_OK ||
        HEP_NEW(e->label_value, n, r->err) != HEP_OK)
        return rc != HEP_OK ? rc : HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        e->label_name[i] = hep_strdup(hep_yaml_key_at(node, i), r->err);
        if (e->label_name[i] == NULL)
            return HEP_ENOMEM;
        e->n_labels = i + 1;
        rc = read_label(r, hep_yaml_at(node, i), key, &e->label_value[i]);
    }
    return rc;
}

/* ---- the file ---------------------------------------------------------------------------------- */

#define ROW(member, reader, ...)                                                                   \
    HEP_KEY(struct hep_study_entry, member, #member, reader, __VA_ARGS__)
#define DAY_S 86400.0
static const struct hep_key entry_keys[] = {
    { .name = "path", .read = read_paths },
    ROW(role, hep_read_role, .required = false),
    ROW(te_s, read_numbers, .min = 1e-6, .max = 1.0),
    ROW(tr_s, hep_read_number, .min = 1e-5, .max = 60.0),
    HEP_KEY(struct hep_study_entry, flip_rad, "flip_deg", hep_read_number, .min = 0.01,
            .max = 180.0, .scale = HEP_PI / 180.0),
    ROW(field_t, hep_read_number, .min = 0.01, .max = 25.0),
    { .name = "b_values", .read = read_b_values, .max = 100000.0 },
    { .name = "volumes", .read = read_volumes },
    ROW(spacing_mm, read_numbers, .min = 0.02, .max = 100.0),
    { .name = "frame_times_s", .read = read_frame_times, .min = -DAY_S, .max = DAY_S },
    ROW(injection_s, hep_read_number, .min = -DAY_S, .max = DAY_S),
    ROW(time_since_injection_s, hep_read_number, .min = -DAY_S, .max = DAY_S),
    ROW(label, read_label, .min = 1.0, .max = 1e9),
    { .name = "names", .read = read_names, .min = 1.0, .max = 1e9 },
    { 0 },
};
#undef ROW

static int check_entry(const struct hep_reader *l, const struct hep_study_entry *e,
                       const struct hep_yaml *node, bool has_role)
{
    bool times = e->frame_times_s.n > 0 || e->times_path != NULL;

    if (e->n_paths == 0)
        return hep_yaml_fail(l->doc, node, l->err, "this series has no path");
    if (!has_role)
        return hep_yaml_fail(l->doc, node, l->err, "\"%s\" has no role", e->path[0]);
    if (times && !isnan(e->time_since_injection_s))
        return hep_yaml_fail(l->doc, node, l->err,
                             "give frame_times_s or time_since_injection_s, not both");
    if (e->injection_s != 0.0 && !times)
        return hep_yaml_fail(l->doc, node, l->err, "injection_s needs frame_times_s");
    if (e->spacing_mm.n != 0 && e->spacing_mm.n != 3)
        return hep_yaml_fail(l->doc, node, l->err, "spacing_mm needs three numbers, not %zu",
                             e->spacing_mm.n);
    if (e->n_volumes > 0 && e->n_paths > 1)
        return hep_yaml_fail(l->doc, node, l->err, "volumes can be chosen from one file only");
    if (e->label >= 0 && e->role != HEP_ROLE_LIVER_MASK && e->role != HEP_ROLE_RESECTION_MASK)
        return hep_yaml_fail(l->doc, node, l->err,
                             "label is for the roles liver_mask and resection_mask only");
    if (e->n_labels > 0 && e->role != HEP_ROLE_LABELS)
        return hep_yaml_fail(l->doc, node, l->err, "names are for the role labels only");
    return HEP_OK;
}

/** Appends an entry; with a role given, `node` may be only a path and may not name a role. */
static int add_entry(struct hep_study_yml *s, const struct hep_reader *r,
                     const struct hep_yaml *node, enum hep_role role)
{
    const struct hep_yaml *named = hep_yaml_get(node, "role");
    struct hep_study_entry *e;
    int rc = HEP_GROW(s->entry, s->n_entries, r->err);

    if (rc != HEP_OK)
        return rc;
    e = &s->entry[s->n_entries++];
    *e = (struct hep_study_entry){ .role = role,
                                   .tr_s = (double)NAN,
                                   .flip_rad = (double)NAN,
                                   .field_t = (double)NAN,
                                   .time_since_injection_s = (double)NAN,
                                   .label = -1,
                                   .line = hep_yaml_line(node) };
    if (role != HEP_ROLE_UNKNOWN && hep_yaml_type(node) == HEP_YAML_SCALAR)
        return read_paths(r, node, &entry_keys[0], e);
    if (role != HEP_ROLE_UNKNOWN && named != NULL)
        return hep_yaml_fail(r->doc, named, r->err, "the role here is %s already",
                             hep_role_name(role));
    rc = hep_read_mapping(r, node, "a series", entry_keys, e);
    return rc == HEP_OK ? check_entry(r, e, node, role != HEP_ROLE_UNKNOWN || named != NULL) : rc;
}

static int read_injection(const struct hep_reader *r, const struct hep_yaml *node,
                          const struct hep_key *key, void *to)
{
    struct hep_error local = { 0 };
    int rc = hep_want_type(r, node, HEP_YAML_SCALAR, key->name);

    if (rc == HEP_OK && hep_parse_clock(to, hep_yaml_text(node), &local) != HEP_OK)
        rc = hep_yaml_fail(r->doc, node, r->err, "%s", local.msg);
    return rc;
}

static int read_others(const struct hep_reader *r, const struct hep_yaml *node,
                       const struct hep_key *key, void *to)
{
    static const char *const words[] = { "auto", "ignore" };
    size_t index = 0;
    int rc = hep_find_word(&index, r, node, key->name, words, 2);

    *(bool *)to = index == 1;
    return rc;
}

static int read_series(const struct hep_reader *r, const struct hep_yaml *node,
                       const struct hep_key *key, void *to)
{
    int rc = hep_want_list(r, node, key->name, 0, MAX_ENTRIES);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++)
        rc = add_entry(to, r, hep_yaml_at(node, i), HEP_ROLE_UNKNOWN);
    return rc;
}

/** The key is the role. */
static int read_mask(const struct hep_reader *r, const struct hep_yaml *node,
                     const struct hep_key *key, void *to)
{
    enum hep_role role = HEP_ROLE_UNKNOWN;
    int rc = hep_role_from_name(&role, key->name, r->err);

    return rc == HEP_OK ? add_entry(to, r, node, role) : rc;
}

static int add_lesions(struct hep_study_yml *s, const struct hep_reader *r,
                       const struct hep_yaml *node)
{
    const char *path = hep_yaml_text(node);

    if (hep_yaml_type(node) != HEP_YAML_SCALAR || !hep_is_lesion_points(path))
        return add_entry(s, r, node, HEP_ROLE_LESION_MASK);
    if (HEP_GROW(s->points, s->n_points, r->err) != HEP_OK)
        return HEP_ENOMEM;
    s->points[s->n_points] = hep_strdup(path, r->err);
    return s->points[s->n_points++] != NULL ? HEP_OK : HEP_ENOMEM;
}

static int read_lesions(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    int rc = HEP_OK;

    if (hep_yaml_type(node) != HEP_YAML_SEQUENCE)
        return add_lesions(to, r, node);
    rc = hep_want_list(r, node, key->name, 1, MAX_ENTRIES);
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++)
        rc = add_lesions(to, r, hep_yaml_at(node, i));
    return rc;
}

static const struct hep_key study_keys[] = {
    HEP_KEY(struct hep_study_yml, agent, "agent", read_owned, .required = false),
    HEP_KEY(struct hep_study_yml, injection_time_s, "injection_time", read_injection,
            .required = false),
    HEP_KEY(struct hep_study_yml, field_t, "field_t", hep_read_number, .min = 0.01, .max = 25.0),
    HEP_KEY(struct hep_study_yml, ignore_others, "others", read_others, .required = false),
    { .name = "series", .read = read_series },
    { .name = "liver_mask", .read = read_mask },
    { .name = "resection_mask", .read = read_mask },
    { .name = "lesions", .read = read_lesions },
    HEP_KEY(struct hep_study_yml, treated, "treated", read_numbers, .min = 1.0, .max = 1e9),
    { .name = "labels", .read = read_mask },
    { 0 },
};

int hep_study_yml_parse(struct hep_study_yml **out, const char *text, size_t n, const char *name,
                        struct hep_error *err)
{
    struct hep_yaml_doc *doc = NULL;
    struct hep_study_yml *study = NULL;
    int rc = hep_yaml_parse(&doc, text, n, name, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(study, 1, err);
    if (rc == HEP_OK) {
        study->injection_time_s = study->field_t = (double)NAN;
        if (hep_yaml_root(doc) != NULL)
            rc = hep_read_mapping(&(struct hep_reader){ doc, err }, hep_yaml_root(doc), "the file",
                                  study_keys, study);
    }
    if (rc == HEP_OK)
        *out = study;
    else
        hep_study_yml_free(study);
    hep_yaml_free(doc);
    return rc;
}

static void entry_release(struct hep_study_entry *e)
{
    for (size_t i = 0; i < e->n_paths; i++)
        free(e->path[i]);
    for (size_t i = 0; i < e->n_labels; i++)
        free(e->label_name[i]);
    free(e->path);
    free(e->te_s.value);
    free(e->b_s_per_mm2.value);
    free(e->frame_times_s.value);
    free(e->spacing_mm.value);
    free(e->bval_path);
    free(e->times_path);
    free(e->volume);
    free(e->label_name);
    free(e->label_value);
}

void hep_study_yml_free(struct hep_study_yml *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_entries; i++)
        entry_release(&s->entry[i]);
    for (size_t i = 0; i < s->n_points; i++)
        free(s->points[i]);
    free((void *)s->points);
    free(s->entry);
    free(s->treated.value);
    free(s->agent);
    free(s);
}
