#include "fitting/diffusion_errors.h"
#include "base/number.h"
#include "fitting/diffusion_job.h"
#include "fitting/diffusion_prior.h"
#include "fitting/diffusion_search.h"
#include "base/alloc.h"

#include <math.h>
#include <omp.h>

/* Voxels whose noise estimates give the volume's median. */
#define SIGMA_SAMPLES 2048
/* Blocks from which the Rician modes take sigma. */
#define NOISE_BLOCKS 16

/* One thread's share. */
struct worker {
    struct hep_diffusion_block blk, again, mono, reference, base;
    struct hep_lm_gsl *gsl, *gsl_mono;
    struct hep_fit_counts counts;
    size_t n_fallback, n_verified, n_agree;
    double worst;
};

struct team {
    const struct hep_diffusion_kernels *kernels; /* of the solver */
    struct hep_diffusion_job job, mono_job;
    bool want_choice, want_errors;
    bool want_residuals; /* of every voxel, not only of those that sigma is estimated from */
    size_t *voxels;      /* inside the mask; NULL: all */
    size_t n_voxels;
    struct worker *workers;
    int n_workers;
    double *sigma; /* [n_sigma]: every stride-th voxel's estimate, NaN where there is none */
    size_t n_sigma, stride;
};

static const struct hep_diffusion_kernels *kernels_of(enum hep_fit_solver solver,
                                                      enum hep_fit_isa isa)
{
    if (solver == HEP_SOLVER_GSL)
        return &hep_diffusion_kernels_scalar;
#if defined(__x86_64__)
    if (isa == HEP_ISA_AVX512)
        return &hep_diffusion_kernels_avx512;
    if (isa == HEP_ISA_AVX2)
        return &hep_diffusion_kernels_avx2;
#else
    (void)isa;
#endif
    return &hep_diffusion_kernels_baseline;
}

static int worker_init(struct worker *w, const struct team *t, struct hep_error *err)
{
    size_t n = t->job.n_points;
    int rc = hep_diffusion_block_init(&w->blk, n, err);

    if (rc == HEP_OK)
        rc = hep_lm_gsl_new(&w->gsl, &hep_diffusion_models[t->job.kind], n, err);
    if (rc == HEP_OK && t->job.kind == HEP_KIND_IVIM)
        rc = hep_diffusion_block_init(&w->again, n, err);
    if (rc == HEP_OK && t->want_choice)
        rc = hep_diffusion_block_init(&w->mono, n, err);
    if (rc == HEP_OK && t->want_choice)
        rc = hep_lm_gsl_new(&w->gsl_mono, &hep_diffusion_models[HEP_KIND_MONO], n, err);
    if (rc == HEP_OK && hep_diffusion_reweights(&t->job))
        rc = hep_diffusion_block_init(&w->base, n, err);
    if (rc == HEP_OK && t->job.set->fit.verify)
        rc = hep_diffusion_block_init(&w->reference, n, err);
    return rc;
}

static void team_release(struct team *t)
{
    for (int i = 0; t->workers != NULL && i < t->n_workers; i++) {
        struct worker *w = &t->workers[i];

        hep_diffusion_block_release(&w->blk);
        hep_diffusion_block_release(&w->again);
        hep_diffusion_block_release(&w->mono);
        hep_diffusion_block_release(&w->reference);
        hep_diffusion_block_release(&w->base);
        hep_lm_gsl_free(w->gsl);
        hep_lm_gsl_free(w->gsl_mono);
    }
    free(t->workers);
    free(t->voxels);
    free(t->sigma);
}

static int team_init(struct team *t, struct hep_error *err)
{
    const struct hep_fit_settings *fit = &t->job.set->fit;
    int rc;

    t->n_workers = hep_fit_threads(fit->nthreads);
    rc = hep_diffusion_list(&t->voxels, &t->n_voxels, t->job.in, t->n_workers, err);
    t->stride = t->n_voxels / SIGMA_SAMPLES + 1;
    t->n_sigma = t->n_voxels / t->stride + 1;
    t->workers = hep_calloc((size_t)t->n_workers, sizeof *t->workers, err);
    t->sigma = hep_calloc(t->n_sigma, sizeof *t->sigma, err);
    if (rc == HEP_OK && (t->workers == NULL || t->sigma == NULL))
        rc = HEP_ENOMEM;
    for (int i = 0; rc == HEP_OK && i < t->n_workers; i++)
        rc = worker_init(&t->workers[i], t, err);
    for (size_t i = 0; i < t->n_sigma; i++) {
        if (t->sigma != NULL)
            t->sigma[i] = (double)NAN;
    }
    if (rc == HEP_OK && t->want_choice)
        hep_diffusion_job_mono(&t->mono_job, &t->job);
    return rc;
}

/* ---- one block ---- */

static void settle_all(struct hep_diffusion_block *blk)
{
    for (size_t i = 0; i < blk->count; i++)
        blk->settled[i] = 1.0;
}

/* D, and for the segmented method S0 and f too, from the high b-values; they become fixed. */
static void hold_segmented(const struct hep_diffusion_kernels *kernels,
                           const struct hep_diffusion_job *job, struct hep_diffusion_block *blk)
{
    double *lo = blk->lo, *hi = blk->hi;

    kernels->log_fit(job, blk, job->first_high, HEP_METHOD_WLS);
    for (size_t i = 0; i < blk->count; i++) {
        double intercept = blk->p[i], d = blk->p[HEP_FIT_BLOCK + i];

        d = fmin(fmax(d, job->lo[2]), job->hi[2]);
        lo[(size_t)2 * HEP_FIT_BLOCK + i] = hi[(size_t)2 * HEP_FIT_BLOCK + i] = d;
        if (job->fixed[1]) {
            double f = 1.0 - intercept / fmax(blk->y[i], 1e-6);

            f = fmin(fmax(f, job->lo[1]), job->hi[1]);
            lo[HEP_FIT_BLOCK + i] = hi[HEP_FIT_BLOCK + i] = f;
        }
    }
}

static bool is_closed_form(const struct hep_diffusion_job *job)
{
    return job->kind != HEP_KIND_IVIM && job->kind != HEP_KIND_SIVIM &&
           job->scheme.method != HEP_METHOD_NLLS;
}

static size_t solve_closed_form(const struct hep_diffusion_kernels *kernels,
                                const struct hep_diffusion_job *job,
                                struct hep_diffusion_block *blk)
{
    if (job->kind == HEP_KIND_KURTOSIS)
        kernels->log_fit_quadratic(job, blk);
    else
        kernels->log_fit(job, blk, 0, job->scheme.method);
    kernels->evaluate[job->kind](job, blk);
    settle_all(blk);
    return 0;
}

/* From start values to the estimate. */
static size_t estimate(const struct hep_diffusion_kernels *kernels,
                       const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                       struct hep_diffusion_block *again, struct hep_lm_gsl *gsl)
{
    hep_diffusion_block_bounds(job, blk);
    if (is_closed_form(job))
        return solve_closed_form(kernels, job, blk);
    if (job->fixed[2])
        hold_segmented(kernels, job, blk);
    if (job->kind == HEP_KIND_IVIM)
        kernels->near->start_between(job, blk, &job->coarse, 0, job->coarse.n_dstar);
    else
        kernels->start[job->kind](job, blk);
    return hep_diffusion_search(kernels, job, blk, again, gsl);
}

/* Share the data of `from`, not the results. */
static void copy_data(struct hep_diffusion_block *to, const struct hep_diffusion_block *from,
                      size_t n_b)
{
    to->count = from->count;
    (void)memcpy(to->voxel, from->voxel, HEP_FIT_BLOCK * sizeof *to->voxel);
    (void)memcpy(to->y, from->y, n_b * HEP_FIT_BLOCK * sizeof *to->y);
    (void)memcpy(to->w, from->w, n_b * HEP_FIT_BLOCK * sizeof *to->w);
    (void)memcpy(to->scale, from->scale, HEP_FIT_BLOCK * sizeof *to->scale);
    (void)memcpy(to->n_usable, from->n_usable, HEP_FIT_BLOCK * sizeof *to->n_usable);
}

static size_t solve_again(const struct hep_diffusion_kernels *kernels,
                          const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                          struct hep_lm_gsl *gsl)
{
    return is_closed_form(job) ? solve_closed_form(kernels, job, blk)
                               : hep_diffusion_fit_once(kernels, job, blk, gsl);
}

#define ROW_BYTES (HEP_FIT_BLOCK * sizeof(double))

/* Of the fits that leave one point out, the one with the smallest residual: where one point is
 * corrupted, that is the fit without it. base->p and base->rss hold the best so far, base->second
 * the plain fit. */
static void leave_one_out(const struct hep_diffusion_kernels *kernels,
                          const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                          struct worker *w)
{
    struct hep_diffusion_block *base = &w->base;

    (void)memcpy(base->second, blk->p, job->np * ROW_BYTES);
    (void)memcpy(base->p, blk->p, job->np * ROW_BYTES);
    for (size_t i = 0; i < blk->count; i++)
        base->rss[i] = HUGE_VAL;
    for (size_t k = 0; k < job->scheme.n_b; k++) {
        double *row = blk->w + k * HEP_FIT_BLOCK;

        (void)memset(row, 0, ROW_BYTES);
        (void)memcpy(blk->p, base->second, job->np * ROW_BYTES);
        (void)solve_again(kernels, job, blk, w->gsl);
        (void)memcpy(row, base->w + k * HEP_FIT_BLOCK, ROW_BYTES);
        for (size_t i = 0; i < blk->count; i++) {
            if (!(blk->rss[i] < base->rss[i]) || base->n_usable[i] < (double)job->n_needed + 2.0)
                continue;
            base->rss[i] = blk->rss[i];
            for (size_t r = 0; r < job->np; r++)
                base->p[r * HEP_FIT_BLOCK + i] = blk->p[r * HEP_FIT_BLOCK + i];
        }
    }
    (void)memcpy(blk->p, base->p, job->np * ROW_BYTES);
}

/* Fit, change signals and weights by what was found, fit again from there. */
static size_t estimate_reweighted(const struct hep_diffusion_kernels *kernels,
                                  const struct hep_diffusion_job *job,
                                  struct hep_diffusion_block *blk, struct worker *w)
{
    size_t n_b = job->scheme.n_b, n_gsl = estimate(kernels, job, blk, &w->again, w->gsl);
    int rounds = hep_diffusion_rounds(job);

    if (rounds == 0)
        return n_gsl;
    copy_data(&w->base, blk, n_b);
    if (job->set->robust)
        leave_one_out(kernels, job, blk, w);
    for (int round = 0; round < rounds; round++) {
        hep_diffusion_reweight(job, blk, &w->base);
        n_gsl = solve_again(kernels, job, blk, w->gsl);
    }
    (void)memcpy(blk->y, w->base.y, n_b * ROW_BYTES);
    if (!job->set->robust && job->kind != HEP_KIND_KURTOSIS)
        (void)memcpy(blk->w, w->base.w, n_b * ROW_BYTES);
    return n_gsl;
}

/* Largest difference in units of the reference's standard error; NaN when it has none. */
static double disagreement(const struct hep_diffusion_job *job, const struct hep_lm_voxel *a,
                           const struct hep_lm_voxel *ref, double n_usable)
{
    double variance[HEP_LM_MAX_P], worst = 0.0;
    double sigma2 = ref->rss / (n_usable - (double)job->np);

    if (hep_lm_variance(variance, ref, job->np) == 0)
        return (double)NAN;
    for (size_t r = 0; r < job->np; r++) {
        double d = fabs(a->p[r] - ref->p[r]);

        if (isfinite(variance[r]) && d > 0.0)
            worst = fmax(worst, d / sqrt(variance[r] * sigma2));
    }
    return worst;
}

static void verify_block(const struct hep_diffusion_job *job, struct worker *w)
{
    double y[HEP_DIFFUSION_MAX_B], wt[HEP_DIFFUSION_MAX_B];
    struct hep_lm_voxel a, ref;

    w->reference.count = w->blk.count;
    (void)memcpy(w->reference.voxel, w->blk.voxel, HEP_FIT_BLOCK * sizeof *w->blk.voxel);
    hep_diffusion_kernels_scalar.load(job, &w->reference);
    hep_diffusion_put_prior(job, &w->reference);
    (void)estimate_reweighted(&hep_diffusion_kernels_scalar, job, &w->reference, w);
    for (size_t i = 0; i < w->blk.count; i++) {
        double d;

        if (hep_diffusion_is_bad(job, &w->blk, i) || !(w->blk.settled[i] > 0.0) ||
            !(w->reference.settled[i] > 0.0) || w->blk.n_usable[i] <= (double)job->np)
            continue;
        hep_diffusion_get_voxel(&a, y, wt, job, &w->blk, i);
        hep_diffusion_get_voxel(&ref, y, wt, job, &w->reference, i);
        d = disagreement(job, &a, &ref, w->blk.n_usable[i]);
        if (!isfinite(d))
            continue;
        w->n_verified++;
        w->n_agree += d < 0.01;
        w->worst = fmax(w->worst, d);
    }
}

static bool is_sampled(const struct team *t, size_t at)
{
    return at % t->stride == 0;
}

/* dof, and where errors are wanted variance. */
static void find_errors(const struct team *t, struct hep_diffusion_block *blk, size_t first)
{
    const struct hep_diffusion_job *job = &t->job;
    double y[HEP_DIFFUSION_MAX_B], w[HEP_DIFFUSION_MAX_B], variance[HEP_LM_MAX_P];
    double n_par = hep_diffusion_n_estimated(job);
    bool stepwise = hep_diffusion_is_stepwise(job);
    struct hep_lm_voxel v;

    if (t->want_errors && !stepwise)
        t->kernels->variance[job->kind](job, blk);
    for (size_t i = 0; i < blk->count; i++) {
        blk->dof[i] = blk->n_usable[i] - n_par;
        if (!stepwise || hep_diffusion_is_bad(job, blk, i) ||
            !(t->want_errors || is_sampled(t, first + i)))
            continue;
        hep_diffusion_get_voxel(&v, y, w, job, blk, i);
        hep_diffusion_step_errors(variance, &blk->dof[i], job, &v);
        for (size_t r = 0; r < job->np; r++)
            blk->variance[r * HEP_FIT_BLOCK + i] = variance[r];
    }
}

static void sample_sigma(struct team *t, const struct hep_diffusion_block *blk, size_t first)
{
    for (size_t i = (t->stride - first % t->stride) % t->stride; i < blk->count; i += t->stride) {
        if (blk->dof[i] > 0.0 && !hep_diffusion_is_bad(&t->job, blk, i))
            t->sigma[(first + i) / t->stride] = sqrt(blk->rss[i] / blk->dof[i]) * blk->scale[i];
    }
}

/* Every step-th voxel from the first on, as many as there are and a block holds. */
static void load_block(const struct team *t, struct hep_diffusion_block *blk, size_t first,
                       size_t step)
{
    size_t left = (t->n_voxels - first + step - 1) / step;

    blk->count = left < HEP_FIT_BLOCK ? left : HEP_FIT_BLOCK;
    for (size_t i = 0; i < HEP_FIT_BLOCK; i++) { /* rows are padded with the last voxel */
        size_t at = first + step * (i < blk->count ? i : blk->count - 1);

        blk->voxel[i] = t->voxels != NULL ? t->voxels[at] : at;
    }
    blk->rss_first = blk->rss_step = 0;
    t->kernels->load(&t->job, blk);
    hep_diffusion_put_prior(&t->job, blk);
}

static void fit_voxels(struct team *t, struct worker *w, size_t first,
                       const struct hep_diffusion_maps *maps)
{
    struct hep_diffusion_block *blk = &w->blk;

    load_block(t, blk, first, 1);
    if (!t->want_residuals) {
        blk->rss_first = (t->stride - first % t->stride) % t->stride;
        blk->rss_step = t->stride;
    }
    w->n_fallback += estimate_reweighted(t->kernels, &t->job, blk, w);
    if (t->job.set->fit.verify)
        verify_block(&t->job, w);
    if (t->want_choice) {
        copy_data(&w->mono, blk, t->job.scheme.n_b);
        (void)estimate(t->kernels, &t->mono_job, &w->mono, &w->again, w->gsl_mono);
    }
    hep_diffusion_remove_prior(&t->job, blk);
    find_errors(t, blk, first);
    sample_sigma(t, blk, first);
    hep_diffusion_finish(&t->job, maps, blk, t->want_choice ? w->mono.rss : NULL, t->want_errors,
                         &w->counts);
}

/* ---- the volume ---- */

static void clear_maps(const struct hep_diffusion_maps *m, size_t nvox, int n_threads)
{
    float *const all[] = { m->s0,   m->d,        m->f,    m->dstar, m->k,  m->s0_se,  m->d_se,
                           m->f_se, m->dstar_se, m->k_se, m->rmse,  m->r2, m->status, m->choice };

#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1)
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] != NULL)
            (void)memset(all[i], 0, nvox * sizeof(float));
    }
}

/* Median of the finite estimates; 0 without any. */
static double median_sigma(struct team *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_sigma; i++) {
        if (isfinite(t->sigma[i]))
            t->sigma[n++] = t->sigma[i];
    }
    if (n == 0)
        return 0.0;
    qsort(t->sigma, n, sizeof *t->sigma, hep_compare_doubles);
    return t->sigma[n / 2];
}

/* Root mean square over the volumes of each point. */
static void set_point_noise(struct hep_diffusion_job *job)
{
    const double *each = job->set->sigma_of_volume;

    for (size_t k = 0; k < job->scheme.n_b; k++) {
        const size_t first = job->order_start[k], n = job->order_start[k + 1] - first;
        double squares = 0.0;

        for (size_t i = first; each != NULL && i < first + n; i++)
            squares += each[job->order[i]] * each[job->order[i]];
        job->point_noise[k] = each != NULL && n > 0 ? sqrt(squares / (double)n) : job->noise;
    }
}

/* Rician modes and bayes need sigma before they can start: given, or from plain fits of a few
 * blocks. */
static int set_noise(struct team *t, struct hep_error *err)
{
    size_t n_blocks = (t->n_voxels + HEP_FIT_BLOCK - 1) / HEP_FIT_BLOCK;
    size_t every = n_blocks / NOISE_BLOCKS + 1;
    struct worker *w = &t->workers[0];

    if (t->job.set->rician == HEP_RICIAN_NONE && t->job.scheme.method != HEP_METHOD_BAYES)
        return HEP_OK;
    t->job.noise = t->job.set->sigma;
    for (size_t b = 0; !(t->job.set->sigma > 0.0) && b < n_blocks; b += every) {
        load_block(t, &w->blk, b * HEP_FIT_BLOCK, 1);
        (void)estimate(t->kernels, &t->job, &w->blk, &w->again, w->gsl);
        find_errors(t, &w->blk, b * HEP_FIT_BLOCK);
        sample_sigma(t, &w->blk, b * HEP_FIT_BLOCK);
    }
    if (!(t->job.noise > 0.0))
        t->job.noise = median_sigma(t);
    for (size_t i = 0; i < t->n_sigma; i++)
        t->sigma[i] = (double)NAN;
    if (!(t->job.noise > 0.0))
        return HEP_FAIL(err, HEP_EDATA, "sigma cannot be estimated for the %s %s: give it",
                        t->job.scheme.method == HEP_METHOD_BAYES ? "method" : "Rician mode",
                        t->job.scheme.method == HEP_METHOD_BAYES
                            ? "bayes"
                            : hep_diffusion_rician_name(t->job.set->rician));
    set_point_noise(&t->job);
    if (t->job.set->rician == HEP_RICIAN_CORRECTED)
        t->job.two_sigma2 = 2.0 * t->job.noise * t->job.noise;
    return HEP_OK;
}

/* From voxels of equal distance all over the mask. */
static int set_prior(struct team *t, struct hep_error *err)
{
    struct hep_diffusion_block sample[HEP_DIFFUSION_PRIOR_BLOCKS] = { { 0 } };
    struct hep_lm_gsl *gsl[HEP_DIFFUSION_PRIOR_BLOCKS] = { NULL };
    int n_threads =
        t->n_workers < HEP_DIFFUSION_PRIOR_BLOCKS ? t->n_workers : HEP_DIFFUSION_PRIOR_BLOCKS;
    size_t step = t->n_voxels / ((size_t)HEP_DIFFUSION_PRIOR_BLOCKS * HEP_FIT_BLOCK) + 1, n = 0;
    int rc = HEP_OK;

    if (t->job.scheme.method != HEP_METHOD_BAYES)
        return HEP_OK;
    for (int i = 0; i < n_threads; i++)
        gsl[i] = t->workers[i].gsl;
    while (rc == HEP_OK && n < HEP_DIFFUSION_PRIOR_BLOCKS &&
           n * HEP_FIT_BLOCK * step < t->n_voxels) {
        rc = hep_diffusion_block_init(&sample[n], t->job.n_points, err);
        if (rc != HEP_OK)
            break;
        load_block(t, &sample[n], n * HEP_FIT_BLOCK * step, step);
        (void)estimate(t->kernels, &t->job, &sample[n++], &t->workers[0].again, gsl[0]);
    }
    if (rc == HEP_OK)
        hep_diffusion_learn_prior(&t->job, t->kernels, sample, n, gsl, n_threads);
    for (size_t i = 0; i < HEP_DIFFUSION_PRIOR_BLOCKS; i++)
        hep_diffusion_block_release(&sample[i]);
    return rc;
}

static void write_report(struct hep_diffusion_report *r, struct team *t, enum hep_fit_isa isa)
{
    const struct hep_diffusion_scheme *c = &t->job.scheme;

    *r = (struct hep_diffusion_report){ .model = t->job.set->model,
                                        .method = c->method,
                                        .isa = isa,
                                        .n_b = c->n_b,
                                        .dstar_fitted = c->dstar_fitted };
    (void)memcpy(r->b_s_per_mm2, c->b_s_per_mm2, sizeof r->b_s_per_mm2);
    (void)memcpy(r->n_averages, c->n_averages, sizeof r->n_averages);
    (void)memcpy(r->note, c->note, sizeof r->note);
    if (t->job.prior_sd > 0.0) {
        r->prior_dstar_mm2_per_s = 1e-3 * exp(t->job.prior_mean);
        r->prior_log_sd = t->job.prior_sd;
    }
    r->sigma_estimated = !(t->job.set->sigma > 0.0);
    r->sigma = !r->sigma_estimated  ? t->job.set->sigma
               : t->job.noise > 0.0 ? t->job.noise
                                    : median_sigma(t);
    r->counts.n[HEP_FIT_OUTSIDE] = t->job.in->nvox - t->n_voxels;
    for (int i = 0; i < t->n_workers; i++) {
        const struct worker *w = &t->workers[i];

        for (size_t s = 0; s < HEP_FIT_STATUS_COUNT; s++)
            r->counts.n[s] += w->counts.n[s];
        r->n_gsl_fallback += w->n_fallback;
        r->n_verified += w->n_verified;
        r->n_agree += w->n_agree;
        r->worst_disagreement_se = fmax(r->worst_disagreement_se, w->worst);
    }
    if (t->kernels == &hep_diffusion_kernels_scalar)
        r->n_gsl_fallback = 0;
}

static void fit_volume(struct team *t, const struct hep_diffusion_maps *maps)
{
    size_t n_blocks = (t->n_voxels + HEP_FIT_BLOCK - 1) / HEP_FIT_BLOCK;

#pragma omp parallel for num_threads(t->n_workers) schedule(dynamic, 1)
    for (size_t b = 0; b < n_blocks; b++)
        fit_voxels(t, &t->workers[omp_get_thread_num()], b * HEP_FIT_BLOCK, maps);
}

int hep_diffusion_fit(struct hep_diffusion_maps *maps, struct hep_diffusion_report *report,
                      const struct hep_diffusion_input *input,
                      const struct hep_diffusion_settings *settings, struct hep_error *err)
{
    enum hep_fit_isa isa = HEP_ISA_BASELINE;
    struct team *t;
    int rc = hep_fit_isa_resolve(&isa, settings->fit.isa, err);

    if (rc != HEP_OK)
        return rc;
    if (HEP_NEW(t, 1, err) != HEP_OK)
        return HEP_ENOMEM;
    rc = hep_diffusion_job_init(&t->job, input, settings, err);
    if (rc != HEP_OK)
        goto out;
    t->kernels = kernels_of(settings->fit.solver, isa);
    t->want_choice = maps->choice != NULL && settings->model == HEP_DIFFUSION_IVIM;
    t->want_errors = t->job.kind == HEP_KIND_IVIM || maps->s0_se != NULL || maps->d_se != NULL ||
                     maps->f_se != NULL || maps->dstar_se != NULL || maps->k_se != NULL;
    t->want_residuals = t->want_errors || t->want_choice || maps->rmse != NULL ||
                        maps->r2 != NULL || settings->robust || settings->fit.verify;
    rc = team_init(t, err);
    if (rc == HEP_OK)
        rc = set_noise(t, err);
    if (rc == HEP_OK)
        rc = set_prior(t, err);
    if (rc != HEP_OK)
        goto out;
    if (input->mask != NULL)
        clear_maps(maps, input->nvox, t->n_workers);
    fit_volume(t, maps);
    if (report != NULL)
        write_report(report, t, isa);
out:
    team_release(t);
    free(t);
    return rc;
}
