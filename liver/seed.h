/**
 * @file  liver/seed.h
 * @brief Where an organ surely is: the largest thick homogeneous region of the part of the body
 *        where it belongs.
 * Model:   the smoothest cubes (15 mm) of different tissues, fat left out, give starts; each is
 *          moved to the median of the largest region that is like it in every image of the
 *          reference's breath-hold and in the others on average, three times; regions are ranked by
 *          the sum of their depths, which favours one thick organ over layers and loops. How much
 *          of the place other tissues fill does not matter
 */
#ifndef HEP_LIVER_SEED_H
#define HEP_LIVER_SEED_H

#include "liver/images.h"

/** Where an organ is looked for: a box, and how deep below the skin. */
struct hep_seed_place {
    struct hep_liver_box box;
    double deep_mm;
    bool only_here;                 /* no part of the organ lies outside the box */
    const struct hep_labels *taken; /* coarse; not 0: another organ; may be NULL */
};
extern const struct hep_seed_place hep_seed_liver;

struct hep_liver_seed {
    struct hep_labels *mask; /* coarse grid; owned; all 0 when nothing was found */
    double volume_ml;        /* of what was left by the erosion, grown back by it */
    double centre[HEP_LIVER_CHANNELS], scale[HEP_LIVER_CHANNELS]; /* median, MAD of log signal */
};

/** HEP_ENOMEM. hep_labels_free(out->mask) also after a failure. */
int hep_liver_seed_find(struct hep_liver_seed *out, const struct hep_liver_images *im,
                        const struct hep_seed_place *place, double erosion_mm,
                        struct hep_error *err) HEP_MUST_CHECK;

#endif
