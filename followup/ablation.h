/**
 * @file  followup/ablation.h
 * @brief A zone of ablation or embolisation: what it covers of the former lesion, its rim, its growth.
 * Model:   margin at a point of the former lesion's surface: distance to the zone's surface, negative outside it. What
 *          lies outside the liver needs no margin and counts as covered. Both surfaces lie half a voxel beyond the
 *          centres that distances are measured between, which is taken off.
 *          Rim: the shell of liver around the zone, in sectors of equal solid angle; it is even when the enhancement of
 *          the sectors varies little around it, and nodular where a sector stands out.
 *          Nodule: of the patches of the shell, parts of balls of followup.ablation.nodule_mm, that take up less of a
 *          hepatobiliary agent than liver, the one that enhances most in the arterial phase, over liver or over the
 *          median patch, whichever enhances more. Coagulum does not enhance and an even rim is in every patch.
 * Source:  Ahmed et al., Radiology 2014;273:241-260 (terms, margin of 5 to 10 mm, thin rim against nodular enhancement)
 */
#ifndef HEP_FOLLOWUP_ABLATION_H
#define HEP_FOLLOWUP_ABLATION_H

#include "followup/settings.h"
#include "image/volume.h"

#define HEP_ABLATION_SECTORS 12

struct hep_ablation {
    double zone_ml, lesion_ml; /* NaN: no former lesion */
    double margin_mm;          /* least over the former lesion's surface; NaN */
    double at_mm[3];           /* where, in the space of the masks */
    double below_share;        /* of the surface with less than the margin that is asked for */
    double uncovered_ml;       /* of the former lesion outside the zone */
    double rim_enhancement, rim_cv,
        rim_highest; /* mean of the sectors, SD over mean, highest sector; NaN */
    double rim_adc_lowest,
        liver_adc; /* sector with the least, and the liver's median [mm2/s]; NaN */
    double nodule_ratio,
        nodule_uptake; /* arterial enhancement of the patch that stands out most over liver and rim, 0:
                                         * none takes up less than liver; and its uptake over liver's; NaN: not known */
    double nodule_mm[3]; /* where it is */
    double t1_ratio;     /* of the zone before contrast, over liver; NaN */
};

/** All on one grid; images NaN where they have no value, NULL where there is none. */
struct hep_ablation_images {
    const struct hep_labels *zone;           /* not 0: treated */
    const struct hep_labels *lesion, *liver; /* NULL */
    int32_t lesion_label;
    const struct hep_volume *enhancement, *adc, *precontrast;
    const struct hep_volume *uptake; /* hepatobiliary enhancement */
};

/** HEP_EGEOM for another grid; HEP_EDATA for an empty zone; HEP_ENOMEM. */
int hep_ablation_measure(struct hep_ablation *out, const struct hep_ablation_images *images,
                         const struct hep_followup_settings *settings,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
