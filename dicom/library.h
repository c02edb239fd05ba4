/**
 * @file  dicom/library.h
 * @brief The original series that the results were measured on.
 */
#ifndef HEP_DICOM_LIBRARY_H
#define HEP_DICOM_LIBRARY_H

#include "dicom/original.h"

/** Start with `{ 0 }`; free `series`. */
struct hep_library {
    const struct hep_dicom_series **series; /* borrowed from the study; the list is owned */
    size_t n;
};
/** The series that holds the images of an original. HEP_ENOMEM. */
int hep_library_add_original(struct hep_library *l, const struct hep_original *o,
                             struct hep_error *err) HEP_MUST_CHECK;
/** Series of a study, computed ones left aside, of which an image was acquired at this time after injection, to within
 * half a second. HEP_ENOMEM. */
int hep_library_add_time(struct hep_library *l, const struct hep_dicom_study *study, double time_s,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
