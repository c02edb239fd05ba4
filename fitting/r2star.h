/**
 * @file  fitting/r2star.h
 * @brief Mono-exponential decay rate from two or more echo magnitudes: R2* of in-phase gradient
 *        echoes, R2 of spin echoes.
 * Model:   S(t) = S0 exp(-R t), least squares on the signal (not on its logarithm)
 * Source:  Golub and Pereyra, SIAM J Numer Anal 1973;10:413-432: S0 is eliminated, which leaves a
 *          one-dimensional problem in R
 * Differs: start from the logarithm weighted by the squared signal; Newton steps kept inside a
 *          bracket, so that no voxel fails to converge
 * Valid:   2 to 64 echoes, 0 <= R <= rate_max; in-phase echoes or fat suppressed; the noise floor
 *          is not modelled, echoes below snr_min * sigma can be left out
 * Threads: pure functions
 */
#ifndef HEP_FITTING_R2STAR_H
#define HEP_FITTING_R2STAR_H

#include "base/error.h"
#include "fitting/status.h"

#include <stddef.h>
#include <stdint.h>

#define HEP_DECAY_MAX_ECHOES 64

/** Echoes. All borrowed. */
struct hep_decay_data {
    const float *const *echo; /* [n_echoes] magnitudes, each [n_voxels] */
    const double *te_s;       /* [n_echoes], > 0, strictly increasing */
    size_t n_echoes, n_voxels;
};

struct hep_decay_options {
    double sigma;   /* noise SD, units of the signal; 0: unknown */
    double snr_min; /* with sigma > 0, echoes below snr_min * sigma are left out; 0 keeps all */
    double rate_max_per_s; /* preset 5000 */
    int nthreads;          /* 0: as many as OpenMP offers */
};
/** Noise unknown, all echoes, rates up to 5000 /s, all threads. */
struct hep_decay_options hep_decay_defaults(void);

/** One voxel's result. */
struct hep_decay {
    double rate_per_s, s0, rate_se_per_s, rmse;
    enum hep_fit_status status;
};

/** @return HEP_EINVAL for a NULL echo; HEP_EDATA for echo times that are not positive and strictly increasing. */
int hep_echoes_check(const float *const *echo, const double *te_s, size_t n,
                     struct hep_error *err) HEP_MUST_CHECK;
/** @return HEP_EINVAL for NULL arrays, counts or options out of range; HEP_EDATA for echo times
 * that are not positive and strictly increasing. */
int hep_decay_check(const struct hep_decay_data *data, const struct hep_decay_options *opt,
                    struct hep_error *err) HEP_MUST_CHECK;

/**
 * One voxel of checked data.
 * @param[in] signal [n], n = echoes of te_s
 * @return status HEP_FIT_OK; HEP_FIT_AT_BOUND: best rate 0 or rate_max; HEP_FIT_BAD_INPUT: fewer than
 * two echoes left. Signals that are 0, negative or not finite were not measured and have no weight. rate_se_per_s is NaN when
 * neither sigma nor a degree of freedom is there.
 */
struct hep_decay hep_decay_fit(const double *te_s, const double *signal, size_t n,
                               const struct hep_decay_options *opt);

/** The same for voxel i of `data`, with data->n_echoes <= HEP_DECAY_MAX_ECHOES. */
struct hep_decay hep_decay_fit_voxel(const struct hep_decay_data *data, size_t i,
                                     const struct hep_decay_options *opt);

#endif
