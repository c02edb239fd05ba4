/**
 * @file  fitting/precision_information.h
 * @brief Parts that bounds and protocol optimiser of fitting/precision.h share; not for other
 * rooms.
 */
#ifndef HEP_FITTING_PRECISION_INFORMATION_H
#define HEP_FITTING_PRECISION_INFORMATION_H

#include "fitting/precision.h"

/**
 * The vector v with v v' = Fisher information of one average at x.
 * @param[in] p only noise, sigma and the multi-echo fields are read
 * @return the signal at x
 */
double hep_precision_root_information(double root[HEP_PRECISION_PARAMS_MAX],
                                      enum hep_precision_model model, const double *theta, double x,
                                      const struct hep_precision_protocol *p);

/** Inverse of a symmetric n x n matrix, n <= HEP_PRECISION_PARAMS_MAX; false when singular. */
bool hep_precision_invert(double *inverse, const double *information, size_t n);

#endif
