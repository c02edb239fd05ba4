/**
 * @file  pipeline/writer.h
 * @brief Maps on their way to the disk while the next stage computes.
 *
 * One thread takes maps in the order in which they were given, deflates, writes and hashes them.
 * What it writes does not depend on when it gets to it, so a run with and one without it leave the
 * same bytes. The data of a job stays the caller's and may not change before hep_writer_wait().
 */
#ifndef HEP_PIPELINE_WRITER_H
#define HEP_PIPELINE_WRITER_H

#include "base/sha256.h"
#include "image/nifti.h"

struct hep_writer;

struct hep_write_job {
    const char *path;                /* of the file; borrowed until hep_writer_wait() */
    const struct hep_volume *volume; /* one of the two is set */
    const struct hep_labels *labels;
    struct hep_nifti_write_opts opts;
    size_t index; /* the caller's */
};

struct hep_write_result {
    size_t index;
    size_t bytes;
    char sha256[HEP_SHA256_HEX];
};

/** With nthreads < 2, or where no thread can be had, jobs are done at once. HEP_ENOMEM. */
int hep_writer_new(struct hep_writer **out, int nthreads, struct hep_error *err) HEP_MUST_CHECK;
/** Waits for what is on its way. NULL is allowed. */
void hep_writer_free(struct hep_writer *w);
/** @return also the error of an earlier job that failed meanwhile */
int hep_writer_put(struct hep_writer *w, const struct hep_write_job *job,
                   struct hep_error *err) HEP_MUST_CHECK;
/**
 * Until all jobs are done. Each result is handed out once, in the order of the jobs.
 * @param[out] results  owned by the writer, valid until the next call
 * @return the error of the first job that failed
 */
int hep_writer_wait(struct hep_writer *w, const struct hep_write_result **results, size_t *n,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
