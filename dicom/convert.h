/**
 * @file  dicom/convert.h
 * @brief One series of DICOM files to NIfTI and sidecars by dcm2niix.
 *
 * Each series has a run of its own over links to its files, so that what comes out is known to be of
 * that series, and a file that breaks the converter costs one series.
 */
#ifndef HEP_DICOM_CONVERT_H
#define HEP_DICOM_CONVERT_H

#include "sequences/acquisition.h"

struct hep_conversion {
    struct hep_lines stems;    /* paths without ".nii", in natural order */
    struct hep_lines messages; /* warnings and errors of dcm2niix, without paths */
    char *version;             /* "v1.0.20220720"; NULL unknown; owned */
};
void hep_conversion_release(struct hep_conversion *c);

/**
 * @param[in] files paths of one series
 * @param[in] name  begins the names of what is written
 * @param[in] work  a folder; WORK/links and WORK/converted are made anew
 * @return HEP_ENOENT without dcm2niix; HEP_EIO, HEP_ENOMEM, HEP_ECREAT. A series that gives no image
 *         is no failure: stems.n is 0 and the messages say why.
 */
int hep_convert_series(struct hep_conversion *out, const struct hep_lines *files, const char *name,
                       const char *work, struct hep_error *err) HEP_MUST_CHECK;

#endif
