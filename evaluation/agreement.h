/**
 * @file  evaluation/agreement.h
 * @brief Agreement of measured with true values, or of two measurements.
 * Model:   d = measured - reference; bias = mean d; limits = bias +- 1.96 SD(d);
 *          wSD = sqrt(mean(d^2 / 2)); wCV = sqrt(mean((d^2 / 2) / m^2)), m the mean of a pair;
 *          RC = 2.77 wSD
 * Source:  Bland and Altman, Lancet 1986;327:307-310; Raunig et al. (QIBA), Stat Methods Med Res
 *          2015;24:27-67
 */
#ifndef HEP_EVALUATION_AGREEMENT_H
#define HEP_EVALUATION_AGREEMENT_H

#include "evaluation/bootstrap.h"

struct hep_agreement {
    size_t n;                      /* pairs of two finite values */
    double bias, bias_lo, bias_hi; /* 95 % interval by Student's t */
    double sd, lower, upper;       /* limits of agreement */
    double mean_reference, relative_bias;
    double wcv, rc;
};

/** NaN where there are too few pairs: 1 for the bias, 2 for SD and intervals. */
void hep_agreement_of(struct hep_agreement *out, const double *measured, const double *reference,
                      size_t n);

/**
 * Interval of the bias by patient, as pairs of one patient are not independent.
 * @param[in] patient of each pair, below n_patients
 * @return as hep_bootstrap()
 */
int hep_agreement_bias(struct hep_interval *out, const double *measured, const double *reference,
                       const size_t *patient, size_t n, size_t n_patients, size_t replicates,
                       uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;

#endif
