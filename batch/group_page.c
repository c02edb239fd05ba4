#include "batch/group_page.h"

#include "batch/group_followup.h"
#include "batch/group_plots.h"
#include "report/html.h"
#include "report/html_table.h"
#include "report/svg.h"

static void counts(struct hep_str *out, const struct hep_out_status *s)
{
    hep_str_addf(out, "<p class=\"big\">%zu stud%s: ", s->n, s->n == 1 ? "y" : "ies");
    for (int i = 0; i < 4; i++)
        hep_str_addf(out, "%s%zu %s", i > 0 ? ", " : "", s->count[i],
                     hep_state_name((enum hep_state)i));
    hep_str_add(out, "</p>\n");
}

typedef void write_rows(struct hep_str *out, const struct hep_table *t);

static void table_section(struct hep_str *out, struct hep_table *t, const char *id,
                          const char *heading, const char *without_rows, write_rows *write)
{
    hep_html_section(out, id, heading);
    if (t->n > 0)
        write(out, t);
    else
        hep_str_addf(out, "<p>%s</p>\n", without_rows);
    hep_html_section_end(out);
    hep_table_release(t);
}

/* Nothing where nobody has been followed up. */
static int followup_section(struct hep_str *out, const struct hep_group_table *t,
                            const char *out_dir, struct hep_error *err)
{
    struct hep_table followups = { 0 };
    int rc = hep_group_followups(&followups, out_dir, t->status, err);

    if (rc == HEP_OK && followups.n > 0)
        table_section(out, &followups, "followups", "Follow-ups", "", hep_html_rows);
    else
        hep_table_release(&followups);
    return rc;
}

static int head(struct hep_str *out, struct hep_error *err)
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
                     "<a href=\"#withheld\">Not assessable</a>"
                     "<a href=\"#outliers\">Outliers</a><a href=\"#liver\">Liver</a>"
                     "<a href=\"#lesions\">Measures of lesions</a><a href=\"#studies\">Studies</a>"
                     "<a href=\"#found\">Lesions</a></nav>\n"
                     "<main>\n");
    return HEP_OK;
}

/* What needs a look: what is not done, what contradicts physics, what is far from the others. */
static int to_look_at(struct hep_str *out, const struct hep_group_table *t, struct hep_error *err)
{
    struct hep_table table = { 0 };
    int rc = hep_group_not_done(&table, t, err);

    if (rc == HEP_OK) {
        table_section(out, &table, "failures", "Not done", "Every study is done.", hep_html_rows);
        rc = hep_group_withheld(&table, t, err);
    }
    if (rc == HEP_OK) {
        table_section(out, &table, "withheld", "Not assessable",
                      "Lesions were looked for in every study, and no measure contradicts physics.",
                      hep_html_rows);
        rc = hep_group_outliers(&table, t, err);
    }
    if (rc == HEP_OK)
        table_section(out, &table, "outliers", "Outliers",
                      "None: no measure lies further than 3.5 robust standard deviations from the "
                      "median, or fewer than 5 studies have it.",
                      hep_html_rows);
    return rc;
}

int hep_group_page(struct hep_str *out, const struct hep_group_table *t, const char *out_dir,
                   struct hep_error *err)
{
    struct hep_table table = { 0 };
    int rc = head(out, err);

    if (rc != HEP_OK)
        return rc;
    counts(out, t->status);
    rc = to_look_at(out, t, err);
    if (rc == HEP_OK)
        rc = followup_section(out, t, out_dir, err);
    hep_html_section(out, "liver", "Measures of each study");
    if (rc == HEP_OK)
        rc = hep_group_plots(out, t, err);
    hep_html_section_end(out);
    hep_html_section(out, "lesions", "Measures of lesions");
    if (rc == HEP_OK)
        rc = hep_group_lesion_plots(out, t, err);
    hep_html_section_end(out);
    if (rc == HEP_OK)
        rc = hep_group_studies(&table, t, err);
    if (rc == HEP_OK)
        table_section(out, &table, "studies", "Studies", "There is none.", hep_html_sortable_rows);
    if (rc == HEP_OK)
        rc = hep_group_lesions(&table, t, err);
    if (rc == HEP_OK)
        table_section(out, &table, "found", "Lesions", "There is none.", hep_html_sortable_rows);
    hep_html_sorting_script(out);
    hep_str_addf(out,
                 "</main>\n<footer><p>Made by Hepar %s. Research software: not a medical "
                 "device.</p></footer>\n",
                 HEP_VERSION);
    hep_html_end(out);
    return rc != HEP_OK ? rc : hep_str_check(out, err);
}
