/**
 * @file  pipeline/stage.h
 * @brief What a stage is: one row of one table that says what it reads, what it makes, and how.
 *
 * Nobody writes the order of stages by hand: a stage comes after those that make its inputs, ties
 * in table order. A stage may ask the run only for products that it declares.
 *
 * To add a stage: (1) its formulas, with tests, in a lower room; (2) stages/stage_NAME.c; (3) a
 * line in report/stage_table.c; (4) its settings in the field table; (5) its section in the report.
 */
#ifndef HEP_PIPELINE_STAGE_H
#define HEP_PIPELINE_STAGE_H

#include "base/error.h"
#include "image/volume.h"
#include "terms/map_group.h"

#include <stdbool.h>

struct hep_run;
struct hep_struct_type;

enum hep_slot_kind {
    HEP_SLOT_SERIES, /* a series of the study, loaded when first asked for */
    HEP_SLOT_VOLUME, /* a map, saved as `file`.nii.gz with a sidecar */
    HEP_SLOT_LABELS, /* a mask or label map, saved as `file`.nii.gz with a sidecar */
    HEP_SLOT_STRUCT  /* results as a struct, kept in run.json by its table */
};

/** Shape of a displacement: three components of a vector in mm, RAS in memory, LPS in its file. */
#define HEP_SHAPE_VECTORS "xyzv"

/** A product as its maker or its reader declares it. Lists end with { 0 }. */
struct hep_slot {
    const char *name; /* unique in the table */
    enum hep_slot_kind kind;
    const char
        *shape; /* "xyz", "xyzt", "xyzb" (b = b-values), "xyze" (e = echoes), "xyzv"; "-" results */
    enum hep_unit unit;
    bool optional;    /* an output that may stay away, or an input that a stage can do without */
    const char *file; /* outputs: path below the study's folder, %s = label, without extension */
    const char *doc;
    const struct hep_struct_type *type; /* HEP_SLOT_STRUCT, where it is made */
    enum hep_map_group group;           /* of a map that the setting outputs.maps may leave out */
};

/** The product is a displacement. */
bool hep_slot_is_vectors(const struct hep_slot *slot);

struct hep_stage {
    const char *name, *summary;
    double typical_share; /* of the time of a full study, for progress; 0 counts as 1 */
    const struct hep_slot *inputs, *outputs;
    const char *const *settings; /* prefixes of the settings that it reads, NULL at the end */
    int (*run)(struct hep_run *run, struct hep_error *err);
    const char *const *files; /* shipped files whose content matters ("agents.yml"), or the key of
                                 a setting that names one; NULL at the end; may be NULL */
    /* Name of a program outside that it will use, for its key: what was made without one is made
     * again where there is one. NULL: none. */
    const char *(*engine)(void);
};

/**
 * Check a table (one producer per product, every required input made by somebody, units, shapes and
 * kinds agree, no cycle) and order it.
 * @param[out] order n indices into stages
 * @return HEP_EGRAPH names the stage and the product
 */
int hep_stages_order(size_t *order, const struct hep_stage *const *stages, size_t n,
                     struct hep_error *err) HEP_MUST_CHECK;

/** The table as text for `hepar stages`, as Markdown for the reference. */
struct hep_str;
void hep_stages_text(struct hep_str *out, const struct hep_stage *const *stages, size_t n);
void hep_stages_markdown(struct hep_str *out, const struct hep_stage *const *stages, size_t n);

#endif
