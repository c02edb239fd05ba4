/**
 * @file  protocols/paired.h
 * @brief Two protocols over the same lesions: what one finds and the other does not.
 * Model:   pairs of a lesion found or missed by each; McNemar's exact test of the discordant ones;
 *          sensitivities, false positives per study and their differences with percentile intervals
 *          of a bootstrap that draws whole patients, both protocols together
 * Source:  evaluation/proportion.h, evaluation/bootstrap.h
 * Differs: McNemar's test holds lesions of one patient to be independent; the interval of the
 *          difference does not, and counts where the two disagree
 */
#ifndef HEP_PROTOCOLS_PAIRED_H
#define HEP_PROTOCOLS_PAIRED_H

#include "evaluation/evaluation.h"

struct hep_paired_size {
    const char *size_mm; /* hep_size_class_name() */
    size_t n;
    struct hep_proportion full, variant;
    struct hep_interval difference; /* variant - full */
};

struct hep_paired_task {
    size_t both, only_full, only_variant, neither;
    double p; /* McNemar, exact, two-sided */
    struct hep_interval full, variant, difference;
    struct hep_interval false_full, false_variant, false_difference; /* per study */
    struct hep_interval at_two, at_two_full; /* sensitivity at 2 of them, set by compare.c */
    struct hep_paired_size size[HEP_SIZE_COUNT];
};

/** Metastases are asked for as in evaluation/evaluation.h: found and called so; a benign
 * lesion that is called a metastasis is a false positive of that task. */
struct hep_paired {
    struct hep_paired_task task[HEP_TASK_COUNT];
};

/**
 * @param[in] full, variant the same studies and lesions in the same order, matched each by its own
 * @return HEP_EINVAL: the lists of lesions differ; HEP_ENOMEM
 */
int hep_paired(struct hep_paired *out, const struct hep_eval_data *full,
               const struct hep_eval_data *variant, size_t replicates, uint64_t seed,
               struct hep_error *err) HEP_MUST_CHECK;

/* With fewer patients a bootstrap of them and a test of lesions held to be independent say nothing: all
 * five drawn alike has a chance of 1 in 3125, of four 1 in 256, and McNemar's p cannot fall below 0.05
 * with fewer than six discordant lesions. */
#define HEP_PAIRED_LEAST_PATIENTS 5
/**
 * Take away what must not be printed: tests and intervals of too few patients, intervals without width,
 * and shares and differences of a protocol that no study satisfies. Counts stay.
 */
void hep_paired_settle(struct hep_paired *p, size_t n_patients, bool any_satisfies);

/**
 * Which lesions count as found. @param[out] out shape [data->n_lesions]
 */
void hep_paired_found(bool *out, const struct hep_eval_data *data, enum hep_eval_task task);

#endif
