#include "base/alloc.h"
#include "fitting/fatwater_model.h"
#include "fitting/fatwater_work.h"

#include <math.h>

/* |1 - f (1 - c)| of the most opposed echo is least at f = (1 - Re c) / |1 - c|^2. */
static void set_mirror(struct hep_fatwater_job *job)
{
    double opposed = 1.0, in_phase = -1.0;

    for (size_t k = 0; k < job->n; k++) {
        double re = job->x[k][1], im = job->x[k][2];

        if (re < opposed) {
            opposed = re;
            job->per_null = ((1.0 - re) * (1.0 - re) + im * im) / fmax(1.0 - re, 1e-6);
        }
        in_phase = fmax(in_phase, re);
    }
    job->in_phase_loss = 1.0 - in_phase;
}

void hep_fatwater_job_init(struct hep_fatwater_job *job, const struct hep_multiecho_data *data,
                           const struct hep_multiecho_options *opt)
{
    const double slowest = 0.05; /* 5 /s */
    double low;

    job->data = data;
    job->opt = opt;
    job->n = data->n_echoes;
    job->floor = opt->noise == HEP_MULTIECHO_NOISE_FLOOR;
    job->np = HEP_FATWATER_NP + (job->floor ? 1 : 0);
    job->rate_max = opt->r2star_max_per_s * HEP_FATWATER_TIME_UNIT_S;
    low = fmin(slowest, 0.5 * job->rate_max);
    for (size_t k = 0; k < job->n; k++) {
        job->x[k][0] = data->te_s[k] / HEP_FATWATER_TIME_UNIT_S;
        hep_fat_phasor(&job->x[k][1], data->spectrum, data->b0_t, data->te_s[k]);
        job->x[k][3] = 0.0;
    }
    for (size_t r = 0; r < HEP_FATWATER_GRID_R; r++) {
        job->grid_r[r] =
            low * pow(job->rate_max / low, ((double)r + 0.5) / (double)HEP_FATWATER_GRID_R);
        for (size_t k = 0; k < job->n; k++)
            job->decay[r][k] = exp(-job->x[k][0] * job->grid_r[r]);
    }
    for (size_t f = 0; f < HEP_FATWATER_GRID_F; f++)
        job->grid_f[f] = ((double)f + 0.5) / (double)HEP_FATWATER_GRID_F;
    set_mirror(job);
}

int hep_fatwater_block_init(struct hep_fatwater_block *blk, size_t n, struct hep_error *err)
{
    const size_t np = HEP_LM_MAX_P, row = HEP_FIT_BLOCK;
    const size_t rows = 2 * n + 3 * np + HEP_LM_PACKED + 4;
    double *at = hep_alloc_aligned(rows * row, sizeof *at, err);

    *blk = (struct hep_fatwater_block){ 0 };
    blk->voxel = hep_calloc(row, sizeof *blk->voxel, err);
    if (at == NULL || blk->voxel == NULL) {
        free(at);
        free(blk->voxel);
        blk->voxel = NULL;
        return HEP_ENOMEM;
    }
    (void)memset(at, 0, rows * row * sizeof *at);
    blk->y = at;
    blk->w = blk->y + n * row;
    blk->lo = blk->w + n * row;
    blk->hi = blk->lo + np * row;
    blk->p = blk->hi + np * row;
    blk->jtj = blk->p + np * row;
    blk->rss = blk->jtj + (size_t)HEP_LM_PACKED * row;
    blk->n_usable = blk->rss + row;
    blk->settled = blk->n_usable + row;
    blk->scale = blk->settled + row;
    return HEP_OK;
}

void hep_fatwater_block_release(struct hep_fatwater_block *blk)
{
    free(blk->y);
    free(blk->voxel);
    *blk = (struct hep_fatwater_block){ 0 };
}

/* y, w, scale and n_usable of voxel i. A magnitude of 0 or below was not measured: noise alone has a
 * mean of 1.25 sigma. */
static void load_voxel(struct hep_fatwater_block *blk, const struct hep_fatwater_job *job, size_t i)
{
    const struct hep_multiecho_options *opt = job->opt;
    double least = opt->noise == HEP_MULTIECHO_NOISE_DROP ? opt->snr_min * opt->sigma : 0.0;
    double largest = 0.0, n_usable = 0.0;
    bool bad;

    for (size_t k = 0; k < job->n; k++) {
        double s = (double)job->data->echo[k][blk->voxel[i]];
        bool usable = isfinite(s) && s > 0.0 && s >= least;

        blk->y[k * HEP_FIT_BLOCK + i] = usable ? s : 0.0;
        blk->w[k * HEP_FIT_BLOCK + i] = usable ? 1.0 : 0.0;
        n_usable += usable ? 1.0 : 0.0;
        largest = usable ? fmax(largest, s) : largest;
    }
    bad = n_usable < (double)hep_fatwater_unknowns(opt) || !(largest > 0.0);
    blk->n_usable[i] = bad ? 0.0 : n_usable;
    blk->scale[i] = bad ? 1.0 : largest;
    for (size_t k = 0; k < job->n; k++) {
        blk->y[k * HEP_FIT_BLOCK + i] = bad ? 0.0 : blk->y[k * HEP_FIT_BLOCK + i] / largest;
        blk->w[k * HEP_FIT_BLOCK + i] = bad ? 0.0 : blk->w[k * HEP_FIT_BLOCK + i];
    }
}

void hep_fatwater_block_load(struct hep_fatwater_block *blk, const struct hep_fatwater_job *job)
{
    const size_t row = HEP_FIT_BLOCK;

    for (size_t i = 0; i < row; i++) {
        double sigma;

        load_voxel(blk, job, i);
        sigma = job->opt->sigma / blk->scale[i];
        blk->hi[i] = HEP_FATWATER_AMPLITUDE_MAX;
        blk->hi[row + i] = job->opt->no_fat ? 0.0 : 1.0;
        blk->hi[2 * row + i] = job->rate_max;
        blk->lo[3 * row + i] = blk->hi[3 * row + i] = blk->p[3 * row + i] = sigma * sigma;
    }
}
