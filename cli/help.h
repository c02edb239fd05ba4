/**
 * @file  cli/help.h
 * @brief Pieces of the help that the manual shows as well.
 */
#ifndef HEP_CLI_HELP_H
#define HEP_CLI_HELP_H

#include "base/text.h"
#include "cli/options.h"

/** "hepar fit adc DWI [options]" */
void hep_help_usage(struct hep_str *out, const struct hep_command *command);
/** "-o, --out DIR" and its explanation with range, choices and default. */
void hep_help_option(struct hep_str *left, struct hep_str *right, const struct hep_option *o);

#endif
