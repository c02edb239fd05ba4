/**
 * @file  lesions/delineate.h
 * @brief From a seed to a region: half contrast, grown from the seed, split from its rivals.
 *
 * Model:   the border lies where the image is half-way between liver and the lesion's plateau (the
 *          upper quartile in the seed's ball); the region is what hangs together with the seed over
 *          faces above that level, no further than cbrt(leak_volume_ratio) radii, holes filled. A
 *          voxel that a rival seed is nearer to, in units of radii, is the rival's. A region that
 *          lies on the surface of the liver with more than leak_border_frac of its own surface has
 *          leaked: the level is raised until it does not.
 * Volume:  each voxel counts with its share of the contrast, so that partial volume adds up.
 */
#ifndef HEP_LESIONS_DELINEATE_H
#define HEP_LESIONS_DELINEATE_H

#include "lesions/candidate_spot.h"

struct hep_seed {
    double voxel[3];
    double radius_mm;
    bool partner; /* of the seed that is delineated; else a rival */
};

struct hep_delineation {
    double centroid_voxel[3]; /* on the frame's grid */
    double volume_mm3;
    double plateau;    /* signed z */
    double elongation; /* largest over smallest eigenvalue of the second moments */
    double reach_mm;   /* from the seed to the region's furthest voxel */
    size_t voxels;
};

/**
 * @param[in,out] labels on the frame's grid; voxels of the region become `id`, those with another
 *                label stay
 * @param[in]     z, sign the image to follow
 * @param[in]     others  shape [n_others]: rivals, and partners: seeds of the same lesion, from
 *                which the region may reach as far as from its own
 * @return HEP_OK; out->voxels is 0 when nothing was found, then labels are unchanged. HEP_ENOMEM.
 */
int hep_delineate(struct hep_delineation *out, struct hep_labels *labels, int32_t id,
                  const struct hep_seed *seed, const struct hep_candidate_frame *f,
                  const struct hep_volume *z, int sign, const struct hep_seed *others,
                  size_t n_others, struct hep_error *err) HEP_MUST_CHECK;

/** Are two seeds one lesion: is z on the way between them nowhere below `share` of the lower end?
 */
bool hep_delineate_joined(const struct hep_volume *z, int sign, const double a[3],
                          const double b[3], double share);

#endif
