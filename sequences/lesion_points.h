/**
 * @file  sequences/lesion_points.h
 * @brief Lesions that a user knows as points or boxes: from a report, a data set, or another program.
 *
 * A table (.tsv) with the columns x, y, z in scanner millimetres, and optional diameter_mm and name; or, for boxes,
 * x1, y1, z1, x2, y2, z2, two opposite corners. Or JSON: a list, or an object whose member "lesions" is one, of
 * objects with centre_mm [x, y, z] (or x, y, z), or box_mm [[x1, y1, z1], [x2, y2, z2]], and diameter_mm (or
 * long_axis_mm) and name. So the lesions.json of another result can be given as well.
 */
#ifndef HEP_SEQUENCES_LESION_POINTS_H
#define HEP_SEQUENCES_LESION_POINTS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define HEP_LESION_NAME 64

struct hep_lesion_point {
    double centre_mm[3]; /* RAS */
    double diameter_mm;  /* NaN when not given; of a box the mean of its sides */
    double half_mm[3];   /* half the sides of a box; NaN for a point */
    char name[HEP_LESION_NAME];
};

/** Is this the name of such a file (.tsv, .json), and not of an image? */
bool hep_is_lesion_points(const char *path);

/**
 * @param[out] out heap, the caller's; NULL for a table without rows
 * @param[in]  lps the numbers run to the left, back and head, as in DICOM; else to the right, front and head
 * @return HEP_ENOENT, HEP_EIO; HEP_EFORMAT with the row and what is wrong; HEP_ENOMEM
 */
int hep_lesion_points_read(struct hep_lesion_point **out, size_t *n, const char *path, bool lps,
                           struct hep_error *err) HEP_MUST_CHECK;

#endif
