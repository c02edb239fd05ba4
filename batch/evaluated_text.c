#include "batch/evaluate.h"

#include <math.h>

static void percent(struct hep_str *out, double v)
{
    if (isfinite(v))
        hep_str_addf(out, "%.1f %%", 100.0 * v);
    else
        hep_str_add(out, "n/a");
}

/* "41 of 50, 82.0 % (69.2-90.2)" */
static void proportion(struct hep_str *out, const struct hep_proportion *p)
{
    if (p->n == 0) {
        hep_str_add(out, "none");
        return;
    }
    hep_str_addf(out, "%zu of %zu, ", p->k, p->n);
    percent(out, p->value);
    hep_str_addf(out, " (%.1f-%.1f)", 100.0 * p->lo, 100.0 * p->hi);
}

static void value(struct hep_str *out, const char *name, const struct hep_interval *i)
{
    if (!isfinite(i->value))
        return;
    hep_str_addf(out, "  %-28s%.3g", name, i->value);
    if (isfinite(i->lo))
        hep_str_addf(out, " (%.3g-%.3g)", i->lo, i->hi);
    hep_str_add(out, "\n");
}

static void studies(struct hep_str *out, const struct hep_evaluated *e)
{
    size_t count[3] = { 0 };

    for (size_t s = 0; s < e->n_studies; s++)
        count[e->entry[s].state]++;
    hep_str_addf(out, "%zu studies of %zu patients: %zu evaluated", e->n_studies, e->n_patients,
                 count[HEP_EVAL_DONE]);
    if (count[HEP_EVAL_FAILED] + count[HEP_EVAL_MISSING] > 0)
        hep_str_addf(out, ", %zu failed, %zu missing: their lesions count as missed",
                     count[HEP_EVAL_FAILED], count[HEP_EVAL_MISSING]);
    if (e->n_without_truth > 0)
        hep_str_addf(out, "; %zu outputs without truth left out", e->n_without_truth);
    hep_str_add(out, "\n");
}

static void task(struct hep_str *out, const struct hep_eval_result *r, int t)
{
    const struct hep_interval *number = &r->number[(size_t)t * HEP_NUMBERS_PER_TASK];

    hep_str_add(out, t == (int)HEP_TASK_DETECTION ? "\nLesions of any kind\n"
                                                  : "\nMetastases, found and called so\n");
    hep_str_add(out, "  sensitivity                 ");
    proportion(out, &r->sensitivity[t]);
    hep_str_add(out, "\n");
    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++) {
        if (r->by_size[t][s].n == 0)
            continue;
        hep_str_addf(out, "    %-7s mm                ",
                     hep_size_class_name((enum hep_size_class)s));
        proportion(out, &r->by_size[t][s]);
        hep_str_add(out, "\n");
    }
    value(out, "false positives per study", &number[HEP_NUMBER_FALSE_PER_STUDY]);
    if (t == (int)HEP_TASK_DETECTION)
        hep_str_addf(out, "  false positives, splits     %zu, %zu\n", r->n_false, r->n_extra);
    else
        hep_str_addf(out, "  of these on nothing, mimics  %zu, %zu\n", r->n_false_called,
                     r->n_mimics_called);
    if (isfinite(number[HEP_NUMBER_AT_RATE].value)) {
        hep_str_add(out, "  at 0.125, 0.25, ... 8       ");
        for (size_t k = 0; k < HEP_FROC_N; k++)
            hep_str_addf(out, "%s%.3f", k > 0 ? " " : "", number[HEP_NUMBER_AT_RATE + k].value);
        hep_str_add(out, "\n");
    }
    value(out, "mean of these", &number[HEP_NUMBER_CPM]);
}

static void whole(struct hep_str *out, const struct hep_eval_result *r)
{
    hep_str_add(out, "\nPatients\n  sensitivity                 ");
    proportion(out, &r->patient_sensitivity);
    hep_str_add(out, "\n  specificity                 ");
    proportion(out, &r->patient_specificity);
    hep_str_add(out, "\n");
    value(out, "AUC, lesions found", &r->number[HEP_WHOLE_AUC_LESIONS]);
    value(out, "AUC, all findings", &r->number[HEP_WHOLE_AUC_FINDINGS]);
    value(out, "Brier score", &r->number[HEP_WHOLE_BRIER]);
    value(out, "calibration error", &r->number[HEP_WHOLE_ECE]);
    if (isfinite(r->at_prevalence.brier))
        hep_str_addf(out,
                     "  with the prior %.2f that this set has: Brier score %.3f, calibration error "
                     "%.3f\n",
                     r->at_prevalence.prior, r->at_prevalence.brier, r->at_prevalence.ece);
    if (!isfinite(r->number[HEP_WHOLE_LIVER_DICE].value))
        return;
    hep_str_add(out, "\nLiver\n");
    value(out, "Dice", &r->number[HEP_WHOLE_LIVER_DICE]);
    value(out, "mean surface distance, mm", &r->number[HEP_WHOLE_LIVER_MEAN_SURFACE]);
    value(out, "95 % surface distance, mm", &r->number[HEP_WHOLE_LIVER_HD95]);
    value(out, "volume error", &r->number[HEP_WHOLE_LIVER_VOLUME_ERROR]);
}

static void flags(struct hep_str *out, const struct hep_eval_result *r)
{
    bool head = false;

    for (int f = 0; f < (int)HEP_FLAG_COUNT; f++) {
        const struct hep_eval_flag *flag = &r->flag[f];

        if (flag->not_assessable.n == 0)
            continue;
        if (!head)
            hep_str_add(out, "\nFlags of lesions that were found     sensitivity  specificity  "
                             "not assessable\n");
        head = true;
        hep_str_addf(out, "  %-28s %6zu/%-6zu %5zu/%-6zu %6zu/%zu\n",
                     hep_flag_name((enum hep_flag)f), flag->sensitivity.k, flag->sensitivity.n,
                     flag->specificity.k, flag->specificity.n, flag->not_assessable.k,
                     flag->not_assessable.n);
    }
}

static void maps(struct hep_str *out, const struct hep_evaluated *e)
{
    bool head = false;

    for (int map = 0; map < (int)HEP_EVAL_N_MAPS; map++)
        for (int g = 0; g < (int)HEP_GROUP_COUNT; g++) {
            const struct hep_agreement *a = &e->map[map][g].agreement;

            if (a->n == 0)
                continue;
            if (!head)
                hep_str_add(out, "\nMaps against the truth          n      truth       bias  "
                                 "limits of agreement\n");
            head = true;
            hep_str_addf(
                out, "  %-17s%-13s%4zu %10.4g %10.3g  ", hep_eval_map_name((enum hep_eval_map)map),
                hep_eval_group_name((enum hep_eval_group)g), a->n, a->mean_reference, a->bias);
            if (isfinite(a->sd))
                hep_str_addf(out, "%.3g to %.3g", a->lower, a->upper);
            else
                hep_str_add(out, "n/a");
            hep_str_addf(out, " %s\n", hep_eval_map_unit((enum hep_eval_map)map));
        }
}

void hep_evaluated_text(struct hep_str *out, const struct hep_evaluated *e)
{
    studies(out, e);
    task(out, &e->result, HEP_TASK_DETECTION);
    if (e->result.has_calls || e->n_findings == 0)
        task(out, &e->result, HEP_TASK_METASTASIS);
    else
        hep_str_add(out, "\nNo finding has a class or a probability: nothing is said of "
                         "metastases\n");
    whole(out, &e->result);
    flags(out, &e->result);
    maps(out, e);
    hep_str_add(out, "\nIntervals: 95 %; Wilson beside counts, bootstrap by patient elsewhere\n");
}
