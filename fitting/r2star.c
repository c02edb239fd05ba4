#include "fitting/r2star.h"

#include "fitting/settings.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum { max_steps = 200 };
static const double rate_resolution = 1e-13; /* relative to the rate */

struct hep_decay_options hep_decay_defaults(void)
{
    return (struct hep_decay_options){ .rate_max_per_s = 5000.0 };
}

int hep_echoes_check(const float *const *echo, const double *te_s, size_t n, struct hep_error *err)
{
    for (size_t k = 0; k < n; k++) {
        double before_s = k > 0 ? te_s[k - 1] : 0.0;

        if (echo[k] == NULL)
            return HEP_FAIL(err, HEP_EINVAL, "echo %zu is missing", k + 1);
        if (!(te_s[k] > before_s && isfinite(te_s[k])))
            return HEP_FAIL(
                err, HEP_EDATA,
                "echo time %zu is %g ms after %g ms, they must be positive and increase", k + 1,
                1e3 * te_s[k], 1e3 * before_s);
    }
    return HEP_OK;
}

int hep_decay_check(const struct hep_decay_data *data, const struct hep_decay_options *opt,
                    struct hep_error *err)
{
    if (data->echo == NULL || data->te_s == NULL)
        return HEP_FAIL(err, HEP_EINVAL, "echoes or echo times are missing");
    if (data->n_echoes < 2 || data->n_echoes > HEP_DECAY_MAX_ECHOES)
        return HEP_FAIL(err, HEP_EINVAL, "%zu echoes, allowed 2 to %d", data->n_echoes,
                        HEP_DECAY_MAX_ECHOES);
    if (!(opt->sigma >= 0.0 && isfinite(opt->sigma)) || !(opt->snr_min >= 0.0))
        return HEP_FAIL(err, HEP_EINVAL, "noise %g and least SNR %g must not be negative",
                        opt->sigma, opt->snr_min);
    if (!(opt->rate_max_per_s > 0.0 && isfinite(opt->rate_max_per_s)))
        return HEP_FAIL(err, HEP_EINVAL, "largest rate is %g /s, it must be positive",
                        opt->rate_max_per_s);
    return hep_echoes_check(data->echo, data->te_s, data->n_echoes, err);
}

/* Echoes that take part, their times counted from the first of them. */
struct curve {
    double tau_s[HEP_DECAY_MAX_ECHOES], s[HEP_DECAY_MAX_ECHOES];
    double first_s;
    size_t n;
};

static bool select_echoes(struct curve *c, const double *te_s, const double *signal, size_t n,
                          const struct hep_decay_options *opt)
{
    c->n = 0;
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(signal[k]) || signal[k] <= 0.0 || signal[k] < opt->snr_min * opt->sigma)
            continue;
        if (c->n == 0)
            c->first_s = te_s[k];
        c->tau_s[c->n] = te_s[k] - c->first_s;
        c->s[c->n] = signal[k];
        c->n++;
    }
    return c->n >= 2;
}

/*
 * With e_k = exp(-R tau_k) and the best amplitude a = sum(s e) / sum(e^2), half the derivative of
 * the squared residual by R, over a, is g = sum(s tau e) - a sum(tau e^2). g < 0: R is too small.
 */
struct projection {
    double a, g, slope;
    double e2, te2, t2e2; /* sum e^2, sum tau e^2, sum tau^2 e^2 */
};

static struct projection project(const struct curve *c, double rate_per_s)
{
    struct projection p = { 0 };
    double se = 0.0, ste = 0.0, st2e = 0.0, a_slope;

    for (size_t k = 0; k < c->n; k++) {
        double t = c->tau_s[k], e = exp(-rate_per_s * t);

        se += c->s[k] * e;
        ste += c->s[k] * t * e;
        st2e += c->s[k] * t * t * e;
        p.e2 += e * e;
        p.te2 += t * e * e;
        p.t2e2 += t * t * e * e;
    }
    p.a = se / p.e2;
    a_slope = (2.0 * se * p.te2 - ste * p.e2) / (p.e2 * p.e2);
    p.g = ste - p.a * p.te2;
    p.slope = -st2e - a_slope * p.te2 + 2.0 * p.a * p.t2e2;
    return p;
}

/* Slope of the logarithm, weighted by the squared signal. */
static double start_rate(const struct curve *c)
{
    double w = 0.0, wt = 0.0, wl = 0.0, wtt = 0.0, wtl = 0.0, det;

    for (size_t k = 0; k < c->n; k++) {
        double s2 = c->s[k] * c->s[k], l = c->s[k] > 0.0 ? log(c->s[k]) : 0.0;

        w += s2;
        wt += s2 * c->tau_s[k];
        wl += s2 * l;
        wtt += s2 * c->tau_s[k] * c->tau_s[k];
        wtl += s2 * c->tau_s[k] * l;
    }
    det = w * wtt - wt * wt;
    return det > 0.0 ? (wt * wl - w * wtl) / det : 0.0;
}

/* Root of g in [0, max]; a bound when g does not change sign between them beyond rounding. */
static double best_rate(const struct curve *c, double max_per_s, enum hep_fit_status *status)
{
    const double rounding = 1e-14;
    double lo = 0.0, hi = max_per_s, rate = start_rate(c), next;
    struct projection p;

    *status = HEP_FIT_AT_BOUND;
    p = project(c, lo);
    if (p.g >= -rounding * p.a * p.te2)
        return lo;
    if (project(c, hi).g <= 0.0)
        return hi;
    *status = HEP_FIT_OK;
    for (int step = 0; step < max_steps && hi - lo > rate_resolution * hi; step++) {
        if (!(rate > lo && rate < hi))
            rate = 0.5 * (lo + hi);
        p = project(c, rate);
        if (p.g < 0.0)
            lo = rate;
        else
            hi = rate;
        next = rate - p.g / p.slope;
        if (fabs(next - rate) <= rate_resolution * rate)
            return rate;
        rate = next;
    }
    return 0.5 * (lo + hi);
}

struct hep_decay hep_decay_fit(const double *te_s, const double *signal, size_t n,
                               const struct hep_decay_options *opt)
{
    const double nan = (double)NAN;
    struct hep_decay out = { nan, nan, nan, nan, HEP_FIT_BAD_INPUT };
    struct curve c;
    struct projection p;
    double rss = 0.0, variance, spread;

    if (!select_echoes(&c, te_s, signal, n, opt))
        return out;
    out.rate_per_s = best_rate(&c, opt->rate_max_per_s, &out.status);
    p = project(&c, out.rate_per_s);
    out.s0 = p.a * exp(out.rate_per_s * c.first_s);
    for (size_t k = 0; k < c.n; k++) {
        double r = c.s[k] - p.a * exp(-out.rate_per_s * c.tau_s[k]);

        rss += r * r;
    }
    out.rmse = sqrt(rss / (double)c.n);
    variance = opt->sigma * opt->sigma;
    if (!(opt->sigma > 0.0))
        variance = c.n > 2 ? rss / (double)(c.n - 2) : nan;
    spread = p.t2e2 - p.te2 * p.te2 / p.e2;
    if (out.status == HEP_FIT_OK && spread > 0.0)
        out.rate_se_per_s = sqrt(variance / spread) / p.a;
    return out;
}

struct hep_decay hep_decay_fit_voxel(const struct hep_decay_data *data, size_t i,
                                     const struct hep_decay_options *opt)
{
    double signal[HEP_DECAY_MAX_ECHOES];

    for (size_t k = 0; k < data->n_echoes; k++)
        signal[k] = (double)data->echo[k][i];
    return hep_decay_fit(data->te_s, signal, data->n_echoes, opt);
}
