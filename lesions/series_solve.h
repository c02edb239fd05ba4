/**
 * @file  lesions/series_solve.h
 * @brief Signals of the parts of a lesion by least squares over the voxels of one series, with
 * their covariance.
 *
 * Model:   y = A m + e. A column holds what every voxel has of a part (or how the signal changes
 *          with a nuisance such as a shift). e has the SD of the liver beside the lesion, a share
 *          of its variance as noise of every voxel for itself, the rest as texture with corr(d) =
 *          product over axes of rho^(d^2). What is known beforehand enters as precision P with P m0 = pull.
 *          Voxels whose noise is larger count less: their rows are divided by it.
 *          With v independent voxels per sample (the sum of corr over d):
 *          H = A'A / (sd^2 v) + P,  m = H^-1 (A'y / (sd^2 v) + pull),
 *          cov = H^-1 (A'RA / (sd^2 v^2) + P) H^-1, which holds for correlated noise whatever v.
 * Source:  Rousset, Ma and Evans, J Nucl Med 1998;39:904 (regions through the point spread);
 *          White, Econometrica 1980;48:817 (the covariance around the middle)
 */
#ifndef HEP_LESIONS_SERIES_SOLVE_H
#define HEP_LESIONS_SERIES_SOLVE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { HEP_SOLVE_MAX = 11 };

struct hep_series_problem {
    size_t box[3];
    const float *signal;                /* [voxels of the box]; NaN: not used */
    const float *column[HEP_SOLVE_MAX]; /* the same shape */
    const float *weight; /* the same: 1 / SD of a voxel's noise over `sd`; NULL: 1 everywhere */
    size_t n;            /* columns */
    bool white;          /* take v samples as one: cov = H^-1, quicker */
    double sd, rho[3];   /* of noise and texture; rho: correlation of neighbours in the texture */
    double noise_share;  /* of their variance: noise, which every voxel has for itself */
    double precision[HEP_SOLVE_MAX][HEP_SOLVE_MAX], pull[HEP_SOLVE_MAX];
};
struct hep_series_solution {
    double value[HEP_SOLVE_MAX], cov[HEP_SOLVE_MAX][HEP_SOLVE_MAX];
};

/** HEP_EDATA when the columns cannot be told apart, HEP_ENOMEM. */
int hep_series_solve(struct hep_series_solution *out, const struct hep_series_problem *p,
                     struct hep_error *err) HEP_MUST_CHECK;

/** Voxels that one independent sample fills. */
double hep_voxels_per_sample(const double rho[3], double noise_share);

/** Inverse and log determinant of a symmetric positive definite matrix of n <= HEP_SPD_MAX rows;
 * false when it is none. */
enum { HEP_SPD_MAX = 12 };
bool hep_spd_inverse(double out[HEP_SPD_MAX][HEP_SPD_MAX], double *log_det,
                     double m[HEP_SPD_MAX][HEP_SPD_MAX], size_t n);

#endif
