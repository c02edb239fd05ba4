#include "fitting/multiecho.h"

#include "base/alloc.h"
#include "fitting/fatwater_model.h"
#include "fitting/fatwater_work.h"
#include "fitting/precision.h"

#include <math.h>
#include <omp.h>

struct hep_multiecho_options hep_multiecho_defaults(void)
{
    return (struct hep_multiecho_options){ .snr_min = 3.0, .r2star_max_per_s = 1500.0 };
}

/* ---- checks ---- */

static int check_options(const struct hep_multiecho_options *opt, struct hep_error *err)
{
    enum hep_fit_isa isa;

    if (!(opt->sigma >= 0.0 && isfinite(opt->sigma)) ||
        !(opt->snr_min >= 0.0 && isfinite(opt->snr_min)))
        return HEP_FAIL(err, HEP_EINVAL, "noise %g and least SNR %g must not be negative",
                        opt->sigma, opt->snr_min);
    if (opt->noise != HEP_MULTIECHO_NOISE_IGNORE && !(opt->sigma > 0.0))
        return HEP_FAIL(err, HEP_EINVAL, "treating the noise floor needs the noise, it is %g",
                        opt->sigma);
    if (!(opt->r2star_max_per_s >= 10.0 && opt->r2star_max_per_s <= 1e4))
        return HEP_FAIL(err, HEP_EINVAL, "largest R2* is %g /s, allowed 10 to 10000",
                        opt->r2star_max_per_s);
    return hep_fit_isa_resolve(&isa, opt->fit.isa, err);
}

static int check_echoes(const struct hep_multiecho_data *data, struct hep_error *err)
{
    if (data->echo == NULL || data->te_s == NULL || data->spectrum == NULL)
        return HEP_FAIL(err, HEP_EINVAL, "echoes, echo times or fat spectrum are missing");
    if (data->n_echoes < HEP_MULTIECHO_MIN_ECHOES || data->n_echoes > HEP_MULTIECHO_MAX_ECHOES)
        return HEP_FAIL(err, HEP_EINVAL, "%zu echoes, allowed %d to %d", data->n_echoes,
                        HEP_MULTIECHO_MIN_ECHOES, HEP_MULTIECHO_MAX_ECHOES);
    if (!(data->b0_t >= 0.2 && data->b0_t <= 12.0))
        return HEP_FAIL(err, HEP_EINVAL, "field strength is %g T, allowed 0.2 to 12 T", data->b0_t);
    for (size_t k = 0; k < data->n_echoes; k++) {
        double before_s = k > 0 ? data->te_s[k - 1] : 0.0;

        if (data->echo[k] == NULL)
            return HEP_FAIL(err, HEP_EINVAL, "echo %zu is missing", k + 1);
        if (!(data->te_s[k] > before_s && isfinite(data->te_s[k])))
            return HEP_FAIL(
                err, HEP_EDATA,
                "echo time %zu is %g ms after %g ms, they must be positive and increase", k + 1,
                1e3 * data->te_s[k], 1e3 * before_s);
    }
    return HEP_OK;
}

/* Echoes that all see water and fat in one phase fit any fraction: ask the Cramer-Rao bound of 20 %
 * fat at normal iron and an SNR of 100. */
static int check_separable(const struct hep_multiecho_data *data, struct hep_error *err)
{
    const double widest = 0.05, r2star_per_s = 28.7 * data->b0_t / 1.5;
    const struct hep_precision_protocol protocol = { .model = HEP_PRECISION_MULTIECHO,
                                                     .x = data->te_s,
                                                     .n = data->n_echoes,
                                                     .sigma = 1.0,
                                                     .b0_t = data->b0_t,
                                                     .spectrum = data->spectrum };
    struct hep_error unused = { 0 };
    double sd = (double)INFINITY;
    int rc = hep_precision_pdff_bound(&sd, 80.0, 20.0, r2star_per_s, &protocol, &unused);

    if (rc != HEP_OK || !(sd <= widest))
        return HEP_FAIL(
            err, HEP_EDATA, "%zu echoes from %.3f to %.3f ms cannot tell water from fat at %g T",
            data->n_echoes, 1e3 * data->te_s[0], 1e3 * data->te_s[data->n_echoes - 1], data->b0_t);
    return HEP_OK;
}

int hep_multiecho_check(const struct hep_multiecho_data *data,
                        const struct hep_multiecho_options *opt, struct hep_error *err)
{
    int rc = check_options(opt, err);

    if (rc == HEP_OK)
        rc = check_echoes(data, err);
    if (rc == HEP_OK)
        rc = check_separable(data, err);
    return rc;
}

/* ---- one block ---- */

/* The best end of a voxel's fits, and the residual of the best one at quite another fraction. */
struct outcome {
    struct hep_lm_voxel best;
    double rival_rss;
};

struct worker {
    struct hep_fatwater_block blk;
    struct hep_lm_gsl *gsl;
    struct outcome *result, *reference; /* [HEP_FIT_BLOCK] */
    struct hep_multiecho_summary sum;
};

struct team {
    const struct hep_fatwater_kernels *kernels;
    struct hep_fatwater_job job;
    const struct hep_multiecho_maps *maps;
    const uint8_t *mask;
    struct worker *workers;
    int n_workers;
};

static void get_voxel(struct hep_lm_voxel *v, double *y, double *w,
                      const struct hep_fatwater_job *job, const struct hep_fatwater_block *blk,
                      size_t i)
{
    const size_t row = HEP_FIT_BLOCK;

    *v = (struct hep_lm_voxel){ .x = job->x[0], .y = y, .w = w, .n = job->n };
    for (size_t k = 0; k < job->n; k++) {
        y[k] = blk->y[k * row + i];
        w[k] = blk->w[k * row + i];
    }
    for (size_t r = 0; r < job->np; r++) {
        v->lo[r] = blk->lo[r * row + i];
        v->hi[r] = blk->hi[r * row + i];
        v->p[r] = blk->p[r * row + i];
    }
    for (size_t r = 0; r < HEP_LM_PACKED; r++)
        v->jtj[r] = blk->jtj[r * row + i];
    v->rss = blk->rss[i];
    v->settled = blk->settled[i] > 0.0;
}

static bool is_better(const struct hep_lm_voxel *a, const struct hep_lm_voxel *b)
{
    return a->settled != b->settled ? a->settled : a->rss < b->rss;
}

/* The logistic form of GSL's solver comes near a bound without reaching it. */
static void snap_to_bounds(struct hep_lm_voxel *v)
{
    const double near = 1e-7; /* of the box */

    for (size_t r = 0; r < HEP_FATWATER_NP; r++) {
        double margin = near * (v->hi[r] - v->lo[r]);

        if (v->p[r] < v->lo[r] + margin)
            v->p[r] = v->lo[r];
        else if (v->p[r] > v->hi[r] - margin)
            v->p[r] = v->hi[r];
    }
}

static void keep(struct outcome *o, const struct hep_lm_voxel *v, bool first)
{
    bool better = first || is_better(v, &o->best);

    if (first)
        o->rival_rss = (double)INFINITY;
    else if (fabs(v->p[1] - o->best.p[1]) > HEP_MULTIECHO_APART)
        o->rival_rss = fmin(o->rival_rss, better ? o->best.rss : v->rss);
    if (better)
        o->best = *v;
}

/* Fit from blk->p into out[], anew when `first`. Returns how many voxels went to GSL. */
static size_t fit_from(struct outcome *out, bool first, const struct hep_fatwater_kernels *kernels,
                       const struct hep_fatwater_job *job, struct worker *w)
{
    double y[HEP_MULTIECHO_MAX_ECHOES], weight[HEP_MULTIECHO_MAX_ECHOES];
    struct hep_fatwater_block *blk = &w->blk;
    size_t n_gsl = 0;

    memset(blk->settled, 0, HEP_FIT_BLOCK * sizeof *blk->settled);
    if (kernels->fit[job->floor] != NULL)
        kernels->fit[job->floor](job, blk);
    for (size_t i = 0; i < blk->count; i++) {
        struct hep_lm_voxel v;

        if (!(blk->n_usable[i] > 0.0))
            continue;
        get_voxel(&v, y, weight, job, blk, i);
        if (!v.settled) {
            hep_lm_gsl_fit(w->gsl, &v);
            snap_to_bounds(&v);
            n_gsl++;
        }
        keep(&out[i], &v, first);
    }
    return n_gsl;
}

/* From the best point of the grid, then from its mirror; the reference from both ends of the
 * fractions too. The best end of all is in out[]. Returns how many fits went to GSL. */
static size_t fit_block(struct outcome *out, const struct hep_fatwater_kernels *kernels,
                        const struct hep_fatwater_job *job, struct worker *w)
{
    static const double ends[] = { 0.05, 0.95 };
    struct hep_fatwater_block *blk = &w->blk;
    size_t n_gsl;

    kernels->start(job, blk);
    n_gsl = fit_from(out, true, kernels, job, w);
    for (size_t i = 0; i < blk->count; i++) {
        if (blk->n_usable[i] > 0.0)
            blk->p[HEP_FIT_BLOCK + i] = out[i].best.p[1];
    }
    kernels->start_mirrored(job, blk);
    n_gsl += fit_from(out, false, kernels, job, w);
    if (kernels == &hep_fatwater_kernels_scalar) {
        for (size_t end = 0; end < sizeof ends / sizeof ends[0]; end++) {
            kernels->start_at(job, blk, ends[end]);
            n_gsl += fit_from(out, false, kernels, job, w);
        }
    }
    return n_gsl;
}

/* ---- maps ---- */

static void store(float *map, size_t i, double value)
{
    if (map != NULL)
        map[i] = (float)value;
}

static void store_all(const struct hep_multiecho_maps *maps, size_t i, double value,
                      enum hep_fit_status status)
{
    float *const all[] = { maps->pdff_frac,    maps->r2star_per_s,    maps->water, maps->fat,
                           maps->pdff_se_frac, maps->r2star_se_per_s, maps->rmse };

    for (size_t m = 0; m < sizeof all / sizeof all[0]; m++)
        store(all[m], i, value);
    if (maps->status != NULL)
        maps->status[i] = (uint8_t)status;
    if (maps->ambiguous != NULL)
        maps->ambiguous[i] = 0;
}

static enum hep_fit_status status_of(const struct hep_lm_voxel *v)
{
    if (!v->settled)
        return HEP_FIT_NO_CONVERGENCE;
    for (size_t r = 0; r < HEP_FATWATER_NP; r++) {
        if (hep_lm_at_bound(v, r))
            return HEP_FIT_AT_BOUND;
    }
    return HEP_FIT_OK;
}

static void write_voxel(const struct team *t, struct hep_multiecho_summary *sum,
                        const struct outcome *o, double scale, double n_usable, size_t i)
{
    const struct hep_multiecho_maps *maps = t->maps;
    const struct hep_lm_voxel *v = &o->best;
    enum hep_fit_status status = status_of(v);
    bool ambiguous;
    double variance[HEP_LM_MAX_P], sigma = t->job.opt->sigma / scale, noise2 = sigma * sigma;
    double per_s = 1.0 / HEP_FATWATER_TIME_UNIT_S;
    const double likelihood_ratio = 6.63; /* chi-squared with 1 degree of freedom, 1 % */

    if (!(sigma > 0.0))
        noise2 = n_usable > HEP_FATWATER_NP ? v->rss / (n_usable - HEP_FATWATER_NP) : (double)NAN;
    if (status == HEP_FIT_NO_CONVERGENCE || hep_lm_variance(variance, v, t->job.np) == 0)
        variance[1] = variance[2] = (double)NAN;
    store(maps->pdff_frac, i, v->p[1]);
    store(maps->r2star_per_s, i, v->p[2] * per_s);
    store(maps->water, i, v->p[0] * (1.0 - v->p[1]) * scale);
    store(maps->fat, i, v->p[0] * v->p[1] * scale);
    store(maps->pdff_se_frac, i, sqrt(variance[1] * noise2));
    store(maps->r2star_se_per_s, i, sqrt(variance[2] * noise2) * per_s);
    store(maps->rmse, i, sqrt(v->rss / n_usable) * scale);
    if (maps->status != NULL)
        maps->status[i] = (uint8_t)status;
    ambiguous = o->rival_rss - v->rss < likelihood_ratio * noise2;
    if (maps->ambiguous != NULL)
        maps->ambiguous[i] = ambiguous ? 1 : 0;
    sum->n_ambiguous += ambiguous;
    sum->counts.n[status]++;
}

static void verify_block(const struct team *t, struct worker *w)
{
    (void)fit_block(w->reference, &hep_fatwater_kernels_scalar, &t->job, w);
    for (size_t i = 0; i < w->blk.count; i++) {
        const struct hep_lm_voxel *a = &w->result[i].best, *b = &w->reference[i].best;

        if (!(w->blk.n_usable[i] > 0.0) || !a->settled || !b->settled)
            continue;
        w->sum.worst_pdff_frac = fmax(w->sum.worst_pdff_frac, fabs(a->p[1] - b->p[1]));
        w->sum.worst_r2star_per_s =
            fmax(w->sum.worst_r2star_per_s, fabs(a->p[2] - b->p[2]) / HEP_FATWATER_TIME_UNIT_S);
    }
}

/* Voxels first..first+HEP_FIT_BLOCK-1 of the volume, those outside the mask left out. */
static void fit_range(const struct team *t, struct worker *w, size_t first)
{
    struct hep_fatwater_block *blk = &w->blk;
    size_t left = t->job.data->n_voxels - first;

    blk->count = 0;
    for (size_t i = first; i < first + (left < HEP_FIT_BLOCK ? left : HEP_FIT_BLOCK); i++) {
        if (t->mask == NULL || t->mask[i] != 0) {
            blk->voxel[blk->count++] = i;
            continue;
        }
        store_all(t->maps, i, 0.0, HEP_FIT_OUTSIDE);
        w->sum.counts.n[HEP_FIT_OUTSIDE]++;
    }
    if (blk->count == 0)
        return;
    for (size_t i = blk->count; i < HEP_FIT_BLOCK; i++) /* whole lanes need valid voxels */
        blk->voxel[i] = blk->voxel[blk->count - 1];
    hep_fatwater_block_load(blk, &t->job);
    w->sum.n_to_gsl += fit_block(w->result, t->kernels, &t->job, w);
    if (w->reference != NULL)
        verify_block(t, w);
    for (size_t i = 0; i < blk->count; i++) {
        if (blk->n_usable[i] > 0.0) {
            write_voxel(t, &w->sum, &w->result[i], blk->scale[i], blk->n_usable[i], blk->voxel[i]);
        } else {
            store_all(t->maps, blk->voxel[i], (double)NAN, HEP_FIT_BAD_INPUT);
            w->sum.counts.n[HEP_FIT_BAD_INPUT]++;
        }
    }
}

/* ---- the volume ---- */

static const struct hep_fatwater_kernels *kernels_of(enum hep_fit_solver solver,
                                                     enum hep_fit_isa isa)
{
    if (solver == HEP_SOLVER_GSL)
        return &hep_fatwater_kernels_scalar;
#if defined(__x86_64__)
    if (isa == HEP_ISA_AVX512)
        return &hep_fatwater_kernels_avx512;
    if (isa == HEP_ISA_AVX2)
        return &hep_fatwater_kernels_avx2;
#else
    (void)isa;
#endif
    return &hep_fatwater_kernels_baseline;
}

static void team_release(struct team *t)
{
    for (int i = 0; t->workers != NULL && i < t->n_workers; i++) {
        hep_fatwater_block_release(&t->workers[i].blk);
        hep_lm_gsl_free(t->workers[i].gsl);
        free(t->workers[i].result);
        free(t->workers[i].reference);
    }
    free(t->workers);
}

static int worker_init(struct worker *w, const struct team *t, struct hep_error *err)
{
    int rc = hep_fatwater_block_init(&w->blk, t->job.n, err);

    if (rc == HEP_OK)
        rc = hep_lm_gsl_new(&w->gsl, &hep_fatwater_models[t->job.floor], t->job.n, err);
    if (rc != HEP_OK)
        return rc;
    w->result = hep_calloc(HEP_FIT_BLOCK, sizeof *w->result, err);
    if (t->job.opt->fit.verify)
        w->reference = hep_calloc(HEP_FIT_BLOCK, sizeof *w->reference, err);
    if (w->result == NULL || (t->job.opt->fit.verify && w->reference == NULL))
        return HEP_ENOMEM;
    return HEP_OK;
}

static int team_init(struct team *t, const struct hep_multiecho_data *data,
                     const struct hep_multiecho_options *opt, struct hep_error *err)
{
    enum hep_fit_isa isa = HEP_ISA_BASELINE;
    int rc = hep_fit_isa_resolve(&isa, opt->fit.isa, err);

    if (rc != HEP_OK)
        return rc;
    hep_fatwater_job_init(&t->job, data, opt);
    t->kernels = kernels_of(opt->fit.solver, isa);
    t->n_workers = hep_fit_threads(opt->fit.nthreads);
    if (HEP_NEW(t->workers, (size_t)t->n_workers, err) != HEP_OK)
        return HEP_ENOMEM;
    for (int i = 0; rc == HEP_OK && i < t->n_workers; i++)
        rc = worker_init(&t->workers[i], t, err);
    return rc;
}

static void add_up(struct hep_multiecho_summary *sum, const struct team *t)
{
    bool batched = t->kernels != &hep_fatwater_kernels_scalar;

    *sum = (struct hep_multiecho_summary){ 0 };
    for (int i = 0; i < t->n_workers; i++) {
        const struct hep_multiecho_summary *s = &t->workers[i].sum;

        for (size_t k = 0; k < HEP_FIT_STATUS_COUNT; k++)
            sum->counts.n[k] += s->counts.n[k];
        sum->n_ambiguous += s->n_ambiguous;
        sum->n_to_gsl += batched ? s->n_to_gsl : 0;
        sum->worst_pdff_frac = fmax(sum->worst_pdff_frac, s->worst_pdff_frac);
        sum->worst_r2star_per_s = fmax(sum->worst_r2star_per_s, s->worst_r2star_per_s);
    }
}

int hep_multiecho_map(const struct hep_multiecho_maps *maps, struct hep_multiecho_summary *summary,
                      const struct hep_multiecho_data *data, const uint8_t *mask,
                      const struct hep_multiecho_options *opt, struct hep_error *err)
{
    size_t n_blocks;
    struct team *t;
    int rc = hep_multiecho_check(data, opt, err);

    if (rc != HEP_OK)
        return rc;
    if (HEP_NEW(t, 1, err) != HEP_OK)
        return HEP_ENOMEM;
    t->maps = maps;
    t->mask = mask;
    rc = team_init(t, data, opt, err);
    if (rc != HEP_OK)
        goto out;
    n_blocks = (data->n_voxels + HEP_FIT_BLOCK - 1) / HEP_FIT_BLOCK;
#pragma omp parallel for num_threads(t->n_workers) schedule(dynamic, 1)
    for (size_t b = 0; b < n_blocks; b++)
        fit_range(t, &t->workers[omp_get_thread_num()], b * HEP_FIT_BLOCK);
    if (summary != NULL)
        add_up(summary, t);
out:
    team_release(t);
    free(t);
    return rc;
}
