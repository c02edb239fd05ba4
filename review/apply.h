/**
 * @file  review/apply.h
 * @brief A reader's answers put beside a result: LABEL_desc-READER_lesions.json and .tsv, and where they hold label maps
 *        anat/LABEL_label-lesions_desc-READER_dseg and, when it was drawn, anat/LABEL_label-liver_desc-READER_mask.
 *
 * Nothing of the result is written to; an earlier answer of the same reader is replaced. Lesions that the reader kept
 * have the reader's class and flags; what Hepar said stands in "hepar" of each. An outline that was changed or added is
 * measured again by the stages themselves (as hepar run --lesions), with the liver of the reader, and what Hepar says of
 * it stands in "hepar_on_outline". A flag without an answer is not there: nobody has judged it. Rejected lesions, and
 * those that the reader did not touch, stand in lists of their own ("rejected", "not_reviewed") and in no label map.
 */
#ifndef HEP_REVIEW_APPLY_H
#define HEP_REVIEW_APPLY_H

#include "report/reopen.h"

struct hep_review_request {
    struct hep_reopened *result;
    const char *answers; /* path of the file */
    const char *study;   /* folder; NULL: no outline can be measured again */
    int nthreads;
    struct hep_log *log;
};

struct hep_review_outcome {
    char *json; /* path of what was written; owned */
    size_t accepted, added, changed, rejected, not_reviewed;
};

/** @return as hep_answers_read(); HEP_EUSAGE: outlines were changed and no study is given; HEP_EDATA: drawn outside the
 * body. */
int hep_review_apply(struct hep_review_outcome *out, const struct hep_review_request *request,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
