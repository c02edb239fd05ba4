/**
 * @file  dicom/import_study.h
 * @brief One study: converted, sorted by the inventory, named, and moved into the dataset.
 */
#ifndef HEP_DICOM_IMPORT_STUDY_H
#define HEP_DICOM_IMPORT_STUDY_H

#include "dicom/import.h"
#include "dicom/studies.h"

/** A converted image on its way into the dataset. */
struct hep_import_file {
    char *path;     /* of the image in the work folder; owned */
    char *target;   /* relative to the dataset; NULL: left out; owned */
    char *reason;   /* why it is left out; owned */
    size_t series;  /* of the study */
    double clock_s; /* time of day; NaN unknown */
};
struct hep_import_work {
    const struct hep_import_settings *settings;
    const struct hep_ledger *ledger;
    const struct hep_dicom_study *study;
    struct hep_log *log;
    const char *folder;                   /* work folder */
    char begin[2 * HEP_LABEL_BYTES + 16]; /* "sub-01_ses-1" */
    struct hep_import_file *file;
    size_t n;
    struct hep_lines *messages; /* of the converter, one list per series; owned */
    char **failed;              /* why a series gave no image, per series; NULL; owned */
    struct hep_lines
        *segmentations; /* label maps of a series of segmentations, one list per series; owned */
    char *converter;    /* version of dcm2niix; NULL unknown; owned */
};
void hep_import_work_release(struct hep_import_work *w);

/** Convert all series and decide what each image is called. */
int hep_import_convert(struct hep_import_work *w, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Move the images into the dataset and write scans.tsv, sessions.tsv, participants.tsv,
 * dataset_description.json and the provenance under sourcedata, which comes last.
 */
int hep_import_write(struct hep_import_work *w, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Write the segmentations of a study as label maps below derivatives/dicom-seg, on the voxels of the image that they were
 * drawn on: the one that they refer to, else the first that has their voxels. What cannot be used has its reason in `failed`.
 * @param[in] is_only the study holds nothing else: the images are those of an earlier import
 */
int hep_import_segmentations(struct hep_import_work *w, bool is_only,
                             struct hep_error *err) HEP_MUST_CHECK;
/** Why a series gave no file of the dataset; NULL: it did. Borrowed. */
const char *hep_import_reason(const struct hep_import_work *w, size_t series);
/** Lists of the work that have one item per series. HEP_ENOMEM. */
int hep_import_work_init(struct hep_import_work *w, struct hep_error *err) HEP_MUST_CHECK;
/** The folder that a file of the dataset lies in. */
int hep_import_make_parent(const char *path, struct hep_error *err) HEP_MUST_CHECK;
/** "sha256:..." of a UID with the dataset's key; the UID itself where dates are kept. */
int hep_import_hide_uid(char out[HEP_SHA256_HEX + 8], const struct hep_import_work *w,
                        const char *uid, struct hep_error *err) HEP_MUST_CHECK;

/** "BIDS_DIR/sub-01/ses-1"; heap. */
char *hep_import_folder(const char *bids_dir, const struct hep_dicom_study *study,
                        struct hep_error *err);
/** Path of the provenance, relative to the dataset; heap. */
char *hep_import_provenance(const struct hep_dicom_study *study, struct hep_error *err);

#endif
