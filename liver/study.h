/**
 * @file  liver/study.h
 * @brief What the lesion code sees of a study: every series and map on the reference grid, with
 * what is known of its native resolution, its phase and its quality.
 *
 * The pipeline fills it; everything is borrowed. An image that the study does not have is NULL:
 * whatever needs it is then not assessable, never guessed. Outside a series' field of view its
 * voxels are NaN.
 */
#ifndef HEP_LIVER_STUDY_H
#define HEP_LIVER_STUDY_H

#include "contrast/adequacy.h"
#include "contrast/agent.h"
#include "contrast/phase.h"
#include "image/volume.h"
#include "terms/anatomy.h"
#include "terms/image_kind.h"

struct hep_lesion_limits; /* lesions/limits.h */

struct hep_lesion_image {
    const struct hep_volume *volume; /* on the reference grid, nt = 1; NULL when absent */
    double native_mm[3];             /* voxel size of the series as acquired, along its own axes */
    bool moved;                      /* by a transform: interpolated between its voxels */
    double registration_mm; /* residual misalignment to the reference expected, median [mm]; 0 for
                               the reference itself; NaN unknown */
    const char *absent_reason; /* when volume is NULL */
    bool withheld; /* absent because its values contradict physics, as absent_reason says */
};

struct hep_lesion_study {
    struct hep_grid grid;
    struct hep_lesion_image image[HEP_IMAGE_COUNT];
    double b_high_s_per_mm2, b_low_s_per_mm2; /* NaN without diffusion */
    double field_t;
    const struct hep_labels *liver;   /* required, not empty */
    const struct hep_labels *anatomy; /* enum hep_anatomy; may be NULL */
    const struct hep_agent *agent;    /* NULL without contrast */
    struct hep_phase_timing timing[HEP_PHASE_COUNT];
    bool comparable[HEP_PHASE_COUNT]; /* same sequence as the precontrast series, and its gain is
                                         known and taken out of the image: relative enhancement may
                                         be used */
    const char *incomparable_reason[HEP_PHASE_COUNT]; /* where it may not; may be NULL */
    bool gain_unknown[HEP_PHASE_COUNT]; /* nor may its signals be compared with another phase's */
    struct hep_adequacy arterial, hepatobiliary, motion; /* of the arterial phase */
    double arterial_weight;                              /* factor for arterial evidence, 0..1 */
    const struct hep_lesion_limits *limits;
    int nthreads;
};

#endif
