/**
 * @file  protocols/allocate.h
 * @brief b-values and averages of a protocol's diffusion series for a scan time, by
 *        fitting/allocation.h.
 */
#ifndef HEP_PROTOCOLS_ALLOCATE_H
#define HEP_PROTOCOLS_ALLOCATE_H

#include "fitting/allocation.h"
#include "phantom/tissue.h"
#include "pipeline/config/config.h"

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
