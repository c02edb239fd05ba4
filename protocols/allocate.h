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
    const struct hep_config
        *cfg; /* borrowed: of the diffusion series tr_s, directions, technique */
    const struct hep_agents *agents; /* of the rules of check.h; borrowed. NULL: no rule is kept */
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

/** What was given up so that the protocol passes hep_protocol_check(). */
struct hep_allocate_price {
    bool paid;
    char demand[160];      /* what the check says of the b-values that are best without it */
    double objective_free; /* their sum of relative errors */
    struct hep_list b_free_s_per_mm2;
};

/**
 * The best b-values and averages with which the protocol has no error of hep_protocol_check() that
 * it does not have already. A model of the ADC alone (mono) is fitted from the b-values of
 * diffusion.adc only, as the program does, and b = 0 takes one average beside them.
 * @param[out] price what that costs
 * @return HEP_EINVAL: no tissue, no time, a tissue without the model's parameters; HEP_EDATA: the
 * b-values or the time do not determine the parameters; HEP_ENOMEM
 */
int hep_allocate(struct hep_allocated *out, struct hep_allocate_price *price,
                 const struct hep_allocate_request *request, struct hep_error *err) HEP_MUST_CHECK;

/** "series:\n  dwi: {...}": ready to paste into a protocol. */
void hep_allocated_fragment(struct hep_str *out, const struct hep_allocated *a,
                            const struct hep_plan *plan);

#endif
