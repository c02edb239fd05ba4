/**
 * @file  dicom/export.h
 * @brief Results of a study as DICOM objects beside its original images.
 */
#ifndef HEP_DICOM_EXPORT_H
#define HEP_DICOM_EXPORT_H

#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>

struct hep_export_settings {
    const char *study_out, *dicom, *folder; /* results, original images, where to write */
    bool seg, sr, maps, mr;
    const char *reader; /* whose lesions are exported; NULL: Hepar's */
    const char *send;   /* AET@HOST:PORT; NULL */
    int nthreads;
};

/**
 * FOLDER/LABEL_seg.dcm, LABEL_sr.dcm, and LABEL_adc.dcm and others for maps, and
 * folders LABEL_mr-adc and others; the same results give the same objects. Sent when all are
 * written.
 * @return HEP_EDATA when the originals are not those of the study, HEP_ENOENT (results, dcmtk),
 *         HEP_EUSAGE (send), HEP_ETEMP (the archive cannot be reached or refuses: the files stay), ...
 */
int hep_dicom_export(const struct hep_export_settings *settings, struct hep_log *log,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
