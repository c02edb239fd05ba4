#include "protocols/loss.h"

#include "base/alloc.h"
#include "base/file.h"
#include "batch/lesion_file.h"
#include "protocols/paired.h"

#include <math.h>

/* The k-th measure whose values under both protocols are compared. */
static enum hep_measure compared_measure(size_t k)
{
    static const enum hep_measure plain[] = { HEP_M_LONG_AXIS, HEP_M_VOLUME, HEP_M_P_METASTASIS,
                                              HEP_M_ADC, HEP_M_T2_LIVER_RATIO };
    const size_t n = sizeof plain / sizeof plain[0];

    return k < n ? plain[k]
                 : hep_measure_of_phase(HEP_MF_RATIO,
                                        k == n ? HEP_PHASE_ARTERIAL : HEP_PHASE_HEPATOBILIARY);
}
#define N_MEASURES 7

/* The contrast of a lesion in each series, to say what was there to be seen. */
static const struct {
    enum hep_planned series;
    enum hep_measure measure; /* HEP_MF_RATIO: of the phase */
    enum hep_phase phase;
    const char *words;
} contrasts[] = {
    { HEP_SERIES_HEPATOBILIARY, HEP_MF_RATIO, HEP_PHASE_HEPATOBILIARY, "of liver" },
    { HEP_SERIES_DWI, HEP_M_B_HIGH_RATIO, HEP_PHASE_COUNT, "of liver at the highest b" },
    { HEP_SERIES_T2, HEP_M_T2_LIVER_RATIO, HEP_PHASE_COUNT, "of liver" },
    { HEP_SERIES_ARTERIAL, HEP_MF_RATIO, HEP_PHASE_ARTERIAL, "of liver" },
    { HEP_SERIES_PORTAL_VENOUS, HEP_MF_RATIO, HEP_PHASE_PORTAL_VENOUS, "of liver" },
    { HEP_SERIES_TRANSITIONAL, HEP_MF_RATIO, HEP_PHASE_TRANSITIONAL, "of liver" },
    { HEP_SERIES_DELAYED, HEP_MF_RATIO, HEP_PHASE_DELAYED, "of liver" },
    { HEP_SERIES_PRECONTRAST, HEP_MF_RATIO, HEP_PHASE_PRECONTRAST, "of liver" },
};
#define N_CONTRASTS (sizeof contrasts / sizeof contrasts[0])

static double contrast_of(const struct hep_finding *f, size_t k)
{
    return hep_finding_get(f, contrasts[k].phase < HEP_PHASE_COUNT
                                  ? hep_measure_of_phase(contrasts[k].measure, contrasts[k].phase)
                                  : contrasts[k].measure);
}

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
    struct hep_lesion_file full_file, variant_file; /* of the study at hand */
    bool *called[2];                                /* of each lesion: full, variant */
    double *value[N_MEASURES][2];
    size_t *patient[N_MEASURES];
    size_t n_values[N_MEASURES];
};

static int read_lesions(struct hep_lesion_file *out, const struct hep_loss_side *side, size_t study,
                        struct hep_error *err)
{
    const struct hep_eval_entry *entry = &side->evaluated->entry[study];
    const char *label = entry->label, *session = strstr(label, "_ses-");
    char *path;
    int rc;

    *out = (struct hep_lesion_file){ 0 };
    if (entry->state != HEP_EVAL_DONE)
        return HEP_OK;
    path = session != NULL
               ? hep_asprintf(err, "%s/%.*s/%s/%s_lesions.json", side->out_dir,
                              (int)(session - label), label, session + 1, label)
               : hep_asprintf(err, "%s/%s/%s_lesions.json", side->out_dir, label, label);
    rc = path == NULL ? HEP_ENOMEM : hep_lesion_file_read(out, path, err);
    free(path);
    return rc;
}

/* The finding on a lesion; NULL when there is none. */
static const struct hep_finding *finding_of(const struct hep_lesion_file *file,
                                            const struct hep_evaluated *e, size_t lesion)
{
    const size_t f = e->lesion[lesion].finding;

    for (size_t i = 0; f != HEP_NO_MATCH && i < file->findings.n; i++)
        if (file->findings.list[i].id == e->finding_note[f].id)
            return &file->findings.list[i];
    return NULL;
}

/* ---- reasons --------------------------------------------------------------------------------- */

/* "not in amri: hepatobiliary (0.55 of liver)"; then what was left to see it by. */
static void add_contrasts(struct hep_str *out, const struct looking *k,
                          const struct hep_finding *finding)
{
    for (int left = 0; left < 2; left++) {
        const char *between = left == 0 ? "; missing: " : "; left: ";

        for (size_t i = 0; i < N_CONTRASTS; i++) {
            double v = contrast_of(finding, i);
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
    const struct hep_finding *finding = finding_of(&k->full_file, full, lesion);

    if (entry->state != HEP_EVAL_DONE) {
        hep_str_addf(out, "%s: %s", hep_eval_state_name(entry->state), entry->reason);
        return;
    }
    hep_str_addf(out, "detection score %.1f in %s",
                 full->finding[full->lesion[lesion].finding].detection_score,
                 k->full->config->name.s);
    if (finding != NULL)
        add_contrasts(out, k, finding);
    add_nearest(out, k->variant->evaluated, study, lesion);
}

static bool has_evidence(const struct hep_finding *f, const char *name)
{
    for (size_t i = 0; i < f->n_evidence; i++)
        if (strcmp(f->evidence[i].name, name) == 0)
            return true;
    return false;
}

/* Append the evidence towards metastasis of the full protocol that the variant lacks. */
static void add_lost_evidence(struct hep_str *out, const struct hep_finding *full,
                              const struct hep_finding *variant)
{
    const char *between = "; evidence that is missing: ";

    for (size_t i = 0; i < full->n_evidence; i++) {
        const struct hep_evidence_item *e = &full->evidence[i];

        if (!(e->log_lr > 0.0) || has_evidence(variant, e->name))
            continue;
        hep_str_addf(out, "%s%s (ratio %.2g)", between, e->name, exp(e->log_lr));
        between = ", ";
    }
}

static void why_not_called(struct hep_str *out, const struct looking *k, size_t lesion)
{
    const struct hep_finding *full = finding_of(&k->full_file, k->full->evaluated, lesion),
                             *variant = finding_of(&k->variant_file, k->variant->evaluated, lesion);
    const char *class;

    if (full == NULL || variant == NULL)
        return;
    class = hep_class_name(variant->lesion_class);
    hep_str_addf(out, "called %s, probability of metastasis %.2f, %.2f in %s",
                 class != NULL ? class : "nothing", hep_finding_get(variant, HEP_M_P_METASTASIS),
                 hep_finding_get(full, HEP_M_P_METASTASIS), k->full->config->name.s);
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

static void count_flags(struct hep_losses *out, const struct hep_finding *full,
                        const struct hep_finding *variant)
{
    for (int i = 0; i < (int)HEP_FLAG_COUNT; i++) {
        const struct hep_flag_result *a = &full->flag[i], *b = &variant->flag[i];
        struct hep_flag_loss *f = &out->flag[i];

        f->both++;
        if (!a->given || a->state == HEP_FLAG_NOT_ASSESSABLE)
            continue;
        f->assessable++;
        if (b->given && b->state != HEP_FLAG_NOT_ASSESSABLE)
            continue;
        f->lost++;
        if (f->reason[0] == '\0')
            (void)snprintf(f->reason, sizeof f->reason, "%s", b->reason);
    }
}

static void note_measures(struct looking *k, size_t study, const struct hep_finding *full,
                          const struct hep_finding *variant)
{
    for (size_t m = 0; m < N_MEASURES; m++) {
        const size_t n = k->n_values[m];
        const double a = hep_finding_get(full, compared_measure(m)),
                     b = hep_finding_get(variant, compared_measure(m));

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
        c->name = hep_measure_name(compared_measure(m));
        c->unit = hep_unit_text(hep_measure_unit(compared_measure(m)));
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
    const struct hep_finding *full = finding_of(&k->full_file, k->full->evaluated, lesion),
                             *variant = finding_of(&k->variant_file, k->variant->evaluated, lesion);

    if (full == NULL)
        return HEP_OK;
    if (variant == NULL)
        return add_loss(k, HEP_LOSS_NOT_FOUND, study, lesion, err);
    count_flags(k->out, full, variant);
    note_measures(k, study, full, variant);
    if (k->called[0][lesion] && !k->called[1][lesion])
        return add_loss(k, HEP_LOSS_NOT_CALLED, study, lesion, err);
    return HEP_OK;
}

static int look_at_study(struct looking *k, size_t study, struct hep_error *err)
{
    const struct hep_eval_entry *entry = &k->full->evaluated->entry[study];
    int rc = read_lesions(&k->full_file, k->full, study, err);

    if (rc == HEP_OK)
        rc = read_lesions(&k->variant_file, k->variant, study, err);
    for (size_t i = 0; rc == HEP_OK && i < entry->n_lesions; i++)
        rc = look_at_lesion(k, study, entry->first_lesion + i, err);
    hep_lesion_file_release(&k->full_file);
    hep_lesion_file_release(&k->variant_file);
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
