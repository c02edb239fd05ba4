#include "batch/evaluate.h"

#include "base/alloc.h"
#include "base/file.h"
#include "report/svg.h"

#include <math.h>
#include <unistd.h>

#define WIDTH 640.0
#define HEIGHT 420.0

/* Save a finished drawing under DIR/NAME.svg. */
static int save_plot(struct hep_svg *svg, const char *dir, const char *name, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s.svg", dir, name);
    int rc = hep_svg_end(svg, err);

    if (rc == HEP_OK && path == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_file_write(path, svg->text.s, svg->text.len, err);
    hep_str_release(&svg->text);
    free(path);
    return rc;
}

/* Remove a plot of an earlier evaluation for which there is no data now. */
static int remove_plot(const char *dir, const char *name, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s.svg", dir, name);
    int rc = HEP_OK;

    if (path == NULL)
        return HEP_ENOMEM;
    if (hep_is_file(path) && unlink(path) != 0)
        rc = HEP_FAIL(err, HEP_ECREAT, "%s: cannot be removed", path);
    free(path);
    return rc;
}

static bool metastasis_is_judged(const struct hep_evaluated *e)
{
    return e->result.has_calls || e->n_findings == 0;
}

/* ---- FROC ------------------------------------------------------------------------------------ */

/* The curve as steps from the left edge of the axis to its right edge. */
static size_t curve_as_steps(double *x, double *y, const struct hep_froc_point *curve, size_t n)
{
    const double left = hep_froc_rates[0], right = hep_froc_rates[HEP_FROC_N - 1];
    double now = 0.0;
    size_t m = 0;

    x[m] = left;
    y[m++] = 0.0;
    for (size_t i = 0; i < n && curve[i].false_per_study <= right; i++) {
        if (curve[i].false_per_study <= left) {
            y[0] = now = curve[i].sensitivity;
            continue;
        }
        x[m] = curve[i].false_per_study;
        y[m++] = now;
        x[m] = curve[i].false_per_study;
        y[m++] = now = curve[i].sensitivity;
    }
    x[m] = right;
    y[m++] = now;
    return m;
}

static void draw_task(struct hep_svg *svg, const struct hep_svg_frame *f,
                      const struct hep_eval_result *r, int task, double *work)
{
    const struct hep_interval *at =
        &r->number[(size_t)task * HEP_NUMBERS_PER_TASK + HEP_NUMBER_AT_RATE];
    const int tone = (int)HEP_SVG_SERIES + task;
    double lo[HEP_FROC_N], hi[HEP_FROC_N], mid[HEP_FROC_N];
    const size_t n = r->n_curve[task];
    double *x = work, *y = work + 2 * n + 2;

    for (size_t k = 0; k < HEP_FROC_N; k++) {
        lo[k] = at[k].lo;
        hi[k] = at[k].hi;
        mid[k] = at[k].value;
    }
    hep_svg_band(svg, f, hep_froc_rates, lo, hi, HEP_FROC_N, tone);
    hep_svg_curve(svg, f, x, y, curve_as_steps(x, y, r->curve[task], n), tone);
    hep_svg_points(svg, f, hep_froc_rates, mid, HEP_FROC_N, tone);
}

static int draw_froc(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    static const char *const names[] = { "any lesion", "metastasis" };
    static const int tones[] = { HEP_SVG_SERIES, HEP_SVG_SERIES + 1 };
    const struct hep_svg_frame f = { 64.0,
                                     48.0,
                                     WIDTH - 88.0,
                                     HEIGHT - 104.0,
                                     { "false positives per study", 0.125, 8.0, true,
                                       hep_froc_rates, HEP_FROC_N, NULL },
                                     { "sensitivity per lesion", 0.0, 1.0, false, NULL, 0, NULL } };
    const struct hep_eval_result *r = &e->result;
    const size_t longest = r->n_curve[0] > r->n_curve[1] ? r->n_curve[0] : r->n_curve[1];
    double *work = hep_calloc(4 * longest + 4, sizeof *work, err);
    const size_t n = metastasis_is_judged(e) ? 2 : 1;
    struct hep_svg svg;

    if (work == NULL)
        return HEP_ENOMEM;
    hep_svg_begin(&svg, "froc", WIDTH, HEIGHT,
                  "Sensitivity per lesion against false positives per study", false);
    hep_svg_heading(&svg, 64.0, 26.0, "Free-response curves");
    hep_svg_frame(&svg, &f);
    for (size_t task = 0; task < n; task++)
        if (r->sensitivity[task].n > 0)
            draw_task(&svg, &f, r, (int)task, work);
    hep_svg_legend(&svg, WIDTH - 150.0, HEIGHT - 110.0, names, tones, n);
    free(work);
    return save_plot(&svg, dir, "froc", err);
}

/* ---- sensitivity by size --------------------------------------------------------------------- */

static int draw_sizes(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    static const char *const names[] = { "any lesion, found", "metastasis, called so" };
    static const int tones[] = { HEP_SVG_SERIES, HEP_SVG_SERIES + 1 };
    const char *sizes[HEP_SIZE_COUNT];
    const struct hep_svg_frame f = { 64.0,
                                     72.0,
                                     WIDTH - 88.0,
                                     HEIGHT - 140.0,
                                     { "long axis, mm", -0.5, HEP_SIZE_COUNT - 0.5, false, NULL,
                                       HEP_SIZE_COUNT, sizes },
                                     { "sensitivity", 0.0, 1.0, false, NULL, 0, NULL } };
    const size_t n = metastasis_is_judged(e) ? 2 : 1;
    struct hep_svg svg;

    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
        sizes[s] = hep_size_class_name((enum hep_size_class)s);
    hep_svg_begin(&svg, "sizes", WIDTH, HEIGHT, "Sensitivity by size of the lesion", false);
    hep_svg_heading(&svg, 64.0, 26.0, "Sensitivity by size, with Wilson intervals");
    hep_svg_frame(&svg, &f);
    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
        for (size_t task = 0; task < n; task++) {
            const struct hep_proportion *p = &e->result.by_size[task][s];
            const double x = (double)s + (n == 1 ? 0.0 : task == 0 ? -0.2 : 0.2);
            char count[32];

            if (p->n == 0)
                continue;
            hep_svg_bar(&svg, &f, x, 0.36, p->value, p->lo, p->hi, tones[task]);
            (void)snprintf(count, sizeof count, "%zu/%zu", p->k, p->n);
            hep_svg_label(&svg, hep_svg_x(&f, x), f.y - 6.0, HEP_SVG_MIDDLE, HEP_SVG_MUTED, count);
        }
    hep_svg_legend(&svg, WIDTH - 190.0, 24.0, names, tones, n);
    return save_plot(&svg, dir, "sensitivity_by_size", err);
}

/* ---- reliability ----------------------------------------------------------------------------- */

static int draw_reliability(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    static const double diagonal[] = { 0.0, 1.0 };
    const struct hep_svg_frame f = {
        64.0,
        48.0,
        320.0,
        320.0,
        { "probability of metastasis", 0.0, 1.0, false, NULL, 0, NULL },
        { "fraction that are metastases", 0.0, 1.0, false, NULL, 0, NULL }
    };
    const struct hep_calibration *c = &e->result.calibration;
    struct hep_svg svg;

    if (!(c->n > 0.0))
        return remove_plot(dir, "reliability", err);
    hep_svg_begin(&svg, "reliability", 420.0, HEIGHT, "Reliability of the probabilities", false);
    hep_svg_heading(&svg, 64.0, 26.0, "Reliability, with Wilson intervals");
    hep_svg_frame(&svg, &f);
    hep_svg_curve(&svg, &f, diagonal, diagonal, 2, HEP_SVG_MUTED);
    for (size_t b = 0; b < HEP_CALIBRATION_BINS; b++) {
        const double n = c->bin[b].n, x = c->bin[b].mean_probability;
        struct hep_proportion p;

        if (!(n > 0.0))
            continue;
        p = hep_wilson((size_t)(n * c->bin[b].fraction + 0.5), (size_t)(n + 0.5));
        hep_svg_line(&svg, hep_svg_x(&f, x), hep_svg_y(&f, p.lo), hep_svg_x(&f, x),
                     hep_svg_y(&f, p.hi), HEP_SVG_MUTED);
        hep_svg_marker(&svg, hep_svg_x(&f, x), hep_svg_y(&f, c->bin[b].fraction),
                       3.0 + 4.0 * sqrt(n / c->n), HEP_SVG_SERIES);
    }
    return save_plot(&svg, dir, "reliability", err);
}

/* ---- confusion ------------------------------------------------------------------------------- */

static size_t row_total(const struct hep_eval_result *r, int row)
{
    size_t n = 0;

    for (int c = 0; c < (int)HEP_CLASS_COUNT + 2; c++)
        n += r->confusion[row][c];
    return n;
}

static void draw_row(struct hep_svg *svg, const struct hep_eval_result *r, int row, double x,
                     double y, double cell)
{
    const size_t total = row_total(r, row);

    for (int c = 0; c < (int)HEP_CLASS_COUNT + 2; c++) {
        const size_t n = r->confusion[row][c];
        const double left = x + cell * (double)c;
        char text[32];

        hep_svg_rect(svg, left + 1.0, y + 1.0, cell - 2.0, 30.0, HEP_SVG_SERIES,
                     total > 0 ? 0.06 + 0.6 * (double)n / (double)total : 0.06);
        if (n == 0)
            continue;
        (void)snprintf(text, sizeof text, "%zu", n);
        hep_svg_label(svg, left + 0.5 * cell, y + 20.0, HEP_SVG_MIDDLE, HEP_SVG_INK, text);
    }
}

static int draw_confusion(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    const double x = 120.0, y = 84.0, cell = 84.0;
    struct hep_svg svg;

    hep_svg_begin(&svg, "confusion", x + cell * (HEP_CLASS_COUNT + 2) + 16.0,
                  y + 32.0 * (HEP_CLASS_COUNT + 1) + 24.0,
                  "True classes in rows, classes of the findings in columns", false);
    hep_svg_heading(&svg, 16.0, 26.0, "True class (rows) and class of the finding (columns)");
    for (int c = 0; c < (int)HEP_CLASS_COUNT + 2; c++)
        hep_svg_label(&svg, x + cell * ((double)c + 0.5), y - 10.0, HEP_SVG_MIDDLE, HEP_SVG_MUTED,
                      c < (int)HEP_CLASS_COUNT    ? hep_class_name((enum hep_lesion_class)c)
                      : c == (int)HEP_CLASS_COUNT ? "not given"
                                                  : "missed");
    for (int row = 0; row <= (int)HEP_CLASS_COUNT; row++) {
        const double top = y + 32.0 * (double)row;

        hep_svg_label(&svg, x - 8.0, top + 20.0, HEP_SVG_END, HEP_SVG_MUTED,
                      row < (int)HEP_CLASS_COUNT ? hep_class_name((enum hep_lesion_class)row)
                                                 : "no lesion");
        draw_row(&svg, &e->result, row, x, top, cell);
    }
    return save_plot(&svg, dir, "confusion", err);
}

/* ---- Bland-Altman ---------------------------------------------------------------------------- */

struct cloud {
    double *mean, *difference; /* liver first, then lesions */
    size_t n_liver, n;
};

static void collect(struct cloud *c, const struct hep_evaluated *e, enum hep_eval_map map,
                    size_t *index)
{
    const enum hep_eval_group groups[] = { HEP_GROUP_LIVER, HEP_GROUP_LESIONS };

    c->n = 0;
    for (size_t g = 0; g < 2; g++) {
        const size_t n = hep_evaluated_pairs(index, e, map, groups[g]);

        for (size_t i = 0; i < n; i++) {
            const struct hep_map_pair *p = &e->pair[index[i]];

            c->mean[c->n] = 0.5 * (p->measured + p->truth);
            c->difference[c->n++] = p->measured - p->truth;
        }
        if (g == 0)
            c->n_liver = n;
    }
}

static void range_of(double *lo, double *hi, const double *x, size_t n, double low, double high)
{
    double pad;

    *lo = low;
    *hi = high;
    for (size_t i = 0; i < n; i++) {
        *lo = isfinite(*lo) ? fmin(*lo, x[i]) : x[i];
        *hi = isfinite(*hi) ? fmax(*hi, x[i]) : x[i];
    }
    pad = 0.06 * (*hi - *lo);
    if (!(pad > 0.0))
        pad = *hi != 0.0 ? 0.1 * fabs(*hi) : 1.0;
    *lo -= pad;
    *hi += pad;
}

static void draw_limits(struct hep_svg *svg, const struct hep_svg_frame *f,
                        const struct hep_agreement *a)
{
    char text[64];

    (void)snprintf(text, sizeof text, "bias in lesions %.3g", a->bias);
    hep_svg_level(svg, f, a->bias, HEP_SVG_INK, text);
    (void)snprintf(text, sizeof text, "+1.96 SD %.3g", a->upper);
    hep_svg_level(svg, f, a->upper, HEP_SVG_MUTED, text);
    (void)snprintf(text, sizeof text, "-1.96 SD %.3g", a->lower);
    hep_svg_level(svg, f, a->lower, HEP_SVG_MUTED, text);
}

static int draw_map(const struct hep_evaluated *e, enum hep_eval_map map, const struct cloud *c,
                    const char *name, const char *dir, struct hep_error *err)
{
    static const char *const names[] = { "liver", "lesion" };
    static const int tones[] = { HEP_SVG_SERIES, HEP_SVG_SERIES + 1 };
    const struct hep_agreement *a = &e->map[map][HEP_GROUP_LESIONS].agreement;
    const char *unit = hep_eval_map_unit(map), *map_name = hep_eval_map_name(map);
    char xl[96], yl[96];
    struct hep_svg_frame f = { 96.0,
                               56.0,
                               WIDTH - 120.0,
                               HEIGHT - 112.0,
                               { xl, 0.0, 1.0, false, NULL, 0, NULL },
                               { yl, 0.0, 1.0, false, NULL, 0, NULL } };
    struct hep_svg svg;

    (void)snprintf(xl, sizeof xl, "mean of measured and true %s, %s", map_name, unit);
    (void)snprintf(yl, sizeof yl, "measured minus true, %s", unit);
    range_of(&f.xa.lo, &f.xa.hi, c->mean, c->n, (double)NAN, (double)NAN);
    range_of(&f.ya.lo, &f.ya.hi, c->difference, c->n, a->lower, a->upper);
    hep_svg_begin(&svg, map_name, WIDTH, HEIGHT, xl, false);
    hep_svg_heading(&svg, 96.0, 26.0, map_name);
    hep_svg_frame(&svg, &f);
    draw_limits(&svg, &f, a);
    hep_svg_points(&svg, &f, c->mean, c->difference, c->n_liver, tones[0]);
    hep_svg_points(&svg, &f, c->mean + c->n_liver, c->difference + c->n_liver, c->n - c->n_liver,
                   tones[1]);
    hep_svg_legend(&svg, WIDTH - 100.0, 22.0, names, tones, 2);
    return save_plot(&svg, dir, name, err);
}

static int draw_maps(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    size_t *index = hep_calloc(e->n_pairs + 1, sizeof *index, err);
    double *work = hep_calloc(2 * e->n_pairs + 2, sizeof *work, err);
    int rc = index != NULL && work != NULL ? HEP_OK : HEP_ENOMEM;

    for (int m = 0; rc == HEP_OK && m < (int)HEP_EVAL_N_MAPS; m++) {
        struct cloud c = { work, work + e->n_pairs + 1, 0, 0 };
        char name[64];

        (void)snprintf(name, sizeof name, "bland_altman_%s",
                       hep_eval_map_name((enum hep_eval_map)m));
        collect(&c, e, (enum hep_eval_map)m, index);
        rc = c.n > 0 ? draw_map(e, (enum hep_eval_map)m, &c, name, dir, err)
                     : remove_plot(dir, name, err);
    }
    free(index);
    free(work);
    return rc;
}

int hep_evaluated_plots(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    int rc = draw_froc(e, dir, err);

    if (rc == HEP_OK)
        rc = draw_sizes(e, dir, err);
    if (rc == HEP_OK)
        rc = draw_reliability(e, dir, err);
    if (rc == HEP_OK)
        rc = draw_confusion(e, dir, err);
    return rc == HEP_OK ? draw_maps(e, dir, err) : rc;
}
