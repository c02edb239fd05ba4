/**
 * @file  pipeline/results/findings.h
 * @brief Product "findings": the lesions of a study, and the liver beyond the medians of its maps.
 */
#ifndef HEP_PIPELINE_RESULTS_FINDINGS_H
#define HEP_PIPELINE_RESULTS_FINDINGS_H

#include "base/json_put.h"
#include "base/sha256.h"
#include "lesions/liver_measures.h"
#include "pipeline/run.h"
#include "terms/finding.h"

struct hep_found {
    /* Names and hashes of the files that candidates were chosen by, flags and classes made with. */
    char flag_table[160], evidence_table[160], detection_table[160];
    char flag_table_sha256[HEP_SHA256_HEX], evidence_table_sha256[HEP_SHA256_HEX],
        detection_table_sha256[HEP_SHA256_HEX];
    double arterial_weight; /* of rules of the arterial phase in the evidence, 0..1 */
    struct hep_findings findings;
    struct hep_findings rejected;    /* candidates that are no findings: place, size and features */
    struct hep_liver_measures liver; /* uptake, FLIS proxy, remnant, alarm */
};
HEP_PRODUCT(findings, hep_found);

/** Put the members of the liver into an object, as they stand in run.json and lesions.json. */
void hep_liver_measures_put(struct hep_put *put, struct hep_json *o,
                            const struct hep_liver_measures *m);

/** Put which tables a result was made with. */
void hep_found_put_tables(struct hep_put *put, struct hep_json *o, const struct hep_found *found);

#endif
