/**
 * @file  fitting/diffusion_errors.h
 * @brief Variances of estimates that are not one least-squares fit of all parameters. Private to
 * this folder.
 *
 * To first order every estimate is linear in the signals, dp = G dS. G is written down step by
 * step: ln S on b with equal weights, whose errors differ by 1/S (the sandwich of White,
 * Econometrica 1980;48:817, with the noise of a magnitude known to be equal in S); D and f from the
 * line through the high b-values; then least squares of what is left, where the errors of the steps
 * before enter through the cross terms of J^T W J. Then var(p) = sigma^2 G W^-1 G^T, and sigma^2 is
 * the residual sum of squares over its expected value for that G.
 */
#ifndef HEP_FITTING_DIFFUSION_ERRORS_H
#define HEP_FITTING_DIFFUSION_ERRORS_H

#include "fitting/diffusion_work.h"

/** True when J^T W J alone does not give the variances: fixed S0, segmented methods, ols. */
bool hep_diffusion_is_stepwise(const struct hep_diffusion_job *job);

/**
 * @param[out] variance [np], over sigma^2; NaN on bounds and where the data do not determine it
 * @param[out] dof      expected residual sum of squares over sigma^2
 * @param[in]  v        jtj at the solution
 */
void hep_diffusion_step_errors(double *variance, double *dof, const struct hep_diffusion_job *job,
                               const struct hep_lm_voxel *v);

#endif
