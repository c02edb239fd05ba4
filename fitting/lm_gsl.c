#include "fitting/lm.h"
#include "base/alloc.h"
#include "fitting/lm_variance.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>

/* Within this fraction of the box a parameter is tried on its bound. */
#define NEAR_BOUND 0.02
/* Starts are moved this fraction of the box inside it: on a bound the logistic has no slope. */
#define START_INSIDE 1e-3
/* Where those go that stranded near a bound, one after the other. */
static const double well_inside[] = { 0.1, 0.3, 0.5 };
/* Cosine between residuals and a column of the Jacobian that counts as a right angle. */
#define FLAT 1e-6
#define MAX_ITERATIONS 200
#define MAX_ACCELERATED 2000

struct hep_lm_gsl {
    const struct hep_lm_model *model;
    struct hep_lm_voxel *v; /* borrowed during a fit */
    size_t n_free, free_index[HEP_LM_MAX_P];
    size_t n;
    /* [m - 1]: m free parameters; the second with geodesic acceleration, for curved valleys in
     * which the first creeps */
    gsl_multifit_nlinear_workspace *solver[HEP_LM_MAX_P], *accelerated[HEP_LM_MAX_P];
    gsl_vector *start[HEP_LM_MAX_P];
};

int hep_lm_gsl_new(struct hep_lm_gsl **out, const struct hep_lm_model *model, size_t n,
                   struct hep_error *err)
{
    gsl_multifit_nlinear_parameters params = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_parameters curved;
    struct hep_lm_gsl *ws = hep_calloc(1, sizeof *ws, err);

    if (ws == NULL)
        return HEP_ENOMEM;
    (void)gsl_set_error_handler_off();
    params.trs = gsl_multifit_nlinear_trs_lm;
    params.solver = gsl_multifit_nlinear_solver_qr;
    curved = params;
    curved.trs = gsl_multifit_nlinear_trs_lmaccel;
    ws->model = model;
    ws->n = n;
    for (size_t m = 1; m <= model->np && m <= n; m++) {
        ws->solver[m - 1] = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &params, n, m);
        ws->accelerated[m - 1] =
            gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &curved, n, m);
        ws->start[m - 1] = gsl_vector_alloc(m);
        if (ws->solver[m - 1] == NULL || ws->accelerated[m - 1] == NULL ||
            ws->start[m - 1] == NULL) {
            hep_lm_gsl_free(ws);
            return HEP_FAIL(err, HEP_ENOMEM, "no memory for a solver of %zu samples", n);
        }
    }
    *out = ws;
    return HEP_OK;
}

void hep_lm_gsl_free(struct hep_lm_gsl *ws)
{
    if (ws == NULL)
        return;
    for (size_t m = 0; m < HEP_LM_MAX_P; m++) {
        if (ws->solver[m] != NULL)
            gsl_multifit_nlinear_free(ws->solver[m]);
        if (ws->accelerated[m] != NULL)
            gsl_multifit_nlinear_free(ws->accelerated[m]);
        if (ws->start[m] != NULL)
            gsl_vector_free(ws->start[m]);
    }
    free(ws);
}

/* Parameters of the box from unbounded u; slope[i] = dp/du of the free ones. */
static void from_unbounded(const struct hep_lm_gsl *ws, double *p, double *slope,
                           const gsl_vector *u)
{
    const struct hep_lm_voxel *v = ws->v;

    (void)memcpy(p, v->p, ws->model->np * sizeof *p);
    for (size_t i = 0; i < ws->n_free; i++) {
        size_t k = ws->free_index[i];
        double range = v->hi[k] - v->lo[k];
        double t = 1.0 / (1.0 + exp(-gsl_vector_get(u, i)));

        p[k] = v->lo[k] + range * t;
        slope[i] = range * t * (1.0 - t);
    }
}

static int residuals(const gsl_vector *u, void *data, gsl_vector *f)
{
    const struct hep_lm_gsl *ws = data;
    const struct hep_lm_voxel *v = ws->v;
    double p[HEP_LM_MAX_P], slope[HEP_LM_MAX_P], grad[HEP_LM_MAX_P];

    from_unbounded(ws, p, slope, u);
    for (size_t k = 0; k < v->n; k++) {
        double m = ws->model->eval(grad, p, v->x + k * HEP_LM_NX);

        gsl_vector_set(f, k, sqrt(v->w[k]) * (m - v->y[k]));
    }
    return GSL_SUCCESS;
}

static int jacobian(const gsl_vector *u, void *data, gsl_matrix *jac)
{
    const struct hep_lm_gsl *ws = data;
    const struct hep_lm_voxel *v = ws->v;
    double p[HEP_LM_MAX_P], slope[HEP_LM_MAX_P], grad[HEP_LM_MAX_P];

    from_unbounded(ws, p, slope, u);
    for (size_t k = 0; k < v->n; k++) {
        (void)ws->model->eval(grad, p, v->x + k * HEP_LM_NX);
        for (size_t i = 0; i < ws->n_free; i++)
            gsl_matrix_set(jac, k, i, sqrt(v->w[k]) * grad[ws->free_index[i]] * slope[i]);
    }
    return GSL_SUCCESS;
}

void hep_lm_evaluate(const struct hep_lm_model *model, struct hep_lm_voxel *v)
{
    double grad[HEP_LM_MAX_P];

    v->rss = 0.0;
    (void)memset(v->jtj, 0, sizeof v->jtj);
    for (size_t k = 0; k < v->n; k++) {
        double r = v->y[k] - model->eval(grad, v->p, v->x + k * HEP_LM_NX);

        v->rss += v->w[k] * r * r;
        for (size_t i = 0; i < model->np; i++) {
            for (size_t j = 0; j <= i; j++)
                v->jtj[HEP_LM_AT(i, j)] += v->w[k] * grad[i] * grad[j];
        }
    }
}

/* Residuals at right angles to every column of the Jacobian (MINPACK's gtol), or no residuals at
 * all: where rounding keeps the step from shrinking, the driver runs out of iterations at the
 * minimum. */
static bool is_flat(const gsl_multifit_nlinear_workspace *solver)
{
    double r = gsl_blas_dnrm2(solver->f);

    for (size_t i = 0; i < solver->J->size2; i++) {
        gsl_vector_const_view column = gsl_matrix_const_column(solver->J, i);
        double size = gsl_blas_dnrm2(&column.vector);

        if (!(fabs(gsl_vector_get(solver->g, i)) <= FLAT * size * r + 1e-15 * size))
            return false;
    }
    return true;
}

/* From `start` to a minimum, u in solver->x. */
static bool descend(struct hep_lm_gsl *ws, gsl_multifit_nlinear_workspace *solver,
                    const gsl_vector *start, size_t iterations)
{
    gsl_multifit_nlinear_fdf fdf = {
        .f = residuals, .df = jacobian, .n = ws->n, .p = ws->n_free, .params = ws
    };
    int info = 0, rc;

    if (gsl_multifit_nlinear_init(start, &fdf, solver) != GSL_SUCCESS)
        return false;
    rc = gsl_multifit_nlinear_driver(iterations, 1e-9, 1e-12, 0.0, NULL, NULL, &info, solver);
    return rc == GSL_SUCCESS || rc == GSL_ENOPROG || is_flat(solver);
}

/* One unconstrained run over the parameters with lo < hi that are not held. */
static bool run(struct hep_lm_gsl *ws, struct hep_lm_voxel *v, const bool *held)
{
    gsl_multifit_nlinear_workspace *solver;
    double slope[HEP_LM_MAX_P];
    gsl_vector *start;
    bool settled;

    ws->v = v;
    ws->n_free = 0;
    for (size_t i = 0; i < ws->model->np; i++) {
        if (v->lo[i] < v->hi[i] && !held[i])
            ws->free_index[ws->n_free++] = i;
    }
    if (ws->n_free == 0)
        return true;
    solver = ws->solver[ws->n_free - 1];
    start = ws->start[ws->n_free - 1];
    if (solver == NULL)
        return false;
    for (size_t i = 0; i < ws->n_free; i++) {
        size_t k = ws->free_index[i];
        double t = (v->p[k] - v->lo[k]) / (v->hi[k] - v->lo[k]);

        t = fmin(fmax(t, START_INSIDE), 1.0 - START_INSIDE);
        gsl_vector_set(start, i, log(t / (1.0 - t)));
    }
    settled = descend(ws, solver, start, MAX_ITERATIONS);
    if (!settled && gsl_vector_memcpy(start, solver->x) == GSL_SUCCESS) {
        solver = ws->accelerated[ws->n_free - 1];
        settled = descend(ws, solver, start, MAX_ACCELERATED);
    }
    from_unbounded(ws, v->p, slope, solver->x);
    return settled;
}

/* The logistic never reaches a bound: try parameters that are near one exactly there. */
static void put_on_bounds(struct hep_lm_gsl *ws, struct hep_lm_voxel *v)
{
    bool held[HEP_LM_MAX_P] = { false };

    for (size_t i = 0; i < ws->model->np; i++) {
        double t = (v->p[i] - v->lo[i]) / (v->hi[i] - v->lo[i]);
        struct hep_lm_voxel trial = *v;

        if (!(t < NEAR_BOUND || t > 1.0 - NEAR_BOUND) || !(v->lo[i] < v->hi[i]))
            continue;
        held[i] = true;
        trial.p[i] = t < 0.5 ? v->lo[i] : v->hi[i];
        trial.settled = run(ws, &trial, held);
        hep_lm_evaluate(ws->model, &trial);
        if (trial.settled && trial.rss <= v->rss)
            *v = trial;
        else
            held[i] = false;
    }
}

/* Parameters on or near a bound, of the free ones, that would lower the residuals inside; moved
 * there. False without any. */
static bool move_inside(const struct hep_lm_model *model, struct hep_lm_voxel *v, double part)
{
    double grad[HEP_LM_MAX_P], slope[HEP_LM_MAX_P] = { 0.0 };
    bool any = false;

    for (size_t k = 0; k < v->n; k++) {
        double r = v->y[k] - model->eval(grad, v->p, v->x + k * HEP_LM_NX);

        for (size_t i = 0; i < model->np; i++)
            slope[i] += v->w[k] * r * grad[i];
    }
    for (size_t i = 0; i < model->np; i++) {
        double range = v->hi[i] - v->lo[i], t = (v->p[i] - v->lo[i]) / range;
        double level = FLAT * sqrt(v->jtj[HEP_LM_AT(i, i)] * v->rss);

        if (range > 0.0 && t < NEAR_BOUND && slope[i] > level)
            v->p[i] = v->lo[i] + part * range;
        else if (range > 0.0 && t > 1.0 - NEAR_BOUND && slope[i] < -level)
            v->p[i] = v->hi[i] - part * range;
        else
            continue;
        any = true;
    }
    return any;
}

static void fit_from(struct hep_lm_gsl *ws, struct hep_lm_voxel *v)
{
    const bool held[HEP_LM_MAX_P] = { false };

    v->settled = run(ws, v, held);
    hep_lm_evaluate(ws->model, v);
    put_on_bounds(ws, v);
    v->settled = v->settled && isfinite(v->rss);
}

/* Towards its ends the logistic is flat, and a long step can strand there. */
void hep_lm_gsl_fit(struct hep_lm_gsl *ws, struct hep_lm_voxel *v)
{
    fit_from(ws, v);
    for (size_t i = 0; i < sizeof well_inside / sizeof well_inside[0]; i++) {
        struct hep_lm_voxel trial = *v;

        if (!move_inside(ws->model, &trial, well_inside[i]))
            break;
        fit_from(ws, &trial);
        if (trial.rss < v->rss && trial.settled >= v->settled)
            *v = trial;
    }
}

bool hep_lm_at_bound(const struct hep_lm_voxel *v, size_t i)
{
    return v->lo[i] < v->hi[i] && (v->p[i] <= v->lo[i] || v->p[i] >= v->hi[i]);
}

size_t hep_lm_variance(double *variance, const struct hep_lm_voxel *v, size_t np)
{
    double inverse[HEP_LM_PACKED];
    hep_mask inside[HEP_LM_MAX_P], good;
    size_t m = 0;

    for (size_t i = 0; i < np; i++) {
        inside[i] = v->lo[i] < v->p[i] && v->p[i] < v->hi[i];
        m += (size_t)inside[i];
    }
    good = lm_invert(inverse, v->jtj, inside, np);
    for (size_t i = 0; i < np; i++)
        variance[i] = good && inside[i] ? inverse[HEP_LM_AT(i, i)] : (double)NAN;
    return good ? m : 0;
}
