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
 *     void curvature(hep_real curv[np], const hep_real grad[np], const hep_scalar x[HEP_LM_NX]);
 *
 * that gives the second derivatives of the model by each parameter, from the first ones. With it
 * the steps are Newton's for models whose mixed second derivatives cancel at the solution, as they
 * do for sums of exponentials; without it they are Gauss-Newton's, which crawl when residuals are
 * large.
 *
 * Optional: LM_SHARED, a type, with LM_SHARED_AT(p, x) and LM_SHARED_OF_SUM(a, b): what the model takes
 * from its exponentials, so that a sample whose x[0] is the sum of two others' takes a product
 * instead of an exponential; the model is then LM_MODEL(grad, p, x, &shared).
 *
 * Optional: LM_NEAR, where starts are the ends of a fit in single precision: every voxel is given one
 * step in its place before those that are not settled by it are put into lanes.
 *
 * Every lane holds one voxel. A lane that has converged, or has used up its steps, gives its result
 * back and takes the next voxel of the block, so that slow voxels hold up nobody; nothing passes
 * between lanes, hence a voxel's result does not depend on what its neighbours are.
 *
 * Method: Marquardt's scaled damping (J SIAM 1963;11:431); steps are projected on the box, and a
 * parameter on a bound whose gradient points outwards takes no part in the step. A voxel has
 * settled when a step is shorter than LM_STEP standard errors (estimated from its residuals), or is
 * lost in rounding. In single precision (HEP_SINGLE) the step may be longer, for its end is a start.
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
/* LM_ROUNDING: relative squared length of a step that is lost in the rounding of y^2 sums. */
#ifdef HEP_SINGLE
#define LM_STEP 3e-3f
#define LM_ROUNDING 1e-13f
#else
#define LM_STEP 1e-3
#define LM_ROUNDING 1e-20
#endif
/* Damping of the one step from near: after a few good steps it would be as small. */
#define LM_NEAR_DAMPING ((hep_scalar)1e-6)
#define LM_MAX_SAMPLES 64
#define LM_ROW(base, r) ((base) + (r) * (size_t)HEP_LM_ROW)
#endif

#ifdef LM_SHARED
#define LM_VALUE(grad, at, k) LM_MODEL(grad, at, s->x[k], &shared[k])
#else
#define LM_VALUE(grad, at, k) LM_MODEL(grad, at, s->x[k])
#endif

struct LM_(state) {
    hep_scalar x[LM_MAX_SAMPLES][HEP_LM_NX];
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
#ifdef LM_SHARED
    LM_SHARED shared[LM_MAX_SAMPLES];

    for (size_t k = 0; k < rows->n; k++) {
        const size_t i = rows->sum[k][0], j = rows->sum[k][1];

        shared[k] = i == k ? LM_SHARED_AT(at, s->x[k]) : LM_SHARED_OF_SUM(&shared[i], &shared[j]);
    }
#endif

    e->rss = real_splat(0);
    for (size_t r = 0; r < LM_NPACKED; r++)
        e->jtj[r] = real_splat(0);
    for (size_t r = 0; r < LM_NP; r++)
        e->jtr[r] = e->bend[r] = real_splat(0);
    for (size_t k = 0; k < rows->n; k++) {
        hep_real res = s->y[k] - LM_VALUE(grad, at, k);
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
                curv[a] = real_splat(0);
            LM_CURVATURE(curv, grad, s->x[k]);
            for (size_t a = 0; a < LM_NP; a++)
                e->bend[a] = e->bend[a] + wr * curv[a];
        }
#endif
    }
}

/* Damped step by L D L^T over the parameters that may move, projected on the box. */
HEP_LANE void LM_(propose)(struct LM_(state) * s)
{
    const hep_real zero = real_splat(0), one = real_splat(1);
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
        diag = real_select(newton > diag * (hep_scalar)0.01, newton, diag);
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

/* The sums of a new place, where it is `better`. */
HEP_LANE void LM_(take_sums)(struct LM_(state) * s, const struct LM_(sums) * e, hep_mask better)
{
    for (size_t a = 0; a < LM_NP; a++) {
        s->jtr[a] = real_select(better, e->jtr[a], s->jtr[a]);
        s->bend[a] = real_select(better, e->bend[a], s->bend[a]);
    }
    for (size_t a = 0; a < LM_NPACKED; a++)
        s->jtj[a] = real_select(better, e->jtj[a], s->jtj[a]);
    s->rss = real_select(better, e->rss, s->rss);
}

/* Keep the trial where it is better; say who is done. */
HEP_LANE hep_mask LM_(judge)(struct LM_(state) * s, const struct LM_(sums) * e)
{
    const hep_real one = real_splat(1);
    hep_mask better = e->rss <= s->rss;
    hep_real error2 = real_max(s->rss / s->dof * (LM_STEP * LM_STEP), s->floor);
    hep_mask is_short = s->predicted <= error2;
    hep_mask done;

    /* a step that is short because it is damped says nothing about the distance to the minimum */
    done = is_short & ((s->damping <= (hep_scalar)1e-2) | (s->predicted <= s->floor));
    for (size_t a = 0; a < LM_NP; a++)
        s->p[a] = real_select(better, s->trial[a], s->p[a]);
    LM_(take_sums)(s, e, better);
    s->damping = real_select(better, s->damping * (hep_scalar)0.1, s->damping * s->growth);
    s->damping =
        real_clamp(s->damping, real_splat((hep_scalar)1e-12), real_splat((hep_scalar)1e12));
    s->growth = real_select(better, real_splat(4), s->growth * 2);
    s->steps = s->steps + 1;
    s->settled = real_select(done, one, s->settled);
    return done | (s->steps >= LM_MAX_STEPS);
}

/* One voxel into one lane; an index past the block leaves a lane that has nothing to do. */
static void LM_(put_in)(struct LM_(state) * s, size_t lane, const struct hep_lm_rows *rows,
                        size_t i)
{
    hep_scalar sum = 0, points = 0;

    for (size_t k = 0; k < rows->n; k++) {
        hep_scalar y = (hep_scalar)LM_ROW(rows->y, k)[i], w = (hep_scalar)LM_ROW(rows->w, k)[i];

        s->y[k][lane] = y;
        s->w[k][lane] = w;
        sum += w * (y * y);
        points += w > 0 ? 1 : 0;
    }
    for (size_t r = 0; r < LM_NP; r++) {
        s->p[r][lane] = (hep_scalar)LM_ROW(rows->p, r)[i];
        s->lo[r][lane] = (hep_scalar)LM_ROW(rows->lo, r)[i];
        s->hi[r][lane] = (hep_scalar)LM_ROW(rows->hi, r)[i];
    }
    s->floor[lane] = sum * LM_ROUNDING;
    s->dof[lane] = points > LM_NP ? points - LM_NP : 1;
    s->damping[lane] = (hep_scalar)1e-3;
    s->growth[lane] = 4;
    s->steps[lane] = 0;
    s->settled[lane] = 0;
    s->rss[lane] = 0;
}

/* What is on a bound is given the bound itself, which a float may not be. */
static void LM_(take_out)(const struct LM_(state) * s, size_t lane, const struct hep_lm_rows *rows,
                          size_t i)
{
    for (size_t r = 0; r < LM_NP; r++)
        LM_ROW(rows->p, r)
    [i] = s->p[r][lane] <= s->lo[r][lane]   ? LM_ROW(rows->lo, r)[i]
          : s->p[r][lane] >= s->hi[r][lane] ? LM_ROW(rows->hi, r)[i]
                                            : (double)s->p[r][lane];
    for (size_t r = 0; r < LM_NPACKED; r++)
        LM_ROW(rows->jtj, r)[i] = (double)s->jtj[r][lane];
    rows->rss[i] = (double)s->rss[lane];
    rows->settled[i] = (double)s->settled[lane];
}

#ifdef LM_NEAR
/* One step of every voxel, in its place: most are settled by it. */
static void LM_(step_near)(struct LM_(state) * s, const struct hep_lm_rows *rows)
{
    const hep_real zero = real_splat(0), one = real_splat(1);
    struct LM_(sums) e;

    for (size_t i = 0; i < rows->count; i += HEP_WIDTH) {
        hep_real sum = zero, points = zero;

        for (size_t k = 0; k < rows->n; k++) {
            s->y[k] = real_load(LM_ROW(rows->y, k) + i);
            s->w[k] = real_load(LM_ROW(rows->w, k) + i);
            sum = sum + s->w[k] * (s->y[k] * s->y[k]);
            points = points + real_select(s->w[k] > zero, one, zero);
        }
        for (size_t r = 0; r < LM_NP; r++) {
            s->p[r] = real_load(LM_ROW(rows->p, r) + i);
            s->lo[r] = real_load(LM_ROW(rows->lo, r) + i);
            s->hi[r] = real_load(LM_ROW(rows->hi, r) + i);
        }
        s->floor = sum * LM_ROUNDING;
        s->dof = real_max(points - LM_NP, one);
        s->damping = zero + LM_NEAR_DAMPING;
        s->growth = zero + 4;
        s->steps = s->settled = zero;
        LM_(evaluate)(&e, s, s->p, rows);
        LM_(take_sums)(s, &e, zero < one);
        LM_(propose)(s);
        LM_(evaluate)(&e, s, s->trial, rows);
        (void)LM_(judge)(s, &e);
        for (size_t r = 0; r < LM_NP; r++)
            real_store(LM_ROW(rows->p, r) + i, s->p[r]);
        for (size_t r = 0; r < LM_NPACKED; r++)
            real_store(LM_ROW(rows->jtj, r) + i, s->jtj[r]);
        real_store(rows->rss + i, s->rss);
        real_store(rows->settled + i, s->settled);
    }
}
#endif

/* The next voxel from `next` on that is to be fitted; past the block when there is none. */
static size_t LM_(following)(const struct hep_lm_rows *rows, size_t next)
{
#ifdef LM_NEAR
    while (next < rows->count && rows->settled[next] > 0.0)
        next++;
#endif
    return next < rows->count ? next : rows->count;
}

static void LM_NAME(const struct hep_lm_rows *rows)
{
    struct LM_(state) s;
    size_t voxel[HEP_WIDTH], next = 0, busy = 0;
    struct LM_(sums) e;
    hep_mask fresh = { 0 };

    (void)memset(&s, 0, sizeof s);
    for (size_t k = 0; k < rows->n; k++)
        for (size_t c = 0; c < HEP_LM_NX; c++)
            s.x[k][c] = (hep_scalar)rows->x[k][c];
#ifdef LM_NEAR
    LM_(step_near)(&s, rows);
#endif
    for (size_t lane = 0; lane < HEP_WIDTH; lane++) {
        voxel[lane] = next = LM_(following)(rows, next);
        next++;
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
        s.predicted = real_select(fresh, real_splat(HEP_REAL_HUGE), s.predicted);
        s.damping = real_select(fresh, real_splat((hep_scalar)1e-2), s.damping);
        out = LM_(judge)(&s, &e);
        fresh = fresh ^ fresh;
        for (size_t lane = 0; lane < HEP_WIDTH; lane++) {
            if (!out[lane] || voxel[lane] >= rows->count)
                continue;
            LM_(take_out)(&s, lane, rows, voxel[lane]);
            voxel[lane] = next = LM_(following)(rows, next);
            next++;
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
#undef LM_SHARED
#undef LM_SHARED_AT
#undef LM_SHARED_OF_SUM
#undef LM_VALUE
#undef LM_NEAR
#undef LM_NP
#undef LM_NPACKED
#undef LM_PASTE
#undef LM_PASTE2
#undef LM_
