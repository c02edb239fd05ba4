/**
 * @file  report/lesions_tsv.h
 * @brief Findings as a table: one row per lesion.
 */
#ifndef HEP_REPORT_LESIONS_TSV_H
#define HEP_REPORT_LESIONS_TSV_H

#include "base/table.h"
#include "terms/finding.h"

/** The findings of one study. Borrowed. */
struct hep_study_findings {
    const char *study;                   /* its label */
    const struct hep_findings *findings; /* NULL: none were looked for */
};

/**
 * One row per lesion.
 * @param[out] out        release; its texts are those of the findings
 * @param[in]  with_study put the study's label in the first column
 */
int hep_lesions_table(struct hep_table *out, const struct hep_study_findings *studies, size_t n,
                      bool with_study, struct hep_error *err) HEP_MUST_CHECK;

#endif
