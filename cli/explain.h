/**
 * @file  cli/explain.h
 * @brief `hepar run --explain`: what every candidate of a result was judged by.
 */
#ifndef HEP_CLI_EXPLAIN_H
#define HEP_CLI_EXPLAIN_H

#include "base/error.h"

#include <stdio.h>

/**
 * Print strength and features of every candidate, kept or not, with what each feature adds to the
 * log-odds where the table that the result names can be read.
 * @param[in] folder OUT/sub-01
 * @param[in] label  "sub-01"
 * @return what the reader of lesions.json returns
 */
int hep_print_explained(FILE *out, const char *folder, const char *label,
                        struct hep_error *err) HEP_MUST_CHECK;

#endif
