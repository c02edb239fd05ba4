/**
 * @file  fitting/diffusion.h
 * @brief Diffusion maps of a whole volume: ADC, mono-exponential, IVIM, kurtosis. The one door.
 *
 * Models (b in s/mm2, D in mm2/s):
 *
 * - adc, mono: S = S0 exp(-b D). Stejskal & Tanner, J Chem Phys 1965;42:288.
 * - ivim: S = S0 ((1-f) exp(-b D) + f exp(-b D*)). Le Bihan et al., Radiology 1988;168:497, eq. 6;
 *   here D* is the whole decay rate of the perfusion part, not D* + D.
 * - sivim: S = S0 ((1-f) exp(-b D) + f delta(b)). Jalnefjord et al., MAGMA 2018;31:715.
 * - kurtosis: S = S0 exp(-b D + (b D)^2 K / 6). Jensen et al., MRM 2005;53:1432, eq. 14. It leaves
 *   out b > 3 / (D K), where the model rises again, and samples below three sigma when sigma is
 *   given (Jensen & Helpern, NMR Biomed 2010;23:698).
 *
 * Differs: parameters are bounded boxes with D < D*; the start is global (variable projection over
 * a grid of D and D*, and further starts where a fit ends on a bound), so that no initial guess is
 * asked for.
 *
 * Robust: from the best of the fits that leave one volume out (a leverage point cannot hide in it),
 * Tukey's weights (Holland & Welsch, Commun Stat A 1977;6:813) with the spread of that fit as
 * scale, or twice the median absolute residual where that is smaller; rmse and errors are those of
 * the weighted fit.
 *
 * Bayes: least squares with a normal distribution of ln D* over the mask, whose mean and SD are
 * learnt from it (empirical Bayes; after Orton et al., MRM 2011;65:911, who have one for f and D
 * too, which draws small lesions to the organ around them). Its errors are SDs of the posterior
 * distribution.
 *
 * Valid: magnitudes. Below an SNR of about 10 at the highest b the noise floor lowers ADC and D
 * unless a Rician mode is chosen; nothing is corrected silently.
 *
 * Threads: hep_diffusion_fit() runs its own OpenMP team; results do not depend on the number of
 * threads nor on the instruction set.
 */
#ifndef HEP_FITTING_DIFFUSION_H
#define HEP_FITTING_DIFFUSION_H

#include "fitting/settings.h"
#include "fitting/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEP_DIFFUSION_MAX_B 64         /* distinct b-values */
#define HEP_DIFFUSION_MAX_VOLUMES 4096 /* repeats and directions included */

enum hep_diffusion_model {
    HEP_DIFFUSION_ADC, /* closed form on the logarithm */
    HEP_DIFFUSION_MONO,
    HEP_DIFFUSION_IVIM,
    HEP_DIFFUSION_KURTOSIS
};

enum hep_diffusion_method {
    HEP_METHOD_DEFAULT,   /* adc: iwls; mono, ivim, kurtosis: nlls; ivim with few b-values: sivim */
    HEP_METHOD_OLS,       /* adc: ln S on b, equal weights */
    HEP_METHOD_WLS,       /* adc, kurtosis: ln S on b, weights S^2 */
    HEP_METHOD_IWLS,      /* adc: weights from the fitted signal, iterated */
    HEP_METHOD_NLLS,      /* mono, ivim, kurtosis: bounded non-linear least squares */
    HEP_METHOD_SEGMENTED, /* ivim: D from b >= b_split, f from its intercept, D* by 1-D search */
    HEP_METHOD_SEGMENTED_FIXED_D, /* ivim: D from b >= b_split, then S0, f, D* together */
    HEP_METHOD_SIVIM,             /* ivim: D and f only */
    HEP_METHOD_BAYES              /* ivim: D* with a prior that is learnt from the mask */
};

enum hep_diffusion_rician {
    HEP_RICIAN_NONE,
    HEP_RICIAN_CORRECTED, /* A = sqrt(max(M^2 - 2 sigma^2, 0)), Gudbjartsson & Patz, MRM 1995;34:910
                           */
    HEP_RICIAN_MEAN /* least squares to the mean of the Rician distribution, nlls and sivim only */
};

/** Inclusive boxes, mm2/s for rates. */
struct hep_diffusion_bounds {
    double d_min, d_max, f_min, f_max, dstar_min, dstar_max, k_min, k_max;
};

struct hep_diffusion_settings {
    struct hep_fit_settings fit;
    enum hep_diffusion_model model;
    enum hep_diffusion_method method;
    enum hep_diffusion_rician rician;
    struct hep_diffusion_bounds bounds;
    double b_min_s_per_mm2, b_max_s_per_mm2; /* subset of b-values that is fitted, inclusive */
    double b_split_s_per_mm2;                /* segmented methods: lowest b of the D fit */
    bool fixed_s0; /* S0 is the averaged b = 0 signal instead of a free parameter */
    /* reweighted against single corrupted volumes; every volume is then a point of its own, at
     * most 64. Not with a fixed S0 or a segmented method */
    bool robust;
    double sigma; /* noise SD of one acquisition [signal units]; 0: estimated from the residuals, by
                   * the voxel for standard errors, and as the volume's median for Rician modes and
                   * bayes */
    const double *sigma_of_volume; /* [nb] of the input, where HEP_RICIAN_MEAN is to know each
                                    * volume's; borrowed; NULL: sigma for all */
};

/** Defaults: ADC from b >= 50 ("ADC_50+"), everything else from all b; bounds D 0.1-4e-3, f 0-0.8
 * (published bowel: 0.69), D* 5-300e-3 mm2/s, K 0-3; b_split 200; S0 free; nothing robust; no
 * Rician mode. */
void hep_diffusion_settings_init(struct hep_diffusion_settings *s, enum hep_diffusion_model model);

const char *hep_diffusion_model_name(enum hep_diffusion_model model); /* "adc", "mono", ... */
const char *
hep_diffusion_method_name(enum hep_diffusion_method method); /* "segmented-fixed-d", ... */
const char *hep_diffusion_rician_name(enum hep_diffusion_rician rician); /* "none", ... */
/** @return HEP_EINVAL with the names that exist */
int hep_diffusion_method_parse(enum hep_diffusion_method *out, const char *text,
                               struct hep_error *err) HEP_MUST_CHECK;
int hep_diffusion_rician_parse(enum hep_diffusion_rician *out, const char *text,
                               struct hep_error *err) HEP_MUST_CHECK;

/** All arrays borrowed. Sample v of volume i is signal[i * nvox + v] (xyzb). */
struct hep_diffusion_input {
    const float *signal;
    size_t nvox, nb;           /* nb volumes */
    const double *b_s_per_mm2; /* [nb], any order, b = 0 anywhere, repeats allowed */
    const int32_t *mask;       /* [nvox], fitted where > 0; NULL: everywhere */
};

/** Caller-allocated maps [nvox]; any may be NULL. Every map is 0 outside the mask.
 *  d is the ADC for the models adc and mono. Standard errors are those of the method to first order
 *  in the noise: least squares, logarithms with equal weights (whose errors are unequal), and
 *  estimates in steps, where the error of a step enters the next one; a fixed S0 has the error of
 *  the b = 0 signal. An error is NaN where its parameter is on a bound or not identifiable. D* is
 * NaN, with status "not identifiable", where f is on its lower bound or below twice its standard
 * error. */
struct hep_diffusion_maps {
    float *s0, *d, *f, *dstar, *k;
    float *s0_se, *d_se, *f_se, *dstar_se, *k_se;
    float *rmse; /* root mean square residual [signal units], weighted by the number of averages */
    float *r2;   /* 1 - residual / total sum of squares of the averaged signals */
    float *status; /* enum hep_fit_status */
    float *choice; /* ivim: smaller AICc (Hurvich & Tsai 1989): 1 mono-, 2 bi-exponential */
};

/** What was done, for sidecars and logs. */
struct hep_diffusion_report {
    enum hep_diffusion_model model;
    enum hep_diffusion_method method; /* never DEFAULT */
    enum hep_fit_isa isa;             /* never AUTO */
    size_t n_b; /* points: distinct b-values ascending (robust: volumes); volumes behind each */
    double b_s_per_mm2[HEP_DIFFUSION_MAX_B];
    size_t n_averages[HEP_DIFFUSION_MAX_B];
    bool dstar_fitted;
    double prior_dstar_mm2_per_s, prior_log_sd; /* bayes: median of D*, SD of ln D*; otherwise 0 */
    double sigma;                               /* given, or the median of the voxels' estimates */
    bool sigma_estimated;                       /* standard errors use each voxel's own estimate */
    struct hep_fit_counts counts;
    size_t n_gsl_fallback; /* voxels that the batched solver passed on */
    /* verify: voxels that both solvers settled, those that differ by less than a hundredth of the
     * standard error in every parameter, and the largest such ratio */
    size_t n_verified, n_agree;
    double worst_disagreement_se;
    char note[256]; /* one line when something was left out and why; otherwise empty */
};

/**
 * Fit a volume.
 * @param[out] maps   arrays written for every voxel; their content is undefined after a failure
 * @param[out] report may be NULL
 * @return HEP_OK. Bad voxels are data: see maps->status.
 *         HEP_EINVAL  a pointer, count, method for the model, or instruction set that does not
 * exist; bayes without a mask HEP_ECONFIG bounds empty, not finite, negative, or d_max >= dstar_min
 * HEP_EDATA   b negative or not finite; a single b-value left; no b = 0 where S0 is fixed or f is
 * defined by it; fewer b-values than parameters; kurtosis below b = 1500 HEP_ENOMEM
 */
int hep_diffusion_fit(struct hep_diffusion_maps *maps, struct hep_diffusion_report *report,
                      const struct hep_diffusion_input *input,
                      const struct hep_diffusion_settings *settings,
                      struct hep_error *err) HEP_MUST_CHECK;

/** Which volumes make up which fitted point. Volumes of equal b (within 0.5 s/mm2) are averaged
 *  geometrically, which is exact for directions (the trace) and repeats; samples that are zero,
 * negative or not finite have no logarithm and are left out of the average; a point without any has
 * weight 0. */
struct hep_diffusion_scheme {
    size_t n_b, n_volumes;
    double b_s_per_mm2[HEP_DIFFUSION_MAX_B]; /* ascending */
    size_t n_averages[HEP_DIFFUSION_MAX_B];
    int16_t point[HEP_DIFFUSION_MAX_VOLUMES]; /* of each volume; -1: outside the subset */
    enum hep_diffusion_method method;         /* resolved */
    bool dstar_fitted;
    char note[256];
};

/**
 * Check b-values and settings against the model, group the volumes, choose the method.
 * @return as hep_diffusion_fit()
 */
int hep_diffusion_prepare(struct hep_diffusion_scheme *out, const double *b_s_per_mm2, size_t nb,
                          const struct hep_diffusion_settings *settings,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
