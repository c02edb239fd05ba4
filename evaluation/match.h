/**
 * @file  evaluation/match.h
 * @brief Which finding is which true lesion.
 * Model:   a finding may be a lesion when its centre lies inside the lesion's mask dilated by
 *          max(3 mm, d / 4), or when the masks overlap with IoU >= 0.1; of all such pairs as many
 *          as possible are taken one to one, with the least total distance of centres. A further
 *          finding on a lesion is a split detection: neither true nor false. The rest are false
 *          positives.
 * Differs: a lesion without a mask is the ball of its diameter about its centre. A lesion that is known by a box alone
 *          has a finding whose centre lies in the box, each side of which is moved out by a voxel, whatever the rule:
 *          nothing is known of its outline
 * Valid:   both in the same space; index axes of the masks orthogonal, as in image/mask.h
 */
#ifndef HEP_EVALUATION_MATCH_H
#define HEP_EVALUATION_MATCH_H

#include "image/volume.h"

#define HEP_MATCH_MARGIN_MM 3.0
#define HEP_MATCH_MARGIN_SHARE 0.25
#define HEP_MATCH_MIN_IOU 0.1
#define HEP_NO_MATCH SIZE_MAX

enum hep_match_rule { HEP_MATCH_CENTRE, HEP_MATCH_MASK, HEP_MATCH_BOTH };

/** A box along the axes of some image, in world space. */
struct hep_match_box {
    double centre_mm[3];
    double axis[3][3]; /* unit vectors */
    double half_mm[3]; /* half the length of each side */
    double voxel_mm[3];
};
/** Is a point in the box, each side of which is moved out by a voxel? */
bool hep_match_box_holds(const struct hep_match_box *box, const double world_mm[3]);

struct hep_match_object {
    double centre_mm[3]; /* finite */
    double diameter_mm;  /* NaN: unknown */
    int32_t label;       /* in its mask */
};

struct hep_match_side {
    const struct hep_match_object *list;
    size_t n;
    const struct hep_labels *mask; /* NULL: none */
};

enum hep_match_fate { HEP_FATE_TRUE, HEP_FATE_EXTRA, HEP_FATE_FALSE };

struct hep_match_found {
    enum hep_match_fate fate;
    size_t lesion;     /* its own, or the nearest it could be; HEP_NO_MATCH for a false positive */
    size_t nearest;    /* lesion by centre; HEP_NO_MATCH without any */
    double nearest_mm; /* NaN without any */
    double distance_mm, iou; /* to `lesion`; NaN without one */
};

/** Arrays are owned. */
struct hep_matching {
    struct hep_match_found *found; /* shape [findings.n] */
    size_t *finding_of;            /* shape [lesions.n]; HEP_NO_MATCH: missed */
};

/**
 * @return HEP_EGEOM when both masks are given on different grids; HEP_ENOMEM. Release after
 * success.
 */
int hep_match(struct hep_matching *out, const struct hep_match_side *lesions,
              const struct hep_match_side *findings, enum hep_match_rule rule,
              struct hep_error *err) HEP_MUST_CHECK;
/** The same for lesions of which some are known by a box alone. @param[in] box of each lesion; NULL: it has none */
int hep_match_boxes(struct hep_matching *out, const struct hep_match_side *lesions,
                    const struct hep_match_box *const *box, const struct hep_match_side *findings,
                    enum hep_match_rule rule, struct hep_error *err) HEP_MUST_CHECK;
void hep_matching_release(struct hep_matching *m);

/** Intersection over union of two balls. */
double hep_ball_iou(double diameter_a_mm, double diameter_b_mm, double distance_mm);

#endif
