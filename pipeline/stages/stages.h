/**
 * @file  pipeline/stages/stages.h
 * @brief The rows of the stage table, one per file.
 */
#ifndef HEP_PIPELINE_STAGES_STAGES_H
#define HEP_PIPELINE_STAGES_STAGES_H

#include "pipeline/stage.h"

extern const struct hep_stage hep_stage_inventory;
extern const struct hep_stage hep_stage_masks;
extern const struct hep_stage hep_stage_align;
extern const struct hep_stage hep_stage_space;
extern const struct hep_stage hep_stage_fat;
extern const struct hep_stage hep_stage_diffusion;
extern const struct hep_stage hep_stage_draw_liver;
extern const struct hep_stage hep_stage_draw_lesions;
extern const struct hep_stage hep_stage_liver;
extern const struct hep_stage hep_stage_enhancement;
extern const struct hep_stage hep_stage_kinetics;
extern const struct hep_stage hep_stage_lesions;
extern const struct hep_stage hep_stage_parenchyma;

/* Slots that several stages read or make, spelled once; each is optional. */
#define HEP_SLOT(the_name, the_kind, the_shape, the_unit, ...)                                     \
    {                                                                                              \
        .name = the_name, .kind = the_kind, .shape = the_shape, .unit = the_unit,                  \
        .optional = true, __VA_ARGS__                                                              \
    }
#define HEP_READS_SERIES(name) HEP_READS_SERIES_4D(name, "xyz")
#define HEP_READS_SERIES_4D(name, shape)                                                           \
    HEP_SLOT(name, HEP_SLOT_SERIES, shape, HEP_UNIT_ARBITRARY, )
#define HEP_READS_MAP(name, unit) HEP_SLOT(name, HEP_SLOT_VOLUME, "xyz", unit, )
#define HEP_READS_LABELS(name) HEP_SLOT(name, HEP_SLOT_LABELS, "xyz", HEP_UNIT_DIMENSIONLESS, )
#define HEP_READS_STRUCT(name) HEP_SLOT(name, HEP_SLOT_STRUCT, "-", HEP_UNIT_DIMENSIONLESS, )
/* Maps that the setting outputs.maps may leave out; the group of those with codes is quality. */
#define HEP_MAKES_MAP_OF(the_group, name, unit, path, text)                                        \
    HEP_SLOT(name, HEP_SLOT_VOLUME, "xyz", unit, .file = path, .doc = text, .group = the_group)
#define HEP_MAKES_MAP(...) HEP_MAKES_MAP_OF(HEP_MAP_PARAMETER, __VA_ARGS__)
#define HEP_MAKES_ERROR(...) HEP_MAKES_MAP_OF(HEP_MAP_ERROR, __VA_ARGS__)
#define HEP_MAKES_QUALITY(...) HEP_MAKES_MAP_OF(HEP_MAP_QUALITY, __VA_ARGS__)
#define HEP_MAKES_CODES(name, path, text)                                                          \
    HEP_SLOT(name, HEP_SLOT_LABELS, "xyz", HEP_UNIT_DIMENSIONLESS, .file = path, .doc = text,      \
             .group = HEP_MAP_QUALITY)
/* Masks and label maps, which are always written. */
#define HEP_MAKES_LABELS(name, path, text)                                                         \
    HEP_SLOT(name, HEP_SLOT_LABELS, "xyz", HEP_UNIT_DIMENSIONLESS, .file = path, .doc = text)
/* A product of HEP_PRODUCT(name, ...), pipeline/run.h. */
#define HEP_MAKES_STRUCT(product, text)                                                            \
    HEP_SLOT(#product, HEP_SLOT_STRUCT, "-", HEP_UNIT_DIMENSIONLESS, .doc = text,                  \
             .type = &hep_##product##_type)

/* The series that can be aligned, in the order in which one is taken as reference, with the labels
 * of their files, and the displacements of those that were deformed. HEP_READS_ALIGNMENT is what a stage declares that
 * calls pipeline/stages/aligned.h. */
#define HEP_ALIGNED_SERIES(X)                                                                      \
    X("hepatobiliary", "hepatobiliary")                                                            \
    X("portal_venous", "portalvenous")                                                             \
    X("delayed", "delayed")                                                                        \
    X("transitional", "transitional")                                                              \
    X("arterial", "arterial")                                                                      \
    X("precontrast", "precontrast")                                                                \
    X("in_phase", "inphase")                                                                       \
    X("opposed", "opposed")                                                                        \
    X("echoes", "echoes")                                                                          \
    X("t2", "t2")                                                                                  \
    X("dwi", "dwi")
#define HEP_XFM_SLOT(name, label)                                                                  \
    HEP_SLOT(                                                                                      \
        "xfm_" name, HEP_SLOT_VOLUME, HEP_SHAPE_VECTORS, HEP_UNIT_MM,                              \
        .file = "xfm/%s_from-" label "_to-reference_mode-image_xfm",                               \
        .doc = "for every point of the reference the way to the point of the series whose value "  \
               "belongs there: a displacement field as ITK, ANTs and 3D Slicer read it (LPS)"),
#define HEP_READS_ALIGNMENT HEP_ALIGNED_SERIES(HEP_XFM_SLOT) HEP_READS_STRUCT("alignment")

#endif
