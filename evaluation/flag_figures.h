/**
 * @file  evaluation/flag_figures.h
 * @brief How well flags do, by flag, truth and size of the lesion.
 * Model:   of lesions that were found, for which truth and finding give the flag and the truth says
 *          present or absent. Sensitivity, specificity, area and calibration are of those that the
 *          finding could assess. The area ranks by the probability that the flag is present, or
 *          where a finding has none by how far its value lies beyond its limit. Calibration error
 *          is that of calibration.h. Intervals: bootstrap by patient. The oracle ranks the same
 *          lesions, assessable or not, by the value of the visible truth
 */
#ifndef HEP_EVALUATION_FLAG_FIGURES_H
#define HEP_EVALUATION_FLAG_FIGURES_H

#include "base/estimate.h"
#include "evaluation/cases.h"

/** By long axis [mm]; those of 8 mm and more hold two others, all holds every lesion. */
enum hep_flag_size {
    HEP_FLAG_SIZE_5_8,
    HEP_FLAG_SIZE_8_15,
    HEP_FLAG_SIZE_FROM_15,
    HEP_FLAG_SIZE_FROM_8,
    HEP_FLAG_SIZE_ALL,
    HEP_FLAG_SIZES
};

struct hep_flag_figures {
    const char *flag, *truth, *size; /* names; static */
    enum hep_flag_size size_class;
    size_t n, n_present; /* lesions, and those of them that truly have it */
    struct hep_proportion not_assessable, sensitivity, specificity;
    struct hep_interval area; /* under the receiver operating characteristic */
    /* The same of the value that noise-free images show: what the acquisition allows. */
    struct hep_interval oracle_area;
    size_t n_probability; /* that have one */
    struct hep_interval calibration_error;
};

#define HEP_FLAG_FIGURES ((size_t)HEP_FLAG_COUNT * HEP_TRUTH_COLUMNS * HEP_FLAG_SIZES)
/** Place in the list. */
size_t hep_flag_figures_at(enum hep_flag flag, enum hep_flag_truth truth, enum hep_flag_size size);

/** @param[out] out HEP_FLAG_FIGURES of them. HEP_EINVAL for no replicates; HEP_ENOMEM. */
int hep_flag_figures_of(struct hep_flag_figures *out, const struct hep_eval_data *data,
                        size_t replicates, uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;

#endif
