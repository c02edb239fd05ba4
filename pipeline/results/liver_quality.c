#include "pipeline/results/liver_quality.h"

const char *hep_liver_source_name(enum hep_liver_source source)
{
    static const char *const names[] = { "automatic", "command line", "study",
                                         "label map of the study", "liver.command" };

    return names[source];
}
HEP_NAMES(sources, hep_liver_source, HEP_LIVER_SOURCE_COUNT, hep_liver_source_name);

static const char *method_name(enum hep_liver_method method)
{
    return method == HEP_LIVER_NONE ? NULL : hep_liver_method_name(method);
}
HEP_NAMES(methods, hep_liver_method, HEP_LIVER_T2_DIFFUSION + 1, method_name);

#define REPORT struct hep_liver_report
static const struct hep_member rows[] = {
    { HEP_IS_ENUM(REPORT, enum hep_liver_source, source, "source", sources,
                  "where the mask comes from") },
    { HEP_IS_BOOL(REPORT, quality.mask_needed, "mask_needed", "the liver was not found") },
    { HEP_IS_ENUM(REPORT, enum hep_liver_method, quality.method, "method", methods,
                  "images that the liver was found in"),
      .optional = true },
    { HEP_IS_NUMBER(REPORT, quality.volume_ml, "volume_ml", "mL", "of the mask"),
      .optional = true },
    { HEP_IS_BOOL(REPORT, quality.volume_plausible, "volume_plausible", "within liver.volume_ml") },
    { HEP_IS_BOOL(REPORT, quality.cropped, "cropped",
                  "reaches an end of the images: the volume is a least one") },
    { HEP_IS_TEXT(REPORT, quality.cut_at, "cut_at", "the ends of the images that it reaches"),
      .optional = true },
    { HEP_IS_NUMBER(REPORT, quality.seed_ml, "seed_ml", "mL", "of the region it grew from"),
      .optional = true },
    { HEP_IS_NUMBER(REPORT, quality.roughness, "roughness", "1",
                    "surface over that of a sphere of the same volume"),
      .optional = true },
    { HEP_IS_NUMBER(REPORT, quality.low_border_frac, "low_contrast_border_frac", "1",
                    "share of the border without contrast"),
      .optional = true },
    { HEP_IS_NUMBER(REPORT, quality.left_right, "left_frac", "1",
                    "share of the volume left of the body's middle"),
      .optional = true },
    { HEP_IS_NUMBER(REPORT, quality.contrast, "contrast_log_odds", "1",
                    "separation of the liver from its surroundings"),
      .optional = true },
    { HEP_IS_NUMBER(REPORT, quality.score, "score", "1", "how plausible all of it is, 0 to 1"),
      .optional = true },
    { HEP_IS_TEXT(REPORT, quality.reason, "reason", "why it is doubtful or a mask is needed"),
      .optional = true },
    { 0 }
};
const struct hep_struct_type hep_liver_quality_type = HEP_STRUCT_TYPE(REPORT, rows);
