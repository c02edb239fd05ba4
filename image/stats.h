/**
 * @file  image/stats.h
 * @brief Robust statistics of values and of volumes over masks. Non-finite values are left out and
 * counted.
 */
#ifndef HEP_IMAGE_STATS_H
#define HEP_IMAGE_STATS_H

#include "image/volume.h"

struct hep_stats {
    size_t n, n_nonfinite;
    double mean, sd, median, mad;        /* mad: 1.4826 * median |x - median| */
    double q05, q25, q75, q95, min, max; /* quantiles by linear interpolation (type 7) */
    double skewness,
        kurtosis; /* m3 / m2^(3/2), m4 / m2^2 - 3 (0 for a normal distribution): Zwanenburg et al.,
                                  Radiology 2020;295:328, features KE2M and IPH6; NaN when all are equal */
};

/** All NaN (and n = 0) for an empty set; sd NaN for n = 1. Values are not changed. */
int hep_stats_of(struct hep_stats *out, const float *x, size_t n,
                 struct hep_error *err) HEP_MUST_CHECK;
/** Over the voxels of volume t where mask == label (label < 0: not 0). Grids must agree: HEP_EGEOM.
 */
int hep_stats_masked(struct hep_stats *out, const struct hep_volume *v, size_t t,
                     const struct hep_labels *mask, int32_t label,
                     struct hep_error *err) HEP_MUST_CHECK;
/**
 * Of the first volume, over the voxels of each label 1 .. n_labels - 1 in one go.
 * @param[out] out [n_labels]; out[0] and labels without voxels as for an empty set
 * @param[in] nthreads >= 1; the result does not depend on it
 * @return HEP_EGEOM when the grids differ; HEP_ENOMEM
 */
int hep_stats_by_label(struct hep_stats *out, int32_t n_labels, const struct hep_volume *v,
                       const struct hep_labels *map, int nthreads,
                       struct hep_error *err) HEP_MUST_CHECK;
/** q in [0, 1] of n values; x is reordered; NaN for n = 0. */
double hep_quantile(float *x, size_t n, double q);
/** Histogram of finite values; values outside [lo, hi] fall in no bin. counts[nbins]. */
void hep_histogram(size_t *counts, size_t nbins, double lo, double hi, const float *x, size_t n);
/** Threshold between two classes (Otsu 1979) over 256 bins of the finite values. */
int hep_otsu(double *threshold, const float *x, size_t n, struct hep_error *err) HEP_MUST_CHECK;
/**
 * The same between air and tissue: what is much brighter than most tissue (fluid on T2 and
 * diffusion, vessels, a receive hot spot) is clipped first, so that it does not move a dark liver
 * to the air.
 * @param[out] darkest tenth percentile of the finite values; may be NULL
 * @return HEP_EDATA: fewer than two different finite values; HEP_ENOMEM
 */
int hep_otsu_tissue(double *threshold, double *darkest, const float *x, size_t n,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
