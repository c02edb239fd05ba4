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
    char *converter;            /* version of dcm2niix; NULL unknown; owned */
};
void hep_import_work_release(struct hep_import_work *w);

/** Convert all series and decide what each image is called. */
int hep_import_convert(struct hep_import_work *w, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Move the images into the dataset and write scans.tsv, sessions.tsv, participants.tsv,
 * dataset_description.json and the provenance under sourcedata, which comes last.
 */
int hep_import_write(const struct hep_import_work *w, struct hep_error *err) HEP_MUST_CHECK;

/** "BIDS_DIR/sub-01/ses-1"; heap. */
char *hep_import_folder(const char *bids_dir, const struct hep_dicom_study *study,
                        struct hep_error *err);
/** Path of the provenance, relative to the dataset; heap. */
char *hep_import_provenance(const struct hep_dicom_study *study, struct hep_error *err);

#endif
