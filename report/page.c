#include "report/page.h"

#include "base/alloc.h"
#include "image/resample.h"
#include "image/stats.h"
#include "report/picture.h"
#include "pipeline/stages/aligned.h"
#include "sequences/inventory.h"

#include <math.h>

/* ---- documents ------------------------------------------------------------------------------- */

const char *hep_page_setting(const struct hep_page *p, const char *key)
{
    return hep_json_string(hep_json_get(hep_json_get(p->record, "settings"), key));
}

/* ---- series ---------------------------------------------------------------------------------- */

static const struct {
    const char *name, *title;
} titles[] = {
    { "in_phase", "In phase" },
    { "opposed", "Opposed phase" },
    { "echoes", "Multi-echo, first echo" },
    { "t2", "T2" },
    { "dwi", "Diffusion, highest b" },
    { "precontrast", "Before contrast" },
    { "arterial", "Arterial" },
    { "portal_venous", "Portal venous" },
    { "transitional", "Transitional" },
    { "delayed", "Delayed" },
    { "hepatobiliary", "Hepatobiliary" },
};
#define N_TITLES (sizeof titles / sizeof titles[0])

const char *hep_page_series_title(const char *name)
{
    for (size_t i = 0; i < N_TITLES; i++) {
        if (name != NULL && strcmp(titles[i].name, name) == 0)
            return titles[i].title;
    }
    return name;
}

/* The volume that is shown of a 4-D series: the highest b, the first echo. */
static size_t shown_volume(const struct hep_run *run, const char *name)
{
    const struct hep_series *s = hep_run_series(run, name);
    size_t best = 0;

    if (strcmp(name, "dwi") != 0 || s == NULL)
        return 0;
    for (size_t i = 1; i < s->nt; i++) {
        if (s->frame[i].b_s_per_mm2 > s->frame[best].b_s_per_mm2)
            best = i;
    }
    return best;
}

static int open_series(struct hep_page *p, const char *name, const char *title)
{
    struct hep_page_series *s = &p->series[p->n_series];
    const struct hep_volume *v = NULL;
    bool one_of_many = strcmp(name, "dwi") == 0 || strcmp(name, "echoes") == 0;
    int rc = hep_run_volume(p->run, name, &v, p->err);

    if (rc != HEP_OK || v == NULL)
        return rc;
    *s = (struct hep_page_series){ .name = name, .title = title, .v = v };
    if (v->nt > 1 && one_of_many) {
        rc = hep_volume_pick(&s->own, v, shown_volume(p->run, name), p->err);
        s->v = s->own;
    }
    if (rc == HEP_OK)
        p->n_series++;
    return rc;
}

/* ---- field of view --------------------------------------------------------------------------- */

/* Centre of a mask and its extent along a world axis. False when it is empty. */
static bool find_extent(double centre[3], double span[2], const struct hep_labels *l,
                        const struct hep_grid *g, int axis)
{
    double sum[3] = { 0 };
    size_t n = 0;

    span[0] = HUGE_VAL;
    span[1] = -HUGE_VAL;
    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        const size_t row = i / g->n[0], plane = row / g->n[1];
        const double voxel[3] = { (double)(i % g->n[0]), (double)(row % g->n[1]), (double)plane };
        double world[3];

        if (l->data[i] == 0)
            continue;
        hep_grid_to_world(world, g, voxel);
        for (int k = 0; k < 3; k++)
            sum[k] += world[k];
        span[0] = fmin(span[0], world[axis]);
        span[1] = fmax(span[1], world[axis]);
        n++;
    }
    for (int k = 0; k < 3 && n > 0; k++)
        centre[k] = sum[k] / (double)n;
    return n > 0;
}

/* Limit a view to the rows and columns of an axial plane that hold signal above the background. */
static void crop_to_body(struct hep_view *view, const struct hep_volume *plane)
{
    const size_t w = plane->grid.n[0], h = plane->grid.n[1];
    const double left = view->centre_mm[0] + 0.5 * view->width_mm,
                 top = view->centre_mm[1] + 0.5 * view->height_mm;
    const double dx = view->width_mm / (double)w, dy = view->height_mm / (double)h, margin = 8.0;
    size_t x0 = w, x1 = 0, y0 = h, y1 = 0;
    double sum = 0.0, n = 0.0;

    for (size_t i = 0; i < w * h; i++) {
        if (plane->data[i] > 0.0f) {
            sum += (double)plane->data[i];
            n += 1.0;
        }
    }
    for (size_t i = 0; i < w * h; i++) {
        if (!(n > 0.0) || !((double)plane->data[i] > 0.5 * sum / n))
            continue;
        x0 = i % w < x0 ? i % w : x0;
        x1 = i % w > x1 ? i % w : x1;
        y0 = i / w < y0 ? i / w : y0;
        y1 = i / w > y1 ? i / w : y1;
    }
    if (x1 <= x0 || y1 <= y0)
        return;
    {
        const double l = fmin(left, left - (double)x0 * dx + margin);
        const double r = fmax(left - view->width_mm, left - (double)(x1 + 1) * dx - margin);
        const double t = fmin(top, top - (double)y0 * dy + margin);
        const double b = fmax(top - view->height_mm, top - (double)(y1 + 1) * dy - margin);

        view->centre_mm[0] = 0.5 * (l + r);
        view->centre_mm[1] = 0.5 * (t + b);
        view->width_mm = l - r;
        view->height_mm = t - b;
    }
}

static const struct hep_volume *series_volume(const struct hep_page *p, const char *name)
{
    for (size_t i = 0; i < p->n_series; i++) {
        if (name != NULL && strcmp(p->series[i].name, name) == 0)
            return p->series[i].v;
    }
    return NULL;
}

#define STRAIGHT 1e-4 /* direction cosine of an axis with another one, below which it is rounding */

/* The directions in which a grid runs, as the nearest of the world's axes; the world's where it is
 * not oblique. */
static void settle_axes(struct hep_page *p, const struct hep_grid *g)
{
    double mm[3];
    bool oblique = false;

    hep_grid_spacing(mm, g);
    for (int w = 0; w < 3; w++) {
        int axis, sign;

        hep_grid_axis_of(&axis, &sign, g, w);
        for (int k = 0; k < 3; k++) {
            p->axes[k][w] = sign * g->to_world[k][axis] / mm[axis];
            oblique = oblique || (k != w && fabs(p->axes[k][w]) > STRAIGHT);
        }
    }
    for (int w = 0; w < 3 && !oblique; w++)
        for (int k = 0; k < 3; k++)
            p->axes[k][w] = k == w ? 1.0 : 0.0;
}

void hep_page_place(double out[3], const struct hep_page *p, const double world_mm[3])
{
    for (int a = 0; a < 3; a++)
        out[a] =
            p->axes[0][a] * world_mm[0] + p->axes[1][a] * world_mm[1] + p->axes[2][a] * world_mm[2];
}

/* The grid with its columns turned by the axes, or back. */
static void turn(struct hep_grid *g, const struct hep_page *p, bool back)
{
    for (int c = 0; c < 4; c++) {
        const double x[3] = { g->to_world[0][c], g->to_world[1][c], g->to_world[2][c] };

        for (int k = 0; k < 3; k++)
            g->to_world[k][c] =
                back ? p->axes[0][k] * x[0] + p->axes[1][k] * x[1] + p->axes[2][k] * x[2]
                     : p->axes[k][0] * x[0] + p->axes[k][1] * x[1] + p->axes[k][2] * x[2];
    }
}

void hep_page_grid(struct hep_grid *g, const struct hep_page *p, const struct hep_view *view,
                   size_t w, size_t h, size_t n, double step_mm)
{
    hep_picture_grid(g, view, w, h, n, step_mm);
    turn(g, p, false);
}

/* Extent of the reference volume, or of the liver in it, along the normal of a plane. */
static void span_of(double span[2], double centre[3], const struct hep_page *p,
                    const struct hep_grid *g, enum hep_plane plane)
{
    struct hep_view beside;
    int right, down, normal;

    hep_plane_axes(&right, &down, &normal, plane);
    hep_view_whole(&beside, g, plane == HEP_PLANE_AXIAL ? HEP_PLANE_CORONAL : HEP_PLANE_AXIAL,
                   centre);
    for (int end = 0; end < 2; end++)
        span[end] = beside.centre_mm[normal] +
                    (end - 0.5) * (normal == 0 ? beside.width_mm : beside.height_mm);
    if (p->liver != NULL)
        (void)find_extent(centre, span, p->liver, g, normal);
}

static int settle_view(struct hep_page *p)
{
    const struct hep_volume *reference = series_volume(p, p->reference);
    const struct hep_grid *acquired = reference != NULL  ? &reference->grid
                                      : p->liver != NULL ? &p->liver->grid
                                                         : NULL;
    struct hep_grid upright, *const g = &upright; /* the same along the page's axes */
    struct hep_volume *plane = NULL;
    enum hep_plane drawn, other;
    struct hep_grid coarse;
    double middle[3], centre[3];
    size_t w, h;
    int rc;

    if (acquired == NULL)
        return HEP_OK;
    settle_axes(p, acquired);
    upright = *acquired;
    turn(&upright, p, true);
    hep_grid_to_world(middle, g,
                      (const double[3]){ 0.5 * (double)(g->n[0] - 1), 0.5 * (double)(g->n[1] - 1),
                                         0.5 * (double)(g->n[2] - 1) });
    memcpy(centre, middle, sizeof centre);
    drawn = hep_plane_of_slices(acquired);
    other = drawn == HEP_PLANE_AXIAL ? HEP_PLANE_CORONAL : HEP_PLANE_AXIAL;
    span_of(p->across_span_mm, centre, p, g, other);
    hep_view_whole(&p->across, g, other, centre);
    memcpy(centre, middle, sizeof centre);
    span_of(p->span_mm, centre, p, g, drawn);
    hep_view_whole(&p->view, g, drawn, centre);
    p->has_view = p->pictures;
    /* Lungs and the ends of the coil are as dark as the background, and in other planes than the
     * axial one they lie above and below the liver: there nothing is cropped. */
    if (reference == NULL || drawn != HEP_PLANE_AXIAL)
        return HEP_OK;
    hep_picture_size(&w, &h, &p->view, 4.0);
    hep_page_grid(&coarse, p, &p->view, w, h, 1, 1.0);
    rc = hep_picture_sample(&plane, p, reference, p->reference, &coarse);
    if (rc == HEP_OK)
        crop_to_body(&p->view, plane);
    p->across.centre_mm[0] = p->view.centre_mm[0];
    p->across.width_mm = p->view.width_mm;
    hep_volume_free(plane);
    return rc;
}

/* Where fluid is many times as bright as liver, the liver would be all but black: there its median is
 * shown at this share of white, and what is brighter than white is fluid. */
#define LIVER_GREY 0.3

/* Median of a sampled plane over the liver; NaN where there is none. */
static int liver_median(double *median, struct hep_page *p, const struct hep_volume *plane)
{
    const size_t n = hep_grid_voxels(&plane->grid);
    struct hep_labels *liver = NULL;
    float *values = NULL;
    size_t found = 0;
    int rc = p->liver != NULL ? hep_resample_labels(&liver, p->liver, &plane->grid, NULL, p->err)
                              : HEP_OK;

    *median = (double)NAN;
    if (rc == HEP_OK && liver != NULL)
        rc = HEP_NEW(values, n, p->err);
    for (size_t i = 0; rc == HEP_OK && liver != NULL && i < n; i++) {
        if (liver->data[i] != 0 && isfinite(plane->data[i]))
            values[found++] = plane->data[i];
    }
    if (found > 0)
        *median = hep_quantile(values, found, 0.5);
    free(values);
    hep_labels_free(liver);
    return rc;
}

/* Greys between the background and the brightest half per cent of the plane through the liver. */
static int settle_window(struct hep_page *p, struct hep_page_series *s)
{
    const bool fluid = strcmp(s->name, "t2") == 0 || strcmp(s->name, "dwi") == 0;
    double liver = (double)NAN;
    struct hep_volume *plane = NULL;
    struct hep_grid g;
    size_t w, h, n;
    int rc;

    hep_picture_size(&w, &h, &p->view, 3.0);
    hep_page_grid(&g, p, &p->view, w, h, 1, 1.0);
    rc = hep_picture_sample(&plane, p, s->v, s->name, &g);
    if (rc == HEP_OK && fluid)
        rc = liver_median(&liver, p, plane);
    if (rc != HEP_OK) {
        hep_volume_free(plane);
        return rc;
    }
    n = 0;
    for (size_t i = 0; i < w * h; i++) {
        if (isfinite(plane->data[i]))
            plane->data[n++] = plane->data[i];
    }
    s->lo = 0.0;
    s->hi = n > 0 ? hep_quantile(plane->data, n, 0.995) : 1.0;
    if (liver > 0.0)
        s->hi = fmin(s->hi, liver / LIVER_GREY);
    if (n > 0 && hep_quantile(plane->data, n, 0.0) < 0.0)
        s->lo = hep_quantile(plane->data, n, 0.005);
    if (!(s->hi > s->lo))
        s->hi = s->lo + 1.0;
    hep_volume_free(plane);
    return HEP_OK;
}

static int open_labels(struct hep_page *p, const char *name, const struct hep_labels **out)
{
    return hep_run_knows(p->run, name) ? hep_run_labels(p->run, name, out, p->err) : HEP_OK;
}

int hep_page_prepare(struct hep_page *p)
{
    int rc = HEP_OK;

    const char *pictures = hep_page_setting(p, "report.pictures");

    p->reference = hep_reference_name(p->run);
    rc = hep_run_findings(p->run, &p->found, p->err);
    p->pictures = p->pictures || pictures == NULL || strcmp(pictures, "false") != 0;
    for (size_t i = 0; rc == HEP_OK && i < N_TITLES; i++)
        rc = open_series(p, titles[i].name, titles[i].title);
    if (rc == HEP_OK)
        rc = open_labels(p, "liver", &p->liver);
    if (rc == HEP_OK)
        rc = open_labels(p, "lesions", &p->labels);
    if (rc == HEP_OK && p->reference != NULL)
        rc = settle_view(p);
    for (size_t i = 0; rc == HEP_OK && p->has_view && i < p->n_series; i++)
        rc = settle_window(p, &p->series[i]);
    return rc;
}

void hep_page_release(struct hep_page *p)
{
    for (size_t i = 0; i < p->n_series; i++)
        hep_volume_free(p->series[i].own);
    p->n_series = 0;
}
