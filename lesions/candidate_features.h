/**
 * @file  lesions/candidate_features.h
 * @brief What a delineated candidate is judged by (terms/features.def).
 */
#ifndef HEP_LESIONS_CANDIDATE_FEATURES_H
#define HEP_LESIONS_CANDIDATE_FEATURES_H

#include "lesions/candidate_spot.h"
#include "lesions/delineate.h"
#include "terms/feature.h"

/**
 * @param[out] out  NaN where the study does not show it
 * @param[in]  seen the spot as it was found: its shape, supports and score
 * @param[in]  region the spot measured at the centre of its region, with that size
 * @param[in]  vesselness of lesions/suppress.h; NaN unknown
 */
void hep_candidate_features(double out[HEP_FEATURE_COUNT], const struct hep_spot *seen,
                            const struct hep_spot *region, const struct hep_delineation *outline,
                            double vesselness,
                            const struct hep_channel channels[HEP_MECHANISM_COUNT],
                            const struct hep_lesion_limits *limits);

#endif
