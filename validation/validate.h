/**
 * @file  validation/validate.h
 * @brief What a set of patients says of a whole output folder: figures, the report of a validation, and what of it can be
 *        sent back.
 *
 * BIDS/derivatives/truth/truth.json (datasets/public_set.h) says what the set is, what of it may be judged, which words its
 * classes have and what was published; without it a truth is judged in all it holds, as that of `hepar simulate`.
 * Written below OUT/validation: report.html, report.md with its pictures, validation.json, and the files of the evaluation.
 */
#ifndef HEP_VALIDATION_VALIDATE_H
#define HEP_VALIDATION_VALIDATE_H

#include "base/log.h"
#include "batch/evaluate.h"

struct hep_validate_request {
    const char *bids_dir, *out_dir;
    const char *truth; /* NULL: BIDS/derivatives/truth */
    bool given;        /* the lesions were given to the runs: only classes and flags are scored */
    bool share;        /* write the archive as well */
    uint64_t seed;
    int nthreads;
    struct hep_log *log; /* may be NULL */
};

struct hep_validated {
    size_t n_studies, n_done;
    struct hep_str summary; /* for a terminal; owned */
    char *report, *archive; /* paths; owned; archive NULL when not asked for */
};
void hep_validated_release(struct hep_validated *v);

/** @return as hep_evaluate_folders(); HEP_ECREAT, HEP_EIO. Release in any case. */
int hep_validate(struct hep_validated *out, const struct hep_validate_request *request,
                 struct hep_error *err) HEP_MUST_CHECK;

/** How the images of the dataset are linked ("symbolic" needs --follow-links); "" not known. */
void hep_validate_links(char out[16], const char *bids_dir);

#endif
