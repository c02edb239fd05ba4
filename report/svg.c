#include "report/svg.h"

#include "base/alloc.h"
#include "base/number.h"
#include "report/assets.h"

#include <float.h>
#include <math.h>

#define TICKS_MAX 16
#define LETTER 7.0 /* width of a digit at 12 px */

/* Okabe and Ito 2008: the second column for dark backgrounds. */
static const struct series_style {
    const char *light, *dark, *dash;
} series_styles[HEP_SVG_N_SERIES] = {
    { "#0072b2", "#56b4e9", "none" }, { "#d55e00", "#ff9d5c", "7 3" },
    { "#009e73", "#2fd6a7", "2 3" },  { "#aa4b83", "#e59cc4", "8 3 2 3" },
    { "#a07000", "#e6b422", "4 2" },  { "#2f6fa8", "#9ccbee", "10 4" },
    { "#666666", "#b0b0b0", "1 4" },
};

void hep_svg_style(struct hep_str *out)
{
    hep_str_add(out, hep_asset_plot_css);
    for (int i = 0; i < HEP_SVG_N_SERIES; i++)
        hep_str_addf(out, ".hp-s%d{stroke:%s;fill:%s;stroke-dasharray:%s}", i,
                     series_styles[i].light, series_styles[i].light, series_styles[i].dash);
    hep_str_add(out, "@media (prefers-color-scheme:dark){");
    for (int i = 0; i < HEP_SVG_N_SERIES; i++)
        hep_str_addf(out, ".hp-s%d{stroke:%s;fill:%s}", i, series_styles[i].dark,
                     series_styles[i].dark);
    hep_str_add(out, "}");
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Append a coordinate with at most two decimals, without trailing zeros and without "-0". */
static void add_coordinate(struct hep_str *out, double v)
{
    char buffer[64];
    size_t n;

    (void)snprintf(buffer, sizeof buffer, "%.2f", fabs(v) < 0.005 ? 0.0 : fmin(fmax(v, -1e6), 1e6));
    n = strlen(buffer);
    while (n > 0 && buffer[n - 1] == '0')
        n--;
    if (n > 0 && buffer[n - 1] == '.')
        n--;
    hep_str_addn(out, buffer, n);
}

static void attribute(struct hep_svg *svg, const char *name, double v)
{
    hep_str_addf(&svg->text, " %s=\"", name);
    add_coordinate(&svg->text, v);
    hep_str_add(&svg->text, "\"");
}

static void class_of(struct hep_svg *svg, int tone, const char *more)
{
    static const char *const plain[] = { "hp-ink", "hp-muted", "hp-grid" };

    if (tone < (int)HEP_SVG_SERIES)
        hep_str_addf(&svg->text, " class=\"%s%s\"", plain[tone < 0 ? 0 : tone], more);
    else
        hep_str_addf(&svg->text, " class=\"hp-s%d%s\"",
                     (tone - (int)HEP_SVG_SERIES) % HEP_SVG_N_SERIES, more);
}

static void point(struct hep_svg *svg, char letter, double x, double y)
{
    hep_str_addn(&svg->text, &letter, 1);
    add_coordinate(&svg->text, x);
    hep_str_add(&svg->text, " ");
    add_coordinate(&svg->text, y);
}

void hep_svg_begin(struct hep_svg *svg, const char *name, double width, double height,
                   const char *title, bool of_page)
{
    *svg = (struct hep_svg){ .width = width, .height = height };
    (void)snprintf(svg->name, sizeof svg->name, "%s", name);
    hep_str_add(&svg->text, of_page ? "<svg" : "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    hep_str_add(&svg->text, " class=\"hp-svg\" role=\"img\" viewBox=\"0 0 ");
    add_coordinate(&svg->text, width);
    hep_str_add(&svg->text, " ");
    add_coordinate(&svg->text, height);
    hep_str_add(&svg->text, "\"");
    attribute(svg, "width", width);
    attribute(svg, "height", height);
    hep_str_add(&svg->text, ">\n<title>");
    hep_str_add_html(&svg->text, title);
    hep_str_add(&svg->text, "</title>\n");
    if (of_page)
        return;
    hep_str_add(&svg->text, "<style>svg{color:#1a1a1a;background:#fff}@media "
                            "(prefers-color-scheme:dark){svg{color:#e8e8e8;background:#16181c}}");
    hep_svg_style(&svg->text);
    hep_str_add(&svg->text, "</style>\n");
}

int hep_svg_end(struct hep_svg *svg, struct hep_error *err)
{
    hep_str_add(&svg->text, "</svg>\n");
    return hep_str_check(&svg->text, err);
}

/* ---- marks ----------------------------------------------------------------------------------- */

void hep_svg_line(struct hep_svg *svg, double x0, double y0, double x1, double y1, int tone)
{
    if (!isfinite(x0) || !isfinite(y0) || !isfinite(x1) || !isfinite(y1))
        return;
    hep_str_add(&svg->text, "<path");
    class_of(svg, tone, " hp-solid");
    hep_str_add(&svg->text, " d=\"");
    point(svg, 'M', x0, y0);
    point(svg, 'L', x1, y1);
    hep_str_add(&svg->text, "\"/>\n");
}

void hep_svg_rect(struct hep_svg *svg, double x, double y, double w, double h, int tone,
                  double opacity)
{
    if (!isfinite(x) || !isfinite(y) || !(w >= 0.0) || !(h >= 0.0))
        return;
    hep_str_add(&svg->text, "<rect");
    class_of(svg, tone, " hp-area");
    attribute(svg, "x", x);
    attribute(svg, "y", y);
    attribute(svg, "width", w);
    attribute(svg, "height", h);
    attribute(svg, "fill-opacity", opacity);
    hep_str_add(&svg->text, "/>\n");
}

void hep_svg_marker(struct hep_svg *svg, double x, double y, double size, int tone)
{
    static const char *const shapes[HEP_SVG_N_SERIES] = {
        NULL,
        "M-1-1H1V1H-1Z",
        "M0-1.2L1.1 .9H-1.1Z",
        "M0-1.3L1.3 0L0 1.3L-1.3 0Z",
        "M0 1.2L1.1-.9H-1.1Z",
        "M-1-.3H-.3V-1H.3V-.3H1V.3H.3V1H-.3V.3H-1Z",
        "M-.5-1H.5V1H-.5Z",
    };
    const int shape = tone < (int)HEP_SVG_SERIES ? 0 : (tone - (int)HEP_SVG_SERIES);

    if (!isfinite(x) || !isfinite(y))
        return;
    if (shapes[shape % HEP_SVG_N_SERIES] == NULL) {
        hep_str_add(&svg->text, "<circle");
        class_of(svg, tone, " hp-area");
        attribute(svg, "cx", x);
        attribute(svg, "cy", y);
        attribute(svg, "r", size);
        hep_str_add(&svg->text, "/>\n");
        return;
    }
    hep_str_add(&svg->text, "<path");
    class_of(svg, tone, " hp-area");
    hep_str_add(&svg->text, " transform=\"translate(");
    add_coordinate(&svg->text, x);
    hep_str_add(&svg->text, " ");
    add_coordinate(&svg->text, y);
    hep_str_add(&svg->text, ") scale(");
    add_coordinate(&svg->text, size);
    hep_str_addf(&svg->text, ")\" d=\"%s\"/>\n", shapes[shape % HEP_SVG_N_SERIES]);
}

static void text_at(struct hep_svg *svg, double x, double y, const char *attributes,
                    const char *text)
{
    hep_str_add(&svg->text, "<text");
    attribute(svg, "x", x);
    attribute(svg, "y", y);
    hep_str_addf(&svg->text, "%s>", attributes);
    hep_str_add_html(&svg->text, text);
    hep_str_add(&svg->text, "</text>\n");
}

void hep_svg_label(struct hep_svg *svg, double x, double y, enum hep_svg_anchor anchor, int tone,
                   const char *text)
{
    static const char *const anchors[][2] = {
        { "", " opacity=\".75\"" },
        { " text-anchor=\"middle\"", " text-anchor=\"middle\" opacity=\".75\"" },
        { " text-anchor=\"end\"", " text-anchor=\"end\" opacity=\".75\"" },
    };

    if (isfinite(x) && isfinite(y))
        text_at(svg, x, y, anchors[anchor][tone == (int)HEP_SVG_MUTED], text);
}

void hep_svg_heading(struct hep_svg *svg, double x, double y, const char *text)
{
    text_at(svg, x, y, " class=\"hp-heading\"", text);
}

void hep_svg_label_upright(struct hep_svg *svg, double x, double y, const char *text)
{
    struct hep_str attributes = { 0 };

    hep_str_add(&attributes, " text-anchor=\"middle\" transform=\"rotate(-90 ");
    add_coordinate(&attributes, x);
    hep_str_add(&attributes, " ");
    add_coordinate(&attributes, y);
    hep_str_add(&attributes, ")\"");
    text_at(svg, x, y, hep_str_part(&svg->text, &attributes), text);
    hep_str_release(&attributes);
}

void hep_svg_legend(struct hep_svg *svg, double x, double y, const char *const *names,
                    const int *tones, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double at = y + 18.0 * (double)i;

        hep_svg_marker(svg, x + 6.0, at - 4.0, 5.0, tones[i]);
        hep_svg_label(svg, x + 18.0, at, HEP_SVG_START, HEP_SVG_INK, names[i]);
    }
}

/* ---- frames ---------------------------------------------------------------------------------- */

static double share_of_axis(const struct hep_svg_axis *a, double v)
{
    return a->logarithmic ? log(v / a->lo) / log(a->hi / a->lo) : (v - a->lo) / (a->hi - a->lo);
}

double hep_svg_x(const struct hep_svg_frame *f, double value)
{
    return f->x + f->w * share_of_axis(&f->xa, value);
}

double hep_svg_y(const struct hep_svg_frame *f, double value)
{
    return f->y + f->h * (1.0 - share_of_axis(&f->ya, value));
}

size_t hep_svg_ticks(double *out, size_t max, double lo, double hi)
{
    static const double factors[] = { 1.0, 2.0, 5.0, 10.0 };
    const double rough = (hi - lo) / 5.0;
    double power, step = 0.0;
    size_t n = 0;

    if (!(rough > 0.0) || !isfinite(rough))
        return 0;
    power = pow(10.0, floor(log10(rough)));
    for (size_t i = 0; i < 4; i++) {
        step = factors[i] * power;
        if (step >= rough * (1.0 - 1e-9))
            break;
    }
    while (n < max) {
        const double k = ceil(lo / step - 1e-9) + (double)n;

        if (k * step > hi + 1e-9 * step)
            break;
        out[n++] = k == 0.0 ? 0.0 : k * step;
    }
    return n;
}

static void tick_text(struct hep_str *out, double v)
{
    char buffer[32];

    (void)snprintf(buffer, sizeof buffer, "%.6g", v);
    hep_str_clear(out);
    hep_str_add(out, buffer);
}

/* @return letters of the longest label */
static size_t axis_ticks(struct hep_svg *svg, const struct hep_svg_frame *f, bool horizontal)
{
    const struct hep_svg_axis *a = horizontal ? &f->xa : &f->ya;
    double chosen[TICKS_MAX];
    const double *ticks = a->ticks != NULL ? a->ticks : chosen;
    size_t n = a->ticks != NULL || a->names != NULL
                   ? a->n_ticks
                   : hep_svg_ticks(chosen, TICKS_MAX, a->lo, a->hi);
    struct hep_str text = { 0 };
    size_t longest = 0;

    for (size_t i = 0; i < n; i++) {
        const double v = a->names != NULL ? (double)i : ticks[i];
        const double at = horizontal ? hep_svg_x(f, v) : hep_svg_y(f, v);
        const char *name;

        if (a->names == NULL) {
            tick_text(&text, v);
            if (horizontal)
                hep_svg_line(svg, at, f->y, at, f->y + f->h, HEP_SVG_GRID);
            else
                hep_svg_line(svg, f->x, at, f->x + f->w, at, HEP_SVG_GRID);
        }
        name = a->names != NULL ? a->names[i] : hep_str_part(&svg->text, &text);
        longest = strlen(name) > longest ? strlen(name) : longest;
        if (horizontal)
            hep_svg_label(svg, at, f->y + f->h + 16.0, HEP_SVG_MIDDLE, HEP_SVG_MUTED, name);
        else
            hep_svg_label(svg, f->x - 6.0, at + 4.0, HEP_SVG_END, HEP_SVG_MUTED, name);
    }
    hep_str_release(&text);
    return longest;
}

void hep_svg_frame(struct hep_svg *svg, const struct hep_svg_frame *f)
{
    const size_t letters = axis_ticks(svg, f, false);

    (void)axis_ticks(svg, f, true);
    hep_svg_line(svg, f->x, f->y + f->h, f->x + f->w, f->y + f->h, HEP_SVG_MUTED);
    hep_svg_line(svg, f->x, f->y, f->x, f->y + f->h, HEP_SVG_MUTED);
    if (f->xa.label != NULL)
        hep_svg_label(svg, f->x + 0.5 * f->w, f->y + f->h + 36.0, HEP_SVG_MIDDLE, HEP_SVG_INK,
                      f->xa.label);
    if (f->ya.label != NULL)
        hep_svg_label_upright(svg, f->x - 18.0 - LETTER * (double)letters, f->y + 0.5 * f->h,
                              f->ya.label);
}

/* Content of a frame is drawn between these two. */
static void clip_begin(struct hep_svg *svg, const struct hep_svg_frame *f)
{
    hep_str_addf(&svg->text, "<clipPath id=\"%s-c%u\"><rect", svg->name, svg->n_clips);
    attribute(svg, "x", f->x - 4.0);
    attribute(svg, "y", f->y - 4.0);
    attribute(svg, "width", f->w + 8.0);
    attribute(svg, "height", f->h + 8.0);
    hep_str_addf(&svg->text, "/></clipPath>\n<g clip-path=\"url(#%s-c%u)\">\n", svg->name,
                 svg->n_clips++);
}

static void clip_end(struct hep_svg *svg)
{
    hep_str_add(&svg->text, "</g>\n");
}

void hep_svg_curve(struct hep_svg *svg, const struct hep_svg_frame *f, const double *x,
                   const double *y, size_t n, int tone)
{
    bool down = false;

    clip_begin(svg, f);
    hep_str_add(&svg->text, "<path");
    class_of(svg, tone, " hp-line");
    hep_str_add(&svg->text, " d=\"");
    for (size_t i = 0; i < n; i++) {
        const double px = hep_svg_x(f, x[i]), py = hep_svg_y(f, y[i]);

        if (isfinite(px) && isfinite(py))
            point(svg, down ? 'L' : 'M', px, py);
        down = isfinite(px) && isfinite(py);
    }
    hep_str_add(&svg->text, "\"/>\n");
    clip_end(svg);
}

void hep_svg_band(struct hep_svg *svg, const struct hep_svg_frame *f, const double *x,
                  const double *lo, const double *hi, size_t n, int tone)
{
    bool any = false;

    clip_begin(svg, f);
    hep_str_add(&svg->text, "<path");
    class_of(svg, tone, " hp-area");
    hep_str_add(&svg->text, " fill-opacity=\"0.2\" d=\"");
    for (size_t k = 0; k < 2 * n; k++) {
        const size_t i = k < n ? k : 2 * n - 1 - k;
        const double px = hep_svg_x(f, x[i]), py = hep_svg_y(f, k < n ? hi[i] : lo[i]);

        if (!isfinite(px) || !isfinite(lo[i]) || !isfinite(hi[i]))
            continue;
        point(svg, any ? 'L' : 'M', px, py);
        any = true;
    }
    hep_str_add(&svg->text, any ? "Z\"/>\n" : "\"/>\n");
    clip_end(svg);
}

void hep_svg_points(struct hep_svg *svg, const struct hep_svg_frame *f, const double *x,
                    const double *y, size_t n, int tone)
{
    clip_begin(svg, f);
    for (size_t i = 0; i < n; i++)
        hep_svg_marker(svg, hep_svg_x(f, x[i]), hep_svg_y(f, y[i]), 3.5, tone);
    clip_end(svg);
}

void hep_svg_bar(struct hep_svg *svg, const struct hep_svg_frame *f, double x, double width,
                 double value, double lo, double hi, int tone)
{
    const double left = hep_svg_x(f, x - 0.5 * width), right = hep_svg_x(f, x + 0.5 * width);
    const double middle = 0.5 * (left + right), top = hep_svg_y(f, value);

    if (!isfinite(top))
        return;
    hep_svg_rect(svg, left, top, right - left, fmax(f->y + f->h - top, 0.0), tone, 0.75);
    if (!isfinite(lo) || !isfinite(hi))
        return;
    hep_svg_line(svg, middle, hep_svg_y(f, lo), middle, hep_svg_y(f, hi), HEP_SVG_INK);
    hep_svg_line(svg, middle - 4.0, hep_svg_y(f, lo), middle + 4.0, hep_svg_y(f, lo), HEP_SVG_INK);
    hep_svg_line(svg, middle - 4.0, hep_svg_y(f, hi), middle + 4.0, hep_svg_y(f, hi), HEP_SVG_INK);
}

/* Whiskers reach the last values within 1.5 quartile ranges (Tukey 1977); points beyond are drawn.
 */
static void draw_box(struct hep_svg *svg, const struct hep_svg_frame *f, double x, double width,
                     const double *v, size_t n, int tone)
{
    const double q1 = hep_quantile_sorted(v, n, 0.25), q2 = hep_quantile_sorted(v, n, 0.5),
                 q3 = hep_quantile_sorted(v, n, 0.75);
    const double left = hep_svg_x(f, x - 0.5 * width), right = hep_svg_x(f, x + 0.5 * width);
    const double reach = 1.5 * (q3 - q1), middle = 0.5 * (left + right);
    double lo = q1, hi = q3;

    for (size_t i = 0; i < n; i++) {
        if (v[i] < q1 - reach || v[i] > q3 + reach) {
            hep_svg_marker(svg, middle, hep_svg_y(f, v[i]), 2.5, tone);
            continue;
        }
        lo = fmin(lo, v[i]);
        hi = fmax(hi, v[i]);
    }
    hep_svg_line(svg, middle, hep_svg_y(f, lo), middle, hep_svg_y(f, q1), tone);
    hep_svg_line(svg, middle, hep_svg_y(f, q3), middle, hep_svg_y(f, hi), tone);
    hep_svg_rect(svg, left, hep_svg_y(f, q3), right - left, hep_svg_y(f, q1) - hep_svg_y(f, q3),
                 tone, 0.35);
    hep_svg_line(svg, left, hep_svg_y(f, q2), right, hep_svg_y(f, q2), HEP_SVG_INK);
}

void hep_svg_box(struct hep_svg *svg, const struct hep_svg_frame *f, double x, double width,
                 const double *values, size_t n, int tone)
{
    double *sorted = hep_calloc(n, sizeof *sorted, NULL);
    size_t m = 0;

    if (sorted == NULL) {
        svg->text.failed = svg->text.failed || n > 0;
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            sorted[m++] = values[i];
    if (m > 0) {
        qsort(sorted, m, sizeof *sorted, hep_compare_doubles);
        clip_begin(svg, f);
        draw_box(svg, f, x, width, sorted, m, tone);
        clip_end(svg);
    }
    free(sorted);
}

void hep_svg_level(struct hep_svg *svg, const struct hep_svg_frame *f, double y, int tone,
                   const char *text)
{
    const double at = hep_svg_y(f, y);

    if (!isfinite(at) || at < f->y || at > f->y + f->h)
        return;
    hep_svg_line(svg, f->x, at, f->x + f->w, at, tone);
    if (text != NULL)
        hep_svg_label(svg, f->x + f->w - 2.0, at - 4.0, HEP_SVG_END, tone, text);
}
