/**
 * @file  fitting/diffusion_work.h
 * @brief What the parts of the diffusion fit hand to each other: a job for the whole volume, a
 * block of voxels in structure-of-arrays form, and the kernels that work on blocks. Private to this
 * folder.
 *
 * Units inside a block: b in ms/um2, rates in um2/ms, signals divided by the voxel's largest
 * (scale).
 */
#ifndef HEP_FITTING_DIFFUSION_WORK_H
#define HEP_FITTING_DIFFUSION_WORK_H

#include "fitting/diffusion.h"
#include "fitting/lm.h"

#define HEP_DIFFUSION_GRID_D 32     /* at most */
#define HEP_DIFFUSION_GRID_DSTAR 12 /* at most */
/** Largest S0 [relative to the largest signal]. */
#define HEP_DIFFUSION_S0_MAX 10.0

enum hep_diffusion_kind {
    HEP_KIND_MONO,
    HEP_KIND_IVIM,
    HEP_KIND_SIVIM,
    HEP_KIND_KURTOSIS,
    HEP_KIND_COUNT
};

/** Rates in equal ratios and their decays over the points. */
struct hep_diffusion_grid {
    size_t n_d, n_dstar;
    double d[HEP_DIFFUSION_GRID_D], dstar[HEP_DIFFUSION_GRID_DSTAR];
    double decay_d[HEP_DIFFUSION_GRID_D][HEP_DIFFUSION_MAX_B];
    double decay_dstar[HEP_DIFFUSION_GRID_DSTAR][HEP_DIFFUSION_MAX_B];
};

/** Constant during a fit. */
struct hep_diffusion_job {
    const struct hep_diffusion_input *in;
    const struct hep_diffusion_settings *set;
    struct hep_diffusion_scheme scheme;
    enum hep_diffusion_kind kind;
    size_t np;
    size_t n_points;             /* of the scheme, and behind them the prior of the method bayes */
    double prior_mean, prior_sd; /* of ln D* in um2/ms; SD 0: not learnt yet */
    double noise;                /* sigma of the Rician modes and of bayes [signal units] */
    double point_noise[HEP_DIFFUSION_MAX_B]; /* the same of each point, for HEP_RICIAN_MEAN */
    double two_sigma2;                       /* subtracted from squared signals; 0: nothing is */
    /* volumes in order of their point: those of point k are order[order_start[k]..order_start[k +
     * 1]-1] */
    uint16_t order[HEP_DIFFUSION_MAX_VOLUMES];
    size_t order_start[HEP_DIFFUSION_MAX_B + 1];
    /* Volumes of the lowest b-value of all: a voxel that has none of them is bad input. */
    uint16_t lowest[HEP_DIFFUSION_MAX_VOLUMES];
    size_t n_lowest;
    size_t n_needed;   /* usable points below which a voxel is bad input */
    size_t first_high; /* first point with b >= b_split */
    bool fixed[HEP_LM_MAX_P];
    double lo[HEP_LM_MAX_P], hi[HEP_LM_MAX_P];
    double x[HEP_DIFFUSION_MAX_B][HEP_LM_NX];
    uint8_t sum[HEP_DIFFUSION_MAX_B]
               [2]; /* points whose b sum up to that of each: struct hep_lm_rows */
    struct hep_diffusion_grid coarse; /* ivim: where every voxel starts */
    struct hep_diffusion_grid fine;   /* and where those are tried again that may end elsewhere */
};

/** HEP_FIT_BLOCK voxels; every row is that long. */
struct hep_diffusion_block {
    size_t count;  /* voxels in use */
    size_t *voxel; /* index in the volume */
    double *y, *w; /* [n_points] rows: signal, number of averages (0: not usable) */
    double *scale, *n_usable;
    double *p, *lo, *hi; /* [np] rows */
    double *second;      /* [np] rows: another start, where the grid has a second peak */
    double *n_start;     /* 1 or 2 */
    double *rss;
    /* Closed forms: which voxels of the block need rss and jtj, from the first every rss_step-th; 0: all. */
    size_t rss_first, rss_step;
    double *jtj;            /* [HEP_LM_PACKED] rows */
    double *variance, *dof; /* [np] rows, 1 row: variances over sigma^2, and what rss over sigma^2
                             * is expected to be */
    double *settled;        /* 1 or 0 */
};

/** The block for the solver in lanes. */
static inline struct hep_lm_rows hep_diffusion_rows(const struct hep_diffusion_job *job,
                                                    const struct hep_diffusion_block *blk)
{
    return (struct hep_lm_rows){ .x = job->x,
                                 .sum = job->sum,
                                 .n = job->n_points,
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

/** ivim: to the neighbourhood of the solution (diffusion_near.h), in lanes in single precision. */
struct hep_diffusion_near {
    /** Start values p, and second and n_start, from D* nodes first..last-1 of a grid; inside lo..hi,
     * which must be set. */
    void (*start_between)(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                          const struct hep_diffusion_grid *grid, size_t first, size_t last);
    /** Bounded least squares from p to p, rss, jtj and settled; NULL: there is no such step. */
    void (*fit)(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk);
};

/** Work on a whole block; written once for hep_real (diffusion_kernels.h), compiled per instruction
 * set. */
struct hep_diffusion_kernels {
    /** y, w, scale, n_usable from the volume. */
    void (*load)(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk);
    const struct hep_diffusion_near *near;
    /** Start values p inside lo..hi, which must be set; NULL for ivim: near->start_between. */
    void (*start[HEP_KIND_COUNT])(const struct hep_diffusion_job *job,
                                  struct hep_diffusion_block *blk);
    /** ln S = a - b D (+ c b^2 when quadratic) over points first..n_b-1: rows 0.. of p: S0, D (,
     * K). */
    void (*log_fit)(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                    size_t first, enum hep_diffusion_method weights);
    void (*log_fit_quadratic)(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk);
    /** rss and jtj at p, of the voxels that need them. */
    void (*evaluate[HEP_KIND_COUNT])(const struct hep_diffusion_job *job,
                                     struct hep_diffusion_block *blk);
    /** variance from p, lo, hi and jtj: the diagonal of its inverse over the parameters inside
     * their bounds; NaN for the others, and for all where it is singular. */
    void (*variance[HEP_KIND_COUNT])(const struct hep_diffusion_job *job,
                                     struct hep_diffusion_block *blk);
    /** Bounded least squares from p; NULL entries: there is only GSL. */
    void (*fit[HEP_KIND_COUNT])(const struct hep_diffusion_job *job,
                                struct hep_diffusion_block *blk);
};

extern const struct hep_diffusion_near hep_diffusion_near_scalar;
extern const struct hep_diffusion_near hep_diffusion_near_baseline;
extern const struct hep_diffusion_near hep_diffusion_near_avx2;
extern const struct hep_diffusion_near hep_diffusion_near_avx512;

extern const struct hep_diffusion_kernels hep_diffusion_kernels_scalar;
extern const struct hep_diffusion_kernels hep_diffusion_kernels_baseline;
extern const struct hep_diffusion_kernels hep_diffusion_kernels_avx2;
extern const struct hep_diffusion_kernels hep_diffusion_kernels_avx512;

/** True when the data of a voxel are changed between fits: robust weights, Rician mean, kurtosis
 * range. */
bool hep_diffusion_reweights(const struct hep_diffusion_job *job);
/** Rounds of changing and fitting again. */
int hep_diffusion_rounds(const struct hep_diffusion_job *job);
/**
 * Signals and weights of the next round from the present estimate.
 * @param[in,out] blk  y, w and n_usable are replaced
 * @param[in]     base y and w as they were loaded
 */
void hep_diffusion_reweight(const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                            const struct hep_diffusion_block *base);

/** One-voxel models for GSL, by kind. */
extern const struct hep_lm_model hep_diffusion_models[HEP_KIND_COUNT];

/** Write the maps of one block, dof and, where there are errors, variance filled; counts are added
 * to. mono_rss [HEP_FIT_BLOCK]: of the mono-exponential fit to the same data; NULL when no model
 * choice is wanted. */
void hep_diffusion_finish(const struct hep_diffusion_job *job,
                          const struct hep_diffusion_maps *maps,
                          const struct hep_diffusion_block *blk, const double *mono_rss,
                          bool errors, struct hep_fit_counts *counts);

/** The i-th voxel of a block as a problem for one voxel; y, w [n_b] are filled. */
void hep_diffusion_get_voxel(struct hep_lm_voxel *v, double *y, double *w,
                             const struct hep_diffusion_job *job,
                             const struct hep_diffusion_block *blk, size_t i);
void hep_diffusion_put_voxel(struct hep_diffusion_block *blk, const struct hep_lm_voxel *v,
                             size_t np, size_t i);

#endif
