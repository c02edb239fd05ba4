#include "visits/look.h"

#include "base/alloc.h"
#include "base/number.h"
#include "pipeline/results/liver_quality.h"
#include "visits/way.h"

#include <math.h>
#include <stdlib.h>

static const struct {
    const char *product, *series, *words;
    bool is_map;
} images[] = { { "hepatobiliary", "hepatobiliary", "hepatobiliary", false },
               { "dwi", "dwi", "high-b", false },
               { "t2", "t2", "T2-weighted", false },
               { "arterial", "arterial", "arterial", false },
               { "adc", "dwi", "ADC", true } };

/* Values of a place and of the ring around it. */
struct samples {
    double *inside, *ring;
    size_t n_inside, n_ring;
};

static void samples_release(struct samples *s)
{
    free(s->inside);
    free(s->ring);
}

static double median_of(double *x, size_t n)
{
    qsort(x, n, sizeof *x, hep_compare_doubles);
    return hep_quantile_sorted(x, n, 0.5);
}

/* The former outline of a lesion, the liver within the ring's width around it, and nothing of other lesions. */
static int sample(struct samples *out, const struct hep_way *w, const struct hep_visit *from,
                  size_t lesion, const struct hep_visit *at, double ring_mm, struct hep_error *err)
{
    const struct hep_visit_lesion *l = &from->lesions[lesion];
    const struct hep_labels *liver = at->liver, *labels = from->labels;
    const double reach = 0.5 * hep_visit_long_axis_mm(l) + ring_mm;
    const size_t voxels = hep_grid_voxels(&liver->grid);
    size_t room = 0;
    int rc;

    for (size_t i = 0; i < voxels; i++) {
        double place[3];

        hep_grid_world_of(place, &liver->grid, i);
        room += hep_distance2(place, l->place_mm) <= reach * reach ? 1 : 0;
    }
    rc = HEP_NEW(out->inside, room + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->ring, room + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        double place[3], value;

        hep_grid_world_of(place, &liver->grid, i);
        if (hep_distance2(place, l->place_mm) > reach * reach)
            continue;
        value = hep_way_value(w, place, true, HEP_INTERP_LINEAR);
        if (!isfinite(value))
            continue;
        if (labels->data[i] == l->finding->id)
            out->inside[out->n_inside++] = value;
        else if (liver->data[i] != 0 && labels->data[i] == 0 &&
                 (at->labels == NULL || at->labels->data[i] == 0))
            out->ring[out->n_ring++] = value;
    }
    return rc;
}

/* Positive where the place is brighter than the ring; NaN where there is too little to tell. */
static double contrast_of(struct samples *s)
{
    double middle, place, spread;

    if (s->n_inside == 0 || s->n_ring < 20)
        return (double)NAN;
    place = median_of(s->inside, s->n_inside);
    middle = median_of(s->ring, s->n_ring);
    for (size_t i = 0; i < s->n_ring; i++)
        s->ring[i] = fabs(s->ring[i] - middle);
    spread = HEP_MAD_TO_SD * median_of(s->ring, s->n_ring);
    return spread > 0.0 ? (place - middle) / spread : (double)NAN;
}

static int add_trace(struct hep_trace **list, size_t *n, struct hep_trace trace,
                     struct hep_error *err)
{
    if (HEP_GROW(*list, *n, err) != HEP_OK || *list == NULL)
        return HEP_ENOMEM;
    (*list)[(*n)++] = trace;
    return HEP_OK;
}

/* Contrast of the place of a lesion of visit `from` in one image of visit `at`; NaN: not known. */
static int contrast_at(double *out, const struct hep_followed *f, size_t image, size_t lesion,
                       size_t from, size_t at, struct hep_error *err)
{
    struct hep_way w = { 0 };
    struct samples s = { 0 };
    int rc = hep_way_open(&w, &f->sessions[at], images[image].product, images[image].series,
                          images[image].is_map, err);

    *out = (double)NAN;
    if (rc == HEP_OK && w.v != NULL)
        rc = sample(&s, &w, &f->visits[from], lesion, &f->visits[at],
                    f->config->followup.trace_ring_mm, err);
    if (rc == HEP_OK && w.v != NULL)
        *out = contrast_of(&s);
    samples_release(&s);
    hep_way_release(&w);
    return rc;
}

static int look_at(struct hep_trace **out, size_t *n, const struct hep_followed *f, size_t track,
                   size_t v, struct hep_error *err)
{
    const size_t first = f->tracks.list[track].first;
    const size_t from = v < first ? first : hep_track_last_seen(&f->tracks.list[track], v);
    const size_t lesion = from == SIZE_MAX ? 0 : f->tracks.list[track].visit[from].lesion[0];
    int rc = HEP_OK;

    if (from == SIZE_MAX || f->visits[v].liver == NULL || f->visits[from].liver == NULL ||
        f->visits[from].labels == NULL)
        return HEP_OK;
    for (size_t k = 0; rc == HEP_OK && k < sizeof images / sizeof images[0]; k++) {
        struct hep_trace t = { .track = track,
                               .visit = v,
                               .image = images[k].words,
                               .limit = f->config->followup.trace_sd };

        rc = contrast_at(&t.contrast, f, k, lesion, from, v, err);
        if (rc == HEP_OK && isfinite(t.contrast))
            rc = contrast_at(&t.before, f, k, lesion, from, from, err);
        if (rc == HEP_OK && isfinite(t.contrast))
            rc = add_trace(out, n, t, err);
    }
    return rc;
}

int hep_followed_traces(struct hep_trace **out, size_t *n, const struct hep_followed *f,
                        struct hep_error *err)
{
    int rc = HEP_OK;

    *out = NULL;
    *n = 0;
    for (size_t i = 0; rc == HEP_OK && i < f->tracks.n; i++) {
        const struct hep_track *track = &f->tracks.list[i];
        const bool is_new = track->visit[track->first].state == HEP_EVENT_NEW;

        for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
            if (track->visit[v].state == HEP_EVENT_VANISHED ||
                (is_new && track->visit[v].state == HEP_EVENT_ABSENT))
                rc = look_at(out, n, f, i, v, err);
        }
    }
    return rc;
}

int hep_followed_livers(struct hep_visit_liver *out, const struct hep_followed *f,
                        struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        struct hep_session *s = &f->sessions[v];
        const struct hep_liver_report *report = NULL;
        const double lesions = hep_measures_get(&s->file.liver, HEP_M_LESION_VOLUME);

        out[v] = (struct hep_visit_liver){ .volume_ml = hep_measures_get(&s->file.liver,
                                                                         HEP_M_LIVER_VOLUME) -
                                                        (isfinite(lesions) ? lesions : 0.0),
                                           .roughness = (double)NAN };
        rc = hep_run_liver_quality(&s->opened.run, &report, err);
        if (rc == HEP_OK && report != NULL)
            out[v].roughness = report->quality.roughness;
    }
    return rc;
}
