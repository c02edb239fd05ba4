/**
 * @file  lesions/finding.h
 * @brief A finding: a lesion with its measurements, flags and evidence.
 */
#ifndef HEP_LESIONS_FINDING_H
#define HEP_LESIONS_FINDING_H

#include "lesions/study.h"

enum hep_flag_state { HEP_FLAG_NOT_ASSESSABLE, HEP_FLAG_ABSENT, HEP_FLAG_PRESENT };
/** "not_assessable", "absent", "present". */
const char *hep_flag_state_name(enum hep_flag_state state);

enum hep_flag {
    HEP_FLAG_RESTRICTED_DIFFUSION,
    HEP_FLAG_T2_SHINE_THROUGH,
    HEP_FLAG_RING_ENHANCEMENT,
    HEP_FLAG_ARTERIAL_HYPERENHANCEMENT,
    HEP_FLAG_WASHOUT,
    HEP_FLAG_PERIPHERAL_WASHOUT,
    HEP_FLAG_HBP_HYPOINTENSITY,
    HEP_FLAG_TARGETOID_DWI,
    HEP_FLAG_TARGETOID_HBP,
    HEP_FLAG_T2_TARGET,
    HEP_FLAG_FAT,
    HEP_FLAG_BLOOD_POOL,
    HEP_FLAG_T1_HYPERINTENSITY,
    HEP_FLAG_COUNT
};
/** "restricted_diffusion", ... as in lesions.json. */
const char *hep_flag_name(enum hep_flag flag);

struct hep_flag_result {
    enum hep_flag_state state;
    double value, limit; /* NaN when there is none */
    const char *unit;    /* static */
    const char *source;  /* static: where the rule and its limit come from */
    char reason[256];    /* one sentence with the numbers */
};

enum hep_lesion_class {
    HEP_CLASS_METASTASIS,
    HEP_CLASS_CYST,
    HEP_CLASS_HAEMANGIOMA,
    HEP_CLASS_FNH_LIKE,
    HEP_CLASS_FOCAL_FAT,
    HEP_CLASS_FAT_SPARING,
    HEP_CLASS_OTHER,
    HEP_CLASS_COUNT
};
/** "metastasis", ... as in lesions.json. */
const char *hep_class_name(enum hep_lesion_class c);
/** HEP_CLASS_COUNT when unknown. */
enum hep_lesion_class hep_class_from_name(const char *name);

#define HEP_EVIDENCE_MAX 32
/** One piece of evidence as it was used. */
struct hep_evidence_item {
    const char *name, *group; /* static or borrowed from the evidence table */
    double log_lr;            /* towards metastasis, after weights and caps */
    double value;
    char reason[160];
};

#define HEP_MEASURES_MAX 512
/** A measurement with its name as in lesions.json ("adc_mm2_per_s", "hbp_ratio"). NaN: not
 * assessable. */
struct hep_measure {
    char name[40];
    const char *unit; /* static */
    double value;
};

struct hep_finding {
    int32_t id; /* value in the label map, from 1 */
    double centre_mm[3];
    double volume_ml, long_axis_mm,
        short_axis_mm; /* RECIST axes on the axial slice of the longest one */
    struct hep_measure measure[HEP_MEASURES_MAX];
    size_t n_measures;
    struct hep_flag_result flag[HEP_FLAG_COUNT];
    enum hep_lesion_class lesion_class;
    double class_probability[HEP_CLASS_COUNT]; /* sums to 1 */
    double probability_metastasis;
    struct hep_evidence_item evidence[HEP_EVIDENCE_MAX];
    size_t n_evidence;
    int segment; /* approximate Couinaud segment 1..8, 0 unknown */
    double detection_score;
};

struct hep_findings {
    struct hep_finding *list; /* owned, ordered by decreasing volume, ids 1..n */
    size_t n;
};
void hep_findings_release(struct hep_findings *f);

/** Value of a measure by name; NaN when the finding has none of that name. */
double hep_finding_measure(const struct hep_finding *f, const char *name);
/** Append or replace a measure; silently full never happens: HEP_MEASURES_MAX is asserted. */
void hep_finding_set(struct hep_finding *f, const char *name, const char *unit, double value);

#endif
