/**
 * @file  lesions/series.h
 * @brief One lesion in every series: what the liver beside it shows, where the lesion lies in the
 * series, and the signal of each of its parts with the covariance.
 *
 * Model:   signal(x) = field(x) * (sum over parts share(x - shift) * mean + noise). The field is
 *          linear across the box, by a robust fit to the ring of liver with the prior that receive
 *          fields change by series.field_slope_per_mm. Noise and texture: robust SD, correlation over
 *          one and two voxels, and correlation with other series, all of that ring's residuals. The shift
 *          (at most 3 mm) has a Gaussian prior whose median length is the registration's residual;
 *          it, the point spread in the image's plane (a Gaussian of variance b changes the prediction
 *          by b / 2 times its second derivatives), the places of the lesion's and of the core's border
 *          (SD 0.3 voxel each) and the signal of what is neither lesion nor liver are nuisances of the
 *          same least squares, so that the parts' errors hold theirs. Voxels at either border, whose shares a map of whole voxels
 *          leaves uncertain, count less.
 *          Rim and core are drawn together by a prior as wide as the lesion's own signal, which
 *          keeps parts that the series does not tell apart finite, with that error.
 * Source:  Rousset, Ma and Evans, J Nucl Med 1998;39:904-911
 */
#ifndef HEP_LESIONS_SERIES_H
#define HEP_LESIONS_SERIES_H

#include "lesions/shells.h"

/** Parts of a lesion, and the liver around it. */
enum hep_part { HEP_PART_RIM, HEP_PART_CORE, HEP_PART_OTHER, HEP_PART_LIVER, HEP_PART_COUNT };
enum { HEP_LESION_PARTS = HEP_PART_LIVER };

/** A lesion's parts on the voxels of its box; probabilities that add up to 1 in the lesion. */
struct hep_parts {
    size_t n; /* parts that the images tell apart: 1 (rim and core are then by depth), 2, 3 */
    float *share[HEP_LESION_PARTS];  /* [voxels of the box]; owned */
    double voxels[HEP_LESION_PARTS]; /* sums of the shares */
    double samples;                  /* independent ones among the lesion's voxels */
};

struct hep_series {
    float *signal;   /* [voxels of the box] without the field; NaN outside the field of view; NULL:
                        the series is missing or shows no liver here; owned */
    float *residual; /* [voxels of the ring] of the liver, in SD; NaN missing; owned */
    double liver, slope_per_mm[3];  /* of the field along the box's axes, at the lesion's centre */
    double sd, rho[3], noise_share; /* noise and texture of the liver: lesions/series_solve.h */
    double shift_mm[3], shift_sd_mm[3];
    double blur, blur_sd; /* variance of the point spread, in voxels^2 of the series as acquired */
    double share_max;     /* largest share of lesion in one voxel */
    double
        spread[HEP_LESION_PARTS]; /* of the residuals where the part fills half a voxel or more */
    double value[HEP_PART_COUNT], cov[HEP_PART_COUNT][HEP_PART_COUNT]; /* NaN: not explained */
};

/** All images of a study at one lesion. */
struct hep_series_set {
    struct hep_series of[HEP_IMAGE_COUNT];
    float *work; /* HEP_SERIES_WORK times the voxels of the box; owned */
};
enum { HEP_SERIES_WORK = 15 };

/** Signals and liver of every image. HEP_ENOMEM. */
int hep_series_set_init(struct hep_series_set *out, const struct hep_lesion_study *study,
                        const struct hep_shells *box, struct hep_error *err) HEP_MUST_CHECK;
void hep_series_set_release(struct hep_series_set *s);

/** How much is asked: values alone, with the shifts that are known; shifts too, with errors that need
 * not count how noise correlates; everything. */
enum hep_series_effort { HEP_SERIES_VALUES, HEP_SERIES_DRAFT, HEP_SERIES_ALL };

/** Shift and parts of every image; images acquired together move together. HEP_ENOMEM. */
int hep_series_explain(struct hep_series_set *s, const struct hep_lesion_study *study,
                       const struct hep_shells *box, const struct hep_parts *parts,
                       enum hep_series_effort effort, struct hep_error *err) HEP_MUST_CHECK;

/** Correlation of the liver's residuals of two images; 0 where it is not known. */
double hep_series_correlation(const struct hep_series *a, const struct hep_series *b,
                              const struct hep_shells *box);

/** The image that speaks for all that were acquired with this one. */
enum hep_image hep_series_leader(const struct hep_series_set *s, enum hep_image image);

#endif
