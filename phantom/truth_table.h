/**
 * @file  phantom/truth_table.h
 * @brief True lesions as a table: one row per lesion, each flag with both of its truths.
 */
#ifndef HEP_PHANTOM_TRUTH_TABLE_H
#define HEP_PHANTOM_TRUTH_TABLE_H

#include "base/json.h"
#include "terms/finding.h"

struct hep_truth_row {
    struct hep_finding f;
    const char *type; /* static: what was simulated */
    double diameter_mm;
};

/** Write the table to `path`, and what its columns mean into `root`, the object of lesions.json. */
int hep_truth_table_write(const char *path, struct hep_json *root, const struct hep_truth_row *rows,
                          size_t n, struct hep_error *err) HEP_MUST_CHECK;

#endif
