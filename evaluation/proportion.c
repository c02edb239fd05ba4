#include "evaluation/proportion.h"

#include <gsl/gsl_cdf.h>
#include <limits.h>
#include <math.h>

struct hep_proportion hep_wilson(size_t k, size_t n)
{
    const double z = gsl_cdf_ugaussian_Pinv(0.975), count = (double)n, hits = (double)k;
    const double none = (double)NAN;
    struct hep_proportion p = { k, n, none, none, none, { none, none } };
    double centre, half, scale;

    if (n == 0)
        return p;
    p.value = hits / count;
    scale = 1.0 / (1.0 + z * z / count);
    centre = scale * (p.value + z * z / (2.0 * count));
    half = scale * z * sqrt(p.value * (1.0 - p.value) / count + z * z / (4.0 * count * count));
    p.lo = k == 0 ? 0.0 : centre - half;
    p.hi = k == n ? 1.0 : centre + half;
    return p;
}

double hep_mcnemar_exact(size_t b, size_t c)
{
    const size_t n = b + c, least = b < c ? b : c;
    double p;

    if (n == 0 || n > UINT_MAX)
        return n == 0 ? 1.0 : (double)NAN;
    p = 2.0 * gsl_cdf_binomial_P((unsigned)least, 0.5, (unsigned)n);
    return p < 1.0 ? p : 1.0;
}
