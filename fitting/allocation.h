/**
 * @file  fitting/allocation.h
 * @brief b-values and averages of a diffusion series for a scan time, and a check by simulation.
 * Model:   fitting/precision.h: the weighted sum over tissues and parameters of the Cramer-Rao
 *          bound over the value, least for the time. One acquisition costs tr_s / efficiency of the
 *          plan, as in the scan-time model; an average of b > 0 is `directions` acquisitions.
 * Source:  Jalnefjord et al., MRM 2019 (b-values for D and f); fitting/precision.h
 * Differs: acquisitions are rounded to whole averages afterwards; the check fits simulated
 *          magnitudes of the rounded protocol with the program's own fit and compares the spread
 *          with the bound
 * Valid:   directions are alike (trace images); signal at b = 0 the same in every tissue
 */
#ifndef HEP_FITTING_ALLOCATION_H
#define HEP_FITTING_ALLOCATION_H

#include "base/field.h"
#include "fitting/precision.h"

#include <stdint.h>

#define HEP_ALLOCATE_TISSUES_MAX 8
#define HEP_ALLOCATION_S0 1000.0 /* signal at b = 0 of every tissue */

/** Everything borrowed. */
struct hep_allocation {
    enum hep_precision_model model;
    double importance[HEP_PRECISION_PARAMS_MAX];
    const char *tissues[HEP_ALLOCATE_TISSUES_MAX]; /* names */
    /* In the order of fitting/precision.h, S0 first. */
    double theta[HEP_ALLOCATE_TISSUES_MAX][HEP_PRECISION_PARAMS_MAX];
    size_t n_tissues;
    const double *b_s_per_mm2; /* candidates, increasing */
    size_t n_b;
    double directions; /* of each b > 0 */
    double snr;        /* of one acquisition at b = 0 */
    double budget_s, acquisition_s;
    const struct hep_list *plan_b_s_per_mm2, *plan_averages; /* to compare with; NULL: none */
    /* b-values and averages that are judged as they are instead of found; NULL: found. */
    const struct hep_list *fixed_b_s_per_mm2, *fixed_averages;
    size_t n_simulated; /* voxels of each tissue; 0: no check */
    uint64_t seed;
    int nthreads;
};

/** One parameter of one tissue. */
struct hep_allocated_parameter {
    const char *tissue, *parameter; /* static */
    double value, bound;            /* bound on the SD, same unit */
    double bound_plan; /* of the plan's own b-values and averages; NaN not determined */
    double simulated_bias, simulated_sd; /* of fits that settled; NaN without a check */
    size_t n;                            /* fits that settled */
};

struct hep_allocated {
    struct hep_list b_s_per_mm2, averages;
    double seconds, plan_seconds;
    double objective, objective_plan; /* the aim; NaN when the plan does not determine it */
    double gap;                       /* what a better share could still gain, before rounding */
    struct hep_allocated_parameter parameter[HEP_ALLOCATE_TISSUES_MAX * HEP_PRECISION_PARAMS_MAX];
    size_t n_parameters;
};

/**
 * @param[out] out everything but plan_seconds
 * @return HEP_EINVAL: no tissue, no time; HEP_EDATA: the b-values or the time do not determine the
 * parameters; HEP_ENOMEM
 */
int hep_allocation_find(struct hep_allocated *out, const struct hep_allocation *q,
                        struct hep_error *err) HEP_MUST_CHECK;

#endif
