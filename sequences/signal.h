/**
 * @file  sequences/signal.h
 * @brief Signal equations: what a voxel gives in each sequence. Pure functions of doubles.
 * Model:   SPGR         S = PD sin a (1 - E1)/(1 - cos a E1) exp(-TE/T2*), E1 = exp(-TR/T1)
 *          spin echo    S = PD (1 - exp(-TR/T1)) exp(-TE/T2), TE effective for FSE
 *          fat-water    S(t) = (W + F sum_p a_p e^{i 2 pi f_p t}) e^{i(phi + 2 pi psi t)} e^{-R2* t}
 *          diffusion    mono S0 e^{-bD}; IVIM S0 [(1-f) e^{-bD} + f e^{-bD*}];
 *                       kurtosis S0 exp(-bD + (bD)^2 K/6)
 * Source:  Bernstein, King, Zhou, Handbook of MRI Pulse Sequences, 2004, eq. 14.8 (SPGR); Hernando
 *          et al., MRM 2010;63:79-90 (fat-water); Le Bihan et al., Radiology 1988;168:497-505
 *          (IVIM); Jensen et al., MRM 2005;53:1432-1440 (kurtosis)
 * Differs: fat-water has one R2* for water and fat, which does better in vivo (Horng et al., JMRI
 *          2013)
 * Valid:   steady state, ideal spoiling, no B1 error; kurtosis for b <= 3/(D K); arguments are not
 *          checked: they must be finite, times and T1 above 0
 * Threads: pure.
 */
#ifndef HEP_SEQUENCES_SIGNAL_H
#define HEP_SEQUENCES_SIGNAL_H

#include "sequences/fat_spectrum.h"

/** Spoiled gradient echo, transverse decay left out (TE = 0): the T1 weighting. */
double hep_spgr_weight(double t1_s, double tr_s, double flip_rad);
/** Spoiled gradient echo. t2star_s may be infinite. */
double hep_signal_spgr(double pd, double t1_s, double t2star_s, double tr_s, double te_s,
                       double flip_rad);

/** Spin echo; te_s is the effective echo time of a fast spin echo. */
double hep_signal_spin_echo(double pd, double t1_s, double t2_s, double tr_s, double te_s);

/**
 * T1 of a second acquisition from its signal relative to a first, same receiver gain, TE effects
 * ignored.
 * @param[in] ratio    S2 / S1
 * @param[in] t1_ref_s T1 at the first acquisition
 * @return T1 [s], or NaN when no positive finite T1 gives this ratio
 */
double hep_t1_from_spgr_ratio(double ratio, double t1_ref_s, double tr1_s, double flip1_rad,
                              double tr2_s, double flip2_rad);

/** Fat and water in a voxel. */
struct hep_fat_water {
    double water, fat; /* signal at TE = 0 [a.u.] */
    double r2star_per_s;
    double phase_rad; /* phi */
    double offset_hz; /* psi: field map */
};
/** Complex signal at te_s: real and imaginary part. */
void hep_signal_fat_water(double out[2], const struct hep_fat_water *voxel,
                          const struct hep_fat_spectrum *spectrum, double field_t, double te_s);
/**
 * Magnitude for a phasor from hep_fat_phasor().
 * @param[out] grad dS/dW, dS/dF, dS/dR2*; NULL when not wanted. Where the signal is 0 the first two
 *                  are 0 (the magnitude has no derivative there)
 */
double hep_signal_fat_water_magnitude(double grad[3], double water, double fat, double r2star_per_s,
                                      const double phasor[2], double te_s);
/** Fat fraction as a dual-echo magnitude method reads it: (IP - OP) / (2 IP). */
double hep_dual_echo_raw_ff(double in_phase, double opposed);
/** The same after IP is brought to the opposed echo time: IP' = IP exp(R2* (TE_IP - TE_OP)). */
double hep_dual_echo_corrected_ff(double in_phase, double opposed, double te_in_s, double te_op_s,
                                  double r2star_per_s);

/* Diffusion. Each may give the gradient with respect to its parameters in the order listed. */
double hep_signal_mono(double grad[2], double s0, double d_mm2_per_s, double b_s_per_mm2);
double hep_signal_ivim(double grad[4], double s0, double d_mm2_per_s, double f,
                       double dstar_mm2_per_s, double b_s_per_mm2);
double hep_signal_kurtosis(double grad[3], double s0, double d_mm2_per_s, double k,
                           double b_s_per_mm2);

#endif
