/**
 * @file  pipeline/outdir.h
 * @brief A study's output folder, written under a hidden name and swapped into place in one step.
 *
 * OUT/sub-01 is either the complete result of an earlier run or absent; a run writes
 * OUT/.sub-01.new-TOKEN and, when it has succeeded, exchanges the two names (renameat2
 * RENAME_EXCHANGE where the file system has it, else two renames whose interruption
 * hep_outdir_open() repairs). One run at a time holds the study's lock OUT/.sub-01.lock
 * (pipeline/lock.h); what it decides about the earlier result it decides while it holds the lock.
 * Before the exchange it makes sure that the lock is still its own, that the hidden folder is the
 * one it made, and that every file it wrote is there with its size: else nothing is replaced.
 */
#ifndef HEP_PIPELINE_OUTDIR_H
#define HEP_PIPELINE_OUTDIR_H

#include "base/error.h"
#include "pipeline/lock.h"

#include <stdbool.h>
#include <sys/types.h>

struct hep_outdir {
    char *root;  /* OUT */
    char *final; /* OUT/sub-01[/ses-1] */
    char *tmp;   /* where this run writes; NULL before hep_outdir_begin() */
    struct hep_lock lock;
    dev_t device; /* of tmp as it was made */
    ino_t inode;
    const char *source; /* where hep_outdir_reuse() takes files from; NULL: `final`. Borrowed */
    bool swapped;
};

/** A file of the result as it was written. */
struct hep_outdir_file {
    const char *path; /* below the study's folder; borrowed */
    size_t bytes;
};

/**
 * Make OUT, take the study's lock, and repair what a killed run left. The earlier result can be
 * looked at from here on.
 * @param[in] relative "sub-01" or "sub-01/ses-1"
 * @return HEP_ECREAT when OUT cannot be written; HEP_ETEMP when another live run holds the study
 */
int hep_outdir_open(struct hep_outdir *d, const char *root, const char *relative,
                    struct hep_error *err) HEP_MUST_CHECK;
/** Make OUT's dataset_description.json and .bidsignore, and the hidden folder. HEP_ECREAT. */
int hep_outdir_begin(struct hep_outdir *d, struct hep_error *err) HEP_MUST_CHECK;
/** @return HEP_OK while the lock is this run's and the hidden folder the one it made; else
 * HEP_ETEMP: the same command is expected to succeed later */
int hep_outdir_check(const struct hep_outdir *d, struct hep_error *err) HEP_MUST_CHECK;
/** Give a sign of life to runs on other hosts that wait for the lock, then hep_outdir_check(). */
int hep_outdir_keep(const struct hep_outdir *d, struct hep_error *err) HEP_MUST_CHECK;
/**
 * Swap the new folder into place and remove the old one.
 * @param[in] files  all that was written, n of them
 * @return HEP_ETEMP, and nothing is replaced, when hep_outdir_check() fails or a file is missing,
 *         no regular file, or of another size; HEP_EIO
 */
int hep_outdir_commit(struct hep_outdir *d, const struct hep_outdir_file *files, size_t n,
                      struct hep_error *err) HEP_MUST_CHECK;
/** Take a file of the earlier result into the new folder: a hard link, or a copy. HEP_ETEMP when it
 * has vanished. */
int hep_outdir_reuse(const struct hep_outdir *d, const char *relative_file,
                     struct hep_error *err) HEP_MUST_CHECK;
/** Remove the temporary folder unless committed, give the lock back unless it is another run's by
 * now, free. Harmless on { 0 }. */
void hep_outdir_close(struct hep_outdir *d);
/** True while a live run holds the study's lock; a dead run's lock does not count. */
bool hep_outdir_in_use(const char *root, const char *relative);

/** Path below the temporary folder, its parents made; heap. NULL with err set: HEP_ETEMP when the
 * temporary folder is no longer there. */
char *hep_outdir_path(const struct hep_outdir *d, const char *relative_file, struct hep_error *err);

#endif
