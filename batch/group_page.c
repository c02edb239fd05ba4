#include "batch/group_page.h"

#include "report/html.h"
#include "report/quantity.h"
#include "report/svg.h"

#include <math.h>

void hep_group_quantity(struct hep_quantity *q, const struct hep_group_measure *m)
{
    const char *name = hep_starts_with(m->name, "liver_") ? m->name + 6 : m->name;
    const struct hep_quantity *known =
        hep_quantity_find(strcmp(name, "iron_mg_per_g") == 0 ? "iron" : name);

    if (known != NULL) {
        *q = *known;
        return;
    }
    *q = hep_quantity_of(m->name, m->unit);
    q->digits = hep_starts_with(m->name, "n_") ? 0 : q->digits;
}

static void study_link(struct hep_str *out, const struct hep_study_status *s)
{
    if (s->state != HEP_STATE_DONE) {
        hep_html_text(out, s->label);
        return;
    }
    hep_str_add(out, "<a href=\"");
    hep_html_url(out, s->relative);
    hep_str_add(out, "/");
    hep_html_url(out, s->label);
    hep_str_add(out, "_report.html\">");
    hep_html_text(out, s->label);
    hep_str_add(out, "</a>");
}

static void counts(struct hep_str *out, const struct hep_out_status *s)
{
    hep_str_addf(out, "<p class=\"big\">%zu stud%s: ", s->n, s->n == 1 ? "y" : "ies");
    for (int i = 0; i < 4; i++)
        hep_str_addf(out, "%s%zu %s", i > 0 ? ", " : "", s->count[i],
                     hep_state_name((enum hep_state)i));
    hep_str_add(out, "</p>\n");
}

static void failures(struct hep_str *out, const struct hep_out_status *s)
{
    hep_html_section(out, "failures", "Not done");
    if (s->count[HEP_STATE_DONE] == s->n) {
        hep_str_add(out, "<p>Every study is done.</p>\n");
        hep_html_section_end(out);
        return;
    }
    hep_html_table(out, "Studies that failed, are running, or are missing",
                   "Study|State|Exit code|Reason");
    for (size_t i = 0; i < s->n; i++) {
        const struct hep_study_status *one = &s->list[i];

        if (one->state == HEP_STATE_DONE)
            continue;
        hep_str_add(out, "<tr><th scope=\"row\">");
        hep_html_text(out, one->label);
        hep_str_add(out, "</th><td>");
        hep_html_mark(out, hep_html_mark_of(hep_state_name(one->state)),
                      hep_state_name(one->state));
        hep_str_add(out, "</td><td>");
        if (one->state == HEP_STATE_FAILED)
            hep_str_addf(out, "%d", one->exit_code);
        hep_str_add(out, "</td><td>");
        hep_html_text(out, one->reason);
        hep_str_add(out, "</td></tr>\n");
    }
    hep_html_table_end(out);
    hep_html_section_end(out);
}

/* ---- outliers -------------------------------------------------------------------------------- */

static void outlier(struct hep_str *out, const struct hep_group_table *t, size_t m, size_t i)
{
    const struct hep_group_measure *g = &t->measures[m];
    struct hep_quantity q;

    hep_group_quantity(&q, g);
    hep_str_add(out, "<tr><th scope=\"row\">");
    study_link(out, &t->status->list[i]);
    hep_str_add(out, "</th><td>");
    hep_html_words(out, q.words);
    hep_str_add(out, "</td><td class=\"n\">");
    hep_quantity_add(out, &q, g->values[i]);
    hep_str_add(out, "</td><td class=\"n\">");
    hep_quantity_add(out, &q, g->median);
    hep_str_add(out, "</td><td class=\"n\">");
    hep_html_number(out, (g->values[i] - g->median) / g->mad, 1);
    hep_str_add(out, "</td></tr>\n");
}

static void outliers(struct hep_str *out, const struct hep_group_table *t)
{
    size_t n = 0;

    hep_html_section(out, "outliers", "Outliers");
    for (size_t i = 0; i < t->status->n; i++) {
        for (size_t m = 0; m < t->n_measures; m++) {
            if (!hep_group_outlier(t, m, i))
                continue;
            if (n++ == 0)
                hep_html_table(out, "Robust z: distance from the median in units of 1.4826 MAD",
                               "Study|Measure|Value|Median of all|Robust z");
            outlier(out, t, m, i);
        }
    }
    if (n > 0)
        hep_html_table_end(out);
    else
        hep_str_addf(out,
                     "<p>None: no measure lies further than %.1f robust standard deviations from "
                     "the median, or fewer than %d studies have it.</p>\n",
                     HEP_OUTLIER_Z, HEP_OUTLIER_MIN);
    hep_html_section_end(out);
}

/* ---- studies --------------------------------------------------------------------------------- */

static bool measured(const struct hep_group_table *t, size_t m)
{
    for (size_t i = 0; i < t->status->n; i++) {
        if (isfinite(t->measures[m].values[i]))
            return true;
    }
    return false;
}

static void study_row(struct hep_str *out, const struct hep_group_table *t, size_t i)
{
    const struct hep_study_status *s = &t->status->list[i];

    hep_str_add(out, "<tr><th scope=\"row\">");
    study_link(out, s);
    hep_str_add(out, "</th><td>");
    hep_html_mark(out, hep_html_mark_of(hep_state_name(s->state)), hep_state_name(s->state));
    hep_str_add(out, "</td><td>");
    hep_html_text(out, hep_json_string(hep_json_get(t->documents[i], "protocol")));
    hep_str_add(out, "</td>");
    for (size_t m = 0; m < t->n_measures; m++) {
        const double value = t->measures[m].values[i];
        const bool odd = hep_group_outlier(t, m, i);
        struct hep_quantity q;

        if (!measured(t, m))
            continue;
        hep_group_quantity(&q, &t->measures[m]);
        hep_str_add(out, odd ? "<td class=\"n odd\">" : "<td class=\"n\">");
        hep_html_number(out, value * q.scale, q.digits);
        hep_str_add(out, odd ? "<b title=\"outlier\">&#160;!</b></td>" : "</td>");
    }
    hep_str_add(out, "</tr>\n");
}

static void studies(struct hep_str *out, const struct hep_group_table *t)
{
    hep_html_section(out, "studies", "Studies");
    hep_str_add(out, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"All studies\">"
                     "<table class=\"matrix many\"><caption>All studies; an exclamation mark is an "
                     "outlier. The same numbers stand in studies.tsv</caption><thead><tr>"
                     "<th scope=\"col\">Study</th><th scope=\"col\">State</th><th scope=\"col\">"
                     "Protocol</th>");
    for (size_t m = 0; m < t->n_measures; m++) {
        struct hep_quantity q;

        if (!measured(t, m))
            continue;
        hep_group_quantity(&q, &t->measures[m]);
        hep_str_add(out, "<th scope=\"col\">");
        hep_html_words(out, q.words);
        hep_str_add(out, q.plain[0] != '\0' ? ", " : "");
        hep_quantity_add_unit(out, &q);
        hep_str_add(out, "</th>");
    }
    hep_str_add(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < t->status->n; i++)
        study_row(out, t, i);
    hep_html_table_end(out);
    hep_html_section_end(out);
}

int hep_group_page(struct hep_str *out, const struct hep_group_table *t, struct hep_error *err)
{
    struct hep_str style = { 0 };
    int rc;

    hep_str_add(&style, "<style>");
    hep_svg_style(&style);
    hep_str_add(&style, "</style>\n");
    rc = hep_str_check(&style, err);
    if (rc == HEP_OK)
        hep_html_begin(out, "Group, liver MRI", style.s);
    hep_str_release(&style);
    if (rc != HEP_OK)
        return rc;
    hep_str_add(out, "<a class=\"skip\" href=\"#failures\">Skip to the failures</a>\n<header><h1>"
                     "Liver MRI, all studies</h1>\n<p class=\"notice\"><strong>Research use only."
                     "</strong> A flag is evidence with its reason, never a diagnosis.</p></header>"
                     "\n<nav aria-label=\"Sections\"><a href=\"#failures\">Not done</a>"
                     "<a href=\"#outliers\">Outliers</a><a href=\"#liver\">Liver</a>"
                     "<a href=\"#lesions\">Lesions</a><a href=\"#studies\">Studies</a></nav>\n"
                     "<main>\n");
    counts(out, t->status);
    failures(out, t->status);
    outliers(out, t);
    hep_html_section(out, "liver", "Measures of each study");
    rc = hep_group_plots(out, t, err);
    hep_html_section_end(out);
    hep_html_section(out, "lesions", "Measures of lesions");
    if (rc == HEP_OK)
        rc = hep_group_lesion_plots(out, t, err);
    hep_html_section_end(out);
    studies(out, t);
    hep_str_addf(out,
                 "</main>\n<footer><p>Made by Hepar %s. Research software: not a medical "
                 "device.</p></footer>\n",
                 HEP_VERSION);
    hep_html_end(out);
    return rc != HEP_OK ? rc : hep_str_check(out, err);
}
