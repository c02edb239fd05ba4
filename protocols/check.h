/**
 * @file  protocols/check.h
 * @brief Does a valid protocol make sense? One row per rule, each with what, why, source and
 * remedy.
 *
 * An error means that something the protocol asks for cannot be had; a warning that a result will
 * be weaker or conditional; a note that a choice has a known cost.
 */
#ifndef HEP_PROTOCOLS_CHECK_H
#define HEP_PROTOCOLS_CHECK_H

#include "base/json.h"
#include "base/text.h"
#include "pipeline/config/config.h"

enum hep_check_level { HEP_CHECK_ERROR, HEP_CHECK_WARNING, HEP_CHECK_NOTE };
const char *hep_check_level_name(enum hep_check_level level);

/** One kind of mistake. Texts are static. `agent` is the unchanged agent of agents.yml, NULL for
 * "none"; windows of `cfg` are resolved. */
struct hep_check_rule {
    const char *id; /* stable, for --json: "dwi-no-b0" */
    enum hep_check_level level;
    const char *why, *source, *mend;
    /** Append what is wrong, with the numbers met; nothing when the protocol passes. */
    void (*test)(struct hep_str *what, const struct hep_config *cfg, const struct hep_agent *agent);
};
/** All rules; the last row has a NULL id. */
const struct hep_check_rule *hep_check_rules(void);

struct hep_check_finding {
    const struct hep_check_rule *rule;
    char *what;
};
/** Start with `{ 0 }`; errors first, then in table order. */
struct hep_check_result {
    struct hep_check_finding *items;
    size_t n;
    size_t errors, warnings, notes;
};
/** @param[in] agents the protocol's windows are compared with those of its agent. HEP_ECONFIG when
 * the agent is not in the set. */
int hep_protocol_check(struct hep_check_result *out, const struct hep_config *cfg,
                       const struct hep_agents *agents, struct hep_error *err) HEP_MUST_CHECK;
void hep_check_release(struct hep_check_result *result);

/** For people: one paragraph per finding, and a last line with the counts. */
void hep_check_text(struct hep_str *out, const struct hep_config *cfg,
                    const struct hep_check_result *result);
/** {"protocol", "errors", "warnings", "notes", "findings": [{"id", "level", "what", "why",
 * "source", "mend"}]} */
int hep_check_json(struct hep_json **out, const struct hep_config *cfg,
                   const struct hep_check_result *result, struct hep_error *err) HEP_MUST_CHECK;

#endif
