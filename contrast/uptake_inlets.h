/**
 * @file  contrast/uptake_inlets.h
 * @brief Plasma curves that feed the liver: from the signals of vessels, or the population's.
 */
#ifndef HEP_CONTRAST_UPTAKE_INLETS_H
#define HEP_CONTRAST_UPTAKE_INLETS_H

#include "contrast/uptake_fit.h"

/* T1 before contrast where none is known. Liver: de Bazelaire et al., Radiology 2004;230:652-659 (586 ms at 1.5 T, 809 ms at
 * 3 T). Blood: Stanisz et al., MRM 2005;54:507-512 (1441 ms at 1.5 T); Lu et al., MRM 2004;52:679-682 (arterial, 1664 ms at
 * 3 T). */
#define HEP_T1_LIVER_S(field_t) ((field_t) < 2.2 ? 0.586 : 0.809)
#define HEP_T1_BLOOD_S(field_t) ((field_t) < 2.2 ? 1.441 : 1.664)

/** Plasma curves from the signal of an artery, and of a portal vein or NULL; signals become dR1.
 * HEP_EDATA when more than a tenth of the samples after the baseline have no T1: saturated. */
int hep_inlets_of_vessels(struct hep_inputs **out, double *artery, double *portal,
                          const double *time_s, size_t n, size_t n_baseline, double t1_blood_s,
                          double tr_s, double flip_rad, double hct,
                          const struct hep_relaxivity *relaxivity,
                          struct hep_error *err) HEP_MUST_CHECK;
/** Population curves whose aorta peaks here. */
int hep_inlets_of_population(struct hep_inputs **out, const struct hep_agent *agent, double peak_s,
                             double end_s, double dose, double hct,
                             struct hep_error *err) HEP_MUST_CHECK;

#endif
