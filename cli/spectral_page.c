#include "cli/spectral_page.h"

#include "base/alloc.h"
#include "base/number.h"
#include "report/html.h"
#include "report/html_table.h"
#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limits of an axis that shows all values, with a tenth of their spread on either side. */
static void limits(struct hep_svg_axis *axis, const struct hep_spectral_measure_groups *m)
{
    double lo = INFINITY;
    double hi = -INFINITY;

    for (size_t g = 0; g < m->n; g++) {
        for (size_t i = 0; i < m->groups[g].values.n; i++) {
            lo = fmin(lo, m->groups[g].values.value[i]);
            hi = fmax(hi, m->groups[g].values.value[i]);
        }
    }
    axis->lo = lo - 0.1 * (hi - lo) - (hi > lo ? 0.0 : 1.0);
    axis->hi = hi + 0.1 * (hi - lo) + (hi > lo ? 0.0 : 1.0);
}

static int copy_of(double **out, const struct hep_group *g, struct hep_error *err)
{
    if (HEP_NEW(*out, g->n, err) != HEP_OK)
        return HEP_ENOMEM;
    memcpy(*out, g->value, g->n * sizeof **out);
    return HEP_OK;
}

static int boxes(struct hep_svg *svg, const struct hep_svg_frame *f,
                 const struct hep_spectral_measure_groups *m, struct hep_error *err)
{
    for (size_t g = 0; g < m->n; g++) {
        double *values = NULL;

        if (copy_of(&values, &m->groups[g].values, err) != HEP_OK)
            return HEP_ENOMEM;
        hep_svg_box(svg, f, (double)g, 0.5, values, m->groups[g].values.n, HEP_SVG_SERIES + (int)g);
        free(values);
    }
    return HEP_OK;
}

/* Share of a group at or above a value. */
static double share_from(const struct hep_group *g, double value)
{
    double n = 0.0;

    for (size_t i = 0; i < g->n; i++)
        n += g->value[i] >= value;
    return n / (double)g->n;
}

/* Points of the curve of group k against the others: a step at every value, the highest first. */
static int roc_curve(struct hep_svg *svg, const struct hep_svg_frame *f,
                     const struct hep_spectral_measure_groups *m, size_t k, struct hep_error *err)
{
    struct hep_group others = { NULL, 0 };
    double *all = NULL;
    double *x = NULL;
    double *y = NULL;
    size_t n = 0;
    int rc = HEP_ENOMEM;

    for (size_t g = 0; g < m->n; g++)
        n += m->groups[g].values.n;
    if (HEP_NEW(all, 2 * n, err) != HEP_OK || HEP_NEW(x, n + 1, err) != HEP_OK ||
        HEP_NEW(y, n + 1, err) != HEP_OK)
        goto out;
    others.value = all + n;
    n = 0;
    for (size_t g = 0; g < m->n; g++) {
        const struct hep_group *v = &m->groups[g].values;

        memcpy(all + n, v->value, v->n * sizeof *all);
        n += v->n;
    }
    for (size_t g = 0; g < m->n; g++) {
        const struct hep_group *v = &m->groups[g].values;

        if (g == k)
            continue;
        memcpy(all + n + others.n, v->value, v->n * sizeof *all);
        others.n += v->n;
    }
    qsort(all, n, sizeof *all, hep_compare_doubles);
    for (size_t i = 0; i < n; i++) {
        x[i + 1] = share_from(&others, all[n - 1 - i]);
        y[i + 1] = share_from(&m->groups[k].values, all[n - 1 - i]);
    }
    hep_svg_curve(svg, f, x, y, n + 1, HEP_SVG_SERIES + (int)k);
    rc = HEP_OK;
out:
    free(all);
    free(x);
    free(y);
    return rc;
}

static int draw(struct hep_str *out, const struct hep_spectral_measure_groups *m, size_t at,
                struct hep_error *err)
{
    const double width = 860.0;
    struct hep_svg svg;
    struct hep_svg_frame box = { .x = 80, .y = 30, .w = 380, .h = 220 };
    struct hep_svg_frame roc = { .x = 560, .y = 30, .w = 220, .h = 220 };
    const char **names = NULL;
    int *tones = NULL;
    char id[32];
    char title[160];
    int rc = HEP_NEW(names, m->n, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(tones, m->n, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t g = 0; g < m->n; g++) {
        names[g] = m->groups[g].name;
        tones[g] = HEP_SVG_SERIES + (int)g;
    }
    (void)snprintf(id, sizeof id, "measure-%zu", at);
    (void)snprintf(title, sizeof title, "%.100s by group, and each group against the others",
                   m->measure);
    hep_svg_begin(&svg, id, width, 300.0 + 18.0 * (double)m->n, title, true);
    limits(&box.ya, m);
    box.ya.label = m->measure;
    box.xa = (struct hep_svg_axis){
        .lo = -0.5, .hi = (double)m->n - 0.5, .names = names, .n_ticks = m->n
    };
    hep_svg_frame(&svg, &box);
    rc = boxes(&svg, &box, m, err);
    roc.xa = (struct hep_svg_axis){ .label = "1 - specificity", .lo = 0.0, .hi = 1.0 };
    roc.ya = (struct hep_svg_axis){ .label = "sensitivity of high values", .lo = 0.0, .hi = 1.0 };
    hep_svg_frame(&svg, &roc);
    for (size_t g = 0; rc == HEP_OK && g < m->n; g++)
        rc = roc_curve(&svg, &roc, m, g, err);
    hep_svg_legend(&svg, 560.0, 310.0, names, tones, m->n);
    if (hep_svg_end(&svg, err) != HEP_OK)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        hep_str_add(out, hep_str_part(out, &svg.text));
    hep_str_release(&svg.text);
out:
    free(names);
    free(tones);
    return rc;
}

int hep_spectral_page(struct hep_str *out, const struct hep_spectral_measure_groups *measures,
                      size_t n, const struct hep_table *tables, size_t n_tables,
                      struct hep_error *err)
{
    struct hep_str head = { 0 };
    int rc = HEP_OK;

    hep_str_add(&head, "<style>");
    hep_svg_style(&head);
    hep_str_add(&head, "</style>");
    hep_html_begin(out, "Comparison of groups", hep_str_part(out, &head));
    hep_str_release(&head);
    hep_str_add(out, "<header><h1>Comparison of groups</h1><p>Research software: nothing here is a "
                     "diagnosis. Values are taken as "
                     "independent; several lesions of one patient are not.</p></header>\n<main>\n");
    hep_html_section(out, "plots", "Values and curves");
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = draw(out, &measures[i], i, err);
    hep_html_section_end(out);
    hep_html_section(out, "tables", "Tables");
    for (size_t i = 0; rc == HEP_OK && i < n_tables; i++)
        hep_html_rows(out, &tables[i]);
    hep_html_section_end(out);
    hep_str_add(out, "</main>\n");
    hep_html_end(out);
    return rc;
}
