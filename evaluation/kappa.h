/**
 * @file  evaluation/kappa.h
 * @brief Agreement of two ways to sort cases into categories, beyond what chance gives.
 * Model:   kappa = (po - pe) / (1 - pe), po the share on the diagonal, pe = sum over categories of
 *          the product of the two margins
 * Source:  Cohen, Educ Psychol Meas 1960;20:37-46
 */
#ifndef HEP_EVALUATION_KAPPA_H
#define HEP_EVALUATION_KAPPA_H

#include <stddef.h>

/**
 * @param[in] table n rows of n counts, which need not be whole
 * @return NaN for an empty table and where chance alone gives complete agreement (one category)
 */
double hep_kappa(const double *table, size_t n);

#endif
