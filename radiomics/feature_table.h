/**
 * @file  radiomics/feature_table.h
 * @brief Features of regions as a table, with the parameters that they depend on beside each.
 */
#ifndef HEP_RADIOMICS_FEATURE_TABLE_H
#define HEP_RADIOMICS_FEATURE_TABLE_H

#include "base/table.h"
#include "radiomics/radiomics.h"

/** Words of enum hep_discretisation; NULL at the end. */
extern const char *const hep_level_words[];

/** A row; texts are static or borrowed from the caller. */
struct hep_feature_row {
    const char *image; /* NULL: not said */
    int label;
    char feature[48];
    const char *code, *family, *words;
    double value;
    size_t n_voxels, n_levels;
    const char *levels;
    double bin_width, spacing_mm[3];
    double low, high, outliers;
    const char *normalised, *slices;
};
extern const struct hep_column hep_feature_columns[];          /* from the label on */
extern const struct hep_column hep_feature_columns_of_image[]; /* the image first */

struct hep_feature_rows {
    struct hep_feature_row *list; /* owned: free() */
    size_t n;
};
/** One row for each value of the families that were asked for. HEP_ENOMEM. */
int hep_feature_rows_add(struct hep_feature_rows *rows, const struct hep_texture *t,
                         const char *image, int32_t label, const char *normalised,
                         const struct hep_texture_settings *s,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
