/**
 * @file  validation/worst.h
 * @brief The failures that weigh most, each with its picture. Within the room.
 *
 * Model: a lesion that is missed weighs its long axis [mm], one that is found and called another class half of it, a liver
 *        100 times what its Dice coefficient lacks to 1; ties in the order of studies. Expert's choice: it only orders.
 */
#ifndef HEP_VALIDATION_WORST_H
#define HEP_VALIDATION_WORST_H

#include "validation/facts.h"

#define HEP_WORST 10

enum hep_worst_kind { HEP_WORST_MISSED, HEP_WORST_CLASS, HEP_WORST_LIVER };
struct hep_worst_case {
    enum hep_worst_kind kind;
    size_t study, lesion; /* HEP_NO_MATCH: the liver */
    double weight;
    char words[200];
};

/** @return how many, at most HEP_WORST, the worst first */
size_t hep_worst_cases(struct hep_worst_case out[HEP_WORST], const struct hep_evaluated *e,
                       const struct hep_set_facts *facts);

/**
 * The slice of the reference series through a place, with a ring of the size of the true lesion and a cross at every finding
 * within reach.
 * @param[out] png heap, the caller's; NULL where the study's images are not there
 */
int hep_worst_picture(unsigned char **png, size_t *n, const struct hep_worst_case *c,
                      const struct hep_evaluated *e, const struct hep_set_folders *where,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
