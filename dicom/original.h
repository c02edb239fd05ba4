/**
 * @file  dicom/original.h
 * @brief The original images of a series that a study was made from, found by where they lie.
 */
#ifndef HEP_DICOM_ORIGINAL_H
#define HEP_DICOM_ORIGINAL_H

#include "dicom/studies.h"
#include "image/grid.h"

/** One image: pixel (row r, column c) is voxel origin + c * column + r * row of the grid. */
struct hep_original_slice {
    const struct hep_dicom_object *object;
    long origin[3];
};
struct hep_original {
    struct hep_dicom_objects objects; /* owned */
    struct hep_dicom_studies studies; /* owned */
    const struct hep_dicom_study *study;
    struct hep_original_slice *slice; /* along the grid's axis; owned */
    size_t n, rows, columns;
    long column[3], row[3]; /* steps in voxels */
};

/**
 * @param[in] source folder or archive with the original DICOM
 * @param[in] grid   of the label map; every image must lie on it within 0.05 mm, and all its slices be there
 * @param[in] time_s of the series after injection, to choose between images of one place; NaN: the latest
 * @return HEP_EDATA when no series fits, or images of two studies do; as hep_dicom_find_files()
 */
int hep_original_find(struct hep_original *out, const char *source, const struct hep_grid *grid,
                      double time_s, const char *work, struct hep_error *err) HEP_MUST_CHECK;
void hep_original_release(struct hep_original *o);

#endif
