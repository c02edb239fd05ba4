/* From measured signals to relaxation rates, and from their times to a regular grid. */
#include "contrast/uptake_fit.h"

#include "sequences/signal.h"

#include <math.h>

int hep_delta_r1_from_signal(double *delta_r1, size_t *n_bad, const double *signal, size_t n,
                             size_t n_baseline, double t10_s, double tr_s, double flip_rad,
                             struct hep_error *err)
{
    double baseline = 0;
    size_t bad = 0;

    if (n_baseline < 1 || n_baseline > n)
        return HEP_FAIL(err, HEP_EINVAL, "baseline of %zu samples, allowed are 1 to %zu",
                        n_baseline, n);
    if (!(t10_s > 0 && t10_s < 100) || !(tr_s > 0 && tr_s < 100) ||
        !(flip_rad > 0 && flip_rad < 3.2))
        return HEP_FAIL(err, HEP_EINVAL, "T1 %g s, TR %g s and flip angle %g rad must be > 0",
                        t10_s, tr_s, flip_rad);
    for (size_t i = 0; i < n_baseline; i++)
        baseline += signal[i] / (double)n_baseline;
    if (!(baseline > 0) || !isfinite(baseline))
        return HEP_FAIL(err, HEP_EDATA, "mean baseline signal is %g, it must be > 0", baseline);
    for (size_t i = 0; i < n; i++) {
        double t1 =
            hep_t1_from_spgr_ratio(signal[i] / baseline, t10_s, tr_s, flip_rad, tr_s, flip_rad);
        bool ok = isfinite(t1) && t1 > 0;
        delta_r1[i] = ok ? 1 / t1 - 1 / t10_s : (double)NAN;
        bad += !ok;
    }
    if (n_bad)
        *n_bad = bad;
    return HEP_OK;
}

/** Index of the first finite sample from i on; n when there is none. */
static size_t next_finite(const double *value, size_t n, size_t i)
{
    while (i < n && !isfinite(value[i]))
        i++;
    return i;
}

int hep_curve_resample(double *out, size_t n_out, double dt_s, const double *time_s,
                       const double *value, size_t n, struct hep_error *err)
{
    size_t a = next_finite(value, n, 0);
    size_t b;

    if (a == n)
        return HEP_FAIL(err, HEP_EDATA, "curve of %zu samples has no finite value", n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(time_s[i]) || (i > 0 && time_s[i] <= time_s[i - 1]))
            return HEP_FAIL(err, HEP_EDATA, "times must rise: sample %zu is at %g s", i, time_s[i]);
    b = next_finite(value, n, a + 1);
    for (size_t k = 0; k < n_out; k++) {
        double t = (double)k * dt_s;
        while (b < n && time_s[b] < t) {
            a = b;
            b = next_finite(value, n, b + 1);
        }
        if (b == n || t <= time_s[a])
            out[k] = value[a];
        else
            out[k] = value[a] + (value[b] - value[a]) * (t - time_s[a]) / (time_s[b] - time_s[a]);
    }
    return HEP_OK;
}
