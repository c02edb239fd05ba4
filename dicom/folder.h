/**
 * @file  dicom/folder.h
 * @brief A folder of DICOM slices that is one series whatever its UIDs say, as NIfTI with a clean sidecar.
 *
 * Public sets were anonymised file by file, and the slices of one series then have UIDs of as many series, which a
 * converter takes apart. Copies of the files get one study, series and frame of reference, and a UID of their own each
 * (dcmodify of dcmtk); the source stays as it is. The sidecar keeps what `hepar import` keeps.
 */
#ifndef HEP_DICOM_FOLDER_H
#define HEP_DICOM_FOLDER_H

#include "base/error.h"

/**
 * @param[in] folder its files, whatever their names; folders in it are not looked into
 * @param[in] stem   STEM.nii.gz and STEM.json are written; the folder of it is made
 * @param[in] work   a folder for what lies between; it is removed
 * @return HEP_EDATA when it is not one image, with what the converter says; HEP_ENOENT without dcm2niix or dcmodify;
 *         HEP_EIO, HEP_ECREAT, HEP_ENOMEM
 */
int hep_dicom_folder(const char *folder, const char *stem, const char *work,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
