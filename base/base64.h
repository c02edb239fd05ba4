/**
 * @file  base/base64.h
 * @brief Bytes from base64 (RFC 4648, section 4). The writer is hep_html_base64().
 */
#ifndef HEP_BASE_BASE64_H
#define HEP_BASE_BASE64_H

#include "base/error.h"

#include <stddef.h>

/** @param[out] out heap, the caller's
 * @return HEP_EFORMAT for a letter outside the alphabet or a length that is no multiple of 4; HEP_ENOMEM */
int hep_base64_decode(unsigned char **out, size_t *n, const char *text,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
