/**
 * @file  report/lesions_tsv.h
 * @brief Findings as a table: one row per lesion, from documents of the form of lesions.json.
 */
#ifndef HEP_REPORT_LESIONS_TSV_H
#define HEP_REPORT_LESIONS_TSV_H

#include "base/table.h"

/**
 * Columns: [study,] id, centre, volume, axes, class, probability of metastasis, the state of every
 * flag, then every measurement that any of the documents has, in the order of their names.
 * @param[out] out        release; its texts are those of the documents
 * @param[in]  documents  n of them, NULL where a study has none; borrowed
 * @param[in]  with_study put the study's label in the first column
 */
int hep_lesions_table(struct hep_table *out, const struct hep_json *const *documents, size_t n,
                      bool with_study, struct hep_error *err) HEP_MUST_CHECK;

#endif
