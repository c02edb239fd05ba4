#include "fitting/diffusion_work.h"

#include "base/number.h"

#include <gsl/gsl_sf_bessel.h>
#include <math.h>

#define TUKEY 4.685 /* 95 % efficient on clean normal data */
#define ROUNDS_ROBUST 8
#define ROUNDS_RICIAN 5
#define ROUNDS_KURTOSIS 2
/* Half of sqrt(pi / 2), the noise floor of a magnitude, is the flattest useful slope of the mean.
 */
#define MIN_SLOPE 0.05

bool hep_diffusion_reweights(const struct hep_diffusion_job *job)
{
    return hep_diffusion_rounds(job) > 0;
}

int hep_diffusion_rounds(const struct hep_diffusion_job *job)
{
    if (job->set->robust)
        return ROUNDS_ROBUST;
    if (job->set->rician == HEP_RICIAN_MEAN)
        return ROUNDS_RICIAN;
    return job->kind == HEP_KIND_KURTOSIS ? ROUNDS_KURTOSIS : 0;
}

/* Mean of the Rician distribution and its slope, for true signal a and sigma:
 * sqrt(pi/2) sigma ((1 + 2q) I0(q) + 2q I1(q)) exp(-q), q = a^2 / (4 sigma^2); Koay & Basser, J
 * Magn Reson 2006;179:317, eq. 8. */
static double rician_mean(double *slope, double a, double sigma)
{
    double q = a * a / (4.0 * sigma * sigma);
    double i0 = gsl_sf_bessel_I0_scaled(q), i1 = gsl_sf_bessel_I1_scaled(q);

    *slope = sqrt(HEP_PI / 8.0) * a / sigma * (i0 + i1);
    return sqrt(HEP_PI / 2.0) * sigma * ((1.0 + 2.0 * q) * i0 + 2.0 * q * i1);
}

/* SD from the median absolute residual; the np smallest are those that the fit could make vanish.
 */
static double robust_scale(const double *residual, const double *w, size_t n, size_t np)
{
    double sorted[HEP_DIFFUSION_MAX_B];
    size_t m = 0;

    for (size_t k = 0; k < n; k++) {
        if (w[k] > 0.0)
            sorted[m++] = fabs(residual[k]) * sqrt(w[k]);
    }
    if (m <= np)
        return 0.0;
    qsort(sorted, m, sizeof *sorted, hep_compare_doubles);
    return sorted[(np - 1 + m) / 2] / 0.6744897501960817;
}

static double robust_weight(double u)
{
    u = u / TUKEY;
    return u < 1.0 ? (1.0 - u * u) * (1.0 - u * u) : 0.0;
}

static void weigh_robustly(double *w, const double *base_w, const double *residual, size_t n,
                           double scale)
{
    for (size_t k = 0; k < n && scale > 0.0; k++)
        w[k] = w[k] * robust_weight(fabs(residual[k]) * sqrt(base_w[k]) / scale);
}

/* Kurtosis: nothing from beyond the minimum of the parabola, nothing lost in noise. */
static void cut_range(double *w, const double *y, const struct hep_diffusion_job *job,
                      const struct hep_lm_voxel *v, double noise)
{
    double cut[HEP_DIFFUSION_MAX_B];
    size_t left = 0;

    for (size_t k = 0; k < v->n; k++) {
        bool use = job->x[k][0] * v->p[1] * v->p[2] <= 3.0 && y[k] > 3.0 * noise;

        cut[k] = use ? w[k] : 0.0;
        left += cut[k] > 0.0;
    }
    if (left > job->np)
        (void)memcpy(w, cut, v->n * sizeof *w);
}

static void reweight_voxel(double *y, double *w, const struct hep_diffusion_job *job,
                           const struct hep_lm_voxel *base, double scale, double spread)
{
    const struct hep_lm_model *model = &hep_diffusion_models[job->kind];
    double residual[HEP_DIFFUSION_MAX_B], grad[HEP_LM_MAX_P];
    size_t n = base->n;

    (void)memcpy(y, base->y, n * sizeof *y);
    (void)memcpy(w, base->w, n * sizeof *w);
    for (size_t k = 0; k < n; k++) {
        double a = model->eval(grad, base->p, base->x + k * HEP_LM_NX), slope = 1.0, mean = a;

        if (job->set->rician == HEP_RICIAN_MEAN)
            mean = rician_mean(&slope, a, job->point_noise[k] / scale);
        residual[k] = base->y[k] - mean;
        slope = fmax(slope, MIN_SLOPE);
        y[k] = a + residual[k] / slope; /* the mean, linear about the present estimate */
        w[k] = base->w[k] * slope * slope;
    }
    if (job->set->robust)
        weigh_robustly(w, base->w, residual, n,
                       fmin(spread, 2.0 * robust_scale(residual, base->w, n, job->np)));
    if (job->set->rician != HEP_RICIAN_MEAN)
        (void)memcpy(y, base->y, n * sizeof *y);
    if (job->kind == HEP_KIND_KURTOSIS)
        cut_range(w, base->y, job, base, job->set->sigma / scale);
}

void hep_diffusion_reweight(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                            const struct hep_diffusion_block *base)
{
    double y0[HEP_DIFFUSION_MAX_B], w0[HEP_DIFFUSION_MAX_B];
    double y[HEP_DIFFUSION_MAX_B], w[HEP_DIFFUSION_MAX_B];
    struct hep_lm_voxel v;

    for (size_t i = 0; i < blk->count; i++) {
        double usable = 0.0, dof, spread;

        hep_diffusion_get_voxel(&v, y0, w0, job, blk, i); /* the estimate */
        for (size_t k = 0; k < v.n; k++) {
            y0[k] = base->y[k * HEP_FIT_BLOCK + i];
            w0[k] = base->w[k * HEP_FIT_BLOCK + i];
        }
        dof = base->n_usable[i] - (double)job->np - 1.0;
        /* of the fit without the worst point; with several bad ones the median is smaller */
        spread = dof > 0.0 && isfinite(base->rss[i]) ? sqrt(base->rss[i] / dof) : 0.0;
        reweight_voxel(y, w, job, &v, blk->scale[i], spread);
        for (size_t k = 0; k < v.n; k++) {
            blk->y[k * HEP_FIT_BLOCK + i] = y[k];
            blk->w[k * HEP_FIT_BLOCK + i] = w[k];
            usable += w[k] > 0.0 ? 1.0 : 0.0;
        }
        if (usable >= (double)job->n_needed && base->n_usable[i] >= (double)job->n_needed)
            blk->n_usable[i] = usable;
    }
}
