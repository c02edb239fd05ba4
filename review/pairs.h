/**
 * @file  review/pairs.h
 * @brief The lesions of one study as two readers left them, each with its counterpart. Internal to review.
 *
 * Lesions that Hepar found have one number for both readers. Lesions that both added are matched by place and outline
 * (evaluation/match.h); one that only one reader added, the other has not kept.
 */
#ifndef HEP_REVIEW_PAIRS_H
#define HEP_REVIEW_PAIRS_H

#include "batch/dataset.h"
#include "batch/lesion_file.h"

struct hep_read {
    struct hep_lesion_file file;
    struct hep_findings rejected;
    struct hep_labels *labels;
    bool *added; /* beside file.findings */
};

struct hep_read_pair {
    const struct hep_finding *of[2]; /* kept by the first, the second reader; NULL: not kept */
    double dice;                     /* of the outlines, where both kept it; NaN */
};

struct hep_read_study {
    const char *label, *path; /* borrowed from the dataset */
    struct hep_read by[2];
    struct hep_read_pair *pair;
    size_t n;
};

/** @return HEP_ENOENT (a reader has no file of it), HEP_EDATA (not reviewed in full, or another result), HEP_EFORMAT, HEP_EGEOM.
 * Release in any case. */
int hep_read_study_open(struct hep_read_study *out, const struct hep_dataset_study *study,
                        const char *const readers[2], struct hep_error *err) HEP_MUST_CHECK;
void hep_read_study_release(struct hep_read_study *s);

#endif
