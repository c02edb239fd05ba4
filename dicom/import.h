/**
 * @file  dicom/import.h
 * @brief DICOM from a scanner or an archive to a BIDS dataset without personal data.
 */
#ifndef HEP_DICOM_IMPORT_H
#define HEP_DICOM_IMPORT_H

#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_import_settings {
    const char *source, *bids_dir;
    const char *participant, *session; /* labels without prefix; NULL: the next free one */
    bool split;                        /* every patient becomes a participant */
    bool keep_dates;                   /* dates and UIDs as they are */
};

/** A study that is in the dataset now. */
struct hep_imported {
    char *folder;      /* of subject or session; owned */
    bool is_new;       /* false: these images had been imported before, nothing was written */
    size_t n_files;    /* images of the study in the BIDS tree */
    size_t n_left_out; /* series */
};
struct hep_import {
    struct hep_imported *study; /* in order of patients, then dates */
    size_t n;
};
void hep_import_release(struct hep_import *done);

/**
 * Everything is checked before the first file is written: patients, labels, sessions.
 * @param[out] done also after a failure: the studies before it are complete
 * @return HEP_EDATA (no DICOM, no MR image, several patients without split, a label that is another
 *         patient's, nothing could be converted), HEP_ENOENT (dcm2niix, dcmdump or bsdtar missing),
 *         HEP_ETEMP (another import runs, interrupted), HEP_ECREAT, HEP_EIO, HEP_EFORMAT, HEP_ENOMEM
 */
int hep_dicom_import(struct hep_import *done, const struct hep_import_settings *settings,
                     struct hep_log *log, struct hep_error *err) HEP_MUST_CHECK;

#endif
