#include "fitting/diffusion_prior.h"
#include "fitting/diffusion_search.h"

#include <math.h>
#include <omp.h>

/* Median and SD of ln D* over 14 published tissues (OSIPI's collection): where learning begins, and
 * the narrowest prior, because a lesion is another tissue than the organ that fills the mask. */
#define PUBLISHED_DSTAR 30.0 /* um2/ms */
#define PUBLISHED_SD 0.7
#define MAX_ROUNDS 60
#define TOLERANCE 2e-3 /* of the SD */
#define DSTAR 3        /* row */

void hep_diffusion_put_prior(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)
{
    double *y = blk->y + job->scheme.n_b * HEP_FIT_BLOCK;
    double *w = blk->w + job->scheme.n_b * HEP_FIT_BLOCK;

    if (job->n_points == job->scheme.n_b)
        return;
    for (size_t i = 0; i < blk->count; i++) {
        double weight = job->prior_sd > 0.0 ? job->noise / (blk->scale[i] * job->prior_sd) : 0.0;

        y[i] = job->prior_mean;
        w[i] = weight * weight;
    }
}

void hep_diffusion_remove_prior(const struct hep_diffusion_job *job,
                                struct hep_diffusion_block *blk)
{
    const double *y = blk->y + job->scheme.n_b * HEP_FIT_BLOCK;
    const double *w = blk->w + job->scheme.n_b * HEP_FIT_BLOCK;

    if (job->n_points == job->scheme.n_b)
        return;
    for (size_t i = 0; i < blk->count; i++) {
        double r = y[i] - log(blk->p[(size_t)DSTAR * HEP_FIT_BLOCK + i]);

        blk->rss[i] = fmax(blk->rss[i] - w[i] * r * r, 0.0);
    }
}

/* Sums over voxels of ln D* and its square, with the variance that each has left. */
struct moments {
    double n, sum, square;
};

static struct moments moments_of(const struct hep_diffusion_job *job,
                                 const struct hep_diffusion_block *blk)
{
    const double *dstar = blk->p + (size_t)DSTAR * HEP_FIT_BLOCK;
    const double *variance = blk->variance + (size_t)DSTAR * HEP_FIT_BLOCK;
    struct moments m = { 0.0, 0.0, 0.0 };

    for (size_t i = 0; i < blk->count; i++) {
        double sigma = job->noise / blk->scale[i], u = log(dstar[i]);
        double left = variance[i] * sigma * sigma / (dstar[i] * dstar[i]);

        if (hep_diffusion_is_bad(job, blk, i) || !(blk->settled[i] > 0.0))
            continue;
        m.n += 1.0;
        m.sum += u;
        m.square += u * u + (isfinite(left) ? left : 0.0);
    }
    return m;
}

static bool update(struct hep_diffusion_job *job, const struct moments *m, size_t n)
{
    struct moments all = { 0.0, 0.0, 0.0 };
    double mean, sd, change;

    for (size_t i = 0; i < n; i++) {
        all.n += m[i].n;
        all.sum += m[i].sum;
        all.square += m[i].square;
    }
    if (!(all.n > 0.0))
        return false;
    mean = all.sum / all.n;
    sd = fmax(sqrt(fmax(all.square / all.n - mean * mean, 0.0)), PUBLISHED_SD);
    change = fmax(fabs(mean - job->prior_mean), fabs(sd - job->prior_sd));
    job->prior_mean = mean;
    job->prior_sd = sd;
    return change > TOLERANCE * sd;
}

void hep_diffusion_learn_prior(struct hep_diffusion_job *job,
                               const struct hep_diffusion_kernels *kernels,
                               struct hep_diffusion_block *sample, size_t n,
                               struct hep_lm_gsl *const *gsl, int n_threads)
{
    struct moments m[HEP_DIFFUSION_PRIOR_BLOCKS];

    job->prior_mean = log(PUBLISHED_DSTAR);
    job->prior_sd = PUBLISHED_SD;
    for (int round = 0; round < MAX_ROUNDS; round++) {
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1)
        for (size_t i = 0; i < n; i++) {
            hep_diffusion_put_prior(job, &sample[i]);
            (void)hep_diffusion_fit_once(kernels, job, &sample[i], gsl[omp_get_thread_num()]);
            kernels->variance[job->kind](job, &sample[i]);
            m[i] = moments_of(job, &sample[i]);
        }
        if (!update(job, m, n))
            break;
    }
}
