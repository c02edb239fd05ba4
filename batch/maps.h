/**
 * @file  batch/maps.h
 * @brief Medians of every map over true tissue, measured and true. Internal to the evaluation.
 */
#ifndef HEP_BATCH_MAPS_H
#define HEP_BATCH_MAPS_H

#include "batch/evaluate.h"
#include "batch/lesion_file.h"
#include "batch/truth_space.h"

/** True regions of one study, on the truth's grid; borrowed. */
struct hep_eval_regions {
    const struct hep_eval_folder *truth, *output;
    const struct hep_lesion_file *file; /* of the truth */
    const struct hep_labels *lesions;   /* may be NULL */
    const struct hep_labels *liver;     /* may be NULL; not both */
    size_t study, first_lesion;         /* place in the lists of `e` */
    int nthreads;
};

/** Append the pairs of one study to e->pair. Maps that one side lacks are passed over. */
int hep_eval_add_maps(struct hep_evaluated *e, const struct hep_eval_regions *r,
                      struct hep_error *err) HEP_MUST_CHECK;
/** Agreement of all maps over all groups, from e->pair. */
int hep_eval_agree(struct hep_evaluated *e, struct hep_error *err) HEP_MUST_CHECK;

#endif
