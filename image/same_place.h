/**
 * @file  image/same_place.h
 * @brief Do two images of one body show it the same way round, and in the same place?
 *
 * Model:   two images of one body tell more of each other where they lie on each other than in any
 *          other place, whatever their contrasts. An image that tells more of another one when one of
 *          its axes is reversed is stored mirrored, and one that tells more two or more voxels away
 *          lies there. What it tells is mutual information over points 10 mm apart in the body of the
 *          first. Things that are symmetric tell as much mirrored, so that "more" is a factor above 1.
 *          An axis is reversed about the middle of the grid and about where both bodies' centres
 *          come together, and the image as it lies may move by as much, so that a field of view
 *          beside the isocentre, or another breath-hold, does not speak for mirroring.
 * Source:  Maes et al., IEEE TMI 1997;16:187-198 (mutual information across contrasts)
 * Valid:   where both show more than one tissue. Simulated series of one study (T1, T2, diffusion, echoes), mirrored,
 *          tell 0.2 to 0.5 of what they tell as they lie; echoes of volunteers 0.05 to 0.6
 */
#ifndef HEP_IMAGE_SAME_PLACE_H
#define HEP_IMAGE_SAME_PLACE_H

#include "image/volume.h"

struct hep_mirror {
    int axis;                    /* of the moving volume, along which it is reversed; -1: none */
    double as_it_lies, mirrored; /* [nat] the most it tells of the other; NaN: cannot be compared */
};
/**
 * @param[in] gain how many times as much it must tell mirrored as it lies, >= 1
 * Volume t = 0 of each. Grids may differ; without a body or a common region nothing is found.
 * @return HEP_ENOMEM, HEP_EGEOM (singular affine)
 */
int hep_mirror_find(struct hep_mirror *out, const struct hep_volume *fixed,
                    const struct hep_volume *moving, double gain,
                    struct hep_error *err) HEP_MUST_CHECK;
/** What an index axis of a grid exchanges when it is reversed: "left and right", "front and back", "head and feet". */
const char *hep_mirror_words(const struct hep_grid *grid, int axis);

#define HEP_SAME_PLACE_REASON 160
struct hep_same_place_limits {
    double gain;    /* how many times as much it must tell in another place, >= 1 */
    double rms_max; /* root mean square difference over the signal below which both are one image */
};
/**
 * Images of one acquisition on one grid, as echoes are: the second may not be mirrored, nor lie two or more voxels
 * away, nor be the first once more.
 * @param[out] reason empty when they belong to each other or cannot be compared
 */
int hep_same_place_check(char reason[HEP_SAME_PLACE_REASON], const float *first,
                         const float *second, const struct hep_grid *grid,
                         const struct hep_same_place_limits *limits,
                         struct hep_error *err) HEP_MUST_CHECK;
/** The same of n images against the first. @param[out] which of them the reason is of */
int hep_same_place_check_all(char reason[HEP_SAME_PLACE_REASON], size_t *which,
                             const float *const *image, size_t n, const struct hep_grid *grid,
                             const struct hep_same_place_limits *limits,
                             struct hep_error *err) HEP_MUST_CHECK;
/** Is one the other, but for rounding? */
bool hep_is_one_image(const float *a, const float *b, size_t n, double rms_max);

#endif
