#include "visits/page.h"

#include "report/page.h"
#include "report/picture.h"
#include "visits/way.h"

#include <math.h>
#include <stdlib.h>

#define PIXELS 96
#define LEAST_MM 60.0 /* width of a picture, which grows with the lesion */
#define SAMPLES 4000  /* voxels of the liver that its brightness is the median of */

const struct hep_strip_row hep_strip_rows[] = {
    { "hepatobiliary", "hepatobiliary", "Hepatobiliary", false, HEP_CMAP_GREY, 0.0, 1.6 },
    { "portal_venous", "portal_venous", "Portal venous", false, HEP_CMAP_GREY, 0.0, 2.0 },
    { "arterial", "arterial", "Arterial", false, HEP_CMAP_GREY, 0.0, 2.2 },
    { "t2", "t2", "T2", false, HEP_CMAP_GREY, 0.0, 4.0 },
    { "dwi", "dwi", "Highest b", false, HEP_CMAP_GREY, 0.0, 4.0 },
    { "adc", "dwi", "ADC", true, HEP_CMAP_VIRIDIS, 0.0, 0.003 },
    { "re_art", "arterial", "Arterial enhancement", true, HEP_CMAP_VIRIDIS, 0.0, 1.5 },
    { .product = NULL },
};

/* One picture; a word in its place where the session has not this series. */
static int picture(struct hep_page *p, const struct hep_followed *f, size_t track, size_t v,
                   const struct hep_strip_row *row, const struct hep_grid *g, struct hep_error *err)
{
    struct hep_session *s = &f->sessions[v];
    const struct hep_track *t = &f->tracks.list[track];
    const size_t lesion = t->visit[v].n > 0 ? t->visit[v].lesion[0] : SIZE_MAX;
    const bool outlined = lesion != SIZE_MAX && s->lesions[lesion].kept;
    struct hep_volume *sampled = NULL;
    struct hep_way w;
    double unit = 1.0;
    char alt[320];
    int rc = hep_way_open(&w, s, row->product, row->series, row->is_map, err);

    if (rc == HEP_OK && w.v == NULL) {
        hep_str_addf(p->out, "<p class=\"quiet\">%s: none</p>\n", row->title);
        return HEP_OK;
    }
    if (rc == HEP_OK && !row->is_map)
        rc = hep_way_liver(&unit, &w, err);
    if (rc == HEP_OK)
        rc = hep_way_sample(&sampled, &w, g, err);
    (void)snprintf(alt, sizeof alt, "%s of lesion %s at %.60s, %s", row->title, t->identity,
                   f->places.list[v].session, hep_event_name(t->visit[v].state));
    p->labels = s->on_baseline[0];
    if (rc == HEP_OK)
        rc = hep_picture_figure(
            p, &(struct hep_figure){ .sampled = sampled,
                                     .lo = row->lo * unit,
                                     .hi = row->hi * unit,
                                     .map = row->colours,
                                     .lesions = outlined,
                                     .lesion = outlined ? s->lesions[lesion].finding->id : 0,
                                     .caption = row->title,
                                     .alt = alt });
    hep_volume_free(sampled);
    hep_way_release(&w);
    return rc;
}

static bool has_row(const struct hep_followed *f, const struct hep_strip_row *row)
{
    for (size_t v = 0; v < f->n; v++) {
        const struct hep_run *run = &f->sessions[v].opened.run;

        if (row->is_map ? hep_run_has(run, row->product)
                        : hep_run_series(run, row->product) != NULL)
            return true;
    }
    return false;
}

static void head_of(struct hep_str *out, const struct hep_followed *f,
                    const struct hep_track_visit *at, size_t v)
{
    const struct hep_session_place *place = &f->places.list[v];

    hep_str_add(out, "<h4>");
    hep_html_text(out, place->session);
    if (isfinite(place->days))
        hep_str_addf(out, ", day %.0f", place->days);
    hep_str_add(out, ": ");
    hep_html_words(out, hep_event_name(at->state));
    if (isfinite(at->long_axis_mm))
        hep_str_addf(out, ", %.1f mm, %.2f mL", at->long_axis_mm, at->volume_ml);
    hep_str_add(out, "</h4>\n");
}

int hep_followed_strip(struct hep_str *out, const struct hep_followed *f, size_t track,
                       struct hep_error *err)
{
    const struct hep_track *t = &f->tracks.list[track];
    const struct hep_visit_lesion *first =
        &f->visits[t->first].lesions[t->visit[t->first].lesion[0]];
    struct hep_page p = { .out = out, .err = err };
    struct hep_view view = { .plane = HEP_PLANE_AXIAL };
    struct hep_grid g;
    double widest = 0.0;
    int rc = HEP_OK;

    for (size_t v = 0; v < f->n; v++)
        widest = fmax(widest, isfinite(t->visit[v].long_axis_mm) ? t->visit[v].long_axis_mm : 0.0);
    (void)memcpy(view.centre_mm, first->place_mm, sizeof view.centre_mm);
    view.width_mm = view.height_mm = fmax(LEAST_MM, 2.0 * widest);
    hep_picture_grid(&g, &view, PIXELS, PIXELS, 1, 1.0);
    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        head_of(out, f, &t->visit[v], v);
        hep_str_add(out, "<div class=\"pics crops\">\n");
        for (const struct hep_strip_row *row = hep_strip_rows; rc == HEP_OK && row->product != NULL;
             row++) {
            if (has_row(f, row))
                rc = picture(&p, f, track, v, row, &g, err);
        }
        hep_str_add(out, "</div>\n");
    }
    return rc;
}
