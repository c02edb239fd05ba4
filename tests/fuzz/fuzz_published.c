#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "protocols/published.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_published p = { 0 };
    struct hep_error e = { 0 };

    if (!fuzz_put("published.yml", data, n))
        return 0;
    fuzz_check(hep_published_read(&p, fuzz_path("published.yml"), &e), &e);
    hep_published_release(&p);
    return 0;
}
