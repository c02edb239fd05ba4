/**
 * @file  report/svg.h
 * @brief Small SVG plots: frames with axes, lines, bands, bars, points, boxes and cells; as files
 * or inside a page.
 *
 * Colours come from style classes with the prefix "hp-": ink is currentColor, so a plot inside a
 * page takes the page's colour in light and dark; a file of its own carries the style sheet and
 * follows prefers-color-scheme. Series differ in colour (Okabe and Ito, "Color Universal Design",
 * 2008), in dash and in marker. All texts are escaped. Numbers have two decimals at most, so the
 * same data give the same bytes.
 * Positions: user units from the top left. Within a frame, data coordinates; points that are not
 * finite are left out, what lies outside the frame is clipped.
 */
#ifndef HEP_REPORT_SVG_H
#define HEP_REPORT_SVG_H

#include "base/text.h"

/** Style classes. The SERIES tones are HEP_SVG_N_SERIES distinct ones; more wrap around. */
enum hep_svg_tone { HEP_SVG_INK, HEP_SVG_MUTED, HEP_SVG_GRID, HEP_SVG_SERIES };
#define HEP_SVG_N_SERIES 7
enum hep_svg_anchor { HEP_SVG_START, HEP_SVG_MIDDLE, HEP_SVG_END };

/** A drawing; its text grows in `text`. */
struct hep_svg {
    struct hep_str text;
    double width, height;
    unsigned n_clips;
    char name[32]; /* makes ids unique on a page */
};

/** The style rules alone, once per page that holds drawings. */
void hep_svg_style(struct hep_str *out);

/**
 * @param[in] name    letters, digits and "-": unique on its page; borrowed for the call
 * @param[in] title   read out by screen readers
 * @param[in] of_page no namespace and no style: for inclusion in HTML
 */
void hep_svg_begin(struct hep_svg *svg, const char *name, double width, double height,
                   const char *title, bool of_page);
/** Close it. @return HEP_ENOMEM when memory ran out on the way. `text` is the caller's to release.
 */
int hep_svg_end(struct hep_svg *svg, struct hep_error *err) HEP_MUST_CHECK;

/* ---- marks anywhere: tone is HEP_SVG_INK, ..., or HEP_SVG_SERIES + i ---- */
void hep_svg_line(struct hep_svg *svg, double x0, double y0, double x1, double y1, int tone);
/** Filled, with `opacity` in 0..1. */
void hep_svg_rect(struct hep_svg *svg, double x, double y, double w, double h, int tone,
                  double opacity);
/** The marker of a series: circle, square, triangle, diamond, ... */
void hep_svg_marker(struct hep_svg *svg, double x, double y, double size, int tone);
void hep_svg_label(struct hep_svg *svg, double x, double y, enum hep_svg_anchor anchor, int tone,
                   const char *text);
/** Bold and larger. */
void hep_svg_heading(struct hep_svg *svg, double x, double y, const char *text);
/** Upwards along a vertical axis. */
void hep_svg_label_upright(struct hep_svg *svg, double x, double y, const char *text);

/* ---- frames ---- */
struct hep_svg_axis {
    const char *label; /* with its unit; NULL for none */
    double lo, hi;     /* lo < hi; both > 0 on a logarithmic axis */
    bool logarithmic;
    const double *ticks; /* NULL: chosen */
    size_t n_ticks;
    const char *const *names; /* categories at 0, 1, ... instead of ticks; n_ticks of them */
};
struct hep_svg_frame {
    double x, y, w, h; /* of the plotting area */
    struct hep_svg_axis xa, ya;
};
/** Frame, grid, ticks and labels: leave 44 below; on the left 32 and 7 per letter of a tick. */
void hep_svg_frame(struct hep_svg *svg, const struct hep_svg_frame *f);
double hep_svg_x(const struct hep_svg_frame *f, double value);
double hep_svg_y(const struct hep_svg_frame *f, double value);

void hep_svg_curve(struct hep_svg *svg, const struct hep_svg_frame *f, const double *x,
                   const double *y, size_t n, int tone);
/** Between two curves over the same x. */
void hep_svg_band(struct hep_svg *svg, const struct hep_svg_frame *f, const double *x,
                  const double *lo, const double *hi, size_t n, int tone);
void hep_svg_points(struct hep_svg *svg, const struct hep_svg_frame *f, const double *x,
                    const double *y, size_t n, int tone);
/** A bar from the bottom of the axis, `width` in data units, with an interval (NaN: none). */
void hep_svg_bar(struct hep_svg *svg, const struct hep_svg_frame *f, double x, double width,
                 double value, double lo, double hi, int tone);
/** Quartiles, median and whiskers at a category; n >= 1 finite values, sorted here. HEP_ENOMEM is
 * remembered until hep_svg_end(). */
void hep_svg_box(struct hep_svg *svg, const struct hep_svg_frame *f, double x, double width,
                 const double *values, size_t n, int tone);
/** A horizontal line through the frame, with a text at its right end (NULL: none). */
void hep_svg_level(struct hep_svg *svg, const struct hep_svg_frame *f, double y, int tone,
                   const char *text);
/** Markers with names, one below the other, from the given place. */
void hep_svg_legend(struct hep_svg *svg, double x, double y, const char *const *names,
                    const int *tones, size_t n);

/**
 * Round tick positions (1, 2 or 5 times a power of ten) within lo..hi.
 * @param[out] out shape [max], max >= 2
 * @return how many, <= max
 */
size_t hep_svg_ticks(double *out, size_t max, double lo, double hi);

#endif
