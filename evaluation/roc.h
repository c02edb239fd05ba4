/**
 * @file  evaluation/roc.h
 * @brief Area under the ROC curve with DeLong's variance.
 * Model:   AUC = P(positive > negative) + P(equal) / 2; Var = S10 / m + S01 / n from the
 *          structural components V10, V01; interval normal, cut at 0 and 1
 * Source:  DeLong, DeLong and Clarke-Pearson, Biometrics 1988;44:837-845; components from midranks
 *          after Sun and Xu, IEEE Signal Process Lett 2014;21:1389-1393
 * Valid:   lesions are taken as independent: beside it stands a bootstrap by patient
 */
#ifndef HEP_EVALUATION_ROC_H
#define HEP_EVALUATION_ROC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_auc {
    size_t n_positive, n_negative;
    double value, variance, lo, hi; /* value NaN without both; the rest NaN with fewer than 2 */
};

/** Scores finite. HEP_ENOMEM. */
int hep_auc_delong(struct hep_auc *out, const double *positive, size_t m, const double *negative,
                   size_t n, struct hep_error *err) HEP_MUST_CHECK;

/** One scored case of a weighted area. */
struct hep_auc_case {
    double score;
    size_t patient;
    bool is_positive;
};
/** Lowest score first. */
void hep_auc_sort(struct hep_auc_case *cases, size_t n);
/** Area of sorted cases with a weight per patient (NULL: 1); NaN without both kinds. */
double hep_auc_weighted(const struct hep_auc_case *cases, size_t n, const double *weight);

#endif
