#include "image/air.h"

#include "image/stats.h"

#include <math.h>

#define LEAST_AIR 500
static const double rayleigh_median = 1.1774100225154747, rayleigh_rms = 1.4142135623730951;

double hep_air_sigma(const float *signal, const int32_t *body, float *work, size_t n, size_t step)
{
    size_t kept = 0, zeros = 0, seen = 0;
    double squares = 0.0, median, rms;

    for (size_t v = 0; v < n; v++) {
        if (body[v] > 0 || !isfinite(signal[v]) || seen++ % step != 0)
            continue;
        zeros += !(signal[v] > 0.0F);
        squares += (double)signal[v] * (double)signal[v];
        work[kept++] = signal[v];
    }
    if (kept < LEAST_AIR || (double)zeros > HEP_AIR_ZEROS * (double)kept)
        return (double)NAN;
    rms = sqrt(squares / (double)kept) / rayleigh_rms;
    median = hep_quantile(work, kept, 0.5) / rayleigh_median;
    return fabs(rms / median - 1.0) <= HEP_AIR_AGREE ? median : (double)NAN;
}
