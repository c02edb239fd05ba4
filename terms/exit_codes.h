/**
 * @file  terms/exit_codes.h
 * @brief Exit codes: those of the BIDS execution specification 2.0 draft (sysexits.h above 63), and
 * 3 of our own.
 */
#ifndef HEP_TERMS_EXIT_CODES_H
#define HEP_TERMS_EXIT_CODES_H

#include "base/error.h"

struct hep_exit_code {
    int code;
    const char *meaning;
};

/** Table in increasing order of code; the last row has a NULL meaning. */
const struct hep_exit_code *hep_exit_codes(void);

/** Code of a status; 1 for a status that has no code of its own. */
int hep_exit_code(int status);

#endif
