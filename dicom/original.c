#include "dicom/original.h"

#include "base/alloc.h"
#include "base/text.h"
#include "dicom/frame_times.h"
#include "dicom/plane.h"
#include "dicom/source.h"
#include "sequences/lines.h"

#include <math.h>

static bool plane_of(struct hep_plane *p, const struct hep_original_slice *one,
                     const struct hep_grid *g, const double inverse[4][4])
{
    const struct hep_plane_texts t = { one->position,
                                       hep_dicom_text(one->object, HEP_DICOM_ORIENTATION),
                                       hep_dicom_text(one->object, HEP_DICOM_SPACING),
                                       hep_dicom_text(one->object, HEP_DICOM_ROWS),
                                       hep_dicom_text(one->object, HEP_DICOM_COLUMNS) };

    return hep_plane_of(p, &t, g, inverse);
}

/* The grid's axis that neither rows nor columns run along; 3 when they do not fill a plane of it. */
static size_t slice_axis(const struct hep_plane *p, const struct hep_grid *g)
{
    for (size_t k = 0; k < 3; k++)
        if (p->column[k] == 0 && p->row[k] == 0 &&
            p->rows * p->columns * g->n[k] == hep_grid_voxels(g))
            return k;
    return 3;
}

/* How far an image lies from a time after injection [s]; NaN where its header does not tell. */
static double off_time(const struct hep_original_slice *s, double time_s)
{
    return fabs(hep_dicom_since_injection(s->object, s->frame > 0 ? s->frame - 1 : 0) - time_s);
}

/* Of two images of one place: that nearer to the time, else the later. */
static bool is_better(const struct hep_original_slice *a, const struct hep_original_slice *b,
                      double time_s)
{
    const double x = off_time(a, time_s), y = off_time(b, time_s);

    if (!isnan(x) && !isnan(y) && x != y)
        return x < y;
    return hep_dicom_frame_clock(a->object, a->frame > 0 ? a->frame - 1 : 0) >
           hep_dicom_frame_clock(b->object, b->frame > 0 ? b->frame - 1 : 0);
}

static bool same_steps(const struct hep_plane *p, const struct hep_original *o)
{
    for (int k = 0; k < 3; k++)
        if (p->column[k] != o->column[k] || p->row[k] != o->row[k])
            return false;
    return p->rows == o->rows && p->columns == o->columns;
}

static int begin(struct hep_original *o, const struct hep_plane *p, const struct hep_grid *g,
                 struct hep_error *err)
{
    o->axis = slice_axis(p, g);
    o->n = g->n[o->axis];
    o->rows = p->rows;
    o->columns = p->columns;
    (void)memcpy(o->column, p->column, sizeof p->column);
    (void)memcpy(o->row, p->row, sizeof p->row);
    return HEP_NEW(o->slice, o->n, err);
}

/* An image takes its place, where it is the first or the better one there. */
static int take(struct hep_original *o, struct hep_original_slice one, const struct hep_grid *g,
                const double inverse[4][4], double time_s, struct hep_error *err)
{
    struct hep_original_slice *there;
    struct hep_plane p;

    if (!plane_of(&p, &one, g, inverse) || slice_axis(&p, g) > 2)
        return HEP_OK;
    if (o->slice == NULL && begin(o, &p, g, err) != HEP_OK)
        return HEP_ENOMEM;
    if (!same_steps(&p, o))
        return HEP_OK;
    (void)memcpy(one.origin, p.origin, sizeof p.origin);
    there = &o->slice[p.origin[o->axis]];
    if (there->object != NULL) {
        const char *a = hep_dicom_text(there->object, HEP_DICOM_SERIES_UID),
                   *b = hep_dicom_text(one.object, HEP_DICOM_SERIES_UID);

        o->is_guess = o->is_guess || (strcmp(a, b) != 0 && (isnan(off_time(there, time_s)) ||
                                                            isnan(off_time(&one, time_s))));
    }
    if (there->object == NULL || is_better(&one, there, time_s))
        *there = one;
    return HEP_OK;
}

/* Are all slices there, of one series? A slice that is missing from a series may be there in another of the same place. */
static bool is_whole(const struct hep_original *o)
{
    for (size_t k = 0; k < o->n; k++)
        if (o->slice[k].object == NULL ||
            strcmp(hep_dicom_text(o->slice[k].object, HEP_DICOM_SERIES_UID),
                   hep_dicom_text(o->slice[0].object, HEP_DICOM_SERIES_UID)) != 0)
            return false;
    return o->n > 0;
}

static int take_study(struct hep_original *o, const struct hep_dicom_study *study,
                      const struct hep_grid *g, double time_s, struct hep_error *err)
{
    double inverse[4][4];
    int rc = hep_grid_inverse(inverse, g, err);

    for (size_t s = 0; s < study->n; s++)
        for (size_t i = 0; study->series[s].reason == NULL && i < study->series[s].n; i++) {
            const struct hep_dicom_object *one = study->series[s].object[i];
            const struct hep_lines *places = &one->frame_places;

            for (size_t f = 0; rc == HEP_OK && f < places->n; f++)
                rc = take(o, (struct hep_original_slice){ one, f + 1, places->line[f], { 0 } }, g,
                          HEP_AFFINE(inverse), time_s, err);
            if (rc == HEP_OK && places->n == 0)
                rc = take(o,
                          (struct hep_original_slice){
                              one, 0, hep_dicom_text(one, HEP_DICOM_POSITION), { 0 } },
                          g, HEP_AFFINE(inverse), time_s, err);
        }
    if (rc == HEP_OK && o->slice != NULL && is_whole(o))
        o->study = study;
    return rc;
}

int hep_originals_open(struct hep_originals *out, const char *source, const char *work,
                       struct hep_error *err)
{
    const struct hep_ledger nothing = { 0 };
    struct hep_lines paths = { 0 };
    int rc = hep_dicom_find_files(&paths, source, work, err);

    out->source = source;
    if (rc == HEP_OK)
        rc = hep_dicom_read_headers(&out->objects, &paths, work, err);
    if (rc == HEP_OK)
        rc = hep_dicom_group(&out->studies, &out->objects, &nothing, err);
    hep_lines_release(&paths);
    return rc;
}

void hep_originals_release(struct hep_originals *o)
{
    hep_dicom_studies_release(&o->studies);
    hep_dicom_objects_release(&o->objects);
}

int hep_original_find(struct hep_original *out, const struct hep_originals *originals,
                      const struct hep_grid *grid, double time_s, struct hep_error *err)
{
    bool is_incomplete = false;
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < originals->studies.n; i++) {
        struct hep_original one = { 0 };

        rc = take_study(&one, &originals->studies.item[i], grid, time_s, err);
        if (rc == HEP_OK && one.study != NULL && out->study != NULL)
            rc = HEP_FAIL(err, HEP_EDATA,
                          "%s: images of two studies lie where the result does: give the folder of "
                          "one",
                          originals->source);
        is_incomplete = is_incomplete || (one.slice != NULL && one.study == NULL);
        if (rc == HEP_OK && one.study != NULL)
            *out = one;
        else
            free(one.slice);
    }
    if (rc == HEP_OK && out->study == NULL && is_incomplete)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: slices of the series that the result was made from are missing",
                      originals->source);
    if (rc == HEP_OK && out->study == NULL)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: holds no MR series with the geometry of the result: these are "
                      "not the images that the study was made from",
                      originals->source);
    return rc;
}

void hep_original_release(struct hep_original *o)
{
    free(o->slice);
    *o = (struct hep_original){ 0 };
}

size_t hep_original_voxel(const struct hep_original *o, const struct hep_grid *grid, size_t slice,
                          size_t r, size_t c)
{
    size_t at[3];

    for (int k = 0; k < 3; k++)
        at[k] = (size_t)(o->slice[slice].origin[k] + (long)c * o->column[k] + (long)r * o->row[k]);
    return (at[2] * grid->n[1] + at[1]) * grid->n[0] + at[0];
}
