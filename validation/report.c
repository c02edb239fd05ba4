#include "validation/report.h"

#include "base/file.h"
#include "validation/worst.h"

#include <math.h>
#include <stdlib.h>

static const char *text_of(const struct hep_json *o, const char *key)
{
    const char *text = hep_json_string(hep_json_get(o, key));

    return text != NULL ? text : "";
}

/* ---- population ------------------------------------------------------------------------------ */

static const struct hep_column series_columns[] = {
    { "role", HEP_TEXT(struct hep_series_count, role), "Series" },
    { "used", HEP_COUNT(struct hep_series_count, used), "Used" },
    { "left_out", HEP_COUNT(struct hep_series_count, left_out), "Left out" },
    { "missing", HEP_COUNT(struct hep_series_count, missing), "Not there" },
    { "reason", HEP_CHARS(struct hep_series_count, reason), "Why left out" },
    { 0 },
};
static const struct hep_column excluded_columns[] = {
    { "name", HEP_CHARS(struct hep_excluded, name), "Case" },
    { "reason", HEP_CHARS(struct hep_excluded, reason), "Reason" },
    { 0 },
};

/* Studies of the truth without a result, under running numbers in what is shared. */
static void not_done(struct hep_document *d, const struct hep_validation *v)
{
    struct hep_excluded *rows = calloc(v->e->n_studies + 1, sizeof *rows);
    struct hep_table table;
    size_t n = 0;

    for (size_t s = 0; rows != NULL && s < v->e->n_studies; s++) {
        if (v->e->entry[s].state == HEP_EVAL_DONE)
            continue;
        if (v->anonymous)
            (void)snprintf(rows[n].name, sizeof rows->name, "study %zu", s + 1);
        else
            (void)snprintf(rows[n].name, sizeof rows->name, "%.79s", v->e->entry[s].label);
        (void)snprintf(rows[n++].reason, sizeof rows->reason, "%s: %.180s",
                       hep_eval_state_name(v->e->entry[s].state),
                       v->anonymous ? "see the house's own report" : v->e->entry[s].reason);
    }
    table = (struct hep_table)HEP_TABLE(
        "Studies without a result: all their lesions count as missed", excluded_columns, rows, n);
    hep_document_table(d, &table, "Every study has a result.");
    free(rows);
}

static void population(struct hep_document *d, const struct hep_validation *v)
{
    const struct hep_set_facts *f = v->facts;
    struct hep_series_count counts[HEP_ROLE_COUNT];
    const struct hep_table series =
        HEP_TABLE("Series of the studies that were run", series_columns, counts, f->n_series);
    struct hep_table excluded =
        HEP_TABLE("Cases that no study was made of", excluded_columns, f->excluded, f->n_excluded);
    size_t done = 0, boxes = 0, masks = 0, none = 0;

    for (size_t s = 0; s < v->e->n_studies; s++) {
        done += v->e->entry[s].state == HEP_EVAL_DONE;
        boxes += strcmp(v->e->entry[s].truth, "boxes") == 0;
        masks += strcmp(v->e->entry[s].truth, "masks") == 0;
        none += v->e->entry[s].lesions_unknown;
    }
    hep_document_section(d, "population", "Population");
    hep_document_text(
        d, "%zu studies of %zu persons, %zu with a result; %zu true lesions, %zu findings.",
        v->e->n_studies, v->e->n_patients, done, v->e->n_lesions, v->e->n_findings);
    hep_document_text(
        d,
        "Truth of lesions: boxes in %zu studies, masks in %zu, centres in %zu, nothing in %zu.%s",
        boxes, masks, v->e->n_studies - boxes - masks - none, none,
        boxes > 0 ? " A finding matches a box when its centre lies in it, each side moved out by a "
                    "voxel; the size of a lesion is the longer side within the slice."
                  : "");
    for (size_t i = 0; i < f->n_series; i++) {
        counts[i] = f->series[i];
        if (v->anonymous) /* a reason may name a file */
            counts[i].reason[0] = '\0';
    }
    hep_document_table(d, &series, "");
    if (v->anonymous)
        hep_document_text(d, "%zu cases were left out before.", f->n_excluded);
    else
        hep_document_table(d, &excluded, "No case was left out.");
    not_done(d, v);
}

/* ---- what the set is ------------------------------------------------------------------------- */

static void the_set(struct hep_document *d, const struct hep_validation *v)
{
    const struct hep_json *t = v->facts->truth, *unknown = hep_json_get(t, "unknown");

    hep_document_section(d, "set", "The set");
    if (t == NULL) {
        hep_document_text(d, "%s", "A truth without a description: all that it holds is judged.");
        return;
    }
    hep_document_text(d, "%s", text_of(t, "title"));
    hep_document_text(d, "Citation: %s. Terms: %s.", text_of(t, "citation"), text_of(t, "terms"));
    for (size_t i = 0; i < hep_json_size(unknown); i++)
        hep_document_text(d, "Not known: %s.", hep_json_string(hep_json_at(unknown, i)));
}

/* ---- calibration ----------------------------------------------------------------------------- */

static const struct hep_column calibration_columns[] = {
    { "n", HEP_NUMBER(struct hep_eval_result, calibration.n), "Findings" },
    { "brier", HEP_BOOTSTRAP(struct hep_eval_result, number[HEP_WHOLE_BRIER]), "Brier score",
      HEP_SIGNIFICANT(3) },
    { "ece", HEP_BOOTSTRAP(struct hep_eval_result, number[HEP_WHOLE_ECE]), "Calibration error",
      HEP_SIGNIFICANT(3) },
    { "auc", HEP_BOOTSTRAP(struct hep_eval_result, number[HEP_WHOLE_AUC_LESIONS]),
      "Area, metastasis against other lesions that were found", HEP_SIGNIFICANT(3) },
    { "prior", HEP_NUMBER(struct hep_eval_result, at_prevalence.prior),
      "Share of metastases among findings", HEP_SIGNIFICANT(2) },
    { "brier2", HEP_NUMBER(struct hep_eval_result, at_prevalence.brier),
      "Brier score with that share as prior", HEP_SIGNIFICANT(3) },
    { "ece2", HEP_NUMBER(struct hep_eval_result, at_prevalence.ece),
      "Calibration error with that share as prior", HEP_SIGNIFICANT(3) },
    { 0 },
};
static const struct hep_column bin_columns[] = {
    { "from", HEP_NUMBER(struct hep_calibration_bin, from), "Probability from", HEP_DECIMALS(1) },
    { "n", HEP_NUMBER(struct hep_calibration_bin, n), "Findings", HEP_DECIMALS(0) },
    { "mean", HEP_NUMBER(struct hep_calibration_bin, mean_probability), "Mean probability",
      HEP_DECIMALS(2) },
    { "fraction", HEP_NUMBER(struct hep_calibration_bin, fraction), "Metastases", HEP_DECIMALS(2) },
    { 0 },
};

static void calibration(struct hep_document *d, const struct hep_validation *v)
{
    const struct hep_table bins =
        HEP_TABLE("Reliability", bin_columns, v->e->result.calibration.bin, HEP_CALIBRATION_BINS);

    hep_document_section(d, "calibration", "Probability of metastasis");
    if (!hep_set_judges(v->facts, "classes") || !(v->e->result.calibration.n > 0.0)) {
        hep_document_text(
            d, "%s",
            "Nothing can be said: the truth has no classes, or no finding has a probability.");
        return;
    }
    hep_document_row(d, "Calibration", calibration_columns, &v->e->result);
    hep_document_table(d, &bins, "");
}

/* ---- failures -------------------------------------------------------------------------------- */

static int one_picture(struct hep_document *d, const struct hep_validation *v,
                       const struct hep_worst_case *c, size_t i, struct hep_error *err)
{
    const char *label = v->e->entry[c->study].label;
    unsigned char *png = NULL;
    size_t n = 0;
    char caption[320], name[64];
    char *path;
    int rc = hep_worst_picture(&png, &n, c, v->e, &v->where, err);

    (void)snprintf(caption, sizeof caption,
                   "%zu. %s: %s. Ring: the true lesion; crosses: findings within 10 mm.", i + 1,
                   label, c->words);
    (void)snprintf(name, sizeof name, "worst-%zu.png", i + 1);
    if (rc == HEP_OK && png == NULL) {
        hep_document_text(d, "%zu. %s: %s. (Its images are not there.)", i + 1, label, c->words);
        return HEP_OK;
    }
    path = rc == HEP_OK ? hep_path_join(v->dir, name, err) : NULL;
    if (rc == HEP_OK)
        rc = path != NULL ? hep_file_write(path, png, n, err) : HEP_ENOMEM;
    if (rc == HEP_OK)
        hep_document_picture(d, png, n, name, caption);
    free(png);
    free(path);
    return rc;
}

static int failures(struct hep_document *d, const struct hep_validation *v, struct hep_error *err)
{
    struct hep_worst_case worst[HEP_WORST];
    const size_t n = hep_worst_cases(worst, v->e, v->facts);
    int rc = HEP_OK;

    hep_document_section(d, "failures", "The failures that weigh most");
    if (n == 0)
        hep_document_text(d, "%s", "There is none.");
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (v->anonymous)
            hep_document_text(d, "%zu. %s.", i + 1, worst[i].words);
        else
            rc = one_picture(d, v, &worst[i], i, err);
    }
    return rc;
}

/* ---- how it was made ------------------------------------------------------------------------- */

static void made(struct hep_document *d, const struct hep_validation *v)
{
    const struct hep_set_facts *f = v->facts;

    hep_document_section(d, "made", "How it was made");
    hep_document_text(d,
                      "Hepar %s%s. Intervals of 95 %%: bootstrap by patient with %zu replicates, "
                      "seed %llu; Wilson "
                      "beside counts.",
                      f->version[0] != '\0' ? f->version : HEP_VERSION,
                      f->several_versions ? " (results of several versions)" : "", v->e->replicates,
                      (unsigned long long)v->e->seed);
    if (v->e->n_patients < 20)
        hep_document_text(
            d, "Of %zu persons: intervals of fewer than 20 are too narrow, and mean little.",
            v->e->n_patients);
    if (f->n_seconds > 0)
        hep_document_text(d,
                          "Run time of a study: median %.1f s, longest %.1f s; 100 studies one "
                          "after the other %.1f h. "
                          "Largest memory %.0f MiB. Results: %.1f MB a study.",
                          f->seconds_median, f->seconds[f->n_seconds - 1],
                          f->seconds_median * 100.0 / 3600.0, f->peak_bytes / 1048576.0,
                          f->bytes_out / 1e6 / (double)f->n_seconds);
    hep_document_text(d, "SHA-256 of the hashes of all images, in the order of studies: %s.",
                      f->inputs_sha256);
    if (f->truth_sha256[0] != '\0')
        hep_document_text(d, "SHA-256 of truth.json: %s.", f->truth_sha256);
}

int hep_validation_write(struct hep_document *d, const struct hep_validation *v,
                         struct hep_error *err)
{
    const char *set = text_of(v->facts->truth, "set");
    char title[160];
    int rc;

    (void)snprintf(title, sizeof title, "Validation%s%.80s%s", set[0] != '\0' ? " on " : "", set,
                   v->q->given ? ", lesions given" : "");
    hep_document_begin(d, title);
    the_set(d, v);
    population(d, v);
    hep_validation_detection(d, v);
    hep_validation_classes(d, v);
    hep_validation_flags(d, v);
    if (!v->q->given) {
        calibration(d, v);
        hep_validation_liver(d, v);
        hep_validation_inventory(d, v);
    }
    rc = failures(d, v, err);
    made(d, v);
    hep_document_end(d);
    return rc == HEP_OK ? hep_str_check(&d->page, err) : rc;
}
