#include "report/viewer.h"

#include "base/file.h"
#include "pipeline/products.h"
#include "pipeline/stages/aligned.h"
#include "report/assets.h"
#include "report/page.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

#define VIEWER_MAX_BYTES ((size_t)16 << 20)
#define VOLUME_MAX_BYTES ((size_t)256 << 20)

/* ---- the installed program ------------------------------------------------------------------- */

static char *viewer_file(const char *name, struct hep_error *err)
{
    const char *folder = getenv("HEPAR_VIEWER"), *data = getenv("XDG_DATA_HOME"),
               *home = getenv("HOME");

    if (folder != NULL && *folder != '\0')
        return hep_path_join(folder, name, err);
    if (data != NULL && *data != '\0')
        return hep_asprintf(err, "%s/hepar/viewer/%s", data, name);
    return hep_asprintf(err, "%s/.local/share/hepar/viewer/%s", home != NULL ? home : "", name);
}

int hep_viewer_check(struct hep_error *err)
{
    static const char *const names[] = { "niivue.umd.js", "LICENSE" };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < 2; i++) {
        char *path = viewer_file(names[i], err);

        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (!hep_is_file(path))
            rc = HEP_FAIL(err, HEP_ENOENT,
                          "the viewer is not installed (%s): run scripts/viewer/install.sh once",
                          path);
        free(path);
    }
    return rc;
}

static int read_file(char **text, size_t *n, const char *name, struct hep_error *err)
{
    char *path = viewer_file(name, err);
    int rc = path == NULL ? HEP_ENOMEM : hep_file_read(text, n, path, VIEWER_MAX_BYTES, err);

    free(path);
    return rc;
}

static int add_program(struct hep_str *out, struct hep_error *err)
{
    char *program = NULL, *notice = NULL;
    size_t n = 0, n_notice = 0;
    int rc = read_file(&program, &n, "niivue.umd.js", err);

    if (rc == HEP_OK)
        rc = read_file(&notice, &n_notice, "LICENSE", err);
    if (rc == HEP_OK && (strlen(program) != n || hep_contains_nocase(program, "</script")))
        rc = HEP_FAIL(err, HEP_EFORMAT, "niivue.umd.js cannot stand inside a page");
    if (rc == HEP_OK) {
        hep_str_add(out, "<details><summary>The viewer is NiiVue; its notice</summary><pre>");
        hep_html_text(out, notice);
        hep_str_add(out, "</pre></details>\n<script>\n");
        hep_str_addn(out, program, n);
        hep_str_add(out, "\n</script>\n");
    }
    free(program);
    free(notice);
    return rc;
}

/* ---- volumes --------------------------------------------------------------------------------- */

static int add_volume(struct hep_str *data, const char *name, const char *path,
                      struct hep_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    int rc = hep_file_read(&bytes, &n, path, VOLUME_MAX_BYTES, err);

    if (rc == HEP_OK) {
        hep_str_addf(data, "<script type=\"text/plain\" id=\"v-%s\">", name);
        hep_html_base64(data, bytes, n);
        hep_str_add(data, "</script>\n");
    }
    free(bytes);
    return rc;
}

static void add_option(struct hep_str *out, const char *name, const char *title, const char *path,
                       size_t frame, const struct hep_quantity *q, bool chosen)
{
    hep_str_addf(out, "<option value=\"%s\" data-gz=\"%d\" data-frame=\"%zu\"", name,
                 hep_ends_with(path, ".gz"), frame);
    if (q != NULL)
        hep_str_addf(out, " data-lo=\"%.9g\" data-hi=\"%.9g\"", q->lo / q->scale, q->hi / q->scale);
    hep_str_addf(out, "%s>%s</option>", chosen ? " selected" : "", title);
}

/* The frame of the file that is shown first: the highest b, else the first in use. */
static const struct hep_frame *shown_frame(const struct hep_series *s)
{
    const struct hep_frame *best = &s->frame[0];

    for (size_t i = 1; s->role == HEP_ROLE_DWI && i < s->nt; i++) {
        if (s->frame[i].b_s_per_mm2 > best->b_s_per_mm2)
            best = &s->frame[i];
    }
    return best;
}

/* Where the file of a series on the reference's grid is (outputs.aligned), the outlines lie where it
 * shows the lesion; its volumes stand in the order of the frames. NULL: there is none. */
static const char *on_reference(const struct hep_run *run, const struct hep_product *series)
{
    char name[64];
    const struct hep_product *here;

    (void)snprintf(name, sizeof name, "space_%s", series->slot->name);
    here = hep_product_find(run, name);
    return here != NULL && here->state == HEP_PRODUCT_PRESENT ? here->path : NULL;
}

static int add_series(struct hep_str *html, struct hep_str *data,
                      const struct hep_report_source *source, struct hep_error *err)
{
    struct hep_run *run = source->run;
    const char *reference = hep_reference_name(run);
    int rc = HEP_OK;

    hep_str_add(html, "<label>Series <select id=\"nv-base\">");
    for (size_t i = 0; rc == HEP_OK && i < run->n_products; i++) {
        const struct hep_product *p = &run->products[i];
        const char *title = hep_page_series_title(p->slot->name);

        if (p->slot->kind != HEP_SLOT_SERIES || p->series == NULL || p->series->nt == 0 ||
            title == p->slot->name)
            continue;
        {
            const struct hep_frame *f = shown_frame(p->series);
            const char *here = on_reference(run, p);
            const char *path = here != NULL ? here : p->series->path[f->path];
            const size_t volume = here != NULL ? (size_t)(f - p->series->frame) : f->volume;

            add_option(html, p->slot->name, title, path, volume, NULL,
                       reference != NULL && strcmp(reference, p->slot->name) == 0);
            rc = add_volume(data, p->slot->name, path, err);
        }
    }
    hep_str_add(html, "</select></label>\n");
    return rc;
}

static int add_maps(struct hep_str *html, struct hep_str *data, const struct hep_run *run,
                    struct hep_error *err)
{
    int rc = HEP_OK;

    hep_str_add(html, "<label>Map <select id=\"nv-map\"><option value=\"\">none</option>");
    for (int i = 0; rc == HEP_OK && i < HEP_MEASURE_COUNT; i++) {
        const struct hep_quantity q = hep_quantity_of_measure((enum hep_measure)i);
        const struct hep_product *p = q.product != NULL ? hep_product_find(run, q.product) : NULL;

        if (p == NULL || p->state != HEP_PRODUCT_PRESENT || p->path == NULL)
            continue;
        add_option(html, p->slot->name, q.words, p->path, 0, &q, false);
        rc = add_volume(data, p->slot->name, p->path, err);
    }
    hep_str_add(html, "</select></label>\n");
    return rc;
}

static int add_labels(struct hep_str *html, struct hep_str *data, const struct hep_run *run,
                      struct hep_error *err)
{
    static const struct {
        const char *product, *title;
    } labels[] = { { "liver", "Liver" }, { "lesions", "Lesions" } };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < 2; i++) {
        const struct hep_product *p = hep_product_find(run, labels[i].product);

        if (p == NULL || p->state != HEP_PRODUCT_PRESENT || p->path == NULL)
            continue;
        hep_str_addf(html,
                     "<label class=\"switch\"><input type=\"checkbox\" class=\"nv-label\" "
                     "value=\"%s\" data-gz=\"%d\"%s> %s</label>\n",
                     labels[i].product, hep_ends_with(p->path, ".gz"), i == 1 ? " checked" : "",
                     labels[i].title);
        rc = add_volume(data, labels[i].product, p->path, err);
    }
    return rc;
}

static int add_places(struct hep_str *html, struct hep_run *run, struct hep_error *err)
{
    const struct hep_found *found = NULL;
    int rc = hep_run_findings(run, &found, err);

    for (size_t i = 0; rc == HEP_OK && found != NULL && i < found->findings.n && i < 40; i++) {
        const struct hep_finding *f = &found->findings.list[i];

        if (isfinite(f->centre_mm[0]))
            hep_str_addf(html,
                         "<button type=\"button\" class=\"nv-go\" data-mm=\"%.2f,%.2f,%.2f\">"
                         "Lesion %d</button> ",
                         f->centre_mm[0], f->centre_mm[1], f->centre_mm[2], f->id);
    }
    return rc;
}

int hep_report_viewer(struct hep_str *out, const struct hep_report_source *source,
                      struct hep_error *err)
{
    struct hep_report_source with = *source;
    struct hep_str html = { 0 }, data = { 0 };
    int rc;

    hep_html_section(&html, "viewer", "Viewer");
    hep_str_add(&html, "<p>Drag to move through the volumes, right drag to change the window. "
                       "Series are shown in scanner coordinates. <noscript>The viewer needs "
                       "scripts; everything below does not.</noscript></p>\n<p class=\"tools\">");
    rc = add_series(&html, &data, source, err);
    if (rc == HEP_OK)
        rc = add_maps(&html, &data, source->run, err);
    if (rc == HEP_OK)
        rc = add_labels(&html, &data, source->run, err);
    hep_str_add(&html, "</p>\n<div class=\"nv\"><canvas id=\"nv-canvas\" aria-label=\"Volumes in "
                       "three planes\"></canvas></div>\n<p class=\"tools\">");
    if (rc == HEP_OK)
        rc = add_places(&html, source->run, err);
    hep_str_add(&html, "</p>\n");
    if (!data.failed && data.s != NULL)
        hep_str_add(&html, data.s);
    html.failed = html.failed || data.failed;
    if (rc == HEP_OK)
        rc = add_program(&html, err);
    hep_str_add(&html, "<script>\n");
    hep_str_add(&html, hep_asset_viewer_js);
    hep_str_add(&html, "</script>\n");
    hep_html_section_end(&html);
    if (rc == HEP_OK)
        rc = hep_str_check(&html, err);
    with.insert = html.s;
    if (rc == HEP_OK)
        rc = hep_report_html(out, &with, err);
    hep_str_release(&html);
    hep_str_release(&data);
    return rc;
}
