/**
 * @file  batch/batch.h
 * @brief Many studies: one process each, several at a time, watched.
 *
 * A study that crashes, runs too long or out of memory costs that study only. What is done already
 * is skipped by the study itself (its keys have not changed). Killing the batch kills its studies;
 * started again, it ends with the bytes of an undisturbed run.
 */
#ifndef HEP_BATCH_BATCH_H
#define HEP_BATCH_BATCH_H

#include "base/log.h"
#include "batch/dataset.h"

/** All texts borrowed. */
struct hep_batch_request {
    const char *program; /* path of hepar itself */
    const char *bids_dir, *out_dir;
    struct hep_dataset_filter filter;
    const char *protocol; /* for studies that participants.tsv gives none; NULL: chosen per study */
    bool protocol_for_all; /* whatever participants.tsv says */
    const char
        *masks; /* folder of liver masks, SUB[/SES]/anat/LABEL_label-liver_mask.nii.gz; NULL */
    const char *const *run_options; /* further words for `hepar run`, n_run_options of them */
    size_t n_run_options;
    size_t jobs;         /* studies at a time, >= 1 */
    int nthreads;        /* threads of each study, >= 1 */
    size_t memory_bytes; /* limit of each study; 0: none */
    double time_limit_s; /* of each study; 0: none */
    int retries;         /* of temporary failures */
    bool dry_run, only_failed, stop_on_first_failure;
    bool json; /* progress as events of the log instead of lines */
    const volatile bool *stop;
};

struct hep_batch_outcome {
    size_t n_studies, n_done, n_unchanged, n_failed, n_not_started;
};

/**
 * @param[in] progress where lines for people go; redrawn when it is a terminal
 * @return HEP_OK; HEP_EPARTIAL when a study failed; HEP_ETEMP when stopped; the errors of
 * hep_dataset_list(); HEP_ECREAT
 */
int hep_batch_run(struct hep_batch_outcome *out, const struct hep_batch_request *request,
                  FILE *progress, struct hep_log *log, struct hep_error *err) HEP_MUST_CHECK;

#endif
