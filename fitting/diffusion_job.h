/**
 * @file  fitting/diffusion_job.h
 * @brief The constants of a diffusion fit, and blocks of voxels. Private to this folder.
 */
#ifndef HEP_FITTING_DIFFUSION_JOB_H
#define HEP_FITTING_DIFFUSION_JOB_H

#include "fitting/diffusion_work.h"

/** Fill a job from input and settings; the scheme says which volumes are used. All errors of
 *  hep_diffusion_fit() that concern input and settings. */
int hep_diffusion_job_init(struct hep_diffusion_job *job, const struct hep_diffusion_input *in,
                           const struct hep_diffusion_settings *set,
                           struct hep_error *err) HEP_MUST_CHECK;
/** The same data with the mono-exponential model: for the model choice. */
void hep_diffusion_job_mono(struct hep_diffusion_job *mono, const struct hep_diffusion_job *job);

/** Voxels inside the mask, ascending; *voxels is NULL where there is no mask: all.
 *  @param[out] voxels the caller's, by free() */
int hep_diffusion_list(size_t **voxels, size_t *n, const struct hep_diffusion_input *in,
                       int n_threads, struct hep_error *err) HEP_MUST_CHECK;

/** Parameters estimated from a voxel's own data, in one step or in several. */
double hep_diffusion_n_estimated(const struct hep_diffusion_job *job);

/** Rows for n points, one allocation. */
int hep_diffusion_block_init(struct hep_diffusion_block *blk, size_t n,
                             struct hep_error *err) HEP_MUST_CHECK;
void hep_diffusion_block_release(struct hep_diffusion_block *blk);

/** lo and hi of every voxel from the job; S0 fixed to the b = 0 signal where that is asked for. */
void hep_diffusion_block_bounds(const struct hep_diffusion_job *job,
                                struct hep_diffusion_block *blk);

/** A voxel with fewer usable points than parameters, or whose fixed S0 was not measured. */
static inline bool hep_diffusion_is_bad(const struct hep_diffusion_job *job,
                                        const struct hep_diffusion_block *blk, size_t i)
{
    return blk->n_usable[i] < (double)job->n_needed || (job->fixed[0] && !(blk->w[i] > 0.0));
}

#endif
