/**
 * @file  lesions/flag_fit.h
 * @brief The model of a flag (lesions/flag_table.h) fitted to lesions of which the truth is known.
 *
 * Model:   the bias, errors and rates that make
 *          -sum w ln(e + (1 - 2 e) P) + 1/2 sum ((x - x_before) / spread)^2
 *          least, P of the truth of each lesion. Present and absent weigh half each, since how common
 *          a flag is among these lesions is no property of the measurement. e = 0.01 is the share of
 *          labels that may be wrong, as where two lesions touch, and bounds what one of them weighs.
 *          x are bias and bias / diameter as they are, errors and rates as their logarithms; the
 *          spreads, how far a fit may go from the table before: 0.01 and 0.1 of the margin, a factor
 *          of two of an error, of 4.5 of a rate
 * Source:  maximum likelihood with a normal prior: Gelman et al., Bayesian Data Analysis, 2013, sec. 4.1;
 *          least value by the simplex of Nelder and Mead, Comput J 1965;7:308 (GSL)
 * Valid:   P rises with the margin for every model that is fitted
 */
#ifndef HEP_LESIONS_FLAG_FIT_H
#define HEP_LESIONS_FLAG_FIT_H

#include "lesions/flag_table.h"

/** Fewer lesions of either kind and a flag keeps the model before: nine absent washouts made one that was wrong. */
#define HEP_FLAG_FIT_MIN 15

/** One lesion: what was measured, and whether the flag is truly present. */
struct hep_flag_sample {
    double margin, se, size_voxels; /* as in flag_table.h; finite */
    bool is_present;
    bool left_out; /* of this fit, for a cross-validation */
};

/**
 * @param[in,out] model bias, errors and rates before; those of the fit, rounded to 4 significant digits.
 * Untouched where fewer than HEP_FLAG_FIT_MIN samples are present or absent
 * @return HEP_ENOMEM
 */
int hep_flag_model_fit(struct hep_flag_model *model, const struct hep_flag_sample *samples,
                       size_t n, struct hep_error *err) HEP_MUST_CHECK;

#endif
