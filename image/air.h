/**
 * @file  image/air.h
 * @brief Noise of a magnitude image from the air around a body.
 * Model:   Air has the Rayleigh distribution, with median 1.1774 sigma and root mean square 1.4142
 *          sigma (Gudbjartsson and Patz, MRM 1995;34:910). Where the two disagree by more than
 *          HEP_AIR_AGREE, or more than HEP_AIR_ZEROS of the air is 0, the scanner has cut or filtered
 *          the background, and it tells nothing.
 */
#ifndef HEP_IMAGE_AIR_H
#define HEP_IMAGE_AIR_H

#include <stddef.h>
#include <stdint.h>

#define HEP_AIR_AGREE 0.15
#define HEP_AIR_ZEROS 0.05

/**
 * @param[in] signal, body [n]; air is where body is not above 0
 * @param[in] work [n] overwritten
 * @param[in] step of the air's voxels, one is looked at
 * @return sigma of one channel [signal units]; NaN where the air is not that of a magnitude's noise,
 *         or has fewer than 500 voxels
 */
double hep_air_sigma(const float *signal, const int32_t *body, float *work, size_t n, size_t step);

#endif
