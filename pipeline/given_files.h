/**
 * @file  pipeline/given_files.h
 * @brief Which masks and lesions of the user count, of those on the command line, in study.yml, in folders of
 *        derivatives, and in the study by their BIDS names: the first of these that has any.
 */
#ifndef HEP_PIPELINE_GIVEN_FILES_H
#define HEP_PIPELINE_GIVEN_FILES_H

#include "sequences/derivatives.h"

struct hep_inventory;
struct hep_study_request;

/** All texts owned. */
struct hep_given_files {
    struct hep_derivative liver; /* path NULL: as the inventory has it */
    char *resection;             /* the same */
    struct hep_derivative
        *regions; /* lesions (images, and tables of points), then organs (role labels) */
    size_t n_regions;
};

/**
 * @param[in] label of the study, "sub-01" or "sub-01_ses-1"
 * @return HEP_ENOENT names a file or folder that is not there
 */
int hep_given_files_settle(struct hep_given_files *out, const struct hep_study_request *request,
                           const struct hep_inventory *inventory, const char *label,
                           struct hep_error *err) HEP_MUST_CHECK;
void hep_given_files_release(struct hep_given_files *g);

#endif
