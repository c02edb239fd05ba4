/**
 * @file  report/measures.h
 * @brief Statistics of every map: product "measures" over the liver and over named regions, product "label_measures"
 *        over what the user gave (hepar measure).
 */
#ifndef HEP_REPORT_MEASURES_H
#define HEP_REPORT_MEASURES_H

#include "terms/measure.h"
#include "image/stats.h"
#include "pipeline/run.h"

enum hep_measured_state {
    HEP_MEASURED,         /* or nothing to measure, as the reason says */
    HEP_MEASURED_WITHHELD /* there is a map, which contradicts physics */
};
/** NULL, "not_assessable". */
const char *hep_measured_state_name(enum hep_measured_state state);

/** One map over one region; NaN and 0 where there is no map. */
struct hep_measured {
    enum hep_measured_state state;
    double median, iqr, q25, q75, q05, q95, mean, sd, skewness, kurtosis; /* image/stats.h */
    size_t n, n_nonfinite;
    char *reason; /* of nothing measured; NULL */
};
void hep_measured_fill(struct hep_measured *out, const struct hep_stats *stats);

/** Liver iron; not present without R2*. */
struct hep_measures_iron {
    bool present;
    enum hep_measured_state state;
    double value_mg_per_g_dry;
    char *calibration, *reason;
};

struct hep_measures_liver {
    double volume_ml;
    struct hep_measured map[HEP_MEASURE_MAPS]; /* by hep_measure_map() */
    struct hep_measures_iron iron;
};

struct hep_measures_region {
    char region[64];
    int map; /* hep_measure_map(map) */
    const char *unit;
    struct hep_measured measured;
};

struct hep_map_measures {
    struct hep_measures_liver liver;
    struct hep_measures_region *region;
    size_t n_regions;
};
HEP_PRODUCT(measures, hep_map_measures);

enum hep_label_kind { HEP_LABEL_LESION, HEP_LABEL_ORGAN };
/** "lesion", "organ". */
const char *hep_label_kind_name(enum hep_label_kind kind);

/** One region of the user. */
struct hep_label {
    int id; /* from 1, over all files */
    enum hep_label_kind kind;
    int given_label; /* value in its file; 0 of a point */
    char name[64];
    char file[128];    /* name of the file, without its folder */
    char drawn_on[32]; /* series in whose space it lies */
    bool outlined_by_hepar;
    size_t voxels; /* on its file's grid, of a point on that of the reference; so size and place */
    double volume_ml, long_axis_mm, short_axis_mm, centre_mm[3];
    char note[200]; /* what has to be said of it */
    struct hep_measured map[HEP_MEASURE_MAPS];
};
struct hep_label_measures {
    struct hep_label *label;
    size_t n;
};
HEP_PRODUCT(label_measures, hep_label_measures);

/** The table of the liver alone, for lesions.json. */
extern const struct hep_struct_type hep_measures_liver_type;
/** Of one region of the user. */
extern const struct hep_struct_type hep_label_type;

#endif
