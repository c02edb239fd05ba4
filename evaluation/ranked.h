/**
 * @file  evaluation/ranked.h
 * @brief What the weighted statistics of an evaluation walk over: marks, cases and forecasts,
 * sorted once. Internal to the evaluation.
 */
#ifndef HEP_EVALUATION_RANKED_H
#define HEP_EVALUATION_RANKED_H

#include "evaluation/calibration.h"
#include "evaluation/numbers.h"
#include "evaluation/roc.h"

struct hep_patient_state {
    bool has_findings, has_metastasis, is_called;
};

struct hep_ranked {
    const struct hep_eval_data *data;
    enum hep_eval_score score;
    bool *called; /* of each lesion: some finding on it is called metastasis */
    struct hep_patient_state *patient;
    struct hep_froc_mark *mark[HEP_TASK_COUNT];
    size_t n_marks[HEP_TASK_COUNT];
    struct hep_auc_case *lesion_case, *finding_case;
    size_t n_lesion_cases, n_finding_cases;
    struct hep_forecast *forecast;
    size_t n_forecasts;
};

/** Release in any case. */
int hep_ranked_init(struct hep_ranked *r, const struct hep_eval_data *data,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_ranked_release(struct hep_ranked *r);

/** All main numbers, as a hep_statistic over a struct hep_ranked. */
void hep_ranked_numbers(double *out, const double *weight, const void *ranked);

#endif
