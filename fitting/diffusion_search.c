#include "fitting/diffusion_search.h"

#include <math.h>

/* Fits that end with less perfusion than this are tried again from elsewhere. */
#define SMALL_F 0.1
/* And those with less than this many standard errors. */
#define UNTOLD 2.0

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
    for (size_t k = 0; k < job->n_points; k++) {
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

/* Ends that a better minimum often lies apart from: on a bound, or with a perfusion that is small
 * or not told from zero. */
static bool is_suspicious(const struct hep_diffusion_job *job,
                          const struct hep_diffusion_block *blk, size_t i)
{
    double f = blk->p[HEP_FIT_BLOCK + i], variance = blk->variance[HEP_FIT_BLOCK + i];
    double dof = fmax(blk->n_usable[i] - (double)job->np, 1.0);

    for (size_t r = 1; r < job->np; r++) {
        double p = blk->p[r * HEP_FIT_BLOCK + i];

        if (!job->fixed[r] && (p <= job->lo[r] || p >= job->hi[r]))
            return true;
    }
    if (f < SMALL_F)
        return true;
    return !job->fixed[1] && !(f * f * dof >= UNTOLD * UNTOLD * blk->rss[i] * variance);
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

/* Take the part along `direction` out of v; how much of it that was. */
static double remove_part(const struct inner *m, double *v, const double *direction)
{
    double c = dot(m, v, direction) / fmax(dot(m, direction, direction), 1e-300);

    for (size_t k = 0; k < m->n; k++)
        v[k] -= c * direction[k];
    return c;
}

/* At f = 0 the slope by D* vanishes and a fit stays where it is. To start[]: the D* whose decay
 * explains most of the residual, beyond what S0 and D can, and what S0, f and D become with it to
 * first order; false when none would give a positive f. */
static bool leave_zero(double *start, const struct hep_diffusion_job *job,
                       const struct hep_lm_voxel *v)
{
    double level[HEP_DIFFUSION_MAX_B], slope[HEP_DIFFUSION_MAX_B], fast[HEP_DIFFUSION_MAX_B];
    double residual[HEP_DIFFUSION_MAX_B], best = 0.0, slope_level;
    const struct inner m = { v->w, job->scheme.n_b };

    for (size_t k = 0; k < m.n; k++) {
        level[k] = exp(-job->x[k][0] * v->p[2]);
        slope[k] = job->x[k][0] * level[k];
        residual[k] = v->y[k] - v->p[0] * level[k];
    }
    slope_level = remove_part(&m, slope, level);
    for (size_t j = 0; j < job->fine.n_dstar; j++) {
        double fast_level, fast_slope, amplitude, size;

        (void)memcpy(fast, job->fine.decay_dstar[j], m.n * sizeof *fast);
        fast_level = remove_part(&m, fast, level);
        fast_slope = remove_part(&m, fast, slope);
        size = dot(&m, fast, fast);
        amplitude = dot(&m, fast, residual) / fmax(size, 1e-300);
        if (amplitude > 0.0 && amplitude * amplitude * size > best) {
            best = amplitude * amplitude * size;
            start[0] = v->p[0] + amplitude * (1.0 - fast_level + fast_slope * slope_level);
            start[1] = amplitude / start[0];
            start[2] = v->p[2] + amplitude * fast_slope / v->p[0];
            start[3] = job->fine.dstar[j];
        }
    }
    return best > 0.0;
}

static size_t fit_from_zero(const struct hep_diffusion_kernels *kernels,
                            const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                            struct hep_diffusion_block *again, struct hep_lm_gsl *gsl)
{
    double y[HEP_DIFFUSION_MAX_B], w[HEP_DIFFUSION_MAX_B];
    double start[HEP_LM_MAX_P] = { 0.0 };
    struct hep_lm_voxel v;
    size_t n_gsl;

    again->count = 0;
    for (size_t i = 0; i < blk->count; i++) {
        double f = blk->p[HEP_FIT_BLOCK + i];

        if (job->fixed[1] || f > job->lo[1] || job->lo[1] > 0.0 ||
            hep_diffusion_is_bad(job, blk, i))
            continue;
        hep_diffusion_get_voxel(&v, y, w, job, blk, i);
        if (!leave_zero(start, job, &v))
            continue;
        copy_again(again, again->count, blk, i, blk->p, job);
        for (size_t r = 0; r < job->np; r++)
            again->p[r * HEP_FIT_BLOCK + again->count] = fmin(fmax(start[r], v.lo[r]), v.hi[r]);
        again->count++;
    }
    n_gsl = hep_diffusion_fit_once(kernels, job, again, gsl);
    keep_better(blk, again, job);
    return n_gsl;
}

/* To the neighbourhood of the end that p leads to, or where there is no faster way, to that end. */
static size_t approach(const struct hep_diffusion_kernels *kernels,
                       const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                       struct hep_lm_gsl *gsl)
{
    if (kernels->near->fit == NULL)
        return hep_diffusion_fit_once(kernels, job, blk, gsl);
    kernels->near->fit(job, blk);
    return 0;
}

/* p is the nearest start of the best end; returns how many fits went to GSL. */
static size_t search_ivim(const struct hep_diffusion_kernels *kernels,
                          const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                          struct hep_diffusion_block *again, struct hep_lm_gsl *gsl)
{
    static const size_t range[] = { 0, 4, 8, HEP_DIFFUSION_GRID_DSTAR };
    size_t n_gsl = approach(kernels, job, blk, gsl);

    again->count = 0;
    for (size_t i = 0; i < blk->count; i++) {
        if (blk->n_start[i] > 1.0 && !hep_diffusion_is_bad(job, blk, i))
            copy_again(again, again->count++, blk, i, blk->second, job);
    }
    n_gsl += approach(kernels, job, again, gsl);
    keep_better(blk, again, job);
    kernels->variance[job->kind](job, blk);
    again->count = 0;
    for (size_t i = 0; i < blk->count; i++) {
        if (!hep_diffusion_is_bad(job, blk, i) && is_suspicious(job, blk, i))
            copy_again(again, again->count++, blk, i, blk->p, job);
    }
    for (size_t g = 0; g + 1 < sizeof range / sizeof range[0]; g++) {
        kernels->near->start_between(job, again, &job->fine, range[g], range[g + 1]);
        n_gsl += approach(kernels, job, again, gsl);
        keep_better(blk, again, job);
    }
    return n_gsl;
}

size_t hep_diffusion_search(const struct hep_diffusion_kernels *kernels,
                            const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                            struct hep_diffusion_block *again, struct hep_lm_gsl *gsl)
{
    size_t n_gsl;

    if (job->kind != HEP_KIND_IVIM)
        return hep_diffusion_fit_once(kernels, job, blk, gsl);
    n_gsl = search_ivim(kernels, job, blk, again, gsl);
    if (kernels->near->fit != NULL)
        n_gsl += hep_diffusion_fit_once(kernels, job, blk, gsl);
    return n_gsl + fit_from_zero(kernels, job, blk, again, gsl);
}
