/**
 * @file  terms/finding.h
 * @brief A finding: a lesion with its measures, flags and evidence. The one form in which lesions
 * go from detection to files and back (terms/finding_json.h), of patients and of simulations.
 */
#ifndef HEP_TERMS_FINDING_H
#define HEP_TERMS_FINDING_H

#include "base/error.h"
#include "terms/feature.h"
#include "terms/flag.h"
#include "terms/lesion_class.h"
#include "terms/measure.h"

#include <stddef.h>

struct hep_flag_result {
    bool given;   /* false: nobody has judged it */
    bool certain; /* the probability is at least HEP_FLAG_CERTAIN, or at most 1 less that */
    enum hep_flag_state state;
    double probability;      /* that the tissue satisfies the flag's definition; NaN unknown */
    double value, se, limit; /* in the unit of the flag's row; NaN when there is none */
    /* What the probability follows from: how far the deciding condition lies on the side of
     * present, its standard error, and the lesion's diameter in voxels of the series as acquired;
     * NaN where no measurement decided. */
    double margin, margin_se, size_voxels;
    char reason[400]; /* one sentence with the numbers */
};

/** A flag is present from this probability on. */
#define HEP_FLAG_PRESENT_FROM 0.5
#define HEP_FLAG_CERTAIN 0.9

/** A flag that is known without error and needs no probability, as in the truth of a simulation,
 * with its sentence. */
void hep_flag_set(struct hep_flag_result *flag, enum hep_flag_state state, double value,
                  double limit, const char *fmt, ...) HEP_PRINTF(5, 6);
/** Set probability, state and certainty. */
void hep_flag_set_probability(struct hep_flag_result *flag, double probability);
/** Not assessable, for a reason. */
void hep_flag_cannot(struct hep_flag_result *flag, const char *fmt, ...) HEP_PRINTF(2, 3);

#define HEP_EVIDENCE_MAX 32
#define HEP_EVIDENCE_PRIOR "prior" /* name of the item whose value is the prior probability */
/** One piece of evidence as it was used. */
struct hep_evidence_item {
    char name[64], group[32];
    double log_lr; /* towards metastasis, after weights and caps */
    double value;
    char reason[192];
};

enum hep_finding_origin { HEP_ORIGIN_FOUND, HEP_ORIGIN_GIVEN };

struct hep_finding {
    int32_t id;   /* value in the label map, > 0 */
    char key[32]; /* by its place: hep_findings_set_keys(); "" when not given */
    enum hep_finding_origin origin;
    int32_t given_label;  /* value in the user's file; 0: not from a label map */
    char given_name[64];  /* "" when it has none */
    bool given_point;     /* given as a point or box, and outlined here */
    char given_note[200]; /* what is odd about a given lesion; "" */
    double centre_mm[3];  /* RAS world; NaN: not given */
    struct hep_measures measures;
    struct hep_flag_result
        flag[HEP_FLAG_COUNT]; /* of a true lesion: by its tissue, or a reader's */
    struct hep_flag_result
        visible[HEP_FLAG_COUNT];               /* of a simulated lesion alone; else not given */
    enum hep_lesion_class lesion_class;        /* HEP_CLASS_COUNT: not given */
    double class_probability[HEP_CLASS_COUNT]; /* sums to 1; all 0: not given */
    /* Why a class cannot be told from the others: what defines it is withheld. Empty when it can.
     * Its probability is NaN, and the others sum to 1. */
    char class_reason[HEP_CLASS_COUNT][320];
    struct hep_evidence_item evidence[HEP_EVIDENCE_MAX];
    size_t n_evidence;
    bool has_features;
    double feature[HEP_FEATURE_COUNT]; /* that the detector judged it by; NaN: not measured */
};

struct hep_findings {
    struct hep_finding *list; /* owned; of a run ordered by decreasing volume, ids 1..n */
    size_t n;
};
void hep_findings_release(struct hep_findings *f);
/** Round every number to the 9 digits of files, so that who has made a finding and who has read it
 * see the same. */
void hep_findings_settle(struct hep_findings *f);
void hep_measures_settle(struct hep_measures *of);

/**
 * Give each finding a key that follows from its place alone, so that it stays when other lesions come or go: the centre in
 * scanner coordinates, rounded to 10 mm, as sides of the patient ("R80A10S120"). Ids are numbers of one label map and
 * change with every lesion that is added. Of findings that share a cell the later ones of the list have "-2", "-3" behind
 * it; the list of a run is ordered by decreasing volume. No key without a centre.
 */
void hep_findings_set_keys(struct hep_findings *f);

/** Set what a candidate was judged by, and the strength; nothing of features that are all NaN. */
void hep_finding_set_features(struct hep_finding *f, const double feature[HEP_FEATURE_COUNT],
                              double strength);
/** The measure, NaN when there is none. */
double hep_finding_get(const struct hep_finding *f, enum hep_measure m);
/** Long axis, else the diameter of the ball of its volume; NaN when neither is known. */
double hep_finding_diameter_mm(const struct hep_finding *f);
/** The prior probability of a metastasis that its evidence began with; NaN when not given. */
double hep_finding_prior(const struct hep_finding *f);

#endif
