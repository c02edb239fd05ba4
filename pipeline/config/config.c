#include "pipeline/config/config.h"

#include <pthread.h>

static const char *const planned_names[HEP_SERIES_COUNT] = {
    "in_opposed", "echoes",        "t2",      "dwi",          "precontrast",
    "arterial",   "portal_venous", "delayed", "transitional", "hepatobiliary"
};

const char *hep_planned_name(enum hep_planned series)
{
    return (unsigned)series < HEP_SERIES_COUNT ? planned_names[series] : "?";
}

enum hep_planned hep_planned_from_name(const char *name)
{
    for (int i = 0; i < HEP_SERIES_COUNT; i++) {
        if (strcmp(planned_names[i], name) == 0)
            return (enum hep_planned)i;
    }
    return HEP_SERIES_COUNT;
}

enum hep_phase hep_planned_phase(enum hep_planned series)
{
    static const enum hep_phase phases[HEP_SERIES_COUNT] = {
        [HEP_SERIES_IN_OPPOSED] = HEP_PHASE_COUNT,
        [HEP_SERIES_ECHOES] = HEP_PHASE_COUNT,
        [HEP_SERIES_T2] = HEP_PHASE_COUNT,
        [HEP_SERIES_DWI] = HEP_PHASE_COUNT,
        [HEP_SERIES_PRECONTRAST] = HEP_PHASE_PRECONTRAST,
        [HEP_SERIES_ARTERIAL] = HEP_PHASE_ARTERIAL,
        [HEP_SERIES_PORTAL_VENOUS] = HEP_PHASE_PORTAL_VENOUS,
        [HEP_SERIES_DELAYED] = HEP_PHASE_DELAYED,
        [HEP_SERIES_TRANSITIONAL] = HEP_PHASE_TRANSITIONAL,
        [HEP_SERIES_HEPATOBILIARY] = HEP_PHASE_HEPATOBILIARY,
    };

    return (unsigned)series < HEP_SERIES_COUNT ? phases[series] : HEP_PHASE_COUNT;
}

static int series_defaults(struct hep_plan *plan, enum hep_planned series, struct hep_error *err)
{
    const struct hep_field *fields = hep_planned_fields();
    int rc = hep_field_presets(plan, fields, err);

    for (const struct hep_planned_preset *p = hep_planned_presets(); rc == HEP_OK && p->key; p++) {
        if (p->series == series)
            rc = hep_field_set(plan, hep_field_find(fields, p->key), p->preset, err);
    }
    plan->expected = false;
    return rc;
}

static int read_defaults(struct hep_config *out, struct hep_error *err)
{
    int rc;

    (void)memset(out, 0, sizeof *out);
    rc = hep_field_presets(out, hep_config_fields(), err);
    for (int i = 0; rc == HEP_OK && i < HEP_SERIES_COUNT; i++)
        rc = series_defaults(&out->series[i], (enum hep_planned)i, err);
    return rc;
}

/* The rows' texts are parsed once in a process, before any output is open: each is a document of YAML. */
int hep_config_defaults(struct hep_config *out, struct hep_error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct hep_config defaults;
    static bool known;
    int rc = HEP_OK;

    (void)pthread_mutex_lock(&lock);
    if (!known)
        rc = read_defaults(&defaults, err);
    known = rc == HEP_OK;
    *out = defaults;
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

/* "series.dwi.required" to its plan and row; false when the key is none of a series. */
static bool series_key(enum hep_planned *series, const struct hep_field **field, const char *key)
{
    char name[32];
    const char *dot;

    if (!hep_starts_with(key, "series."))
        return false;
    key += strlen("series.");
    dot = strchr(key, '.');
    if (dot == NULL || (size_t)(dot - key) >= sizeof name)
        return false;
    (void)snprintf(name, sizeof name, "%.*s", (int)(dot - key), key);
    *series = hep_planned_from_name(name);
    *field = hep_field_find(hep_planned_fields(), dot + 1);
    return *series != HEP_SERIES_COUNT && *field;
}

static int unknown_key(const char *key, struct hep_error *err)
{
    enum { max = 512 };
    const char *names[max];
    char series_names[HEP_SERIES_COUNT * 40][64];
    const char *near;
    size_t n = 0, m = 0;

    for (const struct hep_field *f = hep_config_fields(); f->key && n < max; f++)
        names[n++] = f->key;
    for (size_t s = 0; s < HEP_SERIES_COUNT; s++) {
        for (const struct hep_field *f = hep_planned_fields(); f->key && n < max; f++) {
            if (m == sizeof series_names / sizeof series_names[0])
                break;
            (void)snprintf(series_names[m], sizeof series_names[m], "series.%s.%s",
                           planned_names[s], f->key);
            names[n++] = series_names[m++];
        }
    }
    near = hep_did_you_mean(key, names, n);
    return HEP_FAIL(err, HEP_ECONFIG, "unknown setting '%s'%s%s%s", key,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

int hep_config_set(struct hep_config *cfg, const char *assignment, struct hep_error *err)
{
    const char *equals = strchr(assignment, '=');
    const struct hep_field *field;
    enum hep_planned series;
    char key[96];

    if (equals == NULL || equals == assignment || (size_t)(equals - assignment) >= sizeof key)
        return HEP_FAIL(err, HEP_ECONFIG, "'%s' is no assignment: write key=value", assignment);
    (void)snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
    if (series_key(&series, &field, key)) {
        struct hep_plan plan = cfg->series[series];
        int rc;

        plan.expected = true;
        rc = hep_field_set(&plan, field, equals + 1, err);
        if (rc == HEP_OK)
            cfg->series[series] = plan;
        return rc;
    }
    field = hep_field_find(hep_config_fields(), key);
    return field ? hep_field_set(cfg, field, equals + 1, err) : unknown_key(key, err);
}

/* ---- hashing --------------------------------------------------------------------------------- */

static bool in_groups(const char *key, const char *const *groups)
{
    if (groups == NULL)
        return true;
    for (; *groups; groups++) {
        if (hep_starts_with(key, *groups))
            return true;
    }
    return false;
}

int hep_config_hash(char hex[HEP_SHA256_HEX], const struct hep_config *cfg,
                    const char *const *groups, struct hep_error *err)
{
    struct hep_str text = { 0 };
    char key[96];
    int rc;

    hep_str_add(&text, "");
    for (const struct hep_field *f = hep_config_fields(); f->key; f++) {
        if (!in_groups(f->key, groups))
            continue;
        hep_str_addf(&text, "%s=", f->key);
        hep_field_print(&text, cfg, f);
        hep_str_add(&text, "\n");
    }
    for (size_t s = 0; s < HEP_SERIES_COUNT; s++) {
        for (const struct hep_field *f = hep_planned_fields(); f->key; f++) {
            (void)snprintf(key, sizeof key, "series.%s.%s", planned_names[s], f->key);
            if (!in_groups(key, groups))
                continue;
            hep_str_addf(&text, "%s=", key);
            hep_field_print(&text, &cfg->series[s], f);
            hep_str_add(&text, "\n");
        }
    }
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK)
        rc = hep_sha256_memory(hex, text.s, text.len, err);
    hep_str_release(&text);
    return rc;
}

/* ---- printing -------------------------------------------------------------------------------- */

static bool same_text(struct hep_str *out, const void *a, const void *b, const struct hep_field *f)
{
    struct hep_str x = { 0 }, y = { 0 };
    bool same;

    hep_field_print(&x, a, f);
    hep_field_print(&y, b, f);
    same = strcmp(hep_str_part(out, &x), hep_str_part(out, &y)) == 0;
    hep_str_release(&x);
    hep_str_release(&y);
    return same;
}

static void add_comment(struct hep_str *out, const struct hep_field *f, const char *indent)
{
    hep_str_addf(out, "%s# %s (", indent, f->doc);
    hep_field_describe(out, f);
    hep_str_add(out, ")\n");
}

/* Open the groups of a dotted key that the previous key was not in; returns its last word. */
static const char *open_groups(struct hep_str *out, const char *key, const char *previous,
                               char indent[16])
{
    bool same = true;
    size_t depth = 0;
    const char *dot;

    while ((dot = strchr(key, '.')) != NULL) {
        size_t n = (size_t)(dot - key) + 1;

        same = same && strncmp(key, previous, n) == 0;
        if (!same)
            hep_str_addf(out, "%*s%.*s:\n", (int)(2 * depth), "", (int)(n - 1), key);
        previous += same ? n : 0;
        key = dot + 1;
        depth++;
    }
    (void)snprintf(indent, 16, "%*s", (int)(2 * depth), "");
    return key;
}

static void print_series(struct hep_str *out, const struct hep_config *cfg,
                         const struct hep_config *defaults, enum hep_config_form form)
{
    size_t listed = 0;

    hep_str_add(out, "series:");
    for (size_t s = 0; s < HEP_SERIES_COUNT; s++) {
        const struct hep_plan *plan = &cfg->series[s];
        size_t start;

        if (!plan->expected)
            continue;
        hep_str_addf(out, "\n  %s:", planned_names[s]);
        start = out->len;
        for (const struct hep_field *f = hep_planned_fields(); f->key; f++) {
            if (strcmp(f->key, "expected") == 0 ||
                (form == HEP_CONFIG_CHANGED && same_text(out, plan, &defaults->series[s], f)))
                continue;
            hep_str_add(out, "\n");
            if (form == HEP_CONFIG_DOCUMENTED && listed == 0)
                add_comment(out, f, "    ");
            hep_str_addf(out, "    %s: ", f->key);
            hep_field_print(out, plan, f);
        }
        hep_str_add(out, out->len == start ? " {}" : "");
        listed++;
    }
    hep_str_add(out, listed ? "\n" : " {}\n");
}

static void print_row(struct hep_str *out, const struct hep_config *cfg, const struct hep_field *f,
                      const char *previous, enum hep_config_form form)
{
    char indent[16];
    const char *word = open_groups(out, f->key, previous, indent);

    if (form == HEP_CONFIG_DOCUMENTED)
        add_comment(out, f, indent);
    hep_str_addf(out, "%s%s: ", indent, word);
    hep_field_print(out, cfg, f);
    hep_str_add(out, "\n");
}

void hep_config_print(struct hep_str *out, const struct hep_config *cfg, enum hep_config_form form)
{
    const struct hep_field *f = hep_config_fields();
    struct hep_config defaults;
    const char *previous = "";

    if (hep_config_defaults(&defaults, NULL) != HEP_OK) {
        out->failed = true;
        return;
    }
    for (; f->key && strchr(f->key, '.') == NULL; f++)
        print_row(out, cfg, f, "", form);
    print_series(out, cfg, &defaults, form);
    for (; f->key; f++) {
        if (form == HEP_CONFIG_CHANGED && same_text(out, cfg, &defaults, f))
            continue;
        print_row(out, cfg, f, previous, form);
        previous = f->key;
    }
}

void hep_config_print_default(struct hep_str *out)
{
    struct hep_config cfg;

    if (hep_config_defaults(&cfg, NULL) != HEP_OK || hep_config_set(&cfg, "name=default", NULL) ||
        hep_config_set(&cfg, "title=Every series welcome, none required", NULL)) {
        out->failed = true;
        return;
    }
    for (size_t s = 0; s < HEP_SERIES_COUNT; s++)
        cfg.series[s].expected = true;
    hep_str_add(out, "# Every setting with its default. Generated from the table of settings.\n");
    hep_config_print(out, &cfg, HEP_CONFIG_DOCUMENTED);
}
