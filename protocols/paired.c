#include "protocols/paired.h"

#include "base/alloc.h"

#include <math.h>

/* Statistics of one task, in the order in which the bootstrap gives them. */
enum {
    FULL,
    VARIANT,
    DIFFERENCE,
    FALSE_FULL,
    FALSE_VARIANT,
    FALSE_DIFFERENCE,
    SIZE_DIFFERENCE,
    PER_TASK = SIZE_DIFFERENCE + (int)HEP_SIZE_COUNT
};

/* One task while it is resampled. */
struct side {
    const struct hep_eval_data *data;
    bool *found;
    double *wrong; /* false positives of each study */
};
struct pairing {
    struct side side[2];
    enum hep_eval_task task;
};

static bool wanted(const struct hep_eval_data *d, size_t lesion, enum hep_eval_task task)
{
    return task == HEP_TASK_DETECTION || d->lesions[lesion].class == HEP_CLASS_METASTASIS;
}

void hep_paired_found(bool *out, const struct hep_eval_data *data, enum hep_eval_task task)
{
    for (size_t l = 0; l < data->n_lesions; l++)
        out[l] = task == HEP_TASK_DETECTION && data->lesions[l].finding != HEP_NO_MATCH;
    if (task == HEP_TASK_DETECTION)
        return;
    for (size_t i = 0; i < data->n_findings; i++) {
        const struct hep_eval_finding *f = &data->findings[i];

        if (f->lesion != HEP_NO_MATCH && hep_eval_is_called(f) && wanted(data, f->lesion, task))
            out[f->lesion] = true;
    }
}

static void count_wrong(double *out, const struct hep_eval_data *d, enum hep_eval_task task)
{
    for (size_t i = 0; i < d->n_findings; i++) {
        const struct hep_eval_finding *f = &d->findings[i];
        bool stray = f->fate == HEP_FATE_FALSE;
        bool mimic = f->fate == HEP_FATE_TRUE && !wanted(d, f->lesion, task);

        if (task == HEP_TASK_DETECTION ? stray : (stray || mimic) && hep_eval_is_called(f))
            out[f->study] += 1.0;
    }
}

static double share(const struct side *s, enum hep_eval_task task, const double *weight, int size)
{
    double n = 0.0, k = 0.0;

    for (size_t l = 0; l < s->data->n_lesions; l++) {
        const struct hep_eval_lesion *lesion = &s->data->lesions[l];
        double w = weight[s->data->studies[lesion->study].patient];

        if (!wanted(s->data, l, task) ||
            (size >= 0 && (int)hep_size_class(lesion->diameter_mm) != size))
            continue;
        n += w;
        k += s->found[l] ? w : 0.0;
    }
    return n > 0.0 ? k / n : (double)NAN;
}

static double wrong_per_study(const struct side *s, const double *weight)
{
    double n = 0.0, k = 0.0;

    for (size_t i = 0; i < s->data->n_studies; i++) {
        double w = weight[s->data->studies[i].patient];

        if (!s->data->studies[i].has_findings)
            continue;
        n += w;
        k += w * s->wrong[i];
    }
    return n > 0.0 ? k / n : (double)NAN;
}

static void statistics(double *out, const double *weight, const void *given)
{
    const struct pairing *p = given;

    out[FULL] = share(&p->side[0], p->task, weight, -1);
    out[VARIANT] = share(&p->side[1], p->task, weight, -1);
    out[DIFFERENCE] = out[VARIANT] - out[FULL];
    out[FALSE_FULL] = wrong_per_study(&p->side[0], weight);
    out[FALSE_VARIANT] = wrong_per_study(&p->side[1], weight);
    out[FALSE_DIFFERENCE] = out[FALSE_VARIANT] - out[FALSE_FULL];
    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
        out[SIZE_DIFFERENCE + s] =
            share(&p->side[1], p->task, weight, s) - share(&p->side[0], p->task, weight, s);
}

static void count_pairs(struct hep_paired_task *out, const struct pairing *p)
{
    const struct hep_eval_data *d = p->side[0].data;
    size_t k[HEP_SIZE_COUNT][2] = { { 0 } };

    for (size_t l = 0; l < d->n_lesions; l++) {
        bool a = p->side[0].found[l], b = p->side[1].found[l];
        enum hep_size_class size = hep_size_class(d->lesions[l].diameter_mm);

        if (!wanted(d, l, p->task))
            continue;
        out->both += a && b;
        out->only_full += a && !b;
        out->only_variant += !a && b;
        out->neither += !a && !b;
        out->size[size].n++;
        k[size][0] += a;
        k[size][1] += b;
    }
    out->p = hep_mcnemar_exact(out->only_full, out->only_variant);
    for (size_t s = 0; s < (size_t)HEP_SIZE_COUNT; s++) {
        out->size[s].size_mm = hep_size_class_name((enum hep_size_class)s);
        out->size[s].full = hep_wilson(k[s][0], out->size[s].n);
        out->size[s].variant = hep_wilson(k[s][1], out->size[s].n);
    }
}

static int pair_task(struct hep_paired_task *out, struct pairing *p, size_t replicates,
                     uint64_t seed, struct hep_error *err)
{
    struct hep_interval number[PER_TASK];
    int rc;

    for (size_t k = 0; k < 2; k++) {
        hep_paired_found(p->side[k].found, p->side[k].data, p->task);
        count_wrong(p->side[k].wrong, p->side[k].data, p->task);
    }
    count_pairs(out, p);
    rc = hep_bootstrap(number, PER_TASK, statistics, p, p->side[0].data->n_patients, replicates,
                       seed, err);
    if (rc != HEP_OK)
        return rc;
    out->full = number[FULL];
    out->variant = number[VARIANT];
    out->difference = number[DIFFERENCE];
    out->false_full = number[FALSE_FULL];
    out->false_variant = number[FALSE_VARIANT];
    out->false_difference = number[FALSE_DIFFERENCE];
    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
        out->size[s].difference = number[SIZE_DIFFERENCE + s];
    return HEP_OK;
}

int hep_paired(struct hep_paired *out, const struct hep_eval_data *full,
               const struct hep_eval_data *variant, size_t replicates, uint64_t seed,
               struct hep_error *err)
{
    const struct hep_eval_data *data[2] = { full, variant };
    int rc = HEP_OK;

    if (full->n_lesions != variant->n_lesions || full->n_studies != variant->n_studies ||
        full->n_patients != variant->n_patients)
        return HEP_FAIL(err, HEP_EINVAL, "%zu and %zu lesions: not the same studies",
                        full->n_lesions, variant->n_lesions);
    *out = (struct hep_paired){ 0 };
    for (int t = 0; rc == HEP_OK && t < (int)HEP_TASK_COUNT; t++) {
        struct pairing p = { .task = (enum hep_eval_task)t };

        for (size_t k = 0; k < 2; k++) {
            p.side[k].data = data[k];
            p.side[k].found = hep_calloc(full->n_lesions + 1, sizeof(bool), err);
            p.side[k].wrong = hep_calloc(full->n_studies + 1, sizeof(double), err);
            if (p.side[k].found == NULL || p.side[k].wrong == NULL)
                rc = HEP_ENOMEM;
        }
        if (rc == HEP_OK)
            rc = pair_task(&out->task[t], &p, replicates, seed, err);
        for (size_t k = 0; k < 2; k++) {
            free(p.side[k].found);
            free(p.side[k].wrong);
        }
    }
    return rc;
}

/* Every draw gave the same: that is no measure of what another sample would give. */
static void settle_interval(struct hep_interval *x, bool too_few, bool nothing)
{
    if (too_few || nothing || x->lo == x->hi)
        x->lo = x->hi = (double)NAN;
    if (nothing)
        x->value = (double)NAN;
}

void hep_paired_settle(struct hep_paired *p, size_t n_patients, bool any_satisfies)
{
    const bool few = n_patients < HEP_PAIRED_LEAST_PATIENTS, nothing = !any_satisfies;

    for (int t = 0; t < (int)HEP_TASK_COUNT; t++) {
        struct hep_paired_task *task = &p->task[t];

        if (few || nothing)
            task->p = (double)NAN;
        settle_interval(&task->full, few, false);
        settle_interval(&task->false_full, few, false);
        settle_interval(&task->variant, few, nothing);
        settle_interval(&task->false_variant, few, nothing);
        settle_interval(&task->difference, few, nothing);
        settle_interval(&task->false_difference, few, nothing);
        settle_interval(&task->at_two, few, nothing);
        settle_interval(&task->at_two_full, few, false);
        for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
            settle_interval(&task->size[s].difference, few, nothing);
    }
}
