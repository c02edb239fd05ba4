/**
 * @file  dicom/studies.h
 * @brief DICOM objects in order: patients, studies, series.
 */
#ifndef HEP_DICOM_STUDIES_H
#define HEP_DICOM_STUDIES_H

#include "dicom/ledger.h"
#include "dicom/clean.h"

struct hep_dicom_series {
    const struct hep_dicom_object **object; /* in natural order of their paths; owned list */
    size_t n;
    const char *reason; /* why it is not converted; NULL; static */
};
struct hep_dicom_study {
    struct hep_dicom_series *series; /* by series number, then UID */
    size_t n;
    char patient[HEP_SHA256_HEX], study[HEP_SHA256_HEX], images[HEP_SHA256_HEX]; /* keyed hashes */
    char participant[HEP_LABEL_BYTES], session[HEP_LABEL_BYTES];
    struct hep_personal personal;
};
struct hep_dicom_studies {
    struct hep_dicom_study *item; /* by patient, then date and time, then UID */
    size_t n, n_patients;
};

/** Is this the SOP class of a Segmentation or a Label Map Segmentation? */
bool hep_is_segmentation(const char *sop_class);

/** Objects are borrowed from the list, which is sorted. */
int hep_dicom_group(struct hep_dicom_studies *out, struct hep_dicom_objects *objects,
                    const struct hep_ledger *ledger, struct hep_error *err) HEP_MUST_CHECK;
void hep_dicom_studies_release(struct hep_dicom_studies *studies);

#endif
