#include "fitting/iron_signal.h"

#include <math.h>
#include <stdio.h>

#define LOG_SD 0.25  /* of a ratio of signals of two organs; the same in every series */
#define LIVER_SD 3.5 /* of R2 between people [1/s] */
#define EXCESS_SD 0.5
#define SIGMAS 2.0
#define PD_LIVER 0.9

/* At a field between and beyond the two that are tabulated: along the line through them. */
static double at_field(double field_t, double at_1_5, double at_3)
{
    return at_1_5 + (at_3 - at_1_5) * (field_t - 1.5) / 1.5;
}

/* R2 [1/s] of an organ to compare with, and its SD between people. */
struct organ {
    double at_1_5, at_3, sd;
    size_t offset; /* of its signal */
};
static const struct organ organs[] = {
    { 1.0 / 0.027, 1.0 / 0.029, 4.8, offsetof(struct hep_iron_signals, muscle) },
    { 1.0 / 0.079, 1.0 / 0.061, 2.4, offsetof(struct hep_iron_signals, spleen) },
};

static double signal_of(const struct hep_iron_signals *s, const struct organ *o)
{
    return *(const double *)(const void *)((const char *)s + o->offset);
}

/* R2 of the liver by one organ over all series, and its variance; the number of series. */
static size_t compare(double *r2, double *variance, const struct organ *o,
                      const struct hep_iron_signals *series, size_t n_series, double field_t)
{
    double weight = 0.0, sum = 0.0;
    size_t n = 0;

    for (size_t i = 0; i < n_series; i++) {
        const double te = series[i].te_s,
                     ratio = PD_LIVER * signal_of(&series[i], o) / series[i].liver;

        if (!(te >= 0.03 && te <= 0.15) || !(ratio > 0.0) || !isfinite(ratio))
            continue;
        weight += te * te;
        sum += te * te * (at_field(field_t, o->at_1_5, o->at_3) + log(ratio) / te);
        n++;
    }
    *r2 = sum / weight;
    *variance = o->sd * o->sd + LOG_SD * LOG_SD * (double)n / weight;
    return n;
}

void hep_iron_estimate(struct hep_iron_estimate *out, const struct hep_iron_signals *series,
                       size_t n, double field_t)
{
    const double per_r2 = at_field(field_t, 2.2, 3.0), none = (double)NAN;
    double weight = 0.0, sum = 0.0, excess;

    *out = (struct hep_iron_estimate){ .r2_excess_per_s = none,
                                       .r2_se_per_s = none,
                                       .r2star_per_s = none,
                                       .r2star_se_per_s = none,
                                       .r2star_normal_per_s = at_field(field_t, 29.0, 50.0) };
    for (size_t o = 0; isfinite(field_t) && o < sizeof organs / sizeof organs[0]; o++) {
        double r2, variance;
        const size_t found = compare(&r2, &variance, &organs[o], series, n, field_t);

        if (found == 0)
            continue;
        out->n += found;
        weight += 1.0 / variance;
        sum += r2 / variance;
    }
    if (out->n == 0)
        return;
    out->r2_excess_per_s = sum / weight - at_field(field_t, 1.0 / 0.046, 1.0 / 0.034);
    out->r2_se_per_s = sqrt(1.0 / weight + LIVER_SD * LIVER_SD);
    excess = per_r2 * fmax(0.0, out->r2_excess_per_s);
    out->r2star_per_s = out->r2star_normal_per_s + excess;
    out->r2star_se_per_s = hypot(per_r2 * out->r2_se_per_s, EXCESS_SD * excess);
}

double hep_iron_fraction(const struct hep_iron_pair *pair, double r2star_per_s)
{
    const double apart_s = pair->te_in_phase_s - pair->te_opposed_s;

    return 0.5 * (1.0 - (1.0 - 2.0 * pair->raw_frac) * exp(-r2star_per_s * apart_s));
}

/* "; corrected for it the fraction is 1.9 % (standard error 2.6 %)". */
static void say_corrected(char *out, size_t size, const struct hep_iron_pair *pair,
                          const struct hep_iron_estimate *e)
{
    const double corrected = hep_iron_fraction(pair, e->r2star_per_s),
                 slope = hep_iron_fraction(pair, e->r2star_per_s + 1.0) - corrected;

    (void)snprintf(out, size, "; corrected for it the fraction is %.1f %% (standard error %.1f %%)",
                   100.0 * corrected, 100.0 * fabs(slope) * e->r2star_se_per_s);
}

bool hep_iron_contradicts(char reason[HEP_IRON_REASON], const struct hep_iron_pair *pair,
                          const struct hep_iron_estimate *e, double bias_max)
{
    const double apart_s = pair->te_in_phase_s - pair->te_opposed_s,
                 normal = hep_iron_fraction(pair, e->r2star_normal_per_s);
    const bool by_signals =
        e->n > 0 && e->r2_excess_per_s > SIGMAS * e->r2_se_per_s &&
        fabs(hep_iron_fraction(pair, e->r2star_per_s + e->r2star_se_per_s) - normal) > bias_max;
    char corrected[96] = "";
    int n = 0;

    reason[0] = '\0';
    if (by_signals) {
        n = snprintf(reason, HEP_IRON_REASON,
                     HEP_IRON_SAYS
                     "R2* of the liver is about %.0f /s (standard error %.0f, normal %.0f) by "
                     "its T2-weighted signal beside muscle and spleen",
                     e->r2star_per_s, e->r2star_se_per_s, e->r2star_normal_per_s);
        say_corrected(corrected, sizeof corrected, pair, e);
    } else if (apart_s > 0.0 && normal < -bias_max) {
        n = snprintf(reason, HEP_IRON_REASON,
                     HEP_IRON_SAYS
                     "even without fat the signal falls from the opposed to the in-phase echo "
                     "with R2* of %.0f /s, normal %.0f",
                     log(1.0 - 2.0 * pair->raw_frac) / apart_s, e->r2star_normal_per_s);
    } else {
        return false;
    }
    if (n > 0 && n < HEP_IRON_REASON)
        (void)snprintf(reason + n, HEP_IRON_REASON - (size_t)n, "%s", corrected);
    return true;
}
