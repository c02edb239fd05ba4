/**
 * @file  evaluation/calibration.h
 * @brief How far probabilities can be believed: Brier score, calibration error, reliability table.
 * Model:   Brier = mean (p - y)^2; ECE = sum over 10 equal bins of share * |mean p - fraction y|
 *          Probabilities that are exactly right have an ECE too, as few events fall into a bin: with S the events of a bin
 *          and v = sum p (1 - p) its variance, E|S - sum p| = sqrt(2 v / pi) where S is near to normal.
 *          Another prior moves every log-odds by the difference of the logits of the priors.
 * Source:  Brier, Mon Weather Rev 1950;78:1-3; Naeini, Cooper and Hauskrecht, AAAI 2015:2901-2907;
 *          Saerens, Latinne and Decaestecker, Neural Comput 2002;14:21-41, eq. 2.4 (prior)
 */
#ifndef HEP_EVALUATION_CALIBRATION_H
#define HEP_EVALUATION_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

#define HEP_CALIBRATION_BINS 10

struct hep_forecast {
    double probability; /* in [0, 1] */
    size_t patient;
    bool came_true;
    double prior; /* that the probability was made with; unknown outside (0, 1) */
};

struct hep_calibration_bin {
    double from;                          /* lowest probability of the bin: 0, 0.1, ... 0.9 */
    double n, mean_probability, fraction; /* the last two NaN in an empty bin */
};
struct hep_calibration {
    double prior;         /* of all; NaN: each forecast's own */
    double n, brier, ece; /* n is a sum of weights */
    double ece_chance;    /* of probabilities that are exactly right; NaN with weights */
    struct hep_calibration_bin bin[HEP_CALIBRATION_BINS];
};

/** @param[in] weight of each patient; NULL: all 1 */
void hep_calibration_of(struct hep_calibration *out, const struct hep_forecast *forecast, size_t n,
                        const double *weight);
/**
 * What the probabilities would have been with the share that came true as prior: a set with more
 * metastases than the prior supposes makes well-made probabilities look too low. NaN where a
 * forecast's prior is unknown, or all or none came true.
 */
void hep_calibration_at_prevalence(struct hep_calibration *out, const struct hep_forecast *forecast,
                                   size_t n);

#endif
