/**
 * @file  contrast/t1_vfa.h
 * @brief T1 from spoiled gradient echoes at two or more flip angles.
 * Model:   S = M0 sin(a) (1 - E1) / (1 - cos(a) E1), E1 = exp(-TR/T1)
 * Source:  least squares of this equation; started from its linear form S/sin = E1 S/tan + M0 (1 -
 * E1) (Deoni et al., MRM 2003;49:515-526) with the weights of Chang et al., MRM 2008;60:496-501
 * Differs: the linear form alone is biased by noise (+4 % at a signal-to-noise ratio near 10), so
 *          Gauss-Newton steps go on to the least-squares optimum
 * Valid:   ideal spoiling, flip angles as given or scaled by a B1 map, signal well above the noise
 *          floor. T1 goes with the square of the flip angle: without a B1 map an error of 5 % in it is
 *          one of 10 % in T1.
 * Threads: pure functions; maps do not depend on the number of threads.
 */
#ifndef HEP_CONTRAST_T1_VFA_H
#define HEP_CONTRAST_T1_VFA_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEP_VFA_MAX_ANGLES 16

enum hep_vfa_status {
    HEP_VFA_OK = 0,
    HEP_VFA_BAD_INPUT = 1,   /* a signal is not finite or not positive */
    HEP_VFA_OUT_OF_RANGE = 2 /* no E1 inside (0, 1), or T1 above t1_max_s: T1 and M0 are NaN */
};

/** Each of shape [n]; NaN where status is not HEP_VFA_OK; any may be NULL. */
struct hep_vfa_maps {
    float *t1_s, *m0;
    float *t1_se_s;  /* standard error from the residuals; NaN with two angles */
    uint8_t *status; /* enum hep_vfa_status */
};
/**
 * One T1 and M0 per voxel.
 * @param[in] signal   n_angles pointers to arrays of shape [n]; borrowed
 * @param[in] flip_rad shape [n_angles], distinct, in (0, pi/2]
 * @param[in] b1       actual over nominal flip angle, shape [n]; NULL: 1. Where it is not in (0.2, 2),
 *                     or makes an angle larger than pi/2, the voxel is HEP_VFA_BAD_INPUT
 * @param[in] t1_max_s longest T1 accepted, for example 5 s
 * @return HEP_EDATA for fewer than two angles or two equal ones; HEP_EINVAL for other bounds
 */
int hep_t1_vfa(const struct hep_vfa_maps *maps, const float *const *signal, const double *flip_rad,
               size_t n_angles, const float *b1, double tr_s, double t1_max_s, size_t n,
               int nthreads, struct hep_error *err) HEP_MUST_CHECK;

#endif
