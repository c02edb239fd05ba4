/**
 * @file  radiomics/grey_table.h
 * @brief Sixteen features that runs, zones and dependences share: of how often a grey level comes with a size.
 */
#ifndef HEP_RADIOMICS_GREY_TABLE_H
#define HEP_RADIOMICS_GREY_TABLE_H

#include "radiomics/region.h"

#define HEP_GREY_FEATURES 16

/** Counts by grey level (rows, from 1) and size. */
struct hep_grey_table {
    size_t n_levels, n_sizes;
    double *count;
    const double *size; /* of the columns, borrowed; NULL: 1, 2, ... */
};
static inline double hep_grey_table_size(const struct hep_grey_table *t, size_t column)
{
    return t->size != NULL ? t->size[column] : (double)column + 1.0;
}
int hep_grey_table_new(struct hep_grey_table *t, size_t n_levels, size_t n_sizes,
                       struct hep_error *err) HEP_MUST_CHECK;
void hep_grey_table_release(struct hep_grey_table *t);
void hep_grey_table_clear(struct hep_grey_table *t);
void hep_grey_table_add(struct hep_grey_table *to, const struct hep_grey_table *from);
static inline void hep_grey_table_count(struct hep_grey_table *t, int32_t level, size_t column)
{
    t->count[(size_t)(level - 1) * t->n_sizes + column] += 1.0;
}
/**
 * Manual, 3.7 (runs), 3.8 and 3.9 (zones), 3.11 (dependences): small and large size emphasis, low and high grey
 * level emphasis, the four products, grey level and size non-uniformity each with its normalised form, percentage of
 * n_voxels, variance of levels and of sizes, entropy.
 * @param[out] f  all NaN for an empty table
 */
void hep_grey_table_features(double f[HEP_GREY_FEATURES], const struct hep_grey_table *t,
                             double n_voxels);

/** Mean over tables that are not empty: add each, then divide. */
struct hep_feature_mean {
    double sum[HEP_GREY_FEATURES];
    size_t n;
};
void hep_feature_mean_add(struct hep_feature_mean *m, const struct hep_grey_table *t,
                          double n_voxels);
/** value[i][aggregation] of the sixteen rows; NaN when nothing was added. */
void hep_feature_mean_put(double (*value)[HEP_AGG_N], int aggregation,
                          const struct hep_feature_mean *m);

#endif
