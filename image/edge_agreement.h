/**
 * @file  image/edge_agreement.h
 * @brief Do the edges of two images lie on each other, and does a transform bring them closer?
 *
 * Model:   mean over a mask of (n_a . n_b)^2, n = grad I / sqrt(|grad I|^2 + e^2), e the mean length
 *          of the gradient over the mask; 0 to 1
 * Source:  Haber and Modersitzki, MICCAI 2006, LNCS 4191:726-733 (normalised gradient fields)
 * Differs: both images are smoothed by a Gaussian of half a voxel, as much as interpolation does,
 *          for noise has edges too, and points are drawn anywhere in their voxel, not at its centre,
 *          so that the untransformed image is interpolated as much as the transformed one (Likar and
 *          Pernus, Image Vis Comput 2001;19:33-44): else the averaging of noise alone would speak
 *          for every transform
 *
 * The mutual information that a registration raises is no judge of it: where contrast agent, coil
 * or resolution change signals, its maximum lies off the true position in a body that lies still,
 * and in all parts of the image alike. Edges stay where tissues end, whatever their signals, and the
 * registration did not see this measure. Its gain is known with an error: the images are cut into
 * blocks, each with a gain of its own, and the jackknife over blocks gives the standard error
 * (Efron and Stein, Ann Stat 1981;9:586-596).
 */
#ifndef HEP_IMAGE_EDGE_AGREEMENT_H
#define HEP_IMAGE_EDGE_AGREEMENT_H

#include "image/resample.h"

struct hep_edge_agreement {
    double value;         /* NaN when nothing can be compared */
    double gain;          /* value minus that of the first transform */
    double gain_se;       /* NaN for fewer than two blocks */
    double step, step_se; /* likewise, against the transform before it; 0 for the first */
};

/**
 * @param[out] out    n of them, over the points that all transforms keep inside `moving`
 * @param[in]  fixed, moving volume t = 0 of each
 * @param[in]  mask   on the grid of `fixed`
 * @param[in]  t      n transforms, the first is the one to compare with; 1 <= n
 * @return HEP_EGEOM when mask and `fixed` are on different grids, HEP_ENOMEM
 */
int hep_edges_compare(struct hep_edge_agreement *out, const struct hep_volume *fixed,
                      const struct hep_volume *moving, const struct hep_labels *mask,
                      const struct hep_transform *const *t, size_t n,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
