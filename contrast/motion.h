/**
 * @file  contrast/motion.h
 * @brief Signs of motion in the arterial phase: ghosts beside the body, and a picture that
 * resembles its neighbours less.
 *
 * Model:   ghost ratio = mean |S| of the voxels outside the body, arterial / precontrast, each
 *          divided by the mean of the body; drop = NCC(pre, portal venous) - NCC(pre, arterial)
 *          over the body
 * Source:  Pietryga et al., Radiology 2014;271:426 (transient severe motion after gadoxetate) for
 *          the phenomenon; the measures are ours
 * Valid:   volumes on one grid; parallel imaging may suppress or fold ghosts into the body
 */
#ifndef HEP_CONTRAST_MOTION_H
#define HEP_CONTRAST_MOTION_H

#include "contrast/adequacy.h"
#include "image/volume.h"

/**
 * @param[out] out  NaN for what cannot be measured
 * @param[in]  pre, arterial, portal_venous  nt = 1, on one grid; portal_venous may be NULL
 * @param[in]  body where it is set; everything else counts as outside
 * @return HEP_EGEOM when grids differ
 */
int hep_motion_measure(struct hep_motion_input *out, const struct hep_volume *pre,
                       const struct hep_volume *arterial, const struct hep_volume *portal_venous,
                       const struct hep_labels *body, struct hep_error *err) HEP_MUST_CHECK;

#endif
