/**
 * @file  evaluation/froc.h
 * @brief Free-response curve: sensitivity per lesion against false positives per study.
 * Source:  Bunch et al., J Appl Photogr Eng 1978;4:166-171; operating points and their mean (CPM)
 *          after Setio et al., Med Image Anal 2017;42:1-13
 * Differs: a step, not a line, between thresholds: the sensitivity at x false positives is the
 *          highest that was reached with at most x, so nothing is claimed that no threshold gives
 */
#ifndef HEP_EVALUATION_FROC_H
#define HEP_EVALUATION_FROC_H

#include <stdbool.h>
#include <stddef.h>

#define HEP_FROC_N 7
/** False positives per study: 0.125, 0.25, 0.5, 1, 2, 4, 8. */
extern const double hep_froc_rates[HEP_FROC_N];

/** One detected lesion, or one false positive. */
struct hep_froc_mark {
    double score; /* finite */
    size_t patient;
    bool is_true;
};

struct hep_froc_point {
    double threshold, false_per_study, sensitivity;
};

/** Highest score first, ties by patient and truth: call once before the functions below. */
void hep_froc_sort(struct hep_froc_mark *marks, size_t n);

/**
 * Sensitivity at each of the rates, and their mean.
 * @param[in] marks   sorted, each true mark another lesion
 * @param[in] weight  of each patient; NULL: all 1
 * @param[in] lesions weighted number of lesions; 0 gives NaN
 * @param[in] studies weighted number of studies; 0 gives NaN
 */
void hep_froc_at(double sensitivity[HEP_FROC_N], double *mean, const struct hep_froc_mark *marks,
                 size_t n, const double *weight, double lesions, double studies);

/** The corners of the curve, one per distinct score. @param[out] out shape [n]. @return how many */
size_t hep_froc_curve(struct hep_froc_point *out, const struct hep_froc_mark *marks, size_t n,
                      double lesions, double studies);

#endif
