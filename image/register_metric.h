/**
 * @file  image/register_metric.h
 * @brief How well two volumes fit: mutual information, a search of shifts to start from, and what a
 *        deformation does to volumes.
 *
 * Model:   mutual information in nat of the joint histogram of the voxels in a mask, with the
 *          correction of Miller and Madow for its bias
 * Source:  Maes et al., IEEE TMI 1997;16:187-198; Miller 1955 (bias)
 */
#ifndef HEP_IMAGE_REGISTER_METRIC_H
#define HEP_IMAGE_REGISTER_METRIC_H

#include "image/resample.h"

/**
 * Mutual information of volume t = 0 of each over the mask; voxels where either is not finite are
 * left out. Bins between the 0.5 % and 99.5 % quantiles of each, values beyond in the outer bins.
 * @param[out] mi  [nat], about 0 for independent values; NaN for fewer than 100 voxels
 * @param[out] n   voxels used; may be NULL
 * @param[in]  bins 2 to 256
 * @return HEP_EGEOM when the grids differ, HEP_EINVAL, HEP_ENOMEM
 */
int hep_mutual_information(double *mi, size_t *n, const struct hep_volume *a,
                           const struct hep_volume *b, const struct hep_labels *mask, int bins,
                           struct hep_error *err) HEP_MUST_CHECK;

/**
 * The same moving volume under several transforms, compared over the voxels that all of them
 * reach, so that a transform gains nothing by leaving the image.
 * @param[out] mi       n values [nat]
 * @param[out] overlap  n shares of the mask inside the moving volume; may be NULL
 * @param[in]  t        n transforms; NULL entries are the identity
 */
int hep_register_compare(double *mi, double *overlap, const struct hep_volume *fixed,
                         const struct hep_volume *moving, const struct hep_labels *mask,
                         const struct hep_transform *const *t, size_t n, int bins,
                         struct hep_error *err) HEP_MUST_CHECK;

/**
 * The shift along the world's z axis (head to feet) that fits best, tried in steps of step_mm up to
 * range_mm; 0 unless another is better by a share of `gain`.
 * @param[out] shift_mm RAS, to be added to a point of the fixed volume
 */
int hep_register_search(double shift_mm[3], const struct hep_volume *fixed,
                        const struct hep_volume *moving, const struct hep_labels *mask,
                        double range_mm, double step_mm, double gain,
                        struct hep_error *err) HEP_MUST_CHECK;

/** Local volume change of x -> A x + d(x) over the voxels of a mask on the displacement's grid. */
struct hep_jacobian {
    double min, max, q01, q99;
    double folded_frac; /* share with a determinant <= 0 */
};
int hep_register_jacobian(struct hep_jacobian *out, const struct hep_transform *t,
                          const struct hep_labels *mask, struct hep_error *err) HEP_MUST_CHECK;

#endif
