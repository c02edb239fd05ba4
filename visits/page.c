#include "visits/page.h"

#include "base/file.h"
#include "report/html.h"
#include "report/html_table.h"
#include "report/svg.h"
#include "visits/markers.h"
#include "visits/tables.h"
#include "visits/zones.h"

#include <math.h>

static int begin(struct hep_str *out, const struct hep_followed *f, struct hep_error *err)
{
    struct hep_str head = { 0 };
    char title[192];
    int rc;

    (void)snprintf(title, sizeof title, "%s, follow-up of the liver", f->places.participant);
    hep_str_add(&head, "<style>");
    hep_svg_style(&head);
    hep_str_add(&head, "</style>\n");
    rc = hep_str_check(&head, err);
    if (rc == HEP_OK)
        hep_html_begin(out, title, head.s);
    hep_str_release(&head);
    hep_str_add(out, "<a class=\"skip\" href=\"#response\">Skip to the "
                     "response</a>\n<header><h1>Follow-up of <span class=\"who\">");
    hep_html_text(out, f->places.participant);
    hep_str_add(out, "</span></h1>\n<p class=\"notice\"><strong>Research use only.</strong> "
                     "Numbers with their reasons, "
                     "never a diagnosis.</p></header>\n<nav aria-label=\"Sections\"><a "
                     "href=\"#response\">Response</a>"
                     "<a href=\"#events\">Lesions</a><a href=\"#pictures\">Pictures</a><a "
                     "href=\"#changes\">Changes</a>"
                     "<a href=\"#sessions\">Sessions</a><label class=\"switch\"><input "
                     "type=\"checkbox\" id=\"outlines\" "
                     "checked> Outlines</label></nav>\n<main>\n");
    return rc;
}

/* What a reader wants first: the last visit's category by each measure, and how many lesions did what. */
static void summary(struct hep_str *out, const struct hep_followed *f)
{
    static const char *const titles[] = { "RECIST 1.1, liver", "Volume",
                                          "Enhancing diameter (mRECIST-like)" };
    size_t count[HEP_EVENT_N] = { 0 };

    for (size_t i = 0; i < f->tracks.n; i++)
        count[f->tracks.list[i].event]++;
    hep_str_add(out, "<div class=\"cards\">\n");
    for (int k = 0; k < 3; k++) {
        const struct hep_response_visit *r = &f->response[k][f->n - 1];

        hep_str_addf(out, "<div class=\"card\"><h3>%s</h3><p class=\"big\">%s</p><p>", titles[k],
                     hep_response_name(r->category));
        hep_html_text(out, r->reason);
        hep_str_add(out, "</p></div>\n");
    }
    hep_str_addf(
        out, "<div class=\"card\"><h3>Lesions</h3><p class=\"big\">%zu</p><ul class=\"tight\">\n",
        f->tracks.n);
    for (int e = 0; e < HEP_EVENT_N; e++) {
        if (count[e] > 0) {
            hep_str_addf(out, "<li>%zu ", count[e]);
            hep_html_words(out, hep_event_name((enum hep_event)e));
            hep_str_add(out, "</li>\n");
        }
    }
    hep_str_add(out, "</ul></div>\n</div>\n");
}

static int add_table(struct hep_str *out, const struct hep_followed *f,
                     int (*make)(struct hep_table *, const struct hep_followed *,
                                 struct hep_error *),
                     struct hep_error *err)
{
    struct hep_table t = { 0 };
    int rc = make(&t, f, err);

    if (rc == HEP_OK)
        hep_html_rows(out, &t);
    hep_table_release(&t);
    return rc;
}

static int response_section(struct hep_str *out, const struct hep_followed *f,
                            struct hep_error *err)
{
    int rc;

    hep_html_section(out, "response", "Response");
    summary(out, f);
    rc = hep_followed_plots(out, f, err);
    for (int k = 0; rc == HEP_OK && k < 3; k++) {
        struct hep_table t = { 0 };

        rc = hep_followed_response(&t, f, (enum hep_response_of)k, err);
        if (rc == HEP_OK)
            hep_html_rows(out, &t);
        hep_table_release(&t);
    }
    if (rc == HEP_OK)
        rc = add_table(out, f, hep_followed_targets, err);
    hep_html_section_end(out);
    return rc;
}

static int pictures_section(struct hep_str *out, const struct hep_followed *f,
                            struct hep_error *err)
{
    int rc = HEP_OK;

    hep_html_section(out, "pictures", "Each lesion through the sessions");
    hep_str_add(out, "<p class=\"quiet\">The same place of the baseline's space at every session, "
                     "by the alignment below. Series "
                     "have one window at all sessions, from black to a fixed multiple of the "
                     "session's own liver.</p>\n");
    for (size_t i = 0; rc == HEP_OK && i < f->tracks.n; i++) {
        const struct hep_track *t = &f->tracks.list[i];

        hep_str_addf(out, "<article class=\"finding\" id=\"%s\"><h3>%s: ", t->identity,
                     t->identity);
        hep_html_words(out, hep_event_name(t->event));
        hep_str_add(out, "</h3><p>");
        hep_html_text(out, t->reason);
        hep_str_add(out, "</p>\n");
        rc = hep_followed_strip(out, f, i, err);
        hep_str_add(out, "</article>\n");
    }
    hep_html_section_end(out);
    return rc;
}

static int table_section(struct hep_str *out, const struct hep_followed *f, const char *id,
                         const char *heading,
                         int (*make)(struct hep_table *, const struct hep_followed *,
                                     struct hep_error *),
                         struct hep_error *err)
{
    int rc;

    hep_html_section(out, id, heading);
    rc = add_table(out, f, make, err);
    hep_html_section_end(out);
    return rc;
}

int hep_followed_page(struct hep_str *out, const struct hep_followed *f, struct hep_error *err)
{
    int rc = begin(out, f, err);

    if (rc == HEP_OK)
        rc = response_section(out, f, err);
    if (rc == HEP_OK)
        rc = table_section(out, f, "events", "What became of each lesion", hep_followed_lesions,
                           err);
    if (rc == HEP_OK)
        rc = pictures_section(out, f, err);
    if (rc == HEP_OK)
        rc = table_section(out, f, "predictors",
                           "Predictors at the baseline: numbers, not a verdict",
                           hep_followed_markers, err);
    if (rc == HEP_OK && f->n_zones > 0)
        rc = table_section(out, f, "zones", "Zones of ablation", hep_followed_zones, err);
    if (rc == HEP_OK)
        rc = table_section(out, f, "patterns", "Patterns, and where to look again",
                           hep_followed_patterns, err);
    if (rc == HEP_OK)
        rc = table_section(out, f, "changes", "Changes against repeatability", hep_followed_changes,
                           err);
    if (rc == HEP_OK)
        rc = table_section(out, f, "sessions", "Sessions and their alignment",
                           hep_followed_sessions, err);
    hep_str_addf(out,
                 "</main>\n<footer><p>Made by Hepar %s. Research software: not a medical device, "
                 "not for decisions about a "
                 "patient.</p></footer>\n",
                 HEP_VERSION);
    hep_html_end(out);
    return rc != HEP_OK ? rc : hep_str_check(out, err);
}
