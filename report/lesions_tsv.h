/**
 * @file  report/lesions_tsv.h
 * @brief Findings as tables: for people one row per lesion with what matters most, for programs one row
 *        per measure. The columns are the same for every study of a version.
 */
#ifndef HEP_REPORT_LESIONS_TSV_H
#define HEP_REPORT_LESIONS_TSV_H

#include "base/table.h"
#include "terms/finding.h"

/** Column of one axis of a lesion's centre, whose getter takes the axis from `offset`. */
#define HEP_PLACE_COLUMN(name, axis, getter)                                                       \
    {                                                                                              \
        name "_mm", HEP_CELL(NUMBER, axis),                                                        \
            .unit = "mm",                                                                          \
            .meaning = "Centre in world space (RAS+) of the reference series: " name,              \
            .get = (getter)                                                                        \
    }

/** The findings of one study. Borrowed. */
struct hep_study_findings {
    const char *study;                   /* its label */
    const struct hep_findings *findings; /* NULL: none were looked for */
};

/**
 * One row per lesion: place, size, class, flags, and the main measures of terms/measures.def.
 * @param[out] out        release; its texts are those of the findings
 * @param[in]  with_study put the study's label in the first column
 */
int hep_lesions_table(struct hep_table *out, const struct hep_study_findings *studies, size_t n,
                      bool with_study, struct hep_error *err) HEP_MUST_CHECK;

/**
 * One row per flag of a lesion: state, probability, certainty, value, standard error, limit, reason.
 * @param[out] out      release; its texts are those of the findings
 * @param[in]  findings NULL: none were looked for
 */
int hep_flags_table(struct hep_table *out, const struct hep_findings *findings,
                    struct hep_error *err) HEP_MUST_CHECK;

/**
 * One row per measure of a lesion whose images the study has: region, map, statistic, value.
 * @param[out] out      release; its texts are static
 * @param[in]  findings NULL: none were looked for
 */
int hep_measures_table(struct hep_table *out, const struct hep_findings *findings,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
