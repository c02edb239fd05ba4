#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int hep_compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double hep_quantile_sorted(const double *sorted, size_t n, double q)
{
    const double at = q * (double)(n - 1);
    const size_t i = (size_t)at;

    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

double hep_round_significant(double value, int digits)
{
    char text[40];

    (void)snprintf(text, sizeof text, "%.*g", digits, value);
    return isfinite(value) ? strtod(text, NULL) : (double)NAN;
}

double hep_ball_volume(double diameter)
{
    return HEP_PI / 6.0 * diameter * diameter * diameter;
}

double hep_ball_diameter(double volume)
{
    return cbrt(6.0 * volume / HEP_PI);
}
