/**
 * @file  fitting/fatwater_model.h
 * @brief Magnitude of water and fat with one R2*, with derivatives, generic over hep_real; both
 * solvers use this. The equation is that of hep_signal_fat_water_magnitude() in sequences/signal.h
 * with W = A (1 - f), F = A f; a test holds the two together.
 *
 * Units inside a fit: x[0] = echo time in 10 ms, x[1] + i x[2] = fat phasor; signals relative to
 * the voxel's largest, R2* in 100 /s, so that parameters are of order one.
 */
#ifndef HEP_FITTING_FATWATER_MODEL_H
#define HEP_FITTING_FATWATER_MODEL_H

#include "fitting/real.h"

#define HEP_FATWATER_TIME_UNIT_S 0.01
#define HEP_FATWATER_NP 3

/** p = A, f, R2* */
HEP_LANE hep_real model_fatwater(hep_real *grad, const hep_real *p, const double *x)
{
    hep_real re = 1.0 + p[1] * (x[1] - 1.0);
    hep_real im = p[1] * x[2];
    hep_real size2 = re * re + im * im;
    hep_real per_size = real_rsqrt(size2); /* finite at 0, where `turn` is 0 */
    hep_real e = real_exp(-x[0] * p[2]);
    hep_real turn = re * (x[1] - 1.0) + im * x[2];
    hep_real s;

    grad[0] = size2 * per_size * e;
    s = p[0] * grad[0];
    grad[1] = p[0] * e * (turn * per_size);
    grad[2] = -x[0] * s;
    return s;
}

/*
 * A Rician magnitude of signal S and noise sigma has the second moment S^2 + 2 sigma^2, so that its
 * mean is the root of S^2 + (2 - v) sigma^2 with v = variance / sigma^2. v rises from 2 - pi/2 to 1;
 * v = 1 - a / (1 + k S^2 / sigma^2) with these numbers holds the mean within 0.01 sigma of
 * sqrt(pi/2) sigma L(S^2 / 2 sigma^2), Gudbjartsson and Patz, Magn Reson Med 1995;34:910-914.
 */
#define HEP_RICE_A 0.570796326794897 /* pi/2 - 1 */
#define HEP_RICE_K 0.513             /* from the exact mean at S = 1.5 sigma */

/** Variance of a Rician magnitude over that of one channel, for the squared signal-to-noise ratio. */
HEP_LANE hep_real model_rice_variance(hep_real snr2)
{
    return 1.0 - HEP_RICE_A / (1.0 + HEP_RICE_K * snr2);
}

/** p = A, f, R2*, sigma^2 (fixed and above 0): mean of the Rician magnitude. */
HEP_LANE hep_real model_fatwater_floor(hep_real *grad, const hep_real *p, const double *x)
{
    hep_real s = model_fatwater(grad, p, x);
    hep_real fall = 1.0 / (1.0 + HEP_RICE_K * (s * s / p[3]));
    hep_real mean2 = s * s + p[3] * (1.0 + HEP_RICE_A * fall);
    hep_real per_mean = real_rsqrt(mean2);
    hep_real slope = s * per_mean * (1.0 - HEP_RICE_A * HEP_RICE_K * fall * fall);

    for (int i = 0; i < HEP_FATWATER_NP; i++)
        grad[i] = grad[i] * slope;
    grad[HEP_FATWATER_NP] = real_splat(0.0);
    return mean2 * per_mean;
}

#endif
