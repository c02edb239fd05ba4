/**
 * @file  image/magnitude.h
 * @brief Is an image a magnitude, or a phase, a real or an imaginary part that is named like one?
 *
 * Model:   a magnitude is not negative but in voxels that were lost, few voxels of a body are nearly as bright as the
 *          brightest, and the edge of the field of view, mostly air, is dark. A phase has no noise
 *          floor: where there is no signal its values are spread evenly over the whole turn,
 *          whatever the vendor writes for it (2 pi, 2 x 3142, 2 x 4096, 0 to 4095), so that every
 *          tenth of the range is populated and the edge is as often bright as dark, from one voxel
 *          to the next; cuttings of tissue without air, and phantoms, are bright or dark in patches.
 * Valid:   images whose background was not set to 0; of others only negative values tell.
 *          Measured on 14 coronal magnitudes and 18 phases and parts of three vendors: negative
 *          values in 0 % against at least 17 %, least populated tenth at most 0.2 % against at least
 *          4 %, a ninth decile of the edge at most 0.45 of the range against 0.9, neighbours at the
 *          edge 0.3 of the range apart in at most 1 % against at least 4 %
 */
#ifndef HEP_IMAGE_MAGNITUDE_H
#define HEP_IMAGE_MAGNITUDE_H

#include "image/volume.h"

#define HEP_NO_MAGNITUDE_REASON 160

/**
 * @param[out] reason why it is no magnitude, with the numbers; empty when it may be one
 * @return true when it is none
 */
bool hep_is_no_magnitude(char reason[HEP_NO_MAGNITUDE_REASON], const float *signal,
                         const struct hep_grid *grid);

/** Magnitude, phase, real and imaginary part. */
enum { HEP_COMPLEX_PARTS_MAX = 4 };

/**
 * Is the first of some volumes a magnitude, and are the others its phase, real or imaginary part?
 * They are when the first is the root of the squares of two others, or when every other one swings
 * about 0, is spread as phases are, or has one value everywhere (the phase of a uniform field).
 * @param[in] volume n images on one grid
 */
bool hep_is_magnitude_with_parts(const float *const volume[], size_t n,
                                 const struct hep_grid *grid);

#endif
