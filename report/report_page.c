/* The page: head, switches, sections in order, notice. */
#include "report/report.h"

#include "pipeline/products.h"
#include "report/page.h"
#include "report/svg.h"

#include <omp.h>

/* Sections that a page of this study will have, for the navigation. */
static void add_navigation(struct hep_page *p)
{
    const bool lesions = p->found != NULL && p->found->findings.n > 0;

    hep_str_add(p->out, "<nav aria-label=\"Sections\"><a href=\"#summary\">Summary</a>");
    if (lesions)
        hep_str_add(p->out, "<a href=\"#lesions\">Lesions</a>");
    hep_str_add(p->out, "<a href=\"#images\">Images</a><a href=\"#maps\">Maps</a>"
                        "<a href=\"#function\">Function</a>"
                        "<a href=\"#diffuse\">Diffuse disease</a><a href=\"#series\">Series</a><a "
                        "href=\"#quality\">Quality</a>"
                        "<a href=\"#methods\">Methods</a><a href=\"#provenance\">Provenance</a>"
                        "<label class=\"switch\"><input type=\"checkbox\" id=\"outlines\" checked> "
                        "Outlines</label></nav>\n");
}

static void header(struct hep_page *p)
{
    hep_str_add(p->out, "<a class=\"skip\" href=\"#summary\">Skip to the summary</a>\n<header>"
                        "<h1>Liver MRI of <span class=\"who\">");
    hep_html_text(p->out, hep_json_string(hep_json_get(p->record, "study")));
    hep_str_add(p->out, "</span></h1>\n<p class=\"notice\"><strong>Research use only.</strong> A "
                        "flag is evidence with its reason, never a diagnosis.</p></header>\n");
}

static void footer(struct hep_page *p)
{
    if (p->left_out > 0)
        hep_str_addf(p->out,
                     "<p>%zu pictures were left out to keep this file below 5 MB; the maps "
                     "and masks hold everything.</p>\n",
                     p->left_out);
    hep_str_add(p->out, "</main>\n<footer><p>Research software: not a medical device, not for "
                        "decisions about a patient. A flag is evidence with its number, its limit "
                        "and its reason, never a diagnosis.</p></footer>\n");
}

static int sections(struct hep_page *p)
{
    static int (*const all[])(struct hep_page *) = {
        hep_page_summary,  hep_page_lesions,    hep_page_montage,      hep_page_maps,
        hep_page_function, hep_page_diffuse,    hep_page_series_table, hep_page_quality,
        hep_page_methods,  hep_page_provenance,
    };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof all / sizeof all[0]; i++)
        rc = all[i](p);
    return rc;
}

static int begin(struct hep_page *p)
{
    const char *study = hep_json_string(hep_json_get(p->record, "study"));
    struct hep_str style = { 0 };
    char *title = hep_asprintf(p->err, "%s, liver MRI", study != NULL ? study : "study");
    int rc;

    hep_str_add(&style, "<style>");
    hep_svg_style(&style);
    hep_str_add(&style, "</style>\n");
    rc = title == NULL ? HEP_ENOMEM : hep_str_check(&style, p->err);
    if (rc == HEP_OK)
        hep_html_begin(p->out, title, style.s);
    hep_str_release(&style);
    free(title);
    return rc;
}

int hep_report_html(struct hep_str *out, const struct hep_report_source *source,
                    struct hep_error *err)
{
    struct hep_page p = { .out = out,
                          .run = source->run,
                          .record = source->record,
                          .measures = source->measures,
                          .err = err };
    const int nthreads = source->run->nthreads, omp_nthreads = omp_get_max_threads();
    int rc;

    /* Pictures are small: threads would cost more than they give. */
    source->run->nthreads = 1;
    omp_set_num_threads(1);
    rc = hep_page_prepare(&p);
    if (rc == HEP_OK)
        rc = begin(&p);
    if (rc == HEP_OK) {
        header(&p);
        add_navigation(&p);
        hep_str_add(out, "<main>\n");
        rc = sections(&p);
        footer(&p);
        hep_html_end(out);
    }
    source->run->nthreads = nthreads;
    omp_set_num_threads(omp_nthreads);
    hep_page_release(&p);
    return rc != HEP_OK ? rc : hep_str_check(out, err);
}
