/* Montages with outlines, maps with colour bars, histograms of the liver. */
#include "report/html_table.h"
#include "report/page.h"

#include "base/alloc.h"
#include "image/stats.h"
#include "pipeline/results/roles.h"
#include "report/measure.h"
#include "report/picture.h"
#include "pipeline/stages/aligned.h"
#include "report/svg.h"

#include <math.h>

#define MONTAGE_SLICES 12
#define ACROSS_SLICES 6
#define LOWEST_PICTURE 0.25 /* of the width: of a thinner stack another plane shows a band */
#define MAP_SLICES 3
#define BINS 48
#define BACKGROUND 0.06 /* of the bright end of a series */

static const struct hep_page_series *reference_of(const struct hep_page *p)
{
    for (size_t i = 0; p->reference != NULL && i < p->n_series; i++) {
        if (strcmp(p->series[i].name, p->reference) == 0)
            return &p->series[i];
    }
    return NULL;
}

/* n planes spread evenly over the liver; the top, the front or the right comes first. */
static void spread_planes(struct hep_grid *g, const struct hep_page *p, const struct hep_view *of,
                          const double span_mm[2], size_t n, double mm_per_pixel)
{
    struct hep_view view = *of;
    const double step = (span_mm[1] - span_mm[0]) / (double)n;
    int right, down, normal;
    size_t w, h;

    hep_picture_size(&w, &h, &view, mm_per_pixel);
    hep_plane_axes(&right, &down, &normal, view.plane);
    view.centre_mm[normal] = 0.5 * (span_mm[0] + span_mm[1]);
    hep_page_grid(g, p, &view, w, h, n, -step);
}

static int planes(struct hep_page *p, const struct hep_volume *sampled, enum hep_plane plane,
                  const struct hep_figure *look, const char *what)
{
    const struct hep_grid *g = &sampled->grid;
    int right, down, normal, rc = HEP_OK;

    hep_plane_axes(&right, &down, &normal, plane);
    for (size_t k = 0; rc == HEP_OK && k < g->n[2]; k++) {
        double middle[3];
        char caption[48], alt[160];
        struct hep_figure f = *look;

        f.sampled = sampled;
        f.plane = k;
        f.liver = f.lesions = true;
        f.caption = caption;
        f.alt = alt;
        hep_grid_to_world(middle, g,
                          (const double[3]){ 0.5 * (double)(g->n[0] - 1),
                                             0.5 * (double)(g->n[1] - 1), (double)k });
        (void)snprintf(caption, sizeof caption, "%c %.0f mm",
                       (middle[normal] < 0.0 ? "LPI" : "RAS")[normal], fabs(middle[normal]));
        (void)snprintf(alt, sizeof alt, "%s, %s slice at %s", what, hep_plane_name(plane), caption);
        rc = hep_picture_figure(p, &f);
    }
    return rc;
}

/* Slices of the reference series over the liver. */
static int reference_planes(struct hep_page *p, const struct hep_page_series *reference,
                            const struct hep_view *view, const double span_mm[2], size_t n)
{
    const struct hep_figure look = { .lo = reference->lo, .hi = reference->hi };
    struct hep_volume *sampled = NULL;
    struct hep_grid g;
    int rc;

    hep_str_add(p->out, "<div class=\"pics\">\n");
    spread_planes(&g, p, view, span_mm, n, 1.8);
    rc = hep_picture_sample(&sampled, p, reference->v, reference->name, &g);
    if (rc == HEP_OK)
        rc = planes(p, sampled, view->plane, &look, reference->title);
    hep_volume_free(sampled);
    hep_str_add(p->out, "</div>\n");
    return rc;
}

int hep_page_montage(struct hep_page *p)
{
    const struct hep_page_series *reference = reference_of(p);
    struct hep_volume *sampled = NULL;
    struct hep_grid g;
    int rc = HEP_OK;

    hep_html_section(p->out, "images", "Images");
    if (reference == NULL || !p->has_view) {
        hep_str_add(p->out, p->pictures ? "<p>The series are not at hand, so the report shows maps "
                                          "only.</p>\n"
                                        : "<p>Pictures are turned off: report.pictures.</p>\n");
        hep_html_section_end(p->out);
        return HEP_OK;
    }
    hep_str_addf(
        p->out,
        "<p>%s slices, as acquired: the patient's %s is on the left of each picture. Outlines: "
        "<span class=\"key liver\">liver</span>, <span class=\"key lesion\">lesions</span> with "
        "their numbers.</p>\n<h3>%s, the reference series</h3>\n",
        p->view.plane == HEP_PLANE_AXIAL     ? "Axial"
        : p->view.plane == HEP_PLANE_CORONAL ? "Coronal"
                                             : "Sagittal",
        p->view.plane == HEP_PLANE_SAGITTAL ? "front" : "right", reference->title);
    rc = reference_planes(p, reference, &p->view, p->span_mm, MONTAGE_SLICES);
    if (rc == HEP_OK && p->across.height_mm >= LOWEST_PICTURE * p->across.width_mm) {
        hep_str_addf(p->out, "<h3>The same, %s</h3>\n", hep_plane_name(p->across.plane));
        rc = reference_planes(p, reference, &p->across, p->across_span_mm, ACROSS_SLICES);
    }
    hep_str_addf(p->out,
                 "<div id=\"every-series\"><h3>Every series, the middle of the %s</h3>\n"
                 "<div class=\"pics\">\n",
                 p->liver != NULL ? "liver" : "images");
    spread_planes(&g, p, &p->view, p->span_mm, 1, 1.8);
    for (size_t i = 0; rc == HEP_OK && i < p->n_series; i++) {
        const struct hep_page_series *s = &p->series[i];
        struct hep_figure f = { .lo = s->lo,
                                .hi = s->hi,
                                .liver = true,
                                .lesions = true,
                                .caption = s->title,
                                .alt = s->title };

        sampled = NULL;
        rc = hep_picture_sample(&sampled, p, s->v, s->name, &g);
        f.sampled = sampled;
        if (rc == HEP_OK)
            rc = hep_picture_figure(p, &f);
        hep_volume_free(sampled);
    }
    hep_str_add(p->out, "</div></div>\n");
    hep_html_section_end(p->out);
    return rc;
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* The series in whose space a map lies. */
static int space_of(const char **space, struct hep_page *p, enum hep_measure m)
{
    const struct hep_roles *roles = NULL;
    const char *series = hep_measure_series(m);
    int rc = hep_run_roles(p->run, &roles, p->err);

    *space = strcmp(series, "fat") != 0                       ? series
             : hep_roles_find(roles, HEP_ROLE_ECHOES) != NULL ? "echoes"
                                                              : "opposed";
    return rc;
}

static int draw_histogram(struct hep_page *p, const struct hep_quantity *q, const size_t *counts,
                          double share_outside, double median)
{
    struct hep_svg svg;
    struct hep_svg_frame f = { .x = 12, .y = 8, .w = 296, .h = 92 };
    struct hep_str label = { 0 };
    char name[48];
    size_t most = 1;
    int rc;

    for (size_t i = 0; i < BINS; i++)
        most = counts[i] > most ? counts[i] : most;
    hep_str_addf(&label, "liver, %s%s%.80s", q->plain[0] != '\0' ? "in " : "", q->plain,
                 share_outside >= 0.001 ? "; beyond the range: " : "");
    if (share_outside >= 0.001)
        hep_str_addf(&label, "%.1f %%", 100.0 * share_outside);
    (void)snprintf(name, sizeof name, "hist-%s", q->product);
    f.xa =
        (struct hep_svg_axis){ .label = label.s != NULL ? label.s : "", .lo = q->lo, .hi = q->hi };
    f.ya = (struct hep_svg_axis){ .lo = 0.0, .hi = 1.05 };
    hep_svg_begin(&svg, name, 320, 142, q->words, true);
    {
        static const double no_ticks[1] = { 0.0 };

        f.ya.ticks = no_ticks;
        hep_svg_frame(&svg, &f);
    }
    for (size_t i = 0; i < BINS; i++)
        hep_svg_bar(&svg, &f, q->lo + ((double)i + 0.5) * (q->hi - q->lo) / BINS,
                    (q->hi - q->lo) / BINS, (double)counts[i] / (double)most, (double)NAN,
                    (double)NAN, HEP_SVG_SERIES);
    if (median >= q->lo && median <= q->hi)
        hep_svg_line(&svg, hep_svg_x(&f, median), f.y, hep_svg_x(&f, median), f.y + f.h,
                     HEP_SVG_INK);
    rc = hep_svg_end(&svg, p->err);
    if (rc == HEP_OK)
        rc = hep_str_check(&label, p->err);
    if (rc == HEP_OK)
        hep_str_add(p->out, hep_str_part(p->out, &svg.text));
    hep_str_release(&svg.text);
    hep_str_release(&label);
    return rc;
}

/* Values of the liver in display units. */
static int histogram(struct hep_page *p, const struct hep_quantity *q, const struct hep_volume *map,
                     const struct hep_labels *liver)
{
    const size_t n = hep_grid_voxels(&map->grid);
    float *x = hep_calloc(n + 1, sizeof *x, p->err);
    size_t counts[BINS], kept = 0, inside = 0;
    double median;
    int rc;

    if (x == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (liver->data[i] != 0 && isfinite(map->data[i]))
            x[kept++] = (float)((double)map->data[i] * q->scale);
    }
    if (kept == 0) {
        free(x);
        return HEP_OK;
    }
    hep_histogram(counts, BINS, q->lo, q->hi, x, kept);
    for (size_t i = 0; i < BINS; i++)
        inside += counts[i];
    median = hep_quantile(x, kept, 0.5);
    rc = draw_histogram(p, q, counts, 1.0 - (double)inside / (double)kept, median);
    free(x);
    return rc;
}

static int map_histogram(struct hep_page *p, const struct hep_quantity *q,
                         const struct hep_volume *map, const char *space)
{
    struct hep_labels *here = NULL;
    int rc;

    if (p->liver == NULL)
        return HEP_OK;
    rc = hep_aligned_labels(&here, p->run, p->liver, p->reference, space, &map->grid, p->err);
    if (rc == HEP_OK)
        rc = histogram(p, q, map, here);
    hep_labels_free(here);
    return rc;
}

/* Where the series that a map was made from has no signal, the map holds noise: dark. */
static int hide_background(struct hep_page *p, struct hep_volume *sampled, const char *space)
{
    struct hep_volume *source = NULL;
    const struct hep_page_series *s = NULL;
    int rc;

    for (size_t i = 0; i < p->n_series; i++) {
        if (strcmp(p->series[i].name, space) == 0)
            s = &p->series[i];
    }
    if (s == NULL || strcmp(space, "dwi") == 0)
        return HEP_OK;
    rc = hep_picture_sample(&source, p, s->v, space, &sampled->grid);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&sampled->grid); i++) {
        if (!((double)source->data[i] > BACKGROUND * s->hi))
            sampled->data[i] = NAN;
    }
    hep_volume_free(source);
    return rc;
}

static int map_row(struct hep_page *p, enum hep_measure m, const struct hep_volume *map)
{
    const struct hep_quantity shown = hep_quantity_of_measure(m), *q = &shown;
    const char *space = NULL;
    struct hep_volume *sampled = NULL;
    struct hep_grid g;
    int rc = space_of(&space, p, m);

    if (rc != HEP_OK)
        return rc;
    spread_planes(&g, p, &p->view, p->span_mm, MAP_SLICES, 2.4);
    rc = hep_picture_sample(&sampled, p, map, space, &g);
    if (rc == HEP_OK)
        rc = hide_background(p, sampled, space);
    hep_str_addf(p->out, "<h3>%s</h3>\n<div class=\"map\"><div class=\"pics\">\n", q->words);
    if (rc == HEP_OK)
        rc = planes(
            p, sampled, p->view.plane,
            &(struct hep_figure){ .lo = q->lo / q->scale, .hi = q->hi / q->scale, .map = q->map },
            q->words);
    hep_str_add(p->out, "</div><div class=\"side\">\n");
    hep_picture_bar(p->out, q->map, q->lo, q->hi, q->hi <= 5.0 ? 1 : 0, q->plain);
    if (rc == HEP_OK)
        rc = map_histogram(p, q, map, space);
    hep_str_add(p->out, "</div></div>\n");
    hep_volume_free(sampled);
    return rc;
}

static void absent_maps(struct hep_page *p)
{
    bool any = false;

    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const char *product = hep_measure_product((enum hep_measure)i),
                   *reason = product != NULL ? hep_run_reason(p->run, product) : NULL;

        if (reason == NULL || hep_run_has(p->run, product))
            continue;
        hep_str_addf(
            p->out,
            "%s<li>%s%s: ", any ? "" : "<h3>Maps not made or withheld</h3><ul class=\"tight\">",
            hep_measure_words((enum hep_measure)i),
            hep_run_withheld(p->run, product) != NULL ? " is withheld, its file holds no result"
                                                      : "");
        hep_html_text(p->out, reason);
        hep_str_add(p->out, "</li>\n");
        any = true;
    }
    hep_str_add(p->out, any ? "</ul>\n" : "");
}

#define S struct hep_measures_region
HEP_GETTER(map_of, S, hep_value_of_text(hep_measure_words(hep_measure_map(r->map))));
HEP_GETTER(voxels_of, S, hep_value_of_number((double)r->measured.n));

/* Each row has its own unit. */
static void median_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const S *r = row;
    const struct hep_quantity q = hep_quantity_of_measure(hep_measure_map(r->map));

    (void)column;
    if (r->measured.state == HEP_MEASURED_WITHHELD)
        hep_html_words(out, hep_measured_state_name(r->measured.state));
    else
        hep_quantity_add(out, &q, r->measured.median);
}

static void iqr_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const S *r = row;
    const struct hep_quantity q = hep_quantity_of_measure(hep_measure_map(r->map));

    (void)column;
    hep_html_number(out, r->measured.iqr * q.scale, q.digits);
}

static const struct hep_column region_columns[] = {
    { NULL, HEP_CHARS(S, region), "Region", .html = hep_html_cell_words },
    { NULL, HEP_CELL(TEXT, 0), "Map", .get = map_of, .html = hep_html_cell_words },
    { NULL, HEP_NUMBER(S, measured.median), "Median", .html = median_cell },
    { NULL, HEP_NUMBER(S, measured.iqr), "IQR", .html = iqr_cell },
    { NULL, HEP_CELL(NUMBER, 0), "Voxels", .get = voxels_of },
    { 0 },
};
#undef S

/* Organs and other regions that came with the study. */
static void add_regions(struct hep_page *p)
{
    struct hep_table t = HEP_TABLE("Medians over regions", region_columns, p->measures->region,
                                   p->measures->n_regions);

    if (t.n == 0)
        return;
    hep_str_add(p->out, "<details><summary>Every map over every named region</summary>\n");
    hep_html_rows(p->out, &t);
    hep_str_add(p->out, "</details>\n");
}

int hep_page_maps(struct hep_page *p)
{
    int rc = HEP_OK;

    hep_html_section(p->out, "maps", "Maps");
    hep_str_add(p->out, "<p>Three slices of each map, with the histogram of the liver and its "
                        "median as a line. Dark: no value, or no signal to make one from.</p>\n");
    for (int i = 0; rc == HEP_OK && i < HEP_MEASURE_COUNT; i++) {
        const char *product = hep_measure_product((enum hep_measure)i);
        const struct hep_volume *map = NULL;

        if (product != NULL)
            rc = hep_run_volume(p->run, product, &map, p->err);
        if (rc == HEP_OK && map != NULL && p->has_view)
            rc = map_row(p, (enum hep_measure)i, map);
    }
    if (p->measures != NULL)
        add_regions(p);
    absent_maps(p);
    hep_html_section_end(p->out);
    return rc;
}
