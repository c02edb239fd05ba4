/**
 * @file  review/remeasure.h
 * @brief Outlines of a reader measured and judged by the stages of hepar run, with the settings of the result, in a folder
 *        of their own. Internal to review.
 */
#ifndef HEP_REVIEW_REMEASURE_H
#define HEP_REVIEW_REMEASURE_H

#include "report/reopen.h"
#include "terms/finding.h"

struct hep_remeasure {
    const struct hep_reopened *result;
    const char *study, *scratch;
    const struct hep_labels *lesions; /* by id */
    const char *liver; /* path of the liver mask to measure with; NULL: as the run did */
    int nthreads;
    struct hep_log *log;
};
/**
 * @param[out] out   ids are those of the label map; release after success
 * @param[out] liver the measures of the liver as they stand in lesions.json; the caller's
 */
int hep_remeasure(struct hep_findings *out, struct hep_json **liver,
                  const struct hep_remeasure *what, struct hep_error *err) HEP_MUST_CHECK;

#endif
