#include "radiomics/feature_table.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const hep_level_words[] = { "auto", "as-is", "count", "width", NULL };

#define S struct hep_feature_row
#define FEATURE_COLUMNS                                                                            \
    { "label", HEP_INTEGER(S, label), NULL, .meaning = "Label of the region in the mask" },        \
        { "feature", HEP_CHARS(S, feature), NULL,                                                  \
          .meaning = "Short name of IBSI's reference values, with the aggregation" },              \
        { "ibsi", HEP_TEXT(S, code), NULL, .meaning = "Identifier in the IBSI reference manual" }, \
        { "family", HEP_TEXT(S, family), NULL, .meaning = "Family of the feature" },               \
        { "name", HEP_TEXT(S, words), NULL, .meaning = "Name of the feature" },                    \
        { "value", HEP_NUMBER(S, value), NULL,                                                     \
          .meaning = "Value; absent where it is not defined, as the texture of one voxel" },       \
        { "voxels", HEP_COUNT(S, n_voxels), NULL,                                                  \
          .meaning = "Voxels of the region, after re-segmentation" },                              \
        { "levels", HEP_TEXT(S, levels), NULL, .meaning = "How intensities became grey levels" },  \
        { "n_levels", HEP_COUNT(S, n_levels), NULL, .meaning = "Grey levels" },                    \
        { "bin_width", HEP_NUMBER(S, bin_width), NULL, "1",                                        \
          .meaning = "Width of a bin, in units of the image" },                                    \
        { "spacing_x_mm", HEP_NUMBER(S, spacing_mm[0]), NULL, "mm",                                \
          .meaning = "Voxel spacing, first axis" },                                                \
        { "spacing_y_mm", HEP_NUMBER(S, spacing_mm[1]), NULL, "mm",                                \
          .meaning = "Voxel spacing, second axis" },                                               \
        { "spacing_z_mm", HEP_NUMBER(S, spacing_mm[2]), NULL, "mm",                                \
          .meaning = "Voxel spacing, third axis" },                                                \
        { "slices", HEP_TEXT(S, slices), NULL, .meaning = "Axis across which slices lie" },        \
        { "low", HEP_NUMBER(S, low), NULL, "1",                                                    \
          .meaning = "Lowest intensity of the re-segmentation" },                                  \
        { "high", HEP_NUMBER(S, high), NULL, "1",                                                  \
          .meaning = "Highest intensity of the re-segmentation" },                                 \
        { "outliers_sd", HEP_NUMBER(S, outliers), NULL, "1",                                       \
          .meaning = "Standard deviations beyond which voxels are left out" },                     \
        { "normalised", HEP_TEXT(S, normalised), NULL,                                             \
          .meaning = "How intensities were normalised" },                                          \
    {                                                                                              \
        0                                                                                          \
    }
const struct hep_column hep_feature_columns[] = { FEATURE_COLUMNS };
const struct hep_column hep_feature_columns_of_image[] = {
    { "image", HEP_TEXT(S, image), NULL, .meaning = "Series or map, on the reference grid" },
    FEATURE_COLUMNS
};
#undef S

int hep_feature_rows_add(struct hep_feature_rows *rows, const struct hep_texture *t,
                         const char *image, int32_t label, const char *normalised,
                         const struct hep_texture_settings *s, struct hep_error *err)
{
    static const char *const axis[] = { "first", "second", "third" };

    for (size_t i = 0; i < hep_texture_n_features(); i++) {
        const struct hep_texture_feature *f = &hep_texture_features[i];

        for (size_t a = 0; s->family[f->family] && a < hep_texture_n_aggregations(f->family); a++) {
            struct hep_feature_row *row = NULL;

            if (HEP_GROW(rows->list, rows->n, err) != HEP_OK)
                return HEP_ENOMEM;
            row = &rows->list[rows->n++];
            (void)snprintf(row->feature, sizeof row->feature, "%s%s", f->tag,
                           hep_texture_suffix(f->family, a));
            row->image = image;
            row->label = label;
            row->code = f->code;
            row->family = hep_texture_family_words(f->family);
            row->words = f->words;
            row->value = t->value[i][a];
            row->n_voxels = t->n_voxels;
            row->n_levels = t->n_levels;
            row->levels = hep_level_words[t->levels];
            row->bin_width = t->bin_width;
            (void)memcpy(row->spacing_mm, t->spacing_mm, sizeof row->spacing_mm);
            row->low = s->range[0];
            row->high = s->range[1];
            row->outliers = s->outlier_sd > 0.0 ? s->outlier_sd : (double)NAN;
            row->normalised = normalised;
            row->slices = axis[t->slice_axis];
        }
    }
    return HEP_OK;
}
