/**
 * @file  batch/group.h
 * @brief The group stage: studies.tsv, lesions.tsv, followup.tsv where somebody has been followed up, each with its data dictionary, and group.html of
 *        everything that an output folder holds.
 *
 * Nothing is dropped in silence: a study that failed, is missing or is still running has its row
 * with the reason.
 */
#ifndef HEP_BATCH_GROUP_H
#define HEP_BATCH_GROUP_H

#include "batch/status.h"

/** Gather, and write the files, each atomic. */
int hep_group_write(const char *out_dir, const struct hep_out_status *status,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
