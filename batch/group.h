/**
 * @file  batch/group.h
 * @brief The group stage: studies.tsv, lesions.tsv and group.html of everything that an output
 * folder holds.
 *
 * Nothing is dropped in silence: a study that failed, is missing or is still running has its row
 * with the reason. An outlier is a measure whose robust z among the studies that are done (|x -
 * median| / (1.4826 MAD)) exceeds HEP_OUTLIER_Z; at least HEP_OUTLIER_MIN studies are needed to
 * call anything an outlier.
 */
#ifndef HEP_BATCH_GROUP_H
#define HEP_BATCH_GROUP_H

#include "batch/status.h"

#define HEP_OUTLIER_Z 3.5 /* Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993 */
#define HEP_OUTLIER_MIN 5

/** One measure of the studies: values[i] belongs to studies[i]; NaN where there is none. */
struct hep_group_measure {
    char name[64], unit[16];
    double *values; /* owned */
    double median, mad;
};
struct hep_group_table {
    const struct hep_out_status *status; /* borrowed: rows */
    struct hep_json **documents;         /* lesions.json of each study; NULL when not done; owned */
    struct hep_group_measure *measures;
    size_t n_measures;
};

int hep_group_gather(struct hep_group_table *out, const char *out_dir,
                     const struct hep_out_status *status, struct hep_error *err) HEP_MUST_CHECK;
void hep_group_release(struct hep_group_table *t);
/** Is study i an outlier in measure m? */
bool hep_group_outlier(const struct hep_group_table *t, size_t m, size_t i);

/** Gather, and write the three files, each atomic. */
int hep_group_write(const char *out_dir, const struct hep_out_status *status,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
