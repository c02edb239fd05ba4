/**
 * @file  contrast/agent_set.h
 * @brief Inside of the set of agents, shared by the reader and the look-ups of this room only.
 */
#ifndef HEP_CONTRAST_AGENT_SET_H
#define HEP_CONTRAST_AGENT_SET_H

#include "base/yaml.h"
#include "contrast/agent.h"

#define HEP_ALIAS_CAP 64

/** An alias in the forms that free text is compared with; see agent_alias.c. */
struct hep_alias_key {
    char words[HEP_ALIAS_CAP];  /* " gd eob dtpa " */
    char joined[HEP_ALIAS_CAP]; /* " gdeobdtpa " */
    char plain[HEP_ALIAS_CAP];  /* "gdeobdtpa" */
    const char *alias;
    const struct hep_agent *agent; /* borrowed from the list */
};

struct hep_agents {
    struct hep_yaml_doc *doc; /* owned: holds every text */
    struct hep_agent *list;   /* owned, shape [n] */
    size_t n;
    struct hep_alias_key *keys; /* owned, shape [n_keys] */
    const char **plain;         /* owned, shape [n_keys]: keys[i].plain, for suggestions */
    size_t n_keys;
};

/** Make the keys of a set whose list is complete. HEP_ENOMEM. */
int hep_agents_index(struct hep_agents *set, struct hep_error *err) HEP_MUST_CHECK;

#endif
