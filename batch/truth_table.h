/**
 * @file  batch/truth_table.h
 * @brief True classes of findings from a table: a reader's, or biopsies.
 *
 * Table: TSV with the columns participant_id ("sub-01" or "01"), class, and label (the value of a
 *        given lesion in the user's file, else the id of a finding) or x, y, z (a point, mm, RAS of
 *        the reference); session_id where a subject has sessions.
 * Model: a point belongs to the finding whose centre is nearest, within its radius and 3 mm.
 *        Findings that the table does not name are left out: nothing is known of them.
 */
#ifndef HEP_BATCH_TRUTH_TABLE_H
#define HEP_BATCH_TRUTH_TABLE_H

#include "batch/evaluate.h"

/**
 * @param[out] out findings with their lesions, as an evaluation that keeps findings
 * @return HEP_EFORMAT "path: line N: ..." for a lesion that no finding is, two lines for one
 *         finding, unknown classes, columns that lack; HEP_ENOENT for results that lack; HEP_ENOMEM.
 *         Release in any case.
 */
int hep_truth_table_read(struct hep_evaluated *out, const char *out_dir, const char *path,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
