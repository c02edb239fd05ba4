/**
 * @file  lesions/given.h
 * @brief Lesions that the user gave, as regions or as points, in the place of candidates that were found.
 *
 * A point or a box says where a lesion is and perhaps how large. With a stated size it is outlined by all images together
 * (lesions/joint_border.h), if they surely show it. Otherwise the outline is that of the found candidate which holds the point,
 * or whose centre lies within the point's reach, when its size agrees. Where none was found, it is that of the strongest spot
 * of any channel, kept or not, delineated at half its contrast (lesions/delineate.h); of spots nearly as strong, that of the
 * series with the smallest voxels. Where no image shows anything there, a stated diameter gives a ball, and without one the
 * lesion keeps no region.
 */
#ifndef HEP_LESIONS_GIVEN_H
#define HEP_LESIONS_GIVEN_H

#include "lesions/candidates.h"

struct hep_given_lesion {
    int32_t label;       /* value in the user's file; 0 for a point or a box */
    char name[64];       /* "" when it has none */
    bool is_point;       /* to be outlined, or outlined, by Hepar */
    double centre_mm[3]; /* RAS on the reference */
    double diameter_mm;  /* of a point as stated; NaN when not */
    double half_mm[3];   /* half the sides of a box, which the outline does not leave; else NaN */
    size_t voxels;       /* on the reference grid */
    size_t voxels_in_liver; /* of these, in the liver mask */
    char note[200];         /* what has to be said of it; "" when nothing */
};

struct hep_given {
    struct hep_labels *labels;     /* on the reference grid: index in the list + 1; owned */
    struct hep_given_lesion *list; /* owned */
    size_t n;
};
void hep_given_release(struct hep_given *g);

/** Does any lesion of the list wait for an outline? */
bool hep_given_any_point(const struct hep_given *g);
/** Outline the points of the list. Voxels that another given lesion has stay with it.
 * @param[in] found what the detector finds in the study; HEP_ENOMEM */
int hep_given_outline(struct hep_given *g, const struct hep_lesion_study *study,
                      const struct hep_candidates *found, struct hep_error *err) HEP_MUST_CHECK;

/** Count the voxels, set the centres of regions, and say what is odd: no voxel, a single one, outside of the liver. */
int hep_given_describe(struct hep_given *g, const struct hep_lesion_study *study,
                       struct hep_error *err) HEP_MUST_CHECK;

/**
 * Candidates of the given lesions that have voxels, ids = index in the list + 1, and after them of those found that
 * none of these explains: a found one of which more than lesions.given_overlap lies in a given lesion, or whose centre
 * does, is the same lesion.
 * @param[in] found NULL: only the given ones
 */
int hep_given_candidates(struct hep_candidates *out, const struct hep_given *g,
                         const struct hep_lesion_study *study, const struct hep_candidates *found,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
