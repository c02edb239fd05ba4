/**
 * @file  review/reviewed.h
 * @brief What a reader said of a study beside what Hepar said, as one list, and how it is written. Internal to review.
 */
#ifndef HEP_REVIEW_REVIEWED_H
#define HEP_REVIEW_REVIEWED_H

#include "base/json_put.h"
#include "base/table.h"
#include "review/answers.h"

enum hep_review_verdict { HEP_VERDICT_ACCEPTED, HEP_VERDICT_REJECTED, HEP_VERDICT_OPEN };
/** "accepted", "rejected", "not_reviewed". */
const char *hep_review_verdict_name(enum hep_review_verdict verdict);

struct hep_reviewed {
    struct hep_answer answer;
    enum hep_review_verdict verdict;
    bool changed;                    /* its outline */
    const struct hep_finding *hepar; /* NULL: added by the reader */
    const struct hep_finding *again; /* measured again; NULL: the outline is as it was */
    struct hep_finding now;          /* the reader's */
};

/** Fill `now`: measures of the outline, class and flags of the reader. */
void hep_reviewed_settle(struct hep_reviewed *r, const char *reader);
/** The lesions of a verdict, each with "reader", "hepar" and "hepar_on_outline". */
struct hep_json *hep_reviewed_json(struct hep_put *put, const struct hep_reviewed *list, size_t n,
                                   enum hep_review_verdict verdict);
/** One row per lesion, both answers side by side. @param[out] out release; borrows from the list */
int hep_reviewed_table(struct hep_table *out, const struct hep_reviewed *list, size_t n,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
