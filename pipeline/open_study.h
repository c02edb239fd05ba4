/**
 * @file  pipeline/open_study.h
 * @brief From a folder to a run that knows its label, inventory, agent and protocol. Internal to
 * the runner.
 */
#ifndef HEP_PIPELINE_OPEN_STUDY_H
#define HEP_PIPELINE_OPEN_STUDY_H

#include "contrast/agent.h"
#include "pipeline/config/config.h"
#include "sequences/inventory.h"

struct hep_log;
struct hep_str;

/** Start with `{ 0 }`. */
struct hep_open_study {
    bool only_planned;   /* set by the caller: "agent: none" of the protocol stands */
    const char *subject; /* set by the caller: what the subject is called; NULL: as its folder */
    bool follow_links;   /* set by the caller: also where a symbolic link leads out of the study */
    const struct hep_lines *unreadable; /* set by the caller: names of series whose data cannot be
                                           read, each followed by the reason; NULL: none known */
    bool protocol_chosen;               /* the caller named none */
    struct hep_inventory *inventory;
    struct hep_config config;
    struct hep_agents *agents;
    struct hep_agent agent_storage; /* with the protocol's own windows */
    const struct hep_agent *agent;  /* NULL without contrast */
    char label[256];                /* "sub-01_ses-1" */
    char relative[256];             /* "sub-01/ses-1" */
};

/**
 * @param[in] study    folder; a dataset with exactly one subject stands for that subject
 * @param[in] protocol NULL: chosen by agent and series, with a line in the log
 * @param[in] settings "key=value", n of them
 */
int hep_open_study(struct hep_open_study *out, const char *study, const char *protocol,
                   const char *const *settings, size_t n_settings, struct hep_log *log,
                   struct hep_str *caret, struct hep_error *err) HEP_MUST_CHECK;
void hep_open_study_release(struct hep_open_study *s);

/** The shipped protocol that suits an inventory, with one sentence why; agent NULL: not named. */
const char *hep_choose_protocol(char *why, size_t n, const struct hep_inventory *inventory,
                                const struct hep_agent *agent);

#endif
