/**
 * @file  evaluation/kappa.h
 * @brief Agreement of two ways to sort cases into categories, beyond what chance gives.
 * Model:   kappa = (po - pe) / (1 - pe), po the share on the diagonal, pe = sum over categories of
 *          the product of the two margins
 * Source:  Cohen, Educ Psychol Meas 1960;20:37-46; standard error: Fleiss, Cohen and Everitt, Psychol Bull
 *          1969;72:323-327, eq. 13
 * Valid:   the interval is that of large samples of cases that are independent of one another
 */
#ifndef HEP_EVALUATION_KAPPA_H
#define HEP_EVALUATION_KAPPA_H

#include "base/estimate.h"

/**
 * @param[in] table n rows of n counts, which need not be whole
 * @return NaN for an empty table and where chance alone gives complete agreement (one category)
 */
double hep_kappa(const double *table, size_t n);

struct hep_rated {
    size_t n, same;   /* cases, and those that are in one category twice */
    double share, se; /* of these; standard error of kappa */
    /* NaN as above; no interval where that of large samples has no width, as for complete agreement */
    struct hep_interval kappa;
};
/** The same with its interval, of a table of whole counts. */
void hep_rated_of(struct hep_rated *out, const double *table, size_t n);

#endif
