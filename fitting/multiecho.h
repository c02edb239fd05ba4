/**
 * @file  fitting/multiecho.h
 * @brief Proton density fat fraction and R2* from three or more gradient-echo magnitudes.
 * Model:   S(t) = |W + F sum_p a_p exp(i 2 pi f_p t)| exp(-R2* t), PDFF = F / (W + F)
 * Source:  Bydder et al., Magn Reson Imaging 2008;26:347-359 (magnitude fit, two starts);
 *          spectrum: sequences/fat_spectrum.h; one R2* for water and fat: Horng et al., J Magn
 *          Reson Imaging 2013;37:414-422
 * Differs: the first start is the best point of a grid of (fraction, R2*) with W + F eliminated by
 *          linear least squares, the second is its mirror about the fraction at which the opposed
 *          echoes vanish: both valleys of the residual often lie on one side of 50 %, where fixed
 *          starts miss one. The lower residual is kept
 * Valid:   magnitude data of one series; W, F >= 0; 0 <= R2* <= r2star_max; field 0.2 to 12 T.
 *          Magnitudes of 0 or below get no weight. The valleys can differ by little: with six echoes from 1.2 ms every 2 ms at 1.5 T, 20 %
 *          fat and R2* = 50 /s, their best fits are 0.06 of the signal apart, so that at an SNR of
 *          50 about one voxel in fourteen reads 89 % instead; such voxels are not identifiable
 * Threads: maps are bit-identical for every number of threads and every instruction set
 */
#ifndef HEP_FITTING_MULTIECHO_H
#define HEP_FITTING_MULTIECHO_H

#include "base/error.h"
#include "fitting/settings.h"
#include "fitting/status.h"
#include "sequences/fat_spectrum.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEP_MULTIECHO_MIN_ECHOES 3
#define HEP_MULTIECHO_MAX_ECHOES 32
#define HEP_MULTIECHO_APART 0.05

/**
 * What is done about the noise floor of magnitudes. DROP and FLOOR need sigma. With R2* = 500 /s
 * and a first echo at 14 sigma, R2* reads 447 when the floor is ignored and 500 when it is fitted;
 * leaving echoes out keeps those that noise has lifted, and does not cure the bias there.
 */
enum hep_multiecho_noise {
    HEP_MULTIECHO_NOISE_IGNORE,
    HEP_MULTIECHO_NOISE_DROP,  /* leave out echoes below snr_min * sigma */
    HEP_MULTIECHO_NOISE_FLOOR, /* fit the mean of the Rician magnitude (fitting/fatwater_model.h) */
    HEP_MULTIECHO_NOISE_AUTO   /* FLOOR with sigma, measured by hep_multiecho_sigma() when it is 0;
                                  IGNORE where it cannot be measured */
};

struct hep_multiecho_options {
    struct hep_fit_settings fit; /* batched: bounds by an active set; GSL: by reparametrisation */
    enum hep_multiecho_noise noise;
    double sigma;            /* noise SD of one channel, units of the signal; 0: unknown */
    bool sigma_is_measured;  /* in these residuals; set by HEP_MULTIECHO_NOISE_AUTO */
    double snr_min;          /* HEP_MULTIECHO_NOISE_DROP; preset 3 */
    double r2star_max_per_s; /* upper bound; preset 1500 */
    /* Standard error above which a fraction is not identifiable, as is one whose other valley fits
     * as well; 0 leaves both to the caller. Preset 0.1: grades of steatosis are 5 to 12 points
     * wide. */
    double se_max_frac;
    bool no_fat; /* F is held at 0: R2* alone, of echoes that cannot tell fat from water */
};
/** Batched, noise floor AUTO, snr_min 3, R2* up to 1500 /s, se_max_frac 0.1, all threads. */
struct hep_multiecho_options hep_multiecho_defaults(void);

/** The acquisition. All borrowed. */
struct hep_multiecho_data {
    const float *const *echo; /* [n_echoes] magnitudes, each [n_voxels] */
    const double *te_s;       /* [n_echoes], > 0, strictly increasing */
    size_t n_echoes, n_voxels;
    double b0_t;
    const struct hep_fat_spectrum *spectrum;
};

/**
 * Maps to fill, each [n_voxels], borrowed; NULL where not wanted. Contents by status:
 * fitting/status.h. The bounds are W = 0, F = 0 (a fraction of 1 or 0), R2* = 0 and its upper
 * bound. Standard errors come from the inverse Fisher information with the given sigma, else with
 * that of the residual, or the measured one where that is larger (NaN with as many echoes as
 * unknowns and no sigma). A fraction that is not identifiable is NaN with W and F; R2* is then that
 * of the valley with less fat. With no_fat, PDFF and its error are NaN.
 */
struct hep_multiecho_maps {
    float *pdff_frac, *r2star_per_s, *water, *fat;
    float *pdff_se_frac, *r2star_se_per_s;
    float *rmse;        /* root of the mean squared residual, units of the signal */
    uint8_t *status;    /* enum hep_fit_status */
    uint8_t *ambiguous; /* 1: another fraction fits as well, within noise (see below); else 0 */
};

/** How far one echo lies from what the model makes of all of them: the largest of all echoes. */
struct hep_echo_misfit {
    double share; /* of the voxel's largest signal, median over the body; NaN: not known */
    double te_s;
};
#define HEP_ECHO_MISFIT_REASON 200

struct hep_multiecho_summary {
    struct hep_echo_misfit misfit; /* hep_multiecho_misfit() */
    struct hep_fit_counts counts;
    /* The other valley, more than HEP_MULTIECHO_APART away, has a residual that is higher by less
     * than 6.63 noise variances (likelihood ratio at 1 %); never without a noise variance. */
    size_t n_ambiguous;
    double sigma;    /* given or measured; 0: neither */
    size_t n_to_gsl; /* voxels that the batched solver did not settle and passed to GSL */
    /* With fit.verify: largest difference of the two solvers over voxels that both call OK or at a
     * bound. */
    double worst_pdff_frac, worst_r2star_per_s;
};

/**
 * Check times, field, spectrum and options.
 * @return HEP_EINVAL: NULL arrays, echo count (no_fat: two are enough), field, sigma, snr_min, r2star_max or instruction set
 * out of range, DROP or FLOOR without sigma; HEP_EDATA: echo times that are not increasing, or,
 * unless no_fat, at which water and fat cannot be told apart (all in phase, for example)
 */
int hep_multiecho_check(const struct hep_multiecho_data *data,
                        const struct hep_multiecho_options *opt,
                        struct hep_error *err) HEP_MUST_CHECK;

/**
 * False when the echo times cannot tell water from fat: all are in phase or after
 * HEP_ECHO_POSITION_TE_MAX_S (sequences/echo.h), or 20 % fat at normal iron and an SNR of 100
 * would have a standard error above 5 points by the Cramer-Rao bound.
 */
bool hep_multiecho_separable(const struct hep_multiecho_data *data);

/**
 * Noise SD of one channel from the residuals of the fit, each over the Rician variance of its
 * signal; median over at most 4096 voxels of the object. 0 with no degree of freedom left or fewer
 * than 16 voxels. What the model does not describe (flow, motion) counts as noise.
 */
int hep_multiecho_sigma(double *sigma, const struct hep_multiecho_data *data, const uint8_t *mask,
                        const struct hep_multiecho_options *opt,
                        struct hep_error *err) HEP_MUST_CHECK;

/**
 * A median over thousands of voxels has no noise to speak of, and the model has as many unknowns as it
 * needs for any tissue: an echo that is systematically off was scaled, or taken at another time or field.
 * Of the echoes up to HEP_ECHO_POSITION_TE_MAX_S (sequences/echo.h): later ones show that tissues hold
 * more than one R2*. Simulated echoes reach 0.001, three vendors' in-phase echoes 0.025, 0.012 and 0.001, an echo scaled by
 * 1.2 makes 0.03 to 0.11, exchanged echoes 0.047 to 0.3.
 * @param[out] out NaN with no degree of freedom left or fewer than 16 voxels
 * @param[in]  opt noise and sigma as they are fitted
 */
int hep_multiecho_misfit(struct hep_echo_misfit *out, const struct hep_multiecho_data *data,
                         const uint8_t *mask, const struct hep_multiecho_options *opt,
                         struct hep_error *err) HEP_MUST_CHECK;
/** @param[out] reason with the number; empty when the echoes may be what they are called */
bool hep_multiecho_contradicts(char reason[HEP_ECHO_MISFIT_REASON],
                               const struct hep_echo_misfit *misfit, double share_max);

/**
 * Fit every voxel with mask != 0 (NULL: all); the others get 0 and HEP_FIT_OUTSIDE.
 * Voxels: magnitudes that are 0, negative or not finite have no weight, nor have those below
 * snr_min sigma with HEP_MULTIECHO_NOISE_DROP; fewer than three left (two with no_fat) is
 * HEP_FIT_BAD_INPUT.
 * @param[out] summary may be NULL
 * @return HEP_OK, the codes of hep_multiecho_check(), HEP_ENOMEM; maps are untouched on failure
 */
int hep_multiecho_map(const struct hep_multiecho_maps *maps, struct hep_multiecho_summary *summary,
                      const struct hep_multiecho_data *data, const uint8_t *mask,
                      const struct hep_multiecho_options *opt,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
