/**
 * @file  liver/shape.h
 * @brief From a probability of liver to an organ: thin bridges cut, what the liver encloses filled,
 *        the border smooth.
 */
#ifndef HEP_LIVER_SHAPE_H
#define HEP_LIVER_SHAPE_H

#include "liver/images.h"

/** Largest part of x > 0.5 after erosion by radius_mm, grown back, without inner holes; fine grid.
 * All 0 when nothing is left. */
int hep_liver_cut(struct hep_labels **out, const struct hep_volume *x, double radius_mm,
                  int nthreads, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Add what the liver encloses: parts of its closing by radius_mm whose inner voxels see the liver
 * in at least a share `enclosed` of all directions within that radius. Seen from the mouth of a
 * bite that share is 1/2, from its ground 1; in a shallow groove it stays near 1/2.
 * @param[in,out] mask  fine grid; layers of up to two voxels separate parts and are none themselves
 * @param[in] refused not 0 where other tissue is known to be; fine grid
 */
int hep_liver_fill(struct hep_labels *mask, const struct hep_labels *refused, double radius_mm,
                   double enclosed, int nthreads, struct hep_error *err) HEP_MUST_CHECK;

/** Continue the surface over what was filled since `before`: the closing by a wider ball, near it.
 */
int hep_liver_cap(struct hep_labels *mask, const struct hep_labels *before,
                  const struct hep_labels *refused, double radius_mm, int nthreads,
                  struct hep_error *err) HEP_MUST_CHECK;

/**
 * Share of liver at every voxel, smoothed to the setting median_mm. Beside the border of the mask,
 * and outside it as far as a voxel of the reference that the liver shares may reach, it is the
 * partial volume (S - outside) / (inside - outside) of the reference's signal S, where inside and
 * outside differ by at least border_step_log; elsewhere, and where the walk's x says that something
 * was filled, the mask.
 * @param[in] walked  x of hep_liver_walk()
 * @param[in] inside  local mean of the reference's log signal in the liver
 * @param[in] band_mm largest size of the reference's voxels
 */
int hep_liver_soften(struct hep_volume **out, const struct hep_labels *mask,
                     const struct hep_volume *walked, const struct hep_liver_images *im,
                     const struct hep_volume *inside, double band_mm,
                     struct hep_error *err) HEP_MUST_CHECK;

/** share > 0.5 on another grid. */
int hep_liver_to_grid(struct hep_labels **out, const struct hep_volume *share,
                      const struct hep_grid *grid, int nthreads,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
