/**
 * @file  evaluation/variance.h
 * @brief Do groups differ? One-way analysis of variance, its check and its robust form, and pairs of groups.
 * Source:  Fisher's F; Levene, in Contributions to Probability and Statistics, 1960, with the median after Brown and
 *          Forsythe, J Am Stat Assoc 1974;69:364; Welch, Biometrika 1951;38:330; least significant difference and
 *          Bonferroni as in Montgomery, Design and Analysis of Experiments, chapter 3.
 * Valid:   checked against scipy to 1e-6 (tests/evaluation/test_variance).
 */
#ifndef HEP_EVALUATION_VARIANCE_H
#define HEP_EVALUATION_VARIANCE_H

#include "base/error.h"

#include <stddef.h>

/** One group; borrowed. */
struct hep_group {
    const double *value; /* finite */
    size_t n;
};

/** A statistic with its degrees of freedom and its p-value; NaN where the groups have no spread. */
struct hep_f_test {
    double f, df_between, df_within, p;
};

struct hep_variance {
    struct hep_f_test anova, levene_mean, levene_median, welch;
    double pooled_variance; /* mean square within groups */
};
/**
 * @return HEP_OK; HEP_EDATA with fewer than two groups, or a group of fewer than two values; HEP_ENOMEM
 */
int hep_variance_of(struct hep_variance *out, const struct hep_group *groups, size_t n_groups,
                    struct hep_error *err) HEP_MUST_CHECK;

/** Two groups within the analysis: difference of means a - b with the pooled variance of all groups. */
struct hep_pair_test {
    double difference, lo, hi;  /* 95 % interval, not corrected */
    double p_lsd, p_bonferroni; /* the latter times the number of pairs, at most 1 */
};
void hep_variance_pair(struct hep_pair_test *out, const struct hep_variance *v,
                       const struct hep_group *a, const struct hep_group *b, size_t n_groups);

/** Mean and standard deviation (n - 1) of a group. */
void hep_group_moments(double *mean, double *sd, const struct hep_group *g);

/** The cut-off with the largest sum of sensitivity and specificity (Youden, Cancer 1950;3:32). */
struct hep_cut_off {
    double value; /* cases at or above it (at or below, when `below`) are called positive */
    int below;
    double sensitivity, specificity;
};
/** Of values where the positive group lies above (area >= 0.5) or below. HEP_EDATA for an empty group; HEP_ENOMEM. */
int hep_best_cut_off(struct hep_cut_off *out, const struct hep_group *positive,
                     const struct hep_group *negative, int below,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
