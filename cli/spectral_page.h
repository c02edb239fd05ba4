/**
 * @file  cli/spectral_page.h
 * @brief The comparison of groups as a page: box plots, ROC curves, tables.
 */
#ifndef HEP_CLI_SPECTRAL_PAGE_H
#define HEP_CLI_SPECTRAL_PAGE_H

#include "base/table.h"
#include "evaluation/groups.h"

/** One measure with its groups, which lie one after the other in `values`. */
struct hep_spectral_measure_groups {
    const char *measure;
    double *values;
    struct hep_named_group *groups;
    size_t n;
};
/** The whole page; the tables are those that the files hold. HEP_ENOMEM. */
int hep_spectral_page(struct hep_str *out, const struct hep_spectral_measure_groups *measures,
                      size_t n, const struct hep_table *tables, size_t n_tables,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
