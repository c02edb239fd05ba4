/**
 * @file  sequences/locate.h
 * @brief Which folder a study is, and how its subject and session are called.
 */
#ifndef HEP_SEQUENCES_LOCATE_H
#define HEP_SEQUENCES_LOCATE_H

#include "sequences/inventory.h"

/**
 * Fill study, subject, session and is_bids of `inv`. A dataset with one subject, and a subject with
 * one session, mean that one; a folder that holds study.yml is taken as it is.
 * @param[in]  path a folder, or its study.yml
 * @param[out] root heap path of the dataset for derivatives, or NULL; the caller's
 * @return HEP_ENOENT, HEP_EDATA (several subjects or sessions), HEP_EIO, HEP_ENOMEM
 */
int hep_study_locate(struct hep_inventory *inv, char **root, const char *path,
                     struct hep_error *err) HEP_MUST_CHECK;

/** Is one of the first files of a folder, or of its first subfolders, DICOM? */
bool hep_holds_dicom(const char *folder);

#endif
