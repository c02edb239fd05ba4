/* First screen: what was asked, what was found. */
#include "pipeline/results/enhancement.h"
#include "pipeline/results/liver_quality.h"
#include "pipeline/results/roles.h"
#include "report/html_table.h"
#include "report/measure.h"
#include "report/page.h"

#include <math.h>

static const char *text_of(const struct hep_json *object, const char *key)
{
    return hep_json_string(hep_json_get(object, key));
}

/* ---- what was asked -------------------------------------------------------------------------- */

static void unquoted(struct hep_str *out, const char *yaml)
{
    size_t n = yaml != NULL ? strlen(yaml) : 0;
    char *copy = hep_strdup(n >= 2 && yaml[0] == '"' ? yaml + 1 : yaml, NULL);

    if (copy != NULL && n >= 2 && yaml[0] == '"')
        copy[n - 2] = '\0';
    out->failed = out->failed || (copy == NULL && yaml != NULL);
    hep_html_text(out, copy);
    free(copy);
}

static int asked_series(struct hep_page *p)
{
    const struct hep_roles *roles = NULL;
    int rc = hep_run_roles(p->run, &roles, p->err);

    hep_str_addf(p->out, "<dt>Series</dt><dd>%zu in use", roles != NULL ? roles->n_series : 0);
    if (roles == NULL || roles->protocol.n_missing == 0) {
        hep_str_add(p->out, roles != NULL ? ", none of the protocol is missing" : "");
    } else {
        hep_str_add(p->out, ". ");
        hep_html_mark(p->out, HEP_MARK_BAD, "missing");
        for (size_t i = 0; i < roles->protocol.n_missing; i++) {
            hep_str_add(p->out, i > 0 ? ", " : ": ");
            hep_html_words(p->out, hep_planned_name(roles->protocol.missing[i]));
        }
    }
    hep_str_add(p->out, "</dd>");
    return rc;
}

static void warnings(struct hep_page *p)
{
    const struct hep_json *list = hep_json_get(p->record, "warnings");
    const size_t n = hep_json_size(list);

    if (n == 0)
        return;
    hep_str_addf(p->out,
                 "<div class=\"card warn\"><h2 id=\"warnings\">%zu warning%s</h2>"
                 "<ul class=\"tight\">",
                 n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++) {
        hep_str_add(p->out, "<li>");
        hep_html_text(p->out, hep_json_string(hep_json_at(list, i)));
        hep_str_add(p->out, "</li>");
    }
    hep_str_add(p->out, "</ul></div>\n");
}

static int asked(struct hep_page *p)
{
    int rc;
    const char *agent = text_of(p->record, "agent");
    const double field =
        hep_json_number(hep_json_get(hep_json_get(p->record, "inventory"), "field_t"));

    hep_str_add(p->out, "<div class=\"card\"><h2 id=\"asked\">What was asked</h2><dl>"
                        "<dt>Protocol</dt><dd>");
    unquoted(p->out, hep_page_setting(p, "title"));
    hep_str_add(p->out, " <span class=\"quiet\">(");
    hep_html_text(p->out, text_of(p->record, "protocol"));
    hep_str_add(p->out, ")</span></dd><dt>Contrast agent</dt><dd>");
    hep_html_text(p->out, agent);
    hep_str_add(p->out, "</dd><dt>Field strength</dt><dd>");
    hep_html_number(p->out, field, 1);
    hep_str_add(p->out, isfinite(field) ? "&#8239;T</dd>" : "</dd>");
    rc = asked_series(p);
    hep_str_add(p->out, "<dt>Reference series</dt><dd>");
    hep_html_words(p->out, hep_page_series_title(p->reference));
    hep_str_add(p->out, "</dd></dl></div>\n");
    return rc;
}

/* ---- what was found -------------------------------------------------------------------------- */

#define NAMED_MAX 12 /* lesions of a class */

/* "3 most like metastasis (0.84, 0.64, 0.61)": a class is what is most like, never what is known. */
static void class_line(struct hep_page *p, const struct hep_findings *list, enum hep_lesion_class k)
{
    const struct hep_class_row *row = hep_class_row(k);
    size_t n = 0, shown = 0;

    for (size_t i = 0; i < list->n; i++)
        n += list->list[i].lesion_class == k;
    if (n == 0)
        return;
    hep_str_addf(p->out, "<li><b>%zu most like %s</b> <span class=\"quiet\">(probability: ", n,
                 row->words);
    for (size_t i = 0; i < list->n && shown < NAMED_MAX; i++) {
        const struct hep_finding *f = &list->list[i];

        if (f->lesion_class != k)
            continue;
        hep_str_add(p->out, shown++ > 0 ? ", " : "");
        hep_str_addf(p->out, "<a href=\"#lesion-%d\">#%d</a>&#160;", f->id, f->id);
        hep_html_number(p->out, f->class_probability[k], 2);
    }
    hep_str_add(p->out, shown < n ? ", \xe2\x80\xa6)</span></li>" : ")</span></li>");
}

/* Count the lesions of each flag that is present, and those of which that is uncertain. */
static void flag_line(struct hep_page *p, const struct hep_findings *list)
{
    bool any = false;

    hep_str_add(p->out, "<p>Flags present: ");
    for (int k = 0; k < HEP_FLAG_COUNT; k++) {
        size_t n = 0, uncertain = 0;

        for (size_t i = 0; i < list->n; i++) {
            const struct hep_flag_result *flag = &list->list[i].flag[k];
            const bool present = flag->given && flag->state == HEP_FLAG_PRESENT;

            n += present;
            uncertain += present && !flag->certain;
        }
        if (n == 0)
            continue;
        hep_str_add(p->out, any ? ", " : "");
        hep_html_words(p->out, hep_flag_name((enum hep_flag)k));
        hep_str_addf(p->out, " in&#160;%zu", n);
        if (uncertain == n)
            hep_str_add(p->out, " (uncertain)");
        else if (uncertain > 0)
            hep_str_addf(p->out, " (%zu uncertain)", uncertain);
        any = true;
    }
    hep_str_add(p->out, any ? ".</p>" : "none.</p>");
}

static void found_lesions(struct hep_page *p)
{
    if (p->found != NULL && p->found->findings.n > 0) {
        const struct hep_findings *list = &p->found->findings;

        hep_str_addf(p->out, "<p class=\"big\">%zu finding%s</p><ul class=\"tight\">", list->n,
                     list->n == 1 ? "" : "s");
        for (int k = 0; k < HEP_CLASS_COUNT; k++)
            class_line(p, list, (enum hep_lesion_class)k);
        hep_str_add(p->out, "</ul>");
        flag_line(p, list);
    } else if (p->found != NULL) {
        hep_str_add(p->out, "<p class=\"big\">No focal lesion was found</p>");
    } else {
        hep_str_add(p->out, "<p class=\"big\">Lesions were not searched for</p><p>");
        hep_html_text(p->out, hep_run_reason(p->run, "findings"));
        hep_str_add(p->out, ".</p>");
    }
}

/* What livers without disease show; only where it hardly depends on scanner and sequence. */
static const struct usual {
    enum hep_measure measure;
    const char *range, *source;
} usual[] = {
    { HEP_M_LIVER_FAT, "below 5.6 %", "Szczepaniak, Am J Physiol 2005;288:E462" },
    { HEP_M_LIVER_PDFF, "below 5.6 %", "Szczepaniak, Am J Physiol 2005;288:E462" },
    { HEP_M_LIVER_IVIM_D, "1.0 to 1.3 10\xe2\x81\xbb\xc2\xb3",
      "Li, Quant Imaging Med Surg 2017;7:59" },
    { HEP_M_LIVER_IVIM_F, "20 to 30 %", "Li, Quant Imaging Med Surg 2017;7:59" },
    { HEP_M_LIVER_IVIM_DSTAR, "60 to 130 10\xe2\x81\xbb\xc2\xb3",
      "Li, Quant Imaging Med Surg 2017;7:59" },
};

#define S struct hep_liver_value
/* Each row has its own unit, and a measure that is withheld its reason. */
static void value_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const S *r = row;
    const struct hep_quantity q = hep_quantity_of_measure(r->measure);

    (void)column;
    if (r->withheld != NULL) {
        hep_html_mark(out, HEP_MARK_BAD, "not assessable");
        hep_str_add(out, " ");
        hep_html_text(out, r->withheld);
    } else {
        hep_quantity_add(out, &q, r->value);
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (usual[i].measure == r->measure)
            hep_str_addf(out, "<br><span class=\"quiet\">usual: %s</span>", usual[i].range);
}

static void width_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const S *r = row;
    const struct hep_quantity q = hep_quantity_of_measure(r->measure);

    (void)column;
    if (isfinite(r->iqr))
        hep_html_number(out, r->iqr * q.scale, q.digits);
}

HEP_GETTER(words_of, S, hep_value_of_text(hep_measure_words(r->measure)));
HEP_GETTER(shown_of, S,
           hep_value_of_text(r->withheld != NULL || isfinite(r->value) ? "there" : NULL));
static const struct hep_column liver_columns[] = {
    { NULL, HEP_CELL(TEXT, 0), "Measure", .get = words_of },
    { NULL, HEP_CELL(TEXT, 0), "Median", .get = shown_of, .html = value_cell },
    { NULL, HEP_NUMBER(S, iqr), "IQR", .html = width_cell },
    { 0 },
};
#undef S

/* A liver that goes on beyond the images is larger than what is seen of it. */
static int liver_cut(struct hep_page *p)
{
    const struct hep_liver_report *report = NULL;
    int rc = hep_run_liver_quality(p->run, &report, p->err);

    if (rc != HEP_OK || report == NULL || report->quality.mask_needed || !report->quality.cropped)
        return rc;
    hep_str_add(p->out, "<p>");
    hep_html_mark(p->out, HEP_MARK_DOUBT, "cut");
    hep_str_addf(p->out,
                 " The volume is at least %.0f mL: the liver is cut by the end of the images "
                 "(%s).</p>",
                 report->quality.volume_ml, report->quality.cut_at);
    return HEP_OK;
}

/* A median of the few voxels that determine a parameter is not one of the liver: where half of them
 * do not, that is said. D has a value wherever the fit was made. */
static void unidentified(struct hep_page *p)
{
    const struct hep_measured *d = NULL, *dstar = NULL;

    for (int k = 0; p->measures != NULL && k < HEP_MEASURE_MAPS; k++) {
        if (hep_measure_map(k) == HEP_M_LIVER_IVIM_D)
            d = &p->measures->liver.map[k];
        if (hep_measure_map(k) == HEP_M_LIVER_IVIM_DSTAR)
            dstar = &p->measures->liver.map[k];
    }
    if (d == NULL || dstar == NULL || dstar->n == 0 || 2 * dstar->n > d->n)
        return;
    hep_str_add(p->out, "<p>");
    hep_html_mark(p->out, HEP_MARK_DOUBT, "few voxels");
    hep_str_addf(
        p->out,
        " IVIM D*: not identifiable in %.0f %% of the liver; the median is of the rest.</p>",
        100.0 * (1.0 - (double)dstar->n / (double)d->n));
}

/* Enhancements hold a receive gain that muscle contradicts but that is not corrected. */
static int suspect_gains(struct hep_page *p)
{
    const struct hep_enhancement *e = NULL;
    int rc = hep_run_enhancement(p->run, &e, p->err);
    size_t n = 0;

    for (int i = 0; rc == HEP_OK && e != NULL && i < HEP_PHASE_COUNT; i++) {
        const struct hep_enhancement_gain *g = &e->gain[i];

        if (!g->present || g->of.state != HEP_GAIN_SUSPECT)
            continue;
        if (n++ == 0) {
            hep_str_add(p->out, "<p>");
            hep_html_mark(p->out, HEP_MARK_DOUBT, "gain suspect");
            hep_str_add(p->out, " By muscle these enhancements hold a receive gain: ");
        } else {
            hep_str_add(p->out, ", ");
        }
        hep_html_words(p->out, hep_phase_name((enum hep_phase)i));
        hep_str_addf(p->out, " %.2f", g->of.ratio);
    }
    hep_str_add(p->out, n > 0 ? ".</p>" : "");
    return rc;
}

static void liver_numbers(struct hep_page *p)
{
    struct hep_liver_value rows[HEP_MEASURE_COUNT];
    struct hep_table t =
        HEP_TABLE("Measures of the liver; of maps the median over the liver mask, with the width "
                  "of the middle half",
                  liver_columns, rows, 0);

    if (!hep_run_has(p->run, "liver")) {
        hep_str_add(p->out, "<p>");
        hep_html_mark(p->out, HEP_MARK_BAD, "no liver mask");
        hep_str_add(p->out, " ");
        hep_html_text(p->out, hep_run_reason(p->run, "liver"));
        hep_str_add(p->out, ". Give one with <code>--liver-mask</code>; without it nothing is "
                            "measured in the liver.</p>");
    }
    for (int m = 0; m < HEP_MEASURE_COUNT; m++) {
        if (hep_measure_row((enum hep_measure)m)->subject != HEP_SUBJECT_LIVER ||
            hep_measure_row((enum hep_measure)m)->digits == HEP_DIGITS_HIDDEN)
            continue;
        rows[t.n] = hep_liver_value_of(p->measures, p->found, (enum hep_measure)m);
        t.n += rows[t.n].withheld != NULL || isfinite(rows[t.n].value);
    }
    if (t.n == 0)
        return;
    hep_html_rows(p->out, &t);
    unidentified(p);
    hep_str_add(p->out, "<p class=\"quiet\">Usual without liver disease: ");
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (i > 0 && strcmp(usual[i].source, usual[i - 1].source) == 0)
            continue;
        hep_str_add(p->out, i > 0 ? "; " : "");
        hep_html_words(p->out, hep_measure_words(usual[i].measure));
        hep_str_addf(p->out, ": %s", usual[i].source);
    }
    hep_str_add(p->out, ". They hold for groups; sequences differ.</p>");
}

int hep_page_summary(struct hep_page *p)
{
    int rc;

    hep_str_add(p->out, "<div class=\"cards\" id=\"summary\">\n<div class=\"stack\">"
                        "<div class=\"card\"><h2 id=\"found\">What was found</h2>");
    found_lesions(p);
    hep_str_add(p->out, "</div>\n");
    warnings(p);
    rc = asked(p);
    hep_str_add(p->out, "</div>\n<div class=\"card\"><h2 id=\"liver-numbers\">Liver</h2>");
    liver_numbers(p);
    if (rc == HEP_OK)
        rc = suspect_gains(p);
    if (rc == HEP_OK)
        rc = liver_cut(p);
    hep_str_add(p->out, "</div>\n");
    hep_str_add(p->out, "</div>\n");
    return rc;
}
