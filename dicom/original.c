#include "dicom/original.h"

#include "base/alloc.h"
#include "base/text.h"
#include "dicom/frame_times.h"
#include "dicom/source.h"
#include "sequences/lines.h"

#include <math.h>

static const double tolerance_mm = 0.05;

/* n numbers of a multi-valued text "a\b\c". */
static bool numbers_of(double *out, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        char *end = NULL;

        out[i] = strtod(text, &end);
        if (end == text || *end != (i + 1 < n ? '\\' : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

/* The voxel at a place in LPS, when one lies there. */
static bool voxel_at(long out[3], const struct hep_grid *g, const double inverse[4][4],
                     const double lps[3])
{
    const double ras[3] = { -lps[0], -lps[1], lps[2] };
    double v[3], whole[3], back[3];

    hep_affine_apply(v, inverse, ras);
    for (int k = 0; k < 3; k++) {
        whole[k] = round(v[k]);
        if (!(whole[k] >= 0.0 && whole[k] < (double)g->n[k]))
            return false;
        out[k] = (long)whole[k];
    }
    hep_grid_to_world(back, g, whole);
    return hep_distance2(back, ras) <= tolerance_mm * tolerance_mm;
}

struct plane {
    size_t rows, columns;
    long origin[3], column[3], row[3];
};

/* PS3.3 C.7.6.2.1.1: position of the first pixel, direction of rising columns, then of rising rows;
 * spacing of rows, then of columns. */
static bool plane_of(struct plane *p, const struct hep_dicom_object *o, const struct hep_grid *g,
                     const double inverse[4][4])
{
    double at[3], axis[6], spacing[2], size[2], last[3];
    long corner[3];

    if (!numbers_of(at, 3, hep_dicom_text(o, HEP_DICOM_POSITION)) ||
        !numbers_of(axis, 6, hep_dicom_text(o, HEP_DICOM_ORIENTATION)) ||
        !numbers_of(spacing, 2, hep_dicom_text(o, HEP_DICOM_SPACING)) ||
        !numbers_of(&size[0], 1, hep_dicom_text(o, HEP_DICOM_ROWS)) ||
        !numbers_of(&size[1], 1, hep_dicom_text(o, HEP_DICOM_COLUMNS)) || size[0] < 2.0 ||
        size[1] < 2.0 || !voxel_at(p->origin, g, inverse, at))
        return false;
    p->rows = (size_t)size[0];
    p->columns = (size_t)size[1];
    for (int along = 0; along < 2; along++) { /* columns, rows */
        const double steps = (along == 0 ? size[1] : size[0]) - 1.0;
        long *step = along == 0 ? p->column : p->row;

        for (int k = 0; k < 3; k++)
            last[k] = at[k] + steps * spacing[1 - along] * axis[3 * along + k];
        if (!voxel_at(corner, g, inverse, last))
            return false;
        for (int k = 0; k < 3; k++) {
            if ((corner[k] - p->origin[k]) % (long)steps != 0)
                return false;
            step[k] = (corner[k] - p->origin[k]) / (long)steps;
        }
    }
    return true;
}

/* The grid's axis that neither rows nor columns run along; 3 when they do not fill a plane of it. */
static size_t slice_axis(const struct plane *p, const struct hep_grid *g)
{
    for (size_t k = 0; k < 3; k++)
        if (p->column[k] == 0 && p->row[k] == 0 &&
            p->rows * p->columns * g->n[k] == hep_grid_voxels(g))
            return k;
    return 3;
}

static double since_injection(const struct hep_dicom_object *o)
{
    struct hep_error none = { 0 };
    double injection = (double)NAN;

    if (hep_parse_clock(&injection, hep_dicom_text(o, HEP_DICOM_CONTRAST_START), &none) != HEP_OK)
        return (double)NAN;
    return hep_dicom_clock(o) - injection;
}

/* Of two images of one place: that nearer to the time, else the later. */
static bool is_better(const struct hep_dicom_object *a, const struct hep_dicom_object *b,
                      double time_s)
{
    const double x = fabs(since_injection(a) - time_s), y = fabs(since_injection(b) - time_s);

    if (!isnan(x) && !isnan(y) && x != y)
        return x < y;
    return hep_dicom_clock(a) > hep_dicom_clock(b);
}

static bool same_steps(const struct plane *p, const struct hep_original *o)
{
    for (int k = 0; k < 3; k++)
        if (p->column[k] != o->column[k] || p->row[k] != o->row[k])
            return false;
    return p->rows == o->rows && p->columns == o->columns;
}

static int take_study(struct hep_original *o, const struct hep_dicom_study *study,
                      const struct hep_grid *g, double time_s, struct hep_error *err)
{
    double inverse[4][4];
    size_t found = 0;
    int rc = hep_grid_inverse(inverse, g, err);

    for (size_t s = 0; rc == HEP_OK && s < study->n; s++)
        for (size_t i = 0; study->series[s].reason == NULL && i < study->series[s].n; i++) {
            const struct hep_dicom_object *one = study->series[s].object[i];
            struct plane p;
            struct hep_original_slice *slice;

            if (!plane_of(&p, one, g, HEP_AFFINE(inverse)) || slice_axis(&p, g) > 2)
                continue;
            if (o->slice == NULL) {
                o->axis = slice_axis(&p, g);
                o->n = g->n[o->axis];
                if (HEP_NEW(o->slice, o->n, err) != HEP_OK)
                    return HEP_ENOMEM;
                o->rows = p.rows;
                o->columns = p.columns;
                (void)memcpy(o->column, p.column, sizeof p.column);
                (void)memcpy(o->row, p.row, sizeof p.row);
            }
            if (!same_steps(&p, o))
                continue;
            slice = &o->slice[p.origin[o->axis]];
            found += slice->object == NULL;
            if (slice->object != NULL && !is_better(one, slice->object, time_s))
                continue;
            slice->object = one;
            (void)memcpy(slice->origin, p.origin, sizeof p.origin);
        }
    if (rc == HEP_OK && o->slice != NULL && found == o->n)
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
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < originals->studies.n; i++) {
        struct hep_original one = { 0 };

        rc = take_study(&one, &originals->studies.item[i], grid, time_s, err);
        if (rc == HEP_OK && one.study != NULL && out->study != NULL)
            rc = HEP_FAIL(err, HEP_EDATA,
                          "%s: images of two studies lie where the result does: give the folder of "
                          "one",
                          originals->source);
        if (rc == HEP_OK && one.study != NULL)
            *out = one;
        else
            free(one.slice);
    }
    if (rc == HEP_OK && out->study == NULL)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: holds no classic MR series with the geometry of the result: these are "
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
