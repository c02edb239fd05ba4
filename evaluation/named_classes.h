/**
 * @file  evaluation/named_classes.h
 * @brief Classes by the words of a set of patients beside the classes that findings are called, many to one.
 *
 * A word such as "hepatocellular carcinoma" has one class among Hepar's ("other"); several words may share it. Each word has
 * a row of its own: how many lesions, how many were found, and what those were called.
 *
 * Model:   of lesions that were found. Merged: words that share a class are one; F1 is the mean over the classes that
 *          occur in the truth, kappa counts every class that occurs on either side. Apart: every word for itself, a called
 *          class standing for the most frequent word that has it (the first of equal ones): a tool of fewer classes on
 *          the scale of more, which it can reach only in part.
 * Source:  Cohen, Educ Psychol Meas 1960;20:37-46 (kappa.h); F1 = 2 TP / (2 TP + FP + FN), its mean over classes
 *          ("macro") as the challenge of LLD-MMRI ranks; intervals: bootstrap by patient
 */
#ifndef HEP_EVALUATION_NAMED_CLASSES_H
#define HEP_EVALUATION_NAMED_CLASSES_H

#include "base/error.h"
#include "base/estimate.h"
#include "terms/lesion_class.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEP_NAMED_TEXT 48
enum { HEP_NAMED_MAX = 32 };

/** One lesion, or one person. */
struct hep_named_case {
    const char *word;            /* of the truth; borrowed */
    enum hep_lesion_class class; /* that the word is; HEP_CLASS_COUNT: the case says nothing */
    bool found;
    enum hep_lesion_class called; /* HEP_CLASS_COUNT: nothing */
    size_t patient;
};

struct hep_named_row {
    char word[HEP_NAMED_TEXT];
    enum hep_lesion_class class;
    size_t n, found, called[HEP_CLASS_COUNT + 1]; /* the last: of no class */
};

struct hep_named_classes {
    struct hep_named_row row[HEP_NAMED_MAX];
    size_t n_rows, n, n_found;
    struct hep_interval accuracy, merged_f1, merged_kappa, apart_f1, apart_kappa;
};

/** @return HEP_EDATA for more words than HEP_NAMED_MAX; HEP_ENOMEM */
int hep_named_classes_of(struct hep_named_classes *out, const struct hep_named_case *cases,
                         size_t n, size_t n_patients, size_t replicates, uint64_t seed,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
