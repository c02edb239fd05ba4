/**
 * @file  fitting/real.h
 * @brief The number type of a formula that is written once and compiled for one voxel or for
 * several.
 *
 * A source file that defines HEP_LANES before including this gets that many voxels per hep_real,
 * otherwise one double and the functions of libm; with HEP_SINGLE they are floats. Operators and comparisons work on both;
 * real_select() and the functions below replace branches.
 */
#ifndef HEP_FITTING_REAL_H
#define HEP_FITTING_REAL_H

#include <float.h>
#include <math.h>
#include <stdint.h>

#ifdef HEP_LANES
#include "fitting/lanes.h"
#else
typedef double hep_real, hep_scalar;
typedef int hep_mask;
#define HEP_LANE static inline
#define HEP_WIDTH 1

HEP_LANE hep_real real_load(const double *p)
{
    return *p;
}
HEP_LANE void real_store(double *p, hep_real x)
{
    *p = x;
}

HEP_LANE hep_real real_splat(double x)
{
    return x;
}
HEP_LANE hep_real real_from_float(const float *p)
{
    return (double)*p;
}
HEP_LANE hep_real real_sqrt(hep_real x)
{
    return sqrt(x);
}
HEP_LANE hep_real real_select(hep_mask m, hep_real yes, hep_real no)
{
    return m ? yes : no;
}
HEP_LANE hep_real real_exp(hep_real x)
{
    return exp(x);
}
HEP_LANE hep_real real_log(hep_real x)
{
    return log(x);
}
HEP_LANE hep_real real_rsqrt(hep_real x)
{
    return 1.0 / sqrt(x > 1e-300 ? x : 1e-300);
}
#endif

#ifdef HEP_SINGLE
#define HEP_REAL_EPSILON FLT_EPSILON
#define HEP_REAL_TINY 1e-30f /* a divisor that is no longer 0 */
#define HEP_REAL_HUGE 1e30f
#else
#define HEP_REAL_EPSILON DBL_EPSILON
#define HEP_REAL_TINY 1e-300
#define HEP_REAL_HUGE 1e300
#endif

HEP_LANE hep_real real_max(hep_real a, hep_real b)
{
    return real_select(a > b, a, b);
}
HEP_LANE hep_real real_min(hep_real a, hep_real b)
{
    return real_select(a < b, a, b);
}
HEP_LANE hep_real real_clamp(hep_real x, hep_real lo, hep_real hi)
{
    return real_min(real_max(x, lo), hi);
}

#endif
