/**
 * @file  pipeline/stages/stages.h
 * @brief The rows of the stage table, one per file.
 */
#ifndef HEP_PIPELINE_STAGES_STAGES_H
#define HEP_PIPELINE_STAGES_STAGES_H

#include "pipeline/stage.h"

extern const struct hep_stage hep_stage_inventory;
extern const struct hep_stage hep_stage_align;
extern const struct hep_stage hep_stage_fat;
extern const struct hep_stage hep_stage_diffusion;
extern const struct hep_stage hep_stage_liver;
extern const struct hep_stage hep_stage_enhancement;
extern const struct hep_stage hep_stage_lesions;

/* Slots that several stages read, spelled once. A = optional. */
#define HEP_READS_SERIES(name)                                                                     \
    {                                                                                              \
        name, HEP_SLOT_SERIES, "xyz", HEP_UNIT_ARBITRARY, true, NULL, NULL                         \
    }
#define HEP_READS_SERIES_4D(name, shape)                                                           \
    {                                                                                              \
        name, HEP_SLOT_SERIES, shape, HEP_UNIT_ARBITRARY, true, NULL, NULL                         \
    }
#define HEP_READS_MAP(name, unit)                                                                  \
    {                                                                                              \
        name, HEP_SLOT_VOLUME, "xyz", unit, true, NULL, NULL                                       \
    }
#define HEP_READS_LABELS(name)                                                                     \
    {                                                                                              \
        name, HEP_SLOT_LABELS, "xyz", HEP_UNIT_DIMENSIONLESS, true, NULL, NULL                     \
    }
#define HEP_READS_JSON(name)                                                                       \
    {                                                                                              \
        name, HEP_SLOT_JSON, "-", HEP_UNIT_DIMENSIONLESS, true, NULL, NULL                         \
    }
#define HEP_MAKES_JSON(name, doc)                                                                  \
    {                                                                                              \
        name, HEP_SLOT_JSON, "-", HEP_UNIT_DIMENSIONLESS, true, NULL, doc                          \
    }
#define HEP_MAKES_MAP(name, unit, file, doc)                                                       \
    {                                                                                              \
        name, HEP_SLOT_VOLUME, "xyz", unit, true, file, doc                                        \
    }
#define HEP_MAKES_LABELS(name, file, doc)                                                          \
    {                                                                                              \
        name, HEP_SLOT_LABELS, "xyz", HEP_UNIT_DIMENSIONLESS, true, file, doc                      \
    }

/* The series that can be aligned, in the order in which one is taken as reference, and the
 * displacements of those that were deformed. HEP_READS_ALIGNMENT is what a stage declares that
 * calls pipeline/stages/aligned.h. */
#define HEP_ALIGNED_SERIES(X)                                                                      \
    X("hepatobiliary")                                                                             \
    X("portal_venous")                                                                             \
    X("delayed")                                                                                   \
    X("transitional")                                                                              \
    X("arterial")                                                                                  \
    X("precontrast")                                                                               \
    X("in_phase")                                                                                  \
    X("opposed")                                                                                   \
    X("echoes")                                                                                    \
    X("t2")                                                                                        \
    X("dwi")
#define HEP_XFM_SLOT(name)                                                                         \
    { "xfm_" name,                                                                                 \
      HEP_SLOT_VOLUME,                                                                             \
      "xyzt",                                                                                      \
      HEP_UNIT_MM,                                                                                 \
      true,                                                                                        \
      "xfm/%s_from-" name "_to-reference_xfm",                                                     \
      "displacement to be added to the affine part, RAS; from the reference to this series" },
#define HEP_READS_ALIGNMENT HEP_ALIGNED_SERIES(HEP_XFM_SLOT) HEP_READS_JSON("alignment")

#endif
