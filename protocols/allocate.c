#include "protocols/allocate.h"

#include "protocols/show.h"

#include <math.h>

/* Order of the parameters in every diffusion model of fitting/precision.h: S0, D, then these. */
#define THIRD 2
#define FOURTH 3

/* Seconds of one acquisition: the model's time of b = 0 alone. */
static double acquisition_s(const struct hep_plan *plan)
{
    struct hep_config cfg = { .series[HEP_SERIES_DWI] = *plan };
    struct hep_plan *p = &cfg.series[HEP_SERIES_DWI];

    p->b_values_s_per_mm2 = (struct hep_list){ 1, { 0.0 } };
    p->averages = (struct hep_list){ 1, { 1.0 } };
    p->scan_time_s = (double)NAN;
    return hep_planned_scan_time(&cfg, HEP_SERIES_DWI, NULL);
}

static int theta_of(double *theta, const struct hep_allocate_request *q, size_t i,
                    struct hep_error *err)
{
    const struct hep_tissue_values *v = &q->values[i];

    theta[0] = HEP_ALLOCATION_S0;
    theta[1] = v->d_mm2_per_s;
    if (q->model == HEP_PRECISION_KURTOSIS)
        theta[THIRD] = v->k;
    else if (q->model != HEP_PRECISION_MONO)
        theta[THIRD] = v->f;
    if (q->model == HEP_PRECISION_IVIM)
        theta[FOURTH] = v->dstar_mm2_per_s;
    for (size_t p = 0; p < hep_precision_param_count(q->model); p++)
        if (!(theta[p] > 0.0))
            return HEP_FAIL(err, HEP_EINVAL, "%s has no %s: the model %s does not suit it",
                            hep_tissue_name(q->tissues[i]), hep_precision_param_name(q->model, p),
                            hep_precision_model_name(q->model));
    return HEP_OK;
}

int hep_allocate(struct hep_allocated *out, const struct hep_allocate_request *q,
                 struct hep_error *err)
{
    const struct hep_config cfg = { .series[HEP_SERIES_DWI] = *q->plan };
    struct hep_allocation a = { .model = q->model,
                                .n_tissues = q->n_tissues,
                                .b_s_per_mm2 = q->b_s_per_mm2,
                                .n_b = q->n_b,
                                .directions = (double)q->plan->directions,
                                .snr = q->snr,
                                .budget_s = q->budget_s,
                                .acquisition_s = acquisition_s(q->plan),
                                .plan_b_s_per_mm2 = &q->plan->b_values_s_per_mm2,
                                .plan_averages = &q->plan->averages,
                                .n_simulated = q->n_simulated,
                                .seed = q->seed,
                                .nthreads = q->nthreads };
    int rc = HEP_OK;

    (void)memcpy(a.importance, q->importance, sizeof a.importance);
    for (size_t i = 0; rc == HEP_OK && i < q->n_tissues && i < HEP_ALLOCATE_TISSUES_MAX; i++) {
        a.tissues[i] = hep_tissue_name(q->tissues[i]);
        rc = theta_of(a.theta[i], q, i, err);
    }
    if (rc == HEP_OK)
        rc = hep_allocation_find(out, &a, err);
    if (rc == HEP_OK)
        out->plan_seconds = hep_planned_scan_time(&cfg, HEP_SERIES_DWI, NULL);
    return rc;
}

static void add_list(struct hep_str *out, const struct hep_list *l)
{
    hep_str_add(out, "[");
    for (size_t i = 0; i < l->n; i++)
        hep_str_addf(out, "%s%g", i > 0 ? ", " : "", l->v[i]);
    hep_str_add(out, "]\n");
}

void hep_allocated_fragment(struct hep_str *out, const struct hep_allocated *a,
                            const struct hep_plan *plan)
{
    hep_str_add(out, "series:\n  dwi:\n    b_values_s_per_mm2: ");
    add_list(out, &a->b_s_per_mm2);
    hep_str_add(out, "    averages: ");
    add_list(out, &a->averages);
    hep_str_addf(out, "    directions: %ld\n    tr_s: %g\n", plan->directions, plan->tr_s);
}
