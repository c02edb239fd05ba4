#include "contrast/agent_set.h"

#include "base/text.h"

#include <strings.h>

void hep_agents_free(struct hep_agents *set)
{
    if (!set)
        return;
    hep_yaml_free(set->doc);
    free(set->list);
    free(set->keys);
    free(set->plain);
    free(set);
}

/** Two names per agent, for suggestions; the tail is unused when there are more agents. */
static size_t collect_names(const char **names, size_t cap, const struct hep_agents *set)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n && n + 2 <= cap; i++) {
        names[n++] = set->list[i].name;
        names[n++] = set->list[i].short_name;
    }
    return n;
}

int hep_agents_find(const struct hep_agent **out, const struct hep_agents *set, const char *name,
                    struct hep_error *err)
{
    const char *names[32];
    struct hep_str known = { 0 };
    struct hep_agent_match match;
    const char *near;
    int rc;

    for (size_t i = 0; i < set->n; i++)
        if (!strcasecmp(name, set->list[i].name) || !strcasecmp(name, set->list[i].short_name)) {
            *out = &set->list[i];
            return HEP_OK;
        }
    hep_agents_resolve(&match, set, name);
    if (match.agent != NULL) {
        *out = match.agent;
        return HEP_OK;
    }
    for (size_t i = 0; i < set->n; i++)
        hep_str_addf(&known, "%s%s", i ? ", " : "", set->list[i].name);
    rc = hep_str_check(&known, err);
    if (rc != HEP_OK)
        goto out;
    near = hep_did_you_mean(name, names, collect_names(names, 32, set));
    rc = HEP_FAIL(err, HEP_ECONFIG, "unknown contrast agent '%s', known are %s%s%s%s", name,
                  known.s ? known.s : "none", near ? "; did you mean '" : "", near ? near : "",
                  near ? "'?" : "");
out:
    hep_str_release(&known);
    return rc;
}

int hep_agent_relaxivity(struct hep_relaxivity *out, const struct hep_agent *agent, double b0_t,
                         struct hep_error *err)
{
    const struct hep_relaxivity *f = agent->fields;
    size_t n = agent->n_fields;
    size_t hi = 0;
    double w;

    if (!(b0_t >= agent->field_range_t[0] && b0_t <= agent->field_range_t[1]))
        return HEP_FAIL(err, HEP_EINVAL, "relaxivity of %s is known from %g to %g T, not at %g T",
                        agent->name, agent->field_range_t[0], agent->field_range_t[1], b0_t);
    while (hi < n && f[hi].field_t < b0_t)
        hi++;
    if (hi < n && f[hi].field_t <= b0_t) {
        *out = f[hi];
        return HEP_OK;
    }
    if (hi == 0 || hi == n) {
        *out = f[hi == 0 ? 0 : n - 1];
        out->extrapolated = true;
    } else {
        const struct hep_relaxivity *lo = &f[hi - 1];
        w = (b0_t - lo->field_t) / (f[hi].field_t - lo->field_t);
        *out = w < 0.5 ? *lo : f[hi];
        out->r1_blood = lo->r1_blood + w * (f[hi].r1_blood - lo->r1_blood);
        out->r1_hepatocyte = lo->r1_hepatocyte + w * (f[hi].r1_hepatocyte - lo->r1_hepatocyte);
        out->r2_blood = lo->r2_blood + w * (f[hi].r2_blood - lo->r2_blood);
        out->interpolated = true;
    }
    out->field_t = b0_t;
    out->mark = HEP_MARK_GENERAL;
    return HEP_OK;
}

enum hep_phase hep_agent_phase(const struct hep_agent *agent, enum hep_phase phase)
{
    if (phase == HEP_PHASE_DELAYED && !agent->windows[HEP_PHASE_DELAYED].defined &&
        agent->windows[HEP_PHASE_TRANSITIONAL].defined)
        return HEP_PHASE_TRANSITIONAL;
    if (phase == HEP_PHASE_TRANSITIONAL && !agent->windows[HEP_PHASE_TRANSITIONAL].defined &&
        agent->windows[HEP_PHASE_DELAYED].defined)
        return HEP_PHASE_DELAYED;
    return phase;
}

bool hep_agent_is_unknown(const char *text)
{
    return text != NULL && strcasecmp(text, "unknown") == 0;
}

void hep_agents_suppose(struct hep_agent *agent, const struct hep_agents *set)
{
    for (int p = 0; p < HEP_PHASE_COUNT; p++)
        for (size_t i = 0; i < set->n; i++)
            agent->washout[p] = agent->washout[p] && set->list[i].washout[p];
    agent->name = "unknown";
    agent->washout_source = "the agent is not known: only where it may be judged with every agent";
}

bool hep_agent_washout_allowed(const struct hep_agent *agent, enum hep_phase phase, char *reason,
                               size_t n)
{
    enum hep_phase canonical = hep_agent_phase(agent, phase);
    bool allowed = (unsigned)canonical < HEP_PHASE_COUNT && agent->washout[canonical];

    if (reason && n > 0)
        (void)snprintf(reason, n, "washout %s be judged in the %s phase with %s (%s)",
                       allowed ? "may" : "may not", hep_phase_name(canonical), agent->name,
                       agent->washout_source);
    return allowed;
}
