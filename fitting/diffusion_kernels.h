/**
 * @file  fitting/diffusion_kernels.h
 * @brief Diffusion models on blocks of voxels, generic over hep_real: load, start, evaluate.
 *
 * Included once per instruction set by a source file that defines HEP_KERNELS, the name of the table, HEP_NEAR, that of
 * diffusion_near.h, and HEP_LANES for several voxels at a time. No step mixes voxels, so a voxel's bits do not depend on its neighbours, on the width, or
 * on the instruction set; the one-voxel version differs by libm's exp and log.
 */
#include "fitting/diffusion_model.h"
#include "fitting/diffusion_work.h"
#include "fitting/lm_variance.h"

#include <float.h>

#define ROW(base, r) ((base) + (r) * (size_t)HEP_FIT_BLOCK)
/* Weights come from the fit itself: at SNR 30 further rounds move ADC by 0.03 % of its error. */
#define IWLS_ROUNDS 3

/* ---- loading: volumes of equal b are averaged geometrically ---- */

/* Signals of one volume, 1 where they cannot be used: `ok` are the positive and finite ones. */
HEP_LANE hep_real sample(hep_mask *ok, const struct hep_diffusion_job *job, const size_t *voxel,
                         size_t volume)
{
    const float *s = job->in->signal + volume * job->in->nvox;
    hep_real m, power, above;

    if (voxel[HEP_WIDTH - 1] - voxel[0] ==
        HEP_WIDTH - 1) { /* indices ascend: these are neighbours */
        m = real_from_float(s + voxel[0]);
    } else {
        float picked[HEP_WIDTH];

        for (size_t l = 0; l < HEP_WIDTH; l++)
            picked[l] = s[voxel[l]];
        m = real_from_float(picked);
    }
    power = m * m;
    above = power - job->two_sigma2;
    *ok = (m > 0.0) & (m <= (double)FLT_MAX) & (above > 0.0);
    if (job->two_sigma2 > 0.0)
        m = real_sqrt(real_select(*ok, above, real_splat(1.0)));
    return real_select(*ok, m, real_splat(1.0));
}

HEP_LANE void load_point(hep_real *signal, hep_real *weight, const struct hep_diffusion_job *job,
                         const size_t *voxel, size_t point)
{
    hep_mask ok;
    const struct hep_diffusion_scheme *c = &job->scheme;
    hep_real log_sum = real_splat(0.0), n = real_splat(0.0), one = real_splat(0.0);

    for (size_t v = job->order_start[point]; v < job->order_start[point + 1]; v++) {
        one = sample(&ok, job, voxel, job->order[v]);
        n = n + real_select(ok, real_splat(1.0), real_splat(0.0));
        if (c->n_averages[point] > 1)
            log_sum = log_sum + real_log(one);
    }
    if (c->n_averages[point] > 1)
        one = real_exp(log_sum / real_max(n, real_splat(1.0)));
    *weight = n;
    *signal = real_select(n > real_splat(0.0), one, real_splat(0.0));
}

/* 1 where any volume of the lowest b-value can be used: what has lost all of them was corrupted. */
HEP_LANE hep_real has_lowest(const struct hep_diffusion_job *job, const size_t *voxel)
{
    hep_real found = real_splat(0.0);
    hep_mask ok;

    for (size_t k = 0; k < job->n_lowest; k++) {
        (void)sample(&ok, job, voxel, job->lowest[k]);
        found = real_max(found, real_select(ok, real_splat(1.0), real_splat(0.0)));
    }
    return found;
}

static void load(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)
{
    size_t n = job->scheme.n_b;

    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        hep_real top = real_splat(0.0), usable = real_splat(0.0), scale;

        for (size_t k = 0; k < n; k++) {
            hep_real y, w;

            load_point(&y, &w, job, blk->voxel + i, k);
            real_store(ROW(blk->y, k) + i, y);
            real_store(ROW(blk->w, k) + i, w);
            top = real_max(top, y);
            usable = usable + real_select(w > real_splat(0.0), real_splat(1.0), real_splat(0.0));
        }
        scale = real_select(top > real_splat(0.0), top, real_splat(1.0));
        for (size_t k = 0; k < n; k++)
            real_store(ROW(blk->y, k) + i, real_load(ROW(blk->y, k) + i) * (1.0 / scale));
        real_store(blk->scale + i, scale);
        real_store(blk->n_usable + i, usable * has_lowest(job, blk->voxel + i));
    }
}

/* ---- closed forms on the logarithm ---- */

struct log_sums {
    hep_real w, b, bb, l, bl;
};

HEP_LANE void log_solve(hep_real *a, hep_real *d, const struct log_sums *s)
{
    hep_real det = s->w * s->bb - s->b * s->b;
    hep_real safe = real_select(det > real_splat(0.0), det, real_splat(1.0));

    *d = (s->b * s->l - s->w * s->bl) / safe;
    *a = (s->bb * s->l - s->b * s->bl) / safe;
}

/* The line through (0, level): S0 is given. */
HEP_LANE void log_solve_rate(hep_real *d, const struct log_sums *s, hep_real level)
{
    hep_real safe = real_select(s->bb > real_splat(0.0), s->bb, real_splat(1.0));

    *d = (s->b * level - s->bl) / safe;
}

HEP_LANE void log_add(struct log_sums *s, hep_real w, double b, hep_real log_y)
{
    hep_real wb = w * b, wl = w * log_y;

    s->w = s->w + w;
    s->b = s->b + wb;
    s->bb = s->bb + wb * b;
    s->l = s->l + wl;
    s->bl = s->bl + wl * b;
}

static void log_fit(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                    size_t first, enum hep_diffusion_method weights)
{
    const struct log_sums none = { real_splat(0.0), real_splat(0.0), real_splat(0.0),
                                   real_splat(0.0), real_splat(0.0) };
    hep_real log_y[HEP_DIFFUSION_MAX_B], a, d;
    size_t n = job->scheme.n_b;
    bool fixed = job->set->fixed_s0 && first == 0;

    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        struct log_sums s = none;

        for (size_t k = first; k < n; k++) {
            hep_real y = real_load(ROW(blk->y, k) + i), count = real_load(ROW(blk->w, k) + i);

            log_y[k] = real_log(real_select(count > real_splat(0.0), y, real_splat(1.0)));
            log_add(&s, weights == HEP_METHOD_OLS ? count : count * (y * y), job->x[k][0],
                    log_y[k]);
        }
        log_solve(&a, &d, &s);
        if (fixed) {
            a = log_y[0];
            log_solve_rate(&d, &s, a);
        }
        for (int round = 0; weights == HEP_METHOD_IWLS && round < IWLS_ROUNDS; round++) {
            s = none;
            for (size_t k = first; k < n; k++) {
                hep_real square = real_exp(d * (-2.0 * job->x[k][0]));

                log_add(&s, real_load(ROW(blk->w, k) + i) * square, job->x[k][0], log_y[k]);
            }
            if (fixed)
                log_solve_rate(&d, &s, a);
            else
                log_solve(&a, &d, &s);
        }
        real_store(ROW(blk->p, 0) + i, real_exp(a));
        real_store(ROW(blk->p, 1) + i, d);
    }
}

/* ln y = c0 - c1 b + c2 b^2 by elimination of the 3 x 3 normal equations; D = c1, K = 6 c2 / c1^2.
 */
HEP_LANE void log_parabola(hep_real c[3], const struct hep_diffusion_job *job, const hep_real *w,
                           const hep_real *log_y)
{
    hep_real m[5], r[3], zero = real_splat(0.0), f, g, m11, m12, m22, r1, r2;

    for (int j = 0; j < 5; j++)
        m[j] = zero;
    r[0] = r[1] = r[2] = zero;
    for (size_t k = 0; k < job->scheme.n_b; k++) {
        double b = job->x[k][0];
        hep_real wk = w[k];

        for (int j = 0; j < 5; j++) {
            m[j] = m[j] + wk;
            if (j < 3)
                r[j] = r[j] + wk * log_y[k];
            wk = wk * b;
        }
    }
    f = m[1] / real_select(m[0] > zero, m[0], real_splat(1.0));
    g = m[2] / real_select(m[0] > zero, m[0], real_splat(1.0));
    m11 = m[2] - f * m[1];
    m12 = m[3] - f * m[2];
    m22 = m[4] - g * m[2];
    r1 = r[1] - f * r[0];
    r2 = r[2] - g * r[0];
    f = m12 / real_select(m11 > zero, m11, real_splat(1.0));
    m22 = m22 - f * m12;
    c[2] = (r2 - f * r1) / real_select(m22 > zero, m22, real_splat(1.0));
    c[1] = (r1 - m12 * c[2]) / real_select(m11 > zero, m11, real_splat(1.0));
    c[0] = (r[0] - m[1] * c[1] - m[2] * c[2]) / real_select(m[0] > zero, m[0], real_splat(1.0));
    c[1] = -c[1];
}

static void log_fit_quadratic(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)
{
    hep_real w[HEP_DIFFUSION_MAX_B], log_y[HEP_DIFFUSION_MAX_B], c[3];
    const hep_real tiny = real_splat(1e-6);

    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        hep_real d;

        for (size_t k = 0; k < job->scheme.n_b; k++) {
            hep_real y = real_load(ROW(blk->y, k) + i), count = real_load(ROW(blk->w, k) + i);

            log_y[k] = real_log(real_select(count > real_splat(0.0), y, real_splat(1.0)));
            w[k] = count * (y * y);
        }
        log_parabola(c, job, w, log_y);
        d = real_max(c[1], tiny);
        real_store(ROW(blk->p, 0) + i, real_exp(c[0]));
        real_store(ROW(blk->p, 1) + i, c[1]);
        real_store(ROW(blk->p, 2) + i, c[2] * 6.0 / (d * d));
    }
}

/* ---- start values ---- */

HEP_LANE void clamp_row(struct hep_diffusion_block *blk, size_t r, size_t i)
{
    hep_real p = real_load(ROW(blk->p, r) + i);

    real_store(ROW(blk->p, r) + i,
               real_clamp(p, real_load(ROW(blk->lo, r) + i), real_load(ROW(blk->hi, r) + i)));
}

static void start_mono(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)
{
    log_fit(job, blk, 0, HEP_METHOD_WLS);
    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        clamp_row(blk, 0, i);
        clamp_row(blk, 1, i);
    }
}

static void start_kurtosis(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)
{
    log_fit_quadratic(job, blk);
    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        for (size_t r = 0; r < 3; r++)
            clamp_row(blk, r, i);
    }
}

static void start_sivim(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)
{
    log_fit(job, blk, job->first_high, HEP_METHOD_WLS);
    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        hep_real a = real_load(ROW(blk->p, 0) + i), d = real_load(ROW(blk->p, 1) + i);
        hep_real s0 = real_max(real_load(blk->y + i), real_splat(1e-6));

        real_store(ROW(blk->p, 0) + i, s0);
        real_store(ROW(blk->p, 1) + i, 1.0 - a / s0);
        real_store(ROW(blk->p, 2) + i, d);
        for (size_t r = 0; r < 3; r++)
            clamp_row(blk, r, i);
    }
}

/* ---- rss and J^T W J at given parameters ---- */

#define HEP_EVALUATE(name, model, np)                                                              \
    static void name(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)         \
    {                                                                                              \
        hep_real p[np], grad[np], jtj[(np) * ((np) + 1) / 2];                                      \
        for (size_t at = blk->rss_first;                                                           \
             at<blk->count; at += blk->rss_step> 0 ? blk->rss_step : HEP_WIDTH) {                  \
            const size_t i = at - at % HEP_WIDTH;                                                  \
            hep_real rss = real_splat(0.0);                                                        \
            for (size_t r = 0; r < (np); r++)                                                      \
                p[r] = real_load(ROW(blk->p, r) + i);                                              \
            for (size_t r = 0; r < (np) * ((np) + 1) / 2; r++)                                     \
                jtj[r] = real_splat(0.0);                                                          \
            for (size_t k = 0; k < job->n_points; k++) {                                           \
                hep_real m = model(grad, p, job->x[k]);                                            \
                hep_real w = real_load(ROW(blk->w, k) + i);                                        \
                hep_real r = real_load(ROW(blk->y, k) + i) - m;                                    \
                                                                                                   \
                rss = rss + w * (r * r);                                                           \
                for (size_t a = 0; a < (np); a++) {                                                \
                    hep_real wg = w * grad[a];                                                     \
                                                                                                   \
                    for (size_t c = 0; c <= a; c++)                                                \
                        jtj[HEP_LM_AT(a, c)] = jtj[HEP_LM_AT(a, c)] + wg * grad[c];                \
                }                                                                                  \
            }                                                                                      \
            real_store(blk->rss + i, rss);                                                         \
            for (size_t r = 0; r < (np) * ((np) + 1) / 2; r++)                                     \
                real_store(ROW(blk->jtj, r) + i, jtj[r]);                                          \
        }                                                                                          \
    }

HEP_EVALUATE(evaluate_mono, model_mono, 2)
HEP_EVALUATE(evaluate_ivim, model_ivim, 4)
HEP_EVALUATE(evaluate_sivim, model_sivim, 3)
HEP_EVALUATE(evaluate_kurtosis, model_kurtosis, 3)

HEP_LANE hep_mask is_between(hep_real x, hep_real lo, hep_real hi)
{
    hep_mask above = lo < x, below = x < hi;

    return above & below;
}

#define HEP_VARIANCE(name, np)                                                                     \
    static void name(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)         \
    {                                                                                              \
        hep_real jtj[(np) * ((np) + 1) / 2], inverse[(np) * ((np) + 1) / 2];                       \
        hep_mask inside[np], good;                                                                 \
                                                                                                   \
        (void)job;                                                                                 \
        for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {                                       \
            for (size_t r = 0; r < (np); r++)                                                      \
                inside[r] =                                                                        \
                    is_between(real_load(ROW(blk->p, r) + i), real_load(ROW(blk->lo, r) + i),      \
                               real_load(ROW(blk->hi, r) + i));                                    \
            for (size_t r = 0; r < (np) * ((np) + 1) / 2; r++)                                     \
                jtj[r] = real_load(ROW(blk->jtj, r) + i);                                          \
            good = lm_invert(inverse, jtj, inside, np);                                            \
            for (size_t r = 0; r < (np); r++)                                                      \
                real_store(ROW(blk->variance, r) + i,                                              \
                           real_select(good & inside[r], inverse[HEP_LM_AT(r, r)],                 \
                                       real_splat((double)NAN)));                                  \
        }                                                                                          \
    }

HEP_VARIANCE(variance_mono, 2)
HEP_VARIANCE(variance_ivim, 4)
HEP_VARIANCE(variance_sivim, 3)
HEP_VARIANCE(variance_kurtosis, 3)

#ifdef HEP_LANES
#define LM_NAME lm_mono
#define LM_MODEL model_mono
#define LM_CURVATURE curvature_mono
#define LM_NP 2
#include "fitting/lm_lanes.h"
#define LM_NAME lm_ivim
#define LM_MODEL model_ivim_from
#define LM_SHARED struct ivim_decays
#define LM_SHARED_AT ivim_decays_at
#define LM_SHARED_OF_SUM ivim_decays_of_sum
#define LM_CURVATURE curvature_ivim
#define LM_NEAR
#define LM_NP 4
#include "fitting/lm_lanes.h"
#define LM_NAME lm_sivim
#define LM_MODEL model_sivim
#define LM_NP 3
#include "fitting/lm_lanes.h"
#define LM_NAME lm_kurtosis
#define LM_MODEL model_kurtosis
#define LM_NP 3
#include "fitting/lm_lanes.h"

#define HEP_FIT(name, solver)                                                                      \
    static void name(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)         \
    {                                                                                              \
        const struct hep_lm_rows rows = hep_diffusion_rows(job, blk);                              \
                                                                                                   \
        solver(&rows);                                                                             \
    }
HEP_FIT(fit_mono, lm_mono)
HEP_FIT(fit_ivim, lm_ivim)
HEP_FIT(fit_sivim, lm_sivim)
HEP_FIT(fit_kurtosis, lm_kurtosis)
#define HEP_FITS                                                                                   \
    {                                                                                              \
        fit_mono, fit_ivim, fit_sivim, fit_kurtosis                                                \
    }
#else
#define HEP_FITS                                                                                   \
    {                                                                                              \
        NULL, NULL, NULL, NULL                                                                     \
    }
#endif

const struct hep_diffusion_kernels HEP_KERNELS = {
    .load = load,
    .near = &HEP_NEAR,
    .start = { start_mono, NULL, start_sivim, start_kurtosis },
    .log_fit = log_fit,
    .log_fit_quadratic = log_fit_quadratic,
    .evaluate = { evaluate_mono, evaluate_ivim, evaluate_sivim, evaluate_kurtosis },
    .variance = { variance_mono, variance_ivim, variance_sivim, variance_kurtosis },
    .fit = HEP_FITS,
};
