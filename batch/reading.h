/**
 * @file  batch/reading.h
 * @brief One study of an evaluation while it is read: its truth, its results, both in the space of the truth.
 *        Within the room.
 */
#ifndef HEP_BATCH_READING_H
#define HEP_BATCH_READING_H

#include "batch/lesion_file.h"
#include "batch/truth_forms.h"
#include "batch/truth_space.h"

struct hep_reading {
    struct hep_eval_folder truth, output;
    struct hep_lesion_file wanted, got;
    struct hep_truth_forms forms;
    struct hep_labels *true_lesions, *true_liver, *lesions, *liver;
    struct hep_volume *moved; /* from the output's reference to the truth's */
    bool has_output;          /* there may be masks and maps, if no findings */
};

void hep_reading_release(struct hep_reading *r);
/** Lesions and masks of `r->truth`. HEP_EDATA for a reader's truth with lesions that were not reviewed; HEP_EGEOM. */
int hep_reading_truth(struct hep_reading *r, struct hep_error *err) HEP_MUST_CHECK;
/** Grid of the truth's masks; NULL without any. */
const struct hep_grid *hep_reading_truth_grid(const struct hep_reading *r);
/** Findings and their label map of `r->output`, brought to the truth.
 *  @param[in] path of its lesions.json */
int hep_reading_findings(struct hep_reading *r, const char *path,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
