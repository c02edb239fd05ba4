/**
 * @file  dicom/plane.h
 * @brief Where the pixels of an image, or of a frame of one, lie on a grid.
 */
#ifndef HEP_DICOM_PLANE_H
#define HEP_DICOM_PLANE_H

#include "image/grid.h"

/** Values as they stand in the object: ImagePositionPatient, ImageOrientationPatient, PixelSpacing, Rows, Columns. */
struct hep_plane_texts {
    const char *position, *orientation, *spacing, *rows, *columns;
};
/** Pixel (row r, column c) is voxel origin + c * column + r * row. */
struct hep_plane {
    size_t rows, columns;
    long origin[3], column[3], row[3];
};

/** Every pixel lies on a voxel of the grid within 0.05 mm; false where it does not. `inverse` is that of the grid. */
bool hep_plane_of(struct hep_plane *p, const struct hep_plane_texts *t, const struct hep_grid *g,
                  const double inverse[4][4]);

#endif
