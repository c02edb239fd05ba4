#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "image/register.h"
#include "image/register_log.h"

#include <math.h>

/* What elastix writes: its transforms, its log, and what it prints. An accepted transform turns and shifts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    double m[4][4];
    struct hep_error e = { 0 };
    char words[160] = "", *log;
    int rc = hep_register_parse_euler(m, (const char *)data, n, "TransformParameters.0.txt", &e);

    fuzz_check(rc, &e);
    for (int i = 0; rc == HEP_OK && i < 3; i++) {
        const double length = hypot(hypot(m[i][0], m[i][1]), m[i][2]);

        if (!(fabs(length - 1.0) < 1e-6) || !isfinite(m[i][3]))
            abort();
    }
    if (!fuzz_put("elastix.log", data, n))
        return 0;
    log = hep_register_log(fuzz_path("elastix.log"), 1 << 20);
    free(log);
    hep_register_last_words(words, sizeof words, fuzz_path("elastix.log"));
    if (strlen(words) >= sizeof words)
        abort();
    return 0;
}
