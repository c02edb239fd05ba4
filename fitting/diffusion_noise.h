/**
 * @file  fitting/diffusion_noise.h
 * @brief Noise of the volumes of a diffusion series, and where its floor matters.
 *
 * Model:   The air of each volume (image/air.h), where the scanner has not cut or filtered the
 *          background. Each volume has its own: the high b-values are averaged more often, or scaled
 *          on their own. Then, for the series, repeats of a b-value: their differences have the SD
 *          sqrt(2) sigma; motion adds to it in proportion to the signal, so that the smallest over
 *          the b-values counts. Else the residuals of the ADC over all b-values.
 * Source:  Koay and Basser, J Magn Reson 2006;179:317: below an SNR of 5 the mean of a magnitude is
 *          2 % and more above the signal
 * Threads: deterministic
 */
#ifndef HEP_FITTING_DIFFUSION_NOISE_H
#define HEP_FITTING_DIFFUSION_NOISE_H

#include "fitting/diffusion.h"

/** Signals below this many sigma are lifted by the noise floor. */
#define HEP_NOISE_FLOOR_SNR 5.0

enum hep_noise_source { HEP_NOISE_GIVEN, HEP_NOISE_AIR, HEP_NOISE_REPEATS, HEP_NOISE_RESIDUALS };
/** "given", "air", "repeats", "residuals". */
const char *hep_noise_source_name(enum hep_noise_source source);

struct hep_diffusion_noise {
    double sigma;       /* 0: not known; the median of the volumes */
    double least, most; /* of the volumes */
    enum hep_noise_source source;
    bool background_cut; /* the air tells nothing */
};

/**
 * @param[out] each    [nb] sigma of each volume: of its own air, else that of the series
 * @param[in] in       the mask is the body; without one there is no air
 * @param[in] n        voxels along each axis
 * @param[in] settings of the fit whose residuals count; sigma > 0: taken as it is
 */
int hep_diffusion_noise(struct hep_diffusion_noise *out, double *each,
                        const struct hep_diffusion_input *in, const size_t n[3],
                        const struct hep_diffusion_settings *settings,
                        struct hep_error *err) HEP_MUST_CHECK;
/** Median signal over the bright half of the body, of the volumes of one b-value; NaN for none. */
int hep_diffusion_signal_at(double *out, const struct hep_diffusion_input *in, const size_t n[3],
                            double b_s_per_mm2, struct hep_error *err) HEP_MUST_CHECK;

#endif
