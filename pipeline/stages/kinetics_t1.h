/**
 * @file  pipeline/stages/kinetics_t1.h
 * @brief T1 of the liver before and after contrast: from maps, settings, signal, or assumed.
 */
#ifndef HEP_PIPELINE_STAGES_KINETICS_T1_H
#define HEP_PIPELINE_STAGES_KINETICS_T1_H

#include "pipeline/results/enhancement.h"
#include "pipeline/results/kinetics.h"

/** Of a series, else of the study, else 3 T. */
double hep_kinetics_field(const struct hep_run *run, const struct hep_series *s);
/**
 * The stage declares "t1_map", "t1_map_after", "precontrast", "anatomy" and the alignment.
 * @param[out] blood T1 of blood before and after contrast; NaN where it is neither mapped nor given
 * @param[in]  e     NULL when there is no enhancement
 */
int hep_kinetics_t1(struct hep_t1_result *t, double blood[2], struct hep_run *run,
                    const struct hep_enhancement *e, struct hep_error *err) HEP_MUST_CHECK;

#endif
