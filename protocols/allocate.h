/**
 * @file  protocols/allocate.h
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
#ifndef HEP_PROTOCOLS_ALLOCATE_H
#define HEP_PROTOCOLS_ALLOCATE_H

#include "fitting/precision.h"
#include "phantom/tissue.h"
#include "pipeline/config/config.h"

#define HEP_ALLOCATE_TISSUES_MAX 8

struct hep_allocate_request {
    const struct hep_plan *plan; /* borrowed: tr_s, directions, technique */
    enum hep_precision_model model;
    double importance[HEP_PRECISION_PARAMS_MAX];
    enum hep_tissue tissues[HEP_ALLOCATE_TISSUES_MAX];
    size_t n_tissues;
    struct hep_tissue_values values[HEP_ALLOCATE_TISSUES_MAX];
    const double *b_s_per_mm2; /* candidates, increasing; borrowed */
    size_t n_b;
    double snr; /* of one acquisition at b = 0 */
    double budget_s;
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
 * @return HEP_EINVAL: no tissue, no time, a tissue without the model's parameters; HEP_EDATA: the
 * b-values or the time do not determine the parameters; HEP_ENOMEM
 */
int hep_allocate(struct hep_allocated *out, const struct hep_allocate_request *request,
                 struct hep_error *err) HEP_MUST_CHECK;

/** "series:\n  dwi: {...}": ready to paste into a protocol. */
void hep_allocated_fragment(struct hep_str *out, const struct hep_allocated *a,
                            const struct hep_plan *plan);

#endif
