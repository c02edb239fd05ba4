/**
 * @file  lesions/diffuse.h
 * @brief Infiltrative disease may have no nodule: does a region of the liver differ as a whole?
 *
 * Model:   the liver is cut into eight by the medians of its R-L, A-P and S-I coordinates; a region
 *          differs when its median is brighter at the highest b and lower in ADC than the rest by
 *          more than diffuse_z_min robust SDs of the rest, both, and candidates cover at most
 *          diffuse_covered_max of it. ADC is needed: a coil's sensitivity cancels in it and not in b.
 * Differs: octants stand for segments, whose borders are not known here
 */
#ifndef HEP_LESIONS_DIFFUSE_H
#define HEP_LESIONS_DIFFUSE_H

#include "lesions/candidates.h"

/** Set c->diffuse_alarm and c->diffuse_reason from c->labels. HEP_ENOMEM. */
int hep_diffuse_judge(struct hep_candidates *c, const struct hep_lesion_study *study,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
