/**
 * @file  base/sha256.h
 * @brief SHA-256 of memory and of files (OpenSSL libcrypto), for provenance and for reuse of
 * products.
 */
#ifndef HEP_BASE_SHA256_H
#define HEP_BASE_SHA256_H

#include "base/error.h"

#include <stddef.h>

#define HEP_SHA256_HEX 65 /* 64 digits and a terminator */

struct hep_sha256;
int hep_sha256_new(struct hep_sha256 **out, struct hep_error *err) HEP_MUST_CHECK;
void hep_sha256_free(struct hep_sha256 *h);
int hep_sha256_add(struct hep_sha256 *h, const void *data, size_t n,
                   struct hep_error *err) HEP_MUST_CHECK;
/** @param[out] hex lower-case digits; the state must be freed afterwards, not reused. */
int hep_sha256_end(struct hep_sha256 *h, char hex[HEP_SHA256_HEX],
                   struct hep_error *err) HEP_MUST_CHECK;

int hep_sha256_memory(char hex[HEP_SHA256_HEX], const void *data, size_t n,
                      struct hep_error *err) HEP_MUST_CHECK;
/** Streams the file; HEP_ENOENT, HEP_EIO or HEP_EFORMAT (not a regular file) with the path. */
int hep_sha256_file(char hex[HEP_SHA256_HEX], const char *path,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
