#include "lesions/flag_fit.h"

#include "base/number.h"

#include <gsl/gsl_multimin.h>
#include <math.h>

#define WRONG_LABELS 0.01
#define STEPS_MAX 4000
#define SIZE_MIN 1e-6   /* of the simplex */
#define RATE_LEAST 1e-3 /* a table before may have none, and has no logarithm then */

enum { BIAS, BIAS_SMALL, ERROR, ERROR_SMALL, MISSED, MISTAKEN, N_PARAMETERS };
static const double spread[N_PARAMETERS] = { 0.01, 0.1, 0.7, 0.7, 1.5, 1.5 };

struct problem {
    const struct hep_flag_sample *samples;
    size_t n;
    double centre[N_PARAMETERS];
    double weight[2]; /* of an absent, of a present one */
};

static void to_parameters(double x[N_PARAMETERS], const struct hep_flag_model *m)
{
    x[BIAS] = m->bias;
    x[BIAS_SMALL] = m->bias_small;
    x[ERROR] = log(m->error);
    x[ERROR_SMALL] = log(fmax(m->error_small, RATE_LEAST));
    x[MISSED] = log(fmax(m->missed, RATE_LEAST));
    x[MISTAKEN] = log(fmax(m->mistaken, RATE_LEAST));
}

static void to_model(struct hep_flag_model *m, const double x[N_PARAMETERS])
{
    m->bias = x[BIAS];
    m->bias_small = x[BIAS_SMALL];
    m->error = fmax(exp(x[ERROR]), HEP_FLAG_ERROR_MIN);
    m->error_small = exp(x[ERROR_SMALL]);
    m->missed = fmin(exp(x[MISSED]), HEP_FLAG_RATE_MAX);
    m->mistaken = fmin(exp(x[MISTAKEN]), HEP_FLAG_RATE_MAX);
}

static double cost(const gsl_vector *at, void *of)
{
    const struct problem *p = of;
    struct hep_flag_model m = { 0 };
    double x[N_PARAMETERS], sum = 0.0;

    for (size_t k = 0; k < N_PARAMETERS; k++) {
        x[k] = gsl_vector_get(at, k);
        sum += 0.5 * pow((x[k] - p->centre[k]) / spread[k], 2.0);
    }
    to_model(&m, x);
    for (size_t i = 0; i < p->n; i++) {
        const struct hep_flag_sample *s = &p->samples[i];
        const double shown = hep_flag_probability(&m, s->margin, s->se, s->size_voxels);
        const double truly = s->is_present ? shown : 1.0 - shown;

        if (!s->left_out)
            sum -= p->weight[s->is_present ? 1 : 0] *
                   log(WRONG_LABELS + (1.0 - 2.0 * WRONG_LABELS) * truly);
    }
    return sum;
}

/* From the centre to the least cost near it. */
static int descend(double x[N_PARAMETERS], struct problem *p, struct hep_error *err)
{
    gsl_multimin_function f = { cost, N_PARAMETERS, p };
    gsl_multimin_fminimizer *s =
        gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, N_PARAMETERS);
    gsl_vector_const_view start = gsl_vector_const_view_array(p->centre, N_PARAMETERS);
    gsl_vector_const_view step = gsl_vector_const_view_array(spread, N_PARAMETERS);

    if (s == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory for the fit of a flag");
    if (gsl_multimin_fminimizer_set(s, &f, &start.vector, &step.vector) == GSL_SUCCESS)
        for (int i = 0; i < STEPS_MAX && gsl_multimin_fminimizer_iterate(s) == GSL_SUCCESS &&
                        gsl_multimin_fminimizer_size(s) > SIZE_MIN;
             i++)
            ;
    for (size_t k = 0; k < N_PARAMETERS; k++)
        x[k] = gsl_vector_get(s->x, k);
    gsl_multimin_fminimizer_free(s);
    return HEP_OK;
}

int hep_flag_model_fit(struct hep_flag_model *model, const struct hep_flag_sample *samples,
                       size_t n, struct hep_error *err)
{
    struct problem p = { samples, n, { 0 }, { 0 } };
    size_t count[2] = { 0 };
    double x[N_PARAMETERS];
    int rc;

    for (size_t i = 0; i < n; i++)
        if (!samples[i].left_out)
            count[samples[i].is_present ? 1 : 0]++;
    if (count[0] < HEP_FLAG_FIT_MIN || count[1] < HEP_FLAG_FIT_MIN)
        return HEP_OK;
    for (int k = 0; k < 2; k++)
        p.weight[k] = 0.5 * (double)(count[0] + count[1]) / (double)count[k];
    to_parameters(p.centre, model);
    rc = descend(x, &p, err);
    if (rc != HEP_OK)
        return rc;
    to_model(model, x);
    model->bias = hep_round_significant(model->bias, 4);
    model->bias_small = hep_round_significant(model->bias_small, 4);
    model->error = hep_round_significant(model->error, 4);
    model->error_small = hep_round_significant(model->error_small, 4);
    model->missed = hep_round_significant(model->missed, 4);
    model->mistaken = hep_round_significant(model->mistaken, 4);
    return HEP_OK;
}
