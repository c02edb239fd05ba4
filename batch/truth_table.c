#include "batch/truth_table.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/tsv.h"
#include "batch/lesion_file.h"

#include <math.h>
#include <stdlib.h>

#define POINTING_MM 3.0 /* as in the matching of an evaluation */

struct table {
    struct hep_tsv tsv;
    const char *path;
    size_t participant, session, label, class, place[3];
};

static const char *cell(const struct table *t, size_t row, size_t column)
{
    return hep_tsv_cell(&t->tsv, row, column);
}

/* The file, the line and what is wrong there. */
#define BAD(t, row, err, fmt, ...)                                                                 \
    HEP_FAIL(err, HEP_EFORMAT, "%s: line %zu: " fmt, (t)->path, (row) + 2, __VA_ARGS__)

static int open_table(struct table *t, const char *path, struct hep_error *err)
{
    static const char *const axes[3] = { "x", "y", "z" };
    int rc = hep_tsv_read(&t->tsv, path, err);

    t->path = path;
    if (rc != HEP_OK)
        return rc;
    t->participant = hep_tsv_column(&t->tsv, "participant_id");
    t->session = hep_tsv_column(&t->tsv, "session_id");
    t->label = hep_tsv_column(&t->tsv, "label");
    t->class = hep_tsv_column(&t->tsv, "class");
    for (int k = 0; k < 3; k++)
        t->place[k] = hep_tsv_column(&t->tsv, axes[k]);
    if (t->participant == HEP_TSV_NONE || t->class == HEP_TSV_NONE)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: needs the columns participant_id and class", path);
    if (t->label == HEP_TSV_NONE &&
        (t->place[0] == HEP_TSV_NONE || t->place[1] == HEP_TSV_NONE || t->place[2] == HEP_TSV_NONE))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: needs the column label, or x, y and z", path);
    return HEP_OK;
}

/* Heap "sub-01_ses-2" of a row. */
static char *study_of(const struct table *t, size_t row, struct hep_error *err)
{
    const char *sub = cell(t, row, t->participant), *ses = cell(t, row, t->session);

    sub += hep_starts_with(sub, "sub-") ? 4 : 0;
    ses += hep_starts_with(ses, "ses-") ? 4 : 0;
    return ses[0] == '\0' ? hep_asprintf(err, "sub-%s", sub)
                          : hep_asprintf(err, "sub-%s_ses-%s", sub, ses);
}

/* Study of this label among those that were read; n_studies when it is new. */
static size_t find_study(const struct hep_evaluated *e, const char *label)
{
    size_t i = 0;

    while (i < e->n_studies && strcmp(e->entry[i].label, label) != 0)
        i++;
    return i;
}

/* Sessions of one subject are one patient. */
static size_t patient_of(struct hep_evaluated *e, const char *label)
{
    const size_t n = strcspn(label, "_");

    for (size_t i = 0; i < e->n_studies; i++)
        if (strcspn(e->entry[i].label, "_") == n && strncmp(e->entry[i].label, label, n) == 0)
            return e->study[i].patient;
    return e->n_patients++;
}

static int add_findings(struct hep_evaluated *e, const struct hep_lesion_file *f,
                        struct hep_error *err)
{
    for (size_t i = 0; i < f->findings.n; i++) {
        const struct hep_finding *r = &f->findings.list[i];
        const size_t n = e->n_findings;

        if (HEP_GROW(e->finding, n, err) != HEP_OK || HEP_GROW(e->full, n, err) != HEP_OK)
            return HEP_ENOMEM;
        e->full[n] = *r;
        e->finding[n] =
            (struct hep_eval_finding){ .study = e->n_studies,
                                       .lesion = HEP_NO_MATCH,
                                       .fate = HEP_FATE_EXTRA,
                                       .class = r->lesion_class,
                                       .probability = hep_finding_get(r, HEP_M_P_METASTASIS),
                                       .detection_score = hep_finding_get(r, HEP_M_DETECTION_SCORE),
                                       .prior = hep_finding_prior(r) };
        e->n_findings++;
    }
    return HEP_OK;
}

/* Read the results of a study. Takes the label over. */
static int add_study(struct hep_evaluated *e, const char *out_dir, char *label,
                     struct hep_error *err)
{
    const size_t n = strcspn(label, "_");
    char *path = label[n] == '\0'
                     ? hep_asprintf(err, "%s/%s/%s_lesions.json", out_dir, label, label)
                     : hep_asprintf(err, "%s/%.*s/%s/%s_lesions.json", out_dir, (int)n, label,
                                    label + n + 1, label);
    struct hep_lesion_file f = { 0 };
    int rc = path != NULL ? hep_lesion_file_read(&f, path, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = HEP_GROW(e->entry, e->n_studies, err);
    if (rc == HEP_OK)
        rc = HEP_GROW(e->study, e->n_studies, err);
    if (rc == HEP_OK) {
        struct hep_eval_entry *entry = &e->entry[e->n_studies];

        *entry = (struct hep_eval_entry){ .state = HEP_EVAL_DONE,
                                          .first_finding = e->n_findings,
                                          .arterial_weight = f.arterial_weight };
        (void)snprintf(entry->agent, sizeof entry->agent, "%s", f.agent != NULL ? f.agent : "");
        rc = add_findings(e, &f, err);
        entry->n_findings = e->n_findings - entry->first_finding;
        e->study[e->n_studies] =
            (struct hep_eval_study){ .patient = patient_of(e, label), .has_findings = true };
        entry->label = label;
        label = NULL;
        e->n_studies++;
    }
    hep_lesion_file_release(&f);
    free(label);
    free(path);
    return rc;
}

static bool read_point(double point[3], const struct table *t, size_t row)
{
    for (int k = 0; k < 3; k++)
        if (hep_parse_double(&point[k], cell(t, row, t->place[k]), NULL) != HEP_OK)
            return false;
    return true;
}

/* The finding that a row means; HEP_NO_MATCH when it is none. */
static size_t finding_of(const struct hep_evaluated *e, const struct hep_eval_entry *entry,
                         const struct table *t, size_t row)
{
    double point[3], least = INFINITY;
    size_t best = HEP_NO_MATCH;
    long label = 0;
    const bool by_label = hep_parse_long(&label, cell(t, row, t->label), NULL) == HEP_OK;

    if (!by_label && !read_point(point, t, row))
        return HEP_NO_MATCH;
    for (size_t i = entry->first_finding; i < entry->first_finding + entry->n_findings; i++) {
        const struct hep_finding *f = &e->full[i];
        const long own =
            f->origin == HEP_ORIGIN_GIVEN && f->given_label > 0 ? f->given_label : f->id;
        double d = 0.0;

        if (by_label) {
            if (own == label)
                return i;
            continue;
        }
        for (int k = 0; k < 3; k++)
            d += (f->centre_mm[k] - point[k]) * (f->centre_mm[k] - point[k]);
        d = sqrt(d);
        if (d <= 0.5 * hep_finding_diameter_mm(f) + POINTING_MM && d < least) {
            least = d;
            best = i;
        }
    }
    return best;
}

static int add_lesion(struct hep_evaluated *e, size_t study, const struct table *t, size_t row,
                      struct hep_error *err)
{
    const char *word = cell(t, row, t->class);
    const enum hep_lesion_class class = hep_class_from_name(word);
    const size_t i = finding_of(e, &e->entry[study], t, row);

    if (class == HEP_CLASS_COUNT)
        return BAD(t, row, err, "unknown class '%.40s'", word);
    if (i == HEP_NO_MATCH)
        return BAD(t, row, err, "no finding of %.60s is this lesion", e->entry[study].label);
    if (e->finding[i].fate == HEP_FATE_TRUE)
        return BAD(t, row, err, "a second truth for finding %d of %.60s", (int)e->full[i].id,
                   e->entry[study].label);
    if (HEP_GROW(e->lesion, e->n_lesions, err) != HEP_OK)
        return HEP_ENOMEM;
    e->finding[i].fate = HEP_FATE_TRUE;
    e->finding[i].lesion = e->n_lesions;
    e->lesion[e->n_lesions] =
        (struct hep_eval_lesion){ .study = study,
                                  .finding = i,
                                  .diameter_mm = hep_finding_diameter_mm(&e->full[i]),
                                  .class = class };
    e->n_lesions++;
    return HEP_OK;
}

int hep_truth_table_read(struct hep_evaluated *out, const char *out_dir, const char *path,
                         struct hep_error *err)
{
    struct table t = { 0 };
    int rc;

    *out = (struct hep_evaluated){ .keeps_findings = true };
    rc = open_table(&t, path, err);
    for (size_t row = 0; rc == HEP_OK && row < t.tsv.n_rows; row++) {
        char *label = study_of(&t, row, err);
        size_t study;

        if (label == NULL) {
            rc = HEP_ENOMEM;
            break;
        }
        study = find_study(out, label);
        if (study < out->n_studies)
            free(label);
        else
            rc = add_study(out, out_dir, label, err);
        if (rc == HEP_OK)
            rc = add_lesion(out, study, &t, row, err);
    }
    hep_tsv_release(&t.tsv);
    return rc;
}
