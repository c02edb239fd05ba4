/**
 * @file  pipeline/split.h
 * @brief Phases of a 4-D dynamic series, cut out by time with the windows of the agent. Internal to
 * the runner.
 */
#ifndef HEP_PIPELINE_SPLIT_H
#define HEP_PIPELINE_SPLIT_H

#include "pipeline/products.h"
#include "sequences/inventory.h"

/**
 * When the study has a dynamic series whose frames have times after injection, give run->split one
 * series for each phase that the study does not hold as a series of its own: the frames inside the
 * agent's window, or the nearest frame when none is inside (its grade then says "outside"). Without
 * times or without an agent nothing is split, with a warning.
 */
int hep_split_dynamic(struct hep_run *run, struct hep_error *err) HEP_MUST_CHECK;

/** The series of a role: the study's own, else one that was cut out; NULL when there is neither. */
const struct hep_series *hep_split_find(const struct hep_run *run, enum hep_role role);

#endif
