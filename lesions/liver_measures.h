/**
 * @file  lesions/liver_measures.h
 * @brief The liver as a whole: fat, iron, diffusion, enhancement, hepatic uptake, volumes, remnant.
 *
 * Medians over the parenchyma, without lesions, vessels and the margin of the liver; formulas are
 * those of contrast/enhancement.h. Volumes are of the whole liver mask.
 * Source:  FLR % = remnant / (liver - lesions) * 100 with lines at 20 % (healthy), 30 % (after
 * chemotherapy, steatosis) and 40 % (cirrhosis): Clavien et al., N Engl J Med 2007;356:1545
 * Valid:   FLIS is a proxy from regions, no reader's score
 */
#ifndef HEP_LESIONS_LIVER_MEASURES_H
#define HEP_LESIONS_LIVER_MEASURES_H

#include "contrast/enhancement.h"
#include "lesions/candidates.h"
#include "lesions/measure.h"

struct hep_liver_stat {
    double median, iqr; /* NaN without the series */
    size_t n;           /* voxels of the reference grid */
};

struct hep_liver_measures {
    double volume_ml, lesion_volume_ml;
    struct hep_liver_stat fat_fraction, r2star_per_s, adc_mm2_per_s;
    double re[HEP_PHASE_COUNT]; /* relative enhancement, fraction; NaN where it may not be formed */
    /* Hepatobiliary phase; NaN without it or without the organ. */
    double q_lsc, lsr, hui_ml, hui_classic_ml, sir; /* sir: liver over vena cava or portal vein */
    const char *sir_vessel;                         /* static; NULL without sir */
    struct hep_flis_proxy flis;
    double remnant_ml, flr_percent; /* NaN without a remnant mask */
    int flr_line_percent; /* highest line of 20, 30, 40 that the remnant reaches, 0 none */
    bool diffuse_alarm;   /* of the candidates */
    char diffuse_reason[256];
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
