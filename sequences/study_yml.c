#include "sequences/study_yml.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/yaml.h"
#include "sequences/acquisition.h"

#include <math.h>
#include <stdint.h>

enum { MAX_ENTRIES = 10000, MAX_VALUES = 100000, MAX_TEXT = 500 };

struct loader {
    const struct hep_yaml_doc *doc;
    struct hep_study_yml *study;
    struct hep_error *err;
};

typedef int (*study_reader)(struct loader *l, const struct hep_yaml *node);
typedef int (*entry_reader)(struct loader *l, struct hep_study_entry *e,
                            const struct hep_yaml *node);

static int no_memory(struct loader *l)
{
    return HEP_FAIL(l->err, HEP_ENOMEM, "no memory for study.yml");
}

static int want_type(struct loader *l, const struct hep_yaml *node, enum hep_yaml_type type,
                     const char *what)
{
    if (hep_yaml_type(node) == type)
        return HEP_OK;
    return hep_yaml_fail(l->doc, node, l->err, "is a %s, %s is wanted",
                         hep_yaml_type_name(hep_yaml_type(node)), what);
}

static int read_text(struct loader *l, char **out, const struct hep_yaml *node, const char *what)
{
    const char *text;
    int rc = want_type(l, node, HEP_YAML_SCALAR, what);

    if (rc != HEP_OK)
        return rc;
    text = hep_yaml_text(node);
    if (*text == '\0' || strlen(text) > MAX_TEXT)
        return hep_yaml_fail(l->doc, node, l->err, "%s of 1 to %d characters is wanted", what,
                             MAX_TEXT);
    *out = hep_strdup(text, NULL);
    return *out ? HEP_OK : no_memory(l);
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

static int read_path(struct loader *l, char **out, const struct hep_yaml *node)
{
    int rc = read_text(l, out, node, "a path");

    if (rc == HEP_OK && !stays_inside(*out))
        rc = hep_yaml_fail(l->doc, node, l->err,
                           "path \"%s\" leaves the study: it must be relative, without \"..\"",
                           *out);
    return rc;
}

static int read_in_range(struct loader *l, double *out, const struct hep_yaml *node, double lo,
                         double hi, const char *unit)
{
    double value = 0.0;
    int rc = hep_yaml_number(&value, l->doc, node, l->err);

    if (rc != HEP_OK)
        return rc;
    if (!(value >= lo && value <= hi))
        return hep_yaml_fail(l->doc, node, l->err, "%g is outside [%g, %g] %s", value, lo, hi,
                             unit);
    *out = value;
    return HEP_OK;
}

static int read_numbers(struct loader *l, struct hep_numbers *out, const struct hep_yaml *node,
                        double lo, double hi, const char *unit)
{
    bool single = hep_yaml_type(node) == HEP_YAML_SCALAR;
    size_t n = single ? 1 : hep_yaml_size(node);

    if (!single && want_type(l, node, HEP_YAML_SEQUENCE, "a number or a list of numbers") != HEP_OK)
        return l->err->code;
    if (n == 0 || n > MAX_VALUES)
        return hep_yaml_fail(l->doc, node, l->err, "has %zu values, 1 to %d are allowed", n,
                             MAX_VALUES);
    out->value = hep_calloc(n, sizeof *out->value, NULL);
    if (out->value == NULL)
        return no_memory(l);
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        int rc =
            read_in_range(l, &out->value[i], single ? node : hep_yaml_at(node, i), lo, hi, unit);

        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}

static int entry_path(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    bool single = hep_yaml_type(node) == HEP_YAML_SCALAR;
    size_t n = single ? 1 : hep_yaml_size(node);

    if (!single && want_type(l, node, HEP_YAML_SEQUENCE, "a path or a list of paths") != HEP_OK)
        return l->err->code;
    if (n == 0 || n > MAX_ENTRIES)
        return hep_yaml_fail(l->doc, node, l->err, "has %zu paths, 1 to %d are allowed", n,
                             MAX_ENTRIES);
    e->path = hep_calloc(n, sizeof *e->path, NULL);
    if (e->path == NULL)
        return no_memory(l);
    e->n_paths = n;
    for (size_t i = 0; i < n; i++) {
        int rc = read_path(l, &e->path[i], single ? node : hep_yaml_at(node, i));

        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}

static int entry_role(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    struct hep_error local = { 0 };
    int rc = want_type(l, node, HEP_YAML_SCALAR, "a role");

    if (rc == HEP_OK && hep_role_from_name(&e->role, hep_yaml_text(node), &local) != HEP_OK)
        rc = hep_yaml_fail(l->doc, node, l->err, "%s", local.msg);
    return rc;
}

static int entry_te(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    return read_numbers(l, &e->te_s, node, 1e-6, 1.0, "s");
}

static int entry_tr(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    return read_in_range(l, &e->tr_s, node, 1e-5, 60.0, "s");
}

static int entry_flip(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    double degrees = 0.0;
    int rc = read_in_range(l, &degrees, node, 0.01, 180.0, "degrees");

    if (rc == HEP_OK)
        e->flip_rad = degrees * 3.14159265358979323846 / 180.0;
    return rc;
}

static int entry_field(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    return read_in_range(l, &e->field_t, node, 0.01, 25.0, "T");
}

static bool is_number_text(const char *text)
{
    struct hep_error ignored = { 0 };
    double value;

    return hep_parse_double(&value, text, &ignored) == HEP_OK;
}

static int entry_b_values(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    if (hep_yaml_type(node) == HEP_YAML_SCALAR && !is_number_text(hep_yaml_text(node)))
        return read_path(l, &e->bval_path, node);
    return read_numbers(l, &e->b_s_per_mm2, node, 0.0, 100000.0, "s/mm2");
}

static int entry_frame_times(struct loader *l, struct hep_study_entry *e,
                             const struct hep_yaml *node)
{
    if (hep_yaml_type(node) == HEP_YAML_SCALAR && !is_number_text(hep_yaml_text(node)))
        return read_path(l, &e->times_path, node);
    return read_numbers(l, &e->frame_times_s, node, -86400.0, 86400.0, "s");
}

static int entry_injection(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    return read_in_range(l, &e->injection_s, node, -86400.0, 86400.0, "s");
}

static int entry_time(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    return read_in_range(l, &e->time_since_injection_s, node, -86400.0, 86400.0, "s");
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

static int add_volumes(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    long from = 0, to = 0;
    size_t more;
    int rc = want_type(l, node, HEP_YAML_SCALAR, "a volume number or a range such as 13-15");

    if (rc != HEP_OK)
        return rc;
    if (!parse_range(&from, &to, hep_yaml_text(node)))
        return hep_yaml_fail(l->doc, node, l->err,
                             "\"%s\" is not a volume number (from 0) or a range such as 13-15",
                             hep_yaml_text(node));
    more = (size_t)(to - from) + 1;
    if (e->n_volumes + more > MAX_VALUES)
        return hep_yaml_fail(l->doc, node, l->err, "more than %d volumes", MAX_VALUES);
    for (long v = from; v <= to; v++) {
        if (HEP_GROW(e->volume, e->n_volumes, l->err) != HEP_OK)
            return HEP_ENOMEM;
        e->volume[e->n_volumes++] = (size_t)v;
    }
    return HEP_OK;
}

static int entry_volumes(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    int rc = HEP_OK;

    if (hep_yaml_type(node) != HEP_YAML_SEQUENCE)
        return add_volumes(l, e, node);
    if (hep_yaml_size(node) == 0)
        return hep_yaml_fail(l->doc, node, l->err, "the list of volumes is empty");
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++)
        rc = add_volumes(l, e, hep_yaml_at(node, i));
    return rc;
}

static int read_label(struct loader *l, int32_t *out, const struct hep_yaml *node)
{
    double value = 0.0;
    int rc = read_in_range(l, &value, node, 1.0, 1e9, "(a label)");

    if (rc == HEP_OK && value != floor(value))
        rc = hep_yaml_fail(l->doc, node, l->err, "%g is not a whole number", value);
    if (rc == HEP_OK)
        *out = (int32_t)value;
    return rc;
}

static int entry_label(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    return read_label(l, &e->label, node);
}

static int entry_names(struct loader *l, struct hep_study_entry *e, const struct hep_yaml *node)
{
    size_t n = hep_yaml_size(node);
    int rc = want_type(l, node, HEP_YAML_MAPPING, "a mapping such as {liver: 5}");

    if (rc != HEP_OK || n == 0)
        return rc;
    e->label_name = hep_calloc(n, sizeof *e->label_name, NULL);
    e->label_value = hep_calloc(n, sizeof *e->label_value, NULL);
    if (e->label_name == NULL || e->label_value == NULL)
        return no_memory(l);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        e->label_name[i] = hep_strdup(hep_yaml_key_at(node, i), NULL);
        if (e->label_name[i] == NULL)
            return no_memory(l);
        e->n_labels = i + 1;
        rc = read_label(l, &e->label_value[i], hep_yaml_at(node, i));
    }
    return rc;
}

static const struct entry_key {
    const char *key;
    entry_reader read;
} entry_keys[] = {
    { "path", entry_path },
    { "role", entry_role },
    { "te_s", entry_te },
    { "tr_s", entry_tr },
    { "flip_deg", entry_flip },
    { "field_t", entry_field },
    { "b_values", entry_b_values },
    { "volumes", entry_volumes },
    { "frame_times_s", entry_frame_times },
    { "injection_s", entry_injection },
    { "time_since_injection_s", entry_time },
    { "label", entry_label },
    { "names", entry_names },
};
enum { N_ENTRY_KEYS = sizeof entry_keys / sizeof entry_keys[0] };

static int unknown_key(struct loader *l, const struct hep_yaml *mapping, size_t i,
                       const char *const *keys, size_t n)
{
    const char *key = hep_yaml_key_at(mapping, i);
    const char *near = hep_did_you_mean(key, keys, n);
    struct hep_str known = { 0 };

    if (near != NULL)
        return hep_yaml_fail(l->doc, hep_yaml_key_node(mapping, i), l->err,
                             "unknown key \"%s\"; did you mean \"%s\"?", key, near);
    for (size_t k = 0; k < n; k++)
        hep_str_addf(&known, "%s%s", k ? ", " : "", keys[k]);
    (void)hep_yaml_fail(l->doc, hep_yaml_key_node(mapping, i), l->err,
                        "unknown key \"%s\"; known are %s", key, known.s ? known.s : "");
    hep_str_release(&known);
    return l->err->code;
}

static int read_entry_key(struct loader *l, struct hep_study_entry *e,
                          const struct hep_yaml *mapping, size_t i)
{
    const char *keys[N_ENTRY_KEYS];

    for (size_t k = 0; k < N_ENTRY_KEYS; k++) {
        keys[k] = entry_keys[k].key;
        if (strcmp(keys[k], hep_yaml_key_at(mapping, i)) == 0)
            return entry_keys[k].read(l, e, hep_yaml_at(mapping, i));
    }
    return unknown_key(l, mapping, i, keys, N_ENTRY_KEYS);
}

static int check_entry(struct loader *l, const struct hep_study_entry *e,
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
static int add_entry(struct loader *l, const struct hep_yaml *node, enum hep_role role)
{
    struct hep_study_yml *s = l->study;
    struct hep_study_entry *e;
    bool has_role = role != HEP_ROLE_UNKNOWN;
    int rc = HEP_OK;

    if (HEP_GROW(s->entry, s->n_entries, l->err) != HEP_OK)
        return HEP_ENOMEM;
    e = &s->entry[s->n_entries++];
    *e = (struct hep_study_entry){ .role = role,
                                   .tr_s = (double)NAN,
                                   .flip_rad = (double)NAN,
                                   .field_t = (double)NAN,
                                   .time_since_injection_s = (double)NAN,
                                   .label = -1,
                                   .line = hep_yaml_line(node) };
    if (has_role && hep_yaml_type(node) == HEP_YAML_SCALAR)
        return entry_path(l, e, node);
    rc = want_type(l, node, HEP_YAML_MAPPING, "a mapping with path and role");
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        bool names_role = strcmp(hep_yaml_key_at(node, i), "role") == 0;

        if (names_role && role != HEP_ROLE_UNKNOWN)
            return hep_yaml_fail(l->doc, hep_yaml_key_node(node, i), l->err,
                                 "the role here is %s already", hep_role_name(role));
        has_role = has_role || names_role;
        rc = read_entry_key(l, e, node, i);
    }
    return rc == HEP_OK ? check_entry(l, e, node, has_role) : rc;
}

static int study_agent(struct loader *l, const struct hep_yaml *node)
{
    return read_text(l, &l->study->agent, node, "text");
}

static int study_injection(struct loader *l, const struct hep_yaml *node)
{
    struct hep_error local = { 0 };
    int rc = want_type(l, node, HEP_YAML_SCALAR, "a time of day such as \"10:01:30\"");

    if (rc == HEP_OK &&
        hep_parse_clock(&l->study->injection_time_s, hep_yaml_text(node), &local) != HEP_OK)
        rc = hep_yaml_fail(l->doc, node, l->err, "%s", local.msg);
    return rc;
}

static int study_field(struct loader *l, const struct hep_yaml *node)
{
    return read_in_range(l, &l->study->field_t, node, 0.01, 25.0, "T");
}

static int study_others(struct loader *l, const struct hep_yaml *node)
{
    const char *text = hep_yaml_text(node);

    if (text == NULL || (strcmp(text, "auto") != 0 && strcmp(text, "ignore") != 0))
        return hep_yaml_fail(l->doc, node, l->err, "\"%s\" is neither auto nor ignore",
                             text ? text : "");
    l->study->ignore_others = *text == 'i';
    return HEP_OK;
}

static int study_series(struct loader *l, const struct hep_yaml *node)
{
    int rc = want_type(l, node, HEP_YAML_SEQUENCE, "a list of series");

    if (rc == HEP_OK && hep_yaml_size(node) > MAX_ENTRIES)
        return hep_yaml_fail(l->doc, node, l->err, "more than %d series", MAX_ENTRIES);
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++)
        rc = add_entry(l, hep_yaml_at(node, i), HEP_ROLE_UNKNOWN);
    return rc;
}

static int study_liver_mask(struct loader *l, const struct hep_yaml *node)
{
    return add_entry(l, node, HEP_ROLE_LIVER_MASK);
}

static int study_resection_mask(struct loader *l, const struct hep_yaml *node)
{
    return add_entry(l, node, HEP_ROLE_RESECTION_MASK);
}

static int study_labels(struct loader *l, const struct hep_yaml *node)
{
    return add_entry(l, node, HEP_ROLE_LABELS);
}

static const struct study_key {
    const char *key;
    study_reader read;
} study_keys[] = {
    { "agent", study_agent },
    { "injection_time", study_injection },
    { "field_t", study_field },
    { "others", study_others },
    { "series", study_series },
    { "liver_mask", study_liver_mask },
    { "resection_mask", study_resection_mask },
    { "labels", study_labels },
};
enum { N_STUDY_KEYS = sizeof study_keys / sizeof study_keys[0] };

static int read_study(struct loader *l, const struct hep_yaml *root)
{
    const char *keys[N_STUDY_KEYS];
    int rc;

    if (root == NULL)
        return HEP_OK;
    for (size_t k = 0; k < N_STUDY_KEYS; k++)
        keys[k] = study_keys[k].key;
    rc = want_type(l, root, HEP_YAML_MAPPING, "a mapping of keys");
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(root); i++) {
        size_t k = 0;

        while (k < N_STUDY_KEYS && strcmp(keys[k], hep_yaml_key_at(root, i)) != 0)
            k++;
        rc = k < N_STUDY_KEYS ? study_keys[k].read(l, hep_yaml_at(root, i))
                              : unknown_key(l, root, i, keys, N_STUDY_KEYS);
    }
    return rc;
}

int hep_study_yml_parse(struct hep_study_yml **out, const char *text, size_t n, const char *name,
                        struct hep_error *err)
{
    struct hep_error local = { 0 };
    struct hep_yaml_doc *doc = NULL;
    struct loader l = { .err = err ? err : &local };
    int rc = hep_yaml_parse(&doc, text, n, name, l.err);

    if (rc != HEP_OK)
        return rc;
    l.doc = doc;
    l.study = hep_calloc(1, sizeof *l.study, err);
    if (l.study == NULL) {
        rc = no_memory(&l);
        goto out;
    }
    l.study->injection_time_s = (double)NAN;
    l.study->field_t = (double)NAN;
    rc = read_study(&l, hep_yaml_root(doc));
    if (rc == HEP_OK) {
        *out = l.study;
        l.study = NULL;
    }
out:
    hep_study_yml_free(l.study);
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
    free(s->entry);
    free(s->agent);
    free(s);
}
