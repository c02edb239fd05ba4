/* The tissue curve at the samples, its derivatives, and the knots on which it is solved. */
#include "contrast/uptake_model.h"

#include "base/alloc.h"

#include <math.h>

#define LINE_TOLERANCE 2e-4 /* of the arterial peak */
#define SERIES_BELOW 0.3
#define SERIES_TERMS 10
/* Nearest that alpha and kb may be [1/s]: h is then their difference quotient to 1e-9. */
#define RATES_APART 1e-7

void hep_uptake_curves_release(struct hep_uptake_curves *c)
{
    free(c->arterial);
    free(c->portal);
    free(c->step);
    free(c->knot);
    free(c->part);
    *c = (struct hep_uptake_curves){ 0 };
}

/* Does a line from i over `steps` grid steps stay within the tolerance of both inputs? */
static bool is_line(const struct hep_inputs *in, size_t i, size_t steps, double tolerance)
{
    const double *const curve[2] = { in->arterial_mM, in->portal_mM };

    for (size_t c = 0; c < 2; c++) {
        double slope = (curve[c][i + steps] - curve[c][i]) / (double)steps;

        for (size_t k = 1; k < steps; k++) {
            if (fabs(curve[c][i] + slope * (double)k - curve[c][i + k]) > tolerance)
                return false;
        }
    }
    return true;
}

static uint8_t longest_step(const struct hep_inputs *in, size_t i, double tolerance)
{
    uint8_t step = HEP_UPTAKE_STEPS - 1;

    while (step > 0 &&
           (i + ((size_t)1 << step) >= in->n || !is_line(in, i, (size_t)1 << step, tolerance)))
        step--;
    return step;
}

/* Knots, and the one before each sample. */
static void place_knots(struct hep_uptake_curves *c, const struct hep_inputs *in,
                        const double *time_s)
{
    double peak = 0.0;
    size_t sample = 0;

    for (size_t i = 0; i < in->n; i++)
        peak = fmax(peak, fabs(in->arterial_mM[i]));
    for (size_t i = 0; i < in->n; c->n_knots++) {
        size_t k = c->n_knots;
        double width;

        c->arterial[k] = in->arterial_mM[i];
        c->portal[k] = in->portal_mM[i];
        c->step[k] = longest_step(in, i, LINE_TOLERANCE * peak);
        width = (double)((size_t)1 << c->step[k]);
        while (sample < c->n && i + 1 < in->n && time_s[sample] / in->dt_s <= (double)i + width) {
            c->knot[sample] = k;
            c->part[sample] = (time_s[sample] / in->dt_s - (double)i) / width;
            sample++;
        }
        i += (size_t)1 << c->step[k];
    }
    for (; sample < c->n; sample++) { /* up to one grid step beyond the end: the last value holds */
        c->knot[sample] = c->n_knots - 2;
        c->part[sample] = 1.0;
    }
}

int hep_uptake_curves_init(struct hep_uptake_curves *out, const struct hep_inputs *inputs,
                           const double *time_s, size_t n, const struct hep_relaxivity *relaxivity,
                           struct hep_error *err)
{
    double end = inputs->dt_s * (double)(inputs->n - 1);
    int rc = HEP_OK;

    *out = (struct hep_uptake_curves){
        .n = n, .dt_s = inputs->dt_s, .r1 = relaxivity->r1_blood, .rh = relaxivity->r1_hepatocyte
    };
    for (size_t i = 0; i < n; i++) {
        if (!(time_s[i] >= 0 && time_s[i] <= end + inputs->dt_s))
            return HEP_FAIL(err, HEP_EINVAL,
                            "sample %zu at %g s lies outside the inputs, 0 to %g s", i, time_s[i],
                            end);
        if (i > 0 && time_s[i] <= time_s[i - 1])
            return HEP_FAIL(err, HEP_EINVAL, "times must rise: sample %zu is at %g s", i,
                            time_s[i]);
    }
    if (inputs->n < 2)
        return HEP_FAIL(err, HEP_EINVAL, "inputs of %zu points, at least 2 are needed", inputs->n);
    if (HEP_NEW(out->arterial, inputs->n, err) != HEP_OK ||
        HEP_NEW(out->portal, inputs->n, err) != HEP_OK ||
        HEP_NEW(out->step, inputs->n, err) != HEP_OK || HEP_NEW(out->knot, n, err) != HEP_OK ||
        HEP_NEW(out->part, n, err) != HEP_OK) {
        hep_uptake_curves_release(out);
        rc = HEP_ENOMEM;
    } else {
        place_knots(out, inputs, time_s);
    }
    return rc;
}

/* One step of y' = -rate y + x for x linear from x0 to x1: y1 = decay y0 + level x0 + slope (x1 - x0), and the derivatives
 * of the three by the rate. */
struct advance {
    double decay, level, slope, d_decay, d_level, d_slope;
};

static struct advance advance_of(double rate, double h)
{
    double z = rate * h;
    double e = exp(-z);
    double phi1 = 0, phi2 = 0, d_phi1 = 0, d_phi2 = 0;

    if (z < SERIES_BELOW) {
        double term = 1.0; /* (-z)^k / (k + 1)! */

        for (int k = 0; k < SERIES_TERMS; k++) {
            phi1 += term;
            phi2 += term / (k + 2);
            d_phi1 -= (k + 1) * term / (k + 2);
            d_phi2 -= (k + 1) * term / ((k + 2) * (k + 3));
            term *= -z / (k + 2);
        }
    } else {
        phi1 = (1 - e) / z;
        phi2 = (1 - phi1) / z;
        d_phi1 = (e - phi1) / z;
        d_phi2 = -(d_phi1 + phi2) / z;
    }
    return (struct advance){ e, h * phi1, h * phi2, -h * e, h * h * d_phi1, h * h * d_phi2 };
}

static void advances_of(struct advance out[HEP_UPTAKE_STEPS], double rate, double dt_s)
{
    for (int s = 0; s < HEP_UPTAKE_STEPS; s++)
        out[s] = advance_of(rate, dt_s * (double)(1 << s));
}

/* An input convolved with exp(-rate t): of both inlets together, of their difference, and the first by the rate. */
struct washed {
    double value, difference, by_rate;
};

static inline struct washed wash(const struct washed *y, const struct advance *s, const double u[2],
                                 const double d[2])
{
    const double du = u[1] - u[0];

    return (struct washed){ s->decay * y->value + s->level * u[0] + s->slope * du,
                            s->decay * y->difference + s->level * d[0] + s->slope * (d[1] - d[0]),
                            s->d_decay * y->value + s->decay * y->by_rate + s->d_level * u[0] +
                                s->d_slope * du };
}

static inline struct washed between(const struct washed *a, const struct washed *b, double part)
{
    return (struct washed){ a->value + part * (b->value - a->value),
                            a->difference + part * (b->difference - a->difference),
                            a->by_rate + part * (b->by_rate - a->by_rate) };
}

/* What walks along the knots. */
struct walk {
    const struct hep_uptake_curves *c;
    double fa;
    struct advance fast[HEP_UPTAKE_STEPS], slow[HEP_UPTAKE_STEPS];
    struct washed a, b, next_a, next_b; /* at the knot, at the next */
    size_t knot;
};

static void step_ahead(struct walk *w)
{
    const struct hep_uptake_curves *c = w->c;
    size_t k = w->knot;
    uint8_t s = c->step[k];
    const double d[2] = { c->arterial[k] - c->portal[k], c->arterial[k + 1] - c->portal[k + 1] };
    const double u[2] = { c->portal[k] + w->fa * d[0], c->portal[k + 1] + w->fa * d[1] };

    w->next_a = wash(&w->a, &w->fast[s], u, d);
    w->next_b = wash(&w->b, &w->slow[s], u, d);
}

static void walk_start(struct walk *w, const struct hep_uptake_curves *c, double alpha, double kb,
                       double fa)
{
    *w = (struct walk){ .c = c, .fa = fa };
    advances_of(w->fast, alpha, c->dt_s);
    advances_of(w->slow, kb, c->dt_s);
    step_ahead(w);
}

/* Both convolutions at sample i; samples are asked for in their order. */
static void walk_to(struct washed *a, struct washed *b, struct walk *w, size_t i)
{
    while (w->knot < w->c->knot[i]) {
        w->a = w->next_a;
        w->b = w->next_b;
        w->knot++;
        step_ahead(w);
    }
    *a = between(&w->a, &w->next_a, w->c->part[i]);
    *b = between(&w->b, &w->next_b, w->c->part[i]);
}

static double apart(double alpha, double kb)
{
    double delta = alpha - kb;

    return fabs(delta) < RATES_APART ? copysign(RATES_APART, delta) : delta;
}

void hep_uptake_parts(double *first, double *second, const struct hep_uptake_curves *c,
                      double alpha, double kb, double fa)
{
    double delta = apart(alpha, kb);
    struct walk w;

    walk_start(&w, c, alpha, kb, fa);
    for (size_t i = 0; i < c->n; i++) {
        struct washed a, b;

        walk_to(&a, &b, &w, i);
        first[i] = c->r1 * a.value;
        second[i] = c->rh * (b.value - a.value) / delta;
    }
}

/* dR1 at a sample and its derivatives. */
static double value_of(double g[HEP_UPTAKE_N], const struct washed *a, const struct washed *b,
                       const struct hep_uptake_curves *c, const double p[HEP_UPTAKE_N],
                       double delta)
{
    const double flow = p[HEP_UPTAKE_FLOW], ve = p[HEP_UPTAKE_VE], ki = p[HEP_UPTAKE_KI];
    const double held = c->rh * ki / ve;
    const double h = (b->value - a->value) / delta;
    const double unit = c->r1 * a->value + held * h;
    const double by_alpha = c->r1 * a->by_rate - held * (a->by_rate + h) / delta;

    g[HEP_UPTAKE_FLOW] = unit + flow * by_alpha / ve;
    g[HEP_UPTAKE_ARTERIAL_FRAC] =
        flow * (c->r1 * a->difference + held * (b->difference - a->difference) / delta);
    g[HEP_UPTAKE_VE] = -flow * (held * h + by_alpha * (flow + ki) / ve) / ve;
    g[HEP_UPTAKE_KI] = flow * (c->rh * h + by_alpha) / ve;
    g[HEP_UPTAKE_KB] = flow * held * (b->by_rate + h) / delta;
    return flow * unit;
}

void hep_uptake_normal(struct hep_uptake_normal *out, const struct hep_uptake_curves *c,
                       const double p[HEP_UPTAKE_N], const double *y)
{
    const double alpha = (p[HEP_UPTAKE_FLOW] + p[HEP_UPTAKE_KI]) / p[HEP_UPTAKE_VE];
    const double delta = apart(alpha, p[HEP_UPTAKE_KB]);
    struct walk w;

    *out = (struct hep_uptake_normal){ 0 };
    walk_start(&w, c, alpha, p[HEP_UPTAKE_KB], p[HEP_UPTAKE_ARTERIAL_FRAC]);
    for (size_t i = 0; i < c->n; i++) {
        double g[HEP_UPTAKE_N];
        struct washed a, b;
        double r;

        walk_to(&a, &b, &w, i);
        if (!isfinite(y[i]))
            continue;
        r = value_of(g, &a, &b, c, p, delta) - y[i];
        out->rss += r * r;
        for (size_t j = 0; j < HEP_UPTAKE_N; j++) {
            out->gradient[j] += g[j] * r;
            for (size_t k = 0; k <= j; k++)
                out->matrix[HEP_UPTAKE_AT(j, k)] += g[j] * g[k];
        }
    }
}
