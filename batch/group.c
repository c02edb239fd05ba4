#include "batch/group.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "image/stats.h"
#include "batch/group_page.h"
#include "report/lesions_tsv.h"
#include "report/measure.h"

#include <math.h>

/* ---- gathering ------------------------------------------------------------------------------- */

static double median_of(const double *x, size_t n, float *scratch, double centre)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]))
            scratch[m++] = (float)(isfinite(centre) ? fabs(x[i] - centre) : x[i]);
    }
    return hep_quantile(scratch, m, 0.5);
}

static int settle(struct hep_group_measure *m, size_t n, struct hep_error *err)
{
    float *scratch = hep_calloc(n + 1, sizeof *scratch, err);

    if (scratch == NULL)
        return HEP_ENOMEM;
    m->median = median_of(m->values, n, scratch, (double)NAN);
    m->mad = HEP_MAD_TO_SD * median_of(m->values, n, scratch, m->median);
    free(scratch);
    return HEP_OK;
}

static double liver_value(const struct hep_json *doc, const char *name)
{
    const struct hep_json *node = hep_json_get(hep_json_get(doc, "liver"), name);

    if (hep_json_type(node) == HEP_JSON_OBJECT) {
        const struct hep_json *median = hep_json_get(node, "median");

        return hep_json_number(median != NULL ? median : hep_json_get(node, "value"));
    }
    return hep_json_number(node);
}

static double lesion_count(const struct hep_json *doc, const char *class_name)
{
    const struct hep_json *list = hep_json_get(doc, "lesions");
    double n = 0.0;

    if (doc == NULL)
        return (double)NAN;
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const char *c = hep_json_string(hep_json_get(hep_json_at(list, i), "class"));

        n += class_name == NULL || (c != NULL && strcmp(c, class_name) == 0);
    }
    return n;
}

static int add_measure(struct hep_group_table *t, const char *name, const char *unit,
                       double (*value)(const struct hep_json *, const char *), const char *key,
                       struct hep_error *err)
{
    struct hep_group_measure *m;
    size_t n = t->status->n;

    if (HEP_GROW(t->measures, t->n_measures, err) != HEP_OK)
        return HEP_ENOMEM;
    m = &t->measures[t->n_measures++];
    (void)snprintf(m->name, sizeof m->name, "%s", name);
    (void)snprintf(m->unit, sizeof m->unit, "%s", unit);
    if (HEP_NEW(m->values, n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        m->values[i] = t->documents[i] != NULL ? value(t->documents[i], key) : (double)NAN;
    return settle(m, n, err);
}

static int read_documents(struct hep_group_table *t, const char *out_dir, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < t->status->n; i++) {
        const struct hep_study_status *s = &t->status->list[i];
        char *path;

        if (s->state != HEP_STATE_DONE)
            continue;
        path = hep_asprintf(err, "%s/%s/%s_lesions.json", out_dir, s->relative, s->label);
        rc = path == NULL ? HEP_ENOMEM : hep_json_read(&t->documents[i], path, err);
        free(path);
    }
    return rc;
}

int hep_group_gather(struct hep_group_table *out, const char *out_dir,
                     const struct hep_out_status *status, struct hep_error *err)
{
    int rc;

    *out = (struct hep_group_table){ .status = status,
                                     .documents = hep_calloc(status->n + 1, sizeof(void *), err) };
    rc = out->documents == NULL ? HEP_ENOMEM : read_documents(out, out_dir, err);
    if (rc == HEP_OK)
        rc = add_measure(out, "liver_volume_ml", "mL", liver_value, "volume_ml", err);
    for (const struct hep_measured_map *m = hep_measured_maps(); rc == HEP_OK && m->product != NULL;
         m++) {
        char name[64];

        (void)snprintf(name, sizeof name, "liver_%s", m->key);
        rc = add_measure(out, name, m->unit, liver_value, m->key, err);
    }
    if (rc == HEP_OK)
        rc = add_measure(out, "liver_iron_mg_per_g", "mg/g dry", liver_value, "iron", err);
    if (rc == HEP_OK)
        rc = add_measure(out, "n_lesions", "1", lesion_count, NULL, err);
    if (rc == HEP_OK)
        rc = add_measure(out, "n_metastases", "1", lesion_count, "metastasis", err);
    if (rc != HEP_OK)
        hep_group_release(out);
    return rc;
}

void hep_group_release(struct hep_group_table *t)
{
    for (size_t i = 0; t->documents != NULL && i < t->status->n; i++)
        hep_json_free(t->documents[i]);
    for (size_t i = 0; i < t->n_measures; i++)
        free(t->measures[i].values);
    free((void *)t->documents);
    free(t->measures);
    *t = (struct hep_group_table){ 0 };
}

bool hep_group_outlier(const struct hep_group_table *t, size_t m, size_t i)
{
    const struct hep_group_measure *g = &t->measures[m];
    size_t n = 0;

    for (size_t k = 0; k < t->status->n; k++)
        n += isfinite(g->values[k]) ? 1 : 0;
    return n >= HEP_OUTLIER_MIN && isfinite(g->values[i]) && g->mad > 0.0 &&
           fabs(g->values[i] - g->median) > HEP_OUTLIER_Z * g->mad;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_outliers(struct hep_str *out, const struct hep_group_table *t, size_t i)
{
    const char *separator = "";

    for (size_t m = 0; m < t->n_measures; m++) {
        if (!hep_group_outlier(t, m, i))
            continue;
        hep_str_addf(out, "%s%s", separator, t->measures[m].name);
        separator = ",";
    }
    if (separator[0] == '\0')
        hep_str_add(out, "n/a");
}

static void studies_tsv(struct hep_str *out, const struct hep_group_table *t)
{
    hep_str_add(out, "study\tstate\texit_code\treason\tprotocol\tagent\treference");
    for (size_t m = 0; m < t->n_measures; m++)
        hep_str_addf(out, "\t%s", t->measures[m].name);
    hep_str_add(out, "\toutliers\n");
    for (size_t i = 0; i < t->status->n; i++) {
        const struct hep_study_status *s = &t->status->list[i];
        static const char *const keys[] = { "protocol", "agent", "reference" };

        hep_str_addf(out, "%s\t%s\t%d\t", s->label, hep_state_name(s->state), s->exit_code);
        hep_str_add_tsv(out, s->reason);
        for (size_t k = 0; k < 3; k++) {
            const char *text = hep_json_string(hep_json_get(t->documents[i], keys[k]));

            hep_str_add(out, "\t");
            hep_str_add_tsv(out, text != NULL ? text : "");
        }
        for (size_t m = 0; m < t->n_measures; m++) {
            hep_str_add(out, "\t");
            hep_str_add_number(out, t->measures[m].values[i]);
        }
        hep_str_add(out, "\t");
        add_outliers(out, t, i);
        hep_str_add(out, "\n");
    }
}

static int write_text(const char *out_dir, const char *name, struct hep_str *text,
                      struct hep_error *err)
{
    char *path = hep_path_join(out_dir, name, err);
    int rc = hep_str_check(text, err);

    if (rc == HEP_OK)
        rc = path == NULL ? HEP_ENOMEM : hep_file_write(path, text->s, text->len, err);
    free(path);
    hep_str_release(text);
    return rc;
}

int hep_group_write(const char *out_dir, const struct hep_out_status *status, struct hep_error *err)
{
    struct hep_group_table t;
    struct hep_str text = { 0 };
    int rc = hep_group_gather(&t, out_dir, status, err);

    if (rc != HEP_OK)
        return rc;
    studies_tsv(&text, &t);
    rc = write_text(out_dir, "studies.tsv", &text, err);
    if (rc == HEP_OK) {
        const struct hep_json **documents = (const struct hep_json **)(void *)t.documents;

        hep_lesions_tsv(&text, documents, status->n, true);
        rc = write_text(out_dir, "lesions.tsv", &text, err);
    }
    if (rc == HEP_OK)
        rc = hep_group_page(&text, &t, err);
    if (rc == HEP_OK)
        rc = write_text(out_dir, "group.html", &text, err);
    hep_str_release(&text);
    hep_group_release(&t);
    return rc;
}
