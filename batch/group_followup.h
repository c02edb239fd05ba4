/**
 * @file  batch/group_followup.h
 * @brief The follow-ups of an output folder as one table: response, new lesions, time to progression of each person.
 */
#ifndef HEP_BATCH_GROUP_FOLLOWUP_H
#define HEP_BATCH_GROUP_FOLLOWUP_H

#include "base/table.h"
#include "batch/status.h"

/** followup.tsv: a row for each person who has a sub-XX_followup.json; no row where nobody has. Release. */
int hep_group_followups(struct hep_table *out, const char *out_dir,
                        const struct hep_out_status *status, struct hep_error *err) HEP_MUST_CHECK;

#endif
