#include "cli/commands.h"

#include "cli/print.h"
#include "base/json.h"
#include "contrast/agent.h"
#include "pipeline/config/config.h"
#include "sequences/inventory.h"

#include <stdlib.h>

struct inventory_options {
    struct hep_common_options common;
    const char *study;
    bool write, force, json;
};

static const struct hep_option options[] = {
    HEP_OPT_FLAG(struct inventory_options, write, "write", 'w',
                 "write STUDY/study.yml with what was found, to be corrected by hand"),
    HEP_OPT_FLAG(struct inventory_options, force, "force", 'f', "replace an existing study.yml"),
    HEP_OPT_FLAG(struct inventory_options, json, "json", 0, "print JSON"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, struct inventory_options, study, "study",
            "BIDS subject or session, or a folder of NIfTI files and sidecars"),
    { 0 },
};

static const char *const examples[] = { "hepar inventory study", "hepar inventory study --write",
                                        NULL };

static int print_json(FILE *out, const struct hep_inventory *inv, struct hep_error *err)
{
    struct hep_json *json = NULL;
    int rc = hep_inventory_json(&json, inv, err);

    return rc == HEP_OK ? hep_print_json(out, json, err) : rc;
}

static int print_table(FILE *out, const struct hep_inventory *inv, struct hep_error *err)
{
    struct hep_str text = { 0 };
    int rc = hep_inventory_table(&text, inv, err);

    if (rc == HEP_OK)
        return hep_print_text(out, &text, err);
    hep_str_release(&text);
    return rc;
}

/* The image at three minutes is delayed with one agent and transitional with another; what
 * study.yml says stays. */
static void name_late_phase(struct hep_inventory *inv, const struct hep_agent *agent)
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

static int use_agent(struct hep_inventory *inv, struct hep_log *log, struct hep_error *err)
{
    struct hep_agents *agents = NULL;
    struct hep_agent_match match = { 0 };
    char *path = NULL;
    int rc;

    if (inv->agent_text == NULL)
        return HEP_OK;
    rc = hep_config_find(&path, "agents.yml", err);
    if (rc == HEP_OK)
        rc = hep_agents_read(&agents, path, err);
    if (rc == HEP_OK) {
        hep_agents_resolve(&match, agents, inv->agent_text);
        if (match.agent != NULL)
            name_late_phase(inv, match.agent);
        else
            hep_log_write(log, HEP_LOG_WARNING, "agent-unknown", "%s", match.warning);
    }
    hep_agents_free(agents);
    free(path);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct inventory_options *o = given;
    struct hep_inventory *inv = NULL;
    int rc = hep_inventory_scan(&inv, o->study, err);

    if (rc == HEP_OK)
        rc = use_agent(inv, cli->log, err);
    if (rc == HEP_OK)
        rc = o->json ? print_json(cli->out, inv, err) : print_table(cli->out, inv, err);
    if (rc == HEP_OK && o->write)
        rc = hep_inventory_write_study_yml(inv, o->force, err);
    hep_inventory_free(inv);
    return rc;
}

const struct hep_command hep_cmd_inventory = {
    "inventory",
    "what each series of a study is for, and why",
    "Prints every series with its role, score, reasons and time after injection. What is wrong in "
    "it "
    "is put right in STUDY/study.yml, which overrides everything.",
    options,
    positionals,
    sizeof(struct inventory_options),
    run,
    examples
};
