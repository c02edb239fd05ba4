#include "fitting/diffusion_errors.h"
#include "fitting/lm_variance.h"

#include <math.h>

/* Row r, column k: what parameter r moves by when signal k does; and the model's derivatives there.
 */
struct influence {
    double of[HEP_LM_MAX_P][HEP_DIFFUSION_MAX_B];
    double grad[HEP_DIFFUSION_MAX_B][HEP_LM_MAX_P];
};

bool hep_diffusion_is_stepwise(const struct hep_diffusion_job *job)
{
    return job->fixed[0] || job->fixed[2] || job->scheme.method == HEP_METHOD_OLS;
}

/* Of a straight line through logarithms, l = level - b rate, by weights u: sums over the points. */
struct line {
    double w, b, bb;
};

static void line_add(struct line *s, double u, double b)
{
    s->w += u;
    s->b += u * b;
    s->bb += u * b * b;
}

/* What level and rate move by when the logarithm at b does, which has weight u. */
static double level_by_log(const struct line *s, double u, double b)
{
    return u * (s->bb - s->b * b) / (s->w * s->bb - s->b * s->b);
}

static double rate_by_log(const struct line *s, double u, double b)
{
    return u * (s->b - s->w * b) / (s->w * s->bb - s->b * s->b);
}

static bool is_inside(const struct hep_diffusion_job *job, const struct hep_lm_voxel *v, size_t r)
{
    return job->lo[r] < v->p[r] && v->p[r] < job->hi[r];
}

/* ln S on b with equal weights; d ln S = dS / S. With S0 fixed to the first signal the line goes
 * through it. */
static void ols(struct influence *g, const struct hep_diffusion_job *job,
                const struct hep_lm_voxel *v)
{
    struct line s = { 0.0, 0.0, 0.0 };

    for (size_t k = 0; k < v->n; k++)
        line_add(&s, v->w[k], job->x[k][0]);
    for (size_t k = 0; k < v->n; k++) {
        double b = job->x[k][0], signal = v->p[0] * exp(-b * v->p[1]);

        if (!job->fixed[0])
            g->of[0][k] = v->p[0] * level_by_log(&s, v->w[k], b) / signal;
        g->of[1][k] =
            job->fixed[0] ? -v->w[k] * b / (s.bb * signal) : rate_by_log(&s, v->w[k], b) / signal;
    }
    if (job->fixed[0])
        g->of[1][0] = s.b / (s.bb * v->p[0]);
}

/* D, and for the segmented method f, from the line through the high b-values, whose weights are the
 * squared signals. A clamped parameter does not move. */
static void high_line(struct influence *g, const struct hep_diffusion_job *job,
                      const struct hep_lm_voxel *v)
{
    double level = v->p[0] * (1.0 - v->p[1]);
    bool d_moves = is_inside(job, v, 2), f_moves = job->fixed[1] && is_inside(job, v, 1);
    struct line s = { 0.0, 0.0, 0.0 };

    for (int pass = 0; pass < 2; pass++) {
        for (size_t k = job->first_high; k < v->n; k++) {
            double b = job->x[k][0], signal = level * exp(-b * v->p[2]);
            double u = v->w[k] * signal * signal;

            if (pass == 0)
                line_add(&s, u, b);
            if (pass == 1 && d_moves)
                g->of[2][k] = rate_by_log(&s, u, b) / signal;
            if (pass == 1 && f_moves)
                g->of[1][k] = -(1.0 - v->p[1]) * level_by_log(&s, u, b) / signal;
        }
    }
    if (f_moves)
        g->of[1][0] = (1.0 - v->p[1]) / v->p[0];
}

/* Least squares of the other parameters, given those of the steps before. */
static bool last_step(struct influence *g, const struct hep_diffusion_job *job,
                      const struct hep_lm_voxel *v)
{
    double inverse[HEP_LM_PACKED];
    hep_mask free[HEP_LM_MAX_P];

    for (size_t r = 0; r < job->np; r++)
        free[r] = !job->fixed[r] && is_inside(job, v, r);
    if (!lm_invert(inverse, v->jtj, free, job->np))
        return false;
    for (size_t k = 0; k < v->n; k++) {
        double pull[HEP_LM_MAX_P];

        for (size_t r = 0; r < job->np; r++) {
            pull[r] = v->w[k] * g->grad[k][r];
            for (size_t q = 0; q < job->np; q++) {
                if (job->fixed[q])
                    pull[r] -= v->jtj[q <= r ? HEP_LM_AT(r, q) : HEP_LM_AT(q, r)] * g->of[q][k];
            }
        }
        for (size_t r = 0; r < job->np; r++) {
            for (size_t q = 0; free[r] && q < job->np; q++) {
                if (free[q])
                    g->of[r][k] += inverse[q <= r ? HEP_LM_AT(r, q) : HEP_LM_AT(q, r)] * pull[q];
            }
        }
    }
    return true;
}

/* Expected sum of squared residuals over sigma^2: sum_kl w_k (1_kl - (J G)_kl)^2 / w_l. */
static double residual_freedom(const struct influence *g, const struct hep_diffusion_job *job,
                               const struct hep_lm_voxel *v)
{
    double sum = 0.0;

    for (size_t k = 0; k < v->n; k++) {
        if (!(v->w[k] > 0.0))
            continue;
        sum += 1.0;
        for (size_t r = 0; r < job->np; r++) {
            sum -= 2.0 * g->grad[k][r] * g->of[r][k];
            for (size_t q = 0; q < job->np; q++)
                sum += g->of[r][k] * v->jtj[q <= r ? HEP_LM_AT(r, q) : HEP_LM_AT(q, r)] *
                       g->of[q][k] / v->w[k];
        }
    }
    return sum;
}

void hep_diffusion_step_errors(double *variance, double *dof, const struct hep_diffusion_job *job,
                               const struct hep_lm_voxel *v)
{
    struct influence g;
    bool known = true;

    (void)memset(g.of, 0, sizeof g.of);
    for (size_t k = 0; k < v->n; k++)
        (void)hep_diffusion_models[job->kind].eval(g.grad[k], v->p, v->x + k * HEP_LM_NX);
    if (job->fixed[0])
        g.of[0][0] = 1.0;
    if (job->fixed[2])
        high_line(&g, job, v);
    if (job->scheme.method == HEP_METHOD_OLS)
        ols(&g, job, v);
    else
        known = last_step(&g, job, v);
    for (size_t r = 0; r < job->np; r++) {
        variance[r] = known && is_inside(job, v, r) ? 0.0 : (double)NAN;
        for (size_t k = 0; k < v->n; k++) {
            if (v->w[k] > 0.0)
                variance[r] += g.of[r][k] * g.of[r][k] / v->w[k];
        }
    }
    *dof = residual_freedom(&g, job, v);
}
