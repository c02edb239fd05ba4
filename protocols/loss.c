#include "protocols/loss.h"

#include "base/alloc.h"
#include "base/file.h"
#include "protocols/paired.h"

#include <math.h>

/* What is compared, as lesions.json names it. */
static const struct {
    const char *name, *unit;
    bool own; /* a member of the finding itself, not of its measurements */
} measures[] = {
    { "long_axis_mm", "mm", true },          { "volume_ml", "mL", true },
    { "probability_metastasis", "1", true }, { "adc_mm2_per_s", "mm2/s", false },
    { "t2_liver_ratio", "1", false },        { "arterial_ratio", "1", false },
    { "hepatobiliary_ratio", "1", false },
};
#define N_MEASURES (sizeof measures / sizeof measures[0])

/* The contrast of a lesion in each series, to say what was there to be seen. */
static const struct {
    enum hep_planned series;
    const char *measure, *words;
} contrasts[] = {
    { HEP_SERIES_HEPATOBILIARY, "hepatobiliary_ratio", "of liver" },
    { HEP_SERIES_DWI, "b_high_ratio", "of liver at the highest b" },
    { HEP_SERIES_T2, "t2_liver_ratio", "of liver" },
    { HEP_SERIES_ARTERIAL, "arterial_ratio", "of liver" },
    { HEP_SERIES_PORTAL_VENOUS, "portal_venous_ratio", "of liver" },
    { HEP_SERIES_TRANSITIONAL, "transitional_ratio", "of liver" },
    { HEP_SERIES_DELAYED, "delayed_ratio", "of liver" },
    { HEP_SERIES_PRECONTRAST, "precontrast_ratio", "of liver" },
};
#define N_CONTRASTS (sizeof contrasts / sizeof contrasts[0])

const char *hep_loss_kind_name(enum hep_loss_kind kind)
{
    return kind == HEP_LOSS_NOT_FOUND ? "not found" : "no longer called metastasis";
}

void hep_losses_release(struct hep_losses *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->list[i].reason);
    free(l->list);
    *l = (struct hep_losses){ 0 };
}

/* Everything that is at hand while one variant is looked at. */
struct looking {
    struct hep_losses *out;
    const struct hep_loss_side *full, *variant;
    struct hep_json *full_json, *variant_json; /* lesions.json of the study at hand */
    bool *called[2];                           /* of each lesion: full, variant */
    double *value[N_MEASURES][2];
    size_t *patient[N_MEASURES];
    size_t n_values[N_MEASURES];
};

static int read_lesions(struct hep_json **out, const struct hep_loss_side *side, size_t study,
                        struct hep_error *err)
{
    const struct hep_eval_entry *entry = &side->evaluated->entry[study];
    const char *label = entry->label, *session = strstr(label, "_ses-");
    char *path;
    int rc;

    *out = NULL;
    if (entry->state != HEP_EVAL_DONE)
        return HEP_OK;
    path = session != NULL
               ? hep_asprintf(err, "%s/%.*s/%s/%s_lesions.json", side->out_dir,
                              (int)(session - label), label, session + 1, label)
               : hep_asprintf(err, "%s/%s/%s_lesions.json", side->out_dir, label, label);
    rc = path == NULL ? HEP_ENOMEM : hep_json_read(out, path, err);
    free(path);
    return rc;
}

/* The finding on a lesion. */
static const struct hep_json *finding_of(const struct hep_json *file, const struct hep_evaluated *e,
                                         size_t lesion)
{
    const struct hep_json *list = hep_json_get(file, "lesions");
    size_t f = e->lesion[lesion].finding;

    for (size_t i = 0; f != HEP_NO_MATCH && i < hep_json_size(list); i++) {
        const struct hep_json *node = hep_json_at(list, i);
        double id = hep_json_number(hep_json_get(node, "id"));

        if (isfinite(id) ? (int32_t)id == e->finding_note[f].id
                         : (int32_t)i + 1 == e->finding_note[f].id)
            return node;
    }
    return NULL;
}

static double measure_of(const struct hep_json *finding, const char *name, bool own)
{
    const struct hep_json *m;

    if (own)
        return hep_json_number(hep_json_get(finding, name));
    m = hep_json_get(hep_json_get(finding, "measurements"), name);
    return hep_json_type(m) == HEP_JSON_NUMBER ? hep_json_number(m)
                                               : hep_json_number(hep_json_get(m, "value"));
}

/* ---- reasons --------------------------------------------------------------------------------- */

/* "not in amri: hepatobiliary (0.55 of liver)"; then what was left to see it by. */
static void add_contrasts(struct hep_str *out, const struct looking *k,
                          const struct hep_json *finding)
{
    for (int left = 0; left < 2; left++) {
        const char *between = left == 0 ? "; missing: " : "; left: ";

        for (size_t i = 0; i < N_CONTRASTS; i++) {
            double v = measure_of(finding, contrasts[i].measure, false);
            bool missing = k->full->config->series[contrasts[i].series].expected &&
                           !k->variant->config->series[contrasts[i].series].expected;

            if (missing == (left == 1) || !isfinite(v) ||
                !k->full->config->series[contrasts[i].series].expected)
                continue;
            hep_str_addf(out, "%s%s (%.2f %s)", between, hep_planned_name(contrasts[i].series), v,
                         contrasts[i].words);
            between = ", ";
        }
    }
}

static void add_nearest(struct hep_str *out, const struct hep_evaluated *e, size_t study,
                        size_t lesion)
{
    double nearest_mm;

    if (hep_evaluated_nearest(&nearest_mm, e, &e->entry[study], lesion) != HEP_NO_MATCH)
        hep_str_addf(out, "; nearest finding %.0f mm away", nearest_mm);
    else
        hep_str_add(out, "; no finding in the study");
}

static void why_not_found(struct hep_str *out, const struct looking *k, size_t study, size_t lesion)
{
    const struct hep_eval_entry *entry = &k->variant->evaluated->entry[study];
    const struct hep_evaluated *full = k->full->evaluated;

    if (entry->state != HEP_EVAL_DONE) {
        hep_str_addf(out, "%s: %s", hep_eval_state_name(entry->state), entry->reason);
        return;
    }
    hep_str_addf(out, "detection score %.1f in %s",
                 full->finding[full->lesion[lesion].finding].detection_score,
                 k->full->config->name.s);
    add_contrasts(out, k, finding_of(k->full_json, full, lesion));
    add_nearest(out, k->variant->evaluated, study, lesion);
}

static bool has_evidence(const struct hep_json *list, const char *name)
{
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const char *other = hep_json_string(hep_json_get(hep_json_at(list, i), "name"));

        if (other != NULL && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

/* Evidence towards metastasis that the variant does not have. */
static void add_lost_evidence(struct hep_str *out, const struct hep_json *full,
                              const struct hep_json *variant)
{
    const struct hep_json *mine = hep_json_get(full, "evidence"),
                          *other = hep_json_get(variant, "evidence");
    const char *between = "; evidence that is missing: ";

    for (size_t i = 0; i < hep_json_size(mine); i++) {
        const struct hep_json *e = hep_json_at(mine, i);
        const char *name = hep_json_string(hep_json_get(e, "name"));
        double lr = hep_json_number(hep_json_get(e, "log_lr"));

        if (name == NULL || !(lr > 0.0) || has_evidence(other, name))
            continue;
        hep_str_addf(out, "%s%s (ratio %.2g)", between, name, exp(lr));
        between = ", ";
    }
}

static void why_not_called(struct hep_str *out, const struct looking *k, size_t lesion)
{
    const struct hep_json *full = finding_of(k->full_json, k->full->evaluated, lesion),
                          *variant = finding_of(k->variant_json, k->variant->evaluated, lesion);
    const char *class = hep_json_string(hep_json_get(variant, "class"));

    hep_str_addf(out, "called %s, probability of metastasis %.2f, %.2f in %s",
                 class != NULL ? class : "nothing",
                 measure_of(variant, "probability_metastasis", true),
                 measure_of(full, "probability_metastasis", true), k->full->config->name.s);
    add_lost_evidence(out, full, variant);
}

static int add_loss(struct looking *k, enum hep_loss_kind kind, size_t study, size_t lesion,
                    struct hep_error *err)
{
    const struct hep_evaluated *full = k->full->evaluated;
    const enum hep_lesion_class class = full->lesion[lesion].class;
    struct hep_losses *l = k->out;
    struct hep_str why = { 0 };
    int rc = HEP_GROW(l->list, l->n, err);

    if (rc != HEP_OK)
        return rc;
    if (kind == HEP_LOSS_NOT_FOUND)
        why_not_found(&why, k, study, lesion);
    else
        why_not_called(&why, k, lesion);
    rc = hep_str_check(&why, err);
    if (rc == HEP_OK)
        l->list[l->n++] = (struct hep_loss){ kind,
                                             study,
                                             lesion,
                                             why.s,
                                             k->variant->config->name.s,
                                             full->entry[study].label,
                                             class < HEP_CLASS_COUNT ? hep_class_name(class) : NULL,
                                             hep_loss_kind_name(kind),
                                             full->lesion_note[lesion].id,
                                             full->lesion[lesion].diameter_mm };
    else
        hep_str_release(&why);
    return rc;
}

/* ---- flags and measurements ------------------------------------------------------------------ */

static void count_flags(struct looking *k, size_t lesion)
{
    const struct hep_evaluated *a = k->full->evaluated, *b = k->variant->evaluated;
    const struct hep_eval_flags *full = &a->finding[a->lesion[lesion].finding].flags,
                                *variant = &b->finding[b->lesion[lesion].finding].flags;
    const struct hep_json *flags = hep_json_get(finding_of(k->variant_json, b, lesion), "flags");

    for (int i = 0; i < (int)HEP_FLAG_COUNT; i++) {
        struct hep_flag_loss *f = &k->out->flag[i];
        const char *reason = hep_json_string(
            hep_json_get(hep_json_get(flags, hep_flag_name((enum hep_flag)i)), "reason"));

        f->both++;
        if (!full->given[i] || full->state[i] == HEP_FLAG_NOT_ASSESSABLE)
            continue;
        f->assessable++;
        if (variant->given[i] && variant->state[i] != HEP_FLAG_NOT_ASSESSABLE)
            continue;
        f->lost++;
        if (f->reason[0] == '\0' && reason != NULL)
            (void)snprintf(f->reason, sizeof f->reason, "%s", reason);
    }
}

static void take_measures(struct looking *k, size_t study, size_t lesion)
{
    const struct hep_json *full = finding_of(k->full_json, k->full->evaluated, lesion),
                          *variant = finding_of(k->variant_json, k->variant->evaluated, lesion);

    for (size_t m = 0; m < N_MEASURES; m++) {
        size_t n = k->n_values[m];
        double a = measure_of(full, measures[m].name, measures[m].own),
               b = measure_of(variant, measures[m].name, measures[m].own);

        if (!isfinite(a) || !isfinite(b))
            continue;
        k->value[m][0][n] = a;
        k->value[m][1][n] = b;
        k->patient[m][n] = k->full->evaluated->study[study].patient;
        k->n_values[m]++;
    }
}

static int agree(struct looking *k, size_t replicates, uint64_t seed, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t m = 0; rc == HEP_OK && m < N_MEASURES; m++) {
        struct hep_measure_change *c = &k->out->change[k->out->n_changes];

        if (k->n_values[m] == 0)
            continue;
        c->name = measures[m].name;
        c->unit = measures[m].unit;
        hep_agreement_of(&c->agreement.agreement, k->value[m][1], k->value[m][0], k->n_values[m]);
        rc = hep_agreement_bias(&c->agreement.bias, k->value[m][1], k->value[m][0], k->patient[m],
                                k->n_values[m], k->full->evaluated->n_patients, replicates, seed,
                                err);
        k->out->n_changes++;
    }
    return rc;
}

/* ---- studies --------------------------------------------------------------------------------- */

static int look_at_lesion(struct looking *k, size_t study, size_t lesion, struct hep_error *err)
{
    bool a = k->full->evaluated->lesion[lesion].finding != HEP_NO_MATCH,
         b = k->variant->evaluated->lesion[lesion].finding != HEP_NO_MATCH;

    if (a && !b)
        return add_loss(k, HEP_LOSS_NOT_FOUND, study, lesion, err);
    if (!a || !b)
        return HEP_OK;
    count_flags(k, lesion);
    take_measures(k, study, lesion);
    if (k->called[0][lesion] && !k->called[1][lesion])
        return add_loss(k, HEP_LOSS_NOT_CALLED, study, lesion, err);
    return HEP_OK;
}

static int look_at_study(struct looking *k, size_t study, struct hep_error *err)
{
    const struct hep_eval_entry *entry = &k->full->evaluated->entry[study];
    int rc = read_lesions(&k->full_json, k->full, study, err);

    if (rc == HEP_OK)
        rc = read_lesions(&k->variant_json, k->variant, study, err);
    for (size_t i = 0; rc == HEP_OK && i < entry->n_lesions; i++)
        rc = look_at_lesion(k, study, entry->first_lesion + i, err);
    hep_json_free(k->full_json);
    hep_json_free(k->variant_json);
    k->full_json = k->variant_json = NULL;
    return rc;
}

static int prepare(struct looking *k, struct hep_error *err)
{
    const struct hep_evaluated *e[2] = { k->full->evaluated, k->variant->evaluated };
    size_t n = e[0]->n_lesions + 1;
    bool good = true;

    for (size_t side = 0; side < 2; side++) {
        k->called[side] = hep_calloc(n, sizeof(bool), err);
        good = good && k->called[side] != NULL;
        for (size_t m = 0; m < N_MEASURES; m++) {
            k->value[m][side] = hep_calloc(n, sizeof(double), err);
            good = good && k->value[m][side] != NULL;
        }
    }
    for (size_t m = 0; m < N_MEASURES; m++) {
        k->patient[m] = hep_calloc(n, sizeof(size_t), err);
        good = good && k->patient[m] != NULL;
    }
    if (!good)
        return HEP_ENOMEM;
    for (size_t side = 0; side < 2; side++) {
        struct hep_eval_data data = hep_evaluated_data(e[side]);

        hep_paired_found(k->called[side], &data, HEP_TASK_METASTASIS);
    }
    return HEP_OK;
}

int hep_losses_find(struct hep_losses *out, const struct hep_loss_side *full,
                    const struct hep_loss_side *variant, size_t replicates, uint64_t seed,
                    struct hep_error *err)
{
    struct looking k = { .out = out, .full = full, .variant = variant };
    int rc = prepare(&k, err);

    for (size_t s = 0; rc == HEP_OK && s < full->evaluated->n_studies; s++)
        rc = look_at_study(&k, s, err);
    if (rc == HEP_OK)
        rc = agree(&k, replicates, seed, err);
    for (size_t side = 0; side < 2; side++) {
        free(k.called[side]);
        for (size_t m = 0; m < N_MEASURES; m++)
            free(k.value[m][side]);
    }
    for (size_t m = 0; m < N_MEASURES; m++)
        free(k.patient[m]);
    return rc;
}
