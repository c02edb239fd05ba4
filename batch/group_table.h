/**
 * @file  batch/group_table.h
 * @brief What an output folder holds, gathered: studies and their measures as tables.
 *
 * An outlier is a measure whose robust z among the studies that are done (|x - median| /
 * (1.4826 MAD)) exceeds HEP_OUTLIER_Z; at least HEP_OUTLIER_MIN studies are needed to call anything
 * an outlier.
 */
#ifndef HEP_BATCH_GROUP_TABLE_H
#define HEP_BATCH_GROUP_TABLE_H

#include "base/table.h"
#include "batch/lesion_file.h"
#include "batch/status.h"

#define HEP_OUTLIER_Z 3.5 /* Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993 */
#define HEP_OUTLIER_MIN 5

/** One measure of the studies: values[i] belongs to studies[i]; NaN where there is none. */
struct hep_group_measure {
    enum hep_measure measure;
    struct hep_column column; /* of the dictionary; static texts */
    double *values;           /* owned */
    double median, mad;
};
struct hep_group_table {
    const struct hep_out_status *status; /* borrowed: rows */
    struct hep_lesion_file *files;       /* of each study; empty when it is not done; owned */
    struct hep_group_measure *measures;
    size_t n_measures;
    struct hep_column *columns; /* of the studies; owned */
};

int hep_group_gather(struct hep_group_table *out, const char *out_dir,
                     const struct hep_out_status *status, struct hep_error *err) HEP_MUST_CHECK;
void hep_group_release(struct hep_group_table *t);
/** Is study i an outlier in measure m? */
bool hep_group_outlier(const struct hep_group_table *t, size_t m, size_t i);

/** studies.tsv and the page's table of all studies. Release. */
int hep_group_studies(struct hep_table *out, const struct hep_group_table *t,
                      struct hep_error *err) HEP_MUST_CHECK;
/** Studies that failed, are running, or are missing. Release. */
int hep_group_not_done(struct hep_table *out, const struct hep_group_table *t,
                       struct hep_error *err) HEP_MUST_CHECK;
/** Measures that the studies' own images contradict, with the reason. Release. */
int hep_group_withheld(struct hep_table *out, const struct hep_group_table *t,
                       struct hep_error *err) HEP_MUST_CHECK;
/** Every lesion of every study that is done. Release. */
int hep_group_lesions(struct hep_table *out, const struct hep_group_table *t,
                      struct hep_error *err) HEP_MUST_CHECK;
/** The label of a study, with a link to a place in its report ("#lesion-1"; "": its top) when it is
 * done. */
void hep_group_link(struct hep_str *out, const struct hep_study_status *study,
                    const char *fragment);
/** Every outlier of every study. Release. */
int hep_group_outliers(struct hep_table *out, const struct hep_group_table *t,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
