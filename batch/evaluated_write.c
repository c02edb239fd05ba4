#include "batch/evaluate.h"

#include "base/file.h"
#include "batch/evaluated_figures.h"
#include "batch/evaluated_tables.h"

/* The figures of the whole set of studies. */
struct summary {
    size_t studies, patients, state[3], replicates, seed;
    const char *unit, *match, *version;
    struct hep_text_list without_truth;
};

#define S struct summary
static const struct hep_column study_columns[] = {
    { "n", HEP_COUNT(S, studies) },
    { "patients", HEP_COUNT(S, patients) },
    { "evaluated", HEP_COUNT(S, state[HEP_EVAL_DONE]) },
    { "failed", HEP_COUNT(S, state[HEP_EVAL_FAILED]) },
    { "missing", HEP_COUNT(S, state[HEP_EVAL_MISSING]) },
    { "without_truth", HEP_TEXTS(S, without_truth) },
    { 0 },
};
static const struct hep_column about_columns[] = {
    { "bootstrap.unit", HEP_TEXT(S, unit) },   { "bootstrap.replicates", HEP_COUNT(S, replicates) },
    { "bootstrap.seed", HEP_COUNT(S, seed) },  { "match", HEP_TEXT(S, match) },
    { "hepar_version", HEP_TEXT(S, version) }, { 0 },
};
#undef S

static struct summary summary_of(const struct hep_evaluated *e)
{
    static const char *const rules[] = { "centre", "mask", "both" };
    struct summary s = { .studies = e->n_studies,
                         .patients = e->n_patients,
                         .replicates = e->replicates,
                         .seed = (size_t)e->seed,
                         .unit = "patient",
                         .match = rules[e->rule],
                         .version = HEP_VERSION,
                         .without_truth = { (const char *const *)e->without_truth,
                                            e->n_without_truth } };

    for (size_t i = 0; i < e->n_studies; i++)
        s.state[e->entry[i].state]++;
    return s;
}

int hep_evaluated_json(struct hep_json **out, const struct hep_evaluated *e, struct hep_error *err)
{
    const struct summary s = summary_of(e);
    struct hep_json *root = hep_json_new_object(), *studies;
    struct hep_put p = { HEP_OK, err };
    struct hep_table table = { 0 };

    p.rc = hep_evaluated_studies(&table, e, err);
    hep_row_put(&p, root, about_columns, &s);
    studies = hep_row_json(&p, study_columns, &s);
    if (p.rc == HEP_OK) {
        hep_put(&p, studies, "list", hep_table_json(&p, &table));
        hep_put(&p, root, "columns", hep_table_dictionary(&p, &table));
    }
    hep_put(&p, root, "studies", studies);
    hep_evaluated_put_figures(&p, root, e);
    hep_table_release(&table);
    return hep_put_done(&p, out, root);
}

void hep_evaluated_text(struct hep_str *out, const struct hep_evaluated *e)
{
    const struct summary s = summary_of(e);

    hep_str_addf(out, "%zu studies of %zu patients: %zu evaluated", s.studies, s.patients,
                 s.state[HEP_EVAL_DONE]);
    if (s.state[HEP_EVAL_DONE] < s.studies)
        hep_str_addf(out, ", %zu failed, %zu missing: their lesions count as missed",
                     s.state[HEP_EVAL_FAILED], s.state[HEP_EVAL_MISSING]);
    if (e->n_without_truth > 0)
        hep_str_addf(out, "; %zu outputs without truth left out", e->n_without_truth);
    hep_str_add(out, "\n");
    hep_evaluated_text_figures(out, e);
    hep_str_add(out, "\nIntervals: 95 %; Wilson beside counts, bootstrap by patient elsewhere\n");
}

int hep_evaluated_write(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    struct hep_table studies = { 0 }, matches = { 0 }, flags = hep_evaluated_flags(e);
    struct hep_json *json = NULL;
    struct hep_str tsv = { 0 };
    int rc = hep_mkdir_p(dir, err);

    if (rc == HEP_OK)
        rc = hep_evaluated_json(&json, e, err);
    if (rc == HEP_OK)
        rc = hep_json_write_in(dir, "evaluation.json", json, err);
    if (rc == HEP_OK)
        rc = hep_evaluated_studies(&studies, e, err);
    if (rc == HEP_OK) {
        hep_table_tsv(&tsv, &studies);
        rc = hep_str_write(&tsv, dir, "evaluation.tsv", err);
    }
    if (rc == HEP_OK)
        rc = hep_evaluated_matches(&matches, e, err);
    if (rc == HEP_OK)
        rc = hep_table_write(dir, "lesions_matched", &matches, err);
    if (rc == HEP_OK)
        rc = hep_table_write(dir, "flags_evaluated", &flags, err);
    if (rc == HEP_OK)
        rc = hep_evaluated_plots(e, dir, err);
    hep_json_free(json);
    hep_table_release(&studies);
    hep_table_release(&matches);
    return rc;
}
