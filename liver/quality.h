/**
 * @file  liver/quality.h
 * @brief How plausible the mask of a liver is.
 */
#ifndef HEP_LIVER_QUALITY_H
#define HEP_LIVER_QUALITY_H

#include "liver/images.h"

/**
 * Every measure of the quality but method, seed and agreement, which is known before; and the score.
 * @param[in] share the liver's share of voxels, fine grid; @param[in] odds fine grid
 * @param[in] sd of the liver's log signal in the reference
 */
int hep_liver_judge(struct hep_liver_quality *q, const struct hep_labels *liver,
                    const struct hep_volume *share, const struct hep_volume *odds,
                    const struct hep_liver_images *im, double sd,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
