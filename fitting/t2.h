/**
 * @file  fitting/t2.h
 * @brief T2 from two or more spin-echo magnitudes.
 * Model:   S(TE) = S0 exp(-TE / T2), fitted as a rate by fitting/r2star.h
 * Source:  Milford et al., PLoS ONE 2015;10:e0145255 (mono-exponential T2 fits compared)
 * Differs: none
 * Valid:   2 to 64 echoes; stimulated echoes and the noise floor are not modelled, so T2 of
 *          imperfect refocusing trains reads long (leave the first echo out there)
 * Threads: maps do not depend on the number of threads
 */
#ifndef HEP_FITTING_T2_H
#define HEP_FITTING_T2_H

#include "fitting/r2star.h"

#include <stdbool.h>

/** Maps to fill, each [n_voxels], borrowed; NULL where not wanted. Contents by status:
 * fitting/status.h. */
struct hep_t2_maps {
    float *t2_s, *s0;
    float *t2_se_s; /* NaN with two echoes, unless sigma is given */
    float *rmse;
    uint8_t *status; /* enum hep_fit_status; a rate at 0 is HEP_FIT_AT_BOUND, and T2 is NaN then */
};

/**
 * T2 of every voxel with mask != 0 (NULL: all).
 * @param[in] data echoes and times; see fitting/r2star.h
 * @return HEP_OK or the codes of hep_decay_check(); maps are untouched on failure
 */
int hep_t2_map(const struct hep_t2_maps *maps, const struct hep_decay_data *data,
               const uint8_t *mask, const struct hep_decay_options *opt,
               struct hep_error *err) HEP_MUST_CHECK;

/** True for the echo times of a decay: 2 to HEP_DECAY_MAX_ECHOES of them, finite and rising. */
bool hep_t2_times_rise(const double *te_s, size_t n);

/**
 * T2 [s] of every voxel from n echoes with default options.
 * @param[out] t2_s shape [n_voxels]; NaN where it is not determined
 * @param[in]  echo, te_s  shape [n]; hep_t2_times_rise()
 * @return HEP_OK or the codes of hep_decay_check(); maps are untouched on failure
 */
int hep_t2_of_echoes(float *t2_s, const float *const *echo, const double *te_s, size_t n,
                     size_t n_voxels, int nthreads, struct hep_error *err) HEP_MUST_CHECK;

#endif
