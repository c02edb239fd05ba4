/**
 * @file  sequences/fat_spectrum.h
 * @brief Proton spectra of liver fat: chemical shift and share of each peak.
 * Source:  Hamilton et al., NMR Biomed 2011;24:784-790, doi:10.1002/nbm.1622; the shifts relative
 *          to water are those of the ISMRM fat-water toolbox.
 * Differs: published amplitudes add up to 0.999; they are divided by their sum, so that F is all
 *          fat.
 * Valid:   body temperature, in vivo, 1.5 to 3 T (shifts in ppm do not depend on the field)
 */
#ifndef HEP_SEQUENCES_FAT_SPECTRUM_H
#define HEP_SEQUENCES_FAT_SPECTRUM_H

#include "base/error.h"

#include <stddef.h>

#define HEP_FAT_PEAKS_MAX 8
/** Proton gyromagnetic ratio / 2 pi, CODATA 2018 (rounded) [MHz/T]. */
#define HEP_GAMMA_BAR_MHZ_PER_T 42.577

struct hep_fat_spectrum {
    const char *name, *source;
    size_t n;
    double ppm[HEP_FAT_PEAKS_MAX];       /* relative to water, negative is slower */
    double amplitude[HEP_FAT_PEAKS_MAX]; /* sum 1 */
};

/** "hamilton2011" (default), "hamilton2011-liver" (an alternative set), "single" (one peak at -3.4
 * ppm). */
#define HEP_FAT_SPECTRUM_DEFAULT "hamilton2011"
/** Amplitudes normalised. HEP_EINVAL with the nearest name. */
int hep_fat_spectrum_get(struct hep_fat_spectrum *out, const char *name,
                         struct hep_error *err) HEP_MUST_CHECK;

/** Frequency of a shift at a field strength of any decimals [Hz]. */
double hep_shift_hz(double ppm, double field_t);
/** Time in which water and the 3.4 ppm peak come round once: 4.605 ms at 1.5 T [s]. */
double hep_fat_water_period_s(double field_t);
/** sum_p a_p exp(i 2 pi f_p t): real and imaginary part in out[2]. 1 + 0i at t = 0. */
void hep_fat_phasor(double out[2], const struct hep_fat_spectrum *spectrum, double field_t,
                    double te_s);

#endif
