/**
 * @file  batch/dataset.h
 * @brief The studies of a BIDS dataset: subjects and sessions, with filters and a protocol each.
 */
#ifndef HEP_BATCH_DATASET_H
#define HEP_BATCH_DATASET_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/** Labels with or without "sub-" and "ses-"; an entry that is a file gives one label per line. */
struct hep_dataset_filter {
    const char *const *subjects;
    size_t n_subjects; /* 0: all */
    const char *const *sessions;
    size_t n_sessions;
    bool skip_validation; /* a folder without dataset_description.json is accepted */
};

struct hep_dataset_study {
    char *path;     /* BIDS_DIR/sub-01[/ses-1] */
    char *relative; /* "sub-01/ses-1" */
    char *label;    /* "sub-01_ses-1" */
    char *protocol; /* column "protocol" of participants.tsv; NULL when there is none */
};

struct hep_dataset {
    struct hep_dataset_study *list; /* natural order */
    size_t n;
    char **absent; /* labels that were asked for and are not there, "sub-99", "ses-2"; owned */
    size_t n_absent;
};

/**
 * @return HEP_ENOENT (no such folder, no such label file), HEP_EDATASET (no dataset), HEP_EFILTER
 * (nothing selected, with the first label that is not there)
 */
int hep_dataset_list(struct hep_dataset *out, const char *bids_dir,
                     const struct hep_dataset_filter *filter, struct hep_error *err) HEP_MUST_CHECK;
void hep_dataset_release(struct hep_dataset *d);
/** Take study i out. */
void hep_dataset_drop(struct hep_dataset *d, size_t i);
/**
 * Keep the studies of the persons whose number lies from `from` to below `to`. The number, from 0 to 1, follows from the
 * label of the person alone, so that the parts stay what they are when persons are added. HEP_EFILTER when nobody is left.
 */
int hep_dataset_keep_part(struct hep_dataset *d, double from, double to,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
