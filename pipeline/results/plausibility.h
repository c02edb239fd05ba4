/**
 * @file  pipeline/results/plausibility.h
 * @brief Product "plausibility": medians of the liver that judge the maps they were taken of.
 */
#ifndef HEP_PIPELINE_RESULTS_PLAUSIBILITY_H
#define HEP_PIPELINE_RESULTS_PLAUSIBILITY_H

#include "liver/plausible.h"
#include "pipeline/run.h"

/** Maps that are judged, each with all that was made of the same images. */
enum hep_judged {
    HEP_JUDGED_ADC,          /* every diffusion map */
    HEP_JUDGED_FAT_FRACTION, /* of two echoes */
    HEP_JUDGED_PDFF,         /* and R2* */
    HEP_JUDGED_COUNT
};
/** As among the liver's measures: "adc_mm2_per_s", "fat_fraction", "pdff". */
const char *hep_judged_name(enum hep_judged judged);

enum hep_verdict_state { HEP_PLAUSIBLE, HEP_CONTRADICTED, HEP_VERDICT_COUNT };
/** "plausible", "not_assessable". */
const char *hep_verdict_name(enum hep_verdict_state state);

/** Not present when the study has no such map. */
struct hep_verdict {
    bool present;
    enum hep_verdict_state state;
    double median; /* of the liver; NaN without one */
    size_t n;      /* voxels of it */
    double limits[2];
    char unit[8];
    char reason[HEP_IMPLAUSIBLE_REASON]; /* empty when it is plausible */
};
/** R2* of the liver by its signal beside muscle and spleen (fitting/iron_signal.h); not present without comparisons. */
struct hep_iron_verdict {
    bool present;
    double r2star_per_s, r2star_se_per_s;
    size_t n;
};
struct hep_plausibility {
    struct hep_verdict of[HEP_JUDGED_COUNT];
    struct hep_iron_verdict iron;
};
HEP_PRODUCT(plausibility, hep_plausibility);

#endif
