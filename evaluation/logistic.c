#include "evaluation/logistic.h"

#include "base/alloc.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>

/* Newton steps and halvings of a step: a penalised convex problem takes about ten of the first; more would say that it is
 * not one, and end in an error. */
#define STEPS 200
#define HALVINGS 40
#define DECREMENT_MIN 1e-12 /* what a Newton step can still gain, in units of ln P */
#define SEPARATED                                                                                  \
    1e-9 /* every case is told right without doubt: larger coefficients are better still */

double hep_sigmoid(double x)
{
    return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
}

double hep_logistic_loss(double log_odds, bool is_true)
{
    const double x = is_true ? -log_odds : log_odds;

    return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

double hep_logistic_log_odds(const double *b, const struct hep_logistic_cases *cases, size_t i)
{
    double sum = b[0] + (cases->offset != NULL ? cases->offset[i] : 0.0);

    for (size_t j = 0; j < cases->k; j++)
        sum += b[j + 1] * cases->x[i * cases->k + j];
    return sum;
}

static double cost(const double *b, const struct hep_logistic_cases *c,
                   const struct hep_logistic_pull *pull)
{
    double sum = 0.0;

    for (size_t i = 0; i < c->n; i++)
        sum += (c->weight != NULL ? c->weight[i] : 1.0) *
               hep_logistic_loss(hep_logistic_log_odds(b, c, i), c->is_true[i]);
    for (size_t j = 0; j <= c->k; j++)
        sum += 0.5 * pull->penalty[j] * (b[j] - pull->centre[j]) * (b[j] - pull->centre[j]);
    return sum;
}

/* Gradient and second derivatives of the cost. */
static void derive(gsl_vector *gradient, gsl_matrix *hessian, const double *b,
                   const struct hep_logistic_cases *c, const struct hep_logistic_pull *pull)
{
    gsl_matrix_set_zero(hessian);
    for (size_t j = 0; j <= c->k; j++) {
        gsl_vector_set(gradient, j, pull->penalty[j] * (b[j] - pull->centre[j]));
        gsl_matrix_set(hessian, j, j, pull->penalty[j]);
    }
    for (size_t i = 0; i < c->n; i++) {
        const double w = c->weight != NULL ? c->weight[i] : 1.0;
        const double p = hep_sigmoid(hep_logistic_log_odds(b, c, i));
        const double *x = c->x + i * c->k;

        for (size_t j = 0; j <= c->k; j++) {
            const double xj = j == 0 ? 1.0 : x[j - 1];

            *gsl_vector_ptr(gradient, j) += w * (p - (c->is_true[i] ? 1.0 : 0.0)) * xj;
            for (size_t l = 0; l <= j; l++)
                *gsl_matrix_ptr(hessian, j, l) +=
                    w * p * (1.0 - p) * xj * (l == 0 ? 1.0 : x[l - 1]);
        }
    }
    for (size_t j = 0; j <= c->k; j++)
        for (size_t l = 0; l < j; l++)
            gsl_matrix_set(hessian, l, j, gsl_matrix_get(hessian, j, l));
}

struct work {
    gsl_vector *gradient, *step;
    gsl_matrix *hessian;
    double *tried; /* shape [k + 1] */
};

/* One step. @return 1 for more to gain, 0 for the least value, HEP_EDATA */
static int step(double *b, struct work *w, const struct hep_logistic_cases *c,
                const struct hep_logistic_pull *pull)
{
    const double before = cost(b, c, pull);
    double gain = 0.0, share = 1.0;

    derive(w->gradient, w->hessian, b, c, pull);
    if (gsl_linalg_cholesky_decomp1(w->hessian) != GSL_SUCCESS ||
        gsl_linalg_cholesky_solve(w->hessian, w->gradient, w->step) != GSL_SUCCESS)
        return HEP_EDATA;
    for (size_t j = 0; j <= c->k; j++)
        gain += gsl_vector_get(w->gradient, j) * gsl_vector_get(w->step, j);
    if (!isfinite(gain))
        return HEP_EDATA;
    for (int i = 0; i < HALVINGS; i++) {
        for (size_t j = 0; j <= c->k; j++)
            w->tried[j] = b[j] - share * gsl_vector_get(w->step, j);
        if (gain < DECREMENT_MIN || cost(w->tried, c, pull) < before)
            break;
        share *= 0.5;
    }
    for (size_t j = 0; j <= c->k; j++)
        b[j] = w->tried[j];
    if (gain >= DECREMENT_MIN)
        return 1;
    return cost(b, c, pull) < SEPARATED ? HEP_EDATA : 0;
}

static int iterate(double *b, struct work *w, const struct hep_logistic_cases *c,
                   const struct hep_logistic_pull *pull, struct hep_error *err)
{
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    int more = 1;

    for (size_t j = 0; j <= c->k; j++)
        b[j] = pull->centre[j];
    for (int i = 0; i < STEPS && more == 1; i++)
        more = step(b, w, c, pull);
    (void)gsl_set_error_handler(handler);
    return more == 0 ? HEP_OK
                     : HEP_FAIL(err, HEP_EDATA,
                                "logistic fit: no least value after %d steps; the cases can be "
                                "told apart without error, and the penalty is too small",
                                STEPS);
}

int hep_logistic_fit(double *b, const struct hep_logistic_cases *cases,
                     const struct hep_logistic_pull *pull, struct hep_error *err)
{
    const size_t m = cases->k + 1;
    struct work w = { 0 };
    int rc = HEP_OK;

    if (cases->n == 0)
        return HEP_FAIL(err, HEP_EINVAL, "logistic fit: no cases");
    for (size_t j = 0; j < m; j++)
        if (!(pull->penalty[j] >= 0.0))
            return HEP_FAIL(err, HEP_EINVAL, "logistic fit: penalty %g, at least 0 is needed",
                            pull->penalty[j]);
    w.gradient = gsl_vector_alloc(m);
    w.step = gsl_vector_alloc(m);
    w.hessian = gsl_matrix_alloc(m, m);
    if (w.gradient == NULL || w.step == NULL || w.hessian == NULL)
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a fit of %zu coefficients", m);
    if (rc == HEP_OK)
        rc = HEP_NEW(w.tried, m, err);
    if (rc == HEP_OK)
        rc = iterate(b, &w, cases, pull, err);
    gsl_vector_free(w.gradient);
    gsl_vector_free(w.step);
    gsl_matrix_free(w.hessian);
    free(w.tried);
    return rc;
}

void hep_dirichlet_mean(double *out, const double *count, const double *prior, double weight,
                        size_t n)
{
    double sum = weight;

    for (size_t i = 0; i < n; i++)
        sum += count[i];
    for (size_t i = 0; i < n; i++)
        out[i] = (count[i] + weight * prior[i]) / sum;
}

size_t hep_fold_of(size_t patient, size_t n_folds)
{
    return patient % n_folds;
}
