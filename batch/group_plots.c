#include "batch/group_plots.h"

#include "base/alloc.h"
#include "base/number.h"
#include "report/html.h"
#include "report/quantity.h"
#include "report/svg.h"

#include <math.h>
#include <stdlib.h>

#define POINTS_MAX 200 /* more studies than this are a box */

/* ---- studies --------------------------------------------------------------------------------- */

static bool range_of(double range[2], const double *x, size_t n)
{
    double lo = HUGE_VAL, hi = -HUGE_VAL;

    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i])) {
            lo = fmin(lo, x[i]);
            hi = fmax(hi, x[i]);
        }
    }
    if (lo > hi)
        return false;
    range[0] = lo - 0.06 * (hi - lo) - (hi > lo ? 0.0 : fmax(fabs(hi) * 0.1, 0.5));
    range[1] = hi + 0.06 * (hi - lo) + (hi > lo ? 0.0 : fmax(fabs(hi) * 0.1, 0.5));
    return true;
}

/* Words with the unit in brackets. */
static void axis_label(struct hep_str *out, const struct hep_quantity *q)
{
    hep_str_add(out, q->words);
    if (q->plain[0] != '\0')
        hep_str_addf(out, " [%s]", q->plain);
}

#define NAMES_MAX 8
#define LETTER_PX 6.6 /* a little more than a letter takes */

struct drawn_names {
    double from[NAMES_MAX], to[NAMES_MAX];
    size_t n;
};

/* A name above an outlier, unless another one stands there: the table of outliers has all. */
static void name_outlier(struct hep_svg *svg, const struct hep_svg_frame *f,
                         struct drawn_names *drawn, double at, const char *label)
{
    const bool end = at > f->x + 0.5 * f->w;
    const double width = LETTER_PX * (double)strlen(label);
    const double from = end ? at - width : at, to = end ? at : at + width;

    if (drawn->n == NAMES_MAX)
        return;
    for (size_t i = 0; i < drawn->n; i++) {
        if (from < drawn->to[i] && to > drawn->from[i])
            return;
    }
    drawn->from[drawn->n] = from;
    drawn->to[drawn->n++] = to;
    hep_svg_label(svg, at, f->y + 2.0, end ? HEP_SVG_END : HEP_SVG_START, HEP_SVG_INK, label);
}

/* Draw one dot per study, side by side where dots would overlap, and the names of outliers. */
static void draw_dots(struct hep_svg *svg, const struct hep_svg_frame *f,
                      const struct hep_group_table *t, size_t m, const double *x)
{
    double last[5] = { -HUGE_VAL, -HUGE_VAL, -HUGE_VAL, -HUGE_VAL, -HUGE_VAL };
    struct drawn_names drawn = { .n = 0 };
    const size_t n = t->status->n;

    for (size_t i = 0; i < n; i++) {
        const double at = hep_svg_x(f, x[i]);
        size_t row = 0;

        if (!isfinite(at))
            continue;
        while (row < 4 && fabs(at - last[row]) < 7.0)
            row++;
        last[row] = at;
        if (hep_group_outlier(t, m, i)) {
            hep_svg_marker(svg, at, f->y + 12.0 + 9.0 * (double)row, 4.5, HEP_SVG_SERIES + 1);
            name_outlier(svg, f, &drawn, at, t->status->list[i].label);
        } else if (n <= POINTS_MAX) {
            hep_svg_marker(svg, at, f->y + 12.0 + 9.0 * (double)row, 3.0, HEP_SVG_SERIES);
        }
    }
}

/* Draw a horizontal box of quartiles and median under the dots. */
static int draw_lying_box(struct hep_svg *svg, const struct hep_svg_frame *f, const double *x,
                          size_t n, struct hep_error *err)
{
    double *sorted = hep_calloc(n + 1, sizeof *sorted, err);
    const double y = f->y + f->h - 16.0;
    size_t m = 0;

    if (sorted == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]))
            sorted[m++] = x[i];
    }
    qsort(sorted, m, sizeof *sorted, hep_compare_doubles);
    if (m > 0) {
        const double q1 = hep_svg_x(f, hep_quantile_sorted(sorted, m, 0.25)),
                     q2 = hep_svg_x(f, hep_quantile_sorted(sorted, m, 0.5)),
                     q3 = hep_svg_x(f, hep_quantile_sorted(sorted, m, 0.75));

        hep_svg_line(svg, hep_svg_x(f, sorted[0]), y + 5.0, hep_svg_x(f, sorted[m - 1]), y + 5.0,
                     HEP_SVG_MUTED);
        hep_svg_rect(svg, q1, y, q3 - q1, 10.0, HEP_SVG_SERIES, 0.45);
        hep_svg_line(svg, q2, y - 2.0, q2, y + 12.0, HEP_SVG_INK);
    }
    free(sorted);
    return HEP_OK;
}

static int study_plot(struct hep_str *out, const struct hep_group_table *t, size_t m,
                      struct hep_error *err)
{
    const size_t n = t->status->n;
    struct hep_svg_frame f = { .x = 14, .y = 16, .w = 352, .h = 74 };
    double *x = hep_calloc(n + 1, sizeof *x, err);
    struct hep_str label = { 0 };
    const struct hep_group_measure *measure = &t->measures[m];
    struct hep_svg svg;
    double range[2];
    char name[32];
    int rc = HEP_OK;

    if (x == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        x[i] = measure->values[i] * measure->column.look.scale;
    hep_str_add(&label, measure->column.words);
    if (measure->column.look.unit[0] != '\0')
        hep_str_addf(&label, " [%s]", measure->column.look.unit);
    if (range_of(range, x, n) && (rc = hep_str_check(&label, err)) == HEP_OK) {
        static const double none[1] = { 0.0 };

        (void)snprintf(name, sizeof name, "m%zu", m);
        f.xa = (struct hep_svg_axis){ .label = label.s, .lo = range[0], .hi = range[1] };
        f.ya = (struct hep_svg_axis){ .lo = 0.0, .hi = 1.0, .ticks = none };
        hep_svg_begin(&svg, name, 380, 134, label.s, true);
        hep_svg_frame(&svg, &f);
        draw_dots(&svg, &f, t, m, x);
        rc = draw_lying_box(&svg, &f, x, n, err);
        if (rc == HEP_OK)
            rc = hep_svg_end(&svg, err);
        if (rc == HEP_OK)
            hep_str_add(out, hep_str_part(out, &svg.text));
        hep_str_release(&svg.text);
    }
    hep_str_release(&label);
    free(x);
    return rc;
}

int hep_group_plots(struct hep_str *out, const struct hep_group_table *t, struct hep_error *err)
{
    int rc = HEP_OK;

    hep_str_add(out, "<p>One dot is one study; the box is the middle half, the line the median. "
                     "Outliers have another mark and their name.</p>\n<div class=\"plots\">\n");
    for (size_t m = 0; rc == HEP_OK && m < t->n_measures; m++)
        rc = study_plot(out, t, m, err);
    hep_str_add(out, "</div>\n");
    return rc;
}

/* ---- lesions --------------------------------------------------------------------------------- */

struct values {
    double *x[HEP_CLASS_COUNT]; /* shape [room] */
    size_t n[HEP_CLASS_COUNT], room;
};

/* A measure of every lesion, in shown units, by class. */
static void gather(struct values *v, const struct hep_group_table *t, enum hep_measure m)
{
    const double scale = hep_quantity_of_measure(m).scale;

    memset(v->n, 0, sizeof v->n);
    for (size_t i = 0; i < t->status->n; i++) {
        const struct hep_findings *list = &t->files[i].findings;

        for (size_t k = 0; k < list->n; k++) {
            const enum hep_lesion_class c = list->list[k].lesion_class;
            const double x = hep_finding_get(&list->list[k], m);

            if (c < HEP_CLASS_COUNT && isfinite(x))
                v->x[c][v->n[c]++] = scale * x;
        }
    }
}

static int lesion_plot(struct hep_str *out, const struct values *v, enum hep_measure m,
                       struct hep_error *err)
{
    struct hep_svg_frame f = { .x = 66, .y = 12, .w = 300, .h = 130 };
    const char *classes[HEP_CLASS_COUNT];
    const struct hep_quantity q = hep_quantity_of_measure(m);
    double lo = HUGE_VAL, hi = -HUGE_VAL, range[2];
    struct hep_str label = { 0 };
    struct hep_svg svg;
    char id[32];
    size_t n = 0;
    int rc;

    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        for (size_t i = 0; i < v->n[c]; i++) {
            lo = fmin(lo, v->x[c][i]);
            hi = fmax(hi, v->x[c][i]);
        }
        if (v->n[c] > 0)
            classes[n++] = hep_class_row((enum hep_lesion_class)c)->short_words;
    }
    if (n == 0 || !range_of(range, (const double[2]){ lo, hi }, 2))
        return HEP_OK;
    axis_label(&label, &q);
    rc = hep_str_check(&label, err);
    if (rc == HEP_OK) {
        size_t at = 0;

        (void)snprintf(id, sizeof id, "l%d", (int)m);
        f.xa = (struct hep_svg_axis){
            .lo = -0.6, .hi = (double)n - 0.4, .names = classes, .n_ticks = n
        };
        f.ya = (struct hep_svg_axis){ .lo = range[0], .hi = range[1] };
        hep_svg_begin(&svg, id, 380, 188, label.s, true);
        hep_svg_frame(&svg, &f);
        hep_svg_label(&svg, f.x + 0.5 * f.w, f.y + f.h + 36.0, HEP_SVG_MIDDLE, HEP_SVG_INK,
                      label.s);
        for (int c = 0; c < HEP_CLASS_COUNT; c++) {
            if (v->n[c] > 0)
                hep_svg_box(&svg, &f, (double)at++, 0.5, v->x[c], v->n[c], HEP_SVG_SERIES);
        }
        rc = hep_svg_end(&svg, err);
        if (rc == HEP_OK)
            hep_str_add(out, hep_str_part(out, &svg.text));
        hep_str_release(&svg.text);
    }
    hep_str_release(&label);
    return rc;
}

static int values_new(struct values *v, size_t room, struct hep_error *err)
{
    *v = (struct values){ .room = room };
    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        if (HEP_NEW(v->x[c], room + 1, err) != HEP_OK)
            return HEP_ENOMEM;
    }
    return HEP_OK;
}

int hep_group_lesion_plots(struct hep_str *out, const struct hep_group_table *t,
                           struct hep_error *err)
{
    struct values v = { 0 };
    size_t room = 0;
    int rc;

    for (size_t i = 0; i < t->status->n; i++)
        room += t->files[i].findings.n;
    if (room == 0) {
        hep_str_add(out, "<p>There are no lesions.</p>\n");
        return HEP_OK;
    }
    hep_str_addf(out,
                 "<p>%zu lesions. Boxes: middle half and median of each class that the evidence "
                 "favours (met metastasis, haem haemangioma, FNH FNH-like, fat focal fat, "
                 "spare fat sparing); dots lie beyond the whiskers. The same numbers stand in "
                 "lesions.tsv.</p>\n<div class=\"plots\">\n",
                 room);
    rc = values_new(&v, room, err);
    for (int i = 0; rc == HEP_OK && i < HEP_MEASURE_COUNT; i++) {
        const struct hep_measure_row *row = hep_measure_row((enum hep_measure)i);

        if (row->subject != HEP_SUBJECT_LESION || row->form != HEP_FORM_VALUE || !row->is_main)
            continue;
        gather(&v, t, (enum hep_measure)i);
        rc = lesion_plot(out, &v, (enum hep_measure)i, err);
    }
    hep_str_add(out, "</div>\n");
    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        free(v.x[c]);
    return rc;
}
