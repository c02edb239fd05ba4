/**
 * @file  datasets/study.h
 * @brief One case of a set as a study of BIDS, with its truth. Within the room.
 */
#ifndef HEP_DATASETS_STUDY_H
#define HEP_DATASETS_STUDY_H

#include "datasets/cases.h"
#include "datasets/public_set.h"
#include "image/grid.h"

/** A series of a case where it stands in the dataset. */
struct hep_placed_series {
    const struct hep_case_series *from;
    char *relative; /* below the study: "anat/sub-01_acq-pv_T1w.nii.gz"; owned */
    struct hep_grid grid;
    double spacing_mm[3]; /* that study.yml states; NaN: nothing */
};

struct hep_study_work {
    const struct hep_public_request *q;
    const struct hep_cases *cases;
    struct hep_case *c;
    char label[80]; /* "sub-MR1" */
    char *study;    /* folders of the study, of its truth, and of its given lesions; owned */
    char *truth, *given;
    struct hep_placed_series *placed; /* owned */
    size_t n_placed;
    enum hep_carry way;
};
void hep_study_work_release(struct hep_study_work *w);

/** Images, sidecars and study.yml. A series that cannot be used is left out with a note. */
int hep_study_place(struct hep_study_work *w, struct hep_error *err) HEP_MUST_CHECK;
/** Masks, boxes and lesions.json. */
int hep_study_truth(struct hep_study_work *w, struct hep_error *err) HEP_MUST_CHECK;
/** Masks of livers and lesions: NAME_label-*. @param[out] n_lesions voxels of a lesion have its number */
int hep_study_masks(struct hep_study_work *w, size_t *n_lesions, const char **class_name,
                    struct hep_error *err) HEP_MUST_CHECK;

/**
 * The grid of an image, by the header or by the sizes of voxels that the file of boxes states.
 * @param[out] spacing_mm of the grid where it was stated, else NaN
 * @param[out] differs "" or what contradicts what
 */
int hep_stated_grid(struct hep_grid *grid, double spacing_mm[3], char differs[200],
                    const struct hep_case_series *s, enum hep_spacing_trust trust,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
