/**
 * @file  lesions/zscore.h
 * @brief How far a voxel is from the liver around it, in robust standard deviations.
 *
 * Model:   z = (S - median) / (1.4826 MAD) of the reference voxels in a cubic window, computed at
 *          nodes half a window apart and interpolated linearly between them. Nodes with too few
 *          reference voxels take the mean of their neighbours. The MAD is bounded below by half of
 *          that of the whole liver and by 1 % of the range of all voxels, so that a window of few
 *          equal values does not blow up noise.
 * Valid:   unchanged by S -> a S + b, a > 0. A window without spread in the whole liver (constant
 *          image) gives z = 0.
 */
#ifndef HEP_LESIONS_ZSCORE_H
#define HEP_LESIONS_ZSCORE_H

#include "image/volume.h"

/** A robust SD of fewer values is not taken for that of liver: of so many it has a standard error of
 * 1.17 / sqrt(n) = 8 % (a third of the efficiency of the SD of a normal distribution). */
#define HEP_ROBUST_MIN 200

/**
 * @param[in,out] v         values; replaced by z; NaN stays
 * @param[in]     reference voxels that are liver and nothing else, on the same grid
 * @param[in]     window_mm edge of the window; infinite: one median and MAD for all
 * @return HEP_OK; HEP_EGEOM; HEP_ENOMEM. Without any reference voxel z is NaN everywhere.
 */
int hep_zscore_local(struct hep_volume *v, const struct hep_labels *reference, double window_mm,
                     int nthreads, struct hep_error *err) HEP_MUST_CHECK;

#endif
