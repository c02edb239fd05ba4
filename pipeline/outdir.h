/**
 * @file  pipeline/outdir.h
 * @brief A study's output folder, written under a hidden name and swapped into place in one step.
 *
 * OUT/sub-01 is either the complete result of an earlier run or absent; a run writes
 * OUT/.sub-01.new-PID and, when it has succeeded, exchanges the two names (renameat2
 * RENAME_EXCHANGE where the file system has it, else two renames whose interruption
 * hep_outdir_open() repairs). One run at a time holds the study's lock: a folder OUT/.sub-01.lock
 * made by mkdir(2), which is atomic on network file systems too; it names host and process, and is
 * taken over when that process is gone (on another host: after half an hour without a sign of
 * life).
 */
#ifndef HEP_PIPELINE_OUTDIR_H
#define HEP_PIPELINE_OUTDIR_H

#include "base/error.h"

#include <stdbool.h>

struct hep_outdir {
    char *root;  /* OUT */
    char *final; /* OUT/sub-01[/ses-1] */
    char *tmp;   /* where this run writes */
    char *lock;
    const char *source; /* where hep_outdir_reuse() takes files from; NULL: `final`. Borrowed */
    bool swapped;
};

/**
 * Make OUT, its dataset_description.json and .bidsignore, take the lock, repair what a killed run
 * left, and make the temporary folder.
 * @param[in] relative "sub-01" or "sub-01/ses-1"
 * @return HEP_ECREAT when OUT cannot be written; HEP_ETEMP when another live run holds the study
 */
int hep_outdir_open(struct hep_outdir *d, const char *root, const char *relative,
                    struct hep_error *err) HEP_MUST_CHECK;
/** Give a sign of life to runs on other hosts that wait for the lock. */
void hep_outdir_touch(const struct hep_outdir *d);
/** Swap the new folder into place and remove the old one. */
int hep_outdir_commit(struct hep_outdir *d, struct hep_error *err) HEP_MUST_CHECK;
/** Take a file of the earlier result into the new folder: a hard link, or a copy. */
int hep_outdir_reuse(const struct hep_outdir *d, const char *relative_file,
                     struct hep_error *err) HEP_MUST_CHECK;
/** Remove the temporary folder unless committed, give the lock back, free. Harmless on { 0 }. */
void hep_outdir_close(struct hep_outdir *d);
/**
 * Remove what a run that was killed left beside the study's result: for a study whose result holds,
 * so that no run opens it again. Does nothing while another live run holds the study.
 */
void hep_outdir_tidy(const char *root, const char *relative);
/** True while a live run holds the study's lock; a dead run's lock does not count. */
bool hep_outdir_in_use(const char *root, const char *relative);

/** Path below the temporary folder, its parents made; heap. NULL with err set. */
char *hep_outdir_path(const struct hep_outdir *d, const char *relative_file, struct hep_error *err);

#endif
