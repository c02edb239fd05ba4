#include "lesions/evaluation/calibration.h"

#include <math.h>

static size_t bin_of(double p)
{
    const double b = floor(p * HEP_CALIBRATION_BINS);

    return b < 0.0 ? 0 : b >= HEP_CALIBRATION_BINS ? HEP_CALIBRATION_BINS - 1 : (size_t)b;
}

void hep_calibration_of(struct hep_calibration *out, const struct hep_forecast *forecast, size_t n,
                        const double *weight)
{
    double squares = 0.0;

    *out = (struct hep_calibration){ .n = 0.0 };
    for (size_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[forecast[i].patient] : 1.0;
        const double p = forecast[i].probability, y = forecast[i].came_true ? 1.0 : 0.0;
        const size_t b = bin_of(p);

        out->n += w;
        squares += w * (p - y) * (p - y);
        out->bin[b].n += w;
        out->bin[b].mean_probability += w * p;
        out->bin[b].fraction += w * y;
    }
    for (size_t b = 0; b < HEP_CALIBRATION_BINS; b++) {
        out->ece += fabs(out->bin[b].mean_probability - out->bin[b].fraction);
        out->bin[b].mean_probability /= out->bin[b].n;
        out->bin[b].fraction /= out->bin[b].n;
    }
    out->brier = squares / out->n;
    out->ece /= out->n;
}
