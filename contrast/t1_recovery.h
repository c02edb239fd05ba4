/**
 * @file  contrast/t1_recovery.h
 * @brief T1 from inversion recovery, and from Look-Locker readouts such as MOLLI.
 * Model:   S(TI) = A - B exp(-TI / T), of magnitude images its absolute value. T is T1; with a Look-Locker readout it is
 *          the apparent T1*, and T1 = T1* (B / A - 1).
 * Source:  reduced-dimension search: for each T the best A and B are linear, and T alone is searched (Barral et al., MRM
 *          2010;64:1057-1067); sign of magnitude samples by the residual of either choice at the minimum (Nekolla et al.,
 *          J Comput Assist Tomogr 1992;16:327); Look-Locker correction: Deichmann and Haase, J Magn Reson 1992;96:608,
 *          MOLLI: Messroghli et al., MRM 2004;52:141-146
 * Valid:   the correction assumes a small flip angle, a perfect inversion and an unbroken train of readouts: MOLLI with its
 *          pauses reads T1 a few per cent low (Kellman and Hansen, J Cardiovasc Magn Reson 2014;16:2). Noise is taken as
 *          Gaussian: samples near zero crossing of magnitude images lie too high.
 * Threads: pure functions; maps do not depend on the number of threads.
 */
#ifndef HEP_CONTRAST_T1_RECOVERY_H
#define HEP_CONTRAST_T1_RECOVERY_H

#include "contrast/t1_vfa.h"

#define HEP_RECOVERY_MAX_TIMES 64
#define HEP_RECOVERY_MIN_TIMES 3

struct hep_recovery_options {
    bool is_signed;   /* samples have their sign: real part, or phase-corrected */
    bool look_locker; /* correct T1* to T1 */
    double t1_max_s;  /* longest T1 accepted, also of T1* */
    int nthreads;
};
/** Each of shape [n]; NaN where status is not HEP_VFA_OK; any may be NULL. */
struct hep_recovery_maps {
    float *t1_s, *t1_se_s; /* standard error from the residuals; NaN with three samples */
    float *m0, *inversion; /* A, and B / A: 2 for a perfect inversion with full recovery */
    float *rmse;
    uint8_t *status; /* enum hep_vfa_status */
};
/**
 * @param[in] signal n_times pointers to arrays of shape [n]; samples that are not finite, or negative in magnitude
 *                   images, are left out of their voxel's fit, which needs three
 * @param[in] ti_s   inversion times, in any order, all different
 * @return HEP_EDATA for fewer than three times or equal ones; HEP_EINVAL for other bounds; HEP_ENOMEM
 */
int hep_t1_recovery(const struct hep_recovery_maps *maps, const float *const *signal,
                    const double *ti_s, size_t n_times, size_t n,
                    const struct hep_recovery_options *options,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
