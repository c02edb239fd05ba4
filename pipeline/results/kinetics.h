/**
 * @file  pipeline/results/kinetics.h
 * @brief Product "kinetics": uptake of the liver, and T1 before and after contrast.
 */
#ifndef HEP_PIPELINE_RESULTS_KINETICS_H
#define HEP_PIPELINE_RESULTS_KINETICS_H

#include "pipeline/run.h"

/** A model fitted to the liver's curve. Rates in 1/s, NaN where the model has none. */
struct hep_uptake_result {
    bool present;
    char data[64]; /* "dynamic series of 80 volumes", "4 phases" */
    char model[32], status[24], inlets[32];
    double khe_per_s, khe_se_per_s, kbh_per_s, kbh_se_per_s, ve, ve_se, flow_per_s, flow_se_per_s;
    double arterial_frac, arterial_frac_se, patlak_per_s, patlak_se_per_s, relative_enhancement;
    double rmse_per_s, r2, aicc;
    size_t n;
    char caution[256]; /* what limits the numbers */
};

/** T1 of the liver. */
struct hep_t1_result {
    bool present;
    double before_s, after_s;
    char before_from[96], after_from[96]; /* "map", "setting", "assumed ..." */
    double reduction, reduction_limit;
    char reduction_state[24]; /* "normal", "reduced", "not_assessable" */
    char reduction_reason[256];
    double haematocrit, extracellular_volume;
    char extracellular_reason[192]; /* why there is none */
};

struct hep_kinetics {
    struct hep_uptake_result uptake;
    char uptake_reason[192]; /* why there is none */
    struct hep_t1_result t1;
};
HEP_PRODUCT(kinetics, hep_kinetics);

/** The table of a model, for the sidecars of its maps. */
extern const struct hep_struct_type hep_uptake_result_type;

#endif
