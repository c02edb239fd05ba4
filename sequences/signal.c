#include "sequences/signal.h"

#include "base/number.h"

#include <math.h>

double hep_spgr_weight(double t1_s, double tr_s, double flip_rad)
{
    double recovered = -expm1(-tr_s / t1_s); /* 1 - E1 without cancellation for TR << T1 */

    return sin(flip_rad) * recovered / (1.0 - cos(flip_rad) * (1.0 - recovered));
}

double hep_signal_spgr(double pd, double t1_s, double t2star_s, double tr_s, double te_s,
                       double flip_rad)
{
    return pd * hep_spgr_weight(t1_s, tr_s, flip_rad) * exp(-te_s / t2star_s);
}

double hep_signal_spin_echo(double pd, double t1_s, double t2_s, double tr_s, double te_s)
{
    return pd * -expm1(-tr_s / t1_s) * exp(-te_s / t2_s);
}

double hep_t1_from_spgr_ratio(double ratio, double t1_ref_s, double tr1_s, double flip1_rad,
                              double tr2_s, double flip2_rad)
{
    double weight2 = ratio * hep_spgr_weight(t1_ref_s, tr1_s, flip1_rad);
    double sine = sin(flip2_rad);
    double e1 = (sine - weight2) / (sine - weight2 * cos(flip2_rad));

    return e1 > 0.0 && e1 < 1.0 ? -tr2_s / log(e1) : (double)NAN;
}

void hep_signal_fat_water(double out[2], const struct hep_fat_water *voxel,
                          const struct hep_fat_spectrum *spectrum, double field_t, double te_s)
{
    double phasor[2], re, im, angle, decay;

    hep_fat_phasor(phasor, spectrum, field_t, te_s);
    re = voxel->water + voxel->fat * phasor[0];
    im = voxel->fat * phasor[1];
    angle = voxel->phase_rad + 2.0 * HEP_PI * voxel->offset_hz * te_s;
    decay = exp(-voxel->r2star_per_s * te_s);
    out[0] = decay * (re * cos(angle) - im * sin(angle));
    out[1] = decay * (re * sin(angle) + im * cos(angle));
}

double hep_signal_fat_water_magnitude(double grad[3], double water, double fat, double r2star_per_s,
                                      const double phasor[2], double te_s)
{
    double re = water + fat * phasor[0];
    double im = fat * phasor[1];
    double size = sqrt(re * re + im * im);
    double decay = exp(-r2star_per_s * te_s);

    if (grad != NULL) {
        double scale = size > 0.0 ? decay / size : 0.0;

        grad[0] = scale * re;
        grad[1] = scale * (phasor[0] * re + phasor[1] * im);
        grad[2] = -te_s * size * decay;
    }
    return size * decay;
}

double hep_dual_echo_raw_ff(double in_phase, double opposed)
{
    return (in_phase - opposed) / (2.0 * in_phase);
}

double hep_dual_echo_corrected_ff(double in_phase, double opposed, double te_in_s, double te_op_s,
                                  double r2star_per_s)
{
    return hep_dual_echo_raw_ff(in_phase * exp(r2star_per_s * (te_in_s - te_op_s)), opposed);
}

double hep_signal_mono(double grad[2], double s0, double d_mm2_per_s, double b_s_per_mm2)
{
    double e = exp(-b_s_per_mm2 * d_mm2_per_s);

    if (grad != NULL) {
        grad[0] = e;
        grad[1] = -b_s_per_mm2 * s0 * e;
    }
    return s0 * e;
}

double hep_signal_ivim(double grad[4], double s0, double d_mm2_per_s, double f,
                       double dstar_mm2_per_s, double b_s_per_mm2)
{
    double tissue = exp(-b_s_per_mm2 * d_mm2_per_s);
    double blood = exp(-b_s_per_mm2 * dstar_mm2_per_s);
    double relative = (1.0 - f) * tissue + f * blood;

    if (grad != NULL) {
        grad[0] = relative;
        grad[1] = -b_s_per_mm2 * s0 * (1.0 - f) * tissue;
        grad[2] = s0 * (blood - tissue);
        grad[3] = -b_s_per_mm2 * s0 * f * blood;
    }
    return s0 * relative;
}

double hep_signal_kurtosis(double grad[3], double s0, double d_mm2_per_s, double k,
                           double b_s_per_mm2)
{
    double bd = b_s_per_mm2 * d_mm2_per_s;
    double relative = exp(-bd + bd * bd * k / 6.0);

    if (grad != NULL) {
        grad[0] = relative;
        grad[1] = s0 * relative * b_s_per_mm2 * (bd * k / 3.0 - 1.0);
        grad[2] = s0 * relative * bd * bd / 6.0;
    }
    return s0 * relative;
}
