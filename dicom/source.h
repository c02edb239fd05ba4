/**
 * @file  dicom/source.h
 * @brief The files of a folder, zip or tar that begin as DICOM does.
 */
#ifndef HEP_DICOM_SOURCE_H
#define HEP_DICOM_SOURCE_H

#include "sequences/acquisition.h"

/**
 * @param[out] paths  in natural order of their names; hep_lines_release() also after a failure
 * @param[in]  source folder of any nesting, or an archive that bsdtar reads; links within it are
 *                    not followed, a DICOMDIR is not needed
 * @param[in]  work   folder in which an archive is unpacked
 * @return HEP_EDATA when there is no DICOM file, or the archive cannot be read; HEP_ENOENT without
 *         bsdtar; HEP_EIO, HEP_ENOMEM. Messages name `source`.
 */
int hep_dicom_find_files(struct hep_lines *paths, const char *source, const char *work,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
