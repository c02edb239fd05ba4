/**
 * @file  lesions/candidate_frame.h
 * @brief The isotropic grid on which lesions are searched, and what lies on it.
 *
 * Model:   the reference grid over the bounding box of the liver with a margin, centred on it, at
 *          limits.grid_mm; images by linear interpolation, box averages where the grid is coarser
 *          than the reference.
 * Domain:  the liver mask closed and with its holes filled, so that a lesion that the mask left out
 *          is still looked at; statistics are taken in the mask itself, away from its surface.
 * z:       bright is positive in every image here; the sign that makes a lesion positive belongs to
 *          the channel (lesions/candidate_channel.h).
 */
#ifndef HEP_LESIONS_CANDIDATE_FRAME_H
#define HEP_LESIONS_CANDIDATE_FRAME_H

#include "lesions/limits.h"
#include "liver/study.h"

struct hep_candidate_frame {
    const struct hep_lesion_limits *limits; /* borrowed */
    struct hep_grid grid;                   /* isotropic */
    double mm;                              /* its spacing */
    struct hep_labels *liver; /* the mask as given, on this grid; owned, like all below */
    struct hep_labels *domain;
    struct hep_volume *depth;              /* below the surface of the domain [mm], <= 0 outside */
    struct hep_labels *anatomy;            /* NULL without one */
    struct hep_labels *tissue;             /* 1: parenchyma for reference statistics */
    struct hep_volume *z[HEP_IMAGE_COUNT]; /* local robust z; NaN where the image has no value;
                                              NULL when absent */
    double body_z[HEP_IMAGE_COUNT];        /* of diffusion weighting: how much brighter than
                                                liver the body is, where iron darkens the liver; else 0 */
};

/** Images of the study whose z is made. */
bool hep_candidate_image_used(enum hep_image image, const struct hep_lesion_study *study);

/** HEP_EDATA for an empty liver, HEP_EGEOM when mask and study differ, HEP_ENOMEM. */
int hep_candidate_frame_init(struct hep_candidate_frame *out, const struct hep_lesion_study *study,
                             struct hep_error *err) HEP_MUST_CHECK;
void hep_candidate_frame_release(struct hep_candidate_frame *f);

/** Misregistration of a series against the reference that is reckoned with [mm]. */
double hep_candidate_slack_mm(const struct hep_candidate_frame *f,
                              const struct hep_lesion_image *image);
/** Largest voxel edge of the series as acquired, at least that of the frame [mm]. */
double hep_candidate_native_mm(const struct hep_lesion_image *image, double frame_mm);

/** Value by linear interpolation at a voxel position; NaN outside or beside a NaN. */
double hep_frame_value(const struct hep_volume *v, const double voxel[3]);

/** Label of the voxel nearest to a voxel position; 0 outside. */
int32_t hep_frame_label(const struct hep_labels *l, const double voxel[3]);

/** Directions on the sphere that any flip or exchange of axes maps onto themselves. */
#define HEP_DIRECTIONS 98
void hep_frame_direction(double out[3], int i);

#endif
