/**
 * @file  fitting/fatwater_kernels.h
 * @brief Start values and least squares of the multi-echo fit on blocks of voxels, generic over
 * hep_real.
 *
 * Included once per instruction set by a source file that defines HEP_KERNELS, the name of the
 * table, and HEP_LANES for eight voxels at a time. No step mixes voxels, so a voxel's bits depend
 * neither on its neighbours nor on the instruction set.
 */
#include "fitting/fatwater_model.h"
#include "fitting/fatwater_work.h"

#define ROW(base, r) ((base) + (r) * (size_t)HEP_FIT_BLOCK)

/* The best point so far, and how much of the signal's square it explains. */
struct grid_fit {
    hep_real score, a, f, rate;
};

/* Every step-th rate of the grid with one fraction. For echoes m of A = 1, (sum w y m)^2 / sum w
 * m^2 is explained. */
HEP_LANE void try_fraction(struct grid_fit *best, const struct hep_fatwater_job *job,
                           const struct hep_fatwater_block *blk, size_t i, hep_real f, size_t step)
{
    hep_real wys[HEP_MULTIECHO_MAX_ECHOES], wss[HEP_MULTIECHO_MAX_ECHOES];

    for (size_t k = 0; k < job->n; k++) {
        hep_real w = real_load(ROW(blk->w, k) + i), y = real_load(ROW(blk->y, k) + i);
        hep_real re = 1.0 + f * (job->x[k][1] - 1.0), im = f * job->x[k][2];
        hep_real size2 = re * re + im * im;

        wys[k] = w * y * (size2 * real_rsqrt(size2));
        wss[k] = w * size2;
    }
    for (size_t r = step / 2; r < HEP_FATWATER_GRID_R; r += step) {
        hep_real ym = real_splat(0.0), mm = real_splat(1e-300), score;
        hep_mask better;

        for (size_t k = 0; k < job->n; k++) {
            double decay = job->decay[r][k];

            ym = ym + wys[k] * decay;
            mm = mm + wss[k] * (decay * decay);
        }
        score = ym * ym / mm;
        better = score > best->score;
        best->score = real_select(better, score, best->score);
        best->a = real_select(better, ym / mm, best->a);
        best->f = real_select(better, f, best->f);
        best->rate = real_select(better, real_splat(job->grid_r[r]), best->rate);
    }
}

HEP_LANE void put_start(struct hep_fatwater_block *blk, size_t i, const struct grid_fit *best)
{
    real_store(blk->p + i, real_clamp(best->a, real_splat(0.0), real_load(blk->hi + i)));
    real_store(ROW(blk->p, 1) + i, best->f);
    real_store(ROW(blk->p, 2) + i, best->rate);
}

static void start(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk)
{
    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        struct grid_fit best = { .score = real_splat(-1.0) };

        for (size_t f = 0; f < HEP_FATWATER_GRID_F; f++)
            try_fraction(&best, job, blk, i, real_splat(job->grid_f[f]), 1);
        put_start(blk, i, &best);
    }
}

static void start_at(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk, double f)
{
    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        struct grid_fit best = { .score = real_splat(-1.0) };

        try_fraction(&best, job, blk, i, real_splat(f), 1);
        put_start(blk, i, &best);
    }
}

/* To first order the opposed echoes see |1 - f per_null| and the others 1 - f in_phase_loss: two
 * fractions whose ratios of these are opposite look alike. */
static void start_mirrored(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk)
{
    const double op = job->per_null, ip = job->in_phase_loss;

    for (size_t i = 0; i < blk->count; i += HEP_WIDTH) {
        struct grid_fit best = { .score = real_splat(-1.0) };
        hep_real f = real_load(ROW(blk->p, 1) + i);
        hep_real ratio = (1.0 - f * op) / real_max(1.0 - f * ip, real_splat(0.05));
        hep_real away = (1.0 + ratio) / real_max(op + ratio * ip, real_splat(0.05)) - f;

        try_fraction(&best, job, blk, i, real_clamp(f + away, real_splat(0.01), real_splat(0.99)),
                     1);
        put_start(blk, i, &best);
    }
}

#ifdef HEP_LANES
#define LM_NAME lanes_plain
#define LM_MODEL model_fatwater
#define LM_NP HEP_FATWATER_NP
#include "fitting/lm_lanes.h"
#define LM_NAME lanes_floor
#define LM_MODEL model_fatwater_floor
#define LM_NP (HEP_FATWATER_NP + 1)
#include "fitting/lm_lanes.h"

static struct hep_lm_rows rows_of(const struct hep_fatwater_job *job,
                                  const struct hep_fatwater_block *blk)
{
    return (struct hep_lm_rows){ .x = job->x,
                                 .n = job->n,
                                 .count = blk->count,
                                 .y = blk->y,
                                 .w = blk->w,
                                 .lo = blk->lo,
                                 .hi = blk->hi,
                                 .p = blk->p,
                                 .jtj = blk->jtj,
                                 .rss = blk->rss,
                                 .settled = blk->settled };
}

static void fit_plain(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk)
{
    struct hep_lm_rows rows = rows_of(job, blk);

    lanes_plain(&rows);
}

static void fit_floor(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk)
{
    struct hep_lm_rows rows = rows_of(job, blk);

    lanes_floor(&rows);
}
#define HEP_FITS                                                                                   \
    {                                                                                              \
        fit_plain, fit_floor                                                                       \
    }
#else
#define HEP_FITS                                                                                   \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }
#endif

const struct hep_fatwater_kernels HEP_KERNELS = {
    .start = start, .start_mirrored = start_mirrored, .start_at = start_at, .fit = HEP_FITS
};
