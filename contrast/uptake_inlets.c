/* Plasma curves of the inlets, measured or the population's. */
#include "contrast/uptake_inlets.h"

#include "base/alloc.h"

#include <math.h>

/* Step of measured curves [s]: finer than any frame. */
#define MEASURED_DT_S 0.5

/* Signals to plasma concentrations on a regular grid, in heap. */
static int to_plasma(double **out, size_t n_grid, double *signal, const char *which,
                     const double *time_s, size_t n, size_t n_baseline, double t1_s, double tr_s,
                     double flip_rad, double per_mM, struct hep_error *err)
{
    size_t n_bad = 0;
    int rc = HEP_NEW(*out, n_grid, err);

    if (rc == HEP_OK)
        rc = hep_delta_r1_from_signal(signal, &n_bad, signal, n, n_baseline, t1_s, tr_s, flip_rad,
                                      err);
    if (rc == HEP_OK && 10 * n_bad > n - n_baseline)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "inlet (%s) is saturated: %zu of %zu samples are above what any T1 gives "
                      "with TR %g s and flip angle %.1f degrees",
                      which, n_bad, n, tr_s, flip_rad * 57.295779513082323);
    if (rc == HEP_OK)
        rc = hep_curve_resample(*out, n_grid, MEASURED_DT_S, time_s, signal, n, err);
    for (size_t i = 0; rc == HEP_OK && i < n_grid; i++)
        (*out)[i] /= per_mM;
    return rc;
}

int hep_inlets_of_vessels(struct hep_inputs **out, double *artery, double *portal,
                          const double *time_s, size_t n, size_t n_baseline, double t1_blood_s,
                          double tr_s, double flip_rad, double hct,
                          const struct hep_relaxivity *relaxivity, struct hep_error *err)
{
    const size_t n_grid = (size_t)(time_s[n - 1] / MEASURED_DT_S) + 2;
    const double per_mM = relaxivity->r1_blood * (1.0 - hct);
    double *plasma[2] = { NULL, NULL };
    int rc = to_plasma(&plasma[0], n_grid, artery, "artery", time_s, n, n_baseline, t1_blood_s,
                       tr_s, flip_rad, per_mM, err);

    if (rc == HEP_OK && portal != NULL)
        rc = to_plasma(&plasma[1], n_grid, portal, "portal vein", time_s, n, n_baseline, t1_blood_s,
                       tr_s, flip_rad, per_mM, err);
    if (rc == HEP_OK)
        rc = hep_inputs_from_curves(out, plasma[0], plasma[1], n_grid, MEASURED_DT_S, hct, err);
    free(plasma[0]);
    free(plasma[1]);
    return rc;
}

/* The population's peak lies 10.2 s after arrival (Parker 2006), and later by half of an injection of 8 s. */
#define BOLUS_S 8.0
#define PEAK_AFTER_ARRIVAL_S 10.2

int hep_inlets_of_population(struct hep_inputs **out, const struct hep_agent *agent, double peak_s,
                             double end_s, double dose, double hct, struct hep_error *err)
{
    struct hep_injection j = hep_injection_default(agent);

    j.arrival_s = fmax(peak_s - PEAK_AFTER_ARRIVAL_S - BOLUS_S / 2.0, 0.0);
    j.bolus_s = BOLUS_S;
    j.hct = hct;
    j.dose_mmol_per_kg = isfinite(dose) ? dose : j.dose_mmol_per_kg;
    return hep_inputs_new(out, &j, end_s, HEP_INPUTS_DT_S, err);
}
