#include "visits/page.h"

#include "base/alloc.h"
#include "report/svg.h"
#include "visits/tables.h"

#include <math.h>
#include <stdlib.h>

#define WIDTH 440.0
#define HEIGHT 250.0

/* Where the sessions stand: by days, else by their order under their names. */
struct times {
    double *x;
    const char **names;
    struct hep_svg_axis axis;
};

static int times_init(struct times *t, const struct hep_followed *f, struct hep_error *err)
{
    bool dated = true;
    int rc = HEP_NEW(t->x, f->n, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(t->names, f->n, err);
    for (size_t v = 0; v < f->n; v++)
        dated = dated && isfinite(f->places.list[v].days);
    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        t->x[v] = dated ? f->places.list[v].days : (double)v;
        t->names[v] = f->places.list[v].session;
    }
    if (rc != HEP_OK)
        return rc;
    t->axis = dated ? (struct hep_svg_axis){ .label = "days since the baseline",
                                             .lo = -0.04 * t->x[f->n - 1],
                                             .hi = 1.06 * t->x[f->n - 1] }
                    : (struct hep_svg_axis){
                          .lo = -0.3, .hi = (double)f->n - 0.7, .names = t->names, .n_ticks = f->n
                      };
    return HEP_OK;
}

static void times_release(struct times *t)
{
    free(t->x);
    free((void *)t->names);
}

static int finish(struct hep_str *out, struct hep_svg *svg, struct hep_error *err)
{
    int rc = hep_svg_end(svg, err);

    if (rc == HEP_OK)
        hep_str_add(out, hep_str_part(out, &svg->text));
    hep_str_release(&svg->text);
    return rc;
}

/* A line through the frame, with its word beside it. */
static void level(struct hep_svg *svg, const struct hep_svg_frame *f, double y, int tone,
                  const char *text)
{
    hep_svg_level(svg, f, y, tone, NULL);
    hep_svg_label(svg, f->x + f->w + 5.0, hep_svg_y(f, y) + 4.0, HEP_SVG_START, HEP_SVG_MUTED,
                  text);
}

/* ---- sums over time ---------------------------------------------------------------------------- */

static int sum_plot(struct hep_str *out, const struct hep_followed *f, const struct times *t,
                    enum hep_response_of of, struct hep_error *err)
{
    static const char *const titles[] = { "Sum of diameters of the targets",
                                          "Sum of volumes of the targets",
                                          "Sum of enhancing diameters" };
    const bool volume = of == HEP_RESPONSE_OF_VOLUME;
    const struct hep_response_visit *r = f->response[of];
    const struct hep_followup_settings *s = &f->config->followup;
    const double fall = volume ? s->volume_partial_share : s->partial_share;
    struct hep_svg_frame frame = { 58,          28,
                                   WIDTH - 150, HEIGHT - 76,
                                   t->axis,     { .label = volume ? "mL" : "mm", .lo = 0.0 } };
    struct hep_svg svg;
    double *y = NULL;
    int rc = HEP_NEW(y, f->n, err);

    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        y[v] = r[v].sum;
        frame.ya.hi = fmax(frame.ya.hi, isfinite(y[v]) ? 1.15 * y[v] : 0.0);
    }
    if (rc == HEP_OK && frame.ya.hi > 0.0) {
        hep_svg_begin(&svg, hep_response_of_name(of), WIDTH, HEIGHT, titles[of], true);
        hep_svg_heading(&svg, 8, 16, titles[of]);
        hep_svg_frame(&svg, &frame);
        if (isfinite(y[0])) {
            level(&svg, &frame, y[0] * (1.0 - fall), HEP_SVG_MUTED,
                  volume ? "PR: -66 %" : "PR: -30 %");
            level(&svg, &frame, y[0], HEP_SVG_MUTED, "baseline");
        }
        hep_svg_curve(&svg, &frame, t->x, y, f->n, HEP_SVG_SERIES);
        hep_svg_points(&svg, &frame, t->x, y, f->n, HEP_SVG_SERIES);
        for (size_t v = 1; v < f->n; v++) {
            if (isfinite(y[v]))
                hep_svg_label(&svg, hep_svg_x(&frame, t->x[v]), hep_svg_y(&frame, y[v]) - 10.0,
                              HEP_SVG_MIDDLE, HEP_SVG_INK, hep_response_name(r[v].category));
        }
        rc = finish(out, &svg, err);
    }
    free(y);
    return rc;
}

/* ---- one line per lesion ----------------------------------------------------------------------- */

/* Change of the long axis since it was seen first [%]; NaN where it cannot be told. */
static double axis_change(const struct hep_track *t, size_t v)
{
    return 100.0 * (t->visit[v].long_axis_mm / t->visit[t->first].long_axis_mm - 1.0);
}

/* The next height above y at which a name covers none of the n names before it. */
static double free_height(const double *taken, size_t n, double y)
{
    const double line = 10.0;

    for (size_t i = 0; i < n;) {
        const bool covers = fabs(taken[i] - y) < line;

        y = covers ? taken[i] - line : y;
        i = covers ? 0 : i + 1;
    }
    return y;
}

static int spider(struct hep_str *out, const struct hep_followed *f, const struct times *t,
                  struct hep_error *err)
{
    struct hep_svg_frame frame = {
        58,          28,      WIDTH - 130,
        HEIGHT - 76, t->axis, { .label = "long axis, change [%]", .lo = -105.0, .hi = 40.0 }
    };
    struct hep_svg svg;
    double *y = NULL, *names = NULL;
    size_t n_names = 0;
    int rc = HEP_NEW(y, f->n, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(names, f->tracks.n + 1, err);
    for (size_t i = 0; i < f->tracks.n; i++) {
        for (size_t v = 0; v < f->n; v++) {
            const double c = axis_change(&f->tracks.list[i], v);

            if (isfinite(c))
                frame.ya.hi = fmin(fmax(frame.ya.hi, c + 15.0), 400.0);
        }
    }
    if (rc != HEP_OK)
        goto out;
    hep_svg_begin(&svg, "spider", WIDTH, HEIGHT, "Change of each lesion's long axis over time",
                  true);
    hep_svg_heading(&svg, 8, 16, "Each lesion over time");
    hep_svg_frame(&svg, &frame);
    level(&svg, &frame, 20.0, HEP_SVG_MUTED, "+20 %");
    level(&svg, &frame, -30.0, HEP_SVG_MUTED, "-30 %");
    for (size_t i = 0; i < f->tracks.n; i++) {
        const struct hep_track *track = &f->tracks.list[i];
        size_t last = track->first;

        for (size_t v = 0; v < f->n; v++) {
            y[v] = v < track->first ? (double)NAN : axis_change(track, v);
            last = isfinite(y[v]) ? v : last;
        }
        hep_svg_curve(&svg, &frame, t->x, y, f->n, HEP_SVG_SERIES + (int)i);
        hep_svg_points(&svg, &frame, t->x, y, f->n, HEP_SVG_SERIES + (int)i);
        if (last <= track->first)
            continue;
        names[n_names] = free_height(names, n_names, hep_svg_y(&frame, y[last]) - 4.0);
        hep_svg_label(&svg, hep_svg_x(&frame, t->x[last]) - 7.0, names[n_names++], HEP_SVG_END,
                      HEP_SVG_INK, track->identity);
    }
    rc = finish(out, &svg, err);
out:
    free(y);
    free(names);
    return rc;
}

/* ---- waterfall --------------------------------------------------------------------------------- */

struct bar {
    const char *name;
    double change;
};

static int by_change(const void *a, const void *b)
{
    const struct bar *x = a, *y = b;

    if (x->change > y->change || x->change < y->change)
        return x->change > y->change ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int waterfall(struct hep_str *out, const struct hep_followed *f, struct hep_error *err)
{
    struct hep_svg_frame frame = { 58,
                                   28,
                                   WIDTH - 110,
                                   HEIGHT - 76,
                                   { .lo = -0.6 },
                                   { .label = "long axis, change [%]", .lo = -105.0, .hi = 40.0 } };
    struct bar *bars = NULL;
    const char **names = NULL;
    struct hep_svg svg;
    size_t n = 0;
    int rc = HEP_NEW(bars, f->tracks.n + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(names, f->tracks.n + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < f->tracks.n; i++) {
        const struct hep_track *t = &f->tracks.list[i];
        const double c = t->first < f->n - 1 ? axis_change(t, f->n - 1) : (double)NAN;

        if (isfinite(c))
            bars[n++] = (struct bar){ t->identity, c };
    }
    if (rc == HEP_OK && n > 0) {
        qsort(bars, n, sizeof *bars, by_change);
        for (size_t i = 0; i < n; i++) {
            names[i] = bars[i].name;
            frame.ya.hi = fmin(fmax(frame.ya.hi, bars[i].change + 15.0), 400.0);
        }
        frame.xa = (struct hep_svg_axis){
            .lo = -0.6, .hi = (double)n - 0.4, .names = names, .n_ticks = n
        };
        hep_svg_begin(&svg, "waterfall", WIDTH, HEIGHT,
                      "Change of each lesion's long axis at the last session", true);
        hep_svg_heading(&svg, 8, 16, "First to last session");
        hep_svg_frame(&svg, &frame);
        for (size_t i = 0; i < n; i++) {
            const double shown = fmin(bars[i].change, frame.ya.hi),
                         x = hep_svg_x(&frame, (double)i - 0.35);
            const double top = hep_svg_y(&frame, fmax(shown, 0.0)),
                         bottom = hep_svg_y(&frame, fmin(shown, 0.0));

            hep_svg_rect(&svg, x, top, hep_svg_x(&frame, (double)i + 0.35) - x,
                         fmax(bottom - top, 1.0), HEP_SVG_SERIES + (bars[i].change > 0.0 ? 1 : 0),
                         0.85);
        }
        hep_svg_level(&svg, &frame, 0.0, HEP_SVG_INK, NULL);
        level(&svg, &frame, 20.0, HEP_SVG_MUTED, "+20 %");
        level(&svg, &frame, -30.0, HEP_SVG_MUTED, "-30 %");
        rc = finish(out, &svg, err);
    }
    free(bars);
    free((void *)names);
    return rc;
}

int hep_followed_plots(struct hep_str *out, const struct hep_followed *f, struct hep_error *err)
{
    struct times t = { 0 };
    int rc = times_init(&t, f, err);

    hep_str_add(out, "<div class=\"plots\">\n");
    for (int k = 0; rc == HEP_OK && k < 3; k++)
        rc = sum_plot(out, f, &t, (enum hep_response_of)k, err);
    if (rc == HEP_OK)
        rc = spider(out, f, &t, err);
    if (rc == HEP_OK)
        rc = waterfall(out, f, err);
    hep_str_add(out, "</div>\n");
    times_release(&t);
    return rc;
}
