/**
 * @file  evaluation/cases.h
 * @brief What is evaluated: studies, true lesions and findings that have been matched, and the
 *        words and size classes that results are sorted by.
 */
#ifndef HEP_EVALUATION_CASES_H
#define HEP_EVALUATION_CASES_H

#include "evaluation/match.h"
#include "image/mask.h"
#include "terms/flag.h"
#include "terms/lesion_class.h"

/** A flag as a file gave it, or did not. */
struct hep_eval_flags {
    bool given[HEP_FLAG_COUNT];
    enum hep_flag_state state[HEP_FLAG_COUNT];
    double margin[HEP_FLAG_COUNT];      /* of the value beyond the limit; NaN: none */
    double probability[HEP_FLAG_COUNT]; /* that it is present; NaN: not given */
};

struct hep_eval_study {
    size_t patient;
    bool has_findings;        /* there is output, though it may list nothing */
    bool has_liver;           /* `liver` is set */
    struct hep_overlap liver; /* the truth is the reference */
};

struct hep_eval_lesion {
    size_t study, finding;                          /* its own finding; HEP_NO_MATCH: missed */
    double diameter_mm;                             /* NaN unknown */
    enum hep_lesion_class class;                    /* HEP_CLASS_COUNT: not given */
    struct hep_eval_flags flags[HEP_TRUTH_COLUMNS]; /* readers' truth is the first */
};

struct hep_eval_finding {
    size_t study, lesion; /* index among all lesions; HEP_NO_MATCH for a false positive */
    enum hep_match_fate fate;
    enum hep_lesion_class class;         /* HEP_CLASS_COUNT: not given */
    double probability, detection_score; /* NaN: not given */
    struct hep_eval_flags flags;
    double prior; /* that the probability was made with; unknown outside (0, 1) */
};

/** Everything that is evaluated; borrowed. Patients are numbered from 0. */
struct hep_eval_data {
    const struct hep_eval_study *studies;
    size_t n_studies;
    const struct hep_eval_lesion *lesions;
    size_t n_lesions;
    const struct hep_eval_finding *findings;
    size_t n_findings;
    size_t n_patients;
};

enum hep_eval_task { HEP_TASK_DETECTION, HEP_TASK_METASTASIS, HEP_TASK_COUNT };
/** "detection", "metastasis". */
const char *hep_eval_task_name(enum hep_eval_task task);

/** By long axis [mm]: below 3, from 3, from 5, 10 to 20 inclusive, above 20, not known. */
enum hep_size_class {
    HEP_SIZE_BELOW_3,
    HEP_SIZE_3_5,
    HEP_SIZE_5_10,
    HEP_SIZE_10_20,
    HEP_SIZE_ABOVE_20,
    HEP_SIZE_UNKNOWN,
    HEP_SIZE_COUNT
};
enum hep_size_class hep_size_class(double diameter_mm);
/** "<3", "3-5", "5-10", "10-20", ">20", "unknown". */
const char *hep_size_class_name(enum hep_size_class size);

/** What ranks the findings of the detection curve: the first that every finding has. */
enum hep_eval_score { HEP_SCORE_DETECTION, HEP_SCORE_PROBABILITY, HEP_SCORE_NONE };
/** "detection_score", "probability_metastasis", "none" (all alike). */
const char *hep_eval_score_name(enum hep_eval_score score);

/** A finding is called metastasis by its class, or without one by a probability of 0.5 or more. */
bool hep_eval_is_called(const struct hep_eval_finding *f);

#endif
