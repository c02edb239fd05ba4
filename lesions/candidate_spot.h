/**
 * @file  lesions/candidate_spot.h
 * @brief Places that one channel finds remarkable, and what every image says of each.
 */
#ifndef HEP_LESIONS_CANDIDATE_SPOT_H
#define HEP_LESIONS_CANDIDATE_SPOT_H

#include "lesions/candidate_channel.h"
#include "lesions/candidate_frame.h"

struct hep_spot {
    double voxel[3]; /* on the frame's grid */
    double radius_mm;
    double strength, roundness;   /* of the blob, lesions/blob.h; of a region, its mean and
                                     compactness */
    enum hep_mechanism mechanism; /* that found it */
    int polarity;
    bool large;                     /* from the component tree */
    double z[HEP_IMAGE_COUNT];      /* signed so that a lesion is positive; NaN without a value */
    double body_z[HEP_IMAGE_COUNT]; /* of the frame */
    double t1_bright_z;             /* before contrast, bright is positive; NaN without it */
    double depth_mm;                /* below the surface of the domain */
    double inside_frac;             /* share of its surroundings in the liver mask as given */
    double surface_factor;          /* lesions/suppress.h */
    double ties;                    /* share of directions in which it goes on beyond its size */
    double support[HEP_MECHANISM_COUNT]; /* strength of each mechanism here; NaN without an image */
    bool explained;                      /* by a candidate, or no lesion */
    double score;
};

struct hep_spot_list {
    struct hep_spot *item; /* owned */
    size_t n;
};
void hep_spot_list_release(struct hep_spot_list *l);

/** Blobs and large regions of every channel. HEP_ENOMEM. */
int hep_spots_find(struct hep_spot_list *out, const struct hep_candidate_frame *frame,
                   const struct hep_lesion_study *study,
                   const struct hep_channel channels[HEP_MECHANISM_COUNT],
                   struct hep_error *err) HEP_MUST_CHECK;

/** Fill z, depth and inside_frac: in each image the best mean over the inner ball within the
 * misregistration that is reckoned with. */
void hep_spot_measure(struct hep_spot *s, const struct hep_candidate_frame *frame,
                      const struct hep_lesion_study *study);

#endif
