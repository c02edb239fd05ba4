/**
 * @file  contrast/delay.h
 * @brief Delay of the hepatobiliary phase against the share of patients in whom it is adequate.
 * Model:   liver and portal vein by contrast/kinetics.h, their ratio of spoiled gradient echo
 *          signals (SIR); uptake Ki lognormal over patients, but 0.01 per minute in a share of them
 *          whose liver is impaired. The ratio rises with Ki, so the share above the agent's limit
 *          is that of patients with more than the Ki which just reaches it
 * Source:  limit and published shares (12, 80, 93 % at 10, 15, 20 min): Bashir et al., Acad Radiol
 *          2014; median 0.033 per minute, log-SD 0.18 and 7 % impaired reproduce them at 3 T
 * Differs: equal proton density and no T2* in liver and blood
 */
#ifndef HEP_CONTRAST_DELAY_H
#define HEP_CONTRAST_DELAY_H

#include "contrast/kinetics.h"

#define HEP_KI_MEDIAN_PER_MIN 0.033
#define HEP_KI_LOG_SD 0.18
#define HEP_KI_IMPAIRED_PER_MIN 0.01

struct hep_delay_settings {
    const struct hep_agent *agent;                          /* borrowed */
    double liver_t1_s, portal_t1_s;                         /* before contrast */
    double flow_per_min, arterial_frac, ve, efflux_per_min; /* of the liver, contrast/kinetics.h */
    double field_t, tr_s, flip_deg;
    double ki_median_per_min, ki_log_sd;
    double impaired_frac;
    double sir_limit;
};

/** Liver over portal vein at `delay_s` for one uptake. HEP_EINVAL, HEP_ENOMEM. */
int hep_delay_sir(double *sir, const struct hep_delay_settings *s, double delay_s,
                  double ki_per_min, struct hep_error *err) HEP_MUST_CHECK;

/**
 * @param[out] frac   share of patients above the limit, 0..1
 * @param[out] median SIR of the patient with the median uptake; may be NULL
 */
int hep_delay_adequate(double *frac, double *median, const struct hep_delay_settings *s,
                       double delay_s, struct hep_error *err) HEP_MUST_CHECK;

#endif
