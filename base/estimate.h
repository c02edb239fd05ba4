/**
 * @file  base/estimate.h
 * @brief Numbers that come with their uncertainty: what statistics hand to tables.
 */
#ifndef HEP_BASE_ESTIMATE_H
#define HEP_BASE_ESTIMATE_H

#include <stddef.h>

/** A number and its 95 % interval; NaN where one could not be found. */
struct hep_interval {
    double value, lo, hi;
};

/** k of n with the 95 % interval of the share; all NaN for n = 0. */
struct hep_proportion {
    size_t k, n;
    double value, lo, hi;
    double by_patient[2]; /* bootstrap interval, where cases of one patient go together; or NaN */
};

#endif
