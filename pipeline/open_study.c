#include "pipeline/open_study.h"

#include "sequences/bids_name.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>

static void name_study(struct hep_open_study *s)
{
    const char *subject = s->inventory->subject, *session = s->inventory->session;
    const bool has_session = session != NULL;

    (void)snprintf(s->label, sizeof s->label, "sub-%s%s%s", subject, has_session ? "_ses-" : "",
                   has_session ? session : "");
    (void)snprintf(s->relative, sizeof s->relative, "sub-%s%s%s", subject,
                   has_session ? "/ses-" : "", has_session ? session : "");
}

/* The name that the user gives to a study whose folder is called as another's. */
static int rename_subject(struct hep_open_study *s, struct hep_error *err)
{
    const char *name = s->subject;
    char *copy;

    if (name == NULL)
        return HEP_OK;
    if (hep_starts_with(name, "sub-"))
        name += strlen("sub-");
    if (!hep_bids_is_label(name))
        return HEP_FAIL(err, HEP_EUSAGE,
                        "--label %s: a label has 1 to %d letters and digits, as BIDS wants it",
                        s->subject, HEP_BIDS_VALUE - 1);
    copy = hep_strdup(name, err);
    if (copy == NULL)
        return HEP_ENOMEM;
    free(s->inventory->subject);
    s->inventory->subject = copy;
    return HEP_OK;
}

static int scan(struct hep_open_study *s, const char *study, struct hep_error *err)
{
    const struct hep_lines *bad = s->unreadable;
    int rc = hep_inventory_scan_links(&s->inventory, study, s->follow_links, err);

    for (size_t i = 0; rc == HEP_OK && bad != NULL && i + 1 < bad->n; i += 2)
        rc = hep_inventory_leave_out(s->inventory, bad->line[i], bad->line[i + 1], err);
    return rc == HEP_OK ? rename_subject(s, err) : rc;
}

/* Why a series has no part in the study: what is wrong with it, else what is not known of it. */
static const char *reason_of(const struct hep_series *s)
{
    return s->left_out != NULL ? s->left_out
           : s->warnings.n > 0 ? s->warnings.line[0]
           : s->reasons.n > 0  ? s->reasons.line[s->reasons.n - 1]
                               : "nothing says what this is";
}

/* A study of which nothing but masks is left cannot be run. */
static int check_anything_left(const struct hep_inventory *inventory, const char *study,
                               struct hep_error *err)
{
    char reasons[400] = "";
    size_t used = 0;

    for (size_t i = 0; i < inventory->n_series; i++) {
        const struct hep_series *s = &inventory->series[i];
        const char *why = reason_of(s), *name = hep_starts_with(why, s->name) ? "" : s->name;

        if (hep_role_is_mask(s->role))
            continue;
        if (s->selected)
            return HEP_OK;
        if (used + strlen(name) + strlen(why) + sizeof ": ; " < sizeof reasons)
            used += (size_t)snprintf(reasons + used, sizeof reasons - used, "%s%s%s%s",
                                     used > 0 ? "; " : ": ", name, *name != '\0' ? ": " : "", why);
    }
    return HEP_FAIL(err, HEP_EDATA, "%s: no series is left%s", study, reasons);
}

static const double bopta_from_s = 3600.0; /* its hepatobiliary window, agents.yml */

/* Without a name of the agent: a hepatobiliary phase tells that it is one that hepatocytes take up,
 * and its time which. Unknown times count as gadoxetate, whose washout rules are the stricter. */
const char *hep_choose_protocol(char *why, size_t n, const struct hep_inventory *inventory,
                                const struct hep_agent *agent)
{
    bool dynamic = hep_inventory_find(inventory, HEP_ROLE_ARTERIAL) != NULL ||
                   hep_inventory_find(inventory, HEP_ROLE_PORTAL_VENOUS) != NULL ||
                   hep_inventory_find(inventory, HEP_ROLE_DYNAMIC) != NULL;
    const struct hep_series *hbp = hep_inventory_find(inventory, HEP_ROLE_HEPATOBILIARY);

    if (dynamic && agent != NULL) {
        (void)snprintf(why, n, "the agent is %s and there are dynamic phases", agent->name);
        if (strcmp(agent->name, "gadobenate") == 0)
            return "bopta-full";
        return strcmp(agent->name, "gadoxetate") == 0 ? "eob-full" : "eca-full";
    }
    if (dynamic && hbp != NULL) {
        (void)snprintf(why, n, "nothing names the agent, and there is a hepatobiliary phase");
        return hbp->time_since_injection_s >= bopta_from_s ? "bopta-full" : "eob-full";
    }
    if (dynamic) {
        (void)snprintf(why, n, "there are dynamic phases and nothing names the agent");
        return "eca-full";
    }
    if (hbp != NULL) {
        (void)snprintf(why, n, "there is a hepatobiliary phase without dynamic phases");
        return "amri-hbp";
    }
    (void)snprintf(why, n, "there is no contrast series");
    return "amri-noncontrast";
}

/* The study's own agent counts; the protocol's when the study names none. Windows of the protocol
 * hold for the protocol's agent only. */
static int settle_agent(struct hep_open_study *s, struct hep_log *log, struct hep_error *err)
{
    struct hep_config *cfg = &s->config;
    struct hep_agent_match match = { 0 };
    bool fixed = strcmp(cfg->agent.s, "auto") != 0 && strcmp(cfg->agent.s, "none") != 0;
    const char *text = s->inventory->agent_text;
    int rc;

    if (s->only_planned && strcmp(cfg->agent.s, "none") == 0)
        return hep_config_agent(&s->agent_storage, cfg, s->agents, err);
    if (text != NULL)
        hep_agents_resolve(&match, s->agents, text);
    if (text != NULL && match.agent == NULL && !hep_agent_is_unknown(text))
        hep_log_write(log, HEP_LOG_WARNING, "agent-unknown", "%s; the protocol's agent (%s) counts",
                      match.warning, cfg->agent.s);
    if (!fixed)
        (void)snprintf(cfg->agent.s, sizeof cfg->agent.s, "%s",
                       match.agent != NULL ? match.agent->name : "none");
    rc = hep_config_agent(&s->agent_storage, cfg, s->agents, err);
    if (rc != HEP_OK)
        return rc;
    if (fixed && match.agent != NULL && strcmp(match.agent->name, s->agent_storage.name) != 0) {
        hep_log_write(log, HEP_LOG_WARNING, "agent-differs",
                      "the protocol is for %s but the study was made with %s (%s): the rules of %s "
                      "are used",
                      s->agent_storage.name, match.agent->name, s->inventory->agent_source,
                      match.agent->name);
        s->agent_storage = *match.agent;
    }
    s->agent = strcmp(s->agent_storage.name, "none") == 0 ? NULL : &s->agent_storage;
    if (s->agent != NULL && hep_agent_is_unknown(text)) {
        hep_log_write(log, HEP_LOG_WARNING, "agent-supposed",
                      "the contrast agent is not known: times as with %s, washout only where it "
                      "may be judged with "
                      "every agent",
                      s->agent->name);
        hep_agents_suppose(&s->agent_storage, s->agents);
    }
    if (s->agent != NULL && text == NULL && s->protocol_chosen)
        hep_log_write(log, HEP_LOG_WARNING, "agent-assumed",
                      "nothing names the contrast agent: %s is assumed (agent: in study.yml says "
                      "which)",
                      s->agent->name);
    return HEP_OK;
}

static int load_agents(struct hep_open_study *s, struct hep_error *err)
{
    char *path = NULL;
    int rc = hep_config_find(&path, "agents.yml", err);

    if (rc == HEP_OK)
        rc = hep_agents_read(&s->agents, path, err);
    free(path);
    return rc;
}

static int load_protocol(struct hep_open_study *s, const char *protocol, struct hep_log *log,
                         struct hep_str *caret, struct hep_error *err)
{
    char why[160];

    if (protocol == NULL) {
        struct hep_agent_match match = { 0 };

        if (s->inventory->agent_text != NULL)
            hep_agents_resolve(&match, s->agents, s->inventory->agent_text);
        s->protocol_chosen = true;
        protocol = hep_choose_protocol(why, sizeof why, s->inventory, match.agent);
        hep_log_write(log, HEP_LOG_INFO, "protocol-chosen", "protocol %s: %s", protocol, why);
    }
    return hep_config_load(&s->config, protocol, caret, err);
}

int hep_open_study(struct hep_open_study *out, const char *study, const char *protocol,
                   const char *const *settings, size_t n_settings, struct hep_log *log,
                   struct hep_str *caret, struct hep_error *err)
{
    int rc = scan(out, study, err);

    if (rc != HEP_OK)
        return rc;
    name_study(out);
    rc = check_anything_left(out->inventory, study, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < out->inventory->warnings.n; i++)
        hep_log_write(log, HEP_LOG_WARNING, "inventory", "%s", out->inventory->warnings.line[i]);
    rc = load_agents(out, err);
    if (rc == HEP_OK)
        rc = load_protocol(out, protocol, log, caret, err);
    for (size_t i = 0; rc == HEP_OK && i < n_settings; i++)
        rc = hep_config_set(&out->config, settings[i], err);
    if (rc == HEP_OK)
        rc = settle_agent(out, log, err);
    return rc;
}

void hep_open_study_release(struct hep_open_study *s)
{
    hep_inventory_free(s->inventory);
    hep_agents_free(s->agents);
    *s = (struct hep_open_study){ 0 };
}
