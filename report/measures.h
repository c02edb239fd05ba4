/**
 * @file  report/measures.h
 * @brief Product "measures": statistics of every map over the liver and over named regions.
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
    double median, iqr, q25, q75, mean, sd;
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

/** The table of the liver alone, for lesions.json. */
extern const struct hep_struct_type hep_measures_liver_type;

#endif
