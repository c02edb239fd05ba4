/**
 * @file  report/stage_table.h
 * @brief The stages of a study: those of the pipeline, and the report that shows what they made.
 *
 * The table lives here because it names both; the engine below is given it.
 */
#ifndef HEP_REPORT_STAGE_TABLE_H
#define HEP_REPORT_STAGE_TABLE_H

#include "pipeline/stage.h"

extern const struct hep_stage hep_stage_report;

extern const struct hep_stage hep_stage_labels;

/** Every stage of a run, in table order: static. */
const struct hep_stage *const *hep_stages(size_t *n);
/** Those of `hepar measure`: the maps, and their statistics over what the user gave. */
const struct hep_stage *const *hep_measure_stages(size_t *n);

#endif
