/**
 * @file  image/mask.h
 * @brief Binary morphology with radii in mm, components, distances and watershed on label maps.
 *        Distances come from the spacing: the index axes are taken as orthogonal. Nothing is known
 * outside the volume: it neither erodes a mask nor counts as set. HEP_ENOMEM from all; radii:
 * finite, >= 0, else HEP_EINVAL. "Set" means not 0; results hold 0 and 1 unless said otherwise.
 */
#ifndef HEP_IMAGE_MASK_H
#define HEP_IMAGE_MASK_H

#include "image/volume.h"

/** Exact Euclidean distance [mm] from each voxel centre to the nearest voxel that is not set
 * (inside = true) or that is set (inside = false); 0 where that voxel itself qualifies, infinite
 * where none does. Felzenszwalb and Huttenlocher 2012, anisotropic. */
int hep_mask_distance(struct hep_volume **out, const struct hep_labels *m, bool inside,
                      int nthreads, struct hep_error *err) HEP_MUST_CHECK;
/** Ball of this radius; in place. */
int hep_mask_dilate(struct hep_labels *m, double radius_mm, int nthreads,
                    struct hep_error *err) HEP_MUST_CHECK;
int hep_mask_erode(struct hep_labels *m, double radius_mm, int nthreads,
                   struct hep_error *err) HEP_MUST_CHECK;
int hep_mask_open(struct hep_labels *m, double radius_mm, int nthreads,
                  struct hep_error *err) HEP_MUST_CHECK;
int hep_mask_close(struct hep_labels *m, double radius_mm, int nthreads,
                   struct hep_error *err) HEP_MUST_CHECK;
/** Fill cavities that the border of the volume cannot reach (6-connected background). */
int hep_mask_fill_holes(struct hep_labels *m, struct hep_error *err) HEP_MUST_CHECK;
/** Fill holes slice by slice along index axis `axis`. */
int hep_mask_fill_holes_slices(struct hep_labels *m, int axis,
                               struct hep_error *err) HEP_MUST_CHECK;

/** Components of set voxels, numbered 1..count by decreasing size, ties by first voxel index. */
int hep_mask_components(struct hep_labels **out, size_t *count, const struct hep_labels *m,
                        int connectivity /* 6, 18 or 26 */, struct hep_error *err) HEP_MUST_CHECK;
/** Keep the largest component only. */
int hep_mask_keep_largest(struct hep_labels *m, int connectivity,
                          struct hep_error *err) HEP_MUST_CHECK;

struct hep_overlap {
    double dice, mean_surface_mm, hd95_mm, volume_error_frac; /* (b - a) / a */
};
/** Dice coefficient of two masks of one size; NaN when both are empty. */
double hep_mask_dice(const struct hep_labels *a, const struct hep_labels *b);
/** Agreement of two masks on the same grid (else HEP_EGEOM); a is the reference. mean_surface_mm:
 * over the surface voxels of both, to the nearest one of the other; hd95_mm: the larger of the two
 * directed 95th percentiles. Surface voxels have an unset face neighbour. Dice is NaN when both are
 * empty, the volume error when a is. Surface distances are NaN when one is empty. */
int hep_mask_overlap(struct hep_overlap *out, const struct hep_labels *a,
                     const struct hep_labels *b, struct hep_error *err) HEP_MUST_CHECK;

/** Voxels brighter than a share of the Otsu threshold of volume t, holes filled slice by slice: the
 * body. */
int hep_body_mask(struct hep_labels **out, const struct hep_volume *v, size_t t,
                  struct hep_error *err) HEP_MUST_CHECK;

/** Mean place of the voxels that are not 0, world mm; 0 for an empty mask. */
void hep_mask_centre(double centre[3], const struct hep_labels *mask);

#endif
