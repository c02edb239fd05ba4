/**
 * @file  fitting/lm.h
 * @brief Bounded non-linear least squares for many voxels that share one small model.
 *
 * Minimises sum_k w_k (y_k - m(p; x_k))^2 over lo <= p <= hi. Two solvers do it: GSL, one voxel at
 * a time (below), and several voxels per step (lm_lanes.h). A model is one inline function, generic
 * over hep_real (real.h), that returns the value and fills the derivatives:
 *
 *     hep_real model(hep_real *grad, const hep_real *p, const double *x);
 *
 * with np derivatives and parameters and the HEP_LM_NX constants of the sample. Parameters should
 * be of order one: callers scale.
 */
#ifndef HEP_FITTING_LM_H
#define HEP_FITTING_LM_H

#include "base/error.h"
#include "fitting/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEP_LM_NX 4    /* constants per sample: b, or TE and the fat spectrum at TE */
#define HEP_LM_MAX_P 4 /* parameters */
#define HEP_LM_PACKED (HEP_LM_MAX_P * (HEP_LM_MAX_P + 1) / 2)

/** Position of element (i, j <= i) in a packed lower triangle. */
#define HEP_LM_AT(i, j) ((i) * ((i) + 1) / 2 + (j))

/** A model for one voxel. */
struct hep_lm_model {
    size_t np;
    double (*eval)(double *grad, const double *p, const double *x);
};

/** One voxel. Arrays borrowed. A parameter with lo == hi is fixed. */
struct hep_lm_voxel {
    const double *x, *y, *w; /* [n][HEP_LM_NX], [n], [n] */
    size_t n;
    double lo[HEP_LM_MAX_P], hi[HEP_LM_MAX_P];
    double p[HEP_LM_MAX_P];    /* start in, solution out, inside the bounds */
    double rss;                /* out: weighted residual sum of squares */
    double jtj[HEP_LM_PACKED]; /* out: J^T W J at the solution, all parameters, packed */
    bool settled;              /* out */
};

/** Many voxels for the solver of lm_lanes.h: rows of HEP_LM_ROW values, one column per voxel. Rows
 * hold a multiple of sixteen voxels, of which the first `count` are fitted. n <= 64 samples. */
#define HEP_LM_ROW HEP_FIT_BLOCK
struct hep_lm_rows {
    const double (*x)[HEP_LM_NX]; /* [n] */
    /* [n]: the two samples before it that sum up to a sample's x[0], for models that use it (see
     * lm_lanes.h); the sample itself where there are none */
    const uint8_t (*sum)[2];
    size_t n, count;
    const double *y, *w, *lo, *hi; /* [n], [n], [np], [np] rows */
    double *p, *jtj, *rss,
        *settled; /* [np], [np (np + 1) / 2], 1, 1 rows; p: start in, solution out */
};

struct hep_lm_gsl; /* a workspace: one thread at a time */

/** For at most n samples. Turns GSL's aborting error handler off. */
int hep_lm_gsl_new(struct hep_lm_gsl **out, const struct hep_lm_model *model, size_t n,
                   struct hep_error *err) HEP_MUST_CHECK;
void hep_lm_gsl_free(struct hep_lm_gsl *ws);

/**
 * gsl_multifit_nlinear (Levenberg-Marquardt, analytic Jacobian; with geodesic acceleration,
 * Transtrum & Sethna, arXiv:1201.5885, where that does not settle) from v->p, with the box
 * expressed as p = lo + (hi - lo) / (1 + exp(-u)); parameters that approach a bound are then put on
 * it, and stay there when the fit is no worse.
 * @param[in,out] v v->n must be the workspace's
 */
void hep_lm_gsl_fit(struct hep_lm_gsl *ws, struct hep_lm_voxel *v);

/** rss and jtj at v->p. */
void hep_lm_evaluate(const struct hep_lm_model *model, struct hep_lm_voxel *v);

/**
 * Invert the rows of v->jtj that belong to free parameters strictly inside their bounds.
 * @param[out] variance [np]: diagonal of the inverse; NaN for fixed parameters, for those on a
 * bound, and for all when the matrix is not positive definite
 * @return number of parameters inside their bounds, or 0 when not positive definite
 */
size_t hep_lm_variance(double *variance, const struct hep_lm_voxel *v, size_t np);

/** True when parameter i is free and lies on one of its bounds. */
bool hep_lm_at_bound(const struct hep_lm_voxel *v, size_t i);

#endif
