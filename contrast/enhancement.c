#include "contrast/enhancement.h"

#include <math.h>
#include <omp.h>

int hep_enhancement_map(float *re, const float *pre, const float *post, size_t n, double pre_floor,
                        int nthreads, struct hep_error *err)
{
    float lowest = (float)pre_floor;

    if (!(pre_floor >= 0) || !isfinite(pre_floor))
        return HEP_FAIL(err, HEP_EINVAL, "signal floor %g must be finite and >= 0", pre_floor);
#pragma omp parallel for num_threads(nthreads > 0 ? nthreads : 1) schedule(static)
    for (size_t i = 0; i < n; i++) {
        float value = (post[i] - pre[i]) / pre[i];
        re[i] = pre[i] > lowest && post[i] > 0.0F && isfinite(value) ? value : NAN;
    }
    return HEP_OK;
}

/** a / b for finite a and positive finite b, else NaN. */
static double ratio(double a, double b)
{
    return isfinite(a) && isfinite(b) && b > 0 ? a / b : (double)NAN;
}

double hep_relative_enhancement(double pre, double post)
{
    return ratio(post - pre, pre);
}

double hep_rte_muscle(double lesion_pre, double lesion_hbp, double muscle_pre, double muscle_hbp)
{
    return hep_relative_enhancement(ratio(lesion_pre, muscle_pre), ratio(lesion_hbp, muscle_hbp));
}

double hep_llc(double liver, double lesion)
{
    return ratio(liver - lesion, liver + lesion);
}

double hep_contrast_ratio(double liver, double lesion)
{
    return ratio(lesion, liver);
}

double hep_q_lsc(double liver, double spleen)
{
    return ratio(liver, spleen);
}

double hep_lsr(double liver, double muscle)
{
    return ratio(liver, muscle);
}

double hep_hui_q_lsc_ml(double q_lsc, double liver_volume_ml)
{
    return (q_lsc - 1) * liver_volume_ml;
}

double hep_hui_classic_ml(double liver_roi, double spleen_roi, double liver_volume_ml)
{
    return liver_volume_ml * (ratio(liver_roi, spleen_roi) - 1);
}

/** Mean and sum of squared deviations, one pass (Welford 1962). */
struct spread {
    size_t n;
    double mean, squares;
};

static void spread_add(struct spread *s, double x)
{
    double d = x - s->mean;

    s->n++;
    s->mean += d / (double)s->n;
    s->squares += d * (x - s->mean);
}

static double spread_sd(const struct spread *s)
{
    return s->n < 2 ? (double)NAN : sqrt(s->squares / (double)(s->n - 1));
}

static bool usable(float pre, float hbp)
{
    return isfinite(pre) && isfinite(hbp) && pre > 0;
}

double hep_sdr_a(const float *pre, const float *hbp, size_t n)
{
    struct spread s = { 0 };

    for (size_t i = 0; i < n; i++)
        if (usable(pre[i], hbp[i]))
            spread_add(&s, (double)hbp[i] / (double)pre[i]);
    return spread_sd(&s);
}

double hep_sdr_b(const float *pre, const float *hbp, size_t n)
{
    struct spread before = { 0 };
    struct spread after = { 0 };

    for (size_t i = 0; i < n; i++)
        if (usable(pre[i], hbp[i])) {
            spread_add(&before, (double)pre[i]);
            spread_add(&after, (double)hbp[i]);
        }
    return ratio(spread_sd(&after), spread_sd(&before));
}
