#include "protocols/allocate.h"

#include "base/text.h"
#include "protocols/check.h"
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

/* The request in the words of fitting/allocation.h. */
static int fill(struct hep_allocation *a, const struct hep_allocate_request *q,
                struct hep_error *err)
{
    const struct hep_plan *plan = &q->cfg->series[HEP_SERIES_DWI];
    int rc = HEP_OK;

    *a = (struct hep_allocation){ .model = q->model,
                                  .n_tissues = q->n_tissues,
                                  .b_s_per_mm2 = q->b_s_per_mm2,
                                  .n_b = q->n_b,
                                  .directions = (double)plan->directions,
                                  .snr = q->snr,
                                  .budget_s = q->budget_s,
                                  .acquisition_s = acquisition_s(plan),
                                  .plan_b_s_per_mm2 = &plan->b_values_s_per_mm2,
                                  .plan_averages = &plan->averages,
                                  .n_simulated = q->n_simulated,
                                  .seed = q->seed,
                                  .nthreads = q->nthreads };
    (void)memcpy(a->importance, q->importance, sizeof a->importance);
    for (size_t i = 0; rc == HEP_OK && i < q->n_tissues && i < HEP_ALLOCATE_TISSUES_MAX; i++) {
        a->tissues[i] = hep_tissue_name(q->tissues[i]);
        rc = theta_of(a->theta[i], q, i, err);
    }
    return rc;
}

/* Errors of the check that a protocol has with these b-values; the first one that the plan itself
 * does not have is told. */
static int new_errors(size_t *n, char *demand, size_t size, const struct hep_allocate_request *q,
                      const struct hep_list *b, const struct hep_list *averages,
                      struct hep_error *err)
{
    struct hep_check_result before = { 0 }, after = { 0 };
    struct hep_config cfg = *q->cfg;
    int rc = hep_protocol_check(&before, q->cfg, q->agents, err);

    cfg.series[HEP_SERIES_DWI].b_values_s_per_mm2 = *b;
    cfg.series[HEP_SERIES_DWI].averages = *averages;
    if (rc == HEP_OK)
        rc = hep_protocol_check(&after, &cfg, q->agents, err);
    *n = 0;
    for (size_t i = 0; rc == HEP_OK && i < after.n; i++) {
        bool known = after.items[i].rule->level != HEP_CHECK_ERROR;

        for (size_t k = 0; !known && k < before.n; k++)
            known = before.items[k].rule == after.items[i].rule;
        if (!known && (*n)++ == 0)
            (void)snprintf(demand, size, "%s: %.120s", after.items[i].rule->id,
                           after.items[i].what);
    }
    hep_check_release(&before);
    hep_check_release(&after);
    return rc;
}

/* b-values of a list from which the ADC is fitted. */
static void keep_subset(struct hep_list *b, struct hep_list *averages, const struct hep_config *cfg)
{
    const struct hep_cfg_diffusion *d = &cfg->diffusion;
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (b->v[i] < d->adc_b_min_s_per_mm2 || b->v[i] > d->adc_b_max_s_per_mm2)
            continue;
        b->v[n] = b->v[i];
        if (averages->n == b->n)
            averages->v[n] = averages->v[i];
        n++;
    }
    averages->n = averages->n == b->n ? n : averages->n;
    b->n = n;
}

/* As the program fits the ADC: from its own subset, with one average of b = 0 beside it. */
static int allocate_adc(struct hep_allocated *out, const struct hep_allocation *free_of_rules,
                        const struct hep_allocate_request *q, struct hep_error *err)
{
    struct hep_allocation a = *free_of_rules;
    struct hep_list b = { .n = a.n_b }, one = { 1, { 1.0 } }, plan_b = *a.plan_b_s_per_mm2,
                    plan_n = *a.plan_averages;
    int rc;

    (void)memcpy(b.v, a.b_s_per_mm2, a.n_b * sizeof *b.v);
    keep_subset(&b, &one, q->cfg);
    keep_subset(&plan_b, &plan_n, q->cfg);
    a.b_s_per_mm2 = b.v;
    a.n_b = b.n;
    a.plan_b_s_per_mm2 = &plan_b;
    a.plan_averages = &plan_n;
    a.budget_s -= a.acquisition_s;
    rc = hep_allocation_find(out, &a, err);
    if (rc != HEP_OK || out->b_s_per_mm2.n == HEP_LIST_MAX)
        return rc;
    for (size_t i = out->b_s_per_mm2.n++; i > 0; i--) {
        out->b_s_per_mm2.v[i] = out->b_s_per_mm2.v[i - 1];
        out->averages.v[i] = out->averages.v[i - 1];
    }
    out->b_s_per_mm2.v[0] = 0.0;
    out->averages.v[0] = 1.0;
    out->averages.n = out->b_s_per_mm2.n;
    out->seconds += a.acquisition_s;
    return HEP_OK;
}

/* Put one average of a b-value into a design. */
static void insert(struct hep_list *b, struct hep_list *averages, double value)
{
    size_t i = b->n;

    for (; i > 0 && b->v[i - 1] > value; i--) {
        b->v[i] = b->v[i - 1];
        averages->v[i] = averages->v[i - 1];
    }
    b->v[i] = value;
    averages->v[i] = 1.0;
    averages->n = ++b->n;
}

static bool holds(const struct hep_list *b, double value)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->v[i] == value)
            return true;
    return false;
}

/* Of what one average more of one b-value mends, the best; the time for it is set aside first. */
static int allocate_with_one_more(struct hep_allocated *out, const struct hep_allocation *whole,
                                  const struct hep_allocate_request *q, struct hep_error *err)
{
    struct hep_allocation a = *whole;
    struct hep_allocated base, trial, best = { .objective = HUGE_VAL };
    struct hep_list b, averages;
    char demand[160] = "";
    int rc;

    a.n_simulated = 0;
    a.budget_s -= a.acquisition_s * a.directions;
    rc = hep_allocation_find(&base, &a, err);
    a.fixed_b_s_per_mm2 = &b;
    a.fixed_averages = &averages;
    for (size_t k = 0; rc == HEP_OK && k < a.n_b && base.b_s_per_mm2.n < HEP_LIST_MAX; k++) {
        size_t errors = 0;

        if (holds(&base.b_s_per_mm2, a.b_s_per_mm2[k]))
            continue;
        b = base.b_s_per_mm2;
        averages = base.averages;
        insert(&b, &averages, a.b_s_per_mm2[k]);
        rc = new_errors(&errors, demand, sizeof demand, q, &b, &averages, err);
        if (rc == HEP_OK && errors == 0)
            rc = hep_allocation_find(&trial, &a, err);
        if (rc == HEP_OK && errors == 0 && trial.objective < best.objective)
            best = trial;
    }
    if (rc == HEP_OK && best.b_s_per_mm2.n == 0)
        return HEP_FAIL(err, HEP_EDATA,
                        "no b-value more makes a protocol that the check accepts (%s)", demand);
    b = best.b_s_per_mm2;
    averages = best.averages;
    a.n_simulated = q->n_simulated;
    return rc == HEP_OK ? hep_allocation_find(out, &a, err) : rc;
}

int hep_allocate(struct hep_allocated *out, struct hep_allocate_price *price,
                 const struct hep_allocate_request *q, struct hep_error *err)
{
    const struct hep_config cfg = { .series[HEP_SERIES_DWI] = q->cfg->series[HEP_SERIES_DWI] };
    struct hep_allocation a;
    size_t errors = 0;
    int rc = fill(&a, q, err);

    *price = (struct hep_allocate_price){ .paid = false };
    if (rc == HEP_OK)
        rc = hep_allocation_find(out, &a, err);
    if (rc == HEP_OK && q->agents != NULL)
        rc = new_errors(&errors, price->demand, sizeof price->demand, q, &out->b_s_per_mm2,
                        &out->averages, err);
    if (rc == HEP_OK && errors > 0) {
        price->paid = true;
        price->objective_free = out->objective;
        price->b_free_s_per_mm2 = out->b_s_per_mm2;
        rc = q->model == HEP_PRECISION_MONO ? allocate_adc(out, &a, q, err)
                                            : allocate_with_one_more(out, &a, q, err);
    }
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
