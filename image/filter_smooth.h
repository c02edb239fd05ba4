/**
 * @file  image/filter_smooth.h
 * @brief The Gaussian behind the filters of this room: fills missing voxels from their neighbours,
 * which derivatives need.
 */
#ifndef HEP_IMAGE_FILTER_SMOOTH_H
#define HEP_IMAGE_FILTER_SMOOTH_H

#include "image/volume.h"

/**
 * Normalised convolution of volume 0 with a Gaussian, in place: sum(w S m) / sum(w m), m = 1 where
 * the value is not NaN and `mask` (shape of v, may be NULL) is not 0. Voxels with no valid one in
 * reach become NaN.
 * @param[in] sigma_mm finite, >= 0; 0 leaves the values alone; HEP_EINVAL otherwise
 */
int hep_smooth_fill(struct hep_volume *v, const int32_t *mask, double sigma_mm, int nthreads,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
