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
    char flag_table[160]; /* name of the file that made margins of flags probabilities */
    char flag_table_sha256[HEP_SHA256_HEX];
    struct hep_findings findings;
    struct hep_liver_measures liver; /* uptake, FLIS proxy, remnant, alarm */
};
HEP_PRODUCT(findings, hep_found);

/** Put the members of the liver into an object, as they stand in run.json and lesions.json. */
void hep_liver_measures_put(struct hep_put *put, struct hep_json *o,
                            const struct hep_liver_measures *m);

#endif
