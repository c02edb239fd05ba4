/**
 * @file  protocols/against.h
 * @brief Does a study satisfy a protocol? Which series are missing, which phases lie outside their
 *        windows and by how many seconds, which b-values are not there.
 *
 * A study satisfies a protocol when no required series is missing or unusable. Times are graded as
 * in a run (contrast/phase.h): inside the window but not nominal is told and is no fault; a time
 * that nothing tells is "time unknown", never assumed to be right. Agents: the study's own must be
 * the protocol's. Field strengths that differ by more than a quarter are told.
 */
#ifndef HEP_PROTOCOLS_AGAINST_H
#define HEP_PROTOCOLS_AGAINST_H

#include "base/table.h"
#include "base/json.h"
#include "base/text.h"
#include "pipeline/config/config.h"
#include "batch/dataset.h"
#include "sequences/inventory.h"

enum hep_against_state {
    HEP_AGAINST_GOOD,         /* there, and right */
    HEP_AGAINST_NOT_NOMINAL,  /* inside the window, outside the nominal times */
    HEP_AGAINST_TIME_UNKNOWN, /* a phase whose time nothing tells */
    HEP_AGAINST_OFF,          /* outside the window */
    HEP_AGAINST_B_VALUES,     /* planned b-values are not there */
    HEP_AGAINST_MISSING,
    HEP_AGAINST_STATE_COUNT
};
/** "good", "not nominal", "time unknown", "outside the window", "b-values missing", "missing". */
const char *hep_against_state_name(enum hep_against_state state);

/** One planned series. */
struct hep_against_series {
    enum hep_planned planned;
    enum hep_against_state state;
    bool required;
    double time_s; /* after injection; NaN unknown or not a phase */
    double
        off_s; /* from the nearer end of the window, negative: too early; 0 inside; NaN unknown */
    double off_nominal_s;
    struct hep_list b_missing_s_per_mm2;
};

struct hep_against_study {
    char *label; /* owned */
    bool satisfied;
    char reason[200]; /* of a study that cannot be read, or is for another agent; empty */
    char note[160];   /* field strength; empty */
    struct hep_against_series series[HEP_SERIES_COUNT];
    size_t n;
};

struct hep_against {
    struct hep_against_study *list;
    size_t n, n_satisfied;
};
void hep_against_release(struct hep_against *a);

/**
 * One study. @param[in] agent the protocol's, with its own windows; name "none" for none.
 * `out` needs no release but its label.
 */
void hep_against_inventory(struct hep_against_study *out, const struct hep_config *cfg,
                           const struct hep_agents *agents, const struct hep_agent *agent,
                           const struct hep_inventory *inventory);

/**
 * Every study of a dataset, or the one study that a folder is. A study that cannot be read does not
 * satisfy the protocol, with the reason.
 * @return HEP_ENOENT, HEP_EDATASET, HEP_ENOMEM
 */
int hep_against_folder(struct hep_against *out, const struct hep_config *cfg,
                       const struct hep_agents *agents, const struct hep_agent *agent,
                       const char *folder, struct hep_error *err) HEP_MUST_CHECK;

/** For people: one paragraph per study, and a last line with the counts. */
void hep_against_text(struct hep_str *out, const struct hep_config *cfg,
                      const struct hep_against *a);
/** JSON of a study: struct hep_against_study. */
extern const struct hep_column hep_against_study_columns[];

/** {"protocol", "studies": [{"study", "satisfied", "reason", "note", "series": [{"series",
 * "required", "state", "time_s", "off_s", "off_nominal_s", "b_missing_s_per_mm2"}]}], "satisfied":
 * n} */
int hep_against_json(struct hep_json **out, const struct hep_config *cfg,
                     const struct hep_against *a, struct hep_error *err) HEP_MUST_CHECK;

#endif
