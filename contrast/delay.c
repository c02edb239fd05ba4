#include "contrast/delay.h"

#include "sequences/signal.h"

#include <math.h>

#define DEG 57.29577951308232
/* Range in which the uptake is looked for, and steps of the bisection: to 1e-9 of it. */
#define KI_MAX_PER_MIN 1.0
#define STEPS 40

int hep_delay_sir(double *sir, const struct hep_delay_settings *s, double delay_s,
                  double ki_per_min, struct hep_error *err)
{
    const struct hep_injection injection = hep_injection_default(s->agent);
    const struct hep_tissue_kinetics tissue = { .flow_per_s = HEP_PER_MIN(s->flow_per_min),
                                                .arterial_frac = s->arterial_frac,
                                                .ve = s->ve,
                                                .uptake_per_s = HEP_PER_MIN(ki_per_min),
                                                .efflux_per_s = HEP_PER_MIN(s->efflux_per_min) };
    struct hep_relaxivity relaxivity;
    struct hep_inputs *inputs = NULL;
    struct hep_tissue_curve *curve = NULL;
    double liver_t1, portal_t1;
    int rc = hep_agent_relaxivity(&relaxivity, s->agent, s->field_t, err);

    if (rc == HEP_OK)
        rc = hep_inputs_new(&inputs, &injection, delay_s, 1.0, err);
    if (rc == HEP_OK)
        rc = hep_tissue_curve_new(&curve, inputs, &tissue, err);
    if (rc == HEP_OK) {
        liver_t1 = hep_t1_with_contrast_s(
            s->liver_t1_s, hep_tissue_delta_r1_per_s(curve, &tissue, &relaxivity, delay_s));
        portal_t1 = hep_t1_with_contrast_s(
            s->portal_t1_s,
            hep_vessel_delta_r1_per_s(inputs, HEP_VESSEL_PORTAL, &relaxivity, delay_s));
        *sir = hep_spgr_weight(liver_t1, s->tr_s, s->flip_deg / DEG) /
               hep_spgr_weight(portal_t1, s->tr_s, s->flip_deg / DEG);
    }
    hep_tissue_curve_free(curve);
    hep_inputs_free(inputs);
    return rc;
}

int hep_delay_adequate(double *frac, double *median, const struct hep_delay_settings *s,
                       double delay_s, struct hep_error *err)
{
    double lo = 0.0, hi = KI_MAX_PER_MIN, sir = 0.0;
    int rc = hep_delay_sir(&sir, s, delay_s, s->ki_median_per_min, err);

    if (rc == HEP_OK && median != NULL)
        *median = sir;
    if (rc == HEP_OK)
        rc = hep_delay_sir(&sir, s, delay_s, hi, err);
    if (rc != HEP_OK)
        return rc;
    if (sir <= s->sir_limit) {
        *frac = 0.0;
        return HEP_OK;
    }
    for (int i = 0; rc == HEP_OK && i < STEPS; i++) {
        double middle = 0.5 * (lo + hi);

        rc = hep_delay_sir(&sir, s, delay_s, middle, err);
        if (sir > s->sir_limit)
            hi = middle;
        else
            lo = middle;
    }
    if (rc == HEP_OK) {
        double good = 0.5 * erfc(log(hi / s->ki_median_per_min) / (s->ki_log_sd * sqrt(2.0)));

        *frac = (1.0 - s->impaired_frac) * good +
                s->impaired_frac * (HEP_KI_IMPAIRED_PER_MIN > hi ? 1.0 : 0.0);
    }
    return rc;
}
