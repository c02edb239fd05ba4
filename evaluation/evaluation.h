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

#include "evaluation/bootstrap.h"
#include "evaluation/calibration.h"
#include "evaluation/flag_figures.h"
#include "evaluation/numbers.h"
#include "evaluation/proportion.h"
#include "evaluation/roc.h"

/** A point of a free-response curve that is asked for. */
struct hep_eval_rate {
    double false_per_study;
    struct hep_interval sensitivity;
};

/** Proportions of sensitivity and specificity have their bootstrap intervals too. */
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
    struct hep_flag_figures flag[HEP_FLAG_FIGURES]; /* at hep_flag_figures_at() */
    struct hep_auc auc_lesions, auc_findings;
    struct hep_calibration calibration;   /* of findings, split ones left out */
    struct hep_calibration at_prevalence; /* with the share of metastases among them as prior */
    size_t n_false, n_extra;              /* findings */
    size_t n_false_called, n_mimics_called;
    size_t n_with_findings;                       /* studies */
    struct hep_froc_point *curve[HEP_TASK_COUNT]; /* owned */
    size_t n_curve[HEP_TASK_COUNT];
    struct hep_eval_rate at[HEP_TASK_COUNT][HEP_FROC_N];
};

/**
 * @param[out] out  release after success
 * @param[in]  seed of the bootstrap
 * @return HEP_EINVAL for an index out of range; HEP_ENOMEM
 */
int hep_evaluate(struct hep_eval_result *out, const struct hep_eval_data *data, size_t replicates,
                 uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;
void hep_eval_release(struct hep_eval_result *r);

#endif
