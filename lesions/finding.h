/**
 * @file  lesions/finding.h
 * @brief A finding: a lesion with its measurements, flags and evidence.
 */
#ifndef HEP_LESIONS_FINDING_H
#define HEP_LESIONS_FINDING_H

#include "lesions/limits.h"
#include "liver/study.h"
#include "terms/flag.h"
#include "terms/lesion_class.h"

struct hep_flag_result {
    enum hep_flag_state state;
    double value, limit; /* NaN when there is none */
    const char *unit;    /* static */
    const char *source;  /* static: where the rule and its limit come from */
    char reason[256];    /* one sentence with the numbers */
};

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
