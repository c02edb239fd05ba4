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

/** p = A, f, R2*, 2 sigma^2 (fixed): root of the second moment of the Rician magnitude. */
HEP_LANE hep_real model_fatwater_floor(hep_real *grad, const hep_real *p, const double *x)
{
    hep_real s = model_fatwater(grad, p, x);
    hep_real seen2 = s * s + p[3];
    hep_real per_seen = real_rsqrt(seen2);

    for (int i = 0; i < HEP_FATWATER_NP; i++)
        grad[i] = grad[i] * (s * per_seen);
    grad[HEP_FATWATER_NP] = real_splat(0.0);
    return seen2 * per_seen;
}

#endif
