/**
 * @file  fitting/precision.h
 * @brief How precisely a protocol can measure: Cramer-Rao bounds of each model, and the b-values
 *        and averages that make them smallest for a given scan time.
 * Model:   F_ij = sum_k n_k I(S_k / sigma) / sigma^2 dS_k/dtheta_i dS_k/dtheta_j,
 *          sd(theta_i) >= sqrt((F^-1)_ii). I = 1 for Gaussian noise; for Rician noise
 *          I(z) = E[(m I1(m z) / I0(m z))^2] - z^2 over m ~ Rice(z, 1)
 * Source:  Karlsen et al., MRM 1999;41:614-623 (Rician information); Jalnefjord et al., MRM 2019,
 *          PMC6772171 (b-values for D and f, the sum of relative errors as the aim);
 *          Boehning, Metrika 1986;33:337-347 (vertex exchange)
 * Differs: the sum of relative errors is convex in the share of time of each b-value, so the
 *          shares are found with a bound on what is left to gain, then rounded to whole averages
 * Valid:   unbiased estimation; I(z) is 0.94 at z = 3 and tends to z^2 for z -> 0
 * Threads: pure functions
 */
#ifndef HEP_FITTING_PRECISION_H
#define HEP_FITTING_PRECISION_H

#include "base/error.h"
#include "sequences/fat_spectrum.h"

#include <stdbool.h>
#include <stddef.h>

#define HEP_PRECISION_PARAMS_MAX 4
#define HEP_PRECISION_POINTS_MAX 512

/** Parameters in order; the signal equations are those of sequences/signal.h. */
enum hep_precision_model {
    HEP_PRECISION_MONO,      /* S0, D */
    HEP_PRECISION_IVIM,      /* S0, D, f, D* */
    HEP_PRECISION_IVIM_DF,   /* S0, D, f: S0 ((1 - f) exp(-bD) + f [b = 0]) */
    HEP_PRECISION_KURTOSIS,  /* S0, D, K */
    HEP_PRECISION_MULTIECHO, /* W, F, R2*; derived: PDFF */
    HEP_PRECISION_MODEL_COUNT
};
/** "mono", "ivim", "ivim-df", "kurtosis", "multiecho"; NULL outside the enum. */
const char *hep_precision_model_name(enum hep_precision_model model);
size_t hep_precision_param_count(enum hep_precision_model model);
/** "S0", "D", "f", "Dstar", "K", "W", "F", "R2star"; NULL past the end. */
const char *hep_precision_param_name(enum hep_precision_model model, size_t i);

enum hep_precision_noise { HEP_PRECISION_GAUSSIAN, HEP_PRECISION_RICIAN };

/** Acquisitions. Arrays [n], borrowed. */
struct hep_precision_protocol {
    enum hep_precision_model model;
    enum hep_precision_noise noise;
    const double *x;        /* b [s/mm2] >= 0, or echo time [s] > 0 */
    const double *averages; /* >= 0, fractions allowed; NULL: one each */
    size_t n;
    double sigma;                            /* noise SD of one channel and one average, > 0 */
    double b0_t;                             /* multi-echo only */
    const struct hep_fat_spectrum *spectrum; /* multi-echo only, borrowed */
};

/** Fisher information of one sample relative to Gaussian noise; z = signal / sigma >= 0. In [0, 1].
 */
double hep_precision_rician_factor(double z);

/**
 * Bounds on the standard deviation of every parameter at one point.
 * @param[out] sd    [params], units of the parameters
 * @param[out] cov   [params * params] row by row, the inverse information; may be NULL
 * @param[in]  theta [params] in model order
 * @return HEP_EINVAL: argument out of range; HEP_EDATA: the protocol does not determine the
 *         parameters (singular information). Outputs untouched then.
 */
int hep_precision_bounds(double *sd, double *cov, const double *theta,
                         const struct hep_precision_protocol *protocol,
                         struct hep_error *err) HEP_MUST_CHECK;

/** Bound on the PDFF (fraction) of a multi-echo protocol, from the covariance by the delta method.
 */
int hep_precision_pdff_bound(double *sd_frac, double water, double fat, double r2star_per_s,
                             const struct hep_precision_protocol *protocol,
                             struct hep_error *err) HEP_MUST_CHECK;

/** A tissue to optimise for. */
struct hep_precision_tissue {
    double theta[HEP_PRECISION_PARAMS_MAX]; /* model order */
    double weight;                          /* > 0 */
};

/** What to optimise. Arrays borrowed. */
struct hep_precision_aim {
    enum hep_precision_model model; /* one of the diffusion models */
    enum hep_precision_noise noise;
    double sigma;
    const struct hep_precision_tissue *tissues;
    size_t n_tissues;
    double importance[HEP_PRECISION_PARAMS_MAX]; /* per parameter, >= 0, one of them > 0: weight of
                                                    sd / value */
    /* [n_candidates] b-values that may be used, strictly increasing. HEP_PRECISION_IVIM_DF holds
     * blood to be gone at any b > 0: offer it 0 and b-values of 200 and more. */
    const double *b_s_per_mm2;
    const double
        *cost; /* [n_candidates] of one average, > 0 [s]; NULL: 1 each, a count of acquisitions */
    size_t n_candidates; /* 2 .. HEP_PRECISION_POINTS_MAX */
    double budget;       /* total cost allowed */
};

/** Result. Arrays [n_candidates] are the caller's, `shares` and `averages` hold 0 for b-values not
 * used. */
struct hep_precision_design {
    double *shares;     /* of the budget, the optimum without rounding; adds up to 1 */
    unsigned *averages; /* whole numbers within the budget */
    double objective_shares,
        objective; /* weighted sum over tissues of sum_i importance_i sd_i / theta_i */
    double gap;    /* upper bound on (objective_shares - true optimum) / objective_shares */
    double cost;   /* of `averages` */
    size_t n_b;    /* distinct b-values in `averages` */
};

/**
 * Best shares, then best whole averages near them (deterministic exchange search).
 * @return HEP_EINVAL: aim out of range; HEP_EDATA: the candidates do not determine the parameters,
 * or the budget is too small for one average at each of as many b-values as parameters; HEP_ENOMEM.
 *         `out` and its arrays untouched on failure.
 */
int hep_precision_optimise(struct hep_precision_design *out, const struct hep_precision_aim *aim,
                           struct hep_error *err) HEP_MUST_CHECK;

#endif
