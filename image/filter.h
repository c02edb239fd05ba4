/**
 * @file  image/filter.h
 * @brief Smoothing, derivatives and scale-space of volume t = 0, in mm. Borders repeat the edge
 * voxel.
 *
 * NaN is missing: smoothers leave it out (normalised convolution), and what was missing stays NaN
 * in the result. Second derivatives take the index axes as orthogonal; they are differences of the
 * sampled Gaussian's result. HEP_ENOMEM from all; a scale or radius outside its range is
 * HEP_EINVAL. Results do not depend on nthreads.
 */
#ifndef HEP_IMAGE_FILTER_H
#define HEP_IMAGE_FILTER_H

#include "image/volume.h"

/** Separable Gaussian of this SD along every axis [mm], truncated at 4 SD; in place, volume t = 0
 * only. */
int hep_filter_gauss(struct hep_volume *v, double sigma_mm, int nthreads,
                     struct hep_error *err) HEP_MUST_CHECK;

/**
 * Frangi vesselness of bright tubes in [0, 1]: maximum over n scales [mm], alpha = beta = 0.5, c =
 * half the maximal Hessian norm.
 * Source:  Frangi et al., MICCAI 1998, eq. 13-15.
 */
int hep_filter_vesselness(struct hep_volume **out, const struct hep_volume *v,
                          const double *sigma_mm, size_t n, int nthreads,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
