/**
 * @file  report/measure.h
 * @brief Statistics of every map over the liver and over named regions of a label map.
 */
#ifndef HEP_REPORT_MEASURE_H
#define HEP_REPORT_MEASURE_H

#include "base/table.h"
#include "report/measures.h"
#include "terms/measure.h"

/** Measure the maps of a study. @param[out] out the caller's, by hep_measures_type */
int hep_measure(struct hep_map_measures **out, struct hep_run *run,
                struct hep_error *err) HEP_MUST_CHECK;

/** Column of a measure: key, words, unit, digits and meaning of the dictionary; place and getter are the
 * caller's. */
struct hep_column hep_measure_as_column(enum hep_measure m);

/** Its regions as a table, one row per region and map; everything is borrowed. */
struct hep_table hep_regions_table(const struct hep_map_measures *measures);

#endif
