/**
 * @file  fitting/fatwater_work.h
 * @brief What the parts of the multi-echo fit hand to each other: a job for the whole volume, a
 * block of voxels in structure-of-arrays form, and the kernels that work on blocks. Private to this
 * folder.
 */
#ifndef HEP_FITTING_FATWATER_WORK_H
#define HEP_FITTING_FATWATER_WORK_H

#include "fitting/lm.h"
#include "fitting/multiecho.h"

#define HEP_FATWATER_GRID_F 20          /* fractions .025 to .975 */
#define HEP_FATWATER_GRID_R 12          /* rates */
#define HEP_FATWATER_AMPLITUDE_MAX 40.0 /* bound of W + F, relative to the largest echo */

/** Constant during a fit. */
struct hep_fatwater_job {
    const struct hep_multiecho_data *data;
    const struct hep_multiecho_options *opt;
    size_t n;        /* echoes */
    bool floor;      /* the model has the noise floor */
    size_t np;       /* HEP_FATWATER_NP, and one more for the noise floor */
    double rate_max; /* 100 /s */
    double x[HEP_MULTIECHO_MAX_ECHOES][HEP_LM_NX];
    double grid_f[HEP_FATWATER_GRID_F], grid_r[HEP_FATWATER_GRID_R];
    double decay[HEP_FATWATER_GRID_R][HEP_MULTIECHO_MAX_ECHOES];
    double per_null;      /* 1 / fraction at which the most opposed echo is darkest */
    double in_phase_loss; /* 1 - real part of the fat phasor in the echo most in phase */
};

/** HEP_FIT_BLOCK voxels; every row is that long. */
struct hep_fatwater_block {
    size_t count;  /* voxels in use */
    size_t *voxel; /* index in the volume */
    double *y, *w; /* [n] rows: signal, 1 where the echo takes part and 0 where it does not */
    double *scale; /* signals were divided by this */
    double *n_usable;
    double *lo, *hi; /* [HEP_LM_MAX_P] rows */
    double *p;       /* [HEP_LM_MAX_P] rows: start in, solution out */
    double *rss;
    double *jtj;     /* [HEP_LM_PACKED] rows */
    double *settled; /* 1 or 0 */
};

/** Compiled once per instruction set from fatwater_kernels.h. */
struct hep_fatwater_kernels {
    /** p = best point of a grid over fraction and rate, A by linear least squares. */
    void (*start)(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk);
    /** p = start in the other valley: the fraction that mirrors the one in p about the null. */
    void (*start_mirrored)(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk);
    /** p = best point of the grid with this fraction. */
    void (*start_at)(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk, double f);
    /** Bounded least squares from p, without and with noise floor; NULL: there is only GSL. */
    void (*fit[2])(const struct hep_fatwater_job *job, struct hep_fatwater_block *blk);
};

extern const struct hep_fatwater_kernels hep_fatwater_kernels_scalar;
extern const struct hep_fatwater_kernels hep_fatwater_kernels_baseline;
extern const struct hep_fatwater_kernels hep_fatwater_kernels_avx2;
extern const struct hep_fatwater_kernels hep_fatwater_kernels_avx512;

/** One-voxel models for GSL, without and with noise floor. */
extern const struct hep_lm_model hep_fatwater_models[2];

/** Unknowns of the fit: A and R2*, and the fraction unless it is held at 0. */
static inline size_t hep_fatwater_unknowns(const struct hep_multiecho_options *opt)
{
    return opt->no_fat ? 2 : 3;
}

/** hep_multiecho_map() of checked data and options whose noise is not AUTO. */
int hep_multiecho_fit_all(const struct hep_multiecho_maps *maps,
                          struct hep_multiecho_summary *summary,
                          const struct hep_multiecho_data *data, const uint8_t *mask,
                          const struct hep_multiecho_options *opt,
                          struct hep_error *err) HEP_MUST_CHECK;

/** Fill a job; data and options have been checked. */
void hep_fatwater_job_init(struct hep_fatwater_job *job, const struct hep_multiecho_data *data,
                           const struct hep_multiecho_options *opt);

/** Rows for n echoes, one allocation. */
int hep_fatwater_block_init(struct hep_fatwater_block *blk, size_t n,
                            struct hep_error *err) HEP_MUST_CHECK;
void hep_fatwater_block_release(struct hep_fatwater_block *blk);
/** y, w, scale, n_usable and bounds of the voxels in blk->voxel; n_usable is 0 for bad input. */
void hep_fatwater_block_load(struct hep_fatwater_block *blk, const struct hep_fatwater_job *job);

#endif
