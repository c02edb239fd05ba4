/**
 * @file  followup/visit.h
 * @brief One visit as the follow-up sees it: its findings, where they lie in the baseline's space, and what its images
 *        show of that space.
 */
#ifndef HEP_FOLLOWUP_VISIT_H
#define HEP_FOLLOWUP_VISIT_H

#include "image/volume.h"
#include "terms/finding.h"

/** A lesion, or a candidate that the detector did not keep. */
struct hep_visit_lesion {
    const struct hep_finding *finding; /* borrowed */
    double place_mm[3];                /* of its centre in the baseline's space */
    bool kept;                         /* false: a candidate */
    bool treated;                      /* by ablation, embolisation or radiation */
    bool beside_zone; /* touches a treated zone of this visit or of an earlier one */
};

/** All borrowed. Label maps lie on one grid in the baseline's space. */
struct hep_visit {
    const char *session;
    double days;                      /* since the baseline; NaN: unknown */
    struct hep_visit_lesion *lesions; /* those that were kept first */
    size_t n;
    const struct hep_labels
        *labels; /* of the lesions, by the id of the finding; NULL: they are balls */
    const struct hep_labels *seen;  /* what its images cover; NULL: everything */
    const struct hep_labels *liver; /* NULL: not known */
    double residual_mm; /* of its alignment with the baseline; 0 of the baseline itself */
    double slice_mm;    /* thickness of the slices that it was measured on */
    double voxel_mm;    /* of them in their plane; 0: not known */
    const char *cannot; /* why no lesion of it can be judged; NULL */
};

/** Diameter of the ball of its volume; NaN: unknown. */
double hep_visit_diameter_mm(const struct hep_visit_lesion *lesion);
/** Of a lesion without one, the ball of its long axis; NaN: unknown. */
double hep_visit_volume_ml(const struct hep_visit_lesion *lesion);
/** Of a candidate without one, the diameter that it was judged by. */
double hep_visit_long_axis_mm(const struct hep_visit_lesion *lesion);

/** Share of lesion a of one visit that lies inside lesion b of another, by their outlines, else as balls. */
double hep_visit_share_inside(const struct hep_visit *of, size_t a, const struct hep_visit *in,
                              size_t b);
/** Share of lesion a's place that is set in a mask; 1 for NULL. */
double hep_visit_share_of(const struct hep_visit *of, size_t a, const struct hep_labels *mask);

#endif
