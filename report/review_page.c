#include "report/review_page.h"

#include "base/file.h"
#include "base/gz.h"
#include "base/json_put.h"
#include "image/mask.h"
#include "pipeline/products.h"
#include "pipeline/stages/aligned.h"
#include "report/assets.h"
#include "report/lesion.h"
#include "report/measure.h"
#include "report/niivue.h"
#include "report/page.h"
#include "report/review_pack.h"
#include "report/svg.h"
#include "sequences/inventory.h"
#include "terms/finding_json.h"

#include <math.h>
#include <stdlib.h>

#define BODY_MARGIN_VOXELS 2

struct room {
    struct hep_page page;
    const struct hep_review_page *how;
    const struct hep_grid *grid; /* of the reference; borrowed */
    struct hep_crop crop;
    struct hep_json *volumes; /* what the page knows of each */
    struct hep_str data;      /* their elements */
    size_t n_first;           /* bytes of `data` that the first picture needs */
    int nthreads;
    struct hep_error *err;
};

int hep_review_check_reader(const char *reader, struct hep_error *err)
{
    const size_t n = strlen(reader);

    for (size_t i = 0; i < n; i++) {
        const char c = reader[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return HEP_FAIL(err, HEP_EUSAGE,
                            "reader '%.40s': letters and digits only, such as a code (R1), since "
                            "files are named by it",
                            reader);
    }
    if (n == 0 || n > 32)
        return HEP_FAIL(err, HEP_EUSAGE, "a reader's name has 1 to 32 letters and digits, not %zu",
                        n);
    return HEP_OK;
}

int hep_review_labels_hash(char hex[], const struct hep_run *run, struct hep_error *err)
{
    const struct hep_product *p = hep_product_find(run, "lesions");

    if (p != NULL && p->state == HEP_PRODUCT_PRESENT && p->path != NULL)
        return hep_sha256_file(hex, p->path, err);
    (void)snprintf(hex, HEP_SHA256_HEX, "none");
    return HEP_OK;
}

/* ---- where ----------------------------------------------------------------------------------- */

static const struct hep_volume *reference_volume(const struct hep_page *p)
{
    for (size_t i = 0; i < p->n_series; i++) {
        if (p->reference != NULL && strcmp(p->series[i].name, p->reference) == 0)
            return p->series[i].v;
    }
    return NULL;
}

/* The body on the reference, and whatever of liver and lesions reaches beyond it. */
static int find_crop(struct room *r)
{
    const struct hep_volume *reference = reference_volume(&r->page);
    const struct hep_labels *others[] = { r->page.liver, r->page.labels };
    struct hep_labels *body = NULL;
    int rc;

    if (reference == NULL) {
        for (int k = 0; k < 3; k++) {
            r->crop.from[k] = 0;
            r->crop.n[k] = r->grid->n[k];
        }
        return HEP_OK;
    }
    rc = hep_body_mask(&body, reference, 0, r->err);
    if (rc == HEP_OK)
        rc = hep_mask_keep_largest(body, 6, r->err);
    for (size_t k = 0; rc == HEP_OK && k < 2; k++) {
        for (size_t i = 0; others[k] != NULL && i < hep_grid_voxels(r->grid); i++)
            body->data[i] |= others[k]->data[i] != 0;
    }
    if (rc == HEP_OK)
        hep_crop_of(&r->crop, body, BODY_MARGIN_VOXELS);
    hep_labels_free(body);
    return rc;
}

static int find_grid(struct room *r)
{
    const struct hep_volume *reference = reference_volume(&r->page);
    const struct hep_page *p = &r->page;

    r->grid = reference != NULL   ? &reference->grid
              : p->liver != NULL  ? &p->liver->grid
              : p->labels != NULL ? &p->labels->grid
                                  : NULL;
    if (r->grid == NULL)
        return HEP_FAIL(r->err, HEP_EDATA,
                        "%s: no liver, no lesions and no series to look at: give --study",
                        hep_run_label(p->run));
    return find_crop(r);
}

/* ---- volumes --------------------------------------------------------------------------------- */

struct shown {
    const char *name, *title, *kind, *unit;
    double lo, hi, scale; /* window in stored values; shown = stored * scale */
    int digits;
};

/* A map runs over what its colours show, widened; a series over what occurs. */
static int add_packed(struct room *r, const struct shown *what, const struct hep_volume *v,
                      double noise)
{
    const bool is_map = strcmp(what->kind, "map") == 0;
    const struct hep_pack_range range = { is_map ? what->lo : (double)NAN,
                                          is_map ? what->hi : (double)NAN, noise };
    struct hep_put put = { HEP_OK, r->err };
    struct hep_json *o = NULL;
    struct hep_packed packed;
    int rc;

    hep_str_addf(&r->data, "<script type=\"text/plain\" id=\"v-%s\">", what->name);
    rc = hep_pack_volume(&r->data, &packed, v, &r->crop, &range, r->nthreads, r->err);
    hep_str_add(&r->data, "</script>\n");
    if (rc != HEP_OK)
        return rc;
    o = hep_json_new_object();
    hep_put_text(&put, o, "name", what->name);
    hep_put_text(&put, o, "title", what->title);
    hep_put_text(&put, o, "kind", what->kind);
    hep_put_text(&put, o, "unit", what->unit);
    hep_put_number(&put, o, "lo", what->lo);
    hep_put_number(&put, o, "hi", what->hi);
    hep_put_number(&put, o, "scale", what->scale);
    hep_put_count(&put, o, "digits", (size_t)what->digits);
    hep_put_count(&put, o, "bits", (size_t)packed.bits);
    hep_put_number(&put, o, "slope", packed.slope);
    hep_put_number(&put, o, "intercept", packed.intercept);
    hep_put_bool(&put, o, "cut_low", packed.cut_low);
    hep_put_bool(&put, o, "cut_high", packed.cut_high);
    hep_put_item(&put, r->volumes, o);
    return put.rc;
}

static int add_on_reference(struct room *r, const struct shown *what, const struct hep_volume *v,
                            const char *space)
{
    const char *reference = r->page.reference;
    struct hep_volume *here = NULL;
    double noise;
    int rc = hep_pack_noise(&noise, v, r->err);

    if (rc != HEP_OK)
        return rc;
    if (hep_grid_same(&v->grid, r->grid, HEP_GRID_TOL_MM) &&
        (space == NULL || reference == NULL || strcmp(space, reference) == 0))
        return add_packed(r, what, v, noise);
    if (reference == NULL || space == NULL)
        return HEP_OK; /* where it lies beside the outlines is not known */
    rc = hep_aligned_volume(&here, r->page.run, v, space, reference, r->grid, r->err);
    if (rc == HEP_OK)
        rc = add_packed(r, what, here, noise);
    hep_volume_free(here);
    return rc;
}

/* The reference first: it is what the page opens with. */
static int add_series(struct room *r)
{
    const struct hep_page *p = &r->page;
    int rc = HEP_OK;

    for (int others = 0; others < 2; others++) {
        for (size_t i = 0; rc == HEP_OK && i < p->n_series; i++) {
            const struct hep_page_series *s = &p->series[i];
            const bool is_reference = p->reference != NULL && strcmp(s->name, p->reference) == 0;
            char title[160];
            const struct shown what = { s->name, title, "series", "", s->lo, s->hi, 1.0, 0 };

            (void)snprintf(title, sizeof title, "%s%s%s",
                           r->how->session != NULL ? r->how->session : "",
                           r->how->session != NULL ? ": " : "", s->title);
            if (is_reference == (others == 0))
                rc = add_on_reference(r, &what, s->v, s->name);
        }
        if (others == 0)
            r->n_first = r->data.len;
    }
    return rc;
}

static int add_further(struct room *r)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < r->how->n_further; i++) {
        const struct hep_review_image *f = &r->how->further[i];
        struct shown what = { f->name, f->title, "series", "", f->lo, f->hi, 1.0, 0 };
        double noise;

        for (size_t k = 0; f->like != NULL && k < r->page.n_series; k++) {
            if (strcmp(r->page.series[k].name, f->like) != 0)
                continue;
            what.lo = f->ratio * r->page.series[k].lo;
            what.hi = f->ratio * r->page.series[k].hi;
        }
        rc = hep_pack_noise(&noise, f->volume, r->err);
        if (rc == HEP_OK)
            rc = add_packed(r, &what, f->volume, noise);
    }
    return rc;
}

/* Maps that flags and classes are judged by; fits of diffusion beside ADC stay in their files. */
static bool is_shown(enum hep_measure first)
{
    return first == HEP_M_LIVER_ADC || first == HEP_M_LIVER_FAT || first == HEP_M_LIVER_PDFF ||
           first == HEP_M_LIVER_R2STAR || first == HEP_M_LIVER_RE;
}

static int add_maps(struct room *r)
{
    struct hep_run *run = r->page.run;
    int rc = HEP_OK;

    for (int k = 0; rc == HEP_OK && k < HEP_MEASURE_MAPS; k++) {
        const enum hep_measure m = hep_measure_map(k);
        const struct hep_quantity q = hep_quantity_of_measure(m);
        const struct shown what = { q.product,      q.words,        "map",   q.plain,
                                    q.lo / q.scale, q.hi / q.scale, q.scale, q.digits };
        const struct hep_volume *map = NULL;

        if (!is_shown(hep_measure_row(m)->first) || !hep_run_has(run, q.product))
            continue;
        rc = hep_run_volume(run, q.product, &map, r->err);
        if (rc == HEP_OK && map != NULL)
            rc = add_on_reference(r, &what, map, hep_measure_space(run, m));
    }
    return rc;
}

static int add_labels(struct room *r)
{
    const struct {
        const char *name;
        const struct hep_labels *labels;
    } all[] = { { "lesions", r->page.labels }, { "liver", r->page.liver } };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < 2; i++) {
        if (all[i].labels == NULL)
            continue;
        hep_str_addf(&r->data, "<script type=\"text/plain\" id=\"l-%s\">", all[i].name);
        rc = hep_pack_labels(&r->data, all[i].labels, &r->crop, r->nthreads, r->err);
        hep_str_add(&r->data, "</script>\n");
    }
    return rc;
}

/* ---- what the page knows --------------------------------------------------------------------- */

static struct hep_json *words_of_flags(struct hep_put *put)
{
    struct hep_json *list = hep_json_new_array();

    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const struct hep_flag_row *row = hep_flag_row((enum hep_flag)i);
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "name", row->name);
        hep_put_text(put, o, "words", row->words);
        hep_put_text(put, o, "meaning", row->meaning);
        hep_put_text(put, o, "unit", hep_unit_row(row->unit)->shown);
        hep_put_number(put, o, "scale", hep_unit_row(row->unit)->shown_scale);
        hep_put_item(put, list, o);
    }
    return list;
}

static struct hep_json *words_of_classes(struct hep_put *put)
{
    struct hep_json *list = hep_json_new_array();

    for (int i = 0; i < HEP_CLASS_COUNT; i++) {
        const struct hep_class_row *row = hep_class_row((enum hep_lesion_class)i);
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "name", row->name);
        hep_put_text(put, o, "words", row->words);
        hep_put_text(put, o, "meaning", row->meaning);
        hep_put_item(put, list, o);
    }
    return list;
}

static struct hep_json *sizes_json(struct hep_put *put, const size_t n[3])
{
    struct hep_json *list = hep_json_new_array();

    for (int k = 0; k < 3; k++)
        hep_put_item(put, list, hep_json_new_integer((long long)n[k]));
    return list;
}

static void put_places(struct hep_put *put, struct hep_json *o, const struct room *r)
{
    struct hep_json *rows = hep_json_new_array();

    for (int i = 0; i < 4; i++) {
        struct hep_json *row = hep_json_new_array();

        for (int k = 0; k < 4; k++)
            hep_put_item(put, row, hep_json_new_exact(r->grid->to_world[i][k]));
        hep_put_item(put, rows, row);
    }
    hep_put(put, o, "to_world", rows);
    hep_put(put, o, "size", sizes_json(put, r->grid->n));
    hep_put(put, o, "crop_from", sizes_json(put, r->crop.from));
    hep_put(put, o, "crop_size", sizes_json(put, r->crop.n));
}

/* The JSON of the page; '<' cannot stand inside a script element. */
static int add_knowledge(struct room *r)
{
    const struct hep_found none = { 0 }, *found = r->page.found != NULL ? r->page.found : &none;
    struct hep_put put = { HEP_OK, r->err };
    struct hep_json *o = hep_json_new_object();
    char *text = NULL, hash[HEP_SHA256_HEX] = "";
    int rc = hep_review_labels_hash(hash, r->page.run, r->err);

    hep_put_text(&put, o, "study", hep_run_label(r->page.run));
    hep_put_text(&put, o, "version", hep_json_string(hep_json_get(r->page.record, "version")));
    hep_put_text(&put, o, "labels_sha256", hash);
    hep_put_text(&put, o, "format", HEP_REVIEW_FORMAT);
    hep_put_count(&put, o, "format_version", HEP_REVIEW_FORMAT_VERSION);
    hep_put_text(&put, o, "reference", r->page.reference);
    hep_put_text(&put, o, "reader", r->how->reader);
    hep_put_bool(&put, o, "form", r->how->form);
    hep_put_bool(&put, o, "blind", r->how->blind);
    hep_put_bool(&put, o, "timed", r->how->timed);
    put_places(&put, o, r);
    hep_put(&put, o, "volumes", r->volumes);
    r->volumes = NULL;
    hep_put(&put, o, "lesions", hep_findings_json(&put, &found->findings));
    hep_put(&put, o, "flags", words_of_flags(&put));
    hep_put(&put, o, "classes", words_of_classes(&put));
    rc = rc == HEP_OK ? put.rc : rc;
    if (rc == HEP_OK)
        rc = hep_json_dump_line(&text, o, r->err);
    if (rc == HEP_OK) {
        hep_str_add(r->page.out, "<script type=\"application/json\" id=\"knowledge\">");
        for (const char *c = text; *c != '\0'; c++) {
            if (*c == '<')
                hep_str_add(r->page.out, "\\u003c");
            else
                hep_str_addn(r->page.out, c, 1);
        }
        hep_str_add(r->page.out, "</script>\n");
    }
    free(text);
    hep_json_free(o);
    return rc;
}

/* ---- head and body --------------------------------------------------------------------------- */

/* 'sha256-BASE64' of a text that stands in the page (CSP level 3, 2.3.1). */
static int add_source(struct hep_str *out, const char *text, size_t n, struct hep_error *err)
{
    char hex[HEP_SHA256_HEX];
    unsigned char bytes[32];
    int rc = hep_sha256_memory(hex, text, n, err);

    for (size_t i = 0; rc == HEP_OK && i < 32; i++) {
        const char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    if (rc == HEP_OK) {
        hep_str_add(out, " 'sha256-");
        hep_html_base64(out, bytes, sizeof bytes);
        hep_str_add(out, "'");
    }
    return rc;
}

static void add_script(struct hep_str *out, const char *text, size_t n)
{
    hep_str_add(out, "<script>");
    hep_str_addn(out, text, n);
    hep_str_add(out, "</script>\n");
}

/* The page's own program: one function, of the files of report/assets in the order in which they need each other. */
static void make_program(struct hep_str *out)
{
    const char *const parts[] = { hep_asset_review_study_js, hep_asset_review_answers_js,
                                  hep_asset_review_views_js, hep_asset_review_draw_js,
                                  hep_asset_review_form_js,  hep_asset_review_start_js };

    hep_str_add(out, "(()=>{\"use strict\";\n");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        hep_str_add(out, parts[i]);
    hep_str_add(out, "})();");
}

struct program {
    struct hep_str own, style;
    char *niivue, *notice;
};

static int make_texts(struct program *p, struct hep_error *err)
{
    int rc = hep_niivue_read(&p->niivue, &p->notice, err);

    make_program(&p->own);
    hep_str_add(&p->style, hep_asset_review_css);
    hep_svg_style(&p->style);
    if (rc == HEP_OK)
        rc = hep_str_check(&p->own, err);
    return rc == HEP_OK ? hep_str_check(&p->style, err) : rc;
}

static int add_head(struct room *r, const struct program *p)
{
    struct hep_str *out = r->page.out;
    int rc;

    hep_str_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "base-uri 'none'; form-action 'none'; img-src data: blob:; connect-src data: "
                     "blob:; script-src");
    rc = add_source(out, p->own.s, p->own.len, r->err);
    if (rc == HEP_OK)
        rc = add_source(out, p->niivue, strlen(p->niivue), r->err);
    hep_str_add(out, "; style-src");
    if (rc == HEP_OK)
        rc = add_source(out, p->style.s, p->style.len, r->err);
    hep_str_add(out, "\">\n<meta name=\"viewport\" content=\"width=device-width, "
                     "initial-scale=1\"><title>");
    hep_html_text(out, hep_run_label(r->page.run));
    hep_str_addf(out, ", %s</title>\n<style>", r->how->form ? "reading room" : "viewer");
    hep_str_addn(out, p->style.s, p->style.len);
    hep_str_add(out, "</style></head>\n<body>\n");
    return rc;
}

/* The course over the phases of each lesion, shown with it. */
static int add_curves(struct room *r)
{
    const struct hep_found *found = r->page.found;
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && found != NULL && i < found->findings.n; i++) {
        hep_str_addf(r->page.out, "<div class=\"curve\" id=\"course-%d\" hidden>",
                     (int)found->findings.list[i].id);
        rc = hep_lesion_curve(&r->page, &found->findings.list[i]);
        hep_str_add(r->page.out, "</div>\n");
    }
    return rc;
}

static int add_body(struct room *r, const struct program *p)
{
    struct hep_str *out = r->page.out;
    int rc;

    hep_str_add(out, hep_asset_review_html);
    rc = add_curves(r);
    if (rc == HEP_OK)
        rc = add_knowledge(r);
    hep_str_add(out, "<template id=\"notice\">");
    hep_html_text(out, p->notice);
    hep_str_add(out, "</template>\n");
    if (rc == HEP_OK)
        rc = hep_str_check(&r->data, r->err);
    if (rc == HEP_OK)
        hep_str_addn(out, r->data.s, r->n_first);
    add_script(out, p->own.s, p->own.len); /* draws while the rest is still being read */
    if (rc == HEP_OK)
        hep_str_addn(out, r->data.s + r->n_first, r->data.len - r->n_first);
    add_script(out, p->niivue, strlen(p->niivue));
    hep_str_add(out, "</body></html>\n");
    return rc;
}

int hep_review_page_html(struct hep_str *out, const struct hep_report_source *source,
                         const struct hep_review_page *how, struct hep_error *err)
{
    struct room r = { .page = { .out = out,
                                .run = source->run,
                                .record = source->record,
                                .measures = source->measures,
                                .pictures = true,
                                .err = err },
                      .how = how,
                      .volumes = hep_json_new_array(),
                      .nthreads = source->run->nthreads,
                      .err = err };
    struct program program = { 0 };
    int rc = how->reader != NULL ? hep_review_check_reader(how->reader, err) : HEP_OK;

    if (rc == HEP_OK)
        rc = make_texts(&program, err);
    if (rc == HEP_OK)
        rc = hep_page_prepare(&r.page);
    if (rc == HEP_OK)
        rc = find_grid(&r);
    if (rc == HEP_OK)
        rc = add_labels(&r);
    if (rc == HEP_OK)
        rc = add_series(&r);
    if (rc == HEP_OK)
        rc = add_further(&r);
    if (rc == HEP_OK)
        rc = add_maps(&r);
    if (rc == HEP_OK)
        rc = add_head(&r, &program);
    if (rc == HEP_OK)
        rc = add_body(&r, &program);
    hep_page_release(&r.page);
    hep_json_free(r.volumes);
    hep_str_release(&r.data);
    hep_str_release(&program.own);
    hep_str_release(&program.style);
    free(program.niivue);
    free(program.notice);
    return rc != HEP_OK ? rc : hep_str_check(out, err);
}
