/**
 * @file  fitting/diffusion_near.h
 * @brief Near the solution of the bi-exponential model: starts by a grid and, in lanes, least squares, generic over
 * hep_real.
 *
 * Included once per instruction set by a source file that defines HEP_NEAR, the name of the table, and HEP_LANES and
 * HEP_SINGLE for several voxels at a time in single precision: twice as many as in double precision, and what is near
 * the solution is soon there. No step mixes voxels, as in diffusion_kernels.h.
 */
#include "fitting/diffusion_model.h"
#include "fitting/diffusion_work.h"

#define NEAR_ROW(base, r) ((base) + (r) * (size_t)HEP_FIT_BLOCK)

/* The (D, D*) grid by variable projection: for given rates the two amplitudes are linear (Golub &
 * Pereyra, SIAM J Numer Anal 1973;10:413), and f in its box is a box for their ratio. */
struct grid_peak {
    hep_real num, den;      /* explained sum of squares: num / den */
    hep_real d, slow, fast; /* its D, its amplitudes times den */
};

/* What nodes share: sums over the points with weights alone. */
struct grid_sums {
    hep_scalar slow_slow[HEP_DIFFUSION_GRID_D], fast_fast[HEP_DIFFUSION_GRID_DSTAR];
    hep_scalar cross[HEP_DIFFUSION_GRID_D][HEP_DIFFUSION_GRID_DSTAR];
};

struct grid_scan {
    const struct hep_diffusion_job *job;
    const struct hep_diffusion_grid *grid;
    size_t n;              /* points */
    size_t first, last;    /* D* nodes first..last-1 */
    struct grid_sums full; /* of voxels whose every volume can be used, which most are */
    hep_scalar full_w[HEP_DIFFUSION_MAX_B];
    hep_scalar decay_d[HEP_DIFFUSION_GRID_D][HEP_DIFFUSION_MAX_B];
    hep_scalar decay_dstar[HEP_DIFFUSION_GRID_DSTAR][HEP_DIFFUSION_MAX_B];
    hep_real w[HEP_DIFFUSION_MAX_B], wy[HEP_DIFFUSION_MAX_B];
    hep_real fast_fast[HEP_DIFFUSION_GRID_DSTAR], fast_y[HEP_DIFFUSION_GRID_DSTAR];
    hep_real ratio_lo, ratio_hi;                     /* f / (1 - f) */
    hep_real total;                                  /* sum w y^2 */
    struct grid_peak best[HEP_DIFFUSION_GRID_DSTAR]; /* over D, for each D* */
};

/* Columns whose determinant is lost in rounding are one column. */
#define COLLINEAR (100 * HEP_REAL_EPSILON)

HEP_LANE void scan_node(struct grid_scan *s, hep_real slow_slow, hep_real slow_y, hep_real cross,
                        hep_real fast_fast, size_t j, hep_real d)
{
    hep_real fast_y = s->fast_y[j], whole = slow_slow * fast_fast;
    hep_real det = whole - cross * cross;
    hep_real a = slow_y * fast_fast - fast_y * cross, c = fast_y * slow_slow - slow_y * cross;
    hep_mask over = c > s->ratio_hi * a, under = c < s->ratio_lo * a;
    hep_real r = real_select(over, s->ratio_hi, s->ratio_lo);
    hep_real t = slow_y + r * fast_y, q = slow_slow + r * (cross + cross + r * fast_fast);
    hep_mask outside = over | under | (det <= whole * COLLINEAR);
    hep_real num = real_select(outside, t * t, a * slow_y + c * fast_y);
    hep_real den = real_max(real_select(outside, q, det), real_splat(HEP_REAL_TINY));
    struct grid_peak *best = &s->best[j];
    hep_mask better = num * best->den > best->num * den;

    best->num = real_select(better, num, best->num);
    best->den = real_select(better, den, best->den);
    best->d = real_select(better, d, best->d);
    best->slow = real_select(better, real_select(outside, t, a), best->slow);
    best->fast = real_select(better, real_select(outside, r * t, c), best->fast);
}

/* sum w a^2 over the points */
HEP_LANE hep_real sum_squares(const struct grid_scan *s, const hep_real *w, const hep_scalar *a)
{
    hep_real sum = real_splat(0);

    for (size_t k = 0; k < s->n; k++)
        sum = sum + w[k] * a[k] * a[k];
    return sum;
}

/* sum w a b over the points, wa = w a */
HEP_LANE hep_real sum_products(const struct grid_scan *s, const hep_real *wa, const hep_scalar *b)
{
    hep_real sum = real_splat(0);

    for (size_t k = 0; k < s->n; k++)
        sum = sum + wa[k] * b[k];
    return sum;
}

#ifdef HEP_LANES
#define LANE(x, l) ((x)[l])
#else
#define LANE(x, l) (x)
#endif

/* By the operations that voxels with other weights go through, so that the bits are the same. */
static void sum_full(struct grid_scan *s)
{
    hep_real w[HEP_DIFFUSION_MAX_B], wa[HEP_DIFFUSION_MAX_B];

    for (size_t k = 0; k < s->n; k++)
        w[k] = real_splat(s->full_w[k]);
    for (size_t j = s->first; j < s->last; j++)
        s->full.fast_fast[j] = LANE(sum_squares(s, w, s->decay_dstar[j]), 0);
    for (size_t g = 0; g < s->grid->n_d; g++) {
        s->full.slow_slow[g] = LANE(sum_squares(s, w, s->decay_d[g]), 0);
        for (size_t k = 0; k < s->n; k++)
            wa[k] = w[k] * s->decay_d[g][k];
        for (size_t j = s->first; j < s->last; j++)
            s->full.cross[g][j] = LANE(sum_products(s, wa, s->decay_dstar[j]), 0);
    }
}

static void scan_init(struct grid_scan *s, const struct hep_diffusion_job *job,
                      const struct hep_diffusion_grid *grid, size_t first, size_t last)
{
    s->job = job;
    s->grid = grid;
    s->n = job->scheme.n_b;
    s->first = first;
    s->last = last;
    for (size_t k = 0; k < s->n; k++) {
        s->full_w[k] = (hep_scalar)job->scheme.n_averages[k];
        for (size_t g = 0; g < grid->n_d; g++)
            s->decay_d[g][k] = (hep_scalar)grid->decay_d[g][k];
        for (size_t j = first; j < last; j++)
            s->decay_dstar[j][k] = (hep_scalar)grid->decay_dstar[j][k];
    }
    sum_full(s);
}

/* True where every volume of these voxels can be used. */
HEP_LANE bool scan_voxels(struct grid_scan *s, const struct hep_diffusion_block *blk, size_t i)
{
    hep_real f_lo = real_load(NEAR_ROW(blk->lo, 1) + i);
    hep_real f_hi = real_min(real_load(NEAR_ROW(blk->hi, 1) + i), real_splat((hep_scalar)0.999));
    hep_real other = real_splat(0);
    bool is_full = true;

    s->total = real_splat(0);
    for (size_t k = 0; k < s->n; k++) {
        hep_real y = real_load(NEAR_ROW(blk->y, k) + i);

        s->w[k] = real_load(NEAR_ROW(blk->w, k) + i);
        s->wy[k] = s->w[k] * y;
        s->total = s->total + s->wy[k] * y;
        other =
            other + real_select(s->w[k] != real_splat(s->full_w[k]), real_splat(1), real_splat(0));
    }
    for (size_t l = 0; l < HEP_WIDTH; l++)
        is_full = is_full && !(LANE(other, l) > 0);
    for (size_t j = s->first; j < s->last; j++) {
        s->fast_y[j] = sum_products(s, s->wy, s->decay_dstar[j]);
        s->best[j] = (struct grid_peak){ real_splat(-1), real_splat(1), real_splat(0),
                                         real_splat(0), real_splat(0) };
    }
    s->ratio_lo = f_lo / (1 - f_lo);
    s->ratio_hi = f_hi / (1 - f_hi);
    return is_full;
}

/* Nodes from the sums of full weights. */
HEP_LANE void scan_full(struct grid_scan *s)
{
    for (size_t g = 0; g < s->grid->n_d; g++) {
        hep_real slow_y = sum_products(s, s->wy, s->decay_d[g]);
        hep_real slow_slow = real_splat(s->full.slow_slow[g]);
        hep_real d = real_splat((hep_scalar)s->grid->d[g]);

        for (size_t j = s->first; j < s->last; j++)
            scan_node(s, slow_slow, slow_y, real_splat(s->full.cross[g][j]),
                      real_splat(s->full.fast_fast[j]), j, d);
    }
}

/* All D* for one D of any weights and decays. */
HEP_LANE void scan_row(struct grid_scan *s, const hep_real *slow, hep_real d)
{
    hep_real wslow[HEP_DIFFUSION_MAX_B];
    hep_real slow_slow = real_splat(0), slow_y = real_splat(0);

    for (size_t k = 0; k < s->n; k++) {
        wslow[k] = s->w[k] * slow[k];
        slow_slow = slow_slow + wslow[k] * slow[k];
        slow_y = slow_y + s->wy[k] * slow[k];
    }
    for (size_t j = s->first; j < s->last; j++)
        scan_node(s, slow_slow, slow_y, sum_products(s, wslow, s->decay_dstar[j]), s->fast_fast[j],
                  j, d);
}

/* Nodes whose sums are the voxel's own: volumes are missing, or D is given. */
HEP_LANE void scan_any(struct grid_scan *s, const struct hep_diffusion_block *blk, size_t i)
{
    const bool given = s->job->fixed[2];
    hep_real slow[HEP_DIFFUSION_MAX_B];

    for (size_t j = s->first; j < s->last; j++)
        s->fast_fast[j] = sum_squares(s, s->w, s->decay_dstar[j]);
    for (size_t g = 0; g < (given ? 1 : s->grid->n_d); g++) {
        hep_real d =
            given ? real_load(NEAR_ROW(blk->lo, 2) + i) : real_splat((hep_scalar)s->grid->d[g]);

        for (size_t k = 0; k < s->n; k++)
            slow[k] =
                given ? real_exp(d * -(hep_scalar)s->job->x[k][0]) : real_splat(s->decay_d[g][k]);
        scan_row(s, slow, d);
    }
}

HEP_LANE void put_start(double *row, const struct hep_diffusion_block *blk, size_t i,
                        const struct grid_peak *g, hep_real dstar)
{
    hep_real total = real_max(g->slow + g->fast, real_splat((hep_scalar)1e-6) * g->den);
    hep_real p[4];

    p[0] = total / g->den;
    p[1] = g->fast / total;
    p[2] = g->d;
    p[3] = dstar;
    for (size_t r = 0; r < 4; r++)
        real_store(NEAR_ROW(row, r) + i, real_clamp(p[r], real_load(NEAR_ROW(blk->lo, r) + i),
                                                    real_load(NEAR_ROW(blk->hi, r) + i)));
}

/* Peaks whose residuals are above those of the highest by more than this are not worth a fit. */
#define SECOND_PEAK ((hep_scalar)1.5)

HEP_LANE void take_better(struct grid_peak *to, hep_real *gain, hep_real *dstar, hep_mask better,
                          const struct grid_peak *from, hep_real from_gain, double from_dstar)
{
    *gain = real_select(better, from_gain, *gain);
    to->den = real_select(better, from->den, to->den);
    to->d = real_select(better, from->d, to->d);
    to->slow = real_select(better, from->slow, to->slow);
    to->fast = real_select(better, from->fast, to->fast);
    *dstar = real_select(better, real_splat((hep_scalar)from_dstar), *dstar);
}

/* The highest peak over D*, and the highest one of the others. */
HEP_LANE void pick_starts(const struct grid_scan *s, struct hep_diffusion_block *blk, size_t i)
{
    const hep_real zero = real_splat(0), one = real_splat(1);
    struct grid_peak first = { zero, one, zero, zero, zero }, second = first;
    hep_real first_gain = real_splat(-1), second_gain = first_gain;
    hep_real first_dstar = zero, second_dstar = zero, gain[HEP_DIFFUSION_GRID_DSTAR];
    hep_mask two;

    for (size_t j = s->first; j < s->last; j++) {
        gain[j] = s->best[j].num / s->best[j].den;
        take_better(&first, &first_gain, &first_dstar, gain[j] > first_gain, &s->best[j], gain[j],
                    s->grid->dstar[j]);
    }
    for (size_t j = s->first; j < s->last; j++) {
        hep_mask peak =
            (gain[j] > second_gain) & (first_dstar != real_splat((hep_scalar)s->grid->dstar[j]));

        if (j > s->first)
            peak = peak & (gain[j] > gain[j - 1]);
        if (j + 1 < s->last)
            peak = peak & (gain[j] > gain[j + 1]);
        take_better(&second, &second_gain, &second_dstar, peak, &s->best[j], gain[j],
                    s->grid->dstar[j]);
    }
    put_start(blk->p, blk, i, &first, first_dstar);
    put_start(blk->second, blk, i, &second, second_dstar);
    two = (second_gain > zero) & (s->total - second_gain < (s->total - first_gain) * SECOND_PEAK);
    real_store(blk->n_start + i, real_select(two, real_splat(2), one));
}

static void start_between(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                          const struct hep_diffusion_grid *grid, size_t first, size_t last)
{
    struct grid_scan s;

    scan_init(&s, job, grid, first, last);
    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        if (scan_voxels(&s, blk, i) && !job->fixed[2])
            scan_full(&s);
        else
            scan_any(&s, blk, i);
        pick_starts(&s, blk, i);
    }
}

#ifdef HEP_LANES
#define LM_NAME lm_ivim
#define LM_MODEL model_ivim_from
#define LM_SHARED struct ivim_decays
#define LM_SHARED_AT ivim_decays_at
#define LM_SHARED_OF_SUM ivim_decays_of_sum
#define LM_CURVATURE curvature_ivim
#define LM_NP 4
#include "fitting/lm_lanes.h"

static void fit_ivim(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)
{
    const struct hep_lm_rows rows = hep_diffusion_rows(job, blk);

    lm_ivim(&rows);
}
#define NEAR_FIT fit_ivim
#else
#define NEAR_FIT NULL
#endif

const struct hep_diffusion_near HEP_NEAR = { .start_between = start_between, .fit = NEAR_FIT };
