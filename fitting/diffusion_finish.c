#include "fitting/diffusion_job.h"

#include <math.h>

#define PER_MM2 1e-3 /* um2/ms to mm2/s */

void hep_diffusion_get_voxel(struct hep_lm_voxel *v, double *y, double *w,
                             const struct hep_diffusion_job *job,
                             const struct hep_diffusion_block *blk, size_t i)
{
    for (size_t r = 0; r < job->np; r++) {
        v->lo[r] = blk->lo[r * HEP_FIT_BLOCK + i];
        v->hi[r] = blk->hi[r * HEP_FIT_BLOCK + i];
        v->p[r] = blk->p[r * HEP_FIT_BLOCK + i];
    }
    for (size_t r = 0; r < job->np * (job->np + 1) / 2; r++)
        v->jtj[r] = blk->jtj[r * HEP_FIT_BLOCK + i];
    v->rss = blk->rss[i];
    v->settled = blk->settled[i] > 0.0;
    for (size_t k = 0; k < job->n_points; k++) {
        y[k] = blk->y[k * HEP_FIT_BLOCK + i];
        w[k] = blk->w[k * HEP_FIT_BLOCK + i];
    }
    v->x = job->x[0];
    v->y = y;
    v->w = w;
    v->n = job->n_points;
}

void hep_diffusion_put_voxel(struct hep_diffusion_block *blk, const struct hep_lm_voxel *v,
                             size_t np, size_t i)
{
    for (size_t r = 0; r < np; r++)
        blk->p[r * HEP_FIT_BLOCK + i] = v->p[r];
    for (size_t r = 0; r < np * (np + 1) / 2; r++)
        blk->jtj[r * HEP_FIT_BLOCK + i] = v->jtj[r];
    blk->rss[i] = v->rss;
    blk->settled[i] = v->settled ? 1.0 : 0.0;
}

static void put(float *map, size_t at, double value)
{
    if (map != NULL)
        map[at] = (float)value;
}

/* Hurvich & Tsai, Biometrika 1989;76:297: small-sample criterion for n points and k parameters, the
 * variance counted; infinite where the correction has no meaning. */
static double aicc(double rss, double n, double k)
{
    if (n - k - 1.0 <= 0.0)
        return HUGE_VAL;
    return n * log(fmax(rss, 1e-300) / n) + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0);
}

struct voxel_result {
    double se[HEP_LM_MAX_P];
    enum hep_fit_status status;
    bool dstar_known;
};

/* D* means something only where f does: f above its lower bound and above twice its standard error.
 * Standard errors: sigma^2 times the variances of the block, sigma given or from the residuals. */
static void judge(struct voxel_result *out, const struct hep_diffusion_job *job,
                  const struct hep_diffusion_block *blk, size_t i, bool want_errors)
{
    double scale = blk->scale[i], dof = blk->dof[i], sigma2;
    bool settled = blk->settled[i] > 0.0, bound = false;

    sigma2 = job->n_points > job->scheme.n_b ? job->noise * job->noise / (scale * scale)
             : job->set->sigma > 0.0         ? job->set->sigma * job->set->sigma / (scale * scale)
             : dof > 0.0                     ? blk->rss[i] / dof
                                             : (double)NAN;
    for (size_t r = 0; r < job->np; r++) {
        double p = blk->p[r * HEP_FIT_BLOCK + i];
        bool chosen = r == 0 && job->fixed[0];

        out->se[r] = settled && want_errors ? sqrt(blk->variance[r * HEP_FIT_BLOCK + i] * sigma2)
                                            : (double)NAN;
        bound = bound || (!chosen && (p <= job->lo[r] || p >= job->hi[r]));
    }
    out->dstar_known = true;
    out->status = !settled ? HEP_FIT_NO_CONVERGENCE : bound ? HEP_FIT_AT_BOUND : HEP_FIT_OK;
    if (job->kind == HEP_KIND_IVIM && settled) {
        double f = blk->p[HEP_FIT_BLOCK + i];
        bool negligible = f <= job->lo[1] || f < 2.0 * out->se[1];

        out->dstar_known =
            !negligible && (bound || isfinite(blk->variance[(size_t)3 * HEP_FIT_BLOCK + i]));
    }
    if (!out->dstar_known) {
        out->status = HEP_FIT_NOT_IDENTIFIABLE;
        out->se[3] = (double)NAN;
    }
}

static double parameter(const struct hep_diffusion_block *blk, size_t r, size_t i)
{
    return blk->p[r * HEP_FIT_BLOCK + i];
}

static void write_parameters(const struct hep_diffusion_maps *m, size_t at,
                             const struct hep_diffusion_job *job,
                             const struct hep_diffusion_block *blk, size_t i,
                             const struct voxel_result *res)
{
    const double *se = res->se;
    double scale = blk->scale[i];

    put(m->s0, at, parameter(blk, 0, i) * scale);
    put(m->s0_se, at, se[0] * scale);
    if (job->kind == HEP_KIND_MONO || job->kind == HEP_KIND_KURTOSIS) {
        put(m->d, at, parameter(blk, 1, i) * PER_MM2);
        put(m->d_se, at, se[1] * PER_MM2);
        put(m->k, at, job->kind == HEP_KIND_KURTOSIS ? parameter(blk, 2, i) : (double)NAN);
        put(m->k_se, at, job->kind == HEP_KIND_KURTOSIS ? se[2] : (double)NAN);
        put(m->f, at, (double)NAN);
        put(m->f_se, at, (double)NAN);
    } else {
        put(m->d, at, parameter(blk, 2, i) * PER_MM2);
        put(m->d_se, at, se[2] * PER_MM2);
        put(m->f, at, parameter(blk, 1, i));
        put(m->f_se, at, se[1]);
        put(m->k, at, (double)NAN);
        put(m->k_se, at, (double)NAN);
    }
    if (job->kind == HEP_KIND_IVIM) {
        put(m->dstar, at, res->dstar_known ? parameter(blk, 3, i) * PER_MM2 : (double)NAN);
        put(m->dstar_se, at, se[3] * PER_MM2);
    } else {
        put(m->dstar, at, (double)NAN);
        put(m->dstar_se, at, (double)NAN);
    }
}

static void write_quality(const struct hep_diffusion_maps *m, size_t n_b,
                          const struct hep_diffusion_block *blk, size_t i)
{
    double sw = 0.0, swy = 0.0, total = 0.0;

    for (size_t k = 0; k < n_b; k++) {
        sw += blk->w[k * HEP_FIT_BLOCK + i];
        swy += blk->w[k * HEP_FIT_BLOCK + i] * blk->y[k * HEP_FIT_BLOCK + i];
    }
    for (size_t k = 0; k < n_b; k++) {
        double from_mean = blk->y[k * HEP_FIT_BLOCK + i] - swy / sw;

        total += blk->w[k * HEP_FIT_BLOCK + i] * from_mean * from_mean;
    }
    put(m->rmse, blk->voxel[i], sqrt(blk->rss[i] / sw) * blk->scale[i]);
    put(m->r2, blk->voxel[i], total > 0.0 ? 1.0 - blk->rss[i] / total : (double)NAN);
}

static void write_bad(const struct hep_diffusion_maps *m, size_t at)
{
    float *const all[] = { m->s0,   m->d,    m->f,        m->dstar, m->k,    m->s0_se,
                           m->d_se, m->f_se, m->dstar_se, m->k_se,  m->rmse, m->r2 };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        put(all[i], at, (double)NAN);
    put(m->choice, at, 0.0);
    put(m->status, at, HEP_FIT_BAD_INPUT);
}

void hep_diffusion_finish(const struct hep_diffusion_job *job,
                          const struct hep_diffusion_maps *maps,
                          const struct hep_diffusion_block *blk, const double *mono_rss,
                          bool errors, struct hep_fit_counts *counts)
{
    const double n_par = hep_diffusion_n_estimated(job) + 1.0; /* and the variance */

    for (size_t i = 0; i < blk->count; i++) {
        size_t at = blk->voxel[i];
        struct voxel_result res = { 0 };

        if (hep_diffusion_is_bad(job, blk, i)) {
            write_bad(maps, at);
            counts->n[HEP_FIT_BAD_INPUT]++;
            continue;
        }
        judge(&res, job, blk, i, errors);
        write_parameters(maps, at, job, blk, i, &res);
        if (maps->rmse != NULL || maps->r2 != NULL)
            write_quality(maps, job->scheme.n_b, blk, i);
        put(maps->status, at, (double)res.status);
        counts->n[res.status]++;
        if (mono_rss != NULL) {
            double mono =
                aicc(mono_rss[i], blk->n_usable[i], 3.0 - (job->set->fixed_s0 ? 1.0 : 0.0));

            put(maps->choice, at, aicc(blk->rss[i], blk->n_usable[i], n_par) < mono ? 2.0 : 1.0);
        }
    }
}
