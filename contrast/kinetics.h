/**
 * @file  contrast/kinetics.h
 * @brief From an injection to concentrations, R1 and signal of each tissue over time.
 *
 * Arterial plasma  Parker et al., MRM 2006;56:993-1000 (population AIF of whole blood) / (1 - Hct);
 *   after 3 min the larger of it and Weinmann's 0.399 e^(-0.144 t) + 0.478 e^(-0.0111 t) mmol/L, t
 * in min; per 0.1 mmol/kg, scaled by dose; times e^(-decay t) for agents that the liver removes.
 * Portal plasma    the arterial one delayed by 10 s and convolved with an exponential of 20 s.
 * Tissue           ve dCe/dt = F [fa Ca + (1 - fa) Cv] - (F + Ki) Ce
 *                      dCh/dt = Ki Ce - kb Ch          (Ch per mL of tissue)
 *                  dR1 = r1 ve Ce + rh Ch; vessel dR1 = r1 (1 - Hct) C
 *   after Georgiou et al., Invest Radiol 2017 (dual input, uptake and efflux).
 * Solved exactly for inputs that are linear between grid points: one matrix exponential per tissue,
 *   then a recurrence. No voxel needs it: curves are made once per tissue and interpolated.
 * Valid: water in fast exchange; the first pass of Parker's bolus is sharper than a real one
 *   (convolve with bolus_s).
 * Time runs from the start of the injection [s]; rates in 1/s; concentrations mmol/L.
 * Threads: pure functions.
 */
#ifndef HEP_CONTRAST_KINETICS_H
#define HEP_CONTRAST_KINETICS_H

#include "contrast/agent.h"

#define HEP_HCT_DEFAULT 0.42

/** Parker's whole-blood concentration, t after arrival, 0.1 mmol/kg; 0 for t < 0. */
double hep_aif_parker_mM(double t_s);
/** Plasma concentration as above for 0.1 mmol/kg, without extra decay. */
double hep_aif_plasma_mM(double t_s, double hct);

struct hep_injection {
    double dose_mmol_per_kg;
    double arrival_s;   /* in the aorta after the start of the injection */
    double bolus_s;     /* boxcar convolved with the arterial curve; 0 for none */
    double decay_per_s; /* extra loss from plasma */
    double hct;
    double portal_delay_s, portal_mean_s; /* 10 and 20; delay, mean of the exponential (> 0) */
};
/** Dose and decay of the agent, arrival 12 s, no bolus, Hct 0.42, portal 10 s and 20 s. */
struct hep_injection hep_injection_default(const struct hep_agent *agent);

/** Plasma curves on a regular grid t_i = i dt, i < n. */
struct hep_inputs {
    size_t n;
    double dt_s, hct;
    double *arterial_mM, *portal_mM; /* owned, shape [n] */
};
#define HEP_INPUTS_DT_S 0.25
/**
 * @param[in] end_s last time needed [s]; the grid reaches at least there
 * @param[in] dt_s  HEP_INPUTS_DT_S keeps the sampling error of the first pass below 0.1 %
 * @return HEP_EINVAL for negative or non-finite settings, more than 1e6 points; HEP_ENOMEM
 */
int hep_inputs_new(struct hep_inputs **out, const struct hep_injection *injection, double end_s,
                   double dt_s, struct hep_error *err) HEP_MUST_CHECK;
/** From measured plasma curves on a regular grid; copied. portal may be NULL: made from arterial.
 */
int hep_inputs_from_curves(struct hep_inputs **out, const double *arterial_mM,
                           const double *portal_mM, size_t n, double dt_s, double hct,
                           struct hep_error *err) HEP_MUST_CHECK;
void hep_inputs_free(struct hep_inputs *inputs);

struct hep_tissue_kinetics {
    double flow_per_s;    /* F, plasma flow per mL of tissue; 0: not perfused */
    double arterial_frac; /* fa, 0..1 */
    double ve;            /* extracellular volume, 0..1; > 0 when flow > 0 */
    double uptake_per_s;  /* Ki */
    double efflux_per_s;  /* kb */
};
#define HEP_PER_MIN(rate_per_min) ((rate_per_min) / 60.0)

/** Concentrations of one tissue on the grid of its inputs. */
struct hep_tissue_curve {
    size_t n;
    double dt_s;
    double *ce_mM; /* in the extracellular space, per mL of that space */
    double *ch_mM; /* in hepatocytes, per mL of tissue */
};
/** HEP_EINVAL names the parameter out of range; HEP_ENOMEM. */
int hep_tissue_curve_new(struct hep_tissue_curve **out, const struct hep_inputs *inputs,
                         const struct hep_tissue_kinetics *tissue,
                         struct hep_error *err) HEP_MUST_CHECK;
void hep_tissue_curve_free(struct hep_tissue_curve *curve);
/** As above into arrays of the caller, shape [inputs->n]; ch_mM may be NULL; nothing is allocated.
 */
int hep_tissue_solve(double *ce_mM, double *ch_mM, const struct hep_inputs *inputs,
                     const struct hep_tissue_kinetics *tissue,
                     struct hep_error *err) HEP_MUST_CHECK;

/** Linear interpolation of a curve on a regular grid; 0 before it, the last value after it. */
double hep_curve_at(const double *curve, size_t n, double dt_s, double t_s);

/** dR1 [1/s] of tissue at t. */
double hep_tissue_delta_r1_per_s(const struct hep_tissue_curve *curve,
                                 const struct hep_tissue_kinetics *tissue,
                                 const struct hep_relaxivity *relaxivity, double t_s);
enum hep_vessel { HEP_VESSEL_ARTERY, HEP_VESSEL_PORTAL };
/** dR1 [1/s] of blood at t. */
double hep_vessel_delta_r1_per_s(const struct hep_inputs *inputs, enum hep_vessel vessel,
                                 const struct hep_relaxivity *relaxivity, double t_s);
/** T1 [s] with added relaxation: 1 / (1/T10 + dR1). */
double hep_t1_with_contrast_s(double t10_s, double delta_r1_per_s);

#endif
