#include "visits/viewer.h"

#include "base/alloc.h"
#include "report/review_page.h"
#include "visits/page.h"
#include "visits/way.h"

#include <math.h>
#include <stdlib.h>

struct images {
    struct hep_review_image *list; /* volumes and texts are owned */
    size_t n;
};

static void images_release(struct images *l)
{
    for (size_t i = 0; i < l->n; i++) {
        hep_volume_free(l->list[i].volume);
        free(l->list[i].name);
        free(l->list[i].title);
    }
    free(l->list);
}

/* Median signal of a session's liver in a series; NaN where it has not the series. */
static int liver_of(double *out, struct hep_session *s, const struct hep_strip_row *row,
                    struct hep_error *err)
{
    struct hep_way w = { 0 };
    int rc = hep_way_open(&w, s, row->product, row->series, row->is_map, err);

    *out = (double)NAN;
    if (rc == HEP_OK && w.v != NULL)
        rc = hep_way_liver(out, &w, err);
    hep_way_release(&w);
    return rc;
}

/* One series or map of a session on the baseline's grid; nothing where the session has it not. */
static int add_image(struct images *l, const struct hep_followed *f, size_t v,
                     const struct hep_strip_row *row, const struct hep_grid *g,
                     struct hep_error *err)
{
    struct hep_way w = { 0 };
    double unit = 1.0, before = (double)NAN;
    int rc = hep_way_open(&w, &f->sessions[v], row->product, row->series, row->is_map, err);

    if (rc == HEP_OK && w.v != NULL && !row->is_map)
        rc = hep_way_liver(&unit, &w, err);
    if (rc == HEP_OK && w.v != NULL && !row->is_map)
        rc = liver_of(&before, &f->sessions[0], row, err);
    if (rc == HEP_OK && w.v != NULL)
        rc = HEP_GROW(l->list, l->n, err);
    if (rc == HEP_OK && w.v != NULL) {
        struct hep_review_image *one = &l->list[l->n++];

        *one = (struct hep_review_image){
            .name = hep_asprintf(err, "visit%zu-%s", v + 1, row->product),
            .title = hep_asprintf(err, "%s: %s", f->places.list[v].session, row->title),
            .lo = row->lo * unit,
            .hi = row->hi * unit,
            .like = unit / before > 0.0 ? row->product : NULL,
            .ratio = unit / before
        };
        rc = one->name == NULL || one->title == NULL ? HEP_ENOMEM
                                                     : hep_way_sample(&one->volume, &w, g, err);
    }
    hep_way_release(&w);
    return rc;
}

int hep_followed_viewer(struct hep_str *out, const struct hep_followed *f, struct hep_error *err)
{
    const struct hep_session *baseline = &f->sessions[0];
    const struct hep_grid *g = hep_session_grid(baseline);
    const struct hep_report_source source = { .run = &f->sessions[0].opened.run,
                                              .record = baseline->opened.record,
                                              .measures = baseline->opened.measures };
    struct images further = { 0 };
    struct hep_review_page how = { .session = f->places.list[0].session };
    int rc = hep_review_page_check(err);

    for (size_t v = 1; rc == HEP_OK && g != NULL && v < f->n; v++) {
        if (f->visits[v].cannot != NULL)
            continue;
        for (size_t k = 0; rc == HEP_OK && hep_strip_rows[k].product != NULL; k++)
            rc = add_image(&further, f, v, &hep_strip_rows[k], g, err);
    }
    how.further = further.list;
    how.n_further = further.n;
    if (rc == HEP_OK)
        rc = hep_review_page_html(out, &source, &how, err);
    images_release(&further);
    return rc;
}
