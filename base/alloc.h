/**
 * @file  base/alloc.h
 * @brief Allocation with checked products, and injected failures for tests.
 */
#ifndef HEP_BASE_ALLOC_H
#define HEP_BASE_ALLOC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/** Zeroed memory for n x size bytes; NULL on overflow or exhaustion. free() releases it. */
void *hep_calloc(size_t n, size_t size);
/** As hep_calloc but not zeroed and aligned to 64 bytes (a cache line, an AVX-512 vector). */
void *hep_alloc_aligned(size_t n, size_t size);
/** realloc with a checked product; the old block stays valid on failure. */
void *hep_realloc(void *old, size_t n, size_t size);
/** *out = a * b; false on overflow. */
bool hep_mul_size(size_t *out, size_t a, size_t b);

/** Test hook: the n-th allocation from now fails (1 = next), once; 0 turns it off. */
void hep_alloc_fail_at(long n);

#endif
