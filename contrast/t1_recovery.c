#include "contrast/t1_recovery.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

/* The grid over T: steps of 8 % are far finer than the valley of the residual, which is as wide as T itself. */
#define GRID 96
#define SHORTEST_S 0.01
#define GOLDEN 0.6180339887498949
#define GOLDEN_STEPS 40 /* 0.618^40 of a grid step: below 1e-8 of T */

/* Times in rising order, and exp(-TI/T) of the grid. */
struct recovery {
    size_t n, order[HEP_RECOVERY_MAX_TIMES];
    double ti[HEP_RECOVERY_MAX_TIMES];
    double t[GRID], decay[GRID][HEP_RECOVERY_MAX_TIMES];
    const struct hep_recovery_options *options;
};

/* The samples of one voxel that can be used. */
struct samples {
    size_t n, at[HEP_RECOVERY_MAX_TIMES]; /* place among the rising times */
    double y[HEP_RECOVERY_MAX_TIMES];
};

struct line {
    double a, b, rss; /* y = a - b e */
};

static struct line fit_line(const struct samples *s, const double *e)
{
    double me = 0.0;
    double my = 0.0;
    double see = 0.0;
    double sey = 0.0;
    double syy = 0.0;
    struct line l;

    for (size_t i = 0; i < s->n; i++) {
        me += e[i] / (double)s->n;
        my += s->y[i] / (double)s->n;
    }
    for (size_t i = 0; i < s->n; i++) {
        see += (e[i] - me) * (e[i] - me);
        sey += (e[i] - me) * (s->y[i] - my);
        syy += (s->y[i] - my) * (s->y[i] - my);
    }
    l.b = see > 0.0 ? -sey / see : 0.0;
    l.a = my + l.b * me;
    l.rss = see > 0.0 ? fmax(0.0, syy - sey * sey / see) : syy;
    return l;
}

static struct line line_at(const struct recovery *r, const struct samples *s, double t)
{
    double e[HEP_RECOVERY_MAX_TIMES];

    for (size_t i = 0; i < s->n; i++)
        e[i] = exp(-r->ti[s->at[i]] / t);
    return fit_line(s, e);
}

struct found {
    double t;
    struct line line;
    bool inside; /* not at an end of the grid */
};

/* The best grid point, then golden section between its neighbours in log T. */
static struct found search(const struct recovery *r, const struct samples *s)
{
    struct found f = { 0.0, { 0.0, 0.0, INFINITY }, false };
    size_t best = 0;
    double lo = 0.0;
    double hi = 0.0;

    for (size_t k = 0; k < GRID; k++) {
        double e[HEP_RECOVERY_MAX_TIMES];
        struct line l;

        for (size_t i = 0; i < s->n; i++)
            e[i] = r->decay[k][s->at[i]];
        l = fit_line(s, e);
        if (l.rss < f.line.rss) {
            f.line = l;
            best = k;
        }
    }
    f.inside = best > 0 && best + 1 < GRID;
    lo = log(r->t[best > 0 ? best - 1 : 0]);
    hi = log(r->t[best + 1 < GRID ? best + 1 : GRID - 1]);
    for (int step = 0; step < GOLDEN_STEPS; step++) {
        double left = hi - GOLDEN * (hi - lo);
        double right = lo + GOLDEN * (hi - lo);

        if (line_at(r, s, exp(left)).rss < line_at(r, s, exp(right)).rss)
            hi = right;
        else
            lo = left;
    }
    f.t = exp(0.5 * (lo + hi));
    f.line = line_at(r, s, f.t);
    return f;
}

/* Magnitudes: the samples before the smallest one are negative, and it is tried both ways. */
static struct found search_signs(const struct recovery *r, struct samples *s)
{
    struct found found[2];
    size_t smallest = 0;

    for (size_t i = 1; i < s->n; i++)
        smallest = s->y[i] < s->y[smallest] ? i : smallest;
    for (size_t i = 0; i < smallest; i++)
        s->y[i] = -s->y[i];
    found[0] = search(r, s);
    s->y[smallest] = -s->y[smallest];
    found[1] = search(r, s);
    if (found[1].line.rss < found[0].line.rss)
        return found[1];
    s->y[smallest] = -s->y[smallest];
    return found[0];
}

/* Variance of T1 by the normal matrix of A, B and T at the optimum, and the derivatives of T1. */
static double variance(const struct recovery *r, const struct samples *s, const struct found *f)
{
    double m[6] = { 0 }; /* aa, ab, at, bb, bt, tt */
    double det = 0.0;
    double c[6];
    double g[3] = { 0.0, 0.0, 1.0 };

    for (size_t i = 0; i < s->n; i++) {
        double ti = r->ti[s->at[i]];
        double e = exp(-ti / f->t);
        const double j[3] = { 1.0, -e, -f->line.b * e * ti / (f->t * f->t) };

        m[0] += j[0] * j[0];
        m[1] += j[0] * j[1];
        m[2] += j[0] * j[2];
        m[3] += j[1] * j[1];
        m[4] += j[1] * j[2];
        m[5] += j[2] * j[2];
    }
    c[0] = m[3] * m[5] - m[4] * m[4];
    c[1] = m[2] * m[4] - m[1] * m[5];
    c[2] = m[1] * m[4] - m[2] * m[3];
    c[3] = m[0] * m[5] - m[2] * m[2];
    c[4] = m[1] * m[2] - m[0] * m[4];
    c[5] = m[0] * m[3] - m[1] * m[1];
    det = m[0] * c[0] + m[1] * c[1] + m[2] * c[2];
    if (s->n < 4 || !(det > 0.0))
        return NAN;
    if (r->options->look_locker) { /* T1 = T (B/A - 1) */
        g[0] = -f->t * f->line.b / (f->line.a * f->line.a);
        g[1] = f->t / f->line.a;
        g[2] = f->line.b / f->line.a - 1.0;
    }
    return f->line.rss / (double)(s->n - 3) / det *
           (g[0] * g[0] * c[0] + g[1] * g[1] * c[3] + g[2] * g[2] * c[5] +
            2.0 * (g[0] * g[1] * c[1] + g[0] * g[2] * c[2] + g[1] * g[2] * c[4]));
}

static void store(const struct hep_recovery_maps *maps, size_t v, enum hep_vfa_status status,
                  const double *values)
{
    float *const to[5] = { maps->t1_s, maps->t1_se_s, maps->m0, maps->inversion, maps->rmse };

    for (int k = 0; k < 5; k++) {
        if (to[k] != NULL)
            to[k][v] = status == HEP_VFA_OK ? (float)values[k] : NAN;
    }
    if (maps->status != NULL)
        maps->status[v] = (uint8_t)status;
}

static void fit_voxel(const struct hep_recovery_maps *maps, const struct recovery *r,
                      const float *const *signal, size_t v)
{
    struct samples s = { .n = 0 };
    struct found f;
    double values[5] = { 0 };
    double t1 = 0.0;
    double largest = 0.0;

    for (size_t i = 0; i < r->n; i++) {
        double y = (double)signal[r->order[i]][v];

        if (!isfinite(y) || (y < 0.0 && !r->options->is_signed))
            continue;
        s.at[s.n] = i;
        s.y[s.n++] = y;
        largest = fmax(largest, fabs(y));
    }
    if (s.n < HEP_RECOVERY_MIN_TIMES || !(largest > 0.0)) {
        store(maps, v, HEP_VFA_BAD_INPUT, values);
        return;
    }
    f = r->options->is_signed ? search(r, &s) : search_signs(r, &s);
    t1 = r->options->look_locker ? f.t * (f.line.b / f.line.a - 1.0) : f.t;
    if (!f.inside || !(f.line.a > 0.0) || !(f.line.b > 0.0) || !(t1 > 0.0) ||
        t1 > r->options->t1_max_s) {
        store(maps, v, HEP_VFA_OUT_OF_RANGE, values);
        return;
    }
    values[0] = t1;
    values[1] = sqrt(variance(r, &s, &f));
    values[2] = f.line.a;
    values[3] = f.line.b / f.line.a;
    values[4] = sqrt(f.line.rss / (double)s.n);
    store(maps, v, HEP_VFA_OK, values);
}

static int prepare(struct recovery *r, const double *ti_s, size_t n,
                   const struct hep_recovery_options *options, struct hep_error *err)
{
    if (n < HEP_RECOVERY_MIN_TIMES || n > HEP_RECOVERY_MAX_TIMES)
        return HEP_FAIL(err, HEP_EDATA, "T1 needs %d to %d inversion times, got %zu",
                        HEP_RECOVERY_MIN_TIMES, HEP_RECOVERY_MAX_TIMES, n);
    if (!(options->t1_max_s > 10.0 * SHORTEST_S) || !isfinite(options->t1_max_s))
        return HEP_FAIL(err, HEP_EINVAL, "longest T1 %g s: allowed above %g s", options->t1_max_s,
                        10.0 * SHORTEST_S);
    *r = (struct recovery){ .n = n, .options = options };
    for (size_t i = 0; i < n; i++) {
        size_t k = i;

        if (!isfinite(ti_s[i]) || ti_s[i] < 0.0)
            return HEP_FAIL(err, HEP_EINVAL, "inversion time %g s: allowed from 0 on", ti_s[i]);
        for (; k > 0 && ti_s[r->order[k - 1]] > ti_s[i]; k--)
            r->order[k] = r->order[k - 1];
        r->order[k] = i;
    }
    for (size_t i = 0; i < n; i++) {
        r->ti[i] = ti_s[r->order[i]];
        if (i > 0 && r->ti[i] - r->ti[i - 1] < 1e-6)
            return HEP_FAIL(err, HEP_EDATA, "inversion time %g s stands twice", r->ti[i]);
    }
    for (size_t k = 0; k < GRID; k++) {
        r->t[k] = SHORTEST_S * pow(options->t1_max_s / SHORTEST_S, (double)k / (GRID - 1.0));
        for (size_t i = 0; i < n; i++)
            r->decay[k][i] = exp(-r->ti[i] / r->t[k]);
    }
    return HEP_OK;
}

int hep_t1_recovery(const struct hep_recovery_maps *maps, const float *const *signal,
                    const double *ti_s, size_t n_times, size_t n,
                    const struct hep_recovery_options *options, struct hep_error *err)
{
    struct recovery r;
    int rc = prepare(&r, ti_s, n_times, options, err);

    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for num_threads(options->nthreads > 0 ? options->nthreads : 1) schedule(static)
    for (size_t v = 0; v < n; v++)
        fit_voxel(maps, &r, signal, v);
    return HEP_OK;
}
