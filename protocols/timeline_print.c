/* A timeline for a terminal, as a picture and as JSON. */
#include "protocols/show.h"

#include <math.h>

static void add_clock(struct hep_str *out, double s)
{
    long t = lround(fabs(s));

    hep_str_addf(out, "%s%ld:%02ld", s < -0.5 ? "-" : "", t / 60, t % 60);
}

static void add_padded_clock(struct hep_str *out, double s)
{
    struct hep_str text = { 0 };

    add_clock(&text, s);
    hep_str_addf(out, "%9s", text.s ? text.s : "?");
    out->failed = out->failed || text.failed;
    hep_str_release(&text);
}

static const struct hep_plan *plan_of(const struct hep_config *cfg,
                                      const struct hep_timeline_item *it)
{
    return it->series < 0 ? NULL : &cfg->series[it->series];
}

static void text_row(struct hep_str *out, const struct hep_config *cfg,
                     const struct hep_timeline_item *it)
{
    const struct hep_plan *plan = plan_of(cfg, it);

    add_padded_clock(out, it->start_s);
    add_padded_clock(out, it->end_s);
    hep_str_addf(out, "  %-14s %7.0f %6.0f", it->label, it->scan_s, it->rest_s);
    if (plan && !isnan(it->centre_s)) {
        hep_str_addf(out, "  centre %.0f in %.0f-%.0f s", it->centre_s, plan->window_s.lo,
                     plan->window_s.hi);
    }
    hep_str_add(out, "\n");
}

void hep_timeline_text(struct hep_str *out, const struct hep_config *cfg,
                       const struct hep_timeline *t)
{
    long visit = 0;

    for (size_t i = 0; i < t->n; i++) {
        if (t->items[i].visit != visit) {
            visit = t->items[i].visit;
            if (t->visits > 1)
                hep_str_addf(out, "%svisit %ld\n", visit > 1 ? "\n" : "", visit);
            hep_str_add(out, "    start      end  what            scan s rest s\n");
        }
        text_row(out, cfg, &t->items[i]);
    }
    hep_str_add(out, "\nscanning and rest ");
    add_clock(out, t->scan_s);
    hep_str_add(out, " min, idle ");
    add_clock(out, t->wait_s);
    hep_str_add(out, " min, on the table ");
    add_clock(out, t->table_s);
    hep_str_add(out, " min");
    if (t->visits > 1) {
        hep_str_add(out, " in 2 visits\nfrom first to last ");
        add_clock(out, t->elapsed_s);
        hep_str_add(out, " min");
    }
    hep_str_add(out, "\nTimes are minutes:seconds from the start of injection, by a model of "
                     "the\nsequences; positioning of the patient is not included.\n");
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

/* ---- JSON ------------------------------------------------------------------------------------ */

static int set_number(struct hep_json *o, const char *key, double v, struct hep_error *err)
{
    return hep_json_set(o, key, hep_json_new_number(v), err);
}

static int json_item(struct hep_json *array, const struct hep_config *cfg,
                     const struct hep_timeline_item *it, struct hep_error *err)
{
    struct hep_json *o = hep_json_new_object();
    const struct hep_plan *plan = plan_of(cfg, it);
    int rc = o ? HEP_OK : HEP_FAIL(err, HEP_ENOMEM, "no memory for a timeline");

    if (rc == HEP_OK)
        rc = hep_json_set(o, "what", hep_json_new_string(it->label), err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "visit", hep_json_new_integer(it->visit), err);
    if (rc == HEP_OK)
        rc = set_number(o, "start_s", it->start_s, err);
    if (rc == HEP_OK)
        rc = set_number(o, "end_s", it->end_s, err);
    if (rc == HEP_OK)
        rc = set_number(o, "scan_s", it->scan_s, err);
    if (rc == HEP_OK)
        rc = set_number(o, "rest_s", it->rest_s, err);
    if (rc == HEP_OK && plan && !isnan(it->centre_s)) {
        rc = set_number(o, "centre_s", it->centre_s, err);
        if (rc == HEP_OK)
            rc = set_number(o, "window_start_s", plan->window_s.lo, err);
        if (rc == HEP_OK)
            rc = set_number(o, "window_end_s", plan->window_s.hi, err);
    }
    if (rc != HEP_OK) {
        hep_json_free(o);
        return rc;
    }
    return hep_json_append(array, o, err);
}

int hep_timeline_json(struct hep_json **out, const struct hep_config *cfg,
                      const struct hep_timeline *t, struct hep_error *err)
{
    struct hep_json *root = hep_json_new_object(), *items = hep_json_new_array();
    int rc = root && items ? HEP_OK : HEP_FAIL(err, HEP_ENOMEM, "no memory for a timeline");

    for (size_t i = 0; rc == HEP_OK && i < t->n; i++)
        rc = json_item(items, cfg, &t->items[i], err);
    if (rc == HEP_OK) {
        rc = hep_json_set(root, "timeline", items, err);
        items = NULL;
    }
    if (rc == HEP_OK)
        rc = hep_json_set(root, "protocol", hep_json_new_string(cfg->name.s), err);
    if (rc == HEP_OK)
        rc = hep_json_set(root, "visits", hep_json_new_integer(t->visits), err);
    if (rc == HEP_OK)
        rc = set_number(root, "scan_s", t->scan_s, err);
    if (rc == HEP_OK)
        rc = set_number(root, "wait_s", t->wait_s, err);
    if (rc == HEP_OK)
        rc = set_number(root, "table_s", t->table_s, err);
    if (rc == HEP_OK)
        rc = set_number(root, "elapsed_s", t->elapsed_s, err);
    if (rc == HEP_OK) {
        *out = root;
        root = NULL;
    }
    hep_json_free(items);
    hep_json_free(root);
    return rc;
}
