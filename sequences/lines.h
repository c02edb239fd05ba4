/**
 * @file  sequences/lines.h
 * @brief Lists of owned lines of text: reasons and warnings of the inventory.
 */
#ifndef HEP_SEQUENCES_LINES_H
#define HEP_SEQUENCES_LINES_H

#include "sequences/acquisition.h"

/** Append a line by format. HEP_ENOMEM. */
int hep_lines_addf(struct hep_lines *lines, struct hep_error *err, const char *fmt, ...)
    HEP_PRINTF(3, 4);
/** Append a heap text as it is, of any length; it becomes the list's, also when that fails. NULL is
 * HEP_ENOMEM. */
int hep_lines_push(struct hep_lines *lines, char *text, struct hep_error *err);
/** Append copies of all lines of `more`. HEP_ENOMEM. */
int hep_lines_add_all(struct hep_lines *lines, const struct hep_lines *more, struct hep_error *err);
void hep_lines_release(struct hep_lines *lines);

#endif
