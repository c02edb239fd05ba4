#include "fuzz/fuzz.h"

#include "base/gz.h"

static const size_t largest = 1 << 20;

static void check_round_trip(const uint8_t *data, size_t n)
{
    unsigned char *packed = NULL;
    unsigned char *plain = NULL;
    size_t n_packed = 0;
    size_t n_plain = 0;

    if (hep_gz_deflate(&packed, &n_packed, data, n, 1, 1, NULL) != HEP_OK)
        abort();
    if (hep_gz_inflate(&plain, &n_plain, packed, n_packed, SIZE_MAX, n, NULL) != HEP_OK)
        abort();
    if (n_plain != n || (n > 0 && memcmp(plain, data, n) != 0))
        abort();
    free(packed);
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned char *all = NULL;
    unsigned char *some = NULL;
    size_t n_all = 0;
    size_t n_some = 0;
    int rc;

    rc = hep_gz_inflate(&all, &n_all, data, n, SIZE_MAX, largest, NULL);
    if (rc == HEP_OK && n_all > largest)
        abort();
    if (hep_gz_inflate(&some, &n_some, data, n, 100, largest, NULL) == HEP_OK && n_some > 100)
        abort();
    if (rc == HEP_OK && n_all > 0 && (some == NULL || memcmp(some, all, n_some) != 0))
        abort();
    free(all);
    free(some);
    check_round_trip(data, n);
    return 0;
}
