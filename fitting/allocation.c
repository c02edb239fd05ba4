#include "fitting/allocation.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "fitting/diffusion.h"
#include "sequences/signal.h"

#include <math.h>

#define S0 HEP_ALLOCATION_S0
/* Order of the parameters in every diffusion model of fitting/precision.h: S0, D, then these. */
#define THIRD 2
#define FOURTH 3

static double samples_per_average(const struct hep_allocation *q, double b)
{
    return b > 0.0 ? q->directions : 1.0;
}

/* ---- design ---------------------------------------------------------------------------------- */

/* Acquisitions behind b-values and averages; averages may be one number for all. */
static void samples_of(double *out, const struct hep_allocation *q, const struct hep_list *b,
                       const struct hep_list *averages)
{
    for (size_t k = 0; k < b->n; k++)
        out[k] = samples_per_average(q, b->v[k]) * averages->v[averages->n == b->n ? k : 0];
}

/* b-values below this hold perfusion, which D and f alone do not describe. */
#define PERFUSION_GONE_S_PER_MM2 200.0

/* The aim and the bounds of given b-values and averages. */
static int bounds_of(double *objective, double *sd, const struct hep_allocation *q,
                     const struct hep_precision_tissue *tissues, const struct hep_list *b,
                     const struct hep_list *averages, struct hep_error *err)
{
    double samples[HEP_LIST_MAX];
    struct hep_precision_protocol p = { .model = q->model,
                                        .noise = HEP_PRECISION_RICIAN,
                                        .x = b->v,
                                        .averages = samples,
                                        .n = b->n,
                                        .sigma = S0 / q->snr };
    size_t np = hep_precision_param_count(q->model);
    int rc = HEP_OK;

    samples_of(samples, q, b, averages);
    for (size_t k = 0; k < b->n; k++)
        if (q->model == HEP_PRECISION_IVIM_DF && b->v[k] > 0.0 &&
            b->v[k] < PERFUSION_GONE_S_PER_MM2)
            samples[k] = 0.0;
    *objective = 0.0;
    for (size_t i = 0; rc == HEP_OK && i < q->n_tissues; i++) {
        rc = hep_precision_bounds(sd + i * HEP_PRECISION_PARAMS_MAX, NULL, tissues[i].theta, &p,
                                  err);
        for (size_t k = 0; rc == HEP_OK && k < np; k++)
            *objective += tissues[i].weight * q->importance[k] *
                          sd[i * HEP_PRECISION_PARAMS_MAX + k] / tissues[i].theta[k];
    }
    return rc;
}

/* Whole averages, rounded down, then one more of whatever lowers the aim most per second while
 * there is time. */
static int round_to_averages(struct hep_allocated *out, const struct hep_allocation *q,
                             const struct hep_precision_tissue *tissues,
                             const unsigned *acquisitions, double cost_s, struct hep_error *err)
{
    double sd[HEP_ALLOCATE_TISSUES_MAX * HEP_PRECISION_PARAMS_MAX], now = 0.0;
    struct hep_list *b = &out->b_s_per_mm2, *n = &out->averages;
    int rc;

    for (size_t k = 0; k < q->n_b; k++) {
        double per = samples_per_average(q, q->b_s_per_mm2[k]);

        if (acquisitions[k] == 0)
            continue;
        b->v[b->n++] = q->b_s_per_mm2[k];
        n->v[n->n++] = fmax(1.0, floor((double)acquisitions[k] / per));
        out->seconds += n->v[n->n - 1] * per * cost_s;
    }
    rc = bounds_of(&now, sd, q, tissues, b, n, err);
    while (rc == HEP_OK) {
        size_t best = SIZE_MAX;
        double gain = 0.0, best_objective = now;

        for (size_t k = 0; rc == HEP_OK && k < b->n; k++) {
            double seconds = samples_per_average(q, b->v[k]) * cost_s, objective = now;

            if (out->seconds + seconds > q->budget_s * (1.0 + 1e-9))
                continue;
            n->v[k] += 1.0;
            rc = bounds_of(&objective, sd, q, tissues, b, n, err);
            n->v[k] -= 1.0;
            if ((now - objective) / seconds > gain) {
                gain = (now - objective) / seconds;
                best = k;
                best_objective = objective;
            }
        }
        if (best == SIZE_MAX)
            break;
        n->v[best] += 1.0;
        now = best_objective;
        out->seconds += samples_per_average(q, b->v[best]) * cost_s;
    }
    return rc;
}

static int design(struct hep_allocated *out, const struct hep_allocation *q,
                  const struct hep_precision_tissue *tissues, struct hep_error *err)
{
    double cost_s = q->acquisition_s;
    struct hep_precision_aim aim = { .model = q->model,
                                     .noise = HEP_PRECISION_RICIAN,
                                     .sigma = S0 / q->snr,
                                     .tissues = tissues,
                                     .n_tissues = q->n_tissues,
                                     .b_s_per_mm2 = q->b_s_per_mm2,
                                     .n_candidates = q->n_b,
                                     .budget = floor(q->budget_s / cost_s) };
    struct hep_precision_design d = { 0 };
    int rc = HEP_OK;

    (void)memcpy(aim.importance, q->importance, sizeof aim.importance);
    d.shares = hep_calloc(q->n_b, sizeof *d.shares, err);
    d.averages = hep_calloc(q->n_b, sizeof *d.averages, err);
    if (d.shares == NULL || d.averages == NULL)
        rc = HEP_ENOMEM;
    else if (aim.budget < 1.0)
        rc = HEP_FAIL(err, HEP_EDATA, "%g s are too short: one acquisition takes %g s", q->budget_s,
                      cost_s);
    if (rc == HEP_OK)
        rc = hep_precision_optimise(&d, &aim, err);
    if (rc == HEP_OK) {
        rc = round_to_averages(out, q, tissues, d.averages, cost_s, err);
        out->gap = d.gap;
        if (rc == HEP_OK && out->seconds > q->budget_s * (1.0 + 1e-9))
            rc = HEP_FAIL(err, HEP_EDATA,
                          "%g s are too short: one average of each of %zu b-values takes %g s",
                          q->budget_s, out->b_s_per_mm2.n, out->seconds);
    }
    free(d.shares);
    free(d.averages);
    return rc;
}

static void take_fixed(struct hep_allocated *out, const struct hep_allocation *q)
{
    out->b_s_per_mm2 = *q->fixed_b_s_per_mm2;
    out->averages = *q->fixed_averages;
    for (size_t k = 0; k < out->b_s_per_mm2.n; k++)
        out->seconds +=
            out->averages.v[k] * samples_per_average(q, out->b_s_per_mm2.v[k]) * q->acquisition_s;
}

/* ---- simulation ------------------------------------------------------------------------------ */

static double signal_of(enum hep_precision_model model, const double *theta, double b)
{
    if (model == HEP_PRECISION_KURTOSIS)
        return hep_signal_kurtosis(NULL, theta[0], theta[1], theta[THIRD], b);
    if (model == HEP_PRECISION_IVIM)
        return hep_signal_ivim(NULL, theta[0], theta[1], theta[THIRD], theta[FOURTH], b);
    if (model == HEP_PRECISION_IVIM_DF && b > 0.0)
        return theta[0] * (1.0 - theta[THIRD]) * exp(-b * theta[1]);
    return b > 0.0 ? hep_signal_mono(NULL, theta[0], theta[1], b) : theta[0];
}

static void spread(double *mean, double *sd, size_t *n, const float *values, const float *status,
                   size_t count)
{
    double sum = 0.0, squares = 0.0;

    *n = 0;
    for (size_t i = 0; i < count; i++) {
        if ((int)status[i] != (int)HEP_FIT_OK || !isfinite(values[i]))
            continue;
        sum += (double)values[i];
        (*n)++;
    }
    *mean = *n > 0 ? sum / (double)*n : (double)NAN;
    for (size_t i = 0; i < count; i++)
        if ((int)status[i] == (int)HEP_FIT_OK && isfinite(values[i]))
            squares += ((double)values[i] - *mean) * ((double)values[i] - *mean);
    *sd = *n > 1 ? sqrt(squares / (double)(*n - 1)) : (double)NAN;
}

/* Room for one tissue's simulated voxels. */
struct trial {
    float *signal, *map[HEP_PRECISION_PARAMS_MAX], *status;
    double b[HEP_DIFFUSION_MAX_VOLUMES];
    size_t nb;
};

static void simulate(struct trial *t, const struct hep_allocation *q, const struct hep_allocated *a,
                     const double *theta, const char *tissue)
{
    double samples[HEP_LIST_MAX], sigma = S0 / q->snr;
    uint64_t stream = hep_rng_stream(tissue);

    samples_of(samples, q, &a->b_s_per_mm2, &a->averages);
    t->nb = 0;
    for (size_t k = 0; k < a->b_s_per_mm2.n; k++)
        for (size_t s = 0; s < (size_t)samples[k] && t->nb < HEP_DIFFUSION_MAX_VOLUMES; s++)
            t->b[t->nb++] = a->b_s_per_mm2.v[k];
    for (size_t v = 0; v < t->nb; v++) {
        double clean = signal_of(q->model, theta, t->b[v]);

        for (size_t i = 0; i < q->n_simulated; i++) {
            double noise[2];

            hep_rng_normal2(noise, q->seed, stream, (uint64_t)(v * q->n_simulated + i));
            t->signal[v * q->n_simulated + i] =
                (float)hypot(clean + sigma * noise[0], sigma * noise[1]);
        }
    }
}

static int fit_trial(struct trial *t, const struct hep_allocation *q, struct hep_error *err)
{
    struct hep_diffusion_settings s;
    struct hep_diffusion_input in = { t->signal, q->n_simulated, t->nb, t->b, NULL };
    struct hep_diffusion_maps maps = { .s0 = t->map[0], .d = t->map[1], .status = t->status };

    hep_diffusion_settings_init(&s, q->model == HEP_PRECISION_MONO       ? HEP_DIFFUSION_MONO
                                    : q->model == HEP_PRECISION_KURTOSIS ? HEP_DIFFUSION_KURTOSIS
                                                                         : HEP_DIFFUSION_IVIM);
    if (q->model == HEP_PRECISION_IVIM_DF)
        s.method = HEP_METHOD_SIVIM;
    s.fit.nthreads = q->nthreads;
    if (q->model == HEP_PRECISION_KURTOSIS)
        maps.k = t->map[THIRD];
    else
        maps.f = t->map[THIRD];
    maps.dstar = t->map[FOURTH];
    return hep_diffusion_fit(&maps, NULL, &in, &s, err);
}

static int check_by_simulation(struct hep_allocated *out, const struct hep_allocation *q,
                               const struct hep_precision_tissue *tissues, struct hep_error *err)
{
    size_t np = hep_precision_param_count(q->model), volumes = 0;
    struct trial *t = hep_calloc(1, sizeof *t, err);
    double samples[HEP_LIST_MAX] = { 0 };
    int rc = HEP_OK;

    samples_of(samples, q, &out->b_s_per_mm2, &out->averages);
    for (size_t k = 0; k < out->b_s_per_mm2.n; k++)
        volumes += (size_t)samples[k];
    if (t == NULL)
        return HEP_ENOMEM;
    if (volumes > HEP_DIFFUSION_MAX_VOLUMES)
        rc = HEP_FAIL(err, HEP_EINVAL, "%zu acquisitions, at most %d can be simulated", volumes,
                      HEP_DIFFUSION_MAX_VOLUMES);
    t->signal = rc == HEP_OK ? hep_calloc(volumes * q->n_simulated, sizeof(float), err) : NULL;
    t->status = hep_calloc(q->n_simulated, sizeof(float), err);
    for (size_t p = 0; p < HEP_PRECISION_PARAMS_MAX; p++)
        t->map[p] = hep_calloc(q->n_simulated, sizeof(float), err);
    if (rc == HEP_OK && (t->signal == NULL || t->status == NULL || t->map[0] == NULL ||
                         t->map[1] == NULL || t->map[THIRD] == NULL || t->map[FOURTH] == NULL))
        rc = HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < q->n_tissues; i++) {
        simulate(t, q, out, tissues[i].theta, q->tissues[i]);
        rc = fit_trial(t, q, err);
        for (size_t p = 0; rc == HEP_OK && p < np; p++) {
            struct hep_allocated_parameter *x = &out->parameter[i * np + p];

            spread(&x->simulated_bias, &x->simulated_sd, &x->n, t->map[p], t->status,
                   q->n_simulated);
            x->simulated_bias -= x->value;
        }
    }
    for (size_t p = 0; p < HEP_PRECISION_PARAMS_MAX; p++)
        free(t->map[p]);
    free(t->signal);
    free(t->status);
    free(t);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int check_request(const struct hep_allocation *q, struct hep_error *err)
{
    if (q->n_tissues == 0 || q->n_tissues > HEP_ALLOCATE_TISSUES_MAX)
        return HEP_FAIL(err, HEP_EINVAL, "%zu tissues, 1 to %d are possible", q->n_tissues,
                        HEP_ALLOCATE_TISSUES_MAX);
    if (!(q->budget_s > 0.0) || !(q->snr > 0.0))
        return HEP_FAIL(err, HEP_EINVAL, "a time and a signal-to-noise ratio above 0 are needed");
    if (q->n_b > HEP_LIST_MAX)
        return HEP_FAIL(err, HEP_EINVAL, "%zu b-values, at most %d are possible", q->n_b,
                        HEP_LIST_MAX);
    return HEP_OK;
}

int hep_allocation_find(struct hep_allocated *out, const struct hep_allocation *q,
                        struct hep_error *err)
{
    struct hep_precision_tissue tissues[HEP_ALLOCATE_TISSUES_MAX] = { { { 0 }, 0 } };
    double sd[HEP_ALLOCATE_TISSUES_MAX * HEP_PRECISION_PARAMS_MAX] = { 0 },
                                         plan_sd[HEP_ALLOCATE_TISSUES_MAX *
                                                 HEP_PRECISION_PARAMS_MAX] = { 0 };
    size_t np = hep_precision_param_count(q->model);
    bool plan;
    int rc = check_request(q, err);

    *out = (struct hep_allocated){ 0 };
    for (size_t i = 0; rc == HEP_OK && i < q->n_tissues; i++) {
        tissues[i].weight = 1.0;
        (void)memcpy(tissues[i].theta, q->theta[i], sizeof tissues[i].theta);
    }
    if (rc == HEP_OK && q->fixed_b_s_per_mm2 != NULL)
        take_fixed(out, q);
    else if (rc == HEP_OK)
        rc = design(out, q, tissues, err);
    if (rc == HEP_OK)
        rc = bounds_of(&out->objective, sd, q, tissues, &out->b_s_per_mm2, &out->averages, err);
    if (rc != HEP_OK)
        return rc;
    plan = q->plan_b_s_per_mm2 != NULL && q->plan_b_s_per_mm2->n > 0 &&
           bounds_of(&out->objective_plan, plan_sd, q, tissues, q->plan_b_s_per_mm2,
                     q->plan_averages, NULL) == HEP_OK;
    if (!plan)
        out->objective_plan = (double)NAN;
    for (size_t i = 0; i < q->n_tissues; i++)
        for (size_t p = 0; p < np; p++)
            out->parameter[out->n_parameters++] = (struct hep_allocated_parameter){
                .tissue = q->tissues[i],
                .parameter = hep_precision_param_name(q->model, p),
                .value = tissues[i].theta[p],
                .bound = sd[i * HEP_PRECISION_PARAMS_MAX + p],
                .bound_plan = plan ? plan_sd[i * HEP_PRECISION_PARAMS_MAX + p] : (double)NAN,
                .simulated_bias = (double)NAN,
                .simulated_sd = (double)NAN
            };
    return q->n_simulated > 0 ? check_by_simulation(out, q, tissues, err) : HEP_OK;
}
