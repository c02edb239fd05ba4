/**
 * @file  lesions/liver_measures.h
 * @brief The liver as a whole: hepatic uptake, volumes, remnant.
 *
 * Signals are medians over the parenchyma, without lesions, vessels and the margin of the liver;
 * formulas are those of contrast/enhancement.h. Volumes are of the whole liver mask.
 * Source:  FLR % = remnant / (liver - lesions) * 100 with lines at 20 % (healthy), 30 % (after
 *          chemotherapy, steatosis) and 40 % (cirrhosis): Clavien et al., N Engl J Med 2007;356:1545
 * Valid:   FLIS is a proxy from regions, no reader's score
 */
#ifndef HEP_LESIONS_LIVER_MEASURES_H
#define HEP_LESIONS_LIVER_MEASURES_H

#include "lesions/candidates.h"
#include "lesions/measure.h"

struct hep_liver_measures {
    struct hep_measures measures; /* of the liver, all but the statistics of maps */
    char sir_vessel[24];          /* what HEP_M_SIR is over; empty without it */
    char diffuse_reason[256];     /* of HEP_M_DIFFUSE_ALARM */
};

/**
 * @param[in] candidates lesions to leave out; NULL when none were looked for
 * @param[in] baseline   of the study and these candidates
 * @param[in] remnant    liver that stays after resection, on the reference grid; may be NULL
 * @return HEP_EGEOM when grids differ; HEP_ENOMEM
 */
int hep_liver_measure(struct hep_liver_measures *out, const struct hep_lesion_study *study,
                      const struct hep_candidates *candidates, const struct hep_baseline *baseline,
                      const struct hep_labels *remnant, struct hep_error *err) HEP_MUST_CHECK;

#endif
