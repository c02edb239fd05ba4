/**
 * @file  phantom/true_flag.h
 * @brief What each lesion truly is and shows: the flags of its tissue, and those of noise-free
 *        images of the same acquisition.
 * Model:   tissue: signals of the rim's and the core's tissue and their mean over the lesion, with
 *          the study's own times and parameters, or the usual ones for a series that the protocol
 *          does not hold. Visible: the means of the voxels of each series, rendered at rest without
 *          noise, distortion and texture, whose greater part lies in the lesion; of these, rim and
 *          core are the purer half of those that are mostly rim or core
 * Source:  definitions are those of terms/flags.def, limits those of terms/flag_limits.def
 * Differs: a robust z of the b = 800 signal has no meaning without noise; the noise of a liver with
 *          a signal-to-noise ratio of 10 stands in, so that z >= 2 is 20 % above liver
 */
#ifndef HEP_PHANTOM_TRUE_FLAG_H
#define HEP_PHANTOM_TRUE_FLAG_H

#include "phantom/event.h"
#include "terms/finding.h"

/** Parts of a lesion. */
enum hep_zone { HEP_ZONE_RIM, HEP_ZONE_CORE, HEP_ZONE_WHOLE, HEP_N_ZONES };

/** Noise-free measurements of one lesion. NaN: there is no such image, or the lesion has, or shows,
 * no such part. */
struct hep_true_measures {
    uint32_t images;                    /* bits 1 << enum hep_image that there are */
    double adc[HEP_N_ZONES], adc_liver; /* mm2/s, from b of 50 to 1000 s/mm2 */
    double b_high[HEP_N_ZONES];         /* highest b, tissue: 800; over liver */
    double t2[HEP_N_ZONES];             /* T2-weighted signal over liver */
    double ff, ff_liver;
    double ratio[HEP_N_ZONES][HEP_PHASE_COUNT]; /* T1 signal over liver */
    double re[HEP_N_ZONES][HEP_PHASE_COUNT];    /* relative enhancement, fraction */
    double re_liver[HEP_PHASE_COUNT];
    double over_portal[HEP_PHASE_COUNT]; /* whole lesion over portal vein */
    double ring_cover[HEP_PHASE_COUNT];  /* share of the surface that the rim takes */
};
void hep_true_measures_clear(struct hep_true_measures *m);

/** Everything that the flags of all lesions need. */
struct hep_truth_study {
    const struct hep_anatomy *anatomy;
    const struct hep_sim_settings *settings; /* borrowed, as all here */
    const struct hep_event *event;
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
/** Signal of a label in a series r, at the time of a phase. */
double hep_truth_label_signal(const struct hep_truth_study *t, const struct hep_sim_series *r,
                              uint8_t label, enum hep_phase phase, size_t v);
/** ADC of a log-linear least-squares line through b of 50 to 1000 s/mm2, or all b where fewer than
 * two lie there. */
double hep_truth_adc(const double *s, const double *b, size_t n);
/** True when the core takes 4.3 % of the lesion or more: a radius of 0.35. */
bool hep_truth_has_core(const struct hep_anatomy *a, size_t lesion);

/** By tissue. */
void hep_true_measure(struct hep_true_measures *out, const struct hep_truth_study *t,
                      size_t lesion);
/** As visible. HEP_ENOMEM, HEP_EGEOM. */
int hep_visible_measure(struct hep_true_measures *out, const struct hep_truth_study *t,
                        size_t lesion, struct hep_error *err) HEP_MUST_CHECK;
/** @param[in] agent may be NULL */
void hep_true_flags(struct hep_flag_result out[HEP_FLAG_COUNT], const struct hep_agent *agent,
                    const struct hep_true_measures *m);

#endif
