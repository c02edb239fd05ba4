/**
 * @file  base/alloc.h
 * @brief Allocation with checked products, and injected failures for tests.
 *
 * Each function records HEP_ENOMEM with the number of bytes in `err`, which may be NULL, so that its caller only
 * passes the status up. free() releases what any of them returned.
 */
#ifndef HEP_BASE_ALLOC_H
#define HEP_BASE_ALLOC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/** Zeroed memory for n x size bytes; NULL on overflow or exhaustion. */
void *hep_calloc(size_t n, size_t size, struct hep_error *err);
/** As hep_calloc but not zeroed and aligned to 64 bytes (a cache line, an AVX-512 vector). */
void *hep_alloc_aligned(size_t n, size_t size, struct hep_error *err);
/** realloc with a checked product; the old block stays valid on failure. */
void *hep_realloc(void *old, size_t n, size_t size, struct hep_error *err);

/** Let `pointer` hold n zeroed items of its own type. @return HEP_OK or HEP_ENOMEM. `pointer` is read twice. */
#define HEP_NEW(pointer, n, err)                                                                   \
    (((pointer) = hep_calloc((n), sizeof *(pointer), (err))) != NULL ? HEP_OK : HEP_ENOMEM)
/**
 * Room for item n of `list`, an array that nothing else lengthens, starts as NULL and needs no
 * field for its capacity: that is 8, then the power of two from n on. The new item is zeroed. After
 * a failure the array is what it was.
 * @return HEP_OK or HEP_ENOMEM
 */
#define HEP_GROW(list, n, err) hep_grow(&(list), (n), sizeof *(list), (err))
int hep_grow(void *list, size_t n, size_t size, struct hep_error *err) HEP_MUST_CHECK;
/** *out = a * b; false on overflow. */
bool hep_mul_size(size_t *out, size_t a, size_t b);

/** Test hook: the n-th allocation from now fails (1 = next), once; 0 turns it off.
 *  @return how many were left until the failure that was asked for before; 0: it has happened */
long hep_alloc_fail_at(long n);

#endif
