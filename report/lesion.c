#include "report/lesion.h"

#include "pipeline/results/enhancement.h"
#include "report/html_table.h"
#include "report/picture.h"
#include "report/svg.h"

#include <math.h>

#define CROP_PIXELS 72

/* ---- pictures -------------------------------------------------------------------------------- */

static int crop(struct hep_page *p, const struct hep_finding *lesion, const struct hep_volume *v,
                const char *space, const char *title, double lo, double hi)
{
    const double axis = hep_finding_get(lesion, HEP_M_LONG_AXIS),
                 side = fmin(fmax(2.6 * (isfinite(axis) ? axis : 16.0), 42.0), 160.0);
    struct hep_view view = { .plane = p->view.plane, .width_mm = side, .height_mm = side };
    struct hep_volume *sampled = NULL;
    struct hep_grid g;
    char alt[128];
    int rc;

    hep_page_place(view.centre_mm, p, lesion->centre_mm);
    hep_page_grid(&g, p, &view, CROP_PIXELS, CROP_PIXELS, 1, 1.0);
    rc = hep_picture_sample(&sampled, p, v, space, &g);
    if (rc == HEP_OK) {
        struct hep_figure f = { .sampled = sampled,
                                .lo = lo,
                                .hi = hi,
                                .map = HEP_CMAP_GREY,
                                .liver = true,
                                .lesions = true,
                                .lesion = lesion->id,
                                .caption = title,
                                .alt = alt };

        (void)snprintf(alt, sizeof alt, "lesion %d, %s", lesion->id, title);
        rc = hep_picture_figure(p, &f);
    }
    hep_volume_free(sampled);
    return rc;
}

int hep_lesion_crops(struct hep_page *p, const struct hep_finding *f)
{
    const struct hep_quantity q = hep_quantity_of_measure(HEP_M_LIVER_ADC);
    const struct hep_volume *adc = NULL;
    int rc = hep_run_volume(p->run, "adc", &adc, p->err);

    if (rc != HEP_OK || !p->has_view || !isfinite(f->centre_mm[0]))
        return rc;
    hep_str_add(p->out, "<div class=\"pics crops\">\n");
    for (size_t i = 0; rc == HEP_OK && i < p->n_series; i++) {
        const struct hep_page_series *s = &p->series[i];

        rc = crop(p, f, s->v, s->name, s->title, s->lo, s->hi);
        if (rc == HEP_OK && strcmp(s->name, "dwi") == 0 && adc != NULL)
            rc = crop(p, f, adc, "dwi", "ADC", q.lo / q.scale, q.hi / q.scale);
    }
    hep_str_add(p->out, "</div>\n");
    return rc;
}

/* ---- course over the phases ------------------------------------------------------------------ */

struct course {
    const char *names[HEP_PHASE_COUNT];
    double x[HEP_PHASE_COUNT], whole[HEP_PHASE_COUNT], rim[HEP_PHASE_COUNT], core[HEP_PHASE_COUNT],
        liver[HEP_PHASE_COUNT], ratio[HEP_PHASE_COUNT];
    size_t n;
    bool by_muscle; /* the receive gain of a phase is taken from muscle: not so in the maps */
};

static double of_phase(const struct hep_finding *f, enum hep_measure family, enum hep_phase phase)
{
    return hep_finding_get(f, hep_measure_of_phase(family, phase));
}

/* Does the enhancement stage compare this phase with the one before contrast? */
static bool is_comparable(const struct hep_enhancement *e, enum hep_phase phase)
{
    return e != NULL && e->phase[phase].present &&
           e->phase[phase].same_sequence != HEP_NOT_COMPARABLE && e->gain[phase].present &&
           e->gain[phase].of.state != HEP_GAIN_NOT_ASSESSABLE;
}

static double ring_median(const struct hep_finding *f, enum hep_phase phase)
{
    return hep_finding_get(
        f, hep_measure_of_shell(HEP_MF_ZONE_MEDIAN, hep_phase_image(phase), HEP_SHELL_RING));
}

/* What muscle makes of the receive gain of a phase, as rims, cores and the liver beside them have it;
 * 1 where it does not tell. */
static double muscle_factor(const struct hep_finding *f, enum hep_phase phase)
{
    const double factor =
        (1.0 + of_phase(f, HEP_MF_RE_BY_MUSCLE, phase)) / (1.0 + of_phase(f, HEP_MF_RE, phase));

    return isfinite(factor) ? factor : 1.0;
}

/* Liver beside the lesion: its own measurement, else from the medians of the ring of liver. */
static double liver_re(const struct hep_finding *f, const struct hep_enhancement *e,
                       enum hep_phase phase)
{
    const double given = of_phase(f, HEP_MF_RE_LIVER, phase);

    if (isfinite(given))
        return given;
    return is_comparable(e, phase) ? muscle_factor(f, phase) * ring_median(f, phase) /
                                             ring_median(f, HEP_PHASE_PRECONTRAST) -
                                         1.0
                                   : (double)NAN;
}

static void collect(struct course *c, const struct hep_finding *f, const struct hep_enhancement *e)
{
    *c = (struct course){ 0 };
    for (int i = 0; i < HEP_PHASE_COUNT; i++) {
        const enum hep_phase phase = (enum hep_phase)i;
        const bool pre = phase == HEP_PHASE_PRECONTRAST;
        const double ratio = of_phase(f, HEP_MF_RATIO, phase);
        const double factor = pre ? 1.0 : muscle_factor(f, phase);
        const double re = pre ? 0.0 : factor * (1.0 + of_phase(f, HEP_MF_RE, phase)) - 1.0;
        const size_t k = c->n;

        if (!isfinite(ratio) && (pre || !isfinite(re)))
            continue;
        c->names[k] = pre ? "pre" : hep_role_acq(hep_role_of_phase(phase));
        c->x[k] = (double)k;
        c->ratio[k] = ratio;
        c->whole[k] = 100.0 * re;
        c->by_muscle = c->by_muscle || fabs(factor - 1.0) > 0.0;
        c->rim[k] = pre ? 0.0 : 100.0 * of_phase(f, HEP_MF_RE_RIM, phase);
        c->core[k] = pre ? 0.0 : 100.0 * of_phase(f, HEP_MF_RE_CORE, phase);
        c->liver[k] = pre ? 0.0 : 100.0 * liver_re(f, e, phase);
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
    f.ya = (struct hep_svg_axis){ .label =
                                      c->by_muscle ? "enhancement by muscle, %" : "enhancement, %",
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

int hep_lesion_curve(struct hep_page *p, const struct hep_finding *f)
{
    struct course c;
    struct hep_svg svg;
    char name[48], title[96];
    const struct hep_enhancement *enhancement = NULL;
    int rc = hep_run_enhancement(p->run, &enhancement, p->err);

    if (rc != HEP_OK)
        return rc;
    collect(&c, f, enhancement);
    if (c.n < 2)
        return HEP_OK;
    (void)snprintf(name, sizeof name, "curve-%d", f->id);
    (void)snprintf(title, sizeof title, "Course of lesion %d over the contrast phases", f->id);
    hep_svg_begin(&svg, name, 730, 190, title, true);
    draw_enhancement(&svg, &c);
    draw_ratio(&svg, &c);
    rc = hep_svg_end(&svg, p->err);
    if (rc == HEP_OK) {
        hep_str_addf(
            p->out,
            "<div class=\"plot\" tabindex=\"0\" role=\"group\" aria-label=\"Curves of lesion %d\">",
            f->id);
        hep_str_add(p->out, hep_str_part(p->out, &svg.text));
        hep_str_add(p->out, "</div>\n");
    }
    hep_str_release(&svg.text);
    return rc;
}

/* ---- flags, evidence, measurements ----------------------------------------------------------- */

static void fact(struct hep_str *out, const char *what, const char *text)
{
    if (text[0] == '\0')
        return;
    hep_str_addf(out, "<dt>%s</dt><dd>", what);
    hep_html_text(out, text);
    hep_str_add(out, "</dd>");
}

static void flag(struct hep_page *p, const struct hep_flag_row *row,
                 const struct hep_flag_result *r)
{
    const char *state = hep_flag_state_name(r->state);
    struct hep_quantity q = hep_quantity_of_unit(row->unit);

    if (strcmp(q.plain, "") == 0)
        q.digits = 3;
    hep_str_add(p->out, "<details class=\"flag\"><summary>");
    hep_html_mark(p->out, hep_html_mark_of(state), row->name);
    hep_str_add(p->out, " <span class=\"quiet\">");
    hep_html_words(p->out, state);
    if (isfinite(r->probability))
        hep_str_addf(p->out, ", P&#160;%.2f%s", r->probability, r->certain ? "" : ", uncertain");
    hep_str_add(p->out, "</span></summary><dl><dt>Value</dt><dd>");
    hep_quantity_add(p->out, &q, r->value);
    if (isfinite(r->se)) {
        hep_str_add(p->out, " &#177;&#160;");
        hep_quantity_add(p->out, &q, r->se);
    }
    hep_str_add(p->out, "</dd><dt>Limit</dt><dd>");
    hep_quantity_add(p->out, &q, r->limit);
    hep_str_add(p->out, "</dd>");
    fact(p->out, "Why", r->reason);
    fact(p->out, "Source", row->source);
    hep_str_add(p->out, "</dl></details>\n");
}

void hep_lesion_flags(struct hep_page *p, const struct hep_finding *f)
{
    hep_str_add(p->out, "<h4>Flags</h4><div class=\"flags\">\n");
    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        if (f->flag[i].given)
            flag(p, hep_flag_row((enum hep_flag)i), &f->flag[i]);
    hep_str_add(p->out, "</div>\n");
}

#define S struct hep_evidence_item
static void ratio_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const double lr = ((const S *)row)->log_lr;

    (void)column;
    hep_str_add(out, "<span class=\"lr\">");
    if (isfinite(lr)) {
        hep_str_addf(out,
                     "<svg class=\"lrbar\" viewBox=\"-50 0 100 10\" aria-hidden=\"true\">"
                     "<rect x=\"%.1f\" y=\"2\" width=\"%.1f\" height=\"6\"/>"
                     "<path d=\"M0 0V10\"/></svg>",
                     fmax(fmin(10.0 * lr, 0.0), -50.0), fmin(10.0 * fabs(lr), 50.0));
        hep_str_add(out, lr > 0.0 ? "+" : "");
    }
    hep_html_number(out, lr, 2);
    hep_str_add(out, "</span>");
}

static const struct hep_column evidence_columns[] = {
    { NULL, HEP_CHARS(S, name), "Evidence", .html = hep_html_cell_words },
    { NULL, HEP_CHARS(S, group), "Group", .html = hep_html_cell_words },
    { NULL, HEP_NUMBER(S, value), "Value", HEP_SIGNIFICANT(3) },
    { NULL, HEP_NUMBER(S, log_lr), "Log ratio", .html = ratio_cell },
    { NULL, HEP_CHARS(S, reason), "Why" },
    { 0 },
};
#undef S

void hep_lesion_evidence(struct hep_page *p, const struct hep_finding *f)
{
    const struct hep_table t =
        HEP_TABLE("Log likelihood ratio of each piece of evidence; above 0 is for",
                  evidence_columns, f->evidence, f->n_evidence);

    if (t.n == 0)
        return;
    hep_str_add(p->out, "<details><summary>Evidence for and against metastasis</summary>\n");
    hep_html_rows(p->out, &t);
    hep_str_add(p->out, "</details>\n");
}

struct measured {
    enum hep_measure m;
    const char *words;
    double value;
};
#define S struct measured
/* Each row has its own unit. */
static void value_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const S *r = row;
    const struct hep_quantity q = hep_quantity_of_measure(r->m);

    (void)column;
    hep_quantity_add(out, &q, r->value);
}

static const struct hep_column measured_columns[] = {
    { NULL, HEP_TEXT(S, words), "Measurement" },
    { NULL, HEP_NUMBER(S, value), "Value", .html = value_cell },
    { 0 },
};

void hep_lesion_measurements(struct hep_page *p, const struct hep_finding *f)
{
    S rows[HEP_MEASURE_COUNT];
    struct hep_table t = HEP_TABLE("Measurements; spreads and voxel counts stand in measures.tsv",
                                   measured_columns, rows, 0);

    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;
        const struct hep_measure_row *row = hep_measure_row(m);

        if (row->form == HEP_FORM_VALUE && row->digits != HEP_DIGITS_HIDDEN &&
            isfinite(hep_finding_get(f, m)))
            rows[t.n++] = (S){ m, hep_measure_words(m), hep_finding_get(f, m) };
    }
    if (t.n == 0)
        return;
    hep_str_add(p->out, "<details><summary>Measurements</summary>\n");
    hep_html_rows(p->out, &t);
    hep_str_add(p->out, "</details>\n");
}
#undef S
