/**
 * @file  batch/group_plots.h
 * @brief The drawings of group.html: how every measure is spread over studies and over lesions.
 */
#ifndef HEP_BATCH_GROUP_PLOTS_H
#define HEP_BATCH_GROUP_PLOTS_H

#include "batch/group_table.h"

/** The plots alone: one per measure of the liver. */
int hep_group_plots(struct hep_str *out, const struct hep_group_table *t,
                    struct hep_error *err) HEP_MUST_CHECK;
/** One per measurement that lesions.tsv holds, a box for each class. */
int hep_group_lesion_plots(struct hep_str *out, const struct hep_group_table *t,
                           struct hep_error *err) HEP_MUST_CHECK;

#endif
