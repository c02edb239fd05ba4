#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "lesions/detection.h"
#include "lesions/evidence.h"
#include "lesions/flag_table.h"

/* The bytes as each of the three tables that judge lesions. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data;
    struct hep_evidence_table *evidence = NULL, *copy = NULL;
    struct hep_detection_table *detection = NULL;
    struct hep_flag_table *flags = NULL;
    struct hep_error e = { 0 };

    fuzz_check(hep_evidence_parse(&evidence, text, n, "evidence.yml", &e), &e);
    if (evidence != NULL && hep_evidence_copy(&copy, evidence, NULL) == HEP_OK)
        hep_evidence_set_ratios(copy);
    hep_evidence_free(copy);
    hep_evidence_free(evidence);
    e = (struct hep_error){ 0 };
    fuzz_check(hep_detection_parse(&detection, text, n, "detection.yml", &e), &e);
    hep_detection_free(detection);
    e = (struct hep_error){ 0 };
    fuzz_check(hep_flag_table_parse(&flags, text, n, "flags.yml", &e), &e);
    hep_flag_table_free(flags);
    return 0;
}
