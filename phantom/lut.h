/**
 * @file  phantom/lut.h
 * @brief Signal of every label in one series: what the renderer adds up.
 * Model:   the equations of sequences/signal.h on the tissue values; fat saturation leaves 6 % of
 *          fat; flowing blood keeps 12 % in T2 and nothing in DWI at b >= 50 (its f is 1)
 * Differs: kurtosis acts only in series that reach b = 1500, where it is fitted: in a protocol up
 *          to b = 800 the tissue table's D, f and D* alone make the signal
 * Valid:   steady state; echoes and dual echo are complex so that partial volumes cancel
 */
#ifndef HEP_PHANTOM_LUT_H
#define HEP_PHANTOM_LUT_H

#include "phantom/course.h"

#define HEP_LUT_MAX (2 * HEP_SIM_MAX_VOLUMES)
#define HEP_FAT_LEFT 0.06
#define HEP_KURTOSIS_FROM_B 1500.0

/** `vl`: v fastest. complex: pairs of real and imaginary part. */
struct hep_lut {
    size_t n_values;
    bool is_complex;
    float value[HEP_N_LABELS][HEP_LUT_MAX];
    float texture_sd[HEP_N_LABELS];
};

/** Water and fat of a T1 phase, T2, DWI (n_values = volumes) or echoes (complex, 2 per echo).
 *  @param[in] course T1 and R2* at the time of the series
 *  @param[in] part   all, or for DWI water and fat apart */
enum hep_lut_part { HEP_LUT_ALL, HEP_LUT_WATER, HEP_LUT_FAT };
int hep_lut_signal(struct hep_lut *out, const struct hep_sim_series *series,
                   const struct hep_anatomy *a, const struct hep_course *course, double field_t,
                   enum hep_lut_part part, struct hep_error *err) HEP_MUST_CHECK;

/** Signal of one tissue in a T1 phase, T2 or DWI volume v. */
double hep_tissue_signal(const struct hep_sim_series *series, const struct hep_tissue_values *t,
                         const struct hep_study_tissues *study, double t1_s, double r2star_added,
                         size_t v, bool blood, enum hep_lut_part part);
/** ADC from a log-linear least-squares line through the noise-free b = 50, 400, 800 [mm2/s]. */
double hep_tissue_adc(const struct hep_tissue_values *t);

#endif
