/**
 * @file  report/measure.h
 * @brief Statistics of every map over the liver and over named regions of a label map.
 */
#ifndef HEP_REPORT_MEASURE_H
#define HEP_REPORT_MEASURE_H

#include "base/table.h"
#include "pipeline/results/findings.h"
#include "report/measures.h"
#include "terms/measure.h"

/** Measure the maps of a study. @param[out] out the caller's, by hep_measures_type */
int hep_measure(struct hep_map_measures **out, struct hep_run *run,
                struct hep_error *err) HEP_MUST_CHECK;

/** The series in whose space a map lies. */
const char *hep_measure_space(const struct hep_run *run, enum hep_measure m);
/** Fill with "not measured". */
int hep_measured_cannot(struct hep_measured *out, enum hep_measured_state state, const char *reason,
                        struct hep_error *err) HEP_MUST_CHECK;

/** One measure of the liver, whichever product has it. */
struct hep_liver_value {
    enum hep_measure measure;
    double value, iqr;    /* of a map the median and its spread; NaN where there is none */
    const char *withheld; /* why the map is no result; NULL */
};
/** Of a liver measure; NULL products have none of it. */
struct hep_liver_value hep_liver_value_of(const struct hep_map_measures *measures,
                                          const struct hep_found *found, enum hep_measure m);

/** Column of a measure: key, words, unit, digits and meaning of the dictionary; place and getter are the
 * caller's. */
struct hep_column hep_measure_as_column(enum hep_measure m);

/** The measures of one study; NULL when it has none. Borrowed. */
struct hep_study_measures {
    const char *study; /* its label */
    const struct hep_map_measures *measures;
};
/** Their regions as a table, one row per region and map. @param[out] out release; borrows all texts */
int hep_regions_table(struct hep_table *out, const struct hep_study_measures *studies, size_t n,
                      bool with_study, struct hep_error *err) HEP_MUST_CHECK;
/** Regions of the user as a table, one row per region and map. @param[out] out release; borrows all texts */
int hep_labels_table(struct hep_table *out, const struct hep_label_measures *measures,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
