/**
 * @file  evaluation/groups.h
 * @brief Everything that is asked when one measure is compared between named groups: moments, tests, pairs, ROC.
 */
#ifndef HEP_EVALUATION_GROUPS_H
#define HEP_EVALUATION_GROUPS_H

#include "evaluation/variance.h"

struct hep_named_group {
    const char *name; /* borrowed */
    struct hep_group values;
};
struct hep_group_row {
    const char *measure, *group;
    size_t n;
    double mean, sd, median;
};
struct hep_group_test_row {
    const char *measure, *test;
    struct hep_f_test f;
};
struct hep_group_pair_row {
    const char *measure, *a, *b;
    struct hep_pair_test pair;
};
/** One group against all others. */
struct hep_group_roc_row {
    const char *measure, *group;
    size_t n, n_others;
    double area, lo, hi; /* DeLong 95 % */
    struct hep_cut_off cut;
    const char *side; /* "above" or "below": where the group's values lie */
};
/** Lists over all measures that were added; heap. */
struct hep_group_comparison {
    struct hep_group_row *groups;
    struct hep_group_test_row *tests;
    struct hep_group_pair_row *pairs;
    struct hep_group_roc_row *rocs;
    size_t n_groups, n_tests, n_pairs, n_rocs;
};
void hep_group_comparison_release(struct hep_group_comparison *c);
/** Add one measure. HEP_EDATA with fewer than two groups or a group of fewer than two values (its name is said); HEP_ENOMEM. */
int hep_group_compare(struct hep_group_comparison *c, const char *measure,
                      const struct hep_named_group *groups, size_t n,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
