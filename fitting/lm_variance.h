/**
 * @file  fitting/lm_variance.h
 * @brief Inverse of a J^T W J over the parameters that are inside their bounds, generic over
 * hep_real.
 */
#ifndef HEP_FITTING_LM_VARIANCE_H
#define HEP_FITTING_LM_VARIANCE_H

#include "fitting/lm.h"
#include "fitting/real.h"

/* A pivot below this fraction of its diagonal element is rounding. */
#define LM_SINGULAR 1e-14

/**
 * By L D L^T.
 * @param[out] inverse packed; rows of parameters that are not inside mean nothing
 * @return where the matrix of those inside is positive definite
 */
HEP_LANE hep_mask lm_invert(hep_real *inverse, const hep_real *jtj, const hep_mask *inside,
                            size_t np)
{
    const hep_real zero = real_splat(0.0), one = real_splat(1.0);
    hep_real l[HEP_LM_PACKED], d[HEP_LM_MAX_P], z[HEP_LM_MAX_P][HEP_LM_MAX_P];
    hep_mask good = zero < one;

    for (size_t a = 0; a < HEP_LM_PACKED; a++)
        l[a] = zero;
    for (size_t a = 0; a < np; a++) {
        hep_real whole = real_select(inside[a], jtj[HEP_LM_AT(a, a)], one), pivot = whole;
        hep_mask above;

        for (size_t b = 0; b < a; b++) {
            hep_real v = real_select(inside[a] & inside[b], jtj[HEP_LM_AT(a, b)], zero);

            for (size_t c = 0; c < b; c++)
                v = v - l[HEP_LM_AT(a, c)] * d[c] * l[HEP_LM_AT(b, c)];
            l[HEP_LM_AT(a, b)] = v / d[b];
            pivot = pivot - l[HEP_LM_AT(a, b)] * v;
        }
        above = pivot > whole * LM_SINGULAR;
        good = good & above;
        d[a] = real_select(above, pivot, one);
    }
    for (size_t c = 0; c < np; c++) { /* column c of the inverse of L */
        z[c][c] = one;
        for (size_t a = c + 1; a < np; a++) {
            z[c][a] = zero;
            for (size_t b = c; b < a; b++)
                z[c][a] = z[c][a] - l[HEP_LM_AT(a, b)] * z[c][b];
        }
    }
    for (size_t a = 0; a < np; a++) {
        for (size_t b = 0; b <= a; b++) {
            hep_real sum = zero;

            for (size_t i = a; i < np; i++)
                sum = sum + z[a][i] * z[b][i] / d[i];
            inverse[HEP_LM_AT(a, b)] = sum;
        }
    }
    return good;
}

#endif
