/* Bounded least squares of one curve: a table of starts, then Levenberg-Marquardt. */
#include "contrast/uptake_model.h"

#include "base/alloc.h"

#include <math.h>
#include <stdbool.h>

#define MAX_ITERATIONS 200
#define NEAR_BOUND 0.005 /* of a range */
/* A step below this share of every range, or a fall of the residual below that share of it, ends a fit. */
#define STEP_TOLERANCE 1e-9
#define FALL_TOLERANCE 1e-10
#define FIRST_DAMPING 1e-3
#define LEAST_DAMPING 1e-12
#define MOST_DAMPING 1e12

/* The table of starts: alpha rises by the same factor from node to node, fa and kb by the same amount. Its samples are
 * means of neighbours, at most N_GROUPS: it need only find the valley. */
enum { N_ALPHA = 24, N_ARTERIAL = 5, N_EFFLUX = 4, N_GROUPS = 64 };

struct node {
    double alpha, kb, fa;
    double aa, ah, hh;                        /* products of its two parts */
    double first[N_GROUPS], second[N_GROUPS]; /* r1 a and rh h */
};

struct hep_uptake_plan {
    struct hep_uptake_curves curves;
    struct hep_uptake_bounds bounds;
    size_t n_free, group, n_groups; /* samples of a group */
    struct node *node;              /* owned */
    size_t n_nodes;
};

const char *const hep_uptake_model_names[] = { "single-inlet", "single-inlet-efflux",
                                               "dual-inlet",   "dual-inlet-efflux",
                                               "auto",         NULL };

struct hep_uptake_bounds hep_uptake_bounds_default(void)
{
    struct hep_uptake_bounds b = { { HEP_PER_MIN(0.1), 0, 0.05, 0, 0 },
                                   { HEP_PER_MIN(3.0), 1, 0.60, HEP_PER_MIN(0.4),
                                     HEP_PER_MIN(0.06) } };
    return b;
}

struct hep_uptake_bounds hep_uptake_model_bounds(enum hep_uptake_model model)
{
    struct hep_uptake_bounds b = hep_uptake_bounds_default();

    if (model == HEP_UPTAKE_SINGLE_INLET || model == HEP_UPTAKE_SINGLE_INLET_EFFLUX)
        b.lo[HEP_UPTAKE_ARTERIAL_FRAC] = 1.0;
    if (model == HEP_UPTAKE_SINGLE_INLET || model == HEP_UPTAKE_DUAL_INLET)
        b.hi[HEP_UPTAKE_KB] = 0.0;
    return b;
}

struct hep_uptake_bounds hep_uptake_phase_bounds(void)
{
    struct hep_uptake_bounds b = hep_uptake_bounds_default();

    b.lo[HEP_UPTAKE_FLOW] = b.hi[HEP_UPTAKE_FLOW] = HEP_PER_MIN(0.9);
    b.lo[HEP_UPTAKE_ARTERIAL_FRAC] = b.hi[HEP_UPTAKE_ARTERIAL_FRAC] = 0.2;
    b.hi[HEP_UPTAKE_KB] = 0.0;
    return b;
}

static int check_bounds(struct hep_uptake_plan *plan, struct hep_error *err)
{
    static const double largest[HEP_UPTAKE_N] = { 10, 1, 1, 10, 10 };
    static const char *const names[HEP_UPTAKE_N] = { "F", "fa", "ve", "Ki", "kb" };

    for (size_t k = 0; k < HEP_UPTAKE_N; k++) {
        double lo = plan->bounds.lo[k];
        double hi = plan->bounds.hi[k];
        double least = k == HEP_UPTAKE_VE ? 1e-4 : 0;
        if (!(lo >= least && lo <= hi && hi <= largest[k]))
            return HEP_FAIL(err, HEP_EINVAL, "bounds of %s are %g to %g, allowed are %g to %g",
                            names[k], lo, hi, least, largest[k]);
        plan->n_free += lo < hi;
    }
    return plan->n_free > 0
               ? HEP_OK
               : HEP_FAIL(err, HEP_EINVAL, "every parameter is fixed, nothing is left to fit");
}

/* Means of the finite samples of each group; a group without one repeats the group before it. */
static void group_means(double *out, const struct hep_uptake_plan *plan, const double *y)
{
    double last = 0.0;

    for (size_t g = 0; g < plan->n_groups; g++) {
        double sum = 0.0;
        double n = 0.0;

        for (size_t i = g * plan->group; i < plan->curves.n && i < (g + 1) * plan->group; i++) {
            if (isfinite(y[i])) {
                sum += y[i];
                n += 1.0;
            }
        }
        last = n > 0.0 ? sum / n : last;
        out[g] = last;
    }
}

static double product(const double *a, const double *b, size_t n)
{
    double sum[4] = { 0.0 };

    for (size_t i = 0; i < n; i++)
        sum[i % 4] += a[i] * b[i];
    return sum[0] + sum[1] + sum[2] + sum[3];
}

static void fill_node(struct node *node, const struct hep_uptake_plan *plan, double *first,
                      double *second)
{
    hep_uptake_parts(first, second, &plan->curves, node->alpha, node->kb, node->fa);
    group_means(node->first, plan, first);
    group_means(node->second, plan, second);
    node->aa = product(node->first, node->first, plan->n_groups);
    node->ah = product(node->first, node->second, plan->n_groups);
    node->hh = product(node->second, node->second, plan->n_groups);
}

static int fill_nodes(struct hep_uptake_plan *plan, struct hep_error *err)
{
    const double *const lo = plan->bounds.lo;
    const double *const hi = plan->bounds.hi;
    const double slowest =
        fmax((lo[HEP_UPTAKE_FLOW] + lo[HEP_UPTAKE_KI]) / hi[HEP_UPTAKE_VE], HEP_PER_MIN(0.01));
    const double fastest = (hi[HEP_UPTAKE_FLOW] + hi[HEP_UPTAKE_KI]) / lo[HEP_UPTAKE_VE];
    const size_t n_fa =
        lo[HEP_UPTAKE_ARTERIAL_FRAC] < hi[HEP_UPTAKE_ARTERIAL_FRAC] ? N_ARTERIAL : 1;
    const size_t n_kb = lo[HEP_UPTAKE_KB] < hi[HEP_UPTAKE_KB] ? N_EFFLUX : 1;
    double *first = NULL;
    double *second = NULL;
    int rc = HEP_NEW(plan->node, N_ALPHA * n_fa * n_kb, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(first, plan->curves.n, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(second, plan->curves.n, err);
    for (size_t i = 0; rc == HEP_OK && i < N_ALPHA * n_fa * n_kb; i++) {
        const size_t a = i / n_fa / n_kb;
        const double fa = n_fa > 1 ? (double)(i / n_kb % n_fa) / (double)(n_fa - 1) : 0.0;
        const double kb = n_kb > 1 ? (double)(i % n_kb) / (double)(n_kb - 1) : 0.0;
        struct node *node = &plan->node[plan->n_nodes++];

        node->alpha = slowest * pow(fmax(fastest, slowest) / slowest, (double)a / (N_ALPHA - 1));
        node->fa = lo[HEP_UPTAKE_ARTERIAL_FRAC] +
                   fa * (hi[HEP_UPTAKE_ARTERIAL_FRAC] - lo[HEP_UPTAKE_ARTERIAL_FRAC]);
        node->kb = lo[HEP_UPTAKE_KB] + kb * (hi[HEP_UPTAKE_KB] - lo[HEP_UPTAKE_KB]);
        fill_node(node, plan, first, second);
    }
    free(first);
    free(second);
    return rc;
}

void hep_uptake_plan_free(struct hep_uptake_plan *plan)
{
    if (plan == NULL)
        return;
    hep_uptake_curves_release(&plan->curves);
    free(plan->node);
    free(plan);
}

int hep_uptake_plan_new(struct hep_uptake_plan **out, const struct hep_inputs *inputs,
                        const double *time_s, size_t n, const struct hep_relaxivity *relaxivity,
                        const struct hep_uptake_bounds *bounds, struct hep_error *err)
{
    struct hep_uptake_plan *plan = NULL;
    int rc = HEP_NEW(plan, 1, err);

    if (rc != HEP_OK)
        return rc;
    plan->bounds = bounds != NULL ? *bounds : hep_uptake_bounds_default();
    rc = check_bounds(plan, err);
    if (rc == HEP_OK)
        rc = hep_uptake_curves_init(&plan->curves, inputs, time_s, n, relaxivity, err);
    if (rc == HEP_OK) {
        plan->group = (n + N_GROUPS - 1) / N_GROUPS;
        plan->n_groups = n == 0 ? 0 : (n + plan->group - 1) / plan->group;
        rc = fill_nodes(plan, err);
    }
    if (rc == HEP_OK)
        *out = plan;
    else
        hep_uptake_plan_free(plan);
    return rc;
}

/* The node whose two parts, with weights that are not negative, leave the least of the grouped curve: F = first weight,
 * F Ki / ve = second weight, alpha = (F + Ki) / ve, each moved into its bounds. */
static void choose_start(double p[HEP_UPTAKE_N], const struct hep_uptake_plan *plan,
                         const double *delta_r1)
{
    const struct node *best = NULL;
    double best_fall = 0.0;
    double best_weight[2] = { 0.0, 0.0 };
    double y[N_GROUPS];

    group_means(y, plan, delta_r1);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct node *node = &plan->node[i];
        const double ya = product(y, node->first, plan->n_groups);
        const double yh = product(y, node->second, plan->n_groups);
        const double det = node->aa * node->hh - node->ah * node->ah;
        double f = det > 0.0 ? (ya * node->hh - yh * node->ah) / det : -1.0;
        double k = det > 0.0 ? (yh * node->aa - ya * node->ah) / det : -1.0;
        double fall;

        if (!(f > 0.0 && k >= 0.0)) {
            f = node->aa > 0.0 ? fmax(ya / node->aa, 0.0) : 0.0;
            k = 0.0;
        }
        fall = 2.0 * (f * ya + k * yh) -
               (f * f * node->aa + 2.0 * f * k * node->ah + k * k * node->hh);
        if (best == NULL || fall > best_fall) {
            best = node;
            best_fall = fall;
            best_weight[0] = f;
            best_weight[1] = k;
        }
    }
    if (best == NULL)
        return;
    p[HEP_UPTAKE_FLOW] = best_weight[0];
    p[HEP_UPTAKE_ARTERIAL_FRAC] = best->fa;
    p[HEP_UPTAKE_KB] = best->kb;
    {
        const double share =
            best_weight[0] > 0.0 ? best_weight[1] / (best_weight[0] * best->alpha) : 0.0;

        p[HEP_UPTAKE_KI] = best_weight[0] * share / fmax(1.0 - share, 0.05);
        p[HEP_UPTAKE_VE] = (best_weight[0] + p[HEP_UPTAKE_KI]) / best->alpha;
    }
    for (size_t k = 0; k < HEP_UPTAKE_N; k++)
        p[k] = fmin(fmax(p[k], plan->bounds.lo[k]), plan->bounds.hi[k]);
}

/* Cholesky factor of the rows and columns in `index`, damped; false when not positive definite. */
static bool factor(double l[HEP_UPTAKE_N][HEP_UPTAKE_N], const struct hep_uptake_normal *at,
                   const size_t *index, size_t n, double damping)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = at->matrix[HEP_UPTAKE_AT(index[i], index[j])];

            if (i == j)
                sum *= 1.0 + damping;
            for (size_t k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && !(sum > 0.0))
                return false;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
    }
    return true;
}

static void solve(double *x, double l[HEP_UPTAKE_N][HEP_UPTAKE_N], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            x[i] -= l[i][k] * x[k];
        x[i] /= l[i][i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            x[i] -= l[k][i] * x[k];
        x[i] /= l[i][i];
    }
}

/* Parameters that are free and not held on a bound by the gradient. */
static size_t moving(size_t index[HEP_UPTAKE_N], const struct hep_uptake_plan *plan,
                     const double *p, const struct hep_uptake_normal *at)
{
    size_t n = 0;

    for (size_t k = 0; k < HEP_UPTAKE_N; k++) {
        const double lo = plan->bounds.lo[k];
        const double hi = plan->bounds.hi[k];

        if (lo < hi && !(p[k] <= lo && at->gradient[k] >= 0.0) &&
            !(p[k] >= hi && at->gradient[k] <= 0.0))
            index[n++] = k;
    }
    return n;
}

/* One damped step within the bounds. @return its length as the largest share of a range; below 0 when there is none */
static double take_step(double next[HEP_UPTAKE_N], const struct hep_uptake_plan *plan,
                        const double *p, const struct hep_uptake_normal *at, double damping)
{
    double l[HEP_UPTAKE_N][HEP_UPTAKE_N];
    double x[HEP_UPTAKE_N];
    size_t index[HEP_UPTAKE_N];
    size_t n = moving(index, plan, p, at);
    double length = 0.0;

    (void)memcpy(next, p, HEP_UPTAKE_N * sizeof *next);
    if (n == 0)
        return 0.0;
    if (!factor(l, at, index, n, damping))
        return -1.0;
    for (size_t i = 0; i < n; i++)
        x[i] = -at->gradient[index[i]];
    solve(x, l, n);
    for (size_t i = 0; i < n; i++) {
        const size_t k = index[i];
        const double lo = plan->bounds.lo[k];
        const double hi = plan->bounds.hi[k];

        next[k] = fmin(fmax(p[k] + x[i], lo), hi);
        length = fmax(length, fabs(next[k] - p[k]) / (hi - lo));
    }
    return length;
}

/* @return whether the minimum was reached */
static bool minimise(double p[HEP_UPTAKE_N], struct hep_uptake_normal *at,
                     const struct hep_uptake_plan *plan, const double *y)
{
    double damping = FIRST_DAMPING;

    hep_uptake_normal(at, &plan->curves, p, y);
    for (int i = 0; i < MAX_ITERATIONS; i++) {
        struct hep_uptake_normal there = { 0 };
        double next[HEP_UPTAKE_N];
        const double length = take_step(next, plan, p, at, damping);
        double fall;

        if (length >= 0.0 && length < STEP_TOLERANCE)
            return true;
        if (length >= 0.0)
            hep_uptake_normal(&there, &plan->curves, next, y);
        if (length < 0.0 || !(there.rss < at->rss)) {
            damping *= 8.0;
            if (damping > MOST_DAMPING)
                return true; /* no step lowers the residual any more: a minimum to rounding */
            continue;
        }
        fall = at->rss - there.rss;
        (void)memcpy(p, next, sizeof next);
        *at = there;
        damping = fmax(damping / 10.0, LEAST_DAMPING);
        if (fall <= FALL_TOLERANCE * at->rss)
            return true;
    }
    return false;
}

/* Standard errors of the parameters inside their bounds. */
static void fill_errors(struct hep_uptake_fit *out, const struct hep_uptake_plan *plan,
                        const double *p, const struct hep_uptake_normal *at)
{
    const double sigma2 = at->rss / (double)(out->n - plan->n_free);
    double l[HEP_UPTAKE_N][HEP_UPTAKE_N];
    size_t index[HEP_UPTAKE_N];
    size_t n = 0;
    bool ok;

    for (size_t k = 0; k < HEP_UPTAKE_N; k++) {
        const double lo = plan->bounds.lo[k];
        const double hi = plan->bounds.hi[k];
        const double u = lo < hi ? (p[k] - lo) / (hi - lo) : 0.5;

        out->se[k] = lo < hi ? (double)NAN : 0.0;
        if (lo < hi && p[k] > lo && p[k] < hi)
            index[n++] = k;
        if ((u < NEAR_BOUND || u > 1.0 - NEAR_BOUND) && out->status == HEP_UPTAKE_OK)
            out->status = HEP_UPTAKE_AT_BOUND;
    }
    ok = factor(l, at, index, n, 0.0);
    for (size_t i = 0; ok && i < n; i++) {
        double x[HEP_UPTAKE_N] = { 0.0 };

        x[i] = 1.0;
        solve(x, l, n);
        out->se[index[i]] = sqrt(sigma2 * x[i]);
    }
}

static void fill_quality(struct hep_uptake_fit *out, const struct hep_uptake_plan *plan,
                         const double *y, double rss)
{
    const double n = (double)out->n;
    const double k = (double)plan->n_free + 1.0;
    double mean = 0.0;
    double total = 0.0;

    for (size_t i = 0; i < plan->curves.n; i++)
        mean += isfinite(y[i]) ? y[i] / n : 0.0;
    for (size_t i = 0; i < plan->curves.n; i++)
        total += isfinite(y[i]) ? (y[i] - mean) * (y[i] - mean) : 0.0;
    out->rmse_per_s = sqrt(rss / n);
    out->r2 = total > 0.0 ? 1.0 - rss / total : (double)NAN;
    out->aicc = n > k + 1.0 ? n * log(rss / n) + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)
                            : (double)INFINITY;
}

static size_t count_finite(const double *y, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += isfinite(y[i]) != 0;
    return count;
}

bool hep_uptake_plan_fit(struct hep_uptake_fit *out, const struct hep_uptake_plan *plan,
                         const double *delta_r1)
{
    struct hep_uptake_fit fit = { .n = count_finite(delta_r1, plan->curves.n),
                                  .status = HEP_UPTAKE_OK };
    struct hep_uptake_normal at;
    double p[HEP_UPTAKE_N] = { 0.0 };

    if (fit.n < plan->n_free + 2)
        return false;
    choose_start(p, plan, delta_r1);
    if (!minimise(p, &at, plan, delta_r1))
        fit.status = HEP_UPTAKE_NOT_CONVERGED;
    fit.tissue =
        (struct hep_tissue_kinetics){ p[HEP_UPTAKE_FLOW], p[HEP_UPTAKE_ARTERIAL_FRAC],
                                      p[HEP_UPTAKE_VE], p[HEP_UPTAKE_KI], p[HEP_UPTAKE_KB] };
    fill_errors(&fit, plan, p, &at);
    fill_quality(&fit, plan, delta_r1, at.rss);
    *out = fit;
    return true;
}

int hep_uptake_fit(struct hep_uptake_fit *out, const struct hep_inputs *inputs,
                   const double *time_s, const double *delta_r1, size_t n,
                   const struct hep_relaxivity *relaxivity, const struct hep_uptake_bounds *bounds,
                   struct hep_error *err)
{
    struct hep_uptake_plan *plan = NULL;
    int rc = hep_uptake_plan_new(&plan, inputs, time_s, n, relaxivity, bounds, err);

    if (rc == HEP_OK && !hep_uptake_plan_fit(out, plan, delta_r1))
        rc = HEP_FAIL(err, HEP_EDATA, "%zu usable samples, a fit of %zu parameters needs %zu",
                      count_finite(delta_r1, n), plan->n_free, plan->n_free + 2);
    hep_uptake_plan_free(plan);
    return rc;
}
