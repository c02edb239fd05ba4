/**
 * @file  contrast/uptake_fit.h
 * @brief Uptake rate Ki of a measured liver curve, given the plasma curves that feed it.
 * Model:   the dual-input tissue of contrast/kinetics.h,
 *          dR1(t) = r1 ve Ce(t) + rh Ch(t); free F, fa, ve, Ki, kb
 * Source:  Georgiou et al., Invest Radiol 2017;52:111-119 (dual input, uptake and efflux);
 *          Sourbron et al., Radiology 2012;263:874-883
 * Differs: fitted to dR1 from the spoiled gradient-echo equation with a known precontrast T1, not
 *          to signal; bounded Levenberg-Marquardt with exact derivatives from the best node of a table
 *          over (alpha, fa, kb), in which F and Ki are linear
 * Valid:   fast water exchange; no inflow or saturation in the vessels (they lower the plasma curve
 *          and so raise F and Ki); ve and Ki need at least about 5 min after the bolus, kb more
 *          than 20
 * Threads: pure functions; a plan is shared by all threads.
 */
#ifndef HEP_CONTRAST_UPTAKE_FIT_H
#define HEP_CONTRAST_UPTAKE_FIT_H

#include "contrast/kinetics.h"

#include <stdbool.h>

/**
 * dR1 [1/s] from signals of one spoiled gradient echo: the mean of the first n_baseline is S(T10).
 * @param[out] delta_r1 shape [n]; NaN where no positive T1 gives the signal; may be `signal`
 * @param[out] n_bad    number of these; may be NULL
 * @return HEP_EINVAL for a bad setting; HEP_EDATA when the baseline is not finite and positive
 */
int hep_delta_r1_from_signal(double *delta_r1, size_t *n_bad, const double *signal, size_t n,
                             size_t n_baseline, double t10_s, double tr_s, double flip_rad,
                             struct hep_error *err) HEP_MUST_CHECK;

/**
 * Samples on a regular grid k dt, k < n_out, by linear interpolation between the finite samples;
 * the first and last of them hold beyond the ends.
 * @param[in] time_s strictly rising, shape [n]
 * @return HEP_EDATA when times do not rise or no sample is finite
 */
int hep_curve_resample(double *out, size_t n_out, double dt_s, const double *time_s,
                       const double *value, size_t n, struct hep_error *err) HEP_MUST_CHECK;

enum hep_uptake_parameter {
    HEP_UPTAKE_FLOW,
    HEP_UPTAKE_ARTERIAL_FRAC,
    HEP_UPTAKE_VE,
    HEP_UPTAKE_KI,
    HEP_UPTAKE_KB,
    HEP_UPTAKE_N
};

/** Order of enum hep_uptake_parameter, units of struct hep_tissue_kinetics; lo == hi fixes one. */
struct hep_uptake_bounds {
    double lo[HEP_UPTAKE_N], hi[HEP_UPTAKE_N];
};
/** F 0.1-3 /min, fa 0-1, ve 0.05-0.6, Ki 0-0.4 /min, kb 0-0.06 /min. */
struct hep_uptake_bounds hep_uptake_bounds_default(void);

enum hep_uptake_status {
    HEP_UPTAKE_OK,
    HEP_UPTAKE_AT_BOUND, /* a free parameter lies within 0.5 % of its range from a bound */
    HEP_UPTAKE_NOT_CONVERGED
};
struct hep_uptake_fit {
    struct hep_tissue_kinetics tissue;
    double se
        [HEP_UPTAKE_N]; /* standard errors; 0 for fixed parameters, NaN on a bound or when singular */
    double rmse_per_s; /* of dR1 */
    double r2;
    double aicc; /* n ln(RSS/n) + 2k + 2k(k+1)/(n-k-1), k with the variance (Hurvich and Tsai,
                    Biometrika 1989;76:297-307) */
    size_t n;    /* samples used */
    enum hep_uptake_status status;
};

/**
 * @param[out] out      untouched on failure
 * @param[in]  inputs   plasma curves that reach the last time
 * @param[in]  time_s   shape [n], >= 0 on the clock of the inputs
 * @param[in]  delta_r1 [1/s], shape [n]; samples that are not finite are left out
 * @param[in]  bounds   NULL for the default
 * @return HEP_EDATA for fewer usable samples than free parameters + 2; HEP_EINVAL for bounds that
 * are crossed or outside the model's range, or a time outside the inputs or not after the one before;
 * HEP_ENOMEM
 */
int hep_uptake_fit(struct hep_uptake_fit *out, const struct hep_inputs *inputs,
                   const double *time_s, const double *delta_r1, size_t n,
                   const struct hep_relaxivity *relaxivity, const struct hep_uptake_bounds *bounds,
                   struct hep_error *err) HEP_MUST_CHECK;

/** Models by name: one inlet (arterial) or two, without and with efflux. */
enum hep_uptake_model {
    HEP_UPTAKE_SINGLE_INLET,
    HEP_UPTAKE_SINGLE_INLET_EFFLUX,
    HEP_UPTAKE_DUAL_INLET,
    HEP_UPTAKE_DUAL_INLET_EFFLUX,
    HEP_UPTAKE_MODELS
};
extern const char *const hep_uptake_model_names[]; /* "single-inlet", ..., NULL */
/** The default bounds with fa fixed at 1 for one inlet, and kb at 0 without efflux. */
struct hep_uptake_bounds hep_uptake_model_bounds(enum hep_uptake_model model);

/** A model made ready for curves that share their times: what does not depend on the voxel. */
struct hep_uptake_plan;
/** As hep_uptake_fit(); the inputs are copied. */
int hep_uptake_plan_new(struct hep_uptake_plan **out, const struct hep_inputs *inputs,
                        const double *time_s, size_t n, const struct hep_relaxivity *relaxivity,
                        const struct hep_uptake_bounds *bounds,
                        struct hep_error *err) HEP_MUST_CHECK;
void hep_uptake_plan_free(struct hep_uptake_plan *plan);
/** @return false, and `out` untouched, for fewer usable samples than free parameters + 2 */
bool hep_uptake_plan_fit(struct hep_uptake_fit *out, const struct hep_uptake_plan *plan,
                         const double *delta_r1);

/** Patlak's line, dR1 = r1 ve Cp + rh Ki int Cp, from one minute after the arterial peak on: by then the extracellular
 * space follows plasma. No efflux; Patlak et al., J Cereb Blood Flow Metab 1983;3:1-7. */
struct hep_patlak {
    double ve, uptake_per_s,
        uptake_se_per_s; /* NaN with fewer than four samples, or none that differ */
    size_t n;
};
void hep_patlak(struct hep_patlak *out, const struct hep_inputs *inputs, const double *time_s,
                const double *delta_r1, size_t n, const struct hep_relaxivity *relaxivity);

#endif
