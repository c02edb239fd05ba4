/* How far the images and the fits are to be believed. */
#include "report/page.h"

#include "report/facts.h"
#include "report/html_table.h"
#include "pipeline/results/enhancement.h"
#include "pipeline/results/fits.h"
#include "pipeline/results/liver_quality.h"
#include "report/picture.h"
#include "pipeline/stages/aligned.h"

#include <math.h>

/* ---- phases ---------------------------------------------------------------------------------- */

struct judged {
    const char *what, *grade, *reason, *source;
    double value, limit;
};
#define S struct judged
static const struct hep_column judged_columns[] = {
    { NULL, HEP_TEXT(S, what), "What", .html = hep_html_cell_words },
    { NULL, HEP_TEXT(S, grade), "Grade", .html = hep_html_cell_mark },
    { NULL, HEP_NUMBER(S, value), "Value", .look = { 1.0, NULL, -3 } },
    { NULL, HEP_NUMBER(S, limit), "Limit", .look = { 1.0, NULL, -3 } },
    { NULL, HEP_TEXT(S, reason), "Why" },
    { NULL, HEP_TEXT(S, source), "Source" },
    { 0 },
};
#undef S

static void adequacy(struct hep_page *p, const struct hep_enhancement *e)
{
    static const char *const names[] = { "arterial_adequacy", "arterial_motion",
                                         "hepatobiliary_adequacy" };
    const struct hep_judgement *const all[] = { &e->arterial, &e->motion.verdict,
                                                &e->hepatobiliary };
    struct judged rows[3];
    struct hep_table t = HEP_TABLE("Are the phases good enough for the rules that read them?",
                                   judged_columns, rows, 0);

    for (size_t i = 0; i < 3; i++)
        if (all[i]->present)
            rows[t.n++] = (struct judged){ names[i],       hep_adequacy_name(all[i]->grade),
                                           all[i]->reason, all[i]->source,
                                           all[i]->value,  all[i]->limit };
    hep_html_rows(p->out, &t);
}

struct gain_row {
    const char *phase, *state, *same, *reason;
    double muscle_re, expected[2], factor, se; /* se: 0 where there is none */
};
#define S struct gain_row
static void factor_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const S *r = row;

    (void)column;
    hep_html_number(out, r->factor, 2);
    if (r->se > 0.0) {
        hep_str_add(out, " \xc2\xb1 ");
        hep_html_number(out, r->se, 2);
    }
}

static const struct hep_column gain_columns[] = {
    { NULL, HEP_TEXT(S, phase), "Phase", .html = hep_html_cell_words },
    { NULL, HEP_TEXT(S, state), "State", .html = hep_html_cell_mark },
    { NULL, HEP_NUMBER(S, muscle_re), "Muscle enhancement", "1", HEP_PERCENT(0) },
    { NULL, HEP_PAIR(S, expected[0]), "Expected", "1", HEP_PERCENT(0) },
    { NULL, HEP_NUMBER(S, factor), "Gain used", .html = factor_cell },
    { NULL, HEP_TEXT(S, same), "Same sequence", .html = hep_html_cell_mark },
    { NULL, HEP_TEXT(S, reason), "Why" },
    { 0 },
};

static S gain_row(enum hep_phase phase, const struct hep_gain *g, enum hep_comparable same)
{
    /* A gain that was left as it is has no error, and nothing is known of muscle where another
     * tissue was looked at. */
    return (S){ .phase = hep_page_series_title(hep_phase_name(phase)),
                .state = hep_gain_name(g->state),
                .same = hep_comparable_name(same),
                .reason = g->reason,
                .muscle_re = g->basis == HEP_GAIN_FROM_MUSCLE ? g->re : (double)NAN,
                .expected = { g->expected[0], g->expected[1] },
                .factor = g->factor,
                .se = fabs(g->factor - 1.0) > 0.0 ? g->factor * g->ratio_se : 0.0 };
}
#undef S

static void gain(struct hep_page *p, const struct hep_enhancement *e)
{
    struct gain_row rows[HEP_PHASE_COUNT];
    struct hep_table t = HEP_TABLE(
        "Receive gain against the series before contrast, judged by muscle", gain_columns, rows, 0);

    for (int i = 0; i < (int)HEP_PHASE_COUNT; i++)
        if (e->gain[i].present)
            rows[t.n++] = gain_row((enum hep_phase)i, &e->gain[i].of, e->phase[i].same_sequence);
    if (t.n > 0)
        hep_html_rows(p->out, &t);
}

/* ---- fits ------------------------------------------------------------------------------------ */

struct fit_row {
    const char *title, *method;
    double total, share[HEP_FIT_STATUS_COUNT];
};
#define S struct fit_row
#define SHARE(status, words)                                                                       \
    {                                                                                              \
        NULL, HEP_NUMBER(S, share[status]), words, "1", HEP_PERCENT(1)                             \
    }
static const struct hep_column fit_columns[] = {
    { NULL, HEP_TEXT(S, title), "Model" },
    { NULL, HEP_TEXT(S, method), "Method" },
    { NULL, HEP_NUMBER(S, total), "Voxels" },
    SHARE(HEP_FIT_OK, "Good"),
    SHARE(HEP_FIT_AT_BOUND, "At a bound"),
    SHARE(HEP_FIT_NOT_IDENTIFIABLE, "Not identifiable"),
    SHARE(HEP_FIT_NO_CONVERGENCE, "No convergence"),
    SHARE(HEP_FIT_BAD_INPUT, "Bad input"),
    SHARE(HEP_FIT_EXCHANGED, "Water and fat exchanged"),
    { 0 },
};

static S fit_row(const char *title, const char *method, const struct hep_fit_counts *voxels)
{
    S row = { .title = title, .method = method };

    for (int i = HEP_FIT_OK; i < HEP_FIT_STATUS_COUNT; i++)
        row.total += (double)voxels->n[i];
    for (int i = HEP_FIT_OK; i < HEP_FIT_STATUS_COUNT; i++)
        row.share[i] = (double)voxels->n[i] / row.total;
    return row;
}
#undef S

static int add_fits(struct hep_page *p)
{
    static const struct {
        enum hep_diffusion_fitted fitted;
        const char *title;
    } order[] = { { HEP_FITTED_DKI, "Kurtosis" },
                  { HEP_FITTED_IVIM, "IVIM" },
                  { HEP_FITTED_MONO, "ADC" },
                  { HEP_FITTED_MONO_ALL, "ADC, all b-values" } };
    const struct hep_diffusion_results *diffusion = NULL;
    const struct hep_fat_results *fat = NULL;
    struct fit_row rows[HEP_FITTED_COUNT + 2];
    struct hep_table t = HEP_TABLE("What became of the voxels of each fit", fit_columns, rows, 0);
    int rc = hep_run_diffusion(p->run, &diffusion, p->err);

    if (rc == HEP_OK)
        rc = hep_run_fat(p->run, &fat, p->err);
    for (size_t i = 0; diffusion != NULL && i < sizeof order / sizeof order[0]; i++) {
        const struct hep_diffusion_facts *f = &diffusion->fit[order[i].fitted];

        if (f->present)
            rows[t.n++] = fit_row(order[i].title, hep_diffusion_method_name(f->method), &f->voxels);
    }
    if (fat != NULL && fat->dualecho.present)
        rows[t.n++] =
            fit_row("Fat, two echoes", hep_dualecho_correction_name(fat->dualecho.correction),
                    &fat->dualecho.voxels);
    if (fat != NULL && fat->multiecho.present)
        rows[t.n++] = fit_row("Fat and R2*", hep_multiecho_method(), &fat->multiecho.voxels);
    hep_html_rows(p->out, &t);
    return rc;
}

/* ---- alignment ------------------------------------------------------------------------------- */

static const struct hep_page_series *series_of(const struct hep_page *p, const char *name)
{
    for (size_t i = 0; i < p->n_series; i++) {
        if (strcmp(p->series[i].name, name) == 0)
            return &p->series[i];
    }
    return NULL;
}

static int layer(struct hep_page *p, const struct hep_volume *plane, double lo, double hi,
                 const char *css_class)
{
    int rc;

    hep_str_addf(p->out, "<image class=\"%s\" width=\"%zu\" height=\"%zu\" href=\"", css_class,
                 plane->grid.n[0], plane->grid.n[1]);
    rc = hep_picture_data(p, plane, 0, lo, hi, HEP_CMAP_GREY);
    hep_str_add(p->out, "\"/>");
    return rc;
}

/* Draw a series over the reference; a switch of the page shows the two in turn. */
static int flicker(struct hep_page *p, const struct hep_volume *under,
                   const struct hep_volume *over, const struct hep_page_series *s,
                   const struct hep_page_series *reference, const char *when)
{
    int rc;

    hep_str_addf(p->out,
                 "<figure class=\"pic\"><svg viewBox=\"0 0 %zu %zu\" role=\"img\" "
                 "aria-label=\"%s, %s, over the reference series\">",
                 under->grid.n[0], under->grid.n[1], s->title, when);
    rc = layer(p, under, reference->lo, reference->hi, "under");
    if (rc == HEP_OK)
        rc = layer(p, over, s->lo, s->hi, "over");
    if (rc == HEP_OK && p->liver != NULL)
        rc = hep_picture_outline(p, p->liver, &under->grid, 0, -1, "liver");
    hep_str_addf(p->out, "</svg><figcaption>%s, %s</figcaption></figure>\n", s->title, when);
    return rc;
}

static int flickers_of(struct hep_page *p, const struct hep_page_series *s,
                       const struct hep_page_series *reference, const struct hep_volume *under,
                       bool aligned)
{
    struct hep_volume *over = NULL;
    int rc = HEP_OK;

    if (hep_picture_full(p))
        return HEP_OK;
    if (aligned) {
        rc = hep_picture_sample_unaligned(&over, p, s->v, &under->grid);
        if (rc == HEP_OK)
            rc = flicker(p, under, over, s, reference, "before alignment");
        hep_volume_free(over);
        over = NULL;
    }
    if (rc == HEP_OK)
        rc = hep_picture_sample(&over, p, s->v, s->name, &under->grid);
    if (rc == HEP_OK)
        rc = flicker(p, under, over, s, reference, aligned ? "after alignment" : "as acquired");
    hep_volume_free(over);
    return rc;
}

static int flicker_rows(struct hep_page *p)
{
    const struct hep_page_series *reference =
        series_of(p, p->reference != NULL ? p->reference : "");
    struct hep_volume *under = NULL;
    struct hep_grid g;
    size_t w, h;
    int rc;

    if (reference == NULL || !p->has_view || p->n_series < 2)
        return HEP_OK;
    hep_picture_size(&w, &h, &p->view, 2.4);
    hep_page_grid(&g, p, &p->view, w, h, 1, 1.0);
    rc = hep_picture_sample(&under, p, reference->v, reference->name, &g);
    hep_str_add(p->out,
                "<p><label class=\"switch\"><input type=\"checkbox\" id=\"flicker\"> Flicker: each "
                "series takes turns with the reference</label></p>\n<div class=\"pics flick\">\n");
    for (size_t i = 0; rc == HEP_OK && i < p->n_series; i++) {
        const struct hep_alignment_row *row = hep_alignment_of(p->run, p->series[i].name);
        const bool aligned = row != NULL && row->method != HEP_ALIGN_SCANNER;

        if (&p->series[i] != reference)
            rc = flickers_of(p, &p->series[i], reference, under, aligned);
    }
    hep_str_add(p->out, "</div>\n");
    hep_volume_free(under);
    return rc;
}

struct aligned_row {
    const char *series, *method, *reason;
    enum hep_html_mark mark;
    double motion_mm, residual_mm, before_nat, after_nat;
};
#define S struct aligned_row
static void method_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    (void)column;
    hep_html_mark(out, ((const S *)row)->mark, ((const S *)row)->method);
}

static const struct hep_column aligned_columns[] = {
    { NULL, HEP_TEXT(S, series), "Series", .html = hep_html_cell_words },
    { NULL, HEP_TEXT(S, method), "Method", .html = method_cell },
    { NULL, HEP_NUMBER(S, motion_mm), "Motion", "mm", HEP_DECIMALS(1) },
    { NULL, HEP_NUMBER(S, residual_mm), "Expected residual", "mm", HEP_DECIMALS(1) },
    { NULL, HEP_NUMBER(S, before_nat), "Similarity before", "1", HEP_DECIMALS(3) },
    { NULL, HEP_NUMBER(S, after_nat), "after", "1", HEP_DECIMALS(3) },
    { NULL, HEP_TEXT(S, reason), "Why" },
    { 0 },
};

static S aligned_row(enum hep_role role, const struct hep_alignment_row *r)
{
    return (S){ .series = hep_page_series_title(hep_role_name(role)),
                .method = hep_align_method_name(r->method),
                .reason = r->reason,
                .mark = r->failed     ? HEP_MARK_BAD
                        : r->accepted ? HEP_MARK_GOOD
                                      : HEP_MARK_DOUBT,
                .motion_mm = r->mean_motion_mm,
                .residual_mm = r->expected_residual_mm,
                .before_nat = r->metric.before_nat,
                .after_nat = r->metric.after_nat };
}
#undef S

static void alignment_table(struct hep_page *p, const struct hep_alignment *a)
{
    struct aligned_row rows[HEP_ROLE_COUNT];
    struct hep_table t =
        HEP_TABLE("How each series reaches the reference; similarity is mutual information",
                  aligned_columns, rows, 0);

    for (int role = 0; role < (int)HEP_ROLE_COUNT; role++)
        if (a->series[role].present)
            rows[t.n++] = aligned_row((enum hep_role)role, &a->series[role]);
    if (t.n > 0)
        hep_html_rows(p->out, &t);
}

static int alignment(struct hep_page *p)
{
    const struct hep_alignment *a = NULL;
    int rc = hep_run_alignment(p->run, &a, p->err);

    hep_str_add(p->out, "<h3>Alignment</h3>\n");
    if (rc != HEP_OK || a == NULL)
        return rc;
    if (a->warning != NULL) {
        hep_str_add(p->out, "<p>");
        hep_html_mark(p->out, HEP_MARK_DOUBT, "not aligned");
        hep_str_add(p->out, " ");
        hep_html_text(p->out, a->warning);
        hep_str_add(p->out,
                    ". Breathing and movement between series are not corrected: a comparison "
                    "between series is as good as their overlap below.</p>\n");
    }
    alignment_table(p, a);
    hep_str_add(p->out, "<details><summary>Details of the alignment</summary>");
    rc = hep_html_facts(p->out, "All that the alignment tells", a, &hep_alignment_type, p->err);
    hep_str_add(p->out, "</details>\n");
    return rc == HEP_OK ? flicker_rows(p) : rc;
}

static int liver_quality(struct hep_page *p)
{
    const struct hep_liver_report *report = NULL;
    int rc = hep_run_liver_quality(p->run, &report, p->err);

    hep_str_add(p->out, "<h3>Liver mask</h3>\n<p>");
    if (rc != HEP_OK)
        return rc;
    if (report == NULL) {
        hep_html_mark(p->out, HEP_MARK_BAD, "no liver mask");
        hep_str_add(p->out, " ");
        hep_html_text(p->out, hep_run_reason(p->run, "liver_quality"));
        hep_str_add(p->out, "</p>\n");
        return HEP_OK;
    }
    if (report->quality.volume_plausible)
        hep_html_mark(p->out, HEP_MARK_GOOD, "plausible volume");
    else
        hep_html_mark(p->out, HEP_MARK_DOUBT, "volume outside the expected range");
    hep_str_add(p->out, "</p>\n");
    return hep_html_facts(p->out, "Quality of the liver mask", report, &hep_liver_quality_type,
                          p->err);
}

int hep_page_quality(struct hep_page *p)
{
    const struct hep_enhancement *enhancement = NULL;
    int rc = hep_run_enhancement(p->run, &enhancement, p->err);

    hep_html_section(p->out, "quality", "Quality");
    hep_str_add(p->out, "<h3>Contrast phases</h3>\n");
    if (enhancement != NULL) {
        adequacy(p, enhancement);
        gain(p, enhancement);
    } else {
        hep_str_add(p->out, "<p>");
        hep_html_text(p->out, hep_run_reason(p->run, "enhancement"));
        hep_str_add(p->out, ".</p>\n");
    }
    hep_str_add(p->out, "<h3>Fits</h3>\n");
    if (rc == HEP_OK)
        rc = add_fits(p);
    if (rc == HEP_OK)
        rc = liver_quality(p);
    if (rc == HEP_OK)
        rc = alignment(p);
    hep_html_section_end(p->out);
    return rc;
}
