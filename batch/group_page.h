/**
 * @file  batch/group_page.h
 * @brief group.html: every study of an output folder on one page. Failures first, then outliers
 * with links to their reports, the distribution of every measure of the liver and of the lesions,
 * and the table of studies.
 */
#ifndef HEP_BATCH_GROUP_PAGE_H
#define HEP_BATCH_GROUP_PAGE_H

#include "base/text.h"
#include "batch/group.h"

/** @param[out] out appended to. HEP_ENOMEM. */
int hep_group_page(struct hep_str *out, const struct hep_group_table *t,
                   struct hep_error *err) HEP_MUST_CHECK;

/** The plots alone: one per measure of the liver. */
int hep_group_plots(struct hep_str *out, const struct hep_group_table *t,
                    struct hep_error *err) HEP_MUST_CHECK;
/** One per measurement of lesions, a box for each class. */
int hep_group_lesion_plots(struct hep_str *out, const struct hep_group_table *t,
                           struct hep_error *err) HEP_MUST_CHECK;

/** How a measure of the table is shown: "liver_adc_mm2_per_s" as ADC. */
struct hep_quantity;
void hep_group_quantity(struct hep_quantity *q, const struct hep_group_measure *m);

#endif
