#include "fitting/diffusion_job.h"
#include "base/alloc.h"

#include <math.h>

#define PER_MM2 1e-3 /* b: s/mm2 to ms/um2 */
#define PER_UM2 1e3  /* rates: mm2/s to um2/ms */
#define LIST_CHUNK 16384
#define COARSE_D 8
#define COARSE_DSTAR 10

static enum hep_diffusion_kind kind_of(enum hep_diffusion_model model,
                                       enum hep_diffusion_method method)
{
    if (model == HEP_DIFFUSION_KURTOSIS)
        return HEP_KIND_KURTOSIS;
    if (model == HEP_DIFFUSION_IVIM)
        return method == HEP_METHOD_SIVIM ? HEP_KIND_SIVIM : HEP_KIND_IVIM;
    return HEP_KIND_MONO;
}

static void set_bounds(struct hep_diffusion_job *job)
{
    const struct hep_diffusion_bounds *b = &job->set->bounds;
    size_t d = job->kind == HEP_KIND_IVIM || job->kind == HEP_KIND_SIVIM ? 2 : 1;

    job->lo[0] = 0.0;
    job->hi[0] = HEP_DIFFUSION_S0_MAX;
    job->lo[d] = b->d_min * PER_UM2;
    job->hi[d] = b->d_max * PER_UM2;
    if (d == 2) {
        job->lo[1] = b->f_min;
        job->hi[1] = b->f_max;
        job->lo[3] = b->dstar_min * PER_UM2;
        job->hi[3] = b->dstar_max * PER_UM2;
    } else if (job->kind == HEP_KIND_KURTOSIS) {
        job->lo[2] = b->k_min;
        job->hi[2] = b->k_max;
    }
}

/* n values from lo to hi in equal ratios, both ends among them or half a step inside. */
static void set_nodes(double *node, double (*decay)[HEP_DIFFUSION_MAX_B], size_t n, bool ends,
                      size_t parameter, const struct hep_diffusion_job *job)
{
    double hi = job->hi[parameter], lo = fmax(job->lo[parameter], hi * 1e-3);

    for (size_t i = 0; i < n; i++) {
        double at = ends ? (double)i / (double)(n - 1) : ((double)i + 0.5) / (double)n;

        node[i] = lo * pow(hi / lo, at);
        for (size_t k = 0; k < job->scheme.n_b; k++)
            decay[i][k] = exp(-job->x[k][0] * node[i]);
    }
}

static void set_grid(struct hep_diffusion_grid *g, size_t n_d, size_t n_dstar, bool ends,
                     const struct hep_diffusion_job *job)
{
    g->n_d = n_d;
    g->n_dstar = n_dstar;
    set_nodes(g->d, g->decay_d, n_d, ends, 2, job);
    set_nodes(g->dstar, g->decay_dstar, n_dstar, ends, 3, job);
}

static void set_points(struct hep_diffusion_job *job)
{
    const struct hep_diffusion_scheme *c = &job->scheme;
    size_t used = 0;

    job->first_high = 0;
    for (size_t k = 0; k < c->n_b; k++) {
        job->x[k][0] = c->b_s_per_mm2[k] * PER_MM2;
        job->x[k][1] = c->b_s_per_mm2[k] <= 0.0 ? 1.0 : 0.0;
        if (c->b_s_per_mm2[k] < job->set->b_split_s_per_mm2)
            job->first_high = k + 1;
        job->order_start[k] = used;
        for (size_t v = 0; v < c->n_volumes; v++) {
            if (c->point[v] == (int)k)
                job->order[used++] = (uint16_t)v;
        }
    }
    job->order_start[c->n_b] = used;
}

/* A decay that is a product of at most this many exponentials is as good as one: 1e-14, in single precision 6e-6 of the
 * noise-free signal. */
#define MOST_FACTORS 100

/* For each point the two whose b sum up to its own with the fewest exponentials behind them, so that exp(-b D) of one
 * b-value is a product of others. */
static void set_sums(struct hep_diffusion_job *job)
{
    unsigned factors[HEP_DIFFUSION_MAX_B];

    for (size_t k = 0; k < job->n_points; k++) {
        const double b = job->x[k][0];

        job->sum[k][0] = job->sum[k][1] = (uint8_t)k;
        factors[k] = 1;
        for (size_t i = 0; i < k && k < job->scheme.n_b; i++) {
            for (size_t j = 0; j <= i; j++) {
                const unsigned n = factors[i] + factors[j];
                const bool is_fewer = job->sum[k][0] == k || n < factors[k];

                if (fabs(job->x[i][0] + job->x[j][0] - b) > 1e-12 * b || n > MOST_FACTORS ||
                    !is_fewer)
                    continue;
                job->sum[k][0] = (uint8_t)i;
                job->sum[k][1] = (uint8_t)j;
                factors[k] = n;
            }
        }
    }
}

#define SAME_B 0.5 /* s/mm2 */

static void set_lowest(struct hep_diffusion_job *job)
{
    double lowest = HUGE_VAL;

    for (size_t v = 0; v < job->in->nb; v++)
        lowest = fmin(lowest, job->in->b_s_per_mm2[v]);
    for (size_t v = 0; v < job->in->nb; v++)
        if (job->in->b_s_per_mm2[v] <= lowest + SAME_B)
            job->lowest[job->n_lowest++] = (uint16_t)v;
}

int hep_diffusion_job_init(struct hep_diffusion_job *job, const struct hep_diffusion_input *in,
                           const struct hep_diffusion_settings *set, struct hep_error *err)
{
    static const size_t np[HEP_KIND_COUNT] = { 2, 4, 3, 3 };
    int rc;

    if (in->signal == NULL || in->nvox == 0)
        return HEP_FAIL(err, HEP_EINVAL, "no signals");
    if (set->method == HEP_METHOD_BAYES && in->mask == NULL)
        return HEP_FAIL(err, HEP_EINVAL,
                        "the method bayes needs a mask: its prior is the distribution of D* in it");
    rc = hep_diffusion_prepare(&job->scheme, in->b_s_per_mm2, in->nb, set, err);
    if (rc != HEP_OK)
        return rc;
    job->in = in;
    job->set = set;
    job->kind = kind_of(set->model, job->scheme.method);
    job->np = np[job->kind];
    job->n_needed = job->np - (set->fixed_s0 ? 1 : 0);
    job->fixed[0] = set->fixed_s0 || job->scheme.method == HEP_METHOD_SEGMENTED;
    job->fixed[1] = job->scheme.method == HEP_METHOD_SEGMENTED;
    job->fixed[2] = job->kind == HEP_KIND_IVIM &&
                    (job->fixed[1] || job->scheme.method == HEP_METHOD_SEGMENTED_FIXED_D);
    set_points(job);
    set_lowest(job);
    job->n_points = job->scheme.n_b;
    if (job->scheme.method == HEP_METHOD_BAYES)
        job->x[job->n_points++][2] = 1.0;
    set_sums(job);
    set_bounds(job);
    if (job->kind == HEP_KIND_IVIM) {
        set_grid(&job->coarse, COARSE_D, COARSE_DSTAR, false, job);
        set_grid(&job->fine, HEP_DIFFUSION_GRID_D, HEP_DIFFUSION_GRID_DSTAR, true, job);
    }
    return HEP_OK;
}

void hep_diffusion_job_mono(struct hep_diffusion_job *mono, const struct hep_diffusion_job *job)
{
    *mono = *job;
    mono->kind = HEP_KIND_MONO;
    mono->np = 2;
    mono->n_points = mono->scheme.n_b;
    mono->fixed[1] = mono->fixed[2] = false;
    mono->fixed[0] = job->set->fixed_s0;
    set_bounds(mono);
}

/* Chunks of the mask are counted, then listed, side by side. */
int hep_diffusion_list(size_t **voxels, size_t *n, const struct hep_diffusion_input *in,
                       int n_threads, struct hep_error *err)
{
    size_t n_chunks = (in->nvox + LIST_CHUNK - 1) / LIST_CHUNK, *start, total = 0;

    *n = in->nvox;
    *voxels = NULL;
    if (in->mask == NULL)
        return HEP_OK;
    if (HEP_NEW(start, n_chunks, err) != HEP_OK)
        return HEP_ENOMEM;
#pragma omp parallel for num_threads(n_threads)
    for (size_t c = 0; c < n_chunks; c++) {
        for (size_t i = c * LIST_CHUNK; i < in->nvox && i < (c + 1) * LIST_CHUNK; i++)
            start[c] += in->mask[i] > 0;
    }
    for (size_t c = 0; c < n_chunks; c++) {
        size_t here = start[c];

        start[c] = total;
        total += here;
    }
    *voxels = hep_calloc(total > 0 ? total : 1, sizeof **voxels, err);
    if (*voxels == NULL) {
        free(start);
        return HEP_ENOMEM;
    }
#pragma omp parallel for num_threads(n_threads)
    for (size_t c = 0; c < n_chunks; c++) {
        size_t at = start[c];

        for (size_t i = c * LIST_CHUNK; i < in->nvox && i < (c + 1) * LIST_CHUNK; i++) {
            if (in->mask[i] > 0)
                (*voxels)[at++] = i;
        }
    }
    free(start);
    *n = total;
    return HEP_OK;
}

double hep_diffusion_n_estimated(const struct hep_diffusion_job *job)
{
    return (double)(job->np - (job->set->fixed_s0 ? 1 : 0));
}

int hep_diffusion_block_init(struct hep_diffusion_block *blk, size_t n, struct hep_error *err)
{
    const size_t rows = 2 * n + (size_t)5 * HEP_LM_MAX_P + HEP_LM_PACKED + 6;
    double *at = hep_alloc_aligned(rows * HEP_FIT_BLOCK, sizeof *at, err);

    *blk = (struct hep_diffusion_block){ 0 };
    blk->voxel = hep_calloc(HEP_FIT_BLOCK, sizeof *blk->voxel, err);
    if (at == NULL || blk->voxel == NULL) {
        free(at);
        free(blk->voxel);
        blk->voxel = NULL;
        return HEP_ENOMEM;
    }
    (void)memset(at, 0, rows * HEP_FIT_BLOCK * sizeof *at);
    blk->y = at;
    blk->w = blk->y + n * HEP_FIT_BLOCK;
    blk->p = blk->w + n * HEP_FIT_BLOCK;
    blk->lo = blk->p + (size_t)HEP_LM_MAX_P * HEP_FIT_BLOCK;
    blk->hi = blk->lo + (size_t)HEP_LM_MAX_P * HEP_FIT_BLOCK;
    blk->second = blk->hi + (size_t)HEP_LM_MAX_P * HEP_FIT_BLOCK;
    blk->jtj = blk->second + (size_t)HEP_LM_MAX_P * HEP_FIT_BLOCK;
    blk->rss = blk->jtj + (size_t)HEP_LM_PACKED * HEP_FIT_BLOCK;
    blk->scale = blk->rss + HEP_FIT_BLOCK;
    blk->n_usable = blk->scale + HEP_FIT_BLOCK;
    blk->settled = blk->n_usable + HEP_FIT_BLOCK;
    blk->n_start = blk->settled + HEP_FIT_BLOCK;
    blk->dof = blk->n_start + HEP_FIT_BLOCK;
    blk->variance = blk->dof + HEP_FIT_BLOCK;
    return HEP_OK;
}

void hep_diffusion_block_release(struct hep_diffusion_block *blk)
{
    free(blk->y);
    free(blk->voxel);
    *blk = (struct hep_diffusion_block){ 0 };
}

void hep_diffusion_block_bounds(const struct hep_diffusion_job *job,
                                struct hep_diffusion_block *blk)
{
    for (size_t r = 0; r < job->np; r++) {
        for (size_t i = 0; i < HEP_FIT_BLOCK; i++) {
            blk->lo[r * HEP_FIT_BLOCK + i] = job->lo[r];
            blk->hi[r * HEP_FIT_BLOCK + i] = job->hi[r];
        }
    }
    if (job->fixed[0]) { /* b = 0 is the first point */
        (void)memcpy(blk->lo, blk->y, HEP_FIT_BLOCK * sizeof *blk->lo);
        (void)memcpy(blk->hi, blk->y, HEP_FIT_BLOCK * sizeof *blk->hi);
    }
}
