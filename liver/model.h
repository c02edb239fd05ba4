/**
 * @file  liver/model.h
 * @brief How much each voxel's signals speak for the liver: log-odds from local models.
 * Model:   in each image the liver's log signal is normal around a local mean, the Gaussian mean of
 *          the known part of the liver (so receive field and uneven fat cancel); everything else is
 *          the histogram of differences from that mean over the body within reach. Odds of images
 *          add up with weights below 1, as images of one property of tissue are not independent
 * Source:  local intensity models: Rusko et al., ISBI 2010
 */
#ifndef HEP_LIVER_MODEL_H
#define HEP_LIVER_MODEL_H

#include "liver/images.h"

struct hep_liver_model {
    struct hep_volume *odds;       /* fine: log-odds, negative outside the body; owned */
    struct hep_volume *mean;       /* fine: local mean of the reference's log signal; owned */
    double sd[HEP_LIVER_CHANNELS]; /* of the liver around its local mean */
};

/**
 * @param[in] known  liver as far as known, coarse grid, not empty
 * @param[in] distance from it [mm], coarse grid
 */
int hep_liver_model_init(struct hep_liver_model *out, const struct hep_liver_images *im,
                         const struct hep_labels *known, const struct hep_volume *distance,
                         struct hep_error *err) HEP_MUST_CHECK;
/** Also after a failure. */
void hep_liver_model_release(struct hep_liver_model *m);

#endif
