/* Series: role, why, confidence; phases on the time since injection against their windows. */
#include "base/alloc.h"
#include "pipeline/results/roles.h"
#include "report/html_table.h"
#include "report/page.h"
#include "report/svg.h"

#include <math.h>
#include <stdlib.h>

static const char *text_of(const struct hep_json *object, const char *key)
{
    return hep_json_string(hep_json_get(object, key));
}

/* ---- table ----------------------------------------------------------------------------------- */

static void add_lines(struct hep_str *out, const struct hep_json *lines)
{
    for (size_t i = 0; i < hep_json_size(lines); i++) {
        hep_str_add(out, i > 0 ? "<br>" : "");
        hep_html_text(out, hep_json_string(hep_json_at(lines, i)));
    }
}

/* A series as the inventory of run.json describes it. */
struct series_row {
    const struct hep_json *s;
};
#define S struct series_row

static void confidence(struct hep_str *out, const struct hep_json *s)
{
    const struct hep_json *others = hep_json_get(s, "alternatives");
    const double score = hep_json_number(hep_json_get(s, "score"));
    const double next = hep_json_number(hep_json_get(hep_json_at(others, 0), "score"));

    if (hep_json_bool(hep_json_get(s, "given"), false)) {
        hep_str_add(out, "given by study.yml");
        return;
    }
    hep_str_add(out, "score ");
    hep_html_number(out, score, 0);
    if (isfinite(next)) {
        hep_str_add(out, "; next ");
        hep_html_words(out, text_of(hep_json_at(others, 0), "role"));
        hep_str_add(out, " ");
        hep_html_number(out, next, 0);
    } else {
        hep_str_add(out, "; no other role");
    }
}

static void parameters(struct hep_str *out, const struct hep_json *s)
{
    const struct hep_json *size = hep_json_get(s, "size"), *mm = hep_json_get(s, "spacing_mm");
    const struct hep_json *b = hep_json_get(s, "b_values_s_per_mm2");
    const double te = hep_json_number(hep_json_at(hep_json_get(s, "te_s"), 0));
    const double tr = hep_json_number(hep_json_get(s, "tr_s")),
                 flip = hep_json_number(hep_json_get(s, "flip_deg"));

    for (size_t i = 0; i < hep_json_size(size); i++)
        hep_str_addf(out, "%s%.0f", i > 0 ? "\xc3\x97" : "", hep_json_number(hep_json_at(size, i)));
    hep_str_add(out, hep_json_size(mm) > 0 ? ", " : "");
    for (size_t i = 0; i < hep_json_size(mm); i++) {
        hep_str_add(out, i > 0 ? "\xc3\x97" : "");
        hep_html_number(out, hep_json_number(hep_json_at(mm, i)), 1);
    }
    hep_str_add(out, hep_json_size(mm) > 0 ? "&#160;mm" : "");
    if (isfinite(tr))
        hep_str_addf(out, "<br>TR %.4g&#160;ms", tr * 1000.0);
    if (isfinite(te))
        hep_str_addf(out, " TE %.3g&#160;ms", te * 1000.0);
    if (isfinite(flip))
        hep_str_addf(out, " flip %.3g\xc2\xb0", flip);
    if (hep_json_size(b) > 0)
        hep_str_add(out, "<br>b ");
    for (size_t i = 0; i < hep_json_size(b); i++)
        hep_str_addf(out, "%s%.4g", i > 0 ? ", " : "", hep_json_number(hep_json_at(b, i)));
    hep_str_add(out, hep_json_size(b) > 0 ? "&#160;s/mm<sup>2</sup>" : "");
}

static bool is_used(const struct hep_json *s)
{
    return hep_json_bool(hep_json_get(s, "selected"), false);
}

static void role(struct hep_str *out, const struct hep_json *s)
{
    hep_str_add(out, is_used(s) ? "" : "<span class=\"quiet\">");
    hep_html_words(out, hep_page_series_title(text_of(s, "role")));
    hep_str_add(out, is_used(s) ? "" : " (not used)</span>");
}

static void why(struct hep_str *out, const struct hep_json *s)
{
    const struct hep_json *notes = hep_json_get(s, "warnings");

    add_lines(out, hep_json_get(s, "reasons"));
    if (hep_json_size(notes) > 0) {
        hep_str_add(out, "<br><b>Warning:</b> ");
        add_lines(out, notes);
    }
}

static void part_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    static void (*const parts[])(struct hep_str *,
                                 const struct hep_json *) = { role, why, confidence, parameters };

    parts[column->offset](out, ((const S *)row)->s);
}

HEP_GETTER(name_of, S, hep_value_of_text(text_of(r->s, "name")));
#define PART(words, k)                                                                             \
    {                                                                                              \
        NULL, HEP_CELL(TEXT, k), words, .get = name_of, .html = part_cell                          \
    }
static const struct hep_column series_columns[] = {
    PART("Role", 0),
    { NULL, HEP_CELL(TEXT, 0), "File", .get = name_of, .html = hep_html_cell_file },
    PART("Why", 1),
    PART("Confidence", 2),
    PART("Image", 3),
    { 0 },
};
#undef S

static int series_table(struct hep_page *p)
{
    const struct hep_json *list = hep_json_get(hep_json_get(p->record, "inventory"), "series");
    struct series_row *rows = hep_calloc(hep_json_size(list) + 1, sizeof *rows, p->err);
    const struct hep_table t = HEP_TABLE("Every series, what it is for, and why", series_columns,
                                         rows, hep_json_size(list));

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < t.n; i++)
        rows[i].s = hep_json_at(list, i);
    hep_html_rows(p->out, &t);
    free(rows);
    return HEP_OK;
}

/* ---- timeline -------------------------------------------------------------------------------- */

struct phase_time {
    const char *role, *title, *grade, *reason;
    double time_s, window_s[2], nominal_s[2];
};
#define PHASES_MAX 6

/* The two numbers that are given, else those in the text of a setting, "[20, 45]"; NaN without either. */
static void span_of(double span[2], const double *given, const char *setting)
{
    char *end = NULL;

    span[0] = given != NULL ? given[0] : (double)NAN;
    span[1] = given != NULL ? given[1] : (double)NAN;
    if (isfinite(span[0]) || setting == NULL || setting[0] != '[')
        return;
    span[0] = strtod(setting + 1, &end);
    span[1] = end != NULL && *end == ',' ? strtod(end + 1, NULL) : (double)NAN;
}

static int collect(struct phase_time *out, size_t *n, const struct hep_page *p)
{
    static const enum hep_role order[] = { HEP_ROLE_ARTERIAL, HEP_ROLE_PORTAL_VENOUS,
                                           HEP_ROLE_TRANSITIONAL, HEP_ROLE_DELAYED,
                                           HEP_ROLE_HEPATOBILIARY };
    const struct hep_roles *roles = NULL;
    int rc = hep_run_roles(p->run, &roles, p->err);

    *n = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const struct hep_roles_series *entry = hep_roles_find(roles, order[i]);
        const struct hep_roles_phase *phase =
            entry != NULL && entry->phase.present ? &entry->phase : NULL;
        struct phase_time *t = &out[*n];
        char key[64];

        *t = (struct phase_time){ .role = hep_role_name(order[i]) };
        t->title = hep_page_series_title(t->role);
        t->grade = phase != NULL ? hep_phase_grade_name(phase->grade) : NULL;
        t->reason = phase != NULL ? phase->reason : NULL;
        t->time_s = entry != NULL ? entry->time_since_injection_s : (double)NAN;
        (void)snprintf(key, sizeof key, "series.%s.window_s", t->role);
        span_of(t->window_s, phase != NULL ? phase->window_s : NULL, hep_page_setting(p, key));
        (void)snprintf(key, sizeof key, "series.%s.nominal_s", t->role);
        span_of(t->nominal_s, phase != NULL ? phase->nominal_s : NULL, hep_page_setting(p, key));
        if (entry != NULL || isfinite(t->window_s[0]))
            (*n)++;
    }
    return rc;
}

static void draw_phase(struct hep_svg *svg, const struct hep_svg_frame *f,
                       const struct phase_time *t, double y)
{
    const double half = 0.32, top = hep_svg_y(f, y + half), height = hep_svg_y(f, y - half) - top;
    char text[48];

    if (isfinite(t->window_s[0]))
        hep_svg_rect(svg, hep_svg_x(f, t->window_s[0]), top,
                     hep_svg_x(f, t->window_s[1]) - hep_svg_x(f, t->window_s[0]), height,
                     HEP_SVG_SERIES, 0.22);
    if (isfinite(t->nominal_s[0]))
        hep_svg_rect(svg, hep_svg_x(f, t->nominal_s[0]), top,
                     hep_svg_x(f, t->nominal_s[1]) - hep_svg_x(f, t->nominal_s[0]), height,
                     HEP_SVG_SERIES, 0.35);
    if (!isfinite(t->time_s) || t->time_s < f->xa.lo)
        return;
    hep_svg_marker(svg, hep_svg_x(f, t->time_s), hep_svg_y(f, y), 5.0, HEP_SVG_INK);
    (void)snprintf(text, sizeof text, t->time_s < 120.0 ? "%.0f s" : "%.0f s (%.1f min)", t->time_s,
                   t->time_s / 60.0);
    hep_svg_label(svg,
                  fmax(hep_svg_x(f, t->time_s) + 9.0,
                       isfinite(t->window_s[1]) ? hep_svg_x(f, t->window_s[1]) + 6.0 : 0.0),
                  hep_svg_y(f, y) + 4.0, HEP_SVG_START, HEP_SVG_INK, text);
}

static int draw_timeline(struct hep_page *p, const struct phase_time *times, size_t n)
{
    static const double ticks[] = { 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200 };
    const double height = 34.0 * (double)n;
    double last = 400.0;
    struct hep_svg svg;
    struct hep_svg_frame f = { .x = 110, .y = 10, .w = 540, .h = height };
    int rc;

    for (size_t i = 0; i < n; i++) {
        last = fmax(last, isfinite(times[i].time_s) ? 1.4 * times[i].time_s : 0.0);
        last = fmax(last, isfinite(times[i].window_s[1]) ? 2.4 * times[i].window_s[1] : 0.0);
    }
    f.xa = (struct hep_svg_axis){ .label = "seconds since the start of the injection (logarithmic)",
                                  .lo = 8.0,
                                  .hi = last,
                                  .logarithmic = true,
                                  .ticks = ticks };
    while (f.xa.n_ticks < sizeof ticks / sizeof ticks[0] && ticks[f.xa.n_ticks] <= last)
        f.xa.n_ticks++;
    f.ya = (struct hep_svg_axis){ .lo = -0.5, .hi = (double)n - 0.5 };
    hep_svg_begin(&svg, "timeline", 770, height + 56.0,
                  "Time of each phase against its window; every number is in the table below",
                  true);
    for (size_t i = 0; i < f.xa.n_ticks; i++) {
        char text[16];

        (void)snprintf(text, sizeof text, "%.0f", ticks[i]);
        hep_svg_line(&svg, hep_svg_x(&f, ticks[i]), f.y, hep_svg_x(&f, ticks[i]), f.y + f.h,
                     HEP_SVG_GRID);
        hep_svg_label(&svg, hep_svg_x(&f, ticks[i]), f.y + f.h + 16.0, HEP_SVG_MIDDLE,
                      HEP_SVG_MUTED, text);
    }
    hep_svg_label(&svg, f.x + 0.5 * f.w, f.y + f.h + 36.0, HEP_SVG_MIDDLE, HEP_SVG_INK, f.xa.label);
    for (size_t i = 0; i < n; i++) {
        const double y = (double)(n - 1 - i);

        hep_svg_label(&svg, f.x - 8.0, hep_svg_y(&f, y) + 4.0, HEP_SVG_END, HEP_SVG_INK,
                      times[i].title);
        draw_phase(&svg, &f, &times[i], y);
    }
    rc = hep_svg_end(&svg, p->err);
    hep_str_add(p->out, hep_str_part(p->out, &svg.text));
    hep_str_release(&svg.text);
    return rc;
}

#define S struct phase_time
HEP_GETTER(grade_of, S, hep_value_of_text(r->grade != NULL ? r->grade : "no_series"));
static const struct hep_column phase_columns[] = {
    { NULL, HEP_TEXT(S, title), "Phase" },
    { NULL, HEP_CELL(TEXT, 0), "Grade", .get = grade_of, .html = hep_html_cell_mark },
    { NULL, HEP_TEXT(S, reason), "Why", .html = hep_html_cell_words },
    { 0 },
};
#undef S

static int timeline(struct hep_page *p)
{
    struct phase_time times[PHASES_MAX];
    struct hep_table t = HEP_TABLE("Phases and their times", phase_columns, times, 0);
    size_t n = 0;
    int rc = collect(times, &n, p);

    if (rc != HEP_OK)
        return rc;
    if (n == 0 || strcmp(text_of(p->record, "agent") != NULL ? text_of(p->record, "agent") : "none",
                         "none") == 0) {
        hep_str_add(p->out, "<p>No contrast agent: there are no phases to time.</p>\n");
        return HEP_OK;
    }
    hep_str_add(p->out, "<h3>Phases after the injection</h3><div class=\"plot\" tabindex=\"0\" "
                        "role=\"group\" aria-label=\"Phases on a line of time\">");
    rc = draw_timeline(p, times, n);
    hep_str_add(p->out, "</div><p class=\"quiet\">Light band: window in which the phase can be "
                        "judged; dark band: nominal time; mark: centre of k-space.</p>\n");
    t.n = n;
    hep_html_rows(p->out, &t);
    return rc;
}

int hep_page_series_table(struct hep_page *p)
{
    int rc;

    hep_html_section(p->out, "series", "Series");
    rc = series_table(p);
    if (rc == HEP_OK)
        rc = timeline(p);
    hep_html_section_end(p->out);
    return rc;
}
