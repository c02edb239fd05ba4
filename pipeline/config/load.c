#include "base/file.h"
#include "base/yaml.h"
#include "pipeline/config/config.h"

#include <stdlib.h>

#define FILE_MAX ((size_t)1 << 20)
#define KEY_MAX 96
#define CANDIDATES_MAX 512

/* One file being read. */
struct reading {
    struct hep_config cfg;
    const struct hep_yaml_doc *doc;
    const struct hep_agents *agents; /* NULL: the agent's name is not checked */
    bool given[CANDIDATES_MAX];      /* rows already met, nested or dotted */
    struct hep_error unknown;        /* the first key that is none */
    struct hep_str more;             /* the others, each with its line */
};

/* Series that people call by the name of a role. */
static const char *series_hint(const char *word)
{
    if (strcmp(word, "in_phase") == 0 || strcmp(word, "opposed") == 0 || strcmp(word, "dixon") == 0)
        return "in_opposed";
    if (strcmp(word, "hbp") == 0)
        return "hepatobiliary";
    if (strcmp(word, "portal") == 0 || strcmp(word, "venous") == 0)
        return "portal_venous";
    return NULL;
}

/* Note a key that is none, and go on: all of them are told at once. */
static void unknown(struct reading *r, const struct hep_yaml *key_node, const char *prefix,
                    const char *word, const char *const *names, size_t n)
{
    const char *hint = strcmp(prefix, "series.") == 0 ? series_hint(word) : NULL;
    const char *near = hint != NULL ? hint : hep_did_you_mean(word, names, n);

    for (size_t i = 0; near == NULL && i < n; i++) {
        /* A forgotten unit: "window" for "window_s". */
        size_t length = strlen(word);

        if (length > 2 && strncmp(names[i], word, length) == 0 && names[i][length] == '_')
            near = names[i];
    }
    if (r->unknown.code == HEP_OK)
        (void)hep_yaml_fail(r->doc, key_node, &r->unknown, "unknown key '%s%s'%s%s%s", prefix, word,
                            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    else
        hep_str_addf(&r->more, "%s'%s%.40s' in line %zu%s%s%s", r->more.len > 0 ? ", " : "", prefix,
                     word, hep_yaml_line(key_node), near ? " (" : "", near ? near : "",
                     near ? "?)" : "");
}

/* The first unknown key with its place, and all others behind it. */
static int tell_unknown(const struct reading *r, struct hep_error *err)
{
    const char *more = r->more.s != NULL ? r->more.s : "";

    if (r->unknown.code == HEP_OK)
        return HEP_OK;
    return HEP_FAIL(err, HEP_ECONFIG, "%s%s%s", r->unknown.msg,
                    *more != '\0' ? "; unknown as well: " : "", more);
}

static int need_mapping(const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                        const char *key, const char *example, struct hep_error *err)
{
    if (hep_yaml_type(node) == HEP_YAML_MAPPING)
        return HEP_OK;
    return hep_yaml_fail(doc, node, err, "%s: met %s; wanted is a mapping such as %s", key,
                         hep_yaml_type_name(hep_yaml_type(node)), example);
}

/* ---- series ---------------------------------------------------------------------------------- */

/* "transform: {averages_share: 0.5}" or "transform.averages_share: 0.5"; bounded as read_group()
 * is. NOLINTNEXTLINE(misc-no-recursion) */
static int read_plan(struct reading *r, struct hep_plan *plan, const char *series,
                     const char *group, const struct hep_yaml *node, struct hep_error *err)
{
    const struct hep_field *fields = hep_planned_fields();
    const char *names[64];
    char prefix[96], key[KEY_MAX];
    size_t n = 0;

    for (const struct hep_field *f = fields; f->key && n < 64; f++)
        if (hep_starts_with(f->key, group))
            names[n++] = f->key + strlen(group);
    (void)snprintf(prefix, sizeof prefix, "series.%s.%s", series, group);
    plan->expected = true;
    for (size_t i = 0; i < hep_yaml_size(node); i++) {
        const struct hep_yaml *value = hep_yaml_at(node, i);
        const char *word = hep_yaml_key_at(node, i);
        const struct hep_field *field;
        int rc = HEP_OK;

        (void)snprintf(key, sizeof key, "%s%s", group, word);
        field = hep_field_find(fields, key);
        if (field != NULL) {
            rc = hep_field_read(plan, field, r->doc, value, err);
        } else if (strcmp(key, "transform") == 0) {
            rc = need_mapping(r->doc, value, key, "{averages_share: 0.5}", err);
            if (rc == HEP_OK)
                rc = read_plan(r, plan, series, "transform.", value, err);
        } else {
            unknown(r, hep_yaml_key_node(node, i), prefix, word, names, n);
        }
        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}

static int read_series(struct reading *r, const struct hep_yaml *node, struct hep_error *err)
{
    const char *names[HEP_SERIES_COUNT];
    int rc = need_mapping(r->doc, node, "series", "{dwi: {required: true}}", err);

    for (int i = 0; i < HEP_SERIES_COUNT; i++)
        names[i] = hep_planned_name((enum hep_planned)i);
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        const char *key = hep_yaml_key_at(node, i);
        enum hep_planned series = hep_planned_from_name(key);

        if (series == HEP_SERIES_COUNT) {
            unknown(r, hep_yaml_key_node(node, i), "series.", key, names, HEP_SERIES_COUNT);
            continue;
        }
        rc = need_mapping(r->doc, hep_yaml_at(node, i), key, "{required: true}", err);
        if (rc == HEP_OK)
            rc = read_plan(r, &r->cfg.series[series], key, "", hep_yaml_at(node, i), err);
    }
    return rc;
}

/* ---- settings -------------------------------------------------------------------------------- */

static bool is_group(const char *name)
{
    size_t n = strlen(name);

    for (const struct hep_field *f = hep_config_fields(); f->key; f++) {
        if (strncmp(f->key, name, n) == 0 && f->key[n] == '.')
            return true;
    }
    return false;
}

/* What may stand below a prefix: whole dotted rests, and the names of groups and keys. */
static void unknown_setting(struct reading *r, const struct hep_yaml *key_node, const char *prefix,
                            const char *word)
{
    const char *names[CANDIDATES_MAX];
    char groups[64][KEY_MAX];
    size_t n = 0, m = 0;

    for (const struct hep_field *f = hep_config_fields(); f->key && n + 2 < CANDIDATES_MAX; f++) {
        const char *rest = f->key + strlen(prefix);
        const char *dot;

        if (!hep_starts_with(f->key, prefix))
            continue;
        dot = strchr(rest, '.');
        names[n++] = rest;
        if (dot == NULL)
            continue;
        (void)snprintf(groups[m], KEY_MAX, "%.*s", (int)(dot - rest), rest);
        if (m + 1 < 64 && (m == 0 || strcmp(groups[m], groups[m - 1]) != 0)) {
            names[n++] = groups[m];
            m++;
        }
    }
    if (prefix[0] == '\0')
        names[n++] = "series";
    unknown(r, key_node, prefix, word, names, n);
}

static int read_row(struct reading *r, const struct hep_field *field,
                    const struct hep_yaml *key_node, const struct hep_yaml *node,
                    struct hep_error *err)
{
    size_t row = (size_t)(field - hep_config_fields());
    const struct hep_agent *agent;
    struct hep_error unknown_agent = { 0 };
    int rc;

    if (row < CANDIDATES_MAX && r->given[row])
        return hep_yaml_fail(r->doc, key_node, err, "%s is given twice", field->key);
    if (row < CANDIDATES_MAX)
        r->given[row] = true;
    rc = hep_field_read(&r->cfg, field, r->doc, node, err);
    if (rc != HEP_OK || r->agents == NULL || strcmp(field->key, "agent") != 0 ||
        strcmp(r->cfg.agent.s, "none") == 0 || strcmp(r->cfg.agent.s, "auto") == 0)
        return rc;
    if (hep_agents_find(&agent, r->agents, r->cfg.agent.s, &unknown_agent) != HEP_OK)
        return hep_yaml_fail(r->doc, node, err, "agent: %s; also none, auto", unknown_agent.msg);
    (void)snprintf(r->cfg.agent.s, sizeof r->cfg.agent.s, "%s", agent->name);
    return HEP_OK;
}

/* Recursion is bounded: base/yaml.h refuses nesting deeper than 8.
 * NOLINTNEXTLINE(misc-no-recursion) */
static int read_group(struct reading *r, const char *prefix, const struct hep_yaml *node,
                      struct hep_error *err)
{
    char key[KEY_MAX];
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        const char *word = hep_yaml_key_at(node, i);
        const struct hep_yaml *value = hep_yaml_at(node, i);
        const struct hep_field *field;
        int n = snprintf(key, sizeof key, "%s%s", prefix, word);

        if (n < 0 || (size_t)n + 2 > sizeof key)
            return hep_yaml_fail(r->doc, hep_yaml_key_node(node, i), err, "unknown key '%.40s...'",
                                 word);
        field = hep_field_find(hep_config_fields(), key);
        if (strcmp(key, "series") == 0) {
            rc = read_series(r, value, err);
        } else if (field) {
            rc = read_row(r, field, hep_yaml_key_node(node, i), value, err);
        } else if (is_group(key)) {
            rc = need_mapping(r->doc, value, key, "{key: value}", err);
            key[n] = '.';
            key[n + 1] = '\0';
            if (rc == HEP_OK)
                rc = read_group(r, key, value, err);
        } else {
            unknown_setting(r, hep_yaml_key_node(node, i), prefix, word);
        }
    }
    return rc;
}

static int parse(struct hep_config *out, const char *text, size_t n, const char *name,
                 const struct hep_agents *agents, struct hep_error *err)
{
    struct reading r = { .agents = agents };
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_config_defaults(&r.cfg, err);

    if (rc == HEP_OK)
        rc = hep_yaml_parse(&doc, text, n, name, err);
    if (rc != HEP_OK)
        goto out;
    r.doc = doc;
    if (hep_yaml_root(doc) == NULL) {
        rc = HEP_FAIL(err, HEP_ECONFIG, "%s:1:1: the protocol is empty", name);
        goto out;
    }
    rc = need_mapping(doc, hep_yaml_root(doc), "protocol", "name: my-protocol", err);
    if (rc == HEP_OK)
        rc = read_group(&r, "", hep_yaml_root(doc), err);
    if (rc == HEP_OK)
        rc = hep_str_check(&r.more, err);
    if (rc == HEP_OK)
        rc = tell_unknown(&r, err);
    if (rc == HEP_OK)
        *out = r.cfg;
out:
    hep_str_release(&r.more);
    hep_yaml_free(doc);
    return rc;
}

int hep_config_parse(struct hep_config *out, const char *text, size_t n, const char *name,
                     struct hep_error *err)
{
    return parse(out, text, n, name, NULL, err);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_path(const char *s)
{
    return strchr(s, '/') || hep_ends_with(s, ".yml") || hep_ends_with(s, ".yaml");
}

static int read_agents(struct hep_agents **out, struct hep_error *err)
{
    char *path = NULL;
    int rc = hep_config_find(&path, "agents.yml", err);

    if (rc == HEP_OK)
        rc = hep_agents_read(out, path, err);
    free(path);
    return rc;
}

int hep_config_load(struct hep_config *out, const char *path_or_name, struct hep_str *caret,
                    struct hep_error *err)
{
    struct hep_error local = { 0 };
    struct hep_agents *agents = NULL;
    char *path = NULL, *text = NULL;
    size_t n = 0;
    int rc;

    err = err ? err : &local;
    if (is_path(path_or_name)) {
        path = hep_strdup(path_or_name, err);
        rc = path ? HEP_OK : HEP_ENOMEM;
    } else {
        rc = hep_config_find_protocol(&path, path_or_name, err);
    }
    if (rc == HEP_OK)
        rc = hep_file_read(&text, &n, path, FILE_MAX, err);
    if (rc == HEP_OK)
        rc = read_agents(&agents, err);
    if (rc != HEP_OK)
        goto out;
    rc = parse(out, text, n, path, agents, err);
    if (rc == HEP_ECONFIG && caret)
        hep_yaml_caret(caret, text, n, path, err);
out:
    hep_agents_free(agents);
    free(text);
    free(path);
    return rc;
}

/* ---- bundle ---------------------------------------------------------------------------------- */

int hep_config_open(struct hep_config_bundle *out, const char *path_or_name,
                    const char *const *sets, size_t n, struct hep_str *caret, struct hep_error *err)
{
    int rc = hep_config_load(&out->config, path_or_name, caret, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = hep_config_set(&out->config, sets[i], err);
    if (rc == HEP_OK)
        rc = read_agents(&out->agents, err);
    if (rc == HEP_OK)
        rc = hep_config_resolve(&out->config, out->agents, err);
    if (rc == HEP_OK)
        rc = hep_config_agent(&out->agent, &out->config, out->agents, err);
    if (rc != HEP_OK)
        hep_config_close(out);
    return rc;
}

void hep_config_close(struct hep_config_bundle *bundle)
{
    hep_agents_free(bundle->agents);
    bundle->agents = NULL;
}
