/**
 * @file  phantom/true_flag.h
 * @brief What each lesion truly shows, computed without noise from its composition.
 * Model:   mean signals of the outer third of the radius (rim), the inner third (core) and the
 *          whole, counted at the anatomy's resolution; the study's own times and parameters, or the
 *          usual ones for a series that the protocol does not hold
 * Source:  rules and limits are those of terms/flags.def and terms/flag_limits.def
 * Differs: a robust z of the b = 800 signal has no meaning without noise; the noise of a liver with
 *          a signal-to-noise ratio of 10 stands in, so that z >= 2 is 20 % above liver
 */
#ifndef HEP_PHANTOM_TRUE_FLAG_H
#define HEP_PHANTOM_TRUE_FLAG_H

#include "phantom/event.h"
#include "terms/finding.h"

/** Noise-free measurements of one lesion; NaN where the agent has no such phase. */
struct hep_true_measures {
    double adc[HEP_N_ZONES], adc_liver; /* mm2/s, from b = 50, 400, 800 */
    double b800[HEP_N_ZONES];           /* over liver */
    double t2[HEP_N_ZONES];             /* T2-weighted signal over liver */
    double ff, ff_liver;
    double ratio[HEP_N_ZONES][HEP_PHASE_COUNT]; /* T1 signal over liver */
    double re[HEP_N_ZONES][HEP_PHASE_COUNT];    /* relative enhancement, fraction */
    double re_liver[HEP_PHASE_COUNT];
    double over_portal[HEP_PHASE_COUNT]; /* whole lesion over portal vein */
    bool phase[HEP_PHASE_COUNT];
};

/** Everything that the flags of all lesions need. */
struct hep_truth_study {
    const struct hep_anatomy *anatomy;
    const struct hep_agent *agent; /* may be NULL */
    double field_t;
    struct hep_sim_series t1, t2, dwi;
    struct hep_course course[HEP_PHASE_COUNT]; /* by phase; [precontrast] before injection */
    bool phase[HEP_PHASE_COUNT];
};
/** @param[out] out large: keep it on the heap */
int hep_truth_study_init(struct hep_truth_study *out, const struct hep_sim_settings *s,
                         const struct hep_anatomy *a, const struct hep_event *e,
                         struct hep_error *err) HEP_MUST_CHECK;
void hep_true_measure(struct hep_true_measures *out, const struct hep_truth_study *t,
                      size_t lesion);
void hep_true_flags(struct hep_flag_result out[HEP_FLAG_COUNT], const struct hep_truth_study *t,
                    const struct hep_true_measures *m, const struct hep_lesion *l);

#endif
