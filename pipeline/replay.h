/**
 * @file  pipeline/replay.h
 * @brief A study as a protocol would have seen it: series that the protocol does not plan are
 *        absent, b-values that it does not list are left out, and its transforms are applied when a
 *        series is read.
 * Model:   a transform leaves out volumes, then adds noise, then averages over larger voxels
 *          (pipeline/replay_transform.h). Delayed and transitional are exchanged to suit the agent;
 *          echoes stand for in phase and opposed phase where a study has no other. Masks and label
 *          maps from elsewhere stay, brought to the coarser grid of the series they were drawn on.
 * Differs: a replay only takes away. A time at which nothing was acquired, a b-value that is not
 *          there, a thinner slice cannot be made: the last two are errors, the first shows in the
 *          grades of the phases
 * Keys:    a series that is seen as it is has the key of an ordinary run, so a protocol that plans
 *          all of a study gives the bytes of that run. Internal to the runner.
 */
#ifndef HEP_PIPELINE_REPLAY_H
#define HEP_PIPELINE_REPLAY_H

#include "base/text.h"
#include "contrast/agent.h"
#include "pipeline/config/config.h"
#include "sequences/inventory.h"

/** A series that is not seen as it is. */
struct hep_replayed {
    struct hep_series view; /* frames and gradients owned, the rest borrowed from the original */
    const struct hep_series *original;
    const struct hep_replay_change *change; /* borrowed from the settings */
};

/** Start with { 0 }. */
struct hep_replay {
    struct hep_replayed *list;
    size_t n;
};
void hep_replay_release(struct hep_replay *r);

/** The planned series that a role comes from; HEP_SERIES_COUNT when the protocol has none. Roles of
 * masks and labels are never asked for. */
enum hep_planned hep_replay_planned(const struct hep_config *cfg, const struct hep_agent *agent,
                                    const struct hep_inventory *inventory, enum hep_role role);

/**
 * What the protocol sees of a series.
 * @param[out] out    NULL when the protocol does not plan it; `series` itself when it sees all of
 * it; else a view that `r` owns
 * @param[in]  role   as which it is used
 * @param[in]  label  of the study, for messages
 * @return HEP_EDATA: a planned b-value is not there, nothing is left, or the series is finer than
 * asked for nowhere; HEP_ENOMEM
 */
int hep_replay_series(const struct hep_series **out, struct hep_replay *r,
                      const struct hep_config *cfg, const struct hep_agent *agent,
                      const struct hep_inventory *inventory, const struct hep_series *series,
                      enum hep_role role, const char *label, struct hep_error *err) HEP_MUST_CHECK;

/** Has a diffusion series this b-value, within the larger of 10 s/mm2 and 2 %? */
bool hep_replay_has_b(const struct hep_series *dwi, double b_s_per_mm2);

/** The entry behind a view; NULL for any other series. */
const struct hep_replayed *hep_replay_find(const struct hep_replay *r,
                                           const struct hep_series *series);

/** What was done to a series, for keys and records: "volumes 0 1 3; averages_share 0.5". */
void hep_replay_describe(struct hep_str *out, const struct hep_replayed *entry);

/** Labels drawn on the grid of a series whose voxels became larger, on the new grid; others stay.
 * Takes and gives the tree in *labels. */
int hep_replay_labels(struct hep_labels **labels, const struct hep_replay *r,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
