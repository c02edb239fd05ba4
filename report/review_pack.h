/**
 * @file  report/review_pack.h
 * @brief A volume made small enough to stand inside a page: cropped, in 8 or 16 bits, deflated, as text.
 *
 * Value = intercept + slope * code, code 0: no value. Codes run over the range that is given, widened by itself on either
 * side and cut at the extremes that occur; what lies beyond takes the first or last code. 8 bits serve when their step
 * is at most half the standard deviation of the noise, as acquired: rounding then adds step / sqrt(12) in quadrature,
 * 1 % of the noise. Coded are differences along x, low bytes before high bytes.
 * Internal to the report.
 */
#ifndef HEP_REPORT_REVIEW_PACK_H
#define HEP_REPORT_REVIEW_PACK_H

#include "base/text.h"
#include "image/volume.h"

/** Part of a grid, in voxels. */
struct hep_crop {
    size_t from[3], n[3];
};

struct hep_packed {
    int bits; /* 8, 16 */
    double slope, intercept;
    bool cut_low, cut_high; /* values lie beyond the first, the last code */
};

/** The box of the voxels of a mask, `margin` voxels wider where the grid has them; all of the grid for an empty mask. */
void hep_crop_of(struct hep_crop *out, const struct hep_labels *mask, size_t margin);

/** Standard deviation of the noise of a volume on its own grid; NaN where there are too few voxels to tell. */
int hep_pack_noise(double *noise, const struct hep_volume *v, struct hep_error *err) HEP_MUST_CHECK;

struct hep_pack_range {
    double lo, hi; /* NaN: the 0.1th and 99.9th percentile */
    double noise;  /* hep_pack_noise(); NaN: 16 bits */
};
/** @param[out] text base64 of the gzip stream, appended */
int hep_pack_volume(struct hep_str *text, struct hep_packed *out, const struct hep_volume *v,
                    const struct hep_crop *crop, const struct hep_pack_range *range, int nthreads,
                    struct hep_error *err) HEP_MUST_CHECK;
/** Labels as 16-bit numbers. HEP_EINVAL for a label beyond 65535. */
int hep_pack_labels(struct hep_str *text, const struct hep_labels *l, const struct hep_crop *crop,
                    int nthreads, struct hep_error *err) HEP_MUST_CHECK;

#endif
