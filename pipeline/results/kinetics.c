#include "pipeline/results/kinetics.h"

#define UPTAKE struct hep_uptake_result
static const struct hep_member uptake_rows[] = {
    { HEP_IS_TEXT(UPTAKE, data, "data", "what was fitted") },
    { HEP_IS_TEXT(UPTAKE, model, "model",
                  "the name of the model, chosen by AICc where it was free") },
    { HEP_IS_TEXT(UPTAKE, status, "status", "ok, at a bound, or not converged") },
    { HEP_IS_TEXT(UPTAKE, inlets, "inlets", "measured in the vessels, or the population's") },
    { HEP_IS_NUMBER(UPTAKE, khe_per_s, "khe_per_s", "1/s", "uptake rate into hepatocytes") },
    { HEP_IS_NUMBER(UPTAKE, khe_se_per_s, "khe_se_per_s", "1/s", "its standard error") },
    { HEP_IS_NUMBER(UPTAKE, kbh_per_s, "kbh_per_s", "1/s", "excretion rate into bile") },
    { HEP_IS_NUMBER(UPTAKE, kbh_se_per_s, "kbh_se_per_s", "1/s", "its standard error") },
    { HEP_IS_NUMBER(UPTAKE, ve, "ve", "1", "extracellular volume fraction") },
    { HEP_IS_NUMBER(UPTAKE, ve_se, "ve_se", "1", "its standard error") },
    { HEP_IS_NUMBER(UPTAKE, flow_per_s, "flow_per_s", "1/s", "plasma flow") },
    { HEP_IS_NUMBER(UPTAKE, flow_se_per_s, "flow_se_per_s", "1/s", "its standard error") },
    { HEP_IS_NUMBER(UPTAKE, arterial_frac, "arterial_fraction", "1",
                    "arterial share of the flow") },
    { HEP_IS_NUMBER(UPTAKE, arterial_frac_se, "arterial_fraction_se", "1", "its standard error") },
    { HEP_IS_NUMBER(UPTAKE, patlak_per_s, "khe_patlak_per_s", "1/s",
                    "uptake rate by Patlak's line") },
    { HEP_IS_NUMBER(UPTAKE, patlak_se_per_s, "khe_patlak_se_per_s", "1/s", "its standard error") },
    { HEP_IS_NUMBER(UPTAKE, relative_enhancement, "relative_enhancement", "1",
                    "of the last tenth of the volumes, or the last phase") },
    { HEP_IS_NUMBER(UPTAKE, rmse_per_s, "rmse_per_s", "1/s", "residual of the change of R1") },
    { HEP_IS_NUMBER(UPTAKE, r2, "r2", "1", "share of the variance that the fit explains") },
    { HEP_IS_NUMBER(UPTAKE, aicc, "aicc", "1", "Akaike's criterion, corrected for few samples") },
    { HEP_IS_COUNT(UPTAKE, n, "n", "samples used") },
    { HEP_IS_TEXT(UPTAKE, caution, "caution", "what limits the numbers"), .optional = true },
    { 0 }
};
const struct hep_struct_type hep_uptake_result_type = HEP_ABSENT_TYPE(UPTAKE, uptake_rows);

#define T1 struct hep_t1_result
static const struct hep_member t1_rows[] = {
    { HEP_IS_NUMBER(T1, before_s, "before_s", "s", "T1 of the liver before contrast") },
    { HEP_IS_TEXT(T1, before_from, "before_from", "map, setting or assumed") },
    { HEP_IS_NUMBER(T1, after_s, "after_s", "s", "T1 of the liver after contrast") },
    { HEP_IS_TEXT(T1, after_from, "after_from", "map, setting or signal") },
    { HEP_IS_NUMBER(T1, reduction, "reduction", "1", "(T1 before - T1 after) / T1 before") },
    { HEP_IS_NUMBER(T1, reduction_limit, "reduction_limit", "1", "that it was held against") },
    { HEP_IS_TEXT(T1, reduction_state, "reduction_state", "normal, reduced or not_assessable") },
    { HEP_IS_TEXT(T1, reduction_reason, "reduction_reason",
                  "the verdict with its numbers and its source") },
    { HEP_IS_NUMBER(T1, haematocrit, "haematocrit", "1", "as given") },
    { HEP_IS_NUMBER(T1, extracellular_volume, "extracellular_volume", "1",
                    "(1 - haematocrit) times the change of R1 of liver over that of blood") },
    { HEP_IS_TEXT(T1, extracellular_reason, "extracellular_reason",
                  "why there is none, or how to read it"),
      .optional = true },
    { 0 }
};
static const struct hep_struct_type t1_type = HEP_ABSENT_TYPE(T1, t1_rows);

#define ALL struct hep_kinetics
static const struct hep_member rows[] = {
    { HEP_IS_STRUCT(ALL, UPTAKE, uptake, "uptake", hep_uptake_result_type,
                    "a model of uptake and excretion") },
    { HEP_IS_TEXT(ALL, uptake_reason, "uptake_reason", "why there is none"), .optional = true },
    { HEP_IS_STRUCT(ALL, T1, t1, "t1", t1_type, "T1 of the liver before and after contrast") },
    { 0 }
};
const struct hep_struct_type hep_kinetics_type = HEP_STRUCT_TYPE(ALL, rows);
