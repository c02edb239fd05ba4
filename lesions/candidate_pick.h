/**
 * @file  lesions/candidate_pick.h
 * @brief From spots to candidates: the strongest first, each explaining away what belongs to it.
 *
 * A spot is supported by the spots of other mechanisms that lie within the misregistration of the
 * two series, a third of a voxel and half a radius. The spot with the highest score is delineated
 * and becomes a candidate; every spot in or at its region, and every spot that supported it, is
 * explained by it. What is left is scored anew: a vessel beside a lesion then has no diffusion of its own.
 * The table of detection decides which delineated spots are kept; one that is not explains nothing.
 */
#ifndef HEP_LESIONS_CANDIDATE_PICK_H
#define HEP_LESIONS_CANDIDATE_PICK_H

#include "lesions/candidate_spot.h"
#include "lesions/detection.h"

struct hep_pick {
    struct hep_spot spot; /* measured at the centre of the region */
    double volume_mm3;
    double feature[HEP_FEATURE_COUNT], strength; /* lesions/detection.h */
};

struct hep_pick_list {
    struct hep_pick *item; /* owned; label i + 1 */
    size_t n;
    struct hep_pick *rejected; /* owned: what the table did not keep */
    size_t n_rejected;
    struct hep_labels *labels; /* on the frame's grid; owned */
};
void hep_pick_list_release(struct hep_pick_list *l);

/** HEP_ENOMEM. */
int hep_candidates_pick(struct hep_pick_list *out, struct hep_spot_list *spots,
                        const struct hep_candidate_frame *frame,
                        const struct hep_lesion_study *study,
                        const struct hep_channel channels[HEP_MECHANISM_COUNT],
                        const struct hep_detection_table *table,
                        struct hep_error *err) HEP_MUST_CHECK;

#endif
