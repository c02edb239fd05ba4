#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "sequences/gradients.h"

#include <math.h>

/* The first byte is the number of volumes. What is accepted has unit length, or is zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    double(*direction)[3] = NULL;
    struct hep_error e = { 0 };
    const size_t volumes = n > 0 ? data[0] : 0;
    int rc = n == 0
                 ? HEP_OK
                 : hep_bvec_parse(&direction, (const char *)data + 1, n - 1, volumes, "bvec", &e);

    fuzz_check(rc, &e);
    for (size_t i = 0; rc == HEP_OK && n > 0 && i < volumes; i++) {
        const double *d = direction[i], length = hypot(hypot(d[0], d[1]), d[2]);

        if (!(length == 0.0 || fabs(length - 1.0) < 1e-9))
            abort();
    }
    free(direction);
    return 0;
}
