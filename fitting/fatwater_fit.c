#include "base/alloc.h"
#include "fitting/fatwater_model.h"
#include "fitting/fatwater_work.h"

#include <math.h>
#include <omp.h>

/* ---- one block ---- */

/* The best end of a voxel's fits, and the best one at quite another fraction: rss infinite without. */
struct outcome {
    struct hep_lm_voxel best, rival;
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
    size_t unknowns;
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
        o->rival.rss = (double)INFINITY;
    else if (fabs(v->p[1] - o->best.p[1]) > HEP_MULTIECHO_APART &&
             (better ? o->best.rss : v->rss) < o->rival.rss)
        o->rival = better ? o->best : *v;
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

    if (job->opt->no_fat) {
        kernels->start_at(job, blk, 0.0);
        return fit_from(out, true, kernels, job, w);
    }
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

/* Standard errors, NaN where there is none. */
struct errors {
    double pdff_frac, rate;
    double free_pdff_frac; /* as if no parameter were on a bound */
};

static double noise_variance(const struct team *t, const struct hep_lm_voxel *v, double scale,
                             double n_usable)
{
    double sigma = t->job.opt->sigma / scale, dof = n_usable - (double)t->unknowns;
    double of_residual = dof > 0.0 ? v->rss / dof : (double)NAN;

    if (!(sigma > 0.0))
        return of_residual;
    return t->job.opt->sigma_is_measured ? fmax(sigma * sigma, of_residual) : sigma * sigma;
}

static struct errors errors_of(const struct team *t, const struct hep_lm_voxel *v, double noise2)
{
    struct hep_lm_voxel inner = *v;
    double variance[HEP_LM_MAX_P];
    struct errors e = { (double)NAN, (double)NAN, (double)NAN };

    if (!v->settled)
        return e;
    if (hep_lm_variance(variance, v, t->job.np) > 0) {
        e.pdff_frac = sqrt(variance[1] * noise2);
        e.rate = sqrt(variance[2] * noise2);
    }
    for (size_t r = 1; r < HEP_FATWATER_NP; r++)
        inner.p[r] = hep_lm_at_bound(v, r) ? 0.5 * (v->lo[r] + v->hi[r]) : v->p[r];
    if (hep_lm_variance(variance, &inner, t->job.np) > 0)
        e.free_pdff_frac = sqrt(variance[1] * noise2);
    return e;
}

/* A fraction whose error is too large, or one of two that fit alike. */
static bool is_undetermined(const struct hep_multiecho_options *opt, const struct errors *e,
                            bool ambiguous)
{
    return !opt->no_fat && opt->se_max_frac > 0.0 &&
           (ambiguous || e->free_pdff_frac > opt->se_max_frac);
}

/* Tissue with iron is mostly water: of two readings that one gives R2*. */
static const struct hep_lm_voxel *reading_of_rate(const struct outcome *o, bool ambiguous)
{
    return ambiguous && o->rival.p[1] < o->best.p[1] ? &o->rival : &o->best;
}

static void store_rate(const struct team *t, const struct hep_lm_voxel *v, double noise2, size_t i)
{
    const double per_s = 1.0 / HEP_FATWATER_TIME_UNIT_S;

    store(t->maps->r2star_per_s, i, v->p[2] * per_s);
    store(t->maps->r2star_se_per_s, i, errors_of(t, v, noise2).rate * per_s);
}

static void write_voxel(const struct team *t, struct hep_multiecho_summary *sum,
                        const struct outcome *o, double scale, double n_usable, size_t i)
{
    const double likelihood_ratio = 6.63; /* chi-squared with 1 degree of freedom, 1 % */
    const struct hep_multiecho_maps *maps = t->maps;
    const struct hep_lm_voxel *v = &o->best;
    const double noise2 = noise_variance(t, v, scale, n_usable), nan = (double)NAN;
    const bool ambiguous = o->rival.rss - v->rss < likelihood_ratio * noise2;
    struct errors e = errors_of(t, v, noise2);
    enum hep_fit_status status = status_of(v);
    bool none = v->settled && is_undetermined(t->job.opt, &e, ambiguous);

    store(maps->pdff_frac, i, none || t->job.opt->no_fat ? nan : v->p[1]);
    store(maps->water, i, none ? nan : v->p[0] * (1.0 - v->p[1]) * scale);
    store(maps->fat, i, none ? nan : v->p[0] * v->p[1] * scale);
    store(maps->pdff_se_frac, i, none ? nan : e.pdff_frac);
    store_rate(t, none ? reading_of_rate(o, ambiguous) : v, noise2, i);
    store(maps->rmse, i, sqrt(v->rss / n_usable) * scale);
    if (none)
        status = HEP_FIT_NOT_IDENTIFIABLE;
    if (maps->status != NULL)
        maps->status[i] = (uint8_t)status;
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
    t->unknowns = hep_fatwater_unknowns(opt);
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

int hep_multiecho_fit_all(const struct hep_multiecho_maps *maps,
                          struct hep_multiecho_summary *summary,
                          const struct hep_multiecho_data *data, const uint8_t *mask,
                          const struct hep_multiecho_options *opt, struct hep_error *err)
{
    size_t n_blocks = (data->n_voxels + HEP_FIT_BLOCK - 1) / HEP_FIT_BLOCK;
    struct team *t;
    int rc;

    if (HEP_NEW(t, 1, err) != HEP_OK)
        return HEP_ENOMEM;
    t->maps = maps;
    t->mask = mask;
    rc = team_init(t, data, opt, err);
    if (rc != HEP_OK)
        goto out;
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
