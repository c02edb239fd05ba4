/**
 * @file  fitting/noise.h
 * @brief Noise of a magnitude image, measured in the image itself.
 * Model:   SD = median over blocks of |a - b - c + d| / 2, divided by .6745, for the four pixels of
 *          blocks of 2 x 2 of a slice that are brighter than the mean of the volume
 * Source:  Coupe et al., Med Image Anal 2010;14:483-493 (median absolute high-pass coefficient)
 * Differs: the high-pass is the diagonal Haar difference
 * Valid:   one coil, or uniform noise. Fine texture counts as noise, and an image that the scanner
 *          interpolated has less of it.
 */
#ifndef HEP_FITTING_NOISE_H
#define HEP_FITTING_NOISE_H

#include "image/volume.h"

/**
 * Noise SD of one channel: the median over the volumes.
 * @return HEP_EDATA when nothing can be measured; HEP_ENOMEM
 */
int hep_noise_sd(double *sd, const struct hep_volume *v, struct hep_error *err) HEP_MUST_CHECK;

#endif
