/**
 * @file  batch/truth_list.h
 * @brief The studies of a folder of truth. Internal to batch.
 */
#ifndef HEP_BATCH_TRUTH_LIST_H
#define HEP_BATCH_TRUTH_LIST_H

#include "batch/dataset.h"

/**
 * @param[in] desc a reader: only the studies that the reader has read; NULL: all, and each needs its lesions.json
 * @return HEP_ENOENT, as hep_dataset_list(). Release after success.
 */
int hep_truth_list(struct hep_dataset *out, const char *dir, const char *desc,
                   struct hep_error *err) HEP_MUST_CHECK;

#endif
