#include "protocols/compare.h"

#include "base/file.h"
#include "protocols/compared_tables.h"

/* ---- JSON ------------------------------------------------------------------------------------ */

static struct hep_json *published_json(struct hep_put *p, const struct hep_compared *c,
                                       const char *name)
{
    struct hep_json *o = hep_json_new_object();
    struct hep_str verdict = { 0 };
    struct hep_table t = { 0 };

    if (p->rc == HEP_OK)
        p->rc = hep_compared_published(&t, c, name, p->err);
    hep_published_verdict(&verdict, &c->published, name);
    if (p->rc == HEP_OK)
        p->rc = hep_str_check(&verdict, p->err);
    hep_put_text(p, o, "verdict", verdict.s);
    hep_put(p, o, "studies", hep_table_json(p, &t));
    hep_str_release(&verdict);
    hep_table_release(&t);
    return o;
}

int hep_compared_json(struct hep_json **out, const struct hep_compared *c, struct hep_error *err)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;
    struct hep_put p = { HEP_OK, err };
    struct hep_json *root = hep_json_new_object(), *list = hep_json_new_array();
    struct hep_table rows = { 0 };

    hep_put_text(&p, root, "reference", c->has_truth ? "truth" : "findings of the first protocol");
    hep_put_count(&p, root, "studies", e->n_studies);
    hep_put_count(&p, root, "patients", e->n_patients);
    hep_put_count(&p, root, "lesions", e->n_lesions);
    for (size_t i = 0; i < c->n; i++) {
        struct hep_json *o = hep_row_json(&p, hep_compared_protocol_columns, &c->list[i]);

        if (i > 0) {
            hep_row_put(&p, o, hep_compared_variant_columns, &c->list[i]);
            hep_put(&p, o, "published", published_json(&p, c, c->list[i].config.name.s));
        }
        hep_put_item(&p, list, o);
    }
    hep_put(&p, root, "protocols", list);
    if (p.rc == HEP_OK)
        p.rc = hep_compared_rows(&rows, c, err);
    if (p.rc == HEP_OK)
        hep_put(&p, root, "columns", hep_table_dictionary(&p, &rows));
    hep_table_release(&rows);
    return hep_put_done(&p, out, root);
}

/* ---- terminal -------------------------------------------------------------------------------- */

static void add_table(struct hep_str *out, struct hep_table t)
{
    if (t.n == 0)
        return;
    hep_str_add(out, "\n");
    hep_table_text(out, &t);
}

static void variant_text(struct hep_str *out, const struct hep_compared *c, size_t i)
{
    const struct hep_compare_protocol *p = &c->list[i];
    const struct hep_losses *l = &p->losses;
    struct hep_table published = { 0 };

    hep_str_addf(out, "\n%s against %s: scan %+.0f s, table %+.0f s\n", p->config.name.s,
                 c->list[0].config.name.s, p->timeline.scan_s - c->list[0].timeline.scan_s,
                 p->timeline.table_s - c->list[0].timeline.table_s);
    hep_compared_misfits(out, p);
    hep_compared_refusal(out, c, p);
    add_table(out, hep_compared_sizes(&p->paired.task[HEP_TASK_DETECTION], "Lesions of any kind"));
    add_table(out, hep_compared_sizes(&p->paired.task[HEP_TASK_METASTASIS],
                                      "Metastases, found and called so"));
    hep_str_add(out, "\n");
    for (int f = 0; f < (int)HEP_FLAG_COUNT; f++)
        if (l->flag[f].lost > 0)
            hep_str_addf(out, "%s no longer assessable in %zu of %zu lesions: %s\n",
                         hep_flag_name((enum hep_flag)f), l->flag[f].lost, l->flag[f].assessable,
                         l->flag[f].reason);
    add_table(out, hep_compared_changes(l));
    add_table(out, hep_compared_lost(l));
    hep_str_add(out, "\n");
    hep_published_verdict(out, &c->published, p->config.name.s);
    hep_str_add(out, "\n");
    out->failed =
        out->failed || hep_compared_published(&published, c, p->config.name.s, NULL) != HEP_OK;
    hep_table_text(out, &published);
    hep_table_release(&published);
}

void hep_compared_text(struct hep_str *out, const struct hep_compared *c)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;

    hep_str_addf(out, "%zu studies of %zu patients, %zu lesions; reference: %s\n", e->n_studies,
                 e->n_patients, e->n_lesions, hep_compared_reference(c));
    add_table(out, hep_compared_protocols(c));
    add_table(out, hep_compared_task(c, HEP_TASK_DETECTION));
    add_table(out, hep_compared_task(c, HEP_TASK_METASTASIS));
    for (size_t i = 1; i < c->n; i++)
        variant_text(out, c, i);
    hep_str_add(out, "\nIntervals: 95 %, bootstrap by patient; p: exact, lesions held to be "
                     "independent\n");
}

/* ---- files ----------------------------------------------------------------------------------- */

int hep_compared_write(const struct hep_compared *c, const char *dir, struct hep_error *err)
{
    struct hep_table rows = { 0 }, lost = { 0 };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = hep_mkdir_p(dir, err);

    if (rc == HEP_OK)
        rc = hep_compared_json(&json, c, err);
    if (rc == HEP_OK)
        rc = hep_json_write_in(dir, "comparison.json", json, err);
    if (rc == HEP_OK)
        rc = hep_compared_rows(&rows, c, err);
    if (rc == HEP_OK) {
        hep_table_tsv(&text, &rows);
        rc = hep_str_write(&text, dir, "comparison.tsv", err);
    }
    if (rc == HEP_OK)
        rc = hep_compared_all_lost(&lost, c, err);
    if (rc == HEP_OK)
        rc = hep_table_write(dir, "lost_lesions", &lost, err);
    if (rc == HEP_OK)
        rc = hep_compared_svg(&text, c, false, err);
    if (rc == HEP_OK)
        rc = hep_str_write(&text, dir, "comparison.svg", err);
    if (rc == HEP_OK)
        rc = hep_compared_html(&text, c, err);
    if (rc == HEP_OK)
        rc = hep_str_write(&text, dir, "comparison.html", err);
    hep_json_free(json);
    hep_table_release(&rows);
    hep_table_release(&lost);
    hep_str_release(&text);
    return rc;
}
