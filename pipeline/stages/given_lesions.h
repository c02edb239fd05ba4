/**
 * @file  pipeline/stages/given_lesions.h
 * @brief The lesions that the user gave, from their files (pipeline/stages/given_map.h) to the reference grid, and points
 *        among them outlined.
 */
#ifndef HEP_PIPELINE_STAGES_GIVEN_LESIONS_H
#define HEP_PIPELINE_STAGES_GIVEN_LESIONS_H

#include "pipeline/stages/given_map.h"

/**
 * All maps of lesions on the reference, in their order; voxels that two have stay with the first.
 * @param[out] out  hep_given_release(); points are not outlined yet
 * @param[in]  grid of the reference
 */
int hep_given_join(struct hep_given *out, struct hep_run *run, const struct hep_given_map *maps,
                   size_t n, const struct hep_grid *grid, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Lesions of every file, points outlined, with what has to be said of each in the log.
 * @param[out] found  what the detector finds; NULL where nobody asks: no point is given and `want_found` is false
 * @param[in]  table  that chooses candidates
 * @param[in]  inputs of the stage, among which the series of a file is looked for
 */
int hep_given_lesions(struct hep_given *out, struct hep_candidates *found, bool want_found,
                      struct hep_run *run, const struct hep_lesion_study *study,
                      const struct hep_detection_table *table, const struct hep_slot *inputs,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
