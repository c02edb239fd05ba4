#include "pipeline/results/plausibility.h"

#include "terms/flag.h"

const char *hep_judged_name(enum hep_judged judged)
{
    static const char *const names[] = { "adc_mm2_per_s", "fat_fraction", "pdff" };

    return names[judged];
}

const char *hep_verdict_name(enum hep_verdict_state state)
{
    return state == HEP_PLAUSIBLE ? "plausible" : hep_flag_state_name(HEP_FLAG_NOT_ASSESSABLE);
}

HEP_NAMES(judged, hep_judged, HEP_JUDGED_COUNT, hep_judged_name);
HEP_NAMES(states, hep_verdict_state, HEP_VERDICT_COUNT, hep_verdict_name);

#define VERDICT struct hep_verdict
static const struct hep_member verdict_rows[] = {
    { HEP_IS_ENUM(VERDICT, enum hep_verdict_state, state, "state", states,
                  "not_assessable: withheld, with all that was made of the same images") },
    { HEP_IS_NUMBER(VERDICT, median, "median", "of the map", "of the liver") },
    { HEP_IS_COUNT(VERDICT, n, "n", "voxels of the liver") },
    { HEP_IS_NUMBER(VERDICT, limits[0], "plausible", "of the map", "lowest and highest median"),
      HEP_ARRAY(VERDICT, limits) },
    { HEP_IS_TEXT(VERDICT, unit, "unit", "of the map") },
    { HEP_IS_TEXT(VERDICT, reason, "reason", "number, limits and likely causes"),
      .optional = true },
    { 0 }
};
static const struct hep_struct_type verdict_type = HEP_ABSENT_TYPE(VERDICT, verdict_rows);

#define IRON struct hep_iron_verdict
static const struct hep_member iron_rows[] = {
    { HEP_IS_NUMBER(IRON, r2star_per_s, "r2star_per_s", "1/s", "of the liver by its signals") },
    { HEP_IS_NUMBER(IRON, r2star_se_per_s, "r2star_se_per_s", "1/s", "its standard error") },
    { HEP_IS_COUNT(IRON, n, "n", "comparisons with muscle and spleen") },
    { 0 }
};
static const struct hep_struct_type iron_type = HEP_ABSENT_TYPE(IRON, iron_rows);

#define ALL struct hep_plausibility
static const struct hep_member rows[] = {
    { HEP_IS_STRUCT(ALL, VERDICT, of[0], NULL, verdict_type, "each map that is judged"),
      HEP_MAP(ALL, of, judged) },
    { HEP_IS_STRUCT(ALL, IRON, iron, "iron", iron_type, "iron by T2 and diffusion signals") },
    { 0 }
};
const struct hep_struct_type hep_plausibility_type = HEP_STRUCT_TYPE(ALL, rows);
