/**
 * @file  contrast/adequacy.h
 * @brief Is a phase good enough for the rules that read it? Every answer carries value, limit and
 * reason.
 *
 * Hepatobiliary: liver/vessel signal ratio (SIR). Bashir et al., Acad Radiol 2014 (liver/IVC
 * > 1.8); limits per agent in agents.yml. The portal vein stands in for the IVC when that is all
 * there is. Arterial: relative enhancement of aorta, portal vein, liver and hepatic veins against
 * their portal venous values; the percentages are general expert rules. Motion: ghost energy
 * outside the body and drop of the similarity to the neighbouring phase; limits are general expert
 * rules. Frequency with gadoxetate: Pietryga et al., Radiology 2014. Signals are medians of regions
 * within one series, so the receive gain cancels in a ratio.
 */
#ifndef HEP_CONTRAST_ADEQUACY_H
#define HEP_CONTRAST_ADEQUACY_H

#include "contrast/agent.h"

enum hep_adequacy_grade {
    HEP_ADEQUATE,
    HEP_SUBOPTIMAL,
    HEP_INADEQUATE,
    HEP_TOO_EARLY,
    HEP_TOO_LATE,
    HEP_ADEQUACY_NOT_ASSESSABLE
};
const char *hep_adequacy_name(enum hep_adequacy_grade grade);

struct hep_adequacy {
    enum hep_adequacy_grade grade;
    double value, limit; /* the pair that decided; NaN when not assessable */
    const char *unit;    /* "1" for ratios and fractions; static */
    const char *source;  /* borrowed from the agent or static */
    char reason[256];
};

/**
 * @param[in] liver, vessel medians of the hepatobiliary series [a.u.]; NaN or <= 0: not assessable
 * @param[in] vessel_name   "inferior vena cava", "portal vein": stands in the reason
 */
void hep_adequacy_hepatobiliary(struct hep_adequacy *out, const struct hep_agent *agent,
                                double liver, double vessel, const char *vessel_name);

/** Medians of one region before contrast, in the arterial and in the portal venous series [a.u.].
 */
struct hep_three_phase {
    double pre, arterial, portal_venous;
};
/**
 * All regions may hold NaN. Needed at least: liver complete, and either portal vein complete or the
 * aorta's pre and arterial values; otherwise not assessable.
 *   too early: portal vein RE < 20 % of its portal venous RE
 *   too late:  liver RE > 80 % of its portal venous RE
 *   suboptimal: liver RE 60-80 %, portal vein brighter than the aorta, or hepatic veins already
 *               enhanced (> 50 % of their portal venous RE)
 */
void hep_adequacy_arterial(struct hep_adequacy *out, const struct hep_three_phase *aorta,
                           const struct hep_three_phase *portal_vein,
                           const struct hep_three_phase *hepatic_veins,
                           const struct hep_three_phase *liver);

struct hep_motion_input {
    double
        ghost_ratio; /* energy outside the body along phase encoding / the same before contrast */
    double ncc_drop; /* NCC(pre, portal venous) - NCC(pre, arterial), after registration */
};
/** ADEQUATE, SUBOPTIMAL (moderate) or INADEQUATE (severe); a NaN input is left out.
 *  @param[out] weight factor for arterial evidence, 1, 0.5 or 0; 1 when not assessable; may be NULL
 */
void hep_adequacy_motion(struct hep_adequacy *out, double *weight,
                         const struct hep_motion_input *in);

#endif
