#include "pipeline/late_phase.h"

#include "contrast/agent.h"
#include "pipeline/config/config.h"

#include <stdlib.h>

static void set_roles(struct hep_inventory *inv, const struct hep_agent *agent)
{
    for (size_t i = 0; i < inv->n_series; i++) {
        struct hep_series *s = &inv->series[i];

        if (s->given)
            continue;
        if (s->role == HEP_ROLE_DELAYED &&
            hep_agent_phase(agent, HEP_PHASE_DELAYED) == HEP_PHASE_TRANSITIONAL)
            s->role = HEP_ROLE_TRANSITIONAL;
        else if (s->role == HEP_ROLE_TRANSITIONAL &&
                 hep_agent_phase(agent, HEP_PHASE_TRANSITIONAL) == HEP_PHASE_DELAYED)
            s->role = HEP_ROLE_DELAYED;
    }
}

int hep_late_phases_name(struct hep_inventory *inv, char name[HEP_AGENT_NAME], struct hep_log *log,
                         struct hep_error *err)
{
    struct hep_agents *agents = NULL;
    struct hep_agent_match match = { 0 };
    char *path = NULL;
    int rc;

    if (name != NULL)
        name[0] = '\0';
    if (inv->agent_text == NULL || hep_agent_is_unknown(inv->agent_text))
        return HEP_OK;
    rc = hep_config_find(&path, "agents.yml", err);
    if (rc == HEP_OK)
        rc = hep_agents_read(&agents, path, err);
    if (rc == HEP_OK) {
        hep_agents_resolve(&match, agents, inv->agent_text);
        if (match.agent != NULL)
            set_roles(inv, match.agent);
        else
            hep_log_write(log, HEP_LOG_WARNING, "agent-unknown", "%s", match.warning);
        if (match.agent != NULL && name != NULL)
            (void)snprintf(name, HEP_AGENT_NAME, "%s", match.agent->name);
    }
    hep_agents_free(agents);
    free(path);
    return rc;
}
