/**
 * @file  evaluation/logistic.h
 * @brief Logistic regression with a penalty that pulls coefficients towards given ones.
 * Model:   P(true) = sigmoid(offset + b_0 + sum b_j x_j); the b that make
 *          -sum w ln P + 1/2 sum penalty_j (b_j - centre_j)^2 least, by Newton steps that are halved
 *          while they do not improve it
 * Source:  Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2009, sec. 4.4.1
 *          (iterated weighted least squares), 3.4.1 (penalty)
 * Valid:   with a penalty above 0 on every coefficient there is one least value; without, cases that
 *          a plane separates have none
 */
#ifndef HEP_EVALUATION_LOGISTIC_H
#define HEP_EVALUATION_LOGISTIC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_logistic_cases {
    const double *x;      /* shape [n][k], finite */
    const double *offset; /* shape [n]; NULL: 0 */
    const double *weight; /* shape [n], >= 0; NULL: 1 */
    const bool *is_true;  /* shape [n] */
    size_t n, k;
};

struct hep_logistic_pull {
    const double *centre, *penalty; /* shape [k + 1], the constant first; penalties >= 0 */
};

/**
 * @param[out] b shape [k + 1], the constant first
 * @return HEP_EINVAL for no cases or a penalty below 0; HEP_EDATA when no least value is reached;
 *         HEP_ENOMEM
 */
int hep_logistic_fit(double *b, const struct hep_logistic_cases *cases,
                     const struct hep_logistic_pull *pull, struct hep_error *err) HEP_MUST_CHECK;

/** ln(P / (1 - P)) of case i. */
double hep_logistic_log_odds(const double *b, const struct hep_logistic_cases *cases, size_t i);
/** -ln P of what happened, for log-odds. */
double hep_logistic_loss(double log_odds, bool is_true);
/** 1 / (1 + exp(-x)). */
double hep_sigmoid(double x);

/** Mean of a Dirichlet posterior: (count + weight * prior) / (sum of counts + weight) of each of n
 * outcomes, Gelman et al., Bayesian Data Analysis, 2013, sec. 3.4. weight > 0. */
void hep_dirichlet_mean(double *out, const double *count, const double *prior, double weight,
                        size_t n);

/** The part of a cross-validation in which a patient is left out: all cases of a patient in one. */
size_t hep_fold_of(size_t patient, size_t n_folds);

#endif
