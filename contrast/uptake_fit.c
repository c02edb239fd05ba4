#include "contrast/uptake_fit.h"

#include "base/alloc.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>

#define MAX_ITERATIONS 100
#define TOLERANCE 1e-8
#define NEAR_BOUND 0.005 /* of a range */
#define N_STARTS 4

/** All that the residuals need; x holds the free parameters in the logistic scale. */
struct problem {
    const struct hep_inputs *inputs;
    const struct hep_relaxivity *relaxivity;
    struct hep_uptake_bounds bounds;
    size_t free[HEP_UPTAKE_N], n_free;
    double *time_s, *want; /* owned, shape [n]: usable samples */
    double *ce, *ch;       /* owned, shape [inputs->n] */
    size_t n;
};

struct hep_uptake_bounds hep_uptake_bounds_default(void)
{
    struct hep_uptake_bounds b = { { HEP_PER_MIN(0.1), 0, 0.05, 0, 0 },
                                   { HEP_PER_MIN(3.0), 1, 0.60, HEP_PER_MIN(0.4),
                                     HEP_PER_MIN(0.06) } };
    return b;
}

static void to_parameters(double p[HEP_UPTAKE_N], const struct problem *pr, const gsl_vector *x)
{
    for (size_t k = 0; k < HEP_UPTAKE_N; k++)
        p[k] = pr->bounds.lo[k];
    for (size_t i = 0; i < pr->n_free; i++) {
        size_t k = pr->free[i];
        double range = pr->bounds.hi[k] - pr->bounds.lo[k];
        p[k] += range / (1 + exp(-gsl_vector_get(x, i)));
    }
}

static struct hep_tissue_kinetics to_tissue(const double p[HEP_UPTAKE_N])
{
    return (struct hep_tissue_kinetics){ p[HEP_UPTAKE_FLOW], p[HEP_UPTAKE_ARTERIAL_FRAC],
                                         p[HEP_UPTAKE_VE], p[HEP_UPTAKE_KI], p[HEP_UPTAKE_KB] };
}

static int residuals(const gsl_vector *x, void *data, gsl_vector *f)
{
    struct problem *pr = data;
    struct hep_tissue_kinetics k;
    struct hep_tissue_curve c = { pr->inputs->n, pr->inputs->dt_s, pr->ce, pr->ch };
    double p[HEP_UPTAKE_N];

    to_parameters(p, pr, x);
    k = to_tissue(p);
    if (hep_tissue_solve(pr->ce, pr->ch, pr->inputs, &k, NULL) != HEP_OK)
        return GSL_EDOM;
    for (size_t i = 0; i < pr->n; i++)
        gsl_vector_set(
            f, i, hep_tissue_delta_r1_per_s(&c, &k, pr->relaxivity, pr->time_s[i]) - pr->want[i]);
    return GSL_SUCCESS;
}

static int check_bounds(struct problem *pr, struct hep_error *err)
{
    static const double largest[HEP_UPTAKE_N] = { 10, 1, 1, 10, 10 };
    static const char *const names[HEP_UPTAKE_N] = { "F", "fa", "ve", "Ki", "kb" };

    for (size_t k = 0; k < HEP_UPTAKE_N; k++) {
        double lo = pr->bounds.lo[k];
        double hi = pr->bounds.hi[k];
        double least = k == HEP_UPTAKE_VE ? 1e-4 : 0;
        if (!(lo >= least && lo <= hi && hi <= largest[k]))
            return HEP_FAIL(err, HEP_EINVAL, "bounds of %s are %g to %g, allowed are %g to %g",
                            names[k], lo, hi, least, largest[k]);
        if (lo < hi)
            pr->free[pr->n_free++] = k;
    }
    return HEP_OK;
}

static int take_samples(struct problem *pr, const double *time_s, const double *delta_r1, size_t n,
                        struct hep_error *err)
{
    double end = pr->inputs->dt_s * (double)(pr->inputs->n - 1);

    if (HEP_NEW(pr->time_s, n, err) != HEP_OK || HEP_NEW(pr->want, n, err) != HEP_OK ||
        HEP_NEW(pr->ce, pr->inputs->n, err) != HEP_OK ||
        HEP_NEW(pr->ch, pr->inputs->n, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (!(time_s[i] >= 0 && time_s[i] <= end + pr->inputs->dt_s))
            return HEP_FAIL(err, HEP_EINVAL,
                            "sample %zu at %g s lies outside the inputs, 0 to %g s", i, time_s[i],
                            end);
        if (!isfinite(delta_r1[i]))
            continue;
        pr->time_s[pr->n] = time_s[i];
        pr->want[pr->n++] = delta_r1[i];
    }
    if (pr->n < pr->n_free + 2)
        return HEP_FAIL(err, HEP_EDATA, "%zu usable samples, a fit of %zu parameters needs %zu",
                        pr->n, pr->n_free, pr->n_free + 2);
    return HEP_OK;
}

/** Starting point: everything in the middle of its range but Ki and F, which are tried low and
 * high. */
static void set_start(gsl_vector *x, const struct problem *pr, unsigned start)
{
    for (size_t i = 0; i < pr->n_free; i++) {
        double u = 0.4;
        if (pr->free[i] == HEP_UPTAKE_KI)
            u = start & 1 ? 0.25 : 0.05;
        else if (pr->free[i] == HEP_UPTAKE_FLOW)
            u = start & 2 ? 0.6 : 0.2;
        gsl_vector_set(x, i, log(u / (1 - u)));
    }
}

static double squares(const gsl_multifit_nlinear_workspace *w)
{
    double norm = gsl_blas_dnrm2(gsl_multifit_nlinear_residual(w));

    return norm * norm;
}

static void describe(struct hep_uptake_fit *out, const struct problem *pr, const gsl_vector *x,
                     double sum, const gsl_matrix *covariance)
{
    double p[HEP_UPTAKE_N];
    double mean = 0;
    double total = 0;
    double sigma2 = sum / (double)(pr->n - pr->n_free);

    to_parameters(p, pr, x);
    *out = (struct hep_uptake_fit){ .tissue = to_tissue(p), .n = pr->n, .status = HEP_UPTAKE_OK };
    for (size_t i = 0; i < pr->n_free; i++) {
        size_t k = pr->free[i];
        double range = pr->bounds.hi[k] - pr->bounds.lo[k];
        double u = (p[k] - pr->bounds.lo[k]) / range;
        out->se[k] = range * u * (1 - u) * sqrt(sigma2 * gsl_matrix_get(covariance, i, i));
        if (u < NEAR_BOUND || u > 1 - NEAR_BOUND)
            out->status = HEP_UPTAKE_AT_BOUND;
    }
    for (size_t i = 0; i < pr->n; i++)
        mean += pr->want[i] / (double)pr->n;
    for (size_t i = 0; i < pr->n; i++)
        total += (pr->want[i] - mean) * (pr->want[i] - mean);
    out->rmse_per_s = sqrt(sum / (double)pr->n);
    out->r2 = total > 0 ? 1 - sum / total : (double)NAN;
}

static int run(struct hep_uptake_fit *out, struct problem *pr, struct hep_error *err)
{
    gsl_multifit_nlinear_parameters set = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_fdf model = { .f = residuals, .n = pr->n, .p = pr->n_free, .params = pr };
    gsl_multifit_nlinear_workspace *w =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &set, pr->n, pr->n_free);
    gsl_vector *x = gsl_vector_alloc(pr->n_free);
    gsl_matrix *cov = gsl_matrix_alloc(pr->n_free, pr->n_free);
    double best = (double)INFINITY;
    int rc = HEP_OK;

    if (!w || !x || !cov) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a fit of %zu samples", pr->n);
        goto out;
    }
    for (unsigned s = 0; s < N_STARTS; s++) {
        int info = 0;
        int status;
        set_start(x, pr, s);
        if (gsl_multifit_nlinear_init(x, &model, w) != GSL_SUCCESS)
            continue;
        status = gsl_multifit_nlinear_driver(MAX_ITERATIONS, TOLERANCE, TOLERANCE, TOLERANCE, NULL,
                                             NULL, &info, w);
        if (!(squares(w) < best))
            continue;
        best = squares(w);
        (void)gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(w), 0, cov);
        describe(out, pr, gsl_multifit_nlinear_position(w), best, cov);
        /* GSL_ENOPROG: no step lowers the residual any more, that is a minimum to rounding. */
        if (status != GSL_SUCCESS && status != GSL_ENOPROG)
            out->status = HEP_UPTAKE_NOT_CONVERGED;
    }
    if (!isfinite(best))
        rc = HEP_FAIL(err, HEP_EDATA, "no start gave a finite residual");
out:
    gsl_matrix_free(cov);
    gsl_vector_free(x);
    gsl_multifit_nlinear_free(w);
    return rc;
}

int hep_uptake_fit(struct hep_uptake_fit *out, const struct hep_inputs *inputs,
                   const double *time_s, const double *delta_r1, size_t n,
                   const struct hep_relaxivity *relaxivity, const struct hep_uptake_bounds *bounds,
                   struct hep_error *err)
{
    struct problem pr = { .inputs = inputs,
                          .relaxivity = relaxivity,
                          .bounds = bounds ? *bounds : hep_uptake_bounds_default() };
    struct hep_uptake_fit fit = { .n = 0 };
    int rc;

    (void)gsl_set_error_handler_off();
    rc = check_bounds(&pr, err);
    if (rc == HEP_OK && pr.n_free == 0)
        rc = HEP_FAIL(err, HEP_EINVAL, "every parameter is fixed, nothing is left to fit");
    if (rc == HEP_OK)
        rc = take_samples(&pr, time_s, delta_r1, n, err);
    if (rc == HEP_OK)
        rc = run(&fit, &pr, err);
    if (rc == HEP_OK)
        *out = fit;
    free(pr.time_s);
    free(pr.want);
    free(pr.ce);
    free(pr.ch);
    return rc;
}
