#include "evaluation/agreement.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>

static bool both(const double *a, const double *b, size_t i)
{
    return isfinite(a[i]) && isfinite(b[i]);
}

static void spread(struct hep_agreement *out, const double *measured, const double *reference,
                   size_t n)
{
    const double pairs = (double)out->n;
    double squares = 0.0, half;

    for (size_t i = 0; i < n; i++) {
        const double d = measured[i] - reference[i] - out->bias;

        if (both(measured, reference, i))
            squares += d * d;
    }
    out->sd = sqrt(squares / (pairs - 1.0));
    out->lower = out->bias - 1.96 * out->sd;
    out->upper = out->bias + 1.96 * out->sd;
    half = gsl_cdf_tdist_Pinv(0.975, pairs - 1.0) * out->sd / sqrt(pairs);
    out->bias_lo = out->bias - half;
    out->bias_hi = out->bias + half;
}

void hep_agreement_of(struct hep_agreement *out, const double *measured, const double *reference,
                      size_t n)
{
    const double none = (double)NAN;
    double sum = 0.0, total = 0.0, within = 0.0, relative = 0.0;

    *out = (struct hep_agreement){ 0, none, none, none, none, none, none, none, none, none, none };
    for (size_t i = 0; i < n; i++) {
        const double d = measured[i] - reference[i], m = 0.5 * (measured[i] + reference[i]);

        if (!both(measured, reference, i))
            continue;
        out->n++;
        sum += d;
        total += reference[i];
        within += 0.5 * d * d;
        relative += d == 0.0 ? 0.0 : 0.5 * d * d / (m * m);
    }
    if (out->n == 0)
        return;
    out->bias = sum / (double)out->n;
    out->mean_reference = total / (double)out->n;
    out->relative_bias = sum / total;
    out->wcv = sqrt(relative / (double)out->n);
    out->rc = 2.77 * sqrt(within / (double)out->n);
    if (out->n > 1)
        spread(out, measured, reference, n);
}

struct paired {
    const double *measured, *reference;
    const size_t *patient;
    size_t n;
};

static void weighted_bias(double *out, const double *weight, const void *data)
{
    const struct paired *p = data;
    double sum = 0.0, total = 0.0;

    for (size_t i = 0; i < p->n; i++) {
        if (!both(p->measured, p->reference, i))
            continue;
        sum += weight[p->patient[i]] * (p->measured[i] - p->reference[i]);
        total += weight[p->patient[i]];
    }
    *out = sum / total;
}

int hep_agreement_bias(struct hep_interval *out, const double *measured, const double *reference,
                       const size_t *patient, size_t n, size_t n_patients, size_t replicates,
                       uint64_t seed, struct hep_error *err)
{
    const struct paired pairs = { measured, reference, patient, n };

    return hep_bootstrap(out, 1, weighted_bias, &pairs, n_patients, replicates, seed, err);
}
