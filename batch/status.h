/**
 * @file  batch/status.h
 * @brief What became of each study of an output folder: done, failed, running, missing.
 *
 * A study's own run.json is the record; a failure after an earlier success is *_failed.json beside
 * it. Which studies are expected stands in OUT/.hepar-studies/, a file each, which every batch adds to;
 * without it only what is there is known.
 */
#ifndef HEP_BATCH_STATUS_H
#define HEP_BATCH_STATUS_H

#include "base/json.h"
#include "batch/dataset.h"

enum hep_state { HEP_STATE_DONE, HEP_STATE_FAILED, HEP_STATE_RUNNING, HEP_STATE_MISSING };
const char *hep_state_name(enum hep_state state);

struct hep_study_status {
    char *label, *relative; /* owned */
    enum hep_state state;
    int exit_code;         /* of a failure */
    char reason[512];      /* of a failure */
    char failed_stage[64]; /* that it was in; empty: in none, or not known */
    /* Of its run, as far as run.json tells. */
    char version[32], started[32], protocol[128]; /* empty: not known */
    double seconds, peak_bytes;                   /* NaN: not known, as with --reproducible */
    int n_warnings;                               /* HEP_NO_INTEGER: not known */
};

struct hep_out_status {
    struct hep_study_status *list; /* natural order of label */
    size_t n;
    size_t count[4]; /* by state */
};

/** HEP_ENOENT when there is no such folder. */
int hep_status_read(struct hep_out_status *out, const char *out_dir,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_status_release(struct hep_out_status *s);
/** Does the folder hold the list of expected studies, or a dataset_description.json that names Hepar? */
bool hep_is_output(const char *out_dir);
/** State of one study. A record that is no JSON counts as none; one that cannot be read now is an error. */
int hep_status_of(struct hep_study_status *s, const char *out_dir,
                  struct hep_error *err) HEP_MUST_CHECK;

/** Add studies to what is expected. Batches at the same time lose nothing. @param[in,out] err not NULL */
int hep_status_expect(const char *out_dir, const struct hep_dataset *d,
                      struct hep_error *err) HEP_MUST_CHECK;
/** Record a failure that the study could not record itself: a crash, a time limit. */
int hep_status_record_failure(const char *out_dir, const struct hep_study_status *failure,
                              struct hep_error *err) HEP_MUST_CHECK;

/** {"done": n, ..., "studies": [{"study", "state", "exit_code", "reason", "failed_stage"}]} */
int hep_status_json(struct hep_json **out, const struct hep_out_status *s,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
