/**
 * @file  pipeline/results/enhancement.h
 * @brief Product "enhancement": each phase against precontrast, and whether it can be judged.
 */
#ifndef HEP_PIPELINE_RESULTS_ENHANCEMENT_H
#define HEP_PIPELINE_RESULTS_ENHANCEMENT_H

#include "contrast/adequacy.h"
#include "contrast/gain.h"
#include "contrast/phase.h"
#include "contrast/same_sequence.h"
#include "image/align_pair.h"
#include "pipeline/run.h"
#include "terms/anatomy.h"

/** Time of a phase by the agent's windows; not present without an agent. */
struct hep_enhancement_timing {
    bool present;
    enum hep_phase phase;
    enum hep_phase_grade grade;
    char reason[192];
};

struct hep_enhancement_gain {
    bool present;
    struct hep_gain of;
};

/** One phase after contrast. */
struct hep_enhancement_phase {
    bool present;
    double time_s;
    struct hep_enhancement_timing timing;
    enum hep_comparable same_sequence;
    char same_sequence_reason[256];
    enum hep_align_method alignment[HEP_PHASE_COUNT]; /* of precontrast and of the phase itself */
    double signal[HEP_ANATOMY_COUNT];                 /* medians as acquired; NaN: not measured */
    double relative_enhancement[HEP_ANATOMY_COUNT];   /* counting the gain; NaN: not comparable */
    struct hep_enhancement_gain corrected;            /* what the map was multiplied with */
};

/** A verdict with the pair of numbers that decided. */
struct hep_judgement {
    bool present;
    enum hep_adequacy_grade grade;
    double value, limit;
    const char *unit;
    char reason[256];
    char *source;
};

struct hep_motion_judgement {
    bool present;
    struct hep_judgement verdict;
    double ghost_ratio, ncc_drop, weight;
};

struct hep_enhancement {
    struct hep_enhancement_phase phase[HEP_PHASE_COUNT];
    struct hep_judgement arterial, hepatobiliary; /* not present without an agent */
    struct hep_motion_judgement motion;           /* of the arterial phase */
    struct hep_enhancement_gain gain[HEP_PHASE_COUNT];
};
HEP_PRODUCT(enhancement, hep_enhancement);

/** The table of one phase, for the sidecar of its map. */
extern const struct hep_struct_type hep_enhancement_phase_type;

/** @param[in,out] j the adequacy with copies of its texts; HEP_ENOMEM */
int hep_judgement_fill(struct hep_judgement *j, const struct hep_adequacy *a,
                       struct hep_error *err) HEP_MUST_CHECK;
/** Back again; `j->source` stays borrowed. Not assessable when it is not present. */
struct hep_adequacy hep_judgement_read(const struct hep_judgement *j);

#endif
