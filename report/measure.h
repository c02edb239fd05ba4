/**
 * @file  report/measure.h
 * @brief Statistics of every map over the liver and over named regions of a label map.
 */
#ifndef HEP_REPORT_MEASURE_H
#define HEP_REPORT_MEASURE_H

#include "base/table.h"
#include "pipeline/run.h"
#include "terms/measure.h"

/** Maps that are measured: product, key in results, the series on whose grid it lies ("fat":
 * whichever the fat stage used). The last row has a NULL product. */
struct hep_measured_map {
    const char *product, *key, *unit, *series;
};
const struct hep_measured_map *hep_measured_maps(void);

/**
 * Measure the maps of a study.
 * @param[out] liver    {"volume_ml", KEY: {"median", "iqr", "n", ...}, ...}; members of maps that
 * are absent are null
 * @param[out] regions  [{"region", "map", "unit", "median", ...}], empty without labels
 */
int hep_measure(struct hep_json **liver, struct hep_json **regions, struct hep_run *run,
                struct hep_error *err) HEP_MUST_CHECK;

/** Column of a measure: key, words, unit, digits and meaning of the dictionary; place and getter are the
 * caller's. */
struct hep_column hep_measure_as_column(enum hep_measure m);

/** The list of regions as a table, one row per region and map. Release; texts are those of `regions`. */
int hep_regions_table(struct hep_table *out, const struct hep_json *regions,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
