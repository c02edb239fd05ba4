#include "evaluation/evaluation.h"

#include "base/alloc.h"
#include "evaluation/ranked.h"

#include <math.h>

/* ---- counts ---------------------------------------------------------------------------------- */

static void count_into(struct hep_proportion *p, bool hit)
{
    p->n++;
    p->k += hit;
}

static void settle(struct hep_proportion *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = hep_wilson(p[i].k, p[i].n);
}

static void count_lesions(struct hep_eval_result *r, const struct hep_ranked *ranked)
{
    const struct hep_eval_data *d = ranked->data;

    for (size_t l = 0; l < d->n_lesions; l++) {
        const struct hep_eval_lesion *lesion = &d->lesions[l];
        const enum hep_size_class size = hep_size_class(lesion->diameter_mm);
        const bool found = lesion->finding != HEP_NO_MATCH;
        const bool called = ranked->called[l];

        count_into(&r->sensitivity[HEP_TASK_DETECTION], found);
        count_into(&r->by_size[HEP_TASK_DETECTION][size], found);
        if (lesion->class == HEP_CLASS_METASTASIS) {
            count_into(&r->sensitivity[HEP_TASK_METASTASIS], called);
            count_into(&r->by_size[HEP_TASK_METASTASIS][size], called);
        } else {
            r->n_mimics_called += called;
        }
        if (lesion->class == HEP_CLASS_COUNT)
            continue;
        count_into(&r->found[lesion->class], found);
        if (found)
            count_into(&r->called[lesion->class], called);
        r->confusion[lesion->class]
                    [found ? d->findings[lesion->finding].class : HEP_CLASS_COUNT + 1]++;
    }
}

static void count_findings(struct hep_eval_result *r, const struct hep_eval_data *d)
{
    for (size_t i = 0; i < d->n_findings; i++) {
        const struct hep_eval_finding *f = &d->findings[i];

        r->has_calls = r->has_calls || f->class != HEP_CLASS_COUNT || isfinite(f->probability);
        r->n_extra += f->fate == HEP_FATE_EXTRA;
        if (f->fate != HEP_FATE_FALSE)
            continue;
        r->n_false++;
        r->n_false_called += hep_eval_is_called(f);
        r->confusion[HEP_CLASS_COUNT][f->class]++;
    }
    for (size_t s = 0; s < d->n_studies; s++)
        r->n_with_findings += d->studies[s].has_findings;
}

static void count_patients(struct hep_eval_result *r, const struct hep_ranked *ranked)
{
    for (size_t p = 0; p < ranked->data->n_patients; p++) {
        const struct hep_patient_state *state = &ranked->patient[p];

        if (state->has_metastasis)
            count_into(&r->patient_sensitivity, state->is_called);
        else if (state->has_findings)
            count_into(&r->patient_specificity, !state->is_called);
    }
}

static void settle_all(struct hep_eval_result *r)
{
    settle(r->sensitivity, HEP_TASK_COUNT);
    for (int task = 0; task < (int)HEP_TASK_COUNT; task++)
        settle(r->by_size[task], HEP_SIZE_COUNT);
    settle(r->found, HEP_CLASS_COUNT);
    settle(r->called, HEP_CLASS_COUNT);
    settle(&r->patient_sensitivity, 1);
    settle(&r->patient_specificity, 1);
}

static void copy_interval(struct hep_proportion *p, const struct hep_interval *by_patient)
{
    p->by_patient[0] = by_patient->lo;
    p->by_patient[1] = by_patient->hi;
}

/* Copy the intervals of the bootstrap to the proportions and rates that they belong to. */
static void copy_intervals(struct hep_eval_result *r)
{
    for (int task = 0; task < (int)HEP_TASK_COUNT; task++) {
        const struct hep_interval *number = &r->number[(size_t)task * HEP_NUMBERS_PER_TASK];

        copy_interval(&r->sensitivity[task], &number[HEP_NUMBER_SENSITIVITY]);
        for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
            copy_interval(&r->by_size[task][s], &number[HEP_NUMBER_SIZE + s]);
        for (size_t k = 0; k < HEP_FROC_N; k++)
            r->at[task][k] =
                (struct hep_eval_rate){ hep_froc_rates[k], number[HEP_NUMBER_AT_RATE + k] };
    }
    copy_interval(&r->patient_sensitivity, &r->number[HEP_WHOLE_PATIENT_SENSITIVITY]);
    copy_interval(&r->patient_specificity, &r->number[HEP_WHOLE_PATIENT_SPECIFICITY]);
}

/* ---- curves and areas ------------------------------------------------------------------------ */

static int draw_curves(struct hep_eval_result *r, const struct hep_ranked *ranked,
                       struct hep_error *err)
{
    for (int task = 0; task < (int)HEP_TASK_COUNT; task++) {
        const size_t n = ranked->n_marks[task];

        if (HEP_NEW(r->curve[task], n + 1, err) != HEP_OK)
            return HEP_ENOMEM;
        r->n_curve[task] =
            hep_froc_curve(r->curve[task], ranked->mark[task], n, (double)r->sensitivity[task].n,
                           (double)r->n_with_findings);
    }
    return HEP_OK;
}

static int area_of(struct hep_auc *out, const struct hep_auc_case *cases, size_t n,
                   struct hep_error *err)
{
    double *split = hep_calloc(n + 1, sizeof *split, err);
    size_t m = 0, k = 0;
    int rc;

    if (split == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (cases[i].is_positive)
            split[m++] = cases[i].score;
    for (size_t i = 0; i < n; i++)
        if (!cases[i].is_positive)
            split[m + k++] = cases[i].score;
    rc = hep_auc_delong(out, split, m, split + m, k, err);
    free(split);
    return rc;
}

static int check(const struct hep_eval_data *d, struct hep_error *err)
{
    for (size_t s = 0; s < d->n_studies; s++)
        if (d->studies[s].patient >= d->n_patients)
            return HEP_FAIL(err, HEP_EINVAL, "study %zu: patient %zu of %zu", s,
                            d->studies[s].patient, d->n_patients);
    for (size_t l = 0; l < d->n_lesions; l++)
        if (d->lesions[l].study >= d->n_studies ||
            (d->lesions[l].finding != HEP_NO_MATCH && d->lesions[l].finding >= d->n_findings))
            return HEP_FAIL(err, HEP_EINVAL, "lesion %zu: study or finding out of range", l);
    for (size_t i = 0; i < d->n_findings; i++)
        if (d->findings[i].study >= d->n_studies ||
            (d->findings[i].lesion == HEP_NO_MATCH) != (d->findings[i].fate == HEP_FATE_FALSE) ||
            (d->findings[i].lesion != HEP_NO_MATCH && d->findings[i].lesion >= d->n_lesions))
            return HEP_FAIL(err, HEP_EINVAL, "finding %zu: study or lesion out of range", i);
    return HEP_OK;
}

int hep_evaluate(struct hep_eval_result *out, const struct hep_eval_data *data, size_t replicates,
                 uint64_t seed, struct hep_error *err)
{
    struct hep_ranked ranked = { .data = NULL };
    int rc = check(data, err);

    *out = (struct hep_eval_result){ .score = HEP_SCORE_NONE };
    if (rc == HEP_OK)
        rc = hep_ranked_init(&ranked, data, err);
    if (rc == HEP_OK) {
        out->score = ranked.score;
        count_lesions(out, &ranked);
        count_findings(out, data);
        count_patients(out, &ranked);
        settle_all(out);
        hep_calibration_of(&out->calibration, ranked.forecast, ranked.n_forecasts, NULL);
        hep_calibration_at_prevalence(&out->at_prevalence, ranked.forecast, ranked.n_forecasts);
        rc = draw_curves(out, &ranked, err);
    }
    if (rc == HEP_OK)
        rc = area_of(&out->auc_lesions, ranked.lesion_case, ranked.n_lesion_cases, err);
    if (rc == HEP_OK)
        rc = area_of(&out->auc_findings, ranked.finding_case, ranked.n_finding_cases, err);
    if (rc == HEP_OK)
        rc = hep_bootstrap(out->number, HEP_EVAL_N_NUMBERS, hep_ranked_numbers, &ranked,
                           data->n_patients, replicates, seed, err);
    if (rc == HEP_OK)
        copy_intervals(out);
    if (rc == HEP_OK)
        rc = hep_flag_figures_of(out->flag, data, replicates, seed, err);
    hep_ranked_release(&ranked);
    if (rc != HEP_OK)
        hep_eval_release(out);
    return rc;
}

void hep_eval_release(struct hep_eval_result *r)
{
    for (int task = 0; task < (int)HEP_TASK_COUNT; task++) {
        free(r->curve[task]);
        r->curve[task] = NULL;
        r->n_curve[task] = 0;
    }
}
