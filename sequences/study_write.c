#include "sequences/inventory.h"

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>

static const double degrees_per_rad = 180.0 / HEP_PI;

/** Length of the UTF-8 character at s, 0 when there is none. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : (s[0] & 0xf0) == 0xe0       ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;

    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static bool is_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        size_t n = utf8_length(s);

        if (n == 0)
            return false;
        s += n;
    }
    return true;
}

/** A double-quoted scalar. */
static void add_quoted(struct hep_str *out, const char *text)
{
    hep_str_add(out, "\"");
    for (const char *s = text; s != NULL && *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            hep_str_addf(out, "\\%c", *s);
        else if ((unsigned char)*s < 0x20 || *s == 0x7f)
            hep_str_addf(out, "\\x%02x", (unsigned)*s);
        else
            hep_str_addn(out, s, 1);
    }
    hep_str_add(out, "\"");
}

static const char *relative(const struct hep_inventory *inv, const char *path)
{
    size_t n = strlen(inv->study);

    return hep_starts_with(path, inv->study) && path[n] == '/' ? path + n + 1 : NULL;
}

/** Paths in the order of the frames when each file has one, else as they are. */
static const char *path_at(const struct hep_inventory *inv, const struct hep_series *s, size_t i)
{
    size_t p = s->frame != NULL && s->n_paths == s->nt ? s->frame[i].path : i;

    return s->n_paths == 0 ? s->name : relative(inv, s->path[p]);
}

static bool can_be_written(const struct hep_inventory *inv, const struct hep_series *s)
{
    for (size_t i = 0; i < (s->n_paths ? s->n_paths : 1); i++) {
        const char *path = path_at(inv, s, i);

        if (path == NULL || !is_utf8(path))
            return false;
    }
    return true;
}

static void add_paths(struct hep_str *out, const struct hep_inventory *inv,
                      const struct hep_series *s)
{
    hep_str_add(out, "  - path: ");
    if (s->n_paths <= 1) {
        add_quoted(out, path_at(inv, s, 0));
        hep_str_add(out, "\n");
        return;
    }
    hep_str_add(out, "\n");
    for (size_t i = 0; i < s->n_paths; i++) {
        hep_str_add(out, "      - ");
        add_quoted(out, path_at(inv, s, i));
        hep_str_add(out, "\n");
    }
}

static void add_numbers(struct hep_str *out, const char *key, const struct hep_series *s,
                        double (*value)(const struct hep_frame *))
{
    for (size_t t = 0; t < s->nt; t++)
        if (isnan(value(&s->frame[t])))
            return;
    hep_str_addf(out, "    %s: [", key);
    for (size_t t = 0; t < s->nt; t++) {
        hep_str_add(out, t ? ", " : "");
        hep_str_add_number(out, value(&s->frame[t]));
    }
    hep_str_add(out, "]\n");
}

static double te_of(const struct hep_frame *f)
{
    return f->te_s;
}

static double b_of(const struct hep_frame *f)
{
    return f->b_s_per_mm2;
}

static double time_of(const struct hep_frame *f)
{
    return f->time_s;
}

static void add_number(struct hep_str *out, const char *key, double value)
{
    if (isnan(value))
        return;
    hep_str_addf(out, "    %s: ", key);
    hep_str_add_number(out, value);
    hep_str_add(out, "\n");
}

static void add_volumes(struct hep_str *out, const struct hep_series *s)
{
    if (s->whole || s->n_paths != 1)
        return;
    hep_str_add(out, "    volumes: [");
    for (size_t t = 0; t < s->nt; t++)
        hep_str_addf(out, "%s%zu", t ? ", " : "", s->frame[t].volume);
    hep_str_add(out, "]\n");
}

/** What an earlier study.yml gave, which no sidecar would give again. */
static void add_given(struct hep_str *out, const struct hep_series *s)
{
    bool one_each = s->n_paths == 1 || s->n_paths == s->nt;
    bool measured = !hep_role_is_mask(s->role);

    if (!s->given || s->nt == 0 || !measured)
        return;
    add_volumes(out, s);
    if (one_each)
        add_numbers(out, "te_s", s, te_of);
    if (one_each && s->role == HEP_ROLE_DWI)
        add_numbers(out, "b_values", s, b_of);
    add_number(out, "tr_s", s->acquisition.tr_s);
    add_number(out, "flip_deg", s->acquisition.flip_rad * degrees_per_rad);
    add_number(out, "field_t", s->acquisition.field_t);
    if (s->time_source == HEP_TIME_FRAMES && one_each)
        add_numbers(out, "frame_times_s", s, time_of);
    else if (s->time_source == HEP_TIME_STUDY_YML)
        add_number(out, "time_since_injection_s", s->time_since_injection_s);
}

/** Keys are plain scalars. */
static bool is_plain_key(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return n > 0 && name[n] == '\0' && name[0] != '-';
}

static void add_masks(struct hep_str *out, const struct hep_series *s)
{
    if (hep_role_is_mask(s->role) && s->role != HEP_ROLE_LABELS && s->label >= 0)
        hep_str_addf(out, "    label: %ld\n", (long)s->label);
    if (s->role != HEP_ROLE_LABELS || s->n_labels == 0)
        return;
    hep_str_add(out, "    names:\n");
    for (size_t i = 0; i < s->n_labels; i++)
        if (is_plain_key(s->labels[i].name) && s->labels[i].value > 0)
            hep_str_addf(out, "      %s: %ld\n", s->labels[i].name, (long)s->labels[i].value);
}

static void add_comments(struct hep_str *out, const struct hep_series *s)
{
    for (size_t i = 0; i < s->reasons.n; i++)
        hep_str_addf(out, "    # %s\n", is_utf8(s->reasons.line[i]) ? s->reasons.line[i] : "?");
    for (size_t i = 0; i < s->warnings.n; i++)
        hep_str_addf(out, "    # ! %s\n", is_utf8(s->warnings.line[i]) ? s->warnings.line[i] : "?");
    if (hep_role_is_t1_phase(s->role) && isnan(s->time_since_injection_s))
        hep_str_add(out, "    # time_since_injection_s: (not known)\n");
}

static void add_series(struct hep_str *out, const struct hep_inventory *inv,
                       const struct hep_series *s)
{
    bool unused = !s->selected && s->role != HEP_ROLE_UNKNOWN;

    add_paths(out, inv, s);
    hep_str_addf(out, "    role: %s%s\n", unused ? "unknown   # looks like " : "",
                 hep_role_name(s->role));
    add_comments(out, s);
    if (unused)
        return;
    add_given(out, s);
    add_masks(out, s);
}

static void add_head(struct hep_str *out, const struct hep_inventory *inv)
{
    hep_str_add(out, "# What is what in this study. Correct what is wrong; an entry here overrides "
                     "everything.\n");
    if (inv->agent_text != NULL && is_utf8(inv->agent_text)) {
        hep_str_add(out, "agent: ");
        add_quoted(out, inv->agent_text);
        hep_str_add(out, "\n");
    } else {
        hep_str_add(out, "# agent: gadoxetate\n");
    }
    if (isnan(inv->injection_time_s)) {
        hep_str_add(out, "# injection_time: \"10:01:30\"   # on the scanner's clock\n");
    } else {
        double t = inv->injection_time_s;
        double h = floor(t / 3600.0), m = floor((t - 3600.0 * h) / 60.0);

        hep_str_addf(out, "injection_time: \"%02.0f:%02.0f:%06.3f\"\n", h, m,
                     t - 3600.0 * h - 60.0 * m);
    }
    if (!isnan(inv->field_t)) {
        hep_str_add(out, "field_t: ");
        hep_str_add_number(out, inv->field_t);
        hep_str_add(out, "\n");
    }
    if (inv->others_ignored)
        hep_str_add(out, "others: ignore\n");
}

int hep_inventory_write_study_yml(const struct hep_inventory *inv, bool force,
                                  struct hep_error *err)
{
    struct hep_str text = { 0 };
    char *path = hep_path_join(inv->study, "study.yml", err);
    bool any = false;
    int rc = HEP_OK;

    if (path == NULL)
        return HEP_ENOMEM;
    if (!force && hep_is_file(path)) {
        rc = HEP_FAIL(err, HEP_ECREAT, "%s: is there already; it is only replaced when forced",
                      path);
        goto out;
    }
    add_head(&text, inv);
    for (size_t i = 0; i < inv->n_series; i++) {
        if (!can_be_written(inv, &inv->series[i]))
            continue;
        hep_str_add(&text, any ? "" : "series:\n");
        any = true;
        add_series(&text, inv, &inv->series[i]);
    }
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, text.s, text.len, err);
out:
    hep_str_release(&text);
    free(path);
    return rc;
}
