/**
 * @file  followup/pattern.h
 * @brief Patterns of change that papers describe, each with its state, number, limit, reason and source: where to look
 *        again, never a diagnosis.
 *
 * early_adc_rise      ADC of targets has risen beyond its repeatability soon after the baseline, sizes unchanged
 * oligoprogression    few lesions grow while the others answer or are stable
 * dissociated         some lesions grow while others shrink or vanish
 * disappearing        a vanished lesion that an image of the later visit still shows: where to look again
 * pseudocirrhosis     the liver without its lesions has lost volume and its surface has become uneven
 * new_fnh_like        new lesions most like FNH, as after platinum
 */
#ifndef HEP_FOLLOWUP_PATTERN_H
#define HEP_FOLLOWUP_PATTERN_H

#include "followup/change.h"
#include "terms/flag.h"

enum hep_pattern_of {
    HEP_PATTERN_EARLY_ADC_RISE,
    HEP_PATTERN_OLIGOPROGRESSION,
    HEP_PATTERN_DISSOCIATED,
    HEP_PATTERN_DISAPPEARING,
    HEP_PATTERN_PSEUDOCIRRHOSIS,
    HEP_PATTERN_NEW_FNH_LIKE,
    HEP_PATTERN_N
};
/** "early_adc_rise"; words for people; source. Static. */
const char *hep_pattern_name(enum hep_pattern_of of);
const char *hep_pattern_words(enum hep_pattern_of of);
const char *hep_pattern_source(enum hep_pattern_of of);

struct hep_pattern {
    size_t visit;
    enum hep_pattern_of of;
    enum hep_flag_state state;
    double value, limit; /* NaN: none */
    const char *unit;    /* static */
    char reason[320];
};

/** The liver of a visit without its lesions, and what a vanished lesion's place still shows. */
struct hep_visit_liver {
    double volume_ml; /* without lesions; NaN: not known, as all here */
    double roughness; /* surface over that of the ball of its volume */
};

/**
 * @param[out] out shape [n_visits - 1][HEP_PATTERN_N]: every later visit against the baseline
 * @param[in] livers shape [n_visits]
 * @param[in] traces what a second look at the places of vanished lesions found
 */
void hep_patterns_judge(struct hep_pattern *out, const struct hep_tracks *tracks,
                        const struct hep_visit *visits, const struct hep_changes *changes,
                        const struct hep_visit_liver *livers, const struct hep_trace *traces,
                        size_t n_traces, const struct hep_followup_settings *settings);

#endif
