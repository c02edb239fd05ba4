/**
 * @file  pipeline/stages/phase_gain.h
 * @brief The receive gain of every phase of a study, found once.
 *
 * The enhancement stage finds it; every stage that compares a phase with the precontrast series
 * reads it back and applies it with hep_gain_apply(). hep_phase_gains_find() asks for "liver" and
 * the series of the phases, which its stage must declare.
 */
#ifndef HEP_PIPELINE_STAGES_PHASE_GAIN_H
#define HEP_PIPELINE_STAGES_PHASE_GAIN_H

#include "pipeline/stages/regions.h"

/**
 * @param[out] gain    [HEP_PHASE_COUNT]; of a phase that the study has not, and of precontrast:
 *                     factor 1
 * @param[in]  regions [HEP_PHASE_COUNT], hep_regions_of() of each phase
 */
int hep_phase_gains_find(struct hep_gain *gain, struct hep_run *run,
                         const struct hep_regions *regions, struct hep_error *err) HEP_MUST_CHECK;

/** The gain of a phase that nobody looked at: not assessable, factor 1. */
struct hep_gain hep_gain_none(void);

#endif
