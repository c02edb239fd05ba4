/* Reading agents.yml: every mapping is described by a table of its keys, so that unknown, missing
 * and misplaced keys are found in one place. */
#include "contrast/agent_set.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/number.h"
#include "base/schema.h"

#include <math.h>

#define MAX_FILE_BYTES ((size_t)1 << 20)
#define MAX_AGENTS 16
#define MAX_ALIAS 30 /* normalised: at most twice as long, and two blanks */

const char *const hep_mark_words[] = { "general", "verified", "fitted", NULL };

#define SOURCED(strct)                                                                             \
    HEP_KEY(strct, source, "source", hep_read_text, .required = true),                             \
        HEP_KEY(strct, mark, "mark", hep_read_choice, .required = true, .words = hep_mark_words)

/** {value, source, mark}; the limits are those of the key that holds it. */
static int read_sourced(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    const struct hep_key keys[] = {
        HEP_KEY(struct hep_sourced, value, "value", hep_read_number, .required = true,
                .min = key->min, .max = key->max, .scale = key->scale),
        SOURCED(struct hep_sourced),
        { 0 },
    };
    return hep_read_mapping(r, node, key->name, keys, to);
}

struct sourced_range {
    double range[2];
    const char *source;
    enum hep_mark mark;
};

static int read_sourced_range(const struct hep_reader *r, const struct hep_yaml *node,
                              const struct hep_key *key, void *to)
{
    const struct hep_key keys[] = {
        HEP_KEY(struct sourced_range, range, "range", hep_read_pair, .required = true,
                .min = key->min, .max = key->max, .scale = key->scale),
        SOURCED(struct sourced_range),
        { 0 },
    };
    struct sourced_range both = { { 0 }, NULL, HEP_MARK_GENERAL };
    struct hep_sourced *out = to;
    int rc = hep_read_mapping(r, node, key->name, keys, &both);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < 2; i++)
        out[i] = (struct hep_sourced){ both.range[i], both.source, both.mark };
    return HEP_OK;
}

static const struct hep_key relaxivity_keys[] = {
    HEP_KEY(struct hep_relaxivity, field_t, "field_t", hep_read_number, .required = true,
            .min = 0.01, .max = 25),
    HEP_KEY(struct hep_relaxivity, r1_blood, "r1_blood", hep_read_number, .required = true,
            .min = 0.1, .max = 100),
    HEP_KEY(struct hep_relaxivity, r1_hepatocyte, "r1_hepatocyte", hep_read_number,
            .required = true, .min = 0.1, .max = 100),
    HEP_KEY(struct hep_relaxivity, r2_blood, "r2_blood", hep_read_number, .required = true,
            .min = 0.1, .max = 500),
    SOURCED(struct hep_relaxivity),
    { 0 },
};

static int read_relaxivities(const struct hep_reader *r, const struct hep_yaml *node,
                             const struct hep_key *key, void *to)
{
    struct hep_relaxivity *f = to;
    struct hep_agent *agent = (struct hep_agent *)(void *)((char *)to - key->offset);
    int rc = hep_want_list(r, node, key->name, 1, HEP_AGENT_MAX_FIELDS);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        rc = hep_read_mapping(r, hep_yaml_at(node, i), key->name, relaxivity_keys, &f[i]);
        if (rc == HEP_OK && i > 0 && f[i].field_t <= f[i - 1].field_t)
            rc = hep_yaml_fail(r->doc, hep_yaml_at(node, i), r->err,
                               "field_t must rise, got %g after %g T", f[i].field_t,
                               f[i - 1].field_t);
    }
    agent->n_fields = hep_yaml_size(node);
    return rc;
}

static size_t count_letters(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += hep_is_letter(*s);
    return n;
}

static int read_aliases(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    const char **alias = to;
    struct hep_agent *agent = (struct hep_agent *)(void *)((char *)to - key->offset);
    int rc = hep_want_list(r, node, key->name, 1, HEP_AGENT_MAX_ALIASES);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        rc = hep_read_text(r, hep_yaml_at(node, i), key, &alias[i]);
        if (rc == HEP_OK && (strlen(alias[i]) > MAX_ALIAS || count_letters(alias[i]) < 3))
            rc = hep_yaml_fail(r->doc, hep_yaml_at(node, i), r->err,
                               "alias '%.60s' must hold at least 3 letters a-z and at most %d "
                               "bytes",
                               alias[i], MAX_ALIAS);
    }
    agent->n_aliases = hep_yaml_size(node);
    return rc;
}

static const struct hep_key window_keys[] = {
    HEP_KEY(struct hep_window, window_s, "window", hep_read_pair, .required = true, .min = 0,
            .max = 86400),
    HEP_KEY(struct hep_window, nominal_s, "nominal", hep_read_pair, .required = true, .min = 0,
            .max = 86400),
    SOURCED(struct hep_window),
    { 0 },
};

static int read_one_window(const struct hep_reader *r, const struct hep_yaml *node,
                           const struct hep_key *key, void *to)
{
    struct hep_window *w = to;
    int rc = hep_read_mapping(r, node, key->name, window_keys, w);

    if (rc != HEP_OK)
        return rc;
    if (w->nominal_s[0] < w->window_s[0] || w->nominal_s[1] > w->window_s[1])
        return hep_yaml_fail(
            r->doc, node, r->err, "nominal %g-%g s of %s does not lie in its window %g-%g s",
            w->nominal_s[0], w->nominal_s[1], key->name, w->window_s[0], w->window_s[1]);
    w->defined = true;
    return HEP_OK;
}

/** Names of the phases that have a time after injection: word i is phase HEP_PHASE_ARTERIAL + i. */
static size_t phase_names(const char *names[HEP_PHASE_COUNT])
{
    for (int p = HEP_PHASE_ARTERIAL; p < HEP_PHASE_COUNT; p++)
        names[p - HEP_PHASE_ARTERIAL] = hep_phase_name((enum hep_phase)p);
    return HEP_PHASE_COUNT - HEP_PHASE_ARTERIAL;
}

/** A mapping with a key for each phase; `like` is that of one of them, without name and place. */
static int read_by_phase(const struct hep_reader *r, const struct hep_yaml *node,
                         const struct hep_key *key, struct hep_key like, size_t size, void *to)
{
    const char *names[HEP_PHASE_COUNT];
    struct hep_key keys[HEP_PHASE_COUNT + 1] = { { 0 } };
    const size_t n = phase_names(names);

    for (size_t k = 0; k < n; k++) {
        keys[k] = like;
        keys[k].name = names[k];
        keys[k].offset = (HEP_PHASE_ARTERIAL + k) * size;
    }
    return hep_read_mapping(r, node, key->name, keys, to);
}

static int read_windows(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    return read_by_phase(r, node, key, (struct hep_key){ .read = read_one_window },
                         sizeof(struct hep_window), to);
}

static int read_muscle(const struct hep_reader *r, const struct hep_yaml *node,
                       const struct hep_key *key, void *to)
{
    return read_by_phase(r, node, key,
                         (struct hep_key){ .read = read_sourced_range, .min = -0.5, .max = 3.0 },
                         sizeof(struct hep_sourced[2]), to);
}

static int read_phase_list(const struct hep_reader *r, const struct hep_yaml *node,
                           const struct hep_key *key, void *to)
{
    const char *names[HEP_PHASE_COUNT];
    const size_t n = phase_names(names);
    bool *allowed = to;
    int rc = hep_want_type(r, node, HEP_YAML_SEQUENCE, key->name);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        size_t k = 0;

        rc = hep_find_word(&k, r, hep_yaml_at(node, i), "phase", names, n);
        if (rc == HEP_OK)
            allowed[HEP_PHASE_ARTERIAL + k] = true;
    }
    return rc;
}

static int read_washout(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    static const struct hep_key keys[] = {
        HEP_KEY(struct hep_agent, washout, "phases", read_phase_list, .required = true),
        HEP_KEY(struct hep_agent, washout_source, "source", hep_read_text, .required = true),
        HEP_KEY(struct hep_agent, washout_mark, "mark", hep_read_choice, .required = true,
                .words = hep_mark_words),
        { 0 },
    };

    return hep_read_mapping(r, node, key->name, keys, (char *)to - key->offset);
}

static const struct hep_key agent_keys[] = {
    HEP_KEY(struct hep_agent, name, "name", hep_read_text, .required = true),
    HEP_KEY(struct hep_agent, short_name, "short", hep_read_text, .required = true),
    HEP_KEY(struct hep_agent, title, "title", hep_read_text, .required = true),
    HEP_KEY(struct hep_agent, aliases, "aliases", read_aliases, .required = true),
    HEP_KEY(struct hep_agent, dose_mmol_per_kg, "dose_mmol_per_kg", read_sourced, .required = true,
            .min = 0.001, .max = 1),
    HEP_KEY(struct hep_agent, hepatic_frac, "hepatic_frac", read_sourced, .required = true,
            .min = 0, .max = 1),
    HEP_KEY(struct hep_agent, plasma_decay_per_s, "plasma_decay_per_min", read_sourced,
            .required = true, .min = 0, .max = 1, .scale = 1.0 / 60.0),
    HEP_KEY(struct hep_agent, uptake_relative, "uptake_relative", read_sourced, .required = true,
            .min = 0, .max = 10),
    HEP_KEY(struct hep_agent, uptake_start_s, "uptake_start_s", read_sourced, .min = 0,
            .max = 86400),
    HEP_KEY(struct hep_agent, fields, "relaxivities", read_relaxivities, .required = true),
    HEP_KEY(struct hep_agent, field_range_t, "field_range_t", hep_read_pair, .required = true,
            .min = 0.01, .max = 25),
    HEP_KEY(struct hep_agent, windows, "windows_s", read_windows, .required = true),
    HEP_KEY(struct hep_agent, washout, "washout", read_washout, .required = true),
    HEP_KEY(struct hep_agent, hbp_adequate_above, "hbp_adequate_above", read_sourced, .min = 0.1,
            .max = 10),
    HEP_KEY(struct hep_agent, hbp_inadequate_up_to, "hbp_inadequate_up_to", read_sourced,
            .min = 0.1, .max = 10),
    HEP_KEY(struct hep_agent, muscle_re, "muscle_re", read_muscle, .required = false),
    { 0 },
};

static void agent_init(struct hep_agent *a)
{
    const struct hep_sourced none = { (double)NAN, NULL, HEP_MARK_GENERAL };

    memset(a, 0, sizeof *a);
    a->uptake_start_s = a->hbp_adequate_above = a->hbp_inadequate_up_to = none;
    for (size_t p = 0; p < HEP_PHASE_COUNT; p++)
        a->muscle_re[p][0] = a->muscle_re[p][1] = none;
}

/** What no single key can know. */
static int check_agent(const struct hep_reader *r, const struct hep_yaml *node,
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

static int read_agents(const struct hep_reader *r, const struct hep_yaml *node,
                       const struct hep_key *key, void *to)
{
    struct hep_agents *set = to;
    int rc = hep_want_list(r, node, key->name, 1, MAX_AGENTS);

    if (rc == HEP_OK)
        rc = HEP_NEW(set->list, hep_yaml_size(node), r->err);
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(node); i++) {
        const struct hep_yaml *item = hep_yaml_at(node, i);
        struct hep_agent *a = &set->list[i];

        agent_init(a);
        rc = hep_read_mapping(r, item, "an agent", agent_keys, a);
        if (rc == HEP_OK)
            rc = check_agent(r, item, a);
        for (size_t k = 0; rc == HEP_OK && k < i; k++)
            if (strcmp(a->name, set->list[k].name) == 0 ||
                strcmp(a->short_name, set->list[k].short_name) == 0)
                rc = hep_yaml_fail(r->doc, item, r->err, "agent %s (%s) stands here twice", a->name,
                                   a->short_name);
        set->n += rc == HEP_OK;
    }
    return rc;
}

int hep_agents_parse(struct hep_agents **out, const char *text, size_t n, const char *name,
                     struct hep_error *err)
{
    static const struct hep_key keys[] = {
        { .name = "agents", .read = read_agents, .required = true },
        { 0 },
    };
    struct hep_agents *set = hep_calloc(1, sizeof *set, err);
    int rc = set != NULL ? hep_yaml_parse(&set->doc, text, n, name, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_read_mapping(&(struct hep_reader){ set->doc, err }, hep_yaml_root(set->doc),
                              "the file", keys, set);
    if (rc == HEP_OK)
        rc = hep_agents_index(set, err);
    if (rc == HEP_OK)
        *out = set;
    else
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
