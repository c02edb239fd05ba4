/**
 * @file  lesions/series_share.h
 * @brief What the voxels of a series hold of a part that is known on the reference grid.
 *
 * Model:   the part's map moved by a shift and smoothed along each axis: by the box of the series'
 *          voxel beyond the grid's, (h^2 - g^2) / 12, by linear interpolation where a transform
 *          moved the series, h^2 / 6 on average, by the point spread in an image's plane, and by the
 *          part of a voxel at a border that a map of whole voxels does not know (0.08 of either
 *          neighbour).
 * Source:  Rousset, Ma and Evans, J Nucl Med 1998;39:904 (regions through the point spread)
 * Valid:   the native axes are taken as parallel to those of the reference grid, in its order
 */
#ifndef HEP_LESIONS_SERIES_SHARE_H
#define HEP_LESIONS_SERIES_SHARE_H

#include "liver/study.h"

/* Point spread of an image's plane beyond its voxel's box, variance in voxels^2, as known before. A
 * Gaussian as wide at half height as the truncated k-space of voxels stored as acquired, 1.21 of them,
 * has 0.26, 0.18 more than the box; as wide as with Hann's filter, 2.0, it has 0.72, 0.64 more (Harris,
 * Proc IEEE 1978;66:51, table I: 6 dB bandwidths). The first is the
 * more common, and an image may be sharper than either: mean 0.2, SD 0.2. */
#define HEP_BLUR_MEAN 0.2
#define HEP_BLUR_SD 0.2

/**
 * @param[out] out      [voxels of the grid]; may not be `map`
 * @param[in]  map      0 to 1; 0 beyond the grid
 * @param[in]  shift_mm along the grid's axes: where in the series the part lies more
 * @param[in]  blur     variance of the point spread in an image's plane, in voxels^2 of the series
 * @param      scratch  [voxels of the grid]
 */
void hep_series_share(float *out, const float *map, const struct hep_grid *grid,
                      const struct hep_lesion_image *image, const double shift_mm[3], double blur,
                      float *scratch);

/** Share that a voxel of the grid keeps of itself in the series. */
double hep_series_sharpness(const struct hep_grid *grid, const struct hep_lesion_image *image,
                            double blur);

/** Change of x with `blur`: half the second derivatives along the axes of an image's plane, each times
 * the square of the series' voxel; 0 at the grid's ends. */
void hep_series_curvature(float *out, const float *x, const struct hep_grid *grid,
                          const struct hep_lesion_image *image);

/** Gradient of x along one axis of the grid [1/mm], 0 at its ends. */
void hep_series_slope(float *out, const float *x, const struct hep_grid *grid, int axis);

#endif
