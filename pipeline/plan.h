/**
 * @file  pipeline/plan.h
 * @brief Why a study would be computed: what differs from the run that made its earlier result. Internal to the
 * runner.
 */
#ifndef HEP_PIPELINE_PLAN_H
#define HEP_PIPELINE_PLAN_H

#include "base/text.h"
#include "pipeline/record.h"

/**
 * Append the reasons, the first three of each kind: "new", "made by version 0.1.0", "changed input dwi.nii.gz",
 * "changed setting align.engine (elastix, now none)".
 * @param[in] earlier run.json of the earlier result; NULL: there is none
 */
int hep_plan_why(struct hep_str *out, const struct hep_run *run, const struct hep_record *mine,
                 const struct hep_json *earlier, bool force, struct hep_error *err) HEP_MUST_CHECK;

#endif
