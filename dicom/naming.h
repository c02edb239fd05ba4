/**
 * @file  dicom/naming.h
 * @brief BIDS names of the series of a study, from the roles that the inventory gave them.
 *
 * A phase is named after its role only where the inventory has more than an order of acquisition for
 * it: others keep a name that says nothing of the role, so that `hepar inventory` goes on to ask for
 * a look.
 */
#ifndef HEP_DICOM_NAMING_H
#define HEP_DICOM_NAMING_H

#include "sequences/inventory.h"

/** One converted file. */
struct hep_named_file {
    const char *path;   /* of the image in the inventory's study; borrowed */
    char *name;         /* "anat/sub-01_ses-1_acq-art_ce-gadoxetate_T1w"; NULL: left out; owned */
    char *reason;       /* why it is left out; NULL; owned */
    double b_s_per_mm2; /* of a DWI file without .bval; NaN */
};

/**
 * @param[in] begin "sub-01_ses-1"
 * @param[in] agent value of ce-; NULL unknown
 */
int hep_name_files(struct hep_named_file *files, size_t n, const struct hep_inventory *inv,
                   const char *begin, const char *agent, struct hep_error *err) HEP_MUST_CHECK;
void hep_named_files_release(struct hep_named_file *files, size_t n);

#endif
