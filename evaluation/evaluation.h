/**
 * @file  evaluation/evaluation.h
 * @brief Figures of merit of a set of studies whose findings have been matched with true lesions.
 *
 * Two questions are kept apart. "detection": is each true lesion of any kind found? Every finding
 * counts, ranked by its detection score. "metastasis": is each true metastasis found and called
 * one? A finding counts by its probability of metastasis; one on a benign lesion is a false
 * positive too (a mimic) and is also counted apart.
 *
 * Model:   a lesion takes the highest score of the findings on it. False positives per study are
 *          over the studies that have findings (an empty list included); lesions of a study
 *          without are missed. A patient is positive with one metastasis, called positive with
 *          one finding called metastasis; patients without metastasis and without output are left
 *          out of the specificity.
 * Source:  Wilson, DeLong, FROC, ECE: see the headers beside this one; percentile bootstrap by
 *          patient, 2000 replicates
 */
#ifndef HEP_EVALUATION_EVALUATION_H
#define HEP_EVALUATION_EVALUATION_H

#include "image/mask.h"
#include "evaluation/bootstrap.h"
#include "evaluation/calibration.h"
#include "evaluation/froc.h"
#include "evaluation/match.h"
#include "evaluation/proportion.h"
#include "evaluation/roc.h"
#include "terms/flag.h"
#include "terms/lesion_class.h"

/** A flag as a file gave it, or did not. */
struct hep_eval_flags {
    bool given[HEP_FLAG_COUNT];
    enum hep_flag_state state[HEP_FLAG_COUNT];
};

struct hep_eval_study {
    size_t patient;
    bool has_findings;        /* there is output, though it may list nothing */
    bool has_liver;           /* `liver` is set */
    struct hep_overlap liver; /* the truth is the reference */
};

struct hep_eval_lesion {
    size_t study, finding;       /* its own finding; HEP_NO_MATCH: missed */
    double diameter_mm;          /* NaN unknown */
    enum hep_lesion_class class; /* HEP_CLASS_COUNT: not given */
    struct hep_eval_flags flags;
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

/** The main numbers, each with an interval by patient. */
enum hep_eval_number {
    HEP_NUMBER_SENSITIVITY,     /* of a task, all findings (called metastases) counted */
    HEP_NUMBER_FALSE_PER_STUDY, /* at that operating point */
    HEP_NUMBER_CPM,             /* mean over the rates */
    HEP_NUMBER_AT_RATE,         /* HEP_FROC_N of them */
    HEP_NUMBER_SIZE = HEP_NUMBER_AT_RATE + HEP_FROC_N, /* HEP_SIZE_COUNT of them */
    HEP_NUMBERS_PER_TASK = HEP_NUMBER_SIZE + HEP_SIZE_COUNT
};
enum hep_eval_whole {
    HEP_WHOLE_PATIENT_SENSITIVITY = (int)HEP_TASK_COUNT * HEP_NUMBERS_PER_TASK,
    HEP_WHOLE_PATIENT_SPECIFICITY,
    HEP_WHOLE_AUC_LESIONS,  /* of detected lesions: metastasis against benign */
    HEP_WHOLE_AUC_FINDINGS, /* false positives among the negatives */
    HEP_WHOLE_BRIER,
    HEP_WHOLE_ECE,
    HEP_WHOLE_LIVER_DICE,
    HEP_WHOLE_LIVER_MEAN_SURFACE,
    HEP_WHOLE_LIVER_HD95,
    HEP_WHOLE_LIVER_VOLUME_ERROR,
    HEP_EVAL_N_NUMBERS
};

/** Of lesions that were found, for which the truth says present or absent. */
struct hep_eval_flag {
    struct hep_proportion sensitivity, specificity; /* where assessable */
    struct hep_proportion not_assessable;
};
/** Lesions of at least this long axis make the second row of flags. */
#define HEP_EVAL_FLAG_MIN_MM 8.0

struct hep_eval_result {
    enum hep_eval_score score;
    bool has_calls; /* some finding has a class or a probability */
    struct hep_interval number[HEP_EVAL_N_NUMBERS];
    struct hep_proportion sensitivity[HEP_TASK_COUNT];
    struct hep_proportion by_size[HEP_TASK_COUNT][HEP_SIZE_COUNT];
    struct hep_proportion found[HEP_CLASS_COUNT];  /* of the lesions of each true class */
    struct hep_proportion called[HEP_CLASS_COUNT]; /* metastasis, of those that were found */
    struct hep_proportion patient_sensitivity, patient_specificity;
    /* Rows: true classes, then no lesion. Columns: classes, then not given, then missed. */
    size_t confusion[HEP_CLASS_COUNT + 1][HEP_CLASS_COUNT + 2];
    struct hep_eval_flag flag[HEP_FLAG_COUNT], flag_large[HEP_FLAG_COUNT];
    struct hep_auc auc_lesions, auc_findings;
    struct hep_calibration calibration;   /* of findings, split ones left out */
    struct hep_calibration at_prevalence; /* with the share of metastases among them as prior */
    size_t n_false, n_extra;              /* findings */
    size_t n_false_called, n_mimics_called;
    size_t n_with_findings;                       /* studies */
    struct hep_froc_point *curve[HEP_TASK_COUNT]; /* owned */
    size_t n_curve[HEP_TASK_COUNT];
};

/** A finding is called metastasis by its class, or without one by a probability of 0.5 or more. */
bool hep_eval_is_called(const struct hep_eval_finding *f);

/**
 * @param[out] out  release after success
 * @param[in]  seed of the bootstrap
 * @return HEP_EINVAL for an index out of range; HEP_ENOMEM
 */
int hep_evaluate(struct hep_eval_result *out, const struct hep_eval_data *data, size_t replicates,
                 uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;
void hep_eval_release(struct hep_eval_result *r);

#endif
