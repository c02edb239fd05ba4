/**
 * @file  sequences/bids_name.h
 * @brief The entities of a BIDS file name (specification 1.10): sub-01_acq-pre_run-2_T1w.
 */
#ifndef HEP_SEQUENCES_BIDS_NAME_H
#define HEP_SEQUENCES_BIDS_NAME_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define HEP_BIDS_VALUE 64
/** BIDSVersion of the datasets that are written. */
#define HEP_BIDS_VERSION "1.10.0"

/** ".nii.gz", ".nii" in capitals or not; NULL for another name. */
const char *hep_nifti_extension(const char *name);
/** Heap copy of a path without .nii or .nii.gz; NULL when out of memory. */
char *hep_nifti_base(const char *path, struct hep_error *err);

/** Entities that are absent are empty texts or 0. */
struct hep_bids_name {
    char sub[HEP_BIDS_VALUE], ses[HEP_BIDS_VALUE], acq[HEP_BIDS_VALUE], ce[HEP_BIDS_VALUE];
    char part[HEP_BIDS_VALUE], label[HEP_BIDS_VALUE], desc[HEP_BIDS_VALUE];
    char suffix[HEP_BIDS_VALUE];
    int run, echo;
};

/** @param[in] stem file name without folder and extensions
 *  @return false, with `out` cleared, when it is not sub-LABEL[_key-value...]_suffix */
bool hep_bids_name_parse(struct hep_bids_name *out, const char *stem);

/** Write the suffix as the specification does, whatever its capitals; a name whose suffix the specification does not know
 *  (VIBE, TSE) is none of BIDS: cleared. */
void hep_bids_settle_suffix(struct hep_bids_name *b);

/** True for 1 to 63 letters and digits. */
bool hep_bids_is_label(const char *text);
/** Letters and digits of `text` as heap text; "study" when there are none; NULL when out of memory.
 */
char *hep_bids_make_label(const char *text, struct hep_error *err);

#endif
