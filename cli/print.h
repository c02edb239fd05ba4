/**
 * @file  cli/print.h
 * @brief Results of commands on standard output.
 */
#ifndef HEP_CLI_PRINT_H
#define HEP_CLI_PRINT_H

#include "base/json.h"
#include "base/text.h"

/** Print a document; it is freed, also on failure. */
int hep_print_json(FILE *out, struct hep_json *json, struct hep_error *err) HEP_MUST_CHECK;
/** Print a text; it is released, also on failure. HEP_ENOMEM when an append to it had failed. */
int hep_print_text(FILE *out, struct hep_str *text, struct hep_error *err) HEP_MUST_CHECK;

#endif
