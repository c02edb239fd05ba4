/**
 * @file  lesions/candidates.h
 * @brief Where something focal is: from the images of a study to a label map of candidates.
 */
#ifndef HEP_LESIONS_CANDIDATES_H
#define HEP_LESIONS_CANDIDATES_H

#include "lesions/detection.h"
#include "lesions/limits.h"
#include "liver/study.h"

struct hep_candidate {
    int32_t id;                        /* value in the label map, from 1 */
    double centre_mm[3];               /* centroid, RAS world */
    double diameter_mm;                /* of a sphere of its volume */
    double feature[HEP_FEATURE_COUNT]; /* that it was judged by; NaN: given, or not measured */
    double strength;                   /* log-odds that it is a lesion; NaN: given */
    double image_z[HEP_IMAGE_COUNT];   /* robust z of the candidate in each evidence image, NaN
                                        without it; sign such that a focal lesion is positive */
};

struct hep_candidates {
    struct hep_labels *labels;  /* on the reference grid; owned */
    struct hep_candidate *list; /* owned; ordered by decreasing volume, ids 1..n */
    size_t n;
    struct hep_candidate *rejected; /* owned: id 0, judged and not kept */
    size_t n_rejected;
    bool diffuse_alarm; /* a region of the liver differs as a whole and holds no blob */
    char diffuse_reason[256];
};

/** Find and delineate. Works with whatever images there are; HEP_EDATA when none can show a lesion.
 */
int hep_candidates_find(struct hep_candidates *out, const struct hep_lesion_study *study,
                        const struct hep_detection_table *table,
                        struct hep_error *err) HEP_MUST_CHECK;
void hep_candidates_release(struct hep_candidates *c);
/**
 * Labels of the detection frame on the reference grid: each voxel gets the label that fills at least half of it.
 * @param[in] number  new number of each label; NULL: they keep theirs
 */
int hep_candidate_labels_to(struct hep_labels **out, const struct hep_labels *from,
                            const struct hep_grid *grid, const int32_t *number, int nthreads,
                            struct hep_error *err) HEP_MUST_CHECK;

#endif
