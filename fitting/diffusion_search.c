#include "fitting/diffusion_search.h"

#include <math.h>

/* Fits that end with less perfusion than this are tried again from elsewhere. */
#define SMALL_F 0.1

static void fit_by_gsl(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                       struct hep_lm_gsl *gsl, size_t i)
{
    double y[HEP_DIFFUSION_MAX_B], w[HEP_DIFFUSION_MAX_B];
    struct hep_lm_voxel v;

    hep_diffusion_get_voxel(&v, y, w, job, blk, i);
    hep_lm_gsl_fit(gsl, &v);
    hep_diffusion_put_voxel(blk, &v, job->np, i);
}

size_t hep_diffusion_fit_once(const struct hep_diffusion_kernels *kernels,
                              const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                              struct hep_lm_gsl *gsl)
{
    size_t n_gsl = 0;

    if (kernels->fit[job->kind] != NULL)
        kernels->fit[job->kind](job, blk);
    else
        (void)memset(blk->settled, 0, HEP_FIT_BLOCK * sizeof *blk->settled);
    for (size_t i = 0; i < blk->count; i++) {
        if (blk->settled[i] > 0.0 || hep_diffusion_is_bad(job, blk, i))
            continue;
        fit_by_gsl(job, blk, gsl, i);
        n_gsl++;
    }
    return n_gsl;
}

/* One voxel's data and start into column j of another block. */
static void copy_again(struct hep_diffusion_block *to, size_t j,
                       const struct hep_diffusion_block *from, size_t i, const double *start,
                       const struct hep_diffusion_job *job)
{
    for (size_t k = 0; k < job->scheme.n_b; k++) {
        to->y[k * HEP_FIT_BLOCK + j] = from->y[k * HEP_FIT_BLOCK + i];
        to->w[k * HEP_FIT_BLOCK + j] = from->w[k * HEP_FIT_BLOCK + i];
    }
    for (size_t r = 0; r < job->np; r++) {
        to->lo[r * HEP_FIT_BLOCK + j] = from->lo[r * HEP_FIT_BLOCK + i];
        to->hi[r * HEP_FIT_BLOCK + j] = from->hi[r * HEP_FIT_BLOCK + i];
        to->p[r * HEP_FIT_BLOCK + j] = start[r * HEP_FIT_BLOCK + i];
    }
    to->n_usable[j] = from->n_usable[i];
    to->voxel[j] = i;
}

/* Where the second fit ended better than the first, it counts. */
static void keep_better(struct hep_diffusion_block *blk, const struct hep_diffusion_block *again,
                        const struct hep_diffusion_job *job)
{
    double y[HEP_DIFFUSION_MAX_B], w[HEP_DIFFUSION_MAX_B];
    struct hep_lm_voxel v;

    for (size_t j = 0; j < again->count; j++) {
        size_t i = again->voxel[j];
        bool settled = again->settled[j] > 0.0, had = blk->settled[i] > 0.0;

        if ((settled && !had) || (settled == had && again->rss[j] < blk->rss[i])) {
            hep_diffusion_get_voxel(&v, y, w, job, again, j);
            hep_diffusion_put_voxel(blk, &v, job->np, i);
        }
    }
}

/* Ends that a better minimum often lies apart from: on a bound, or with little perfusion. */
static bool is_suspicious(const struct hep_diffusion_job *job,
                          const struct hep_diffusion_block *blk, size_t i)
{
    bool bound = blk->p[HEP_FIT_BLOCK + i] < SMALL_F;

    for (size_t r = 1; r < job->np; r++) {
        double p = blk->p[r * HEP_FIT_BLOCK + i];

        bound = bound || (!job->fixed[r] && (p <= job->lo[r] || p >= job->hi[r]));
    }
    return bound;
}

struct inner {
    const double *w;
    size_t n;
};

static double dot(const struct inner *m, const double *a, const double *b)
{
    double sum = 0.0;

    for (size_t k = 0; k < m->n; k++)
        sum += m->w[k] * a[k] * b[k];
    return sum;
}

static void remove_part(const struct inner *m, double *v, const double *direction)
{
    double c = dot(m, v, direction) / fmax(dot(m, direction, direction), 1e-300);

    for (size_t k = 0; k < m->n; k++)
        v[k] -= c * direction[k];
}

/* At f = 0 the slope by D* vanishes and a fit stays where it is. The D* whose decay explains most
 * of the residual, beyond what S0 and D can; false when none would give a positive f. */
static bool leave_zero(double *dstar, const struct hep_diffusion_job *job,
                       const struct hep_lm_voxel *v)
{
    double level[HEP_DIFFUSION_MAX_B], slope[HEP_DIFFUSION_MAX_B], fast[HEP_DIFFUSION_MAX_B];
    double residual[HEP_DIFFUSION_MAX_B], best = 0.0;
    const struct inner m = { v->w, v->n };

    for (size_t k = 0; k < v->n; k++) {
        level[k] = exp(-job->x[k][0] * v->p[2]);
        slope[k] = job->x[k][0] * level[k];
        residual[k] = v->y[k] - v->p[0] * level[k];
    }
    remove_part(&m, slope, level);
    for (size_t j = 0; j < HEP_DIFFUSION_GRID_DSTAR; j++) {
        double gain, size;

        (void)memcpy(fast, job->decay_dstar[j], v->n * sizeof *fast);
        remove_part(&m, fast, level);
        remove_part(&m, fast, slope);
        gain = dot(&m, fast, residual);
        size = dot(&m, fast, fast);
        if (gain > 0.0 && size > 0.0 && gain * gain / size > best) {
            best = gain * gain / size;
            *dstar = job->grid_dstar[j];
        }
    }
    return best > 0.0;
}

static size_t fit_from_zero(const struct hep_diffusion_kernels *kernels,
                            const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                            struct hep_diffusion_block *again, struct hep_lm_gsl *gsl)
{
    double y[HEP_DIFFUSION_MAX_B], w[HEP_DIFFUSION_MAX_B], dstar = 0.0;
    struct hep_lm_voxel v;
    size_t n_gsl;

    again->count = 0;
    for (size_t i = 0; i < blk->count; i++) {
        double f = blk->p[HEP_FIT_BLOCK + i];

        if (job->fixed[1] || f > job->lo[1] || job->lo[1] > 0.0 ||
            hep_diffusion_is_bad(job, blk, i))
            continue;
        hep_diffusion_get_voxel(&v, y, w, job, blk, i);
        if (!leave_zero(&dstar, job, &v))
            continue;
        copy_again(again, again->count, blk, i, blk->p, job);
        again->p[HEP_FIT_BLOCK + again->count] = 0.02 * job->hi[1];
        again->p[(size_t)3 * HEP_FIT_BLOCK + again->count++] = dstar;
    }
    n_gsl = hep_diffusion_fit_once(kernels, job, again, gsl);
    keep_better(blk, again, job);
    return n_gsl;
}

/* Least squares of every voxel from its start values, of which the better end is kept; returns how
 * many fits went to GSL. */
size_t hep_diffusion_search(const struct hep_diffusion_kernels *kernels,
                            const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                            struct hep_diffusion_block *again, struct hep_lm_gsl *gsl)
{
    static const size_t range[] = { 0, 3, 6, HEP_DIFFUSION_GRID_DSTAR };
    size_t n_gsl = hep_diffusion_fit_once(kernels, job, blk, gsl);

    if (job->kind != HEP_KIND_IVIM)
        return n_gsl;
    again->count = 0;
    for (size_t i = 0; i < blk->count; i++) {
        if (blk->n_start[i] > 1.0 && !hep_diffusion_is_bad(job, blk, i))
            copy_again(again, again->count++, blk, i, blk->second, job);
    }
    n_gsl += hep_diffusion_fit_once(kernels, job, again, gsl);
    keep_better(blk, again, job);
    again->count = 0;
    for (size_t i = 0; i < blk->count; i++) {
        if (!hep_diffusion_is_bad(job, blk, i) && is_suspicious(job, blk, i))
            copy_again(again, again->count++, blk, i, blk->p, job);
    }
    for (size_t g = 0; g + 1 < sizeof range / sizeof range[0]; g++) {
        for (size_t j = 0; j < again->count; j++)
            again->p[(size_t)2 * HEP_FIT_BLOCK + j] =
                blk->p[(size_t)2 * HEP_FIT_BLOCK + again->voxel[j]];
        kernels->start_between(job, again, range[g], range[g + 1]);
        n_gsl += hep_diffusion_fit_once(kernels, job, again, gsl);
        keep_better(blk, again, job);
    }
    return n_gsl + fit_from_zero(kernels, job, blk, again, gsl);
}
