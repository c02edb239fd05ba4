#include "report/lesion.h"

#include "pipeline/results/enhancement.h"
#include "report/picture.h"
#include "report/svg.h"
#include "terms/flag.h"

#include <math.h>

#define CROP_PIXELS 72

static const char *text_of(const struct hep_json *object, const char *key)
{
    return hep_json_string(hep_json_get(object, key));
}

static double number_of(const struct hep_json *object, const char *key)
{
    return hep_json_number(hep_json_get(object, key));
}

/* ---- pictures -------------------------------------------------------------------------------- */

static bool crop_view(struct hep_view *view, const struct hep_json *lesion)
{
    const struct hep_json *centre = hep_json_get(lesion, "centre_mm");
    const double axis = number_of(lesion, "long_axis_mm");
    const double side = fmin(fmax(2.6 * (isfinite(axis) ? axis : 16.0), 42.0), 160.0);

    *view = (struct hep_view){ .plane = HEP_PLANE_AXIAL, .width_mm = side, .height_mm = side };
    for (size_t k = 0; k < 3; k++) {
        view->centre_mm[k] = hep_json_number(hep_json_at(centre, k));
        if (!isfinite(view->centre_mm[k]))
            return false;
    }
    return true;
}

static int crop(struct hep_page *p, const struct hep_json *lesion, const struct hep_volume *v,
                const char *space, const char *title, double lo, double hi, enum hep_colormap map)
{
    const double id = number_of(lesion, "id");
    struct hep_volume *sampled = NULL;
    struct hep_view view;
    struct hep_grid g;
    char alt[128];
    int rc;

    if (!crop_view(&view, lesion))
        return HEP_OK;
    hep_picture_grid(&g, &view, CROP_PIXELS, CROP_PIXELS, 1, 1.0);
    rc = hep_picture_sample(&sampled, p, v, space, &g);
    if (rc == HEP_OK) {
        struct hep_figure f = { .sampled = sampled,
                                .lo = lo,
                                .hi = hi,
                                .map = map,
                                .liver = true,
                                .lesions = true,
                                .lesion = (int32_t)(isfinite(id) ? id : 0.0),
                                .caption = title,
                                .alt = alt };

        (void)snprintf(alt, sizeof alt, "lesion %.0f, %s", id, title);
        rc = hep_picture_figure(p, &f);
    }
    hep_volume_free(sampled);
    return rc;
}

int hep_lesion_crops(struct hep_page *p, const struct hep_json *lesion)
{
    const struct hep_quantity q = hep_quantity_of_measure(HEP_M_LIVER_ADC);
    const struct hep_volume *adc = NULL;
    int rc = hep_run_volume(p->run, "adc", &adc, p->err);

    if (rc != HEP_OK || !p->has_view)
        return rc;
    hep_str_add(p->out, "<div class=\"pics crops\">\n");
    for (size_t i = 0; rc == HEP_OK && i < p->n_series; i++) {
        const struct hep_page_series *s = &p->series[i];

        rc = crop(p, lesion, s->v, s->name, s->title, s->lo, s->hi, HEP_CMAP_GREY);
        if (rc == HEP_OK && strcmp(s->name, "dwi") == 0 && adc != NULL)
            rc = crop(p, lesion, adc, "dwi", "ADC", q.lo / q.scale, q.hi / q.scale, HEP_CMAP_GREY);
    }
    hep_str_add(p->out, "</div>\n");
    return rc;
}

/* ---- course over the phases ------------------------------------------------------------------ */

/* In the order of enum hep_phase. */
static const char *const phases[] = { "precontrast",  "arterial", "portal_venous",
                                      "transitional", "delayed",  "hepatobiliary" };
static const char *const phase_short[] = { "pre", "art", "pv", "trans", "del", "hbp" };
#define N_PHASES (sizeof phases / sizeof phases[0])

struct course {
    const char *names[N_PHASES];
    double x[N_PHASES], whole[N_PHASES], rim[N_PHASES], core[N_PHASES], liver[N_PHASES],
        ratio[N_PHASES];
    size_t n;
};

static double measure(const struct hep_json *m, const char *phase, const char *ending)
{
    char key[96];

    (void)snprintf(key, sizeof key, "%s_%s", phase, ending);
    return hep_page_value(hep_json_get(m, key), NULL);
}

/* Does the enhancement stage compare this phase with the one before contrast? */
static bool is_comparable(const struct hep_enhancement *e, size_t phase)
{
    return e != NULL && e->phase[phase].present &&
           e->phase[phase].same_sequence != HEP_NOT_COMPARABLE && e->gain[phase].present &&
           e->gain[phase].of.state != HEP_GAIN_NOT_ASSESSABLE;
}

/* Liver beside the lesion: its own measurement, else from the medians of the ring of liver. */
static double liver_re(const struct hep_json *m, const struct hep_enhancement *e, size_t phase)
{
    const double given = measure(m, phases[phase], "re_liver");
    const double pre = measure(m, "precontrast", "ring_median");

    if (isfinite(given))
        return given;
    return is_comparable(e, phase) ? measure(m, phases[phase], "ring_median") / pre - 1.0
                                   : (double)NAN;
}

static void collect(struct course *c, const struct hep_json *m, const struct hep_enhancement *e)
{
    *c = (struct course){ 0 };
    for (size_t i = 0; i < N_PHASES; i++) {
        const bool pre = i == 0;
        const double ratio = measure(m, phases[i], "ratio");
        const double re = pre ? 0.0 : measure(m, phases[i], "re");
        const size_t k = c->n;

        if (!isfinite(ratio) && (pre || !isfinite(re)))
            continue;
        c->names[k] = phase_short[i];
        c->x[k] = (double)k;
        c->ratio[k] = ratio;
        c->whole[k] = 100.0 * re;
        c->rim[k] = pre ? 0.0 : 100.0 * measure(m, phases[i], "re_rim");
        c->core[k] = pre ? 0.0 : 100.0 * measure(m, phases[i], "re_core");
        c->liver[k] = pre ? 0.0 : 100.0 * liver_re(m, e, i);
        c->n++;
    }
}

static void stretch(double *lo, double *hi, const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isfinite(y[i])) {
            *lo = fmin(*lo, y[i]);
            *hi = fmax(*hi, y[i]);
        }
    }
}

static bool any_after(const double *y, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (isfinite(y[i]))
            return true;
    }
    return false;
}

static void draw_enhancement(struct hep_svg *svg, const struct course *c)
{
    const double *const y[] = { c->whole, c->rim, c->core, c->liver };
    static const char *const names[] = { "lesion", "rim", "core", "liver" };
    struct hep_svg_frame f = { .x = 62, .y = 12, .w = 250, .h = 150 };
    double lo = 0.0, hi = 20.0;
    const char *shown[4];
    int tones[4];
    size_t n = 0;

    for (size_t i = 0; i < 4; i++)
        stretch(&lo, &hi, y[i], c->n);
    f.xa = (struct hep_svg_axis){
        .lo = -0.3, .hi = (double)c->n - 0.7, .names = c->names, .n_ticks = c->n
    };
    f.ya = (struct hep_svg_axis){ .label = "enhancement, %",
                                  .lo = lo * 1.1,
                                  .hi = hi + 0.08 * (hi - lo) };
    hep_svg_frame(svg, &f);
    for (size_t i = 0; i < 4; i++) {
        if (!any_after(y[i], c->n))
            continue;
        hep_svg_curve(svg, &f, c->x, y[i], c->n, HEP_SVG_SERIES + (int)i);
        hep_svg_points(svg, &f, c->x, y[i], c->n, HEP_SVG_SERIES + (int)i);
        shown[n] = names[i];
        tones[n++] = HEP_SVG_SERIES + (int)i;
    }
    hep_svg_legend(svg, 326, 26, shown, tones, n);
}

static void draw_ratio(struct hep_svg *svg, const struct course *c)
{
    struct hep_svg_frame f = { .x = 466, .y = 12, .w = 250, .h = 150 };
    double lo = 0.6, hi = 1.4;

    stretch(&lo, &hi, c->ratio, c->n);
    f.xa = (struct hep_svg_axis){
        .lo = -0.3, .hi = (double)c->n - 0.7, .names = c->names, .n_ticks = c->n
    };
    f.ya = (struct hep_svg_axis){ .label = "lesion / liver", .lo = lo - 0.05, .hi = hi + 0.05 };
    hep_svg_frame(svg, &f);
    hep_svg_level(svg, &f, 1.0, HEP_SVG_INK, "as the liver");
    hep_svg_curve(svg, &f, c->x, c->ratio, c->n, HEP_SVG_SERIES);
    hep_svg_points(svg, &f, c->x, c->ratio, c->n, HEP_SVG_SERIES);
}

int hep_lesion_curve(struct hep_page *p, const struct hep_json *lesion)
{
    struct course c;
    struct hep_svg svg;
    char name[48], title[96];
    const struct hep_enhancement *enhancement = NULL;
    int rc = hep_run_enhancement(p->run, &enhancement, p->err);

    if (rc != HEP_OK)
        return rc;
    collect(&c, hep_json_get(lesion, "measurements"), enhancement);
    if (c.n < 2)
        return HEP_OK;
    (void)snprintf(name, sizeof name, "curve-%.0f", number_of(lesion, "id"));
    (void)snprintf(title, sizeof title, "Course of lesion %.0f over the contrast phases",
                   number_of(lesion, "id"));
    hep_svg_begin(&svg, name, 730, 190, title, true);
    draw_enhancement(&svg, &c);
    draw_ratio(&svg, &c);
    rc = hep_svg_end(&svg, p->err);
    if (rc == HEP_OK) {
        hep_str_add(p->out, "<div class=\"plot\">");
        hep_str_add(p->out, svg.text.s);
        hep_str_add(p->out, "</div>\n");
    }
    hep_str_release(&svg.text);
    return rc;
}

/* ---- flags, evidence, measurements ----------------------------------------------------------- */

static void fact(struct hep_str *out, const char *what, const char *text)
{
    if (text == NULL)
        return;
    hep_str_addf(out, "<dt>%s</dt><dd>", what);
    hep_html_text(out, text);
    hep_str_add(out, "</dd>");
}

static void flag(struct hep_page *p, const char *name, const struct hep_json *o)
{
    const char *state = text_of(o, "state");
    const enum hep_flag known = hep_flag_from_name(name);
    struct hep_quantity q = hep_quantity_of_unit(known != HEP_FLAG_COUNT ? hep_flag_row(known)->unit
                                                                         : HEP_UNIT_DIMENSIONLESS);

    if (strcmp(q.plain, "") == 0)
        q.digits = 3;
    hep_str_add(p->out, "<details class=\"flag\"><summary>");
    hep_html_mark(p->out, hep_html_mark_of(state), name);
    hep_str_add(p->out, " <span class=\"quiet\">");
    hep_html_words(p->out, state);
    hep_str_add(p->out, "</span></summary><dl><dt>Value</dt><dd>");
    hep_quantity_add(p->out, &q, number_of(o, "value"));
    hep_str_add(p->out, "</dd><dt>Limit</dt><dd>");
    hep_quantity_add(p->out, &q, number_of(o, "limit"));
    hep_str_add(p->out, "</dd>");
    fact(p->out, "Why", text_of(o, "reason"));
    fact(p->out, "Source", text_of(o, "source"));
    hep_str_add(p->out, "</dl></details>\n");
}

void hep_lesion_flags(struct hep_page *p, const struct hep_json *lesion)
{
    const struct hep_json *flags = hep_json_get(lesion, "flags"), *o = NULL;
    const char *name;

    hep_str_add(p->out, "<h4>Flags</h4><div class=\"flags\">\n");
    for (size_t i = 0; (name = hep_json_key_at(flags, i, &o)) != NULL; i++)
        flag(p, name, o);
    hep_str_add(p->out, "</div>\n");
}

void hep_lesion_evidence(struct hep_page *p, const struct hep_json *lesion)
{
    const struct hep_json *list = hep_json_get(lesion, "evidence");

    if (hep_json_size(list) == 0)
        return;
    hep_str_add(p->out, "<details><summary>Evidence for and against metastasis</summary>\n");
    hep_html_table(p->out, "Log likelihood ratio of each piece of evidence; above 0 is for",
                   "Evidence|Group|Value|Log ratio|Why");
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const struct hep_json *e = hep_json_at(list, i);
        const double lr = number_of(e, "log_lr");

        hep_str_add(p->out, "<tr><th scope=\"row\">");
        hep_html_words(p->out, text_of(e, "name"));
        hep_str_add(p->out, "</th><td>");
        hep_html_words(p->out, text_of(e, "group"));
        hep_str_add(p->out, "</td><td>");
        hep_html_significant(p->out, number_of(e, "value"), 3);
        hep_str_add(p->out, "</td><td class=\"lr\">");
        if (isfinite(lr)) {
            hep_str_addf(p->out,
                         "<svg class=\"lrbar\" viewBox=\"-50 0 100 10\" aria-hidden=\"true\">"
                         "<rect x=\"%.1f\" y=\"2\" width=\"%.1f\" height=\"6\"/>"
                         "<path d=\"M0 0V10\"/></svg>",
                         fmax(fmin(10.0 * lr, 0.0), -50.0), fmin(10.0 * fabs(lr), 50.0));
            hep_str_add(p->out, lr > 0.0 ? "+" : "");
        }
        hep_html_number(p->out, lr, 2);
        hep_str_add(p->out, "</td><td>");
        hep_html_text(p->out, text_of(e, "reason"));
        hep_str_add(p->out, "</td></tr>\n");
    }
    hep_html_table_end(p->out);
    hep_str_add(p->out, "</details>\n");
}

static void measurement(struct hep_page *p, const char *name, const struct hep_json *node)
{
    const char *unit = NULL;
    const double value = hep_page_value(node, &unit);
    const enum hep_measure m = hep_measure_find(HEP_SUBJECT_LESION, name);
    struct hep_quantity q;

    if (!isfinite(value) ||
        (m != HEP_MEASURE_COUNT && hep_measure_row(m)->digits == HEP_DIGITS_HIDDEN))
        return;
    q = hep_quantity_of(name, unit);
    hep_str_add(p->out, "<tr><th scope=\"row\">");
    hep_html_words(p->out, q.words);
    hep_str_add(p->out, "</th><td>");
    hep_quantity_add(p->out, &q, value);
    hep_str_add(p->out, "</td></tr>\n");
}

int hep_lesion_measurements(struct hep_page *p, const struct hep_json *lesion)
{
    const struct hep_json *all = hep_json_get(lesion, "measurements");
    const char **keys = NULL;
    size_t n = 0;
    int rc = hep_json_keys(&keys, &n, all, p->err);

    if (rc != HEP_OK || n == 0)
        return rc;
    hep_str_add(p->out, "<details><summary>Measurements</summary>\n");
    hep_html_table(p->out, "Measurements; spreads and voxel counts stand in lesions.json",
                   "Measurement|Value");
    for (size_t i = 0; i < n; i++)
        measurement(p, keys[i], hep_json_get(all, keys[i]));
    hep_html_table_end(p->out);
    hep_str_add(p->out, "</details>\n");
    free((void *)keys);
    return HEP_OK;
}
