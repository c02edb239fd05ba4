/* Patlak's line. */
#include "contrast/uptake_fit.h"

#include <math.h>

/* The mean transit of the extracellular space, ve/F near 0.24 / 0.9 min = 16 s, after a portal delay near 30 s: in a minute
 * it holds what plasma does. */
#define AFTER_PEAK_S 60.0
enum { FEWEST = 4 };

void hep_patlak(struct hep_patlak *out, const struct hep_inputs *inputs, const double *time_s,
                const double *delta_r1, size_t n, const struct hep_relaxivity *relaxivity)
{
    const double *cp = inputs->arterial_mM;
    double xx = 0.0, xz = 0.0, zz = 0.0, xy = 0.0, zy = 0.0, yy = 0.0;
    double det, rss;
    double integral = 0.0;
    size_t peak = 0;
    size_t k = 0;

    *out = (struct hep_patlak){ (double)NAN, (double)NAN, (double)NAN, 0 };
    for (size_t i = 0; i < inputs->n; i++)
        peak = cp[i] > cp[peak] ? i : peak;
    for (size_t i = 0; i < n; i++) {
        const double y = delta_r1[i];
        double x, z;

        for (; k + 1 < inputs->n && (double)(k + 1) * inputs->dt_s <= time_s[i]; k++)
            integral += 0.5 * inputs->dt_s * (cp[k] + cp[k + 1]);
        if (!isfinite(y) || time_s[i] < (double)peak * inputs->dt_s + AFTER_PEAK_S)
            continue;
        x = relaxivity->r1_blood * hep_curve_at(cp, inputs->n, inputs->dt_s, time_s[i]);
        z = relaxivity->r1_hepatocyte *
            (integral + 0.5 * (time_s[i] - (double)k * inputs->dt_s) *
                            (cp[k] + hep_curve_at(cp, inputs->n, inputs->dt_s, time_s[i])));
        xx += x * x;
        xz += x * z;
        zz += z * z;
        xy += x * y;
        zy += z * y;
        yy += y * y;
        out->n++;
    }
    det = xx * zz - xz * xz;
    if (out->n < FEWEST || !(det > 1e-12 * xx * zz))
        return;
    out->ve = (xy * zz - zy * xz) / det;
    out->uptake_per_s = (zy * xx - xy * xz) / det;
    rss = fmax(yy - out->ve * xy - out->uptake_per_s * zy, 0.0);
    out->uptake_se_per_s = sqrt(rss / (double)(out->n - 2) * xx / det);
}
