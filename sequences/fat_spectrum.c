#include "sequences/fat_spectrum.h"

#include "base/number.h"
#include "base/text.h"

#include <math.h>

/* Amplitudes as published; hep_fat_spectrum_get() divides by their sum. */
static const struct hep_fat_spectrum spectra[] = {
    { HEP_FAT_SPECTRUM_DEFAULT,
      "Hamilton et al., NMR Biomed 2011;24:784-790",
      6,
      { -3.80, -3.40, -2.60, -1.94, -0.39, 0.60 },
      { 0.087, 0.693, 0.128, 0.004, 0.039, 0.048 } },
    { "hamilton2011-liver",
      "liver set after Hamilton et al. 2011, more digits",
      6,
      { -3.80, -3.40, -2.60, -1.95, -0.5, 0.60 },
      { 0.0875, 0.6998, 0.1206, 0.0062, 0.0389, 0.0471 } },
    { "single", "methylene peak only", 1, { -3.40 }, { 1.0 } },
};
enum { N_SPECTRA = sizeof spectra / sizeof spectra[0] };

int hep_fat_spectrum_get(struct hep_fat_spectrum *out, const char *name, struct hep_error *err)
{
    const char *names[N_SPECTRA];
    double sum = 0.0;
    size_t found = 0;
    int rc;

    for (size_t i = 0; i < N_SPECTRA; i++)
        names[i] = spectra[i].name;
    rc = hep_find_name(&found, name != NULL ? name : "", names, N_SPECTRA, "fat spectrum",
                       HEP_EINVAL, err);
    if (rc != HEP_OK)
        return rc;
    *out = spectra[found];
    for (size_t p = 0; p < out->n; p++)
        sum += out->amplitude[p];
    for (size_t p = 0; p < out->n; p++)
        out->amplitude[p] /= sum;
    return HEP_OK;
}

double hep_shift_hz(double ppm, double field_t)
{
    return ppm * HEP_GAMMA_BAR_MHZ_PER_T * field_t;
}

double hep_fat_water_period_s(double field_t)
{
    return 1.0 / hep_shift_hz(3.40, field_t);
}

void hep_fat_phasor(double out[2], const struct hep_fat_spectrum *spectrum, double field_t,
                    double te_s)
{
    double re = 0.0, im = 0.0;

    for (size_t p = 0; p < spectrum->n; p++) {
        double angle = 2.0 * HEP_PI * hep_shift_hz(spectrum->ppm[p], field_t) * te_s;

        re += spectrum->amplitude[p] * cos(angle);
        im += spectrum->amplitude[p] * sin(angle);
    }
    out[0] = re;
    out[1] = im;
}
