/**
 * @file  pipeline/adc_subset.h
 * @brief The b-values of an ADC when the preferred subset leaves fewer than two.
 */
#ifndef HEP_PIPELINE_ADC_SUBSET_H
#define HEP_PIPELINE_ADC_SUBSET_H

#include "fitting/diffusion.h"

/**
 * hep_diffusion_prepare() with the settings as they are; where an ADC's subset has too few
 * b-values, with all of them instead. Perfusion then adds to the ADC, which is why it is said
 * aloud.
 * @param[in,out] settings  b_min_s_per_mm2 becomes 0 when the subset was widened
 * @param[out]    widened   may be NULL
 */
int hep_prepare_subset(struct hep_diffusion_scheme *out, bool *widened, const double *b_s_per_mm2,
                       size_t nb, struct hep_diffusion_settings *settings,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
