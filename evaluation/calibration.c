#include "evaluation/calibration.h"

#include "base/number.h"

#include <math.h>

static size_t bin_of(double p)
{
    const double b = floor(p * HEP_CALIBRATION_BINS);

    return b < 0.0 ? 0 : b >= HEP_CALIBRATION_BINS ? HEP_CALIBRATION_BINS - 1 : (size_t)b;
}

static double logit(double p)
{
    return log(p / (1.0 - p));
}

/* The probability of a forecast after its prior is replaced; unchanged where the new prior is NaN. */
static double with_prior(const struct hep_forecast *f, double prior)
{
    if (isnan(prior))
        return f->probability;
    if (!(f->prior > 0.0 && f->prior < 1.0))
        return (double)NAN;
    return 1.0 / (1.0 + exp(logit(f->prior) - logit(prior) - logit(f->probability)));
}

static void calibrate(struct hep_calibration *out, const struct hep_forecast *forecast, size_t n,
                      const double *weight, double prior)
{
    double squares = 0.0, variance[HEP_CALIBRATION_BINS] = { 0.0 };

    *out = (struct hep_calibration){ .prior = prior };
    for (size_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[forecast[i].patient] : 1.0;
        const double p = with_prior(&forecast[i], prior), y = forecast[i].came_true ? 1.0 : 0.0;
        const size_t b = bin_of(p);

        out->n += w;
        squares += w * (p - y) * (p - y);
        variance[b] += p * (1.0 - p);
        out->bin[b].n += w;
        out->bin[b].mean_probability += w * p;
        out->bin[b].fraction += w * y;
    }
    for (size_t b = 0; b < HEP_CALIBRATION_BINS; b++) {
        out->bin[b].from = (double)b / HEP_CALIBRATION_BINS;
        out->ece += fabs(out->bin[b].mean_probability - out->bin[b].fraction);
        out->ece_chance += sqrt(2.0 * variance[b] / HEP_PI);
        out->bin[b].mean_probability /= out->bin[b].n;
        out->bin[b].fraction /= out->bin[b].n;
    }
    out->brier = squares / out->n;
    out->ece /= out->n;
    out->ece_chance = weight == NULL ? out->ece_chance / out->n : (double)NAN;
}

void hep_calibration_of(struct hep_calibration *out, const struct hep_forecast *forecast, size_t n,
                        const double *weight)
{
    calibrate(out, forecast, n, weight, (double)NAN);
}

void hep_calibration_at_prevalence(struct hep_calibration *out, const struct hep_forecast *forecast,
                                   size_t n)
{
    size_t hits = 0;
    bool known = true;

    for (size_t i = 0; i < n; i++) {
        hits += forecast[i].came_true;
        known = known && forecast[i].prior > 0.0 && forecast[i].prior < 1.0;
    }
    calibrate(out, forecast, known && hits > 0 && hits < n ? n : 0, NULL, (double)hits / (double)n);
}
