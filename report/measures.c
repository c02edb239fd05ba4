#include "report/measures.h"

#include "terms/flag.h"

static const char *key_at(int i)
{
    return i >= 0 && i < HEP_MEASURE_MAPS ? hep_measure_name(hep_measure_map(i)) : NULL;
}
static const struct hep_names keys = { key_at, HEP_MEASURE_MAPS };

static const char *const units[] = { "1", "1/s", "mm2/s", NULL };
static const char *const iron_unit[] = { "mg/g dry", NULL };

const char *hep_measured_state_name(enum hep_measured_state state)
{
    return state == HEP_MEASURED_WITHHELD ? hep_flag_state_name(HEP_FLAG_NOT_ASSESSABLE) : NULL;
}
HEP_NAMES(states, hep_measured_state, HEP_MEASURED_WITHHELD + 1, hep_measured_state_name);

#define MEASURED struct hep_measured
static const struct hep_member measured_rows[] = {
    { HEP_IS_ENUM(MEASURED, enum hep_measured_state, state, "state", states,
                  "not_assessable where the map is withheld"),
      .optional = true },
    { HEP_IS_NUMBER(MEASURED, median, "median", NULL, "in the unit of the map") },
    { HEP_IS_NUMBER(MEASURED, iqr, "iqr", NULL, "width of the middle half") },
    { HEP_IS_NUMBER(MEASURED, q25, "q25", NULL, "first quartile") },
    { HEP_IS_NUMBER(MEASURED, q75, "q75", NULL, "third quartile") },
    { HEP_IS_NUMBER(MEASURED, q05, "q05", NULL, "5th percentile"), .optional = true },
    { HEP_IS_NUMBER(MEASURED, q95, "q95", NULL, "95th percentile"), .optional = true },
    { HEP_IS_NUMBER(MEASURED, mean, "mean", NULL, NULL) },
    { HEP_IS_NUMBER(MEASURED, sd, "sd", NULL, "standard deviation over the voxels") },
    { HEP_IS_NUMBER(MEASURED, skewness, "skewness", NULL, "0 for a symmetric distribution"),
      .optional = true },
    { HEP_IS_NUMBER(MEASURED, kurtosis, "kurtosis", NULL, "0 for a normal distribution"),
      .optional = true },
    { HEP_IS_COUNT(MEASURED, n, "n", "voxels with a value") },
    { HEP_IS_COUNT(MEASURED, n_nonfinite, "n_nonfinite", "voxels without one") },
    { HEP_IS_STRING(MEASURED, reason, "reason", "why nothing was measured"), .optional = true },
    { 0 }
};
static const struct hep_struct_type measured_type = HEP_STRUCT_TYPE(MEASURED, measured_rows);

#define IRON struct hep_measures_iron
static const struct hep_member iron_rows[] = {
    { HEP_IS_ENUM(IRON, enum hep_measured_state, state, "state", states,
                  "not_assessable where R2* is withheld"),
      .optional = true },
    { HEP_IS_NUMBER(IRON, value_mg_per_g_dry, "value", "mg/g dry", "by the median R2*") },
    { HEP_IS_CONSTANT("unit", iron_unit, NULL) },
    { HEP_IS_STRING(IRON, calibration, "calibration", "name of the calibration") },
    { HEP_IS_STRING(IRON, reason, "reason", "source of the calibration, or why there is none") },
    { 0 }
};
static const struct hep_struct_type iron_type = HEP_ABSENT_TYPE(IRON, iron_rows);

#define LIVER struct hep_measures_liver
static const struct hep_member liver_rows[] = {
    { HEP_IS_NUMBER(LIVER, volume_ml, "volume_ml", "mL", "of the mask") },
    { HEP_IS_STRUCT(LIVER, MEASURED, map[0], NULL, measured_type, "each map"),
      HEP_MAP(LIVER, map, keys) },
    { HEP_IS_STRUCT(LIVER, IRON, iron, "iron", iron_type, NULL) },
    { 0 }
};
const struct hep_struct_type hep_measures_liver_type = HEP_STRUCT_TYPE(LIVER, liver_rows);

#define REGION struct hep_measures_region
static const struct hep_member region_rows[] = {
    { HEP_IS_TEXT(REGION, region, "region", "name in the label map") },
    { HEP_IS_ENUM(REGION, int, map, "map", keys, "what was measured") },
    { HEP_IS_WORD(REGION, unit, "unit", units, "of the map") },
    { HEP_IS_STRUCT(REGION, MEASURED, measured, NULL, measured_type, NULL) },
    { 0 }
};
static const struct hep_struct_type region_type = HEP_STRUCT_TYPE(REGION, region_rows);

static const struct hep_member rows[] = {
    { HEP_IS_STRUCT(struct hep_map_measures, LIVER, liver, "liver", hep_measures_liver_type,
                    "over the liver mask") },
    HEP_ROW_LIST_OF(struct hep_map_measures, REGION, region, n_regions, "regions", region_type,
                    "over every named region"),
    { 0 }
};
const struct hep_struct_type hep_measures_type = HEP_STRUCT_TYPE(struct hep_map_measures, rows);

const char *hep_label_kind_name(enum hep_label_kind kind)
{
    return kind == HEP_LABEL_ORGAN ? "organ" : "lesion";
}
HEP_NAMES(kinds, hep_label_kind, HEP_LABEL_ORGAN + 1, hep_label_kind_name);

#define LABEL struct hep_label
static const struct hep_member label_rows[] = {
    { HEP_IS_INTEGER(LABEL, id, "id", NULL, "from 1, over all files") },
    { HEP_IS_ENUM(LABEL, enum hep_label_kind, kind, "kind", kinds, "what the file was given as") },
    { HEP_IS_INTEGER(LABEL, given_label, "given_label", NULL, "value in the file; 0 of a point") },
    { HEP_IS_TEXT(LABEL, name, "name", "of the table beside the file, or of the point") },
    { HEP_IS_TEXT(LABEL, file, "file", "that it was given in") },
    { HEP_IS_TEXT(LABEL, drawn_on, "drawn_on", "series in whose space the file lies") },
    { HEP_IS_BOOL(LABEL, outlined_by_hepar, "outlined_by_hepar",
                  "it was given as a point or box") },
    { HEP_IS_COUNT(LABEL, voxels, "voxels",
                   "of the file's own grid; of a point, the reference's") },
    { HEP_IS_NUMBER(LABEL, volume_ml, "volume_ml", "mL", "of these voxels") },
    { HEP_IS_NUMBER(LABEL, long_axis_mm, "long_axis_mm", "mm", "longest axial diameter") },
    { HEP_IS_NUMBER(LABEL, short_axis_mm, "short_axis_mm", "mm", "at right angles to it") },
    { HEP_IS_NUMBER(LABEL, centre_mm[0], "centre_mm", "mm", "RAS, in the space of that series"),
      HEP_ARRAY(LABEL, centre_mm) },
    { HEP_IS_TEXT(LABEL, note, "note", "what has to be said of it"), .optional = true },
    { HEP_IS_STRUCT(LABEL, MEASURED, map[0], "maps", measured_type, "each map"),
      HEP_MAP(LABEL, map, keys) },
    { 0 }
};
const struct hep_struct_type hep_label_type = HEP_STRUCT_TYPE(LABEL, label_rows);
static const struct hep_member labels_rows[] = {
    HEP_ROW_LIST_OF(struct hep_label_measures, LABEL, label, n, "labels", hep_label_type,
                    "what was given, in the order of the files"),
    { 0 }
};
const struct hep_struct_type hep_label_measures_type =
    HEP_STRUCT_TYPE(struct hep_label_measures, labels_rows);

void hep_measured_fill(struct hep_measured *out, const struct hep_stats *s)
{
    *out = (struct hep_measured){ .median = s->median,
                                  .iqr = s->q75 - s->q25,
                                  .q25 = s->q25,
                                  .q75 = s->q75,
                                  .q05 = s->q05,
                                  .q95 = s->q95,
                                  .skewness = s->skewness,
                                  .kurtosis = s->kurtosis,
                                  .mean = s->mean,
                                  .sd = s->sd,
                                  .n = s->n,
                                  .n_nonfinite = s->n_nonfinite };
}
