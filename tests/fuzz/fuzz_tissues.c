#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "phantom/tissue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_tissue_table table;
    struct hep_error e = { 0 };

    if (fuzz_put("tissues.yml", data, n))
        fuzz_check(hep_tissue_table_read(&table, fuzz_path("tissues.yml"), &e), &e);
    return 0;
}
