/**
 * @file  batch/evaluated_tables.h
 * @brief The lists of an evaluation as tables: studies, lesions with their findings, and flags.
 */
#ifndef HEP_BATCH_EVALUATED_TABLES_H
#define HEP_BATCH_EVALUATED_TABLES_H

#include "base/table.h"
#include "batch/evaluate.h"

/** One row per study. @param[out] out release it; its texts are those of `e`. */
int hep_evaluated_studies(struct hep_table *out, const struct hep_evaluated *e,
                          struct hep_error *err) HEP_MUST_CHECK;

/** One row per lesion, false positive and split detection, with the reason; as above. */
int hep_evaluated_matches(struct hep_table *out, const struct hep_evaluated *e,
                          struct hep_error *err) HEP_MUST_CHECK;

/** One row per flag, truth and size of the lesion. Borrowed from `e`. */
struct hep_table hep_evaluated_flags(const struct hep_evaluated *e);

#endif
