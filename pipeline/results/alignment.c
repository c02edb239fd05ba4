#include "pipeline/results/alignment.h"

HEP_NAMES(roles, hep_role, HEP_ROLE_COUNT, hep_role_name);
HEP_NAMES(methods, hep_align_method, HEP_ALIGN_COUNT, hep_align_method_name);

static const char *engine_name(enum hep_alignment_engine engine)
{
    return engine == HEP_ALIGNMENT_ELASTIX ? "elastix" : "scanner";
}
HEP_NAMES(engines, hep_alignment_engine, HEP_ALIGNMENT_COUNT, engine_name);

static const char *const metric_name[] = { "mutual information", NULL };
static const char *const metric_unit[] = { "nat", NULL };

#define METRIC struct hep_alignment_metric
static const struct hep_member metric_rows[] = {
    { HEP_IS_CONSTANT("name", metric_name, "what is compared over the region of the body") },
    { HEP_IS_CONSTANT("unit", metric_unit, "of the four values") },
    { HEP_IS_NUMBER(METRIC, before_nat, "before", "nat", "in the scanner's geometry") },
    { HEP_IS_NUMBER(METRIC, rigid_nat, "rigid", "nat", "after the rigid step") },
    { HEP_IS_NUMBER(METRIC, deformable_nat, "deformable", "nat", "after the deformable step") },
    { HEP_IS_NUMBER(METRIC, after_nat, "after", "nat", "of the method that was taken") },
    { HEP_IS_NUMBER(METRIC, overlap, "overlap", "1", "share of the region that both cover") },
    { 0 }
};
static const struct hep_struct_type metric_type = HEP_STRUCT_TYPE(METRIC, metric_rows);

#define EDGES struct hep_alignment_edges
static const struct hep_member edges_rows[] = {
    { HEP_IS_NUMBER(EDGES, before, "before", "1", "in the scanner's geometry") },
    { HEP_IS_NUMBER(EDGES, rigid, "rigid", "1", "after the rigid step") },
    { HEP_IS_NUMBER(EDGES, rigid_gain_se, "rigid_gain_se", "1",
                    "standard error of what that gained") },
    { HEP_IS_NUMBER(EDGES, deformable, "deformable", "1", "after the deformable step") },
    { HEP_IS_NUMBER(EDGES, deformable_gain_se, "deformable_gain_se", "1",
                    "standard error of what both gained") },
    { 0 }
};
static const struct hep_struct_type edges_type = HEP_STRUCT_TYPE(EDGES, edges_rows);

#define JACOBIAN struct hep_alignment_jacobian
static const struct hep_member jacobian_rows[] = {
    { HEP_IS_NUMBER(JACOBIAN, of.min, "min", "1", "least change of volume over the region") },
    { HEP_IS_NUMBER(JACOBIAN, of.q01, "q01", "1", "first percentile") },
    { HEP_IS_NUMBER(JACOBIAN, of.q99, "q99", "1", "99th percentile") },
    { HEP_IS_NUMBER(JACOBIAN, of.max, "max", "1", "largest change of volume") },
    { HEP_IS_NUMBER(JACOBIAN, of.folded_frac, "folded_frac", "1", "share that is turned over") },
    { 0 }
};
static const struct hep_struct_type jacobian_type = HEP_ABSENT_TYPE(JACOBIAN, jacobian_rows);

#define ROW struct hep_alignment_row
static const struct hep_member row_rows[] = {
    { HEP_IS_ENUM(ROW, enum hep_align_method, method, "method", methods, "geometry in use") },
    { HEP_IS_BOOL(ROW, accepted, "accepted", "the series is moved") },
    { HEP_IS_BOOL(ROW, failed, "failed", "not moved because something went wrong") },
    { HEP_IS_TEXT(ROW, reason, "reason", "why this method") },
    { HEP_IS_NUMBER(ROW, reference_to_series[0][0], "reference_to_series", "mm",
                    "affine part: world points of the reference to world points of the series; the "
                    "identity where a displacement says all"),
      HEP_MATRIX(ROW, reference_to_series) },
    { HEP_IS_NUMBER(ROW, translation_mm[0], "translation_mm", "mm", "mean over the region"),
      HEP_ARRAY(ROW, translation_mm) },
    { HEP_IS_NUMBER(ROW, rotation_deg, "rotation_deg", "degree", "of the affine part") },
    { HEP_IS_NUMBER(ROW, mean_motion_mm, "mean_motion_mm", "mm", "mean length over the region") },
    { HEP_IS_NUMBER(ROW, expected_residual_mm, "expected_residual_mm", "mm",
                    "median error of the method on simulated studies") },
    { HEP_IS_STRUCT(ROW, METRIC, metric, "metric", metric_type, NULL) },
    { HEP_IS_STRUCT(ROW, EDGES, edges, "edges", edges_type,
                    "agreement of edges over the same region, by which it is moved or not") },
    { HEP_IS_STRUCT(ROW, JACOBIAN, jacobian, "jacobian", jacobian_type, NULL) },
    { HEP_IS_TEXT(ROW, displacement, "displacement", "product that holds the displacement"),
      .optional = true },
    { HEP_IS_NUMBER(ROW, b_s_per_mm2, "b_s_per_mm2", "s/mm2", "of the volumes"), .optional = true },
    { 0 }
};
static const struct hep_struct_type row_type = HEP_ABSENT_TYPE(ROW, row_rows);

#define ALL struct hep_alignment
static const struct hep_member rows[] = {
    { HEP_IS_ENUM(ALL, enum hep_role, reference, "reference", roles,
                  "series on whose grid findings are made") },
    { HEP_IS_STRING(ALL, file, "file", "of the reference series") },
    { HEP_IS_ENUM(ALL, enum hep_alignment_engine, engine, "method", engines,
                  "what brought the series together") },
    { HEP_IS_STRING(ALL, warning, "warning", "why nothing is registered"), .optional = true },
    { HEP_IS_STRUCT(ALL, ROW, series[0], "series", row_type, "series that were registered"),
      HEP_MAP(ALL, series, roles), .optional = true },
    HEP_ROW_LIST_OF(ALL, ROW, within_dwi, n_within_dwi, "within_dwi", row_type,
                    "volumes of a b-value to those of the lowest"),
    { HEP_IS_BOOL(ALL, dwi_corrected, "dwi_corrected", "the maps are of the moved volumes"),
      .optional = true },
    { 0 }
};
const struct hep_struct_type hep_alignment_type = HEP_STRUCT_TYPE(ALL, rows);
