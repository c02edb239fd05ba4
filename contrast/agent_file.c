/* Reading agents.yml: every mapping is described by a table of its keys, so that unknown, missing
 * and misplaced keys are found in one place. */
#include "contrast/agent_set.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#include <math.h>

#define MAX_FILE_BYTES ((size_t)1 << 20)
#define MAX_AGENTS 16
#define MAX_ALIAS 30 /* normalised: at most twice as long, and two blanks */

struct reader {
    const struct hep_yaml_doc *doc;
    struct hep_error *err;
};

/** A key of some mapping; `read` puts the node's content at `base + offset`. */
struct key {
    const char *name;
    int (*read)(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                void *to);
    size_t offset;
    double min, max, scale; /* of numbers as written; stored times scale */
    bool required;
};

static int fail_unknown(const struct reader *r, const struct hep_yaml *map, size_t i,
                        const struct key *keys, size_t n)
{
    const char *names[32];
    const char *word = hep_yaml_key_at(map, i);
    const char *near;

    for (size_t k = 0; k < n; k++)
        names[k] = keys[k].name;
    near = hep_did_you_mean(word, names, n);
    return hep_yaml_fail(r->doc, hep_yaml_key_node(map, i), r->err, "unknown key '%s'%s%s%s", word,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int want_type(const struct reader *r, const struct hep_yaml *node, enum hep_yaml_type type,
                     const char *what)
{
    if (hep_yaml_type(node) == type)
        return HEP_OK;
    return hep_yaml_fail(r->doc, node, r->err, "%s must be %s, not %s", what,
                         hep_yaml_type_name(type), hep_yaml_type_name(hep_yaml_type(node)));
}

/** Fill `base` from a mapping; keys that are absent and not required stay untouched. */
static int read_mapping(const struct reader *r, const struct hep_yaml *map, const char *what,
                        const struct key *keys, size_t n, void *base)
{
    int rc = want_type(r, map, HEP_YAML_MAPPING, what);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(map); i++) {
        size_t k = 0;
        while (k < n && strcmp(keys[k].name, hep_yaml_key_at(map, i)) != 0)
            k++;
        if (k == n)
            return fail_unknown(r, map, i, keys, n);
        rc = keys[k].read(r, hep_yaml_at(map, i), &keys[k], (char *)base + keys[k].offset);
    }
    for (size_t k = 0; rc == HEP_OK && k < n; k++)
        if (keys[k].required && !hep_yaml_get(map, keys[k].name))
            rc = hep_yaml_fail(r->doc, map, r->err, "%s lacks the key '%s'", what, keys[k].name);
    return rc;
}

static int read_text(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                     void *to)
{
    const char *text = hep_yaml_text(node);

    if (!text || !*text)
        return hep_yaml_fail(r->doc, node, r->err, "%s must be a text that is not empty",
                             key->name);
    memcpy(to, &text, sizeof text);
    return HEP_OK;
}

static int read_mark(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                     void *to)
{
    const char *text = hep_yaml_text(node);
    enum hep_mark mark;

    if (text && !strcmp(text, "verified"))
        mark = HEP_MARK_VERIFIED;
    else if (text && !strcmp(text, "general"))
        mark = HEP_MARK_GENERAL;
    else
        return hep_yaml_fail(r->doc, node, r->err, "%s must be verified or general, not '%s'",
                             key->name, text ? text : hep_yaml_type_name(hep_yaml_type(node)));
    memcpy(to, &mark, sizeof mark);
    return HEP_OK;
}

static int read_number(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                       void *to)
{
    double x;
    int rc = hep_yaml_number(&x, r->doc, node, r->err);

    if (rc != HEP_OK)
        return rc;
    if (!(x >= key->min && x <= key->max))
        return hep_yaml_fail(r->doc, node, r->err, "%s is %g, allowed are %g to %g", key->name, x,
                             key->min, key->max);
    x *= key->scale;
    memcpy(to, &x, sizeof x);
    return HEP_OK;
}

static int read_pair(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                     void *to)
{
    double pair[2] = { 0, 0 };
    int rc = want_type(r, node, HEP_YAML_SEQUENCE, key->name);

    if (rc != HEP_OK)
        return rc;
    if (hep_yaml_size(node) != 2)
        return hep_yaml_fail(r->doc, node, r->err, "%s needs two numbers, got %zu", key->name,
                             hep_yaml_size(node));
    for (size_t i = 0; i < 2; i++) {
        rc = read_number(r, hep_yaml_at(node, i), key, &pair[i]);
        if (rc != HEP_OK)
            return rc;
    }
    if (pair[0] > pair[1])
        return hep_yaml_fail(r->doc, node, r->err, "%s falls from %g to %g, it must not", key->name,
                             pair[0], pair[1]);
    memcpy(to, pair, sizeof pair);
    return HEP_OK;
}

/** {value, source, mark}; the limits are those of the key that holds it. */
static int read_sourced(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                        void *to)
{
    const struct key keys[] = {
        { "value", read_number, offsetof(struct hep_sourced, value), key->min, key->max, key->scale,
          true },
        { "source", read_text, offsetof(struct hep_sourced, source), 0, 0, 0, true },
        { "mark", read_mark, offsetof(struct hep_sourced, mark), 0, 0, 0, true },
    };
    return read_mapping(r, node, key->name, keys, sizeof keys / sizeof keys[0], to);
}

struct sourced_range {
    double range[2];
    const char *source;
    enum hep_mark mark;
};

static int read_sourced_range(const struct reader *r, const struct hep_yaml *node,
                              const struct key *key, void *to)
{
    const struct key keys[] = {
        { "range", read_pair, offsetof(struct sourced_range, range), key->min, key->max, key->scale,
          true },
        { "source", read_text, offsetof(struct sourced_range, source), 0, 0, 0, true },
        { "mark", read_mark, offsetof(struct sourced_range, mark), 0, 0, 0, true },
    };
    struct sourced_range both = { { 0 }, NULL, HEP_MARK_GENERAL };
    struct hep_sourced *out = to;
    int rc = read_mapping(r, node, key->name, keys, sizeof keys / sizeof keys[0], &both);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < 2; i++)
        out[i] = (struct hep_sourced){ both.range[i], both.source, both.mark };
    return HEP_OK;
}

static const struct key relaxivity_keys[] = {
    { "field_t", read_number, offsetof(struct hep_relaxivity, field_t), 0.01, 25, 1, true },
    { "r1_blood", read_number, offsetof(struct hep_relaxivity, r1_blood), 0.1, 100, 1, true },
    { "r1_hepatocyte", read_number, offsetof(struct hep_relaxivity, r1_hepatocyte), 0.1, 100, 1,
      true },
    { "r2_blood", read_number, offsetof(struct hep_relaxivity, r2_blood), 0.1, 500, 1, true },
    { "source", read_text, offsetof(struct hep_relaxivity, source), 0, 0, 0, true },
    { "mark", read_mark, offsetof(struct hep_relaxivity, mark), 0, 0, 0, true },
};

static int read_relaxivities(const struct reader *r, const struct hep_yaml *node,
                             const struct key *key, void *to)
{
    struct hep_agent *agent = to;
    int rc = want_type(r, node, HEP_YAML_SEQUENCE, key->name);

    if (rc != HEP_OK)
        return rc;
    if (hep_yaml_size(node) < 1 || hep_yaml_size(node) > HEP_AGENT_MAX_FIELDS)
        return hep_yaml_fail(r->doc, node, r->err, "%s needs 1 to %d fields, got %zu", key->name,
                             HEP_AGENT_MAX_FIELDS, hep_yaml_size(node));
    for (size_t i = 0; i < hep_yaml_size(node); i++) {
        struct hep_relaxivity *f = &agent->fields[i];
        rc = read_mapping(r, hep_yaml_at(node, i), key->name, relaxivity_keys,
                          sizeof relaxivity_keys / sizeof relaxivity_keys[0], f);
        if (rc != HEP_OK)
            return rc;
        if (i > 0 && f->field_t <= f[-1].field_t)
            return hep_yaml_fail(r->doc, hep_yaml_at(node, i), r->err,
                                 "field_t must rise, got %g after %g T", f->field_t, f[-1].field_t);
    }
    agent->n_fields = hep_yaml_size(node);
    return HEP_OK;
}

static size_t count_letters(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
    return n;
}

static int read_aliases(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                        void *to)
{
    struct hep_agent *agent = to;
    int rc = want_type(r, node, HEP_YAML_SEQUENCE, key->name);

    if (rc != HEP_OK)
        return rc;
    if (hep_yaml_size(node) < 1 || hep_yaml_size(node) > HEP_AGENT_MAX_ALIASES)
        return hep_yaml_fail(r->doc, node, r->err, "%s needs 1 to %d names, got %zu", key->name,
                             HEP_AGENT_MAX_ALIASES, hep_yaml_size(node));
    for (size_t i = 0; i < hep_yaml_size(node); i++) {
        const char **alias = &agent->aliases[i];
        rc = read_text(r, hep_yaml_at(node, i), key, alias);
        if (rc != HEP_OK)
            return rc;
        if (strlen(*alias) > MAX_ALIAS || count_letters(*alias) < 3)
            return hep_yaml_fail(r->doc, hep_yaml_at(node, i), r->err,
                                 "alias '%.60s' must hold at least 3 letters a-z and at most %d "
                                 "bytes",
                                 *alias, MAX_ALIAS);
    }
    agent->n_aliases = hep_yaml_size(node);
    return HEP_OK;
}

static const struct key window_keys[] = {
    { "window", read_pair, offsetof(struct hep_window, window_s), 0, 86400, 1, true },
    { "nominal", read_pair, offsetof(struct hep_window, nominal_s), 0, 86400, 1, true },
    { "source", read_text, offsetof(struct hep_window, source), 0, 0, 0, true },
    { "mark", read_mark, offsetof(struct hep_window, mark), 0, 0, 0, true },
};

static int read_one_window(const struct reader *r, const struct hep_yaml *node,
                           const struct key *key, void *to)
{
    struct hep_window *w = to;
    int rc = read_mapping(r, node, key->name, window_keys,
                          sizeof window_keys / sizeof window_keys[0], w);

    if (rc != HEP_OK)
        return rc;
    if (w->nominal_s[0] < w->window_s[0] || w->nominal_s[1] > w->window_s[1])
        return hep_yaml_fail(
            r->doc, node, r->err, "nominal %g-%g s of %s does not lie in its window %g-%g s",
            w->nominal_s[0], w->nominal_s[1], key->name, w->window_s[0], w->window_s[1]);
    w->defined = true;
    return HEP_OK;
}

/** One key per phase that has a time after injection. */
static size_t phase_keys(struct key keys[HEP_PHASE_COUNT])
{
    size_t n = 0;

    for (size_t p = HEP_PHASE_ARTERIAL; p < HEP_PHASE_COUNT; p++)
        keys[n++] = (struct key){ .name = hep_phase_name((enum hep_phase)p),
                                  .read = read_one_window,
                                  .offset = p * sizeof(struct hep_window) };
    return n;
}

static int read_windows(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                        void *to)
{
    struct key keys[HEP_PHASE_COUNT];
    size_t n = phase_keys(keys);

    return read_mapping(r, node, key->name, keys, n, to);
}

static int read_phase_list(const struct reader *r, const struct hep_yaml *node,
                           const struct key *key, void *to)
{
    struct key keys[HEP_PHASE_COUNT];
    const char *names[HEP_PHASE_COUNT];
    size_t n = phase_keys(keys);
    bool *allowed = to;
    int rc = want_type(r, node, HEP_YAML_SEQUENCE, key->name);

    for (size_t k = 0; k < n; k++)
        names[k] = keys[k].name;
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        const char *word = "";
        const char *near;
        size_t k = 0;
        rc = read_text(r, hep_yaml_at(node, i), key, &word);
        if (rc != HEP_OK)
            break;
        while (k < n && strcmp(names[k], word) != 0)
            k++;
        near = k < n ? NULL : hep_did_you_mean(word, names, n);
        if (k == n)
            return hep_yaml_fail(r->doc, hep_yaml_at(node, i), r->err, "unknown phase '%s'%s%s%s",
                                 word, near ? "; did you mean '" : "", near ? near : "",
                                 near ? "'?" : "");
        allowed[HEP_PHASE_ARTERIAL + k] = true;
    }
    return rc;
}

struct washout {
    bool allowed[HEP_PHASE_COUNT];
    const char *source;
    enum hep_mark mark;
};

static int read_washout(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                        void *to)
{
    static const struct key keys[] = {
        { "phases", read_phase_list, offsetof(struct washout, allowed), 0, 0, 0, true },
        { "source", read_text, offsetof(struct washout, source), 0, 0, 0, true },
        { "mark", read_mark, offsetof(struct washout, mark), 0, 0, 0, true },
    };
    struct washout w = { { false }, NULL, HEP_MARK_GENERAL };
    struct hep_agent *agent = to;
    int rc = read_mapping(r, node, key->name, keys, sizeof keys / sizeof keys[0], &w);

    if (rc != HEP_OK)
        return rc;
    memcpy(agent->washout, w.allowed, sizeof w.allowed);
    agent->washout_source = w.source;
    agent->washout_mark = w.mark;
    return HEP_OK;
}

#define AT(member) offsetof(struct hep_agent, member)
static const struct key agent_keys[] = {
    { "name", read_text, AT(name), 0, 0, 0, true },
    { "short", read_text, AT(short_name), 0, 0, 0, true },
    { "title", read_text, AT(title), 0, 0, 0, true },
    { "aliases", read_aliases, 0, 0, 0, 0, true },
    { "dose_mmol_per_kg", read_sourced, AT(dose_mmol_per_kg), 0.001, 1, 1, true },
    { "hepatic_frac", read_sourced, AT(hepatic_frac), 0, 1, 1, true },
    { "plasma_decay_per_min", read_sourced, AT(plasma_decay_per_s), 0, 1, 1.0 / 60.0, true },
    { "uptake_relative", read_sourced, AT(uptake_relative), 0, 10, 1, true },
    { "uptake_start_s", read_sourced, AT(uptake_start_s), 0, 86400, 1, false },
    { "relaxivities", read_relaxivities, 0, 0, 0, 0, true },
    { "field_range_t", read_pair, AT(field_range_t), 0.01, 25, 1, true },
    { "windows_s", read_windows, AT(windows), 0, 0, 0, true },
    { "washout", read_washout, 0, 0, 0, 0, true },
    { "hbp_adequate_above", read_sourced, AT(hbp_adequate_above), 0.1, 10, 1, false },
    { "hbp_inadequate_up_to", read_sourced, AT(hbp_inadequate_up_to), 0.1, 10, 1, false },
    { "muscle_re_dynamic", read_sourced_range, AT(muscle_re_dynamic), -0.5, 3, 1, false },
    { "muscle_re_hepatobiliary", read_sourced_range, AT(muscle_re_hbp), -0.5, 3, 1, false },
};
#undef AT

static void agent_init(struct hep_agent *a)
{
    const struct hep_sourced none = { (double)NAN, NULL, HEP_MARK_GENERAL };

    memset(a, 0, sizeof *a);
    a->uptake_start_s = a->hbp_adequate_above = a->hbp_inadequate_up_to = none;
    for (size_t i = 0; i < 2; i++)
        a->muscle_re_dynamic[i] = a->muscle_re_hbp[i] = none;
}

/** What no single key can know. */
static int check_agent(const struct reader *r, const struct hep_yaml *node,
                       const struct hep_agent *a)
{
    bool hbp = a->windows[HEP_PHASE_HEPATOBILIARY].defined;

    if (hbp != isfinite(a->hbp_adequate_above.value) ||
        hbp != isfinite(a->hbp_inadequate_up_to.value))
        return hep_yaml_fail(r->doc, node, r->err,
                             "%s: hbp_adequate_above and hbp_inadequate_up_to go with a "
                             "hepatobiliary window, all three or none",
                             a->name);
    if (hbp && a->hbp_inadequate_up_to.value > a->hbp_adequate_above.value)
        return hep_yaml_fail(r->doc, node, r->err,
                             "%s: hbp_inadequate_up_to %g exceeds hbp_adequate_above %g", a->name,
                             a->hbp_inadequate_up_to.value, a->hbp_adequate_above.value);
    if (a->windows[HEP_PHASE_DELAYED].defined && a->windows[HEP_PHASE_TRANSITIONAL].defined)
        return hep_yaml_fail(r->doc, node, r->err,
                             "%s has a delayed and a transitional window: the time after the "
                             "portal venous phase is one of them",
                             a->name);
    for (size_t p = 0; p < HEP_PHASE_COUNT; p++)
        if (a->washout[p] && !a->windows[p].defined)
            return hep_yaml_fail(r->doc, node, r->err,
                                 "%s: washout is judged in the %s phase, which has no window",
                                 a->name, hep_phase_name((enum hep_phase)p));
    return HEP_OK;
}

static int read_agents(const struct reader *r, const struct hep_yaml *node, const struct key *key,
                       void *to)
{
    struct hep_agents *set = to;
    int rc = want_type(r, node, HEP_YAML_SEQUENCE, key->name);

    if (rc != HEP_OK)
        return rc;
    if (hep_yaml_size(node) < 1 || hep_yaml_size(node) > MAX_AGENTS)
        return hep_yaml_fail(r->doc, node, r->err, "%s needs 1 to %d entries, got %zu", key->name,
                             MAX_AGENTS, hep_yaml_size(node));
    if (HEP_NEW(set->list, hep_yaml_size(node), r->err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < hep_yaml_size(node); i++) {
        const struct hep_yaml *item = hep_yaml_at(node, i);
        struct hep_agent *a = &set->list[i];
        agent_init(a);
        rc = read_mapping(r, item, "an agent", agent_keys, sizeof agent_keys / sizeof agent_keys[0],
                          a);
        if (rc == HEP_OK)
            rc = check_agent(r, item, a);
        if (rc != HEP_OK)
            return rc;
        for (size_t k = 0; k < i; k++)
            if (!strcmp(a->name, set->list[k].name) ||
                !strcmp(a->short_name, set->list[k].short_name))
                return hep_yaml_fail(r->doc, item, r->err, "agent %s (%s) stands here twice",
                                     a->name, a->short_name);
    }
    set->n = hep_yaml_size(node);
    return HEP_OK;
}

int hep_agents_parse(struct hep_agents **out, const char *text, size_t n, const char *name,
                     struct hep_error *err)
{
    static const struct key root_keys[] = { { "agents", read_agents, 0, 0, 0, 0, true } };
    struct hep_agents *set = hep_calloc(1, sizeof *set, err);
    struct reader r = { NULL, err };
    int rc;

    if (!set)
        return HEP_ENOMEM;
    rc = hep_yaml_parse(&set->doc, text, n, name, err);
    if (rc != HEP_OK)
        goto out;
    r.doc = set->doc;
    if (!hep_yaml_root(set->doc)) {
        rc = HEP_FAIL(err, HEP_ECONFIG, "%s:1:1: empty, a list of agents is needed", name);
        goto out;
    }
    rc = read_mapping(&r, hep_yaml_root(set->doc), "the file", root_keys, 1, set);
    if (rc != HEP_OK)
        goto out;
    rc = hep_agents_index(set, err);
    if (rc != HEP_OK)
        goto out;
    *out = set;
    set = NULL;
out:
    hep_agents_free(set);
    return rc;
}

int hep_agents_read(struct hep_agents **out, const char *path, struct hep_error *err)
{
    char *text = NULL;
    size_t n = 0;
    int rc = hep_file_read(&text, &n, path, MAX_FILE_BYTES, err);

    if (rc == HEP_OK)
        rc = hep_agents_parse(out, text, n, path, err);
    free(text);
    return rc;
}
