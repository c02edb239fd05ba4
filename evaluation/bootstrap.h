/**
 * @file  evaluation/bootstrap.h
 * @brief Percentile intervals by drawing whole patients with replacement.
 * Model:   a replicate draws n of n patients; each patient's weight is how often it was drawn, and
 *          every statistic is computed with these weights; limits are the 2.5 and 97.5 percentiles
 * Source:  Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13; clusters after
 *          Rutter, Acad Radiol 2000;7:413-419
 * Valid:   about 20 patients or more. The same seed gives the same numbers.
 */
#ifndef HEP_EVALUATION_BOOTSTRAP_H
#define HEP_EVALUATION_BOOTSTRAP_H

#include "base/error.h"
#include "base/estimate.h"

#include <stddef.h>
#include <stdint.h>

#define HEP_BOOTSTRAP_REPLICATES 2000

/** @param[in] weight of each patient, shape [n_patients]. @param[out] out NaN where undefined. */
typedef void hep_statistic(double *out, const double *weight, const void *data);

/**
 * @param[out] out  shape [n_stats]; intervals NaN where fewer than half of the replicates were finite
 * @param[in]  seed any
 * @return HEP_EINVAL for replicates = 0; HEP_ENOMEM
 */
int hep_bootstrap(struct hep_interval *out, size_t n_stats, hep_statistic *statistic,
                  const void *data, size_t n_patients, size_t replicates, uint64_t seed,
                  struct hep_error *err) HEP_MUST_CHECK;

#endif
