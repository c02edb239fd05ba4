#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>

enum { ALIGNMENT = 64 };

/* The one piece of state in the library: it exists for tests and is 0 in every real run. */
static atomic_long fail_countdown;

void hep_alloc_fail_at(long n)
{
    atomic_store(&fail_countdown, n > 0 ? n : 0);
}

static bool must_fail(void)
{
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) <= 0)
        return false;
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

bool hep_mul_size(size_t *out, size_t a, size_t b)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

void *hep_calloc(size_t n, size_t size)
{
    size_t bytes;

    if (must_fail() || !hep_mul_size(&bytes, n, size))
        return NULL;
    return calloc(1, bytes ? bytes : 1);
}

void *hep_alloc_aligned(size_t n, size_t size)
{
    size_t bytes;

    if (must_fail() || !hep_mul_size(&bytes, n, size) || bytes > SIZE_MAX - ALIGNMENT)
        return NULL;
    bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    return aligned_alloc(ALIGNMENT, bytes);
}

void *hep_realloc(void *old, size_t n, size_t size)
{
    size_t bytes;

    if (must_fail() || !hep_mul_size(&bytes, n, size))
        return NULL;
    return realloc(old, bytes ? bytes : 1);
}
