/* How far the images and the fits are to be believed. */
#include "report/page.h"

#include "report/facts.h"
#include "pipeline/results/enhancement.h"
#include "pipeline/results/fits.h"
#include "pipeline/results/liver_quality.h"
#include "report/picture.h"
#include "pipeline/stages/aligned.h"

#include <math.h>

static void judgement(struct hep_page *p, const char *what, const struct hep_judgement *j)
{
    if (!j->present)
        return;
    hep_str_add(p->out, "<tr><th scope=\"row\">");
    hep_html_words(p->out, what);
    hep_str_add(p->out, "</th><td>");
    hep_html_mark(p->out, hep_html_mark_of(hep_adequacy_name(j->grade)),
                  hep_adequacy_name(j->grade));
    hep_str_add(p->out, "</td><td class=\"n\">");
    hep_html_significant(p->out, j->value, 3);
    hep_str_add(p->out, "</td><td class=\"n\">");
    hep_html_significant(p->out, j->limit, 3);
    hep_str_add(p->out, "</td><td>");
    hep_html_text(p->out, j->reason);
    hep_str_add(p->out, "</td><td>");
    hep_html_text(p->out, j->source);
    hep_str_add(p->out, "</td></tr>\n");
}

static void adequacy(struct hep_page *p, const struct hep_enhancement *e)
{
    hep_html_table(p->out, "Are the phases good enough for the rules that read them?",
                   "What|Grade|Value|Limit|Why|Source");
    judgement(p, "arterial_adequacy", &e->arterial);
    judgement(p, "arterial_motion", &e->motion.verdict);
    judgement(p, "hepatobiliary_adequacy", &e->hepatobiliary);
    hep_html_table_end(p->out);
}

/* Factor with its standard error, which says nothing about a gain that was left as it is. */
static void factor(struct hep_page *p, const struct hep_gain *g)
{
    hep_html_number(p->out, g->factor, 2);
    if (fabs(g->factor - 1.0) > 0.0 && isfinite(g->ratio_se)) {
        hep_str_add(p->out, " \xc2\xb1 ");
        hep_html_number(p->out, g->factor * g->ratio_se, 2);
    }
}

static void gain_row(struct hep_page *p, const char *name, const struct hep_gain *g,
                     enum hep_comparable same)
{
    hep_str_add(p->out, "<tr><th scope=\"row\">");
    hep_html_words(p->out, hep_page_series_title(name));
    hep_str_add(p->out, "</th><td>");
    hep_html_mark(p->out, hep_html_mark_of(hep_gain_name(g->state)), hep_gain_name(g->state));
    hep_str_add(p->out, "</td><td>");
    /* Nothing where another tissue than muscle was looked at. */
    hep_html_number(p->out, g->basis == HEP_GAIN_FROM_MUSCLE ? 100.0 * g->re : (double)NAN, 0);
    hep_str_add(p->out, "&#160;%</td><td class=\"n\">");
    hep_html_number(p->out, 100.0 * g->expected[0], 0);
    hep_str_add(p->out, " to ");
    hep_html_number(p->out, 100.0 * g->expected[1], 0);
    hep_str_add(p->out, "&#160;%</td><td>");
    factor(p, g);
    hep_str_add(p->out, "</td><td>");
    hep_html_mark(p->out, hep_html_mark_of(hep_comparable_name(same)), hep_comparable_name(same));
    hep_str_add(p->out, "</td><td>");
    hep_html_text(p->out, g->reason);
    hep_str_add(p->out, "</td></tr>\n");
}

static void gain(struct hep_page *p, const struct hep_enhancement *e)
{
    bool any = false;

    for (int i = 0; i < (int)HEP_PHASE_COUNT; i++) {
        if (!e->gain[i].present)
            continue;
        if (!any)
            hep_html_table(p->out,
                           "Receive gain against the series before contrast, judged by muscle",
                           "Phase|State|Muscle enhancement|Expected|Gain used|Same sequence|Why");
        any = true;
        gain_row(p, hep_phase_name((enum hep_phase)i), &e->gain[i].of, e->phase[i].same_sequence);
    }
    if (any)
        hep_html_table_end(p->out);
}

/* ---- fits ------------------------------------------------------------------------------------ */

static void fit_row(struct hep_page *p, const char *title, const char *method,
                    const struct hep_fit_counts *voxels)
{
    double total = 0.0;

    for (int i = HEP_FIT_OK; i < HEP_FIT_STATUS_COUNT; i++)
        total += (double)voxels->n[i];
    hep_str_add(p->out, "<tr><th scope=\"row\">");
    hep_html_text(p->out, title);
    hep_str_add(p->out, "</th><td>");
    hep_html_text(p->out, method);
    hep_str_addf(p->out, "</td><td>%.0f", total);
    for (int i = HEP_FIT_OK; i < HEP_FIT_STATUS_COUNT; i++) {
        hep_str_add(p->out, "</td><td>");
        if (total > 0.0)
            hep_str_addf(p->out, "%.1f&#160;%%", 100.0 * (double)voxels->n[i] / total);
    }
    hep_str_add(p->out, "</td></tr>\n");
}

static int fits(struct hep_page *p)
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
    int rc = hep_run_diffusion(p->run, &diffusion, p->err);

    if (rc == HEP_OK)
        rc = hep_run_fat(p->run, &fat, p->err);
    hep_html_table(p->out, "What became of the voxels of each fit",
                   "Model|Method|Voxels|Good|At a bound|Not identifiable|No convergence|Bad input");
    for (size_t i = 0; diffusion != NULL && i < sizeof order / sizeof order[0]; i++) {
        const struct hep_diffusion_facts *f = &diffusion->fit[order[i].fitted];

        if (f->present)
            fit_row(p, order[i].title, hep_diffusion_method_name(f->method), &f->voxels);
    }
    if (fat != NULL && fat->dualecho.present)
        fit_row(p, "Fat, two echoes", hep_dualecho_correction_name(fat->dualecho.correction),
                &fat->dualecho.voxels);
    if (fat != NULL && fat->multiecho.present)
        fit_row(p, "Fat and R2*", hep_multiecho_method(), &fat->multiecho.voxels);
    hep_html_table_end(p->out);
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

/* A series over the reference: with the switch on, the two take turns. */
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
    hep_picture_grid(&g, &p->view, w, h, 1, 1.0);
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

static void alignment_row(struct hep_page *p, const char *name, const struct hep_alignment_row *r)
{
    hep_str_add(p->out, "<tr><th scope=\"row\">");
    hep_html_words(p->out, hep_page_series_title(name));
    hep_str_add(p->out, "</th><td>");
    hep_html_mark(p->out,
                  r->failed     ? HEP_MARK_BAD
                  : r->accepted ? HEP_MARK_GOOD
                                : HEP_MARK_DOUBT,
                  hep_align_method_name(r->method));
    hep_str_add(p->out, "</td><td>");
    hep_html_number(p->out, r->mean_motion_mm, 1);
    hep_str_add(p->out, "</td><td>");
    hep_html_number(p->out, r->expected_residual_mm, 1);
    hep_str_add(p->out, "</td><td class=\"n\">");
    hep_html_number(p->out, r->metric.before_nat, 3);
    hep_str_add(p->out, " \xe2\x86\x92 ");
    hep_html_number(p->out, r->metric.after_nat, 3);
    hep_str_add(p->out, "</td><td>");
    hep_html_text(p->out, r->reason);
    hep_str_add(p->out, "</td></tr>\n");
}

static void alignment_table(struct hep_page *p, const struct hep_alignment *a)
{
    bool any = false;

    for (int role = 0; role < (int)HEP_ROLE_COUNT; role++) {
        if (!a->series[role].present)
            continue;
        if (!any)
            hep_html_table(
                p->out, "How each series reaches the reference; similarity is mutual information",
                "Series|Method|Motion, mm|Expected residual, mm|Similarity|Why");
        any = true;
        alignment_row(p, hep_role_name((enum hep_role)role), &a->series[role]);
    }
    if (any)
        hep_html_table_end(p->out);
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
        rc = fits(p);
    if (rc == HEP_OK)
        rc = liver_quality(p);
    if (rc == HEP_OK)
        rc = alignment(p);
    hep_html_section_end(p->out);
    return rc;
}
