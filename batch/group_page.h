/**
 * @file  batch/group_page.h
 * @brief group.html: every study of an output folder on one page. Failures first, then outliers
 * with links to their reports, the distributions of the measures of the liver and of the main ones of
 * lesions, and the tables of studies and of lesions, which a click on a head sorts.
 */
#ifndef HEP_BATCH_GROUP_PAGE_H
#define HEP_BATCH_GROUP_PAGE_H

#include "base/text.h"
#include "batch/group_table.h"

/** @param[out] out appended to. HEP_ENOMEM. */
int hep_group_page(struct hep_str *out, const struct hep_group_table *t, const char *out_dir,
                   struct hep_error *err) HEP_MUST_CHECK;

#endif
