/* A timeline for a terminal, as a picture and as JSON. */
#include "protocols/show.h"

#include "base/table.h"

#include <math.h>

static const struct hep_plan *plan_of(const struct hep_config *cfg,
                                      const struct hep_timeline_item *it)
{
    return it->series < 0 ? NULL : &cfg->series[it->series];
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct item_row {
    const char *what;
    long visit;
    double start_s, end_s, scan_s, rest_s, centre_s, window_start_s, window_end_s;
    char window[48];
};
#define S struct item_row
static const struct hep_column item_columns[] = {
    { "start_s", HEP_NUMBER(S, start_s), "Start", "s", HEP_LOOK(1.0, "", HEP_DIGITS_CLOCK) },
    { "end_s", HEP_NUMBER(S, end_s), "End", "s", HEP_LOOK(1.0, "", HEP_DIGITS_CLOCK) },
    { "what", HEP_TEXT(S, what), "What" },
    { "visit", HEP_LONG(S, visit) },
    { "scan_s", HEP_NUMBER(S, scan_s), "Scan", "s", HEP_DECIMALS(0) },
    { "rest_s", HEP_NUMBER(S, rest_s), "Rest", "s", HEP_DECIMALS(0) },
    { NULL, HEP_CHARS(S, window), "Window" },
    { "centre_s", HEP_NUMBER(S, centre_s), .flags = HEP_OPTIONAL },
    { "window_start_s", HEP_NUMBER(S, window_start_s), .flags = HEP_OPTIONAL },
    { "window_end_s", HEP_NUMBER(S, window_end_s), .flags = HEP_OPTIONAL },
    { 0 },
};
#undef S
#define S struct hep_timeline
static const struct hep_column timeline_columns[] = {
    { "visits", HEP_LONG(S, visits) },
    { "scan_s", HEP_NUMBER(S, scan_s), "scanning and rest", "s", HEP_CLOCK },
    { "wait_s", HEP_NUMBER(S, wait_s), "idle", "s", HEP_CLOCK },
    { "table_s", HEP_NUMBER(S, table_s), "on the table", "s", HEP_CLOCK },
    { "elapsed_s", HEP_NUMBER(S, elapsed_s), "from first to last", "s", HEP_CLOCK },
    { 0 },
};
#undef S

static struct item_row row_of(const struct hep_config *cfg, const struct hep_timeline_item *it)
{
    const struct hep_plan *plan = plan_of(cfg, it);
    const double none = (double)NAN;
    struct item_row row = { it->label,  it->visit, it->start_s, it->end_s, it->scan_s,
                            it->rest_s, none,      none,        none,      "" };

    if (plan == NULL || isnan(it->centre_s))
        return row;
    row.centre_s = it->centre_s;
    row.window_start_s = plan->window_s.lo;
    row.window_end_s = plan->window_s.hi;
    (void)snprintf(row.window, sizeof row.window, "centre %.0f in %.0f-%.0f s", it->centre_s,
                   plan->window_s.lo, plan->window_s.hi);
    return row;
}

void hep_timeline_text(struct hep_str *out, const struct hep_config *cfg,
                       const struct hep_timeline *t)
{
    struct item_row rows[HEP_TIMELINE_MAX];
    struct hep_table table = HEP_TABLE(NULL, item_columns, rows, 0);

    for (size_t i = 0; i < t->n; i++) {
        rows[table.n++] = row_of(cfg, &t->items[i]);
        if (i + 1 < t->n && t->items[i + 1].visit == t->items[i].visit)
            continue;
        if (t->visits > 1)
            hep_str_addf(out, "visit %ld\n", t->items[i].visit);
        hep_table_text(out, &table);
        hep_str_add(out, "\n");
        table.n = 0;
    }
    hep_row_text(out, timeline_columns, t);
    hep_str_add(out, "Times are minutes:seconds from the start of injection, by a model of "
                     "the\nsequences; positioning of the patient is not included.\n");
}

int hep_timeline_json(struct hep_json **out, const struct hep_config *cfg,
                      const struct hep_timeline *t, struct hep_error *err)
{
    struct item_row rows[HEP_TIMELINE_MAX];
    const struct hep_table table = HEP_TABLE(NULL, item_columns, rows, t->n);
    struct hep_put p = { HEP_OK, err };
    struct hep_json *root = hep_row_json(&p, timeline_columns, t);

    for (size_t i = 0; i < t->n; i++)
        rows[i] = row_of(cfg, &t->items[i]);
    hep_put(&p, root, "timeline", hep_table_json(&p, &table));
    hep_put_text(&p, root, "protocol", cfg->name.s);
    return hep_put_done(&p, out, root);
}

/* ---- SVG ------------------------------------------------------------------------------------- */

#define SVG_WIDTH 960.0
#define SVG_LEFT 130.0
#define SVG_ROW 26.0
#define SVG_TOP 76.0
#define SVG_GAP_S 240.0 /* a pause between visits is drawn this long */

/* Horizontal position of a time: the visits follow each other with a short gap. */
struct axis {
    double first[3], last[3], px_per_s;
    long visits;
};

static struct axis make_axis(const struct hep_config *cfg, const struct hep_timeline *t)
{
    struct axis a = { .visits = t->visits };
    double total = 0;

    for (long v = 1; v <= t->visits; v++) {
        a.first[v] = (double)INFINITY;
        a.last[v] = -(double)INFINITY;
    }
    for (size_t i = 0; i < t->n; i++) {
        const struct hep_timeline_item *it = &t->items[i];
        const struct hep_plan *plan = plan_of(cfg, it);

        a.first[it->visit] = fmin(a.first[it->visit], it->start_s);
        a.last[it->visit] = fmax(a.last[it->visit], it->end_s);
        /* Windows of dynamic phases are shown whole; a hepatobiliary one may be hours wide. */
        if (plan && !isnan(it->centre_s) && it->series != HEP_SERIES_HEPATOBILIARY)
            a.last[it->visit] = fmax(a.last[it->visit], plan->window_s.hi);
    }
    for (long v = 1; v <= t->visits; v++)
        total += a.last[v] - a.first[v];
    total += (double)(t->visits - 1) * SVG_GAP_S;
    a.px_per_s = (SVG_WIDTH - SVG_LEFT - 20) / (total > 0 ? total : 1);
    return a;
}

static double axis_x(const struct axis *a, long visit, double s)
{
    double x = fmin(fmax(s, a->first[visit]), a->last[visit]) - a->first[visit];

    if (visit == 2)
        x += a->last[1] - a->first[1] + SVG_GAP_S;
    return SVG_LEFT + x * a->px_per_s;
}

static void svg_rect(struct hep_str *out, double x0, double x1, double y, double height,
                     const char *style, const char *title)
{
    hep_str_addf(out,
                 "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"><title>",
                 x0, y, fmax(x1 - x0, 1.5), height, style);
    hep_str_add_html(out, title);
    hep_str_add(out, "</title></rect>\n");
}

static void svg_item(struct hep_str *out, const struct hep_config *cfg, const struct axis *a,
                     const struct hep_timeline_item *it, double y)
{
    const struct hep_plan *plan = plan_of(cfg, it);
    const char *kind = strcmp(it->label, "wait") == 0 ? "wait" : "scan";
    char title[160];

    hep_str_addf(out, "<text x=\"%.0f\" y=\"%.1f\" class=\"name\">", SVG_LEFT - 8, y + 15);
    hep_str_add_html(out, it->label);
    hep_str_add(out, "</text>\n");
    if (plan && !isnan(it->centre_s)) {
        (void)snprintf(title, sizeof title, "window %.0f-%.0f s, nominal %.0f-%.0f s",
                       plan->window_s.lo, plan->window_s.hi, plan->nominal_s.lo,
                       plan->nominal_s.hi);
        svg_rect(out, axis_x(a, it->visit, plan->window_s.lo),
                 axis_x(a, it->visit, plan->window_s.hi), y + 2, 18, "window", title);
        svg_rect(out, axis_x(a, it->visit, plan->nominal_s.lo),
                 axis_x(a, it->visit, plan->nominal_s.hi), y + 2, 18, "nominal", title);
    }
    (void)snprintf(title, sizeof title, "%s: %.0f s scan, %.0f s rest, from %.0f s", it->label,
                   it->scan_s, it->rest_s, it->start_s);
    svg_rect(out, axis_x(a, it->visit, it->start_s), axis_x(a, it->visit, it->end_s - it->rest_s),
             y + 6, 10, kind, title);
    if (it->rest_s > 0)
        svg_rect(out, axis_x(a, it->visit, it->end_s - it->rest_s), axis_x(a, it->visit, it->end_s),
                 y + 6, 10, "rest", title);
}

/* A step of 1, 2 or 5 minutes (or tens) that gives at most a dozen marks. */
static double tick_step(double span_s)
{
    static const double minutes[] = { 1, 2, 5, 10, 20, 30, 60, 120 };
    size_t i = 0;

    while (i + 1 < sizeof minutes / sizeof minutes[0] && span_s / (60 * minutes[i]) > 12)
        i++;
    return 60 * minutes[i];
}

static void svg_ticks(struct hep_str *out, const struct axis *a, double height)
{
    double span = 0, step;

    for (long v = 1; v <= a->visits; v++)
        span += a->last[v] - a->first[v];
    step = tick_step(span);
    for (long v = 1; v <= a->visits; v++) {
        for (long k = lround(ceil(a->first[v] / step)); (double)k * step <= a->last[v]; k++) {
            double s = (double)k * step, x = axis_x(a, v, s);

            hep_str_addf(out, "<path d=\"M%.1f %.0fV%.0f\" class=\"tick\"/>", x, SVG_TOP - 8,
                         height - 20);
            hep_str_addf(out, "<text x=\"%.1f\" y=\"%.0f\" class=\"mark\">%.0f min</text>\n", x,
                         SVG_TOP - 14, s / 60);
        }
    }
    if (a->visits == 2)
        hep_str_addf(out, "<text x=\"%.1f\" y=\"%.0f\" class=\"mark\">second visit</text>\n",
                     axis_x(a, 2, a->first[2]), SVG_TOP - 28);
}

void hep_timeline_svg(struct hep_str *out, const struct hep_config *cfg,
                      const struct hep_timeline *t)
{
    struct axis a = make_axis(cfg, t);
    double height = SVG_TOP + SVG_ROW * (double)t->n + 30;

    hep_str_addf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
                 "role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n<title>Timeline of ",
                 SVG_WIDTH, height);
    hep_str_add_html(out, cfg->name.s);
    hep_str_add(out, "</title>\n<style>.scan{fill:#31688e}.rest{fill:#a9c3d4}.wait{fill:none;"
                     "stroke:#888;stroke-dasharray:3 2}.window{fill:#fde725;opacity:.35}"
                     ".nominal{fill:#fde725;opacity:.6}.tick{stroke:#ddd}.mark{text-anchor:middle;"
                     "fill:#555;font-size:11px}.name{text-anchor:end;fill:#222}.injection{stroke:"
                     "#b5367a;stroke-width:2}.head{font-size:15px;fill:#222}</style>\n"
                     "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
                     "<text x=\"12\" y=\"22\" class=\"head\">");
    hep_str_add_html(out, cfg->title.s[0] ? cfg->title.s : cfg->name.s);
    hep_str_addf(out, ": %.0f min on the table</text>\n", t->table_s / 60);
    svg_ticks(out, &a, height);
    for (size_t i = 0; i < t->n; i++) {
        double y = SVG_TOP + SVG_ROW * (double)i;

        if (strcmp(t->items[i].label, "injection") == 0) {
            double x = axis_x(&a, 1, 0);

            hep_str_addf(out, "<path d=\"M%.1f %.0fV%.0f\" class=\"injection\"/>\n", x, SVG_TOP - 8,
                         height - 20);
            hep_str_addf(out, "<text x=\"%.0f\" y=\"%.1f\" class=\"name\">injection</text>\n",
                         SVG_LEFT - 8, y + 15);
            continue;
        }
        svg_item(out, cfg, &a, &t->items[i], y);
    }
    hep_str_addf(out,
                 "<text x=\"12\" y=\"%.0f\" fill=\"#555\">blue: scan and rest; yellow: window, "
                 "nominal times stronger; dashed: waiting</text>\n</svg>\n",
                 height - 6);
}
