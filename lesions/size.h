/**
 * @file  lesions/size.h
 * @brief Sizes of a lesion: volume, and the two axes that response criteria use.
 *
 * Model:   on each world-axial slice the convex hull of the lesion; its longest diameter, and the
 *          largest extent at right angles to it; those of the slice with the longest diameter
 *          count. A slice is a bin of world height as thick as the grid's slices; a voxel
 *          contributes the middles of its in-plane edges, so that n voxels in a row are n spacings
 *          long.
 * Source:  Eisenhauer et al., Eur J Cancer 2009;45:228-247 (RECIST 1.1); hull: Andrew, Inf Process
 *          Lett 1979;9:216
 */
#ifndef HEP_LESIONS_SIZE_H
#define HEP_LESIONS_SIZE_H

#include "lesions/shells.h"

struct hep_lesion_size {
    double volume_ml, long_axis_mm, short_axis_mm;
    double diameter_mm; /* of a sphere of that volume */
};
/** HEP_ENOMEM. */
int hep_lesion_size(struct hep_lesion_size *out, const struct hep_shells *shells,
                    struct hep_error *err) HEP_MUST_CHECK;

/** Of a label anywhere, on its own grid; all 0 when it has no voxel. HEP_ENOMEM. */
int hep_label_size(struct hep_lesion_size *out, const struct hep_labels *labels, int32_t label,
                   struct hep_error *err) HEP_MUST_CHECK;

struct hep_point {
    double x, y;
};
/** Longest diameter of a set of points, and the extent at right angles to it; both 0 for none.
 * Points are reordered. HEP_ENOMEM. */
int hep_axes_of_points(double *long_mm, double *short_mm, struct hep_point *p, size_t n,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
