/**
 * @file  dicom/original.h
 * @brief The original images of a series that a study was made from, found by where they lie.
 */
#ifndef HEP_DICOM_ORIGINAL_H
#define HEP_DICOM_ORIGINAL_H

#include "dicom/studies.h"
#include "image/grid.h"

/** One image, or a frame of one: pixel (row r, column c) is voxel origin + c * column + r * row of the grid. */
struct hep_original_slice {
    const struct hep_dicom_object *object;
    size_t frame;         /* from 1, of an object of several; 0: the object is one image */
    const char *position; /* ImagePositionPatient; borrowed from the object */
    long origin[3];
};
struct hep_original {
    const struct hep_dicom_study *study; /* borrowed from the archive */
    struct hep_original_slice *slice;    /* along the grid's axis; owned */
    size_t n, rows, columns;
    size_t axis;            /* of the grid, along which the slices lie */
    long column[3], row[3]; /* steps in voxels */
    bool is_guess;          /* several series lie in this place, and no time tells which is meant */
};

/** All objects of a folder or archive of original images. Start with `{ 0 }`. */
struct hep_originals {
    const char *source; /* borrowed */
    struct hep_dicom_objects objects;
    struct hep_dicom_studies studies;
};
/** As hep_dicom_find_files() and hep_dicom_read_headers(). */
int hep_originals_open(struct hep_originals *out, const char *source, const char *work,
                       struct hep_error *err) HEP_MUST_CHECK;
void hep_originals_release(struct hep_originals *o);

/**
 * @param[in] grid   of the result; every pixel must lie on it within 0.05 mm, and all its slices be
 *                   there
 * @param[in] time_s of the series after injection, to choose between images of one place; NaN: the
 *                   latest
 * @return HEP_EDATA when no series fits, or images of two studies do; HEP_ENOMEM
 */
int hep_original_find(struct hep_original *out, const struct hep_originals *originals,
                      const struct hep_grid *grid, double time_s,
                      struct hep_error *err) HEP_MUST_CHECK;
void hep_original_release(struct hep_original *o);
/** Voxel of the grid's array under pixel (r, c) of a slice. */
size_t hep_original_voxel(const struct hep_original *o, const struct hep_grid *grid, size_t slice,
                          size_t r, size_t c);

#endif
