/**
 * @file  fitting/lm_lanes.h
 * @brief Bounded Levenberg-Marquardt for one vector of voxels per step.
 *
 * Template: define LM_NAME, LM_MODEL (a generic model function, lm.h) and LM_NP, then include:
 *
 *     static void LM_NAME(const struct hep_lm_rows *rows);
 *
 * Optional: LM_CURVATURE, a generic function
 *
 *     void curvature(hep_real curv[np], const hep_real grad[np], const double x[HEP_LM_NX]);
 *
 * that gives the second derivatives of the model by each parameter, from the first ones. With it
 * the steps are Newton's for models whose mixed second derivatives cancel at the solution, as they
 * do for sums of exponentials; without it they are Gauss-Newton's, which crawl when residuals are
 * large.
 *
 * Every lane holds one voxel. A lane that has converged, or has used up its steps, gives its result
 * back and takes the next voxel of the block, so that slow voxels hold up nobody; nothing passes
 * between lanes, hence a voxel's result does not depend on what its neighbours are.
 *
 * Method: Marquardt's scaled damping (J SIAM 1963;11:431); steps are projected on the box, and a
 * parameter on a bound whose gradient points outwards takes no part in the step. A voxel has
 * settled when a step is shorter than LM_STEP standard errors (estimated from its residuals), or is
 * lost in rounding.
 */
#include "fitting/lm.h"
#include "fitting/real.h"

#define LM_NPACKED ((LM_NP) * ((LM_NP) + 1) / 2)
#define LM_PASTE2(a, b) a##b
#define LM_PASTE(a, b) LM_PASTE2(a, b)
#define LM_(name) LM_PASTE(LM_NAME, _##name)

#ifndef HEP_FITTING_LM_LANES_H
#define HEP_FITTING_LM_LANES_H
#define LM_MAX_STEPS 60
#define LM_STEP 1e-3
/* Relative squared length of a step that is lost in the rounding of y^2 sums. */
#define LM_ROUNDING 1e-20
#define LM_MAX_SAMPLES 64
#define LM_ROW(base, r) ((base) + (r) * (size_t)HEP_LM_ROW)
#endif

struct LM_(state) {
    hep_real y[LM_MAX_SAMPLES], w[LM_MAX_SAMPLES];
    hep_real p[LM_NP], lo[LM_NP], hi[LM_NP];
    hep_real jtj[LM_NPACKED], jtr[LM_NP], bend[LM_NP], rss; /* at p; bend = sum w r d2m/dp2 */
    hep_real trial[LM_NP], predicted;                       /* the step under test */
    hep_real damping, growth, floor, dof, steps, settled;
};

/* Sums over the samples at one parameter vector. */
struct LM_(sums) {
    hep_real jtj[LM_NPACKED], jtr[LM_NP], bend[LM_NP], rss;
};

HEP_LANE void LM_(evaluate)(struct LM_(sums) * e, const struct LM_(state) * s, const hep_real *at,
                            const struct hep_lm_rows *rows)
{
    hep_real grad[LM_NP];

    e->rss = real_splat(0.0);
    for (size_t r = 0; r < LM_NPACKED; r++)
        e->jtj[r] = real_splat(0.0);
    for (size_t r = 0; r < LM_NP; r++)
        e->jtr[r] = e->bend[r] = real_splat(0.0);
    for (size_t k = 0; k < rows->n; k++) {
        hep_real res = s->y[k] - LM_MODEL(grad, at, rows->x[k]);
        hep_real w = s->w[k], wr = w * res;

        e->rss = e->rss + wr * res;
        for (size_t a = 0; a < LM_NP; a++) {
            hep_real wg = w * grad[a];

            e->jtr[a] = e->jtr[a] + wr * grad[a];
            for (size_t b = 0; b <= a; b++)
                e->jtj[HEP_LM_AT(a, b)] = e->jtj[HEP_LM_AT(a, b)] + wg * grad[b];
        }
#ifdef LM_CURVATURE
        {
            hep_real curv[LM_NP];

            for (size_t a = 0; a < LM_NP; a++)
                curv[a] = real_splat(0.0);
            LM_CURVATURE(curv, grad, rows->x[k]);
            for (size_t a = 0; a < LM_NP; a++)
                e->bend[a] = e->bend[a] + wr * curv[a];
        }
#endif
    }
}

/* Damped step by L D L^T over the parameters that may move, projected on the box. */
HEP_LANE void LM_(propose)(struct LM_(state) * s)
{
    const hep_real zero = real_splat(0.0), one = real_splat(1.0);
    hep_real l[LM_NPACKED], d[LM_NP], step[LM_NP], g[LM_NP];
    hep_mask held[LM_NP];

    for (size_t a = 0; a < LM_NPACKED; a++)
        l[a] = zero;
    for (size_t a = 0; a < LM_NP; a++) {
        d[a] = one;
        held[a] = (s->lo[a] >= s->hi[a]) | ((s->p[a] <= s->lo[a]) & (s->jtr[a] <= zero)) |
                  ((s->p[a] >= s->hi[a]) & (s->jtr[a] >= zero));
        g[a] = real_select(held[a], zero, s->jtr[a]);
    }
    for (size_t a = 0; a < LM_NP; a++) {
        hep_real diag = s->jtj[HEP_LM_AT(a, a)], newton;

        diag = diag + s->damping * diag;
        for (size_t b = 0; b < a; b++) {
            hep_real v = real_select(held[a] | held[b], zero, s->jtj[HEP_LM_AT(a, b)]);

            for (size_t c = 0; c < b; c++)
                v = v - l[HEP_LM_AT(a, c)] * d[c] * l[HEP_LM_AT(b, c)];
            l[HEP_LM_AT(a, b)] = v / d[b];
            diag = diag - l[HEP_LM_AT(a, b)] * v;
        }
        newton = diag - s->bend[a];
        diag = real_select(newton > diag * 0.01, newton, diag);
        d[a] = real_select(held[a] | (diag <= zero), one, diag);
        for (size_t b = 0; b < a; b++)
            g[a] = g[a] - l[HEP_LM_AT(a, b)] * g[b];
    }
    for (size_t i = 0; i < LM_NP; i++) {
        size_t a = LM_NP - 1 - i;

        step[a] = g[a] / d[a];
        for (size_t b = a + 1; b < LM_NP; b++)
            step[a] = step[a] - l[HEP_LM_AT(b, a)] * step[b];
        step[a] = real_select(held[a], zero, step[a]);
        s->trial[a] = real_clamp(s->p[a] + step[a], s->lo[a], s->hi[a]);
    }
    s->predicted = zero; /* squared length of the step in the metric of J^T W J */
    for (size_t a = 0; a < LM_NP; a++) {
        hep_real da = s->trial[a] - s->p[a], row = zero;

        for (size_t b = 0; b < LM_NP; b++)
            row =
                row + s->jtj[b <= a ? HEP_LM_AT(a, b) : HEP_LM_AT(b, a)] * (s->trial[b] - s->p[b]);
        s->predicted = s->predicted + da * row;
    }
}

/* Keep the trial where it is better; say who is done. */
HEP_LANE hep_mask LM_(judge)(struct LM_(state) * s, const struct LM_(sums) * e)
{
    const hep_real one = real_splat(1.0);
    hep_mask better = e->rss <= s->rss;
    hep_real error2 = real_max(s->rss / s->dof * (LM_STEP * LM_STEP), s->floor);
    hep_mask is_short = s->predicted <= error2;
    hep_mask done;

    /* a step that is short because it is damped says nothing about the distance to the minimum */
    done = is_short & ((s->damping <= 1e-2) | (s->predicted <= s->floor));
    for (size_t a = 0; a < LM_NP; a++) {
        s->p[a] = real_select(better, s->trial[a], s->p[a]);
        s->jtr[a] = real_select(better, e->jtr[a], s->jtr[a]);
        s->bend[a] = real_select(better, e->bend[a], s->bend[a]);
    }
    for (size_t a = 0; a < LM_NPACKED; a++)
        s->jtj[a] = real_select(better, e->jtj[a], s->jtj[a]);
    s->rss = real_select(better, e->rss, s->rss);
    s->damping = real_select(better, s->damping * 0.1, s->damping * s->growth);
    s->damping = real_clamp(s->damping, real_splat(1e-12), real_splat(1e12));
    s->growth = real_select(better, real_splat(4.0), s->growth * 2.0);
    s->steps = s->steps + 1.0;
    s->settled = real_select(done, one, s->settled);
    return done | (s->steps >= (double)LM_MAX_STEPS);
}

/* One voxel into one lane; an index past the block leaves a lane that has nothing to do. */
static void LM_(put_in)(struct LM_(state) * s, size_t lane, const struct hep_lm_rows *rows,
                        size_t i)
{
    double sum = 0.0, points = 0.0;

    for (size_t k = 0; k < rows->n; k++) {
        double y = LM_ROW(rows->y, k)[i], w = LM_ROW(rows->w, k)[i];

        s->y[k][lane] = y;
        s->w[k][lane] = w;
        sum += w * (y * y);
        points += w > 0.0 ? 1.0 : 0.0;
    }
    for (size_t r = 0; r < LM_NP; r++) {
        s->p[r][lane] = LM_ROW(rows->p, r)[i];
        s->lo[r][lane] = LM_ROW(rows->lo, r)[i];
        s->hi[r][lane] = LM_ROW(rows->hi, r)[i];
    }
    s->floor[lane] = sum * LM_ROUNDING;
    s->dof[lane] = points > (double)LM_NP ? points - (double)LM_NP : 1.0;
    s->damping[lane] = 1e-3;
    s->growth[lane] = 4.0;
    s->steps[lane] = 0.0;
    s->settled[lane] = 0.0;
    s->rss[lane] = 0.0;
}

static void LM_(take_out)(const struct LM_(state) * s, size_t lane, const struct hep_lm_rows *rows,
                          size_t i)
{
    for (size_t r = 0; r < LM_NP; r++)
        LM_ROW(rows->p, r)[i] = s->p[r][lane];
    for (size_t r = 0; r < LM_NPACKED; r++)
        LM_ROW(rows->jtj, r)[i] = s->jtj[r][lane];
    rows->rss[i] = s->rss[lane];
    rows->settled[i] = s->settled[lane];
}

static void LM_NAME(const struct hep_lm_rows *rows)
{
    struct LM_(state) s;
    size_t voxel[HEP_WIDTH], next = 0, busy = 0;
    struct LM_(sums) e;
    hep_mask fresh = { 0 };

    (void)memset(&s, 0, sizeof s);
    for (size_t lane = 0; lane < HEP_WIDTH; lane++) {
        voxel[lane] = next < rows->count ? next++ : rows->count;
        busy += voxel[lane] < rows->count;
        if (voxel[lane] < rows->count)
            LM_(put_in)(&s, lane, rows, voxel[lane]);
        fresh[lane] = -1;
    }
    while (busy > 0) {
        hep_mask out;

        /* a fresh lane is first evaluated where it stands */
        LM_(propose)(&s);
        for (size_t a = 0; a < LM_NP; a++)
            s.trial[a] = real_select(fresh, s.p[a], s.trial[a]);
        LM_(evaluate)(&e, &s, s.trial, rows);
        s.rss = real_select(fresh, e.rss, s.rss);
        s.predicted = real_select(fresh, real_splat(1e300), s.predicted);
        s.damping = real_select(fresh, real_splat(1e-2), s.damping);
        out = LM_(judge)(&s, &e);
        fresh = fresh ^ fresh;
        for (size_t lane = 0; lane < HEP_WIDTH; lane++) {
            if (!out[lane] || voxel[lane] >= rows->count)
                continue;
            LM_(take_out)(&s, lane, rows, voxel[lane]);
            voxel[lane] = next < rows->count ? next++ : rows->count;
            if (voxel[lane] < rows->count) {
                LM_(put_in)(&s, lane, rows, voxel[lane]);
                fresh[lane] = -1;
            } else {
                busy--;
            }
        }
    }
}

#undef LM_NAME
#undef LM_MODEL
#undef LM_CURVATURE
#undef LM_NP
#undef LM_NPACKED
#undef LM_PASTE
#undef LM_PASTE2
#undef LM_
