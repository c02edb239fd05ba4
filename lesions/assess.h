/**
 * @file  lesions/assess.h
 * @brief From delineated candidates to findings: shells, measurements, flags, evidence, class.
 */
#ifndef HEP_LESIONS_ASSESS_H
#define HEP_LESIONS_ASSESS_H

#include "lesions/candidates.h"
#include "lesions/evidence.h"
#include "lesions/flag_table.h"
#include "lesions/measure.h"

/**
 * @param[out] out      one finding per candidate label, ids as in `candidates`; release with
 * hep_findings_release()
 * @param[in]  baseline of the study and these candidates
 * @param[in]  evidence the table of likelihood ratios and its calibration
 * @param[in]  flags    the table of flags' probabilities
 */
int hep_assess(struct hep_findings *out, const struct hep_lesion_study *study,
               const struct hep_candidates *candidates, const struct hep_baseline *baseline,
               const struct hep_evidence_table *evidence, const struct hep_flag_table *flags,
               struct hep_error *err) HEP_MUST_CHECK;

/** Candidates that the table of detection did not keep, with place, diameter and features alone; ids
 * from 1. HEP_ENOMEM. */
int hep_list_rejected(struct hep_findings *out, const struct hep_candidates *candidates,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
