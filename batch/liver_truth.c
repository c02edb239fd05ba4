#include "batch/liver_truth.h"

#include "base/alloc.h"

#include <math.h>

int hep_eval_livers(struct hep_eval_study *study, struct hep_eval_entry *entry,
                    struct hep_labels **liver, const struct hep_eval_folder *truth,
                    const struct hep_eval_folder *output, const struct hep_labels *true_liver,
                    const struct hep_volume *moved, struct hep_error *err)
{
    static const char *const rest[2] = { "label-liver_desc-rater1_mask.nii.gz",
                                         "label-liver_desc-rater2_mask.nii.gz" };
    struct hep_labels *rater[2] = { NULL, NULL };
    int rc;

    if (true_liver == NULL)
        return HEP_OK;
    rc = hep_truth_labels(liver, output, "label-liver_mask.nii.gz", &true_liver->grid, moved, err);
    if (rc == HEP_OK && *liver != NULL) {
        rc = hep_mask_overlap(&study->liver, true_liver, *liver, err);
        study->has_liver = rc == HEP_OK;
    }
    for (int k = 0; rc == HEP_OK && k < 2; k++) {
        rc = hep_truth_labels(&rater[k], truth, rest[k], &true_liver->grid, NULL, err);
        if (rc == HEP_OK && rater[k] != NULL && *liver != NULL)
            rc = hep_mask_overlap(&entry->rater[k], rater[k], *liver, err);
    }
    if (rc == HEP_OK && rater[0] != NULL && rater[1] != NULL)
        rc = hep_mask_overlap(&entry->rater[HEP_RATER_BOTH], rater[0], rater[1], err);
    hep_labels_free(rater[0]);
    hep_labels_free(rater[1]);
    return rc;
}

/* Mean over the studies that have the figure: two figures of each pair. */
static void mean_agreement(double *out, const double *weight, const void *data)
{
    const struct hep_evaluated *e = data;

    for (size_t k = 0; k < HEP_RATERS; k++) {
        double sum[2] = { 0 }, n = 0.0;

        for (size_t s = 0; s < e->n_studies; s++) {
            const struct hep_overlap *o = &e->entry[s].rater[k];
            const double w = isfinite(o->dice) ? weight[e->study[s].patient] : 0.0;

            if (!(w > 0.0))
                continue;
            sum[0] += w * o->dice;
            sum[1] += w * o->mean_surface_mm;
            n += w;
        }
        out[2 * k] = n > 0.0 ? sum[0] / n : (double)NAN;
        out[2 * k + 1] = n > 0.0 ? sum[1] / n : (double)NAN;
    }
}

int hep_eval_raters(struct hep_evaluated *e, struct hep_error *err)
{
    struct hep_interval stats[2 * HEP_RATERS];
    int rc = hep_bootstrap(stats, 2 * (size_t)HEP_RATERS, mean_agreement, e, e->n_patients,
                           e->replicates, e->seed, err);

    for (size_t k = 0; rc == HEP_OK && k < HEP_RATERS; k++)
        e->rater[k] = (struct hep_rater_agreement){ stats[2 * k], stats[2 * k + 1] };
    return rc;
}

static int named_lesions(struct hep_named_case **out, size_t *n, const struct hep_evaluated *e,
                         struct hep_error *err)
{
    int rc = HEP_NEW(*out, e->n_lesions + 1, err);

    *n = 0;
    for (size_t l = 0; rc == HEP_OK && l < e->n_lesions; l++) {
        const struct hep_eval_lesion *lesion = &e->lesion[l];
        const bool found = lesion->finding != HEP_NO_MATCH;

        if (e->lesion_note[l].given_class[0] == '\0')
            continue;
        (*out)[(*n)++] = (struct hep_named_case){
            .word = e->lesion_note[l].given_class,
            .class = lesion->class,
            .found = found,
            .called = found ? e->finding[lesion->finding].class : HEP_CLASS_COUNT,
            .patient = e->study[lesion->study].patient,
        };
    }
    return rc;
}

void hep_eval_person(struct hep_eval_entry *entry, const struct hep_truth_forms *forms,
                     const struct hep_findings *findings)
{
    double largest = -1.0;

    memcpy(entry->patient_word, forms->patient_word, sizeof entry->patient_word);
    entry->patient_class = forms->patient_class;
    entry->patient_called = HEP_CLASS_COUNT;
    entry->has_any_finding = entry->state == HEP_EVAL_DONE && findings->n > 0;
    for (size_t i = 0; entry->has_any_finding && i < findings->n; i++) {
        const struct hep_finding *f = &findings->list[i];
        const double diameter = hep_finding_diameter_mm(f);
        const double size = isfinite(diameter) ? diameter : 0.0;

        if (f->lesion_class != HEP_CLASS_COUNT && size > largest) {
            largest = size;
            entry->patient_called = f->lesion_class;
        }
    }
}

static int named_persons(struct hep_named_case **out, size_t *n, const struct hep_evaluated *e,
                         struct hep_error *err)
{
    int rc = HEP_NEW(*out, e->n_studies + 1, err);

    *n = 0;
    for (size_t s = 0; rc == HEP_OK && s < e->n_studies; s++) {
        const struct hep_eval_entry *entry = &e->entry[s];

        if (entry->patient_word[0] == '\0')
            continue;
        (*out)[(*n)++] = (struct hep_named_case){
            .word = entry->patient_word,
            .class = entry->patient_class,
            .found = entry->has_any_finding,
            .called = entry->patient_called,
            .patient = e->study[s].patient,
        };
    }
    return rc;
}

int hep_eval_name_classes(struct hep_evaluated *e, struct hep_error *err)
{
    struct hep_named_case *lesions = NULL, *persons = NULL;
    size_t n_lesions = 0, n_persons = 0;
    int rc = named_lesions(&lesions, &n_lesions, e, err);

    if (rc == HEP_OK)
        rc = named_persons(&persons, &n_persons, e, err);
    if (rc == HEP_OK)
        rc = hep_named_classes_of(&e->named, lesions, n_lesions, e->n_patients, e->replicates,
                                  e->seed, err);
    if (rc == HEP_OK)
        rc = hep_named_classes_of(&e->persons, persons, n_persons, e->n_patients, e->replicates,
                                  e->seed, err);
    free(lesions);
    free(persons);
    return rc;
}
