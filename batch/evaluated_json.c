#include "batch/evaluate.h"

#include "base/json_put.h"

#include <math.h>

static struct hep_json *interval_json(struct hep_put *p, double lo, double hi)
{
    struct hep_json *a = hep_json_new_array();

    hep_put_item(p, a, hep_json_new_number(lo));
    hep_put_item(p, a, hep_json_new_number(hi));
    return a;
}

static void put_interval(struct hep_put *p, struct hep_json *o, const char *key,
                         const struct hep_interval *i)
{
    struct hep_json *one = hep_json_new_object();

    hep_put_number(p, one, "value", i->value);
    hep_put(p, one, "bootstrap_95", interval_json(p, i->lo, i->hi));
    hep_put(p, o, key, one);
}

/* A proportion with Wilson's interval; `by_patient` may be NULL. */
static void put_proportion(struct hep_put *p, struct hep_json *o, const char *key,
                           const struct hep_proportion *q, const struct hep_interval *by_patient)
{
    struct hep_json *one = hep_json_new_object();

    hep_put_count(p, one, "k", q->k);
    hep_put_count(p, one, "n", q->n);
    hep_put_number(p, one, "value", q->value);
    hep_put(p, one, "wilson_95", interval_json(p, q->lo, q->hi));
    if (by_patient != NULL)
        hep_put(p, one, "bootstrap_95", interval_json(p, by_patient->lo, by_patient->hi));
    hep_put(p, o, key, one);
}

/* ---- studies --------------------------------------------------------------------------------- */

static void put_liver(struct hep_put *p, struct hep_json *o, const struct hep_eval_study *s)
{
    struct hep_json *liver = hep_json_new_object();

    if (!s->has_liver) {
        hep_json_free(liver);
        return;
    }
    hep_put_number(p, liver, "dice", s->liver.dice);
    hep_put_number(p, liver, "mean_surface_mm", s->liver.mean_surface_mm);
    hep_put_number(p, liver, "hd95_mm", s->liver.hd95_mm);
    hep_put_number(p, liver, "volume_error", s->liver.volume_error_frac);
    hep_put(p, o, "liver", liver);
}

static void put_studies(struct hep_put *p, struct hep_json *root, const struct hep_evaluated *e)
{
    struct hep_json *o = hep_json_new_object(), *list = hep_json_new_array();
    struct hep_json *others = hep_json_new_array();
    size_t count[3] = { 0 };

    for (size_t i = 0; i < e->n_studies; i++) {
        const struct hep_eval_entry *entry = &e->entry[i];
        struct hep_json *one = hep_json_new_object();

        count[entry->state]++;
        hep_put_text(p, one, "study", entry->label);
        hep_put_text(p, one, "state", hep_eval_state_name(entry->state));
        if (entry->state != HEP_EVAL_DONE)
            hep_put_text(p, one, "reason", entry->reason);
        hep_put_count(p, one, "lesions", entry->n_lesions);
        hep_put_count(p, one, "findings", entry->n_findings);
        hep_put_text(p, one, "geometry", entry->has_masks ? "masks" : "centres");
        put_liver(p, one, &e->study[i]);
        hep_put_item(p, list, one);
    }
    for (size_t i = 0; i < e->n_without_truth; i++)
        hep_put_item(p, others, hep_json_new_string(e->without_truth[i]));
    hep_put_count(p, o, "n", e->n_studies);
    hep_put_count(p, o, "patients", e->n_patients);
    for (int s = 0; s < 3; s++)
        hep_put_count(p, o, hep_eval_state_name((enum hep_eval_state)s), count[s]);
    hep_put(p, o, "without_truth", others);
    hep_put(p, o, "list", list);
    hep_put(p, root, "studies", o);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static struct hep_json *froc_json(struct hep_put *p, const struct hep_eval_result *r,
                                  const struct hep_interval *number, int task)
{
    struct hep_json *o = hep_json_new_object(), *at = hep_json_new_array();
    struct hep_json *curve = hep_json_new_array();

    for (size_t k = 0; k < HEP_FROC_N; k++) {
        const struct hep_interval *i = &number[HEP_NUMBER_AT_RATE + k];
        struct hep_json *one = hep_json_new_object();

        hep_put_number(p, one, "false_positives_per_study", hep_froc_rates[k]);
        hep_put_number(p, one, "sensitivity", i->value);
        hep_put(p, one, "bootstrap_95", interval_json(p, i->lo, i->hi));
        hep_put_item(p, at, one);
    }
    for (size_t i = 0; i < r->n_curve[task]; i++) {
        const struct hep_froc_point *c = &r->curve[task][i];
        struct hep_json *one = hep_json_new_object();

        hep_put_number(p, one, "threshold", c->threshold);
        hep_put_number(p, one, "false_positives_per_study", c->false_per_study);
        hep_put_number(p, one, "sensitivity", c->sensitivity);
        hep_put_item(p, curve, one);
    }
    hep_put(p, o, "at", at);
    hep_put(p, o, "curve", curve);
    put_interval(p, o, "mean", &number[HEP_NUMBER_CPM]);
    hep_put_text(p, o, "ranked_by",
                 task == (int)HEP_TASK_METASTASIS ? "probability_metastasis"
                                                  : hep_eval_score_name(r->score));
    return o;
}

static struct hep_json *task_json(struct hep_put *p, const struct hep_eval_result *r, int task)
{
    const struct hep_interval *number = &r->number[(size_t)task * HEP_NUMBERS_PER_TASK];
    struct hep_json *o = hep_json_new_object(), *sizes = hep_json_new_object();

    put_proportion(p, o, "sensitivity", &r->sensitivity[task], &number[HEP_NUMBER_SENSITIVITY]);
    put_interval(p, o, "false_positives_per_study", &number[HEP_NUMBER_FALSE_PER_STUDY]);
    hep_put(p, o, "froc", froc_json(p, r, number, task));
    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
        if (r->by_size[task][s].n > 0)
            put_proportion(p, sizes, hep_size_class_name((enum hep_size_class)s),
                           &r->by_size[task][s], &number[HEP_NUMBER_SIZE + s]);
    hep_put(p, o, "by_size_mm", sizes);
    return o;
}

static void put_classes(struct hep_put *p, struct hep_json *o, const char *key,
                        const struct hep_proportion *of)
{
    struct hep_json *classes = hep_json_new_object();

    for (int c = 0; c < (int)HEP_CLASS_COUNT; c++)
        if (of[c].n > 0)
            put_proportion(p, classes, hep_class_name((enum hep_lesion_class)c), &of[c], NULL);
    hep_put(p, o, key, classes);
}

static void put_detection(struct hep_put *p, struct hep_json *root, const struct hep_eval_result *r)
{
    struct hep_json *o = task_json(p, r, HEP_TASK_DETECTION);

    hep_put_count(p, o, "false_positives", r->n_false);
    hep_put_count(p, o, "split_detections", r->n_extra);
    put_classes(p, o, "by_class", r->found);
    hep_put(p, root, "detection", o);
}

static void put_auc(struct hep_put *p, struct hep_json *o, const char *key,
                    const struct hep_auc *auc, const struct hep_interval *by_patient)
{
    struct hep_json *one = hep_json_new_object();

    hep_put_count(p, one, "n_positive", auc->n_positive);
    hep_put_count(p, one, "n_negative", auc->n_negative);
    hep_put_number(p, one, "value", auc->value);
    hep_put(p, one, "delong_95", interval_json(p, auc->lo, auc->hi));
    hep_put(p, one, "bootstrap_95", interval_json(p, by_patient->lo, by_patient->hi));
    hep_put(p, o, key, one);
}

static void put_metastasis(struct hep_put *p, struct hep_json *root,
                           const struct hep_eval_result *r)
{
    struct hep_json *o = task_json(p, r, HEP_TASK_METASTASIS);

    hep_put_count(p, o, "false_positives_without_lesion", r->n_false_called);
    hep_put_count(p, o, "mimics_called_metastasis", r->n_mimics_called);
    put_classes(p, o, "called_metastasis", r->called);
    put_auc(p, o, "auc_detected_lesions", &r->auc_lesions, &r->number[HEP_WHOLE_AUC_LESIONS]);
    put_auc(p, o, "auc_findings", &r->auc_findings, &r->number[HEP_WHOLE_AUC_FINDINGS]);
    hep_put(p, root, "metastasis", o);
    o = hep_json_new_object();
    put_proportion(p, o, "sensitivity", &r->patient_sensitivity,
                   &r->number[HEP_WHOLE_PATIENT_SENSITIVITY]);
    put_proportion(p, o, "specificity", &r->patient_specificity,
                   &r->number[HEP_WHOLE_PATIENT_SPECIFICITY]);
    hep_put(p, root, "patients", o);
}

static void put_confusion(struct hep_put *p, struct hep_json *root, const struct hep_eval_result *r)
{
    struct hep_json *o = hep_json_new_object();

    for (int row = 0; row <= (int)HEP_CLASS_COUNT; row++) {
        struct hep_json *line = hep_json_new_object();

        for (int c = 0; c < (int)HEP_CLASS_COUNT; c++)
            hep_put_count(p, line, hep_class_name((enum hep_lesion_class)c), r->confusion[row][c]);
        hep_put_count(p, line, "not_given", r->confusion[row][HEP_CLASS_COUNT]);
        if (row < (int)HEP_CLASS_COUNT)
            hep_put_count(p, line, "missed", r->confusion[row][HEP_CLASS_COUNT + 1]);
        hep_put(p, o,
                row < (int)HEP_CLASS_COUNT ? hep_class_name((enum hep_lesion_class)row)
                                           : "no_lesion",
                line);
    }
    hep_put(p, root, "confusion", o);
}

/* ---- flags, probabilities, maps -------------------------------------------------------------- */

static struct hep_json *flag_json(struct hep_put *p, const struct hep_eval_flag *f)
{
    struct hep_json *o = hep_json_new_object();

    put_proportion(p, o, "sensitivity", &f->sensitivity, NULL);
    put_proportion(p, o, "specificity", &f->specificity, NULL);
    put_proportion(p, o, "not_assessable", &f->not_assessable, NULL);
    return o;
}

static void put_flags(struct hep_put *p, struct hep_json *root, const struct hep_eval_result *r)
{
    struct hep_json *o = hep_json_new_object();

    for (int f = 0; f < (int)HEP_FLAG_COUNT; f++) {
        struct hep_json *one;

        if (r->flag[f].not_assessable.n == 0)
            continue;
        one = hep_json_new_object();
        hep_put(p, one, "all", flag_json(p, &r->flag[f]));
        hep_put(p, one, "from_8_mm", flag_json(p, &r->flag_large[f]));
        hep_put(p, o, hep_flag_name((enum hep_flag)f), one);
    }
    hep_put(p, root, "flags", o);
}

static struct hep_json *reliability(struct hep_put *p, const struct hep_calibration *c)
{
    struct hep_json *bins = hep_json_new_array();

    for (size_t b = 0; b < HEP_CALIBRATION_BINS; b++) {
        struct hep_json *one = hep_json_new_object();

        hep_put_number(p, one, "from", (double)b / HEP_CALIBRATION_BINS);
        hep_put_number(p, one, "n", c->bin[b].n);
        hep_put_number(p, one, "mean_probability", c->bin[b].mean_probability);
        hep_put_number(p, one, "fraction", c->bin[b].fraction);
        hep_put_item(p, bins, one);
    }
    return bins;
}

static void put_calibration(struct hep_put *p, struct hep_json *root,
                            const struct hep_eval_result *r)
{
    struct hep_json *o = hep_json_new_object(), *moved = hep_json_new_object();

    hep_put_number(p, moved, "prior", r->at_prevalence.prior);
    hep_put_number(p, moved, "n", r->at_prevalence.n);
    hep_put_number(p, moved, "brier", r->at_prevalence.brier);
    hep_put_number(p, moved, "ece", r->at_prevalence.ece);
    hep_put(p, moved, "reliability", reliability(p, &r->at_prevalence));
    hep_put_number(p, o, "n", r->calibration.n);
    put_interval(p, o, "brier", &r->number[HEP_WHOLE_BRIER]);
    put_interval(p, o, "ece", &r->number[HEP_WHOLE_ECE]);
    hep_put(p, o, "reliability", reliability(p, &r->calibration));
    hep_put(p, o, "at_prevalence", moved);
    hep_put(p, root, "calibration", o);
}

static void put_livers(struct hep_put *p, struct hep_json *root, const struct hep_evaluated *e)
{
    struct hep_json *o = hep_json_new_object();
    size_t n = 0;

    for (size_t s = 0; s < e->n_studies; s++)
        n += e->study[s].has_liver;
    hep_put_count(p, o, "studies", n);
    put_interval(p, o, "dice", &e->result.number[HEP_WHOLE_LIVER_DICE]);
    put_interval(p, o, "mean_surface_mm", &e->result.number[HEP_WHOLE_LIVER_MEAN_SURFACE]);
    put_interval(p, o, "hd95_mm", &e->result.number[HEP_WHOLE_LIVER_HD95]);
    put_interval(p, o, "volume_error", &e->result.number[HEP_WHOLE_LIVER_VOLUME_ERROR]);
    hep_put(p, root, "liver", o);
}

static struct hep_json *agreement_json(struct hep_put *p, const struct hep_map_agreement *m)
{
    const struct hep_agreement *a = &m->agreement;
    struct hep_json *o = hep_json_new_object();

    hep_put_count(p, o, "n", a->n);
    hep_put_number(p, o, "bias", a->bias);
    hep_put(p, o, "bias_95", interval_json(p, a->bias_lo, a->bias_hi));
    hep_put(p, o, "bias_bootstrap_95", interval_json(p, m->bias.lo, m->bias.hi));
    hep_put_number(p, o, "relative_bias", a->relative_bias);
    hep_put_number(p, o, "sd", a->sd);
    hep_put(p, o, "limits_of_agreement", interval_json(p, a->lower, a->upper));
    hep_put_number(p, o, "mean_truth", a->mean_reference);
    hep_put_number(p, o, "wcv", a->wcv);
    hep_put_number(p, o, "rc", a->rc);
    return o;
}

static void put_maps(struct hep_put *p, struct hep_json *root, const struct hep_evaluated *e)
{
    struct hep_json *o = hep_json_new_object();

    for (int map = 0; map < (int)HEP_EVAL_N_MAPS; map++) {
        struct hep_json *one = hep_json_new_object();
        bool any = false;

        for (int g = 0; g < (int)HEP_GROUP_COUNT; g++) {
            if (e->map[map][g].agreement.n == 0)
                continue;
            any = true;
            hep_put(p, one, hep_eval_group_name((enum hep_eval_group)g),
                    agreement_json(p, &e->map[map][g]));
        }
        hep_put_text(p, one, "unit", hep_eval_map_unit((enum hep_eval_map)map));
        if (any)
            hep_put(p, o, hep_eval_map_name((enum hep_eval_map)map), one);
        else
            hep_json_free(one);
    }
    hep_put(p, root, "maps", o);
}

int hep_evaluated_json(struct hep_json **out, const struct hep_evaluated *e, struct hep_error *err)
{
    static const char *const rules[] = { "centre", "mask", "both" };
    struct hep_json *root = hep_json_new_object(), *o = hep_json_new_object();
    struct hep_put p = { HEP_OK, err };

    hep_put_text(&p, o, "unit", "patient");
    hep_put_count(&p, o, "replicates", e->replicates);
    hep_put_count(&p, o, "seed", (size_t)e->seed);
    hep_put(&p, root, "bootstrap", o);
    hep_put_text(&p, root, "match", rules[e->rule]);
    hep_put_text(&p, root, "hepar_version", HEP_VERSION);
    put_studies(&p, root, e);
    put_detection(&p, root, &e->result);
    if (e->result.has_calls || e->n_findings == 0)
        put_metastasis(&p, root, &e->result);
    else
        hep_put(&p, root, "metastasis", hep_json_new_null());
    put_confusion(&p, root, &e->result);
    put_flags(&p, root, &e->result);
    put_calibration(&p, root, &e->result);
    put_livers(&p, root, e);
    put_maps(&p, root, e);
    if (p.rc == HEP_OK)
        *out = root;
    else
        hep_json_free(root);
    return p.rc;
}
