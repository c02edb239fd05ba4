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
extern const struct hep_stage hep_stage_report;

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

#endif
