#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "batch/lesion_file.h"

/* lesions.json of a run, of the truth, or of a reader. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_lesion_file file = { 0 };
    struct hep_error e = { 0 };
    int rc;

    if (!fuzz_put("lesions.json", data, n))
        return 0;
    rc = hep_lesion_file_read(&file, fuzz_path("lesions.json"), &e);
    fuzz_check(rc, &e);
    if (rc == HEP_OK) {
        fuzz_check(hep_lesion_file_place(&file, NULL, "lesions.json", &e), &e);
        hep_lesion_file_release(&file);
    }
    return 0;
}
