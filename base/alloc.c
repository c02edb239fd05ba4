#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, FIRST_ITEMS = 8, HUGE_PAGE = 1 << 21 };

/* The one piece of state in the library: it exists for tests and is 0 in every real run. */
static atomic_long fail_countdown;

long hep_alloc_fail_at(long n)
{
    const long left = atomic_exchange(&fail_countdown, n > 0 ? n : 0);

    return left > 0 ? left : 0;
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

/* Bytes of n items, or a recorded failure: their product overflows, or a test asks for it. */
static bool count_bytes(size_t *bytes, size_t n, size_t size, struct hep_error *err)
{
    if (!must_fail() && hep_mul_size(bytes, n, size) && *bytes <= SIZE_MAX - HUGE_PAGE)
        return true;
    (void)HEP_FAIL(err, HEP_ENOMEM, "no memory for %zu x %zu bytes", n, size);
    return false;
}

static void *recorded(void *block, size_t bytes, struct hep_error *err)
{
    if (block == NULL)
        (void)HEP_FAIL(err, HEP_ENOMEM, "no memory for %zu bytes", bytes);
    return block;
}

void *hep_calloc(size_t n, size_t size, struct hep_error *err)
{
    size_t bytes;

    return count_bytes(&bytes, n, size, err) ? recorded(calloc(1, bytes ? bytes : 1), bytes, err)
                                             : NULL;
}

/* Volumes are written from end to end: in pages of 2 MiB that takes the kernel a fault for each of them, not 512. Where it
 * has no such pages, others do. */
static void *allocate_huge(size_t bytes)
{
    void *block = aligned_alloc(HUGE_PAGE, bytes);

#ifdef MADV_HUGEPAGE
    if (block != NULL)
        (void)madvise(block, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return block;
}

void *hep_alloc_aligned(size_t n, size_t size, struct hep_error *err)
{
    size_t bytes;

    if (!count_bytes(&bytes, n, size, err))
        return NULL;
    bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    return recorded(bytes < HUGE_PAGE ? aligned_alloc(ALIGNMENT, bytes) : allocate_huge(bytes),
                    bytes, err);
}

void *hep_realloc(void *old, size_t n, size_t size, struct hep_error *err)
{
    size_t bytes;

    return count_bytes(&bytes, n, size, err) ? recorded(realloc(old, bytes ? bytes : 1), bytes, err)
                                             : NULL;
}

int hep_grow(void *list, size_t n, size_t size, struct hep_error *err)
{
    const bool is_full = n == 0 || (n >= FIRST_ITEMS && (n & (n - 1)) == 0);
    char *items;

    (void)memcpy(&items, list, sizeof items);
    if (is_full) {
        items = n == 0 ? hep_realloc(items, FIRST_ITEMS, size, err)
                       : hep_realloc(items, 2 * n, size, err);
        if (items == NULL)
            return HEP_ENOMEM;
        (void)memcpy(list, &items, sizeof items);
    }
    (void)memset(items + n * size, 0, size);
    return HEP_OK;
}
