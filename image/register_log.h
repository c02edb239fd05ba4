/**
 * @file  image/register_log.h
 * @brief What is worth keeping of elastix's log: steps, metrics and warnings, without times, paths
 *        and names of machines, so that two runs leave the same log.
 */
#ifndef HEP_IMAGE_REGISTER_LOG_H
#define HEP_IMAGE_REGISTER_LOG_H

#include <stddef.h>

/** Heap text; NULL when there is no log, it has more than max bytes, or memory is short. */
char *hep_register_log(const char *path, size_t max);

/** The line of a console's output that says what went wrong, without addresses of memory; empty
 * when there is none. */
void hep_register_last_words(char *out, size_t size, const char *path);

#endif
