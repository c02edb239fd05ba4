#include "protocols/compare.h"

#include "base/file.h"
#include "report/html.h"
#include "report/svg.h"

#include <math.h>

#define WIDTH 760.0
#define HEIGHT 360.0
#define BARS_W 0.8

/* ---- drawings -------------------------------------------------------------------------------- */

/* Sizes that have lesions. */
static size_t sizes_with_lesions(int *out, const struct hep_compared *c)
{
    size_t n = 0;

    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
        if (c->n > 1 && c->list[1].paired.task[HEP_TASK_DETECTION].size[s].n > 0)
            out[n++] = s;
    return n;
}

int hep_compared_svg(struct hep_str *out, const struct hep_compared *c, bool of_page,
                     struct hep_error *err)
{
    const struct hep_paired_task *first = &c->list[1].paired.task[HEP_TASK_DETECTION];
    const char *names[HEP_SIZE_COUNT], *legend[HEP_SVG_N_SERIES];
    int sizes[HEP_SIZE_COUNT], tones[HEP_SVG_N_SERIES];
    size_t n = sizes_with_lesions(sizes, c),
           bars = c->n < HEP_SVG_N_SERIES ? c->n : HEP_SVG_N_SERIES;
    struct hep_svg svg = { 0 };
    struct hep_svg_frame f = { 60.0,
                               20.0,
                               470.0,
                               270.0,
                               { "long axis [mm]", -0.5, (double)n - 0.5, false, NULL, n, names },
                               { "lesions found [%]", 0.0, 100.0, false, NULL, 0, NULL } };
    int rc;

    for (size_t k = 0; k < n; k++)
        names[k] = hep_size_class_name((enum hep_size_class)sizes[k]);
    hep_svg_begin(&svg, "sensitivity", WIDTH, HEIGHT, "Lesions found by each protocol, by size",
                  of_page);
    if (n > 0)
        hep_svg_frame(&svg, &f);
    for (size_t i = 0; n > 0 && i < bars; i++) {
        double width = BARS_W / (double)bars;

        legend[i] = c->list[i].config.name.s;
        tones[i] = HEP_SVG_SERIES + (int)i;
        for (size_t k = 0; k < n; k++) {
            const struct hep_proportion *p =
                i == 0 ? &first->size[sizes[k]].full
                       : &c->list[i].paired.task[HEP_TASK_DETECTION].size[sizes[k]].variant;
            double x = (double)k - 0.5 * BARS_W + ((double)i + 0.5) * width;

            hep_svg_bar(&svg, &f, x, width, 100.0 * p->value, 100.0 * p->lo, 100.0 * p->hi,
                        tones[i]);
        }
    }
    if (n > 0)
        hep_svg_legend(&svg, 560.0, 40.0, legend, tones, bars);
    rc = hep_svg_end(&svg, err);
    if (rc == HEP_OK)
        hep_str_add(out, svg.text.s);
    hep_str_release(&svg.text);
    return rc;
}

/* ---- page ------------------------------------------------------------------------------------ */

static void percent(struct hep_str *out, const struct hep_interval *v)
{
    hep_html_number(out, 100.0 * v->value, 1);
    if (isfinite(v->lo)) {
        hep_str_add(out, " (");
        hep_html_number(out, 100.0 * v->lo, 1);
        hep_str_add(out, " to ");
        hep_html_number(out, 100.0 * v->hi, 1);
        hep_str_add(out, ")");
    }
}

static void cell(struct hep_str *out, const char *text)
{
    hep_str_add(out, "<td>");
    hep_html_text(out, text);
    hep_str_add(out, "</td>");
}

static void cell_number(struct hep_str *out, double v, int digits)
{
    hep_str_add(out, "<td>");
    hep_html_number(out, v, digits);
    hep_str_add(out, "</td>");
}

static void overview_row(struct hep_str *out, const struct hep_compared *c, size_t i, int task)
{
    const struct hep_compare_protocol *p = &c->list[i];
    const struct hep_paired_task *t = &c->list[i > 0 ? i : 1].paired.task[task];

    hep_str_add(out, "<tr>");
    cell(out, p->config.name.s);
    hep_str_add(out, "<td>");
    percent(out, i > 0 ? &t->variant : &t->full);
    hep_str_add(out, "</td><td>");
    if (i > 0)
        percent(out, &t->difference);
    else
        hep_html_text(out, NULL);
    hep_str_add(out, "</td>");
    if (i > 0)
        hep_str_addf(out, "<td>%zu / %zu</td>", t->only_full, t->only_variant);
    else
        cell(out, NULL);
    hep_str_add(out, "<td>");
    if (i > 0)
        hep_html_significant(out, t->p, 2);
    else
        hep_html_text(out, NULL);
    hep_str_add(out, "</td>");
    cell_number(out, i > 0 ? t->false_variant.value : t->false_full.value, 2);
    hep_str_add(out, "<td>");
    percent(out, hep_compared_at_two(p, (enum hep_eval_task)task));
    hep_str_add(out, "</td>");
    cell_number(out, p->timeline.scan_s / 60.0, 1);
    cell_number(out, p->timeline.table_s / 60.0, 1);
    hep_str_add(out, "</tr>\n");
}

static void overview(struct hep_str *out, const struct hep_compared *c)
{
    static const char *const heads =
        "Protocol|Sensitivity, %|Difference, %|Lost / gained|McNemar p|False positives per study|"
        "Sensitivity at 2 of them, %|Scan, min|Table, min";

    hep_html_section(out, "overview", "Overview");
    hep_html_table(out, "Lesions of any kind", heads);
    for (size_t i = 0; i < c->n; i++)
        overview_row(out, c, i, HEP_TASK_DETECTION);
    hep_html_table_end(out);
    hep_html_table(out, "Metastases, found and called so", heads);
    for (size_t i = 0; i < c->n; i++)
        overview_row(out, c, i, HEP_TASK_METASTASIS);
    hep_html_table_end(out);
    hep_str_add(out, "<p class=\"quiet\">Intervals: 95 %, bootstrap by patient. McNemar: exact, "
                     "lesions held to be independent.</p>");
    out->failed = out->failed || hep_compared_svg(out, c, true, NULL) != HEP_OK;
    hep_html_section_end(out);
}

static void flags(struct hep_str *out, const struct hep_losses *l)
{
    hep_html_table(out, "Flags no longer assessable", "Flag|Lesions|First reason");
    for (int i = 0; i < (int)HEP_FLAG_COUNT; i++) {
        const struct hep_flag_loss *f = &l->flag[i];

        if (f->lost == 0)
            continue;
        hep_str_add(out, "<tr><td>");
        hep_html_words(out, hep_flag_name((enum hep_flag)i));
        hep_str_addf(out, "</td><td>%zu of %zu</td>", f->lost, f->assessable);
        cell(out, f->reason);
        hep_str_add(out, "</tr>\n");
    }
    hep_html_table_end(out);
}

static void changes(struct hep_str *out, const struct hep_losses *l)
{
    hep_html_table(out, "Measurements of the lesions that both find: variant minus full",
                   "Measurement|Unit|Lesions|Mean, full|Bias|95 % interval|Limits of agreement");
    for (size_t i = 0; i < l->n_changes; i++) {
        const struct hep_agreement *a = &l->change[i].agreement.agreement;
        const struct hep_interval *b = &l->change[i].agreement.bias;
        const double v[] = { a->mean_reference, a->bias, b->lo, b->hi, a->lower, a->upper };

        hep_str_add(out, "<tr><td>");
        hep_html_words(out, l->change[i].name);
        hep_str_addf(out, "</td><td>%s</td><td>%zu</td>", l->change[i].unit, a->n);
        for (size_t k = 0; k < 6; k++) {
            hep_str_add(out, k == 3 || k == 5 ? " to " : "<td>");
            hep_html_significant(out, v[k], 3);
            hep_str_add(out, k == 2 || k == 4 ? "" : "</td>");
        }
        hep_str_add(out, "</tr>\n");
    }
    hep_html_table_end(out);
}

static void losses(struct hep_str *out, const struct hep_compared *c, const struct hep_losses *l)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;

    hep_html_table(out, "Lost lesions", "Study|Lesion|Class|Long axis, mm|Loss|Reason");
    for (size_t i = 0; i < l->n; i++) {
        const struct hep_loss *x = &l->list[i];
        const struct hep_eval_lesion *lesion = &e->lesion[x->lesion];

        hep_str_add(out, "<tr>");
        cell(out, e->entry[x->study].label);
        hep_str_addf(out, "<td>%d</td><td>", e->lesion_note[x->lesion].id);
        hep_html_words(out, lesion->class < HEP_CLASS_COUNT ? hep_class_name(lesion->class) : NULL);
        hep_str_add(out, "</td>");
        cell_number(out, lesion->diameter_mm, 1);
        cell(out, hep_loss_kind_name(x->kind));
        cell(out, x->reason);
        hep_str_add(out, "</tr>\n");
    }
    hep_html_table_end(out);
}

static void published(struct hep_str *out, const struct hep_compared *c, const char *name)
{
    struct hep_str text = { 0 };

    hep_published_verdict(&text, &c->published, name);
    hep_str_add(out, "<p><strong>");
    hep_html_text(out, text.s);
    hep_str_add(out, "</strong></p><ul class=\"tight\">");
    for (size_t i = 0; i < c->published.n; i++) {
        const struct hep_published_study *s = &c->published.list[i];

        if (!hep_published_is_about(s, name))
            continue;
        hep_str_clear(&text);
        hep_str_addf(&text, "%s: ", s->source);
        hep_published_figures(&text, s);
        hep_str_addf(&text, "; %s against %s (%s)", s->variant, s->reference, s->mark);
        hep_str_add(out, "<li>");
        hep_html_text(out, text.s);
        hep_str_add(out, "</li>");
    }
    hep_str_add(out, "</ul>\n");
    out->failed = out->failed || text.failed;
    hep_str_release(&text);
}

void hep_compared_html(struct hep_str *out, const struct hep_compared *c)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;
    struct hep_str head = { 0 };

    hep_str_add(&head, "<style>");
    hep_svg_style(&head);
    hep_str_add(&head, "</style>");
    hep_html_begin(out, "Comparison of protocols", head.s);
    hep_str_release(&head);
    hep_str_addf(out,
                 "<main><h1>Comparison of protocols</h1><p>%zu studies of %zu patients, %zu "
                 "lesions. Reference: %s. For research only.</p>\n",
                 e->n_studies, e->n_patients, e->n_lesions,
                 c->has_truth ? "the truth"
                              : "the findings of the first protocol, which finds all of them by "
                                "definition");
    overview(out, c);
    for (size_t i = 1; i < c->n; i++) {
        const struct hep_compare_protocol *p = &c->list[i];

        hep_str_add(out, "<section><h2>");
        hep_html_text(out, p->config.name.s);
        hep_str_add(out, "</h2><p>");
        hep_html_text(out, p->config.title.s);
        hep_str_addf(out, ". %zu of %zu studies satisfy it.</p>\n", p->against.n_satisfied,
                     p->against.n);
        published(out, c, p->config.name.s);
        flags(out, &p->losses);
        changes(out, &p->losses);
        losses(out, c, &p->losses);
        hep_html_section_end(out);
    }
    hep_str_add(out, "</main>");
    hep_html_end(out);
}

/* ---- files ----------------------------------------------------------------------------------- */

static int write_text(const char *dir, const char *name, struct hep_str *text,
                      struct hep_error *err)
{
    char *path = hep_path_join(dir, name, err);
    int rc = hep_str_check(text, err);

    if (rc == HEP_OK && path == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_file_write(path, text->s, text->len, err);
    free(path);
    hep_str_release(text);
    return rc;
}

int hep_compared_write(const struct hep_compared *c, const char *dir, struct hep_error *err)
{
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    char *path = hep_path_join(dir, "comparison.json", err);
    int rc = path == NULL ? HEP_ENOMEM : hep_mkdir_p(dir, err);

    if (rc == HEP_OK)
        rc = hep_compared_json(&json, c, err);
    if (rc == HEP_OK)
        rc = hep_json_write(path, json, err);
    hep_json_free(json);
    free(path);
    if (rc == HEP_OK) {
        hep_compared_tsv(&text, c);
        rc = write_text(dir, "comparison.tsv", &text, err);
    }
    if (rc == HEP_OK) {
        hep_compared_lost_tsv(&text, c);
        rc = write_text(dir, "lost_lesions.tsv", &text, err);
    }
    if (rc == HEP_OK)
        rc = hep_compared_svg(&text, c, false, err);
    if (rc == HEP_OK)
        rc = write_text(dir, "comparison.svg", &text, err);
    if (rc == HEP_OK) {
        hep_compared_html(&text, c);
        rc = write_text(dir, "comparison.html", &text, err);
    }
    hep_str_release(&text);
    return rc;
}
