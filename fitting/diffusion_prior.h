/**
 * @file  fitting/diffusion_prior.h
 * @brief The method bayes: ln D* has a normal distribution over the mask, which is learnt from it.
 * Private to this folder.
 *
 * Empirical Bayes with a normal prior as in Orton et al., MRM 2011;65:911, but on D* alone: S0, f
 * and D have none, so that a small lesion is not drawn to the f and D of the organ around it. Mean
 * and SD maximise the likelihood by expectation-maximisation with Laplace's approximation, the SD
 * not below that between published tissues; then every voxel has its posterior mode. The prior is
 * one more sample of the fit: a measured ln D* with the prior's SD.
 */
#ifndef HEP_FITTING_DIFFUSION_PRIOR_H
#define HEP_FITTING_DIFFUSION_PRIOR_H

#include "fitting/diffusion_work.h"

/** Blocks of voxels from all over the mask that the prior is learnt from. */
#define HEP_DIFFUSION_PRIOR_BLOCKS 4

/** The sample of the prior into a loaded block; without weight while there is none. */
void hep_diffusion_put_prior(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk);

/** Take its residual out of rss. */
void hep_diffusion_remove_prior(const struct hep_diffusion_job *job,
                                struct hep_diffusion_block *blk);

/**
 * Learn job->prior_mean and prior_sd; job->noise must be set.
 * @param[in,out] sample n blocks with data and estimates without a prior
 * @param[in]     gsl    [n_threads]
 */
void hep_diffusion_learn_prior(struct hep_diffusion_job *job,
                               const struct hep_diffusion_kernels *kernels,
                               struct hep_diffusion_block *sample, size_t n,
                               struct hep_lm_gsl *const *gsl, int n_threads);

#endif
