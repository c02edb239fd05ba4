/**
 * @file  liver/walk.h
 * @brief Random walker between liver and everything else, with evidence at every voxel.
 * Model:   minimises sum_edges w (xi - xj)^2 + sum_voxels g (xi - pi)^2 with w = exp(-0.5 (D/s)^2),
 *          D the difference of log signals across an edge and pi the logistic of the log-odds
 * Source:  Grady, CVPR 2005, "Multilabel random walks using prior models", eq. 8; solved by
 *          conjugate gradients with the diagonal as preconditioner
 */
#ifndef HEP_LIVER_WALK_H
#define HEP_LIVER_WALK_H

#include "liver/images.h"

/**
 * @param[out] out  x in [0, 1] on the grid of `odds`; 0 where the odds are below -10
 * @param[in]  odds log-odds
 * @param[in]  edge n log-signal images on the same grid, and the SD of their differences between
 *                  neighbours in the liver
 * @param[in]  im   settings and threads
 */
int hep_liver_walk(struct hep_volume **out, const struct hep_liver_images *im,
                   const struct hep_volume *odds, const struct hep_volume *const *edge,
                   const double *edge_sd, size_t n, struct hep_error *err) HEP_MUST_CHECK;

#endif
