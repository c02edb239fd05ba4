#include "protocols/compare.h"

#include "protocols/compared_tables.h"
#include "report/html.h"
#include "report/html_table.h"
#include "report/svg.h"

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
        hep_str_add(out, hep_str_part(out, &svg.text));
    hep_str_release(&svg.text);
    return rc;
}

/* ---- page ------------------------------------------------------------------------------------ */

static void add_table(struct hep_str *out, struct hep_table t)
{
    if (t.n > 0)
        hep_html_rows(out, &t);
}

static int variant_section(struct hep_str *out, const struct hep_compared *c,
                           const struct hep_compare_protocol *p, struct hep_error *err)
{
    struct hep_str verdict = { 0 }, said = { 0 };
    struct hep_table published = { 0 };
    int rc = hep_compared_published(&published, c, p->config.name.s, err);

    if (rc != HEP_OK)
        return rc;
    hep_str_add(out, "<section><h2>");
    hep_html_text(out, p->config.name.s);
    hep_str_add(out, "</h2><p>");
    hep_html_text(out, p->config.title.s);
    hep_str_addf(out, ". %zu of %zu studies satisfy it.</p>\n<pre>", p->against.n_satisfied,
                 p->against.n);
    hep_compared_misfits(&said, p);
    hep_compared_refusal(&said, c, p);
    hep_html_text(out, hep_str_part(out, &said));
    hep_str_add(out, "</pre>\n<p><strong>");
    hep_published_verdict(&verdict, &c->published, p->config.name.s);
    hep_html_text(out, hep_str_part(out, &verdict));
    hep_str_add(out, "</strong></p>\n");
    hep_html_rows(out, &published);
    add_table(out, hep_compared_flags(&p->losses));
    add_table(out, hep_compared_changes(&p->losses));
    add_table(out, hep_compared_lost(&p->losses));
    hep_html_section_end(out);
    hep_str_release(&verdict);
    hep_str_release(&said);
    hep_table_release(&published);
    return HEP_OK;
}

int hep_compared_html(struct hep_str *out, const struct hep_compared *c, struct hep_error *err)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;
    struct hep_str head = { 0 };
    int rc;

    hep_str_add(&head, "<style>");
    hep_svg_style(&head);
    hep_str_add(&head, "</style>");
    hep_html_begin(out, "Comparison of protocols", hep_str_part(out, &head));
    hep_str_release(&head);
    hep_str_addf(out,
                 "<main><h1>Comparison of protocols</h1><p>%zu studies of %zu patients, %zu "
                 "lesions. Reference: %s. For research only.</p>\n",
                 e->n_studies, e->n_patients, e->n_lesions, hep_compared_reference(c));
    hep_html_section(out, "overview", "Overview");
    add_table(out, hep_compared_protocols(c));
    add_table(out, hep_compared_task(c, HEP_TASK_DETECTION));
    add_table(out, hep_compared_task(c, HEP_TASK_METASTASIS));
    hep_str_add(out, "<p class=\"quiet\">Intervals: 95 %, bootstrap by patient. McNemar: exact, "
                     "lesions held to be independent.</p>");
    rc = hep_compared_svg(out, c, true, err);
    hep_html_section_end(out);
    for (size_t i = 1; rc == HEP_OK && i < c->n; i++)
        rc = variant_section(out, c, &c->list[i], err);
    hep_str_add(out, "</main>");
    hep_html_end(out);
    return rc;
}
