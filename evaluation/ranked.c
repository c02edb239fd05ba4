#include "evaluation/ranked.h"

#include "base/alloc.h"

#include <math.h>

static size_t patient_of(const struct hep_eval_data *d, size_t study)
{
    return d->studies[study].patient;
}

static enum hep_eval_score usable_score(const struct hep_eval_data *d)
{
    bool detection = true, probability = true;

    for (size_t i = 0; i < d->n_findings; i++) {
        detection = detection && isfinite(d->findings[i].detection_score);
        probability = probability && isfinite(d->findings[i].probability);
    }
    return detection ? HEP_SCORE_DETECTION : probability ? HEP_SCORE_PROBABILITY : HEP_SCORE_NONE;
}

static double score_of(const struct hep_ranked *r, const struct hep_eval_finding *f,
                       enum hep_eval_task task)
{
    if (task == HEP_TASK_METASTASIS) {
        if (isfinite(f->probability))
            return f->probability;
        return hep_eval_is_called(f) ? 1.0 : (double)NAN;
    }
    if (r->score == HEP_SCORE_DETECTION)
        return f->detection_score;
    return r->score == HEP_SCORE_PROBABILITY ? f->probability : 1.0;
}

static void add_mark(struct hep_ranked *r, enum hep_eval_task task, double score, size_t study,
                     bool is_true)
{
    if (isfinite(score))
        r->mark[task][r->n_marks[task]++] =
            (struct hep_froc_mark){ score, patient_of(r->data, study), is_true };
}

/* Highest score of the findings on each lesion. */
static void best_scores(double *best, const struct hep_ranked *r, enum hep_eval_task task)
{
    const struct hep_eval_data *d = r->data;

    for (size_t l = 0; l < d->n_lesions; l++)
        best[l] = (double)NAN;
    for (size_t i = 0; i < d->n_findings; i++)
        if (d->findings[i].lesion != HEP_NO_MATCH)
            best[d->findings[i].lesion] =
                fmax(best[d->findings[i].lesion], score_of(r, &d->findings[i], task));
}

static void collect_marks(struct hep_ranked *r, const double *best, enum hep_eval_task task)
{
    const struct hep_eval_data *d = r->data;

    for (size_t l = 0; l < d->n_lesions; l++) {
        const bool wanted =
            task == HEP_TASK_DETECTION || d->lesions[l].class == HEP_CLASS_METASTASIS;

        if (d->lesions[l].finding != HEP_NO_MATCH)
            add_mark(r, task, best[l], d->lesions[l].study, wanted);
    }
    for (size_t i = 0; i < d->n_findings; i++)
        if (d->findings[i].fate == HEP_FATE_FALSE)
            add_mark(r, task, score_of(r, &d->findings[i], task), d->findings[i].study, false);
    hep_froc_sort(r->mark[task], r->n_marks[task]);
}

static void collect_probabilities(struct hep_ranked *r)
{
    const struct hep_eval_data *d = r->data;

    for (size_t i = 0; i < d->n_findings; i++) {
        const struct hep_eval_finding *f = &d->findings[i];
        const bool on_lesion = f->fate == HEP_FATE_TRUE;
        const bool is_metastasis = on_lesion && d->lesions[f->lesion].class == HEP_CLASS_METASTASIS;
        const struct hep_auc_case c = { f->probability, patient_of(d, f->study), is_metastasis };

        if (f->fate == HEP_FATE_EXTRA || !isfinite(f->probability))
            continue;
        r->finding_case[r->n_finding_cases++] = c;
        if (on_lesion)
            r->lesion_case[r->n_lesion_cases++] = c;
        r->forecast[r->n_forecasts++] =
            (struct hep_forecast){ c.score, c.patient, c.is_positive, f->prior };
    }
    hep_auc_sort(r->lesion_case, r->n_lesion_cases);
    hep_auc_sort(r->finding_case, r->n_finding_cases);
}

static void judge_patients(struct hep_ranked *r)
{
    const struct hep_eval_data *d = r->data;

    for (size_t s = 0; s < d->n_studies; s++)
        if (d->studies[s].has_findings)
            r->patient[d->studies[s].patient].has_findings = true;
    for (size_t l = 0; l < d->n_lesions; l++)
        if (d->lesions[l].class == HEP_CLASS_METASTASIS)
            r->patient[patient_of(d, d->lesions[l].study)].has_metastasis = true;
    for (size_t i = 0; i < d->n_findings; i++) {
        const struct hep_eval_finding *f = &d->findings[i];

        if (!hep_eval_is_called(f))
            continue;
        r->patient[patient_of(d, f->study)].is_called = true;
        if (f->lesion != HEP_NO_MATCH)
            r->called[f->lesion] = true;
    }
}

int hep_ranked_init(struct hep_ranked *r, const struct hep_eval_data *data, struct hep_error *err)
{
    const size_t all = data->n_lesions + data->n_findings + 1;
    double *best = hep_calloc(all, sizeof *best, err);

    *r = (struct hep_ranked){ .data = data, .score = usable_score(data) };
    r->called = hep_calloc(all, sizeof *r->called, err);
    r->patient = hep_calloc(data->n_patients + 1, sizeof *r->patient, err);
    r->lesion_case = hep_calloc(all, sizeof *r->lesion_case, err);
    r->finding_case = hep_calloc(all, sizeof *r->finding_case, err);
    r->forecast = hep_calloc(all, sizeof *r->forecast, err);
    r->mark[0] = hep_calloc(all, sizeof *r->mark[0], err);
    r->mark[1] = hep_calloc(all, sizeof *r->mark[1], err);
    if (!best || !r->called || !r->patient || !r->lesion_case || !r->finding_case || !r->forecast ||
        !r->mark[0] || !r->mark[1]) {
        free(best);
        return HEP_ENOMEM;
    }
    judge_patients(r);
    for (int task = 0; task < (int)HEP_TASK_COUNT; task++) {
        best_scores(best, r, (enum hep_eval_task)task);
        collect_marks(r, best, (enum hep_eval_task)task);
    }
    collect_probabilities(r);
    free(best);
    return HEP_OK;
}

void hep_ranked_release(struct hep_ranked *r)
{
    free(r->called);
    free(r->patient);
    free(r->lesion_case);
    free(r->finding_case);
    free(r->forecast);
    free(r->mark[0]);
    free(r->mark[1]);
    *r = (struct hep_ranked){ .data = NULL };
}

/* ---- numbers --------------------------------------------------------------------------------- */

static double studies_with_findings(const struct hep_eval_data *d, const double *weight)
{
    double sum = 0.0;

    for (size_t s = 0; s < d->n_studies; s++)
        sum += d->studies[s].has_findings ? weight[d->studies[s].patient] : 0.0;
    return sum;
}

static void task_numbers(double *out, const struct hep_ranked *r, const double *weight,
                         double studies, enum hep_eval_task task)
{
    const bool metastasis = task == HEP_TASK_METASTASIS;
    const struct hep_eval_data *d = r->data;
    double hit[HEP_SIZE_COUNT] = { 0 }, of[HEP_SIZE_COUNT] = { 0 };
    double hits = 0.0, lesions = 0.0, wrong = 0.0;

    for (size_t l = 0; l < d->n_lesions; l++) {
        const struct hep_eval_lesion *lesion = &d->lesions[l];
        const double w = weight[patient_of(d, lesion->study)];
        const bool found = lesion->finding != HEP_NO_MATCH;

        if (metastasis && lesion->class != HEP_CLASS_METASTASIS) {
            wrong += r->called[l] ? w : 0.0;
            continue;
        }
        of[hep_size_class(lesion->diameter_mm)] += w;
        if (found && (!metastasis || r->called[l]))
            hit[hep_size_class(lesion->diameter_mm)] += w;
    }
    for (size_t i = 0; i < d->n_findings; i++)
        if (d->findings[i].fate == HEP_FATE_FALSE &&
            (!metastasis || hep_eval_is_called(&d->findings[i])))
            wrong += weight[patient_of(d, d->findings[i].study)];
    for (size_t k = 0; k < HEP_SIZE_COUNT; k++) {
        out[HEP_NUMBER_SIZE + k] = hit[k] / of[k];
        hits += hit[k];
        lesions += of[k];
    }
    out[HEP_NUMBER_SENSITIVITY] = hits / lesions;
    out[HEP_NUMBER_FALSE_PER_STUDY] = wrong / studies;
    hep_froc_at(out + HEP_NUMBER_AT_RATE, out + HEP_NUMBER_CPM, r->mark[task], r->n_marks[task],
                weight, lesions, studies);
}

static void liver_numbers(double *out, const struct hep_eval_data *d, const double *weight)
{
    double sum[4] = { 0 }, of[4] = { 0 };

    for (size_t s = 0; s < d->n_studies; s++) {
        const struct hep_overlap *o = &d->studies[s].liver;
        const double value[4] = { o->dice, o->mean_surface_mm, o->hd95_mm, o->volume_error_frac };
        const double w = weight[d->studies[s].patient];

        for (size_t k = 0; d->studies[s].has_liver && k < 4; k++)
            if (isfinite(value[k])) {
                sum[k] += w * value[k];
                of[k] += w;
            }
    }
    for (size_t k = 0; k < 4; k++)
        out[HEP_WHOLE_LIVER_DICE + k] = sum[k] / of[k];
}

static void patient_numbers(double *out, const struct hep_ranked *r, const double *weight)
{
    double hits = 0.0, sick = 0.0, cleared = 0.0, healthy = 0.0;

    for (size_t p = 0; p < r->data->n_patients; p++) {
        const struct hep_patient_state *state = &r->patient[p];

        if (state->has_metastasis) {
            sick += weight[p];
            hits += state->is_called ? weight[p] : 0.0;
        } else if (state->has_findings) {
            healthy += weight[p];
            cleared += state->is_called ? 0.0 : weight[p];
        }
    }
    out[HEP_WHOLE_PATIENT_SENSITIVITY] = hits / sick;
    out[HEP_WHOLE_PATIENT_SPECIFICITY] = cleared / healthy;
}

void hep_ranked_numbers(double *out, const double *weight, const void *ranked)
{
    const struct hep_ranked *r = ranked;
    const double studies = studies_with_findings(r->data, weight);
    struct hep_calibration calibration;

    for (int task = 0; task < (int)HEP_TASK_COUNT; task++)
        task_numbers(out + (size_t)task * HEP_NUMBERS_PER_TASK, r, weight, studies,
                     (enum hep_eval_task)task);
    patient_numbers(out, r, weight);
    out[HEP_WHOLE_AUC_LESIONS] = hep_auc_weighted(r->lesion_case, r->n_lesion_cases, weight);
    out[HEP_WHOLE_AUC_FINDINGS] = hep_auc_weighted(r->finding_case, r->n_finding_cases, weight);
    hep_calibration_of(&calibration, r->forecast, r->n_forecasts, weight);
    out[HEP_WHOLE_BRIER] = calibration.brier;
    out[HEP_WHOLE_ECE] = calibration.ece;
    liver_numbers(out, r->data, weight);
}
