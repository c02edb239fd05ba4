/**
 * @file  fitting/lanes.h
 * @brief One vector register of doubles, or with HEP_SINGLE of floats, as one hep_real; elementary
 *        functions with the same bits on every instruction set.
 *
 * GCC vector extensions: every operation is the IEEE one of each lane (no contraction, no
 * fast-math), so SSE2, AVX2, AVX-512 and plain C differ in speed only.
 *
 * - real_exp: Cody & Waite reduction to |r| <= ln 2 / 2, then 1 + r + r^2 q(r), q of degree 9 the
 *   interpolation of (exp(r) - 1 - r) / r^2 in Chebyshev nodes (error 1.8e-17, worked in
 *   rationals); at most 1.25 ulp (1.09 met) for x in [-708, 709], clamped outside; NaN gives
 *   exp(-708).
 * - real_log: the reduction and minimax polynomial of FreeBSD's e_log.c (Sun Microsystems 1993); at
 *   most 1 ulp for finite normal x > 0; undefined otherwise.
 * - real_rsqrt: Newton steps from a shifted exponent; a few ulp for x in [1e-300, 1e300], that of
 *   1e-300 below.
 *
 * Of floats: real_exp with the polynomial of Cephes' expf (Moshier 1989), at most 2 ulp for x in
 * [-30, 88], clamped outside: what is below 1e-13 of a signal is nothing, and its square is still
 * normal; real_log with that of FreeBSD's e_logf.c, at most 2 ulp; no real_rsqrt, no real_sqrt.
 * Rows in memory are doubles for both.
 */
#ifndef HEP_FITTING_LANES_H
#define HEP_FITTING_LANES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Numbers per hep_real: HEP_LANES, a power of two that fits the registers of the instruction set.
 */
#define HEP_WIDTH HEP_LANES
#define HEP_LANE static inline __attribute__((always_inline))

#ifdef HEP_SINGLE
typedef float hep_scalar;
typedef int32_t hep_mask __attribute__((vector_size(4 * HEP_LANES)));
typedef uint32_t hep_bits __attribute__((vector_size(4 * HEP_LANES)));
typedef float hep_real __attribute__((vector_size(4 * HEP_LANES)));
#else
typedef double hep_scalar;
typedef int64_t hep_mask __attribute__((vector_size(8 * HEP_LANES)));
typedef uint64_t hep_bits __attribute__((vector_size(8 * HEP_LANES)));
typedef double hep_real __attribute__((vector_size(8 * HEP_LANES)));
typedef float hep_floats __attribute__((vector_size(4 * HEP_LANES)));
#endif

#if defined(__GNUC__) && !defined(__clang__)
/* Everything here is inlined: no vector crosses a call. */
#pragma GCC diagnostic ignored "-Wpsabi"
/* gcc 12's -fanalyzer takes the number of lanes of a vector for the bits of one. */
#pragma GCC diagnostic ignored "-Wanalyzer-shift-count-overflow"
#endif

HEP_LANE hep_real real_splat(hep_scalar x)
{
    const hep_real zero = { 0 };

    return x - zero;
}

HEP_LANE hep_real real_select(hep_mask m, hep_real yes, hep_real no)
{
    return (hep_real)((m & (hep_mask)yes) | (~m & (hep_mask)no));
}

#ifdef HEP_SINGLE

HEP_LANE hep_real real_load(const double *p)
{
    hep_real x = { 0 };

    for (size_t l = 0; l < HEP_WIDTH; l++)
        x[l] = (float)p[l];
    return x;
}

HEP_LANE void real_store(double *p, hep_real x)
{
    for (size_t l = 0; l < HEP_WIDTH; l++)
        p[l] = (double)x[l];
}

HEP_LANE hep_real real_exp(hep_real x)
{
    const float log2e = 1.44269504f, magic = 12582912.0f; /* 1.5 * 2^23 */
    const float ln2_hi = 0.693359375f, ln2_lo = -2.12194440e-4f;
    hep_real k, r, p;

    x = real_select(x > -30.0f, x, real_splat(-30.0f));
    x = real_select(x < 88.0f, x, real_splat(88.0f));
    k = x * log2e + magic; /* the integer is in the low bits */
    r = (x - (k - magic) * ln2_hi) - (k - magic) * ln2_lo;
    p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r;
    return (hep_real)((hep_bits)(p + 1.0f) + ((hep_bits)k << 23));
}

HEP_LANE hep_real real_log(hep_real x)
{
    const float ln2_hi = 6.9313812256e-01f, ln2_lo = 9.0580006145e-06f;
    const uint32_t root_half = 0x3f3504f3u, two23 = 0x4b000000u;
    /* exponent + 128 of the nearest power of two: mantissas in [sqrt(1/2), sqrt(2)) */
    hep_bits e = ((hep_bits)x - root_half + ((uint32_t)128 << 23)) >> 23;
    hep_real m = (hep_real)((hep_bits)x - (e << 23) + ((uint32_t)128 << 23));
    hep_real n = (hep_real)(e | two23) - (8388608.0f + 128.0f);
    hep_real f = m - 1.0f, s = f / (2.0f + f), z = s * s, half = 0.5f * (f * f), p;

    p = z * 0.24279078841f + 0.28498786688f;
    p = p * z + 0.40000972152f;
    p = p * z + 0.66666662693f;
    p = p * z;
    return n * ln2_hi - ((half - (s * (half + p) + n * ln2_lo)) - f);
}

#else

HEP_LANE hep_real real_load(const double *p)
{
    hep_real x;

    (void)memcpy(&x, p, sizeof x);
    return x;
}

HEP_LANE void real_store(double *p, hep_real x)
{
    (void)memcpy(p, &x, sizeof x);
}

HEP_LANE hep_real real_from_float(const float *p)
{
    hep_floats x;

    (void)memcpy(&x, p, sizeof x);
    return __builtin_convertvector(x, hep_real);
}

/** Correctly rounded, as IEEE 754 asks. */
HEP_LANE hep_real real_sqrt(hep_real x)
{
    for (size_t l = 0; l < HEP_WIDTH; l++)
        x[l] = sqrt(x[l]);
    return x;
}

HEP_LANE hep_real real_exp(hep_real x)
{
    const double log2e = 1.44269504088896338700, magic = 6755399441055744.0; /* 1.5 * 2^52 */
    const double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10;
    hep_real k, r, r2, r4, lo, hi, p;

    x = real_select(x > -708.0, x, real_splat(-708.0));
    x = real_select(x < 709.0, x, real_splat(709.0));
    k = x * log2e + magic; /* the integer is in the low bits */
    r = (x - (k - magic) * ln2_hi) - (k - magic) * ln2_lo;
    r2 = r * r;
    r4 = r2 * r2;
    lo = (r * 0.16666666666666669 + 0.5) + (r * 0.008333333333330063 + 0.041666666666624136) * r2;
    hi = (r * 1.9841269863050506e-04 + 1.388888891720967e-03) +
         (r * 2.7557268464831627e-06 + 2.4801521302241082e-05) * r2;
    p = lo + (hi + (r * 2.510038319586702e-08 + 2.7620085455018414e-07) * r4) * r4;
    p = p * r2 + r;
    return (hep_real)((hep_bits)(p + 1.0) + ((hep_bits)k << 52));
}

HEP_LANE hep_real real_log(hep_real x)
{
    const double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10;
    const uint64_t root_half = 0x3fe6a09e00000000u, two52 = 0x4330000000000000u;
    /* exponent + 1024 of the nearest power of two: mantissas in [sqrt(1/2), sqrt(2)) */
    hep_bits e = ((hep_bits)x - root_half + ((uint64_t)1024 << 52)) >> 52;
    hep_real m = (hep_real)((hep_bits)x - (e << 52) + ((uint64_t)1024 << 52));
    hep_real n = (hep_real)(e | two52) - (4503599627370496.0 + 1024.0);
    hep_real f = m - 1.0, s = f / (2.0 + f), z = s * s, half = 0.5 * (f * f), p;

    p = z * 1.479819860511658591e-01 + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
    p = p * z;
    return n * ln2_hi - ((half - (s * (half + p) + n * ln2_lo)) - f);
}

/* 1 / sqrt(x) without a divide or a square root, which have no lane form in the vector extensions.
 */
HEP_LANE hep_real real_rsqrt(hep_real x)
{
    const uint64_t magic = 0x5fe6eb50c7b537a9u;
    hep_real y, half;

    x = real_select(x > 1e-300, x, real_splat(1e-300));
    half = 0.5 * x;
    y = (hep_real)(magic - ((hep_bits)x >> 1)); /* within 3.5 % */
    for (int i = 0; i < 4; i++)
        y = y * (1.5 - half * y * y);
    return y + y * (0.5 - half * y * y);
}

#endif

#endif
