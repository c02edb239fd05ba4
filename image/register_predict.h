/**
 * @file  image/register_predict.h
 * @brief How far has a body moved rigidly, told from a few comparisons without a registration?
 *
 * Model:   near its maximum, mutual information falls with the square of a shift: of its values at
 *          one step to either side and in the middle, along each world axis, the vertex of the
 *          parabola is the shift. A rotation shifts parts differently: each half of the mask along
 *          each axis has a vertex of its own.
 * Differs: the step is a voxel of the fixed volume, so that two volumes on one grid are compared
 *          without interpolation, whose blur changes mutual information by itself (Pluim et al.,
 *          CVIU 2000;77:211-232)
 */
#ifndef HEP_IMAGE_REGISTER_PREDICT_H
#define HEP_IMAGE_REGISTER_PREDICT_H

#include "image/resample.h"

/**
 * @param[out] motion_mm  length of the longest shift of the six halves; infinite where one of them
 *                        has no maximum in the middle: nothing is known then
 * @param[in]  mask       on the grid of `fixed`; every fourth voxel of it is used
 * @return HEP_EGEOM, HEP_EINVAL, HEP_ENOMEM as hep_register_compare()
 */
int hep_register_predict(double *motion_mm, const struct hep_volume *fixed,
                         const struct hep_volume *moving, const struct hep_labels *mask, int bins,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
