/**
 * @file  batch/liver_truth.h
 * @brief The liver of an output beside the true one and those of two raters, and classes by the words of a set.
 *
 * Truth: anat/LABEL_label-liver_mask, and optionally LABEL_label-liver_desc-rater1_mask and -rater2_mask.
 */
#ifndef HEP_BATCH_LIVER_TRUTH_H
#define HEP_BATCH_LIVER_TRUTH_H

#include "batch/evaluate.h"
#include "batch/truth_space.h"

/**
 * @param[in,out] liver the output's mask on the truth's grid; the caller's
 * @param[in]     moved displacement of the output's series; may be NULL
 */
int hep_eval_livers(struct hep_eval_study *study, struct hep_eval_entry *entry,
                    struct hep_labels **liver, const struct hep_eval_folder *truth,
                    const struct hep_eval_folder *output, const struct hep_labels *true_liver,
                    const struct hep_volume *moved, struct hep_error *err) HEP_MUST_CHECK;

/** Fill `rater`. */
int hep_eval_raters(struct hep_evaluated *e, struct hep_error *err) HEP_MUST_CHECK;

/**
 * What the truth calls the person of a study, and what the study's findings call him: the class of the largest one that
 * has a class. Findings count also where the truth says nothing of single lesions.
 */
void hep_eval_person(struct hep_eval_entry *entry, const struct hep_truth_forms *forms,
                     const struct hep_findings *findings);

/** Fill `named` and `persons`: classes of lesions, and of persons by their largest finding, by the words of the set. */
int hep_eval_name_classes(struct hep_evaluated *e, struct hep_error *err) HEP_MUST_CHECK;

#endif
