/**
 * @file  cli/run_words.h
 * @brief Options of `hepar run` that a command hands on to the runs that it starts.
 */
#ifndef HEP_CLI_RUN_WORDS_H
#define HEP_CLI_RUN_WORDS_H

#include "cli/options.h"

/**
 * Append --no-align, --align and --set as they were given.
 * @param[in,out] words has room for 3 + 2 * set->n more
 * @param[in] align NULL: not given
 * @return number of words there are now
 */
size_t hep_run_words(const char **words, size_t n, bool no_align, const char *align,
                     const struct hep_args *set);

#endif
