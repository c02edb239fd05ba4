#include "pipeline/stages/given_lesions.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "base/tsv.h"
#include "image/mask.h"
#include "image/nifti.h"
#include "sequences/bids_name.h"
#include "image/register_compose.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "sequences/inventory.h"
#include "sequences/lesion_points.h"

#include <math.h>
#include <stdlib.h>

/* A label that another program stored as a float may be off by its rounding and its scaling: 0.9997 is 1. */
#define WHOLE_TOLERANCE 0.01F
#define MOST_LESIONS 10000

/* One file on its way to the reference. */
struct given_file {
    struct hep_run *run;
    const struct hep_slot *inputs;
    const char *path;
    const char *space; /* name of the series in whose space it lies */
    struct hep_given *to;
};

/* ---- the space that a file lies in ------------------------------------------------------------- */

/* Is this the name of one of the files of a series, with or without its folder and ending? */
static bool names_series(const char *text, const struct hep_series *s)
{
    const char *base;
    bool found = false;

    for (size_t i = 0; text != NULL && i < s->n_paths && !found; i++) {
        base = hep_path_base(s->path[i]);
        found = strcmp(hep_path_base(text), base) == 0;
    }
    return found;
}

static const char *series_named(const struct given_file *f, const char *text)
{
    for (const struct hep_slot *s = f->inputs; s->name != NULL; s++) {
        const struct hep_series *series = hep_run_series(f->run, s->name);

        if (s->kind == HEP_SLOT_SERIES && series != NULL && !hep_role_is_mask(series->role) &&
            (strcmp(s->name, text) == 0 || names_series(text, series)))
            return s->name;
    }
    return NULL;
}

/* BIDS derivatives: SpatialReference is a path, or an object of paths; Sources is a list of paths. */
static const char *series_of_sidecar(const struct given_file *f, const struct hep_json *sidecar)
{
    const struct hep_json *reference = hep_json_get(sidecar, "SpatialReference"),
                          *sources = hep_json_get(sidecar, "Sources"), *value = NULL;
    const char *found = NULL;

    if (hep_json_string(reference) != NULL)
        found = series_named(f, hep_json_string(reference));
    for (size_t i = 0; found == NULL && hep_json_type(reference) == HEP_JSON_OBJECT &&
                       i < hep_json_size(reference);
         i++)
        if (hep_json_key_at(reference, i, &value) != NULL && hep_json_string(value) != NULL)
            found = series_named(f, hep_json_string(value));
    for (size_t i = 0; found == NULL && i < hep_json_size(sources); i++)
        if (hep_json_string(hep_json_at(sources, i)) != NULL)
            found = series_named(f, hep_json_string(hep_json_at(sources, i)));
    return found;
}

/* Share of a voxel by which the far corners of two lattices may differ, from affines in float32 or in text. */
#define LATTICE_TOLERANCE 0.05

static void corner_of(double world[3], const struct hep_grid *g, int corner)
{
    double voxel[3];

    for (int k = 0; k < 3; k++)
        voxel[k] = (corner >> k & 1) != 0 ? (double)g->n[k] - 1.0 : 0.0;
    hep_grid_to_world(world, g, voxel);
}

/* Are the voxels of a mask voxels of a grid, though cropped, flipped, or in another order of axes? */
static bool on_lattice(const struct hep_grid *mask, const struct hep_grid *grid)
{
    double inverse[4][4], m[4][4];

    if (hep_grid_inverse(inverse, grid, NULL) != HEP_OK)
        return false;
    hep_affine_mul(m, HEP_AFFINE(inverse), mask->to_world);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 4; k++)
            if (fabs(m[i][k] - round(m[i][k])) >
                LATTICE_TOLERANCE / (k < 3 ? (double)mask->n[k] : 1.0))
                return false;
    return fabs(hep_grid_voxel_mm3(mask) / hep_grid_voxel_mm3(grid) - 1.0) < LATTICE_TOLERANCE;
}

/* Largest distance of the corners of two grids, each taken with its nearest. */
static double corners_apart_mm(const struct hep_grid *a, const struct hep_grid *b)
{
    double worst = 0.0;

    for (int c = 0; c < 8; c++) {
        double here[3], nearest = INFINITY;

        corner_of(here, a, c);
        for (int d = 0; d < 8; d++) {
            double there[3];

            corner_of(there, b, d);
            nearest = fmin(nearest, sqrt((here[0] - there[0]) * (here[0] - there[0]) +
                                         (here[1] - there[1]) * (here[1] - there[1]) +
                                         (here[2] - there[2]) * (here[2] - there[2])));
        }
        worst = fmax(worst, nearest);
    }
    return worst;
}

/* Largest angle between the axes of two grids, each with the nearest one of the other [degrees]. */
static double axes_apart_deg(const struct hep_grid *a, const struct hep_grid *b)
{
    double worst = 0.0, mm_a[3], mm_b[3];

    hep_grid_spacing(mm_a, a);
    hep_grid_spacing(mm_b, b);
    for (int i = 0; i < 3; i++) {
        double cosine = 0.0;

        for (int k = 0; k < 3; k++) {
            double dot = 0.0;

            for (int r = 0; r < 3; r++)
                dot += a->to_world[r][i] * b->to_world[r][k];
            cosine = fmax(cosine, fabs(dot) / (mm_a[i] * mm_b[k]));
        }
        worst = fmax(worst, acos(fmin(cosine, 1.0)) * 180.0 / HEP_PI);
    }
    return worst;
}

/* The series whose voxels a mask has; the reference before others, for series of one grid are many. */
static int space_of_grid(struct given_file *f, const struct hep_grid *mask, struct hep_error *err)
{
    const char *reference = hep_reference_name(f->run), *nearest = NULL;
    double nearest_mm = INFINITY, nearest_deg = 0.0;

    for (const struct hep_slot *s = f->inputs; s->name != NULL; s++) {
        const struct hep_series *series = hep_run_series(f->run, s->name);
        double mm;

        if (s->kind != HEP_SLOT_SERIES || series == NULL || hep_role_is_mask(series->role))
            continue;
        if (on_lattice(mask, &series->grid) &&
            (f->space == NULL || strcmp(s->name, reference) == 0))
            f->space = s->name;
        mm = corners_apart_mm(mask, &series->grid);
        if (mm < nearest_mm) {
            nearest = s->name;
            nearest_mm = mm;
            nearest_deg = axes_apart_deg(mask, &series->grid);
        }
    }
    if (f->space != NULL)
        return HEP_OK;
    return HEP_FAIL(err, HEP_EGEOM,
                    "%s: its voxels are those of no series; nearest is %s, with corners %.1f mm "
                    "and axes %.1f degrees "
                    "apart (lesions.given_series says which series it was drawn on)",
                    f->path, nearest != NULL ? nearest : "none", nearest_mm, nearest_deg);
}

/* f->space, NULL where only the grid can tell. */
static int find_space(struct given_file *f, struct hep_error *err)
{
    const char *wanted = hep_run_config(f->run)->lesions_given.series.s;
    char *base = NULL, *path = NULL;
    struct hep_json *sidecar = NULL;
    int rc = HEP_OK;

    if (wanted[0] != '\0') {
        f->space = series_named(f, wanted);
        return f->space != NULL
                   ? HEP_OK
                   : HEP_FAIL(err, HEP_ECONFIG,
                              "lesions.given_series: the study has no series \"%s\"", wanted);
    }
    if (hep_is_lesion_points(f->path))
        return HEP_OK;
    base = hep_nifti_base(f->path, err);
    path = base != NULL ? hep_asprintf(err, "%s.json", base) : NULL;
    if (path == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && hep_is_file(path))
        rc = hep_json_read(&sidecar, path, err);
    if (rc == HEP_OK)
        f->space = series_of_sidecar(f, sidecar);
    hep_json_free(sidecar);
    free(path);
    free(base);
    return rc;
}

/* ---- images ------------------------------------------------------------------------------------ */

static bool is_probability(const struct hep_volume *v)
{
    bool between = false;

    for (size_t i = 0; i < hep_grid_voxels(&v->grid); i++) {
        const float x = v->data[i];

        if (isnan(x))
            continue;
        if (x < 0.0F || x > 1.0F)
            return false;
        between = between || fabsf(x - roundf(x)) > WHOLE_TOLERANCE;
    }
    return between;
}

static int to_labels(struct hep_labels **out, const struct given_file *f,
                     const struct hep_volume *v, struct hep_error *err)
{
    const double threshold = hep_run_config(f->run)->lesions_given.threshold;
    const double only = hep_run_config(f->run)->lesions_given.label;
    const bool probability = is_probability(v);
    const size_t *n = v->grid.n;
    int rc = hep_labels_new(out, &v->grid, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&v->grid); i++) {
        const float x = isnan(v->data[i]) ? 0.0F : v->data[i];
        const float whole = roundf(x);

        if (probability) {
            (*out)->data[i] = (double)x >= threshold;
            continue;
        }
        if (!(fabsf(x - whole) <= WHOLE_TOLERANCE) || whole < 0.0F || whole > 1e7F)
            rc = HEP_FAIL(
                err, HEP_EFORMAT,
                "%s: the value %g at voxel (%zu, %zu, %zu) is neither a label nor a probability",
                f->path, (double)x, i % n[0], i / n[0] % n[1], i / (n[0] * n[1]));
        else if (isnan(only) || whole == (float)only)
            (*out)->data[i] = (int32_t)whole;
    }
    return rc;
}

static int by_value(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return x < y ? -1 : x > y;
}

/* Values but 0, in order. */
static int values_of(int32_t **values, size_t *n, const struct hep_labels *l, const char *path,
                     struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&l->grid); i++) {
        const int32_t x = l->data[i];

        if (x == 0 || (i > 0 && x == l->data[i - 1]) ||
            (*n > 0 && bsearch(&x, *values, *n, sizeof x, by_value) != NULL))
            continue;
        if (*n == MOST_LESIONS)
            return HEP_FAIL(err, HEP_EFORMAT, "%s: more than %d lesions", path, MOST_LESIONS);
        rc = HEP_GROW(*values, *n, err);
        if (rc == HEP_OK) {
            (*values)[(*n)++] = x;
            qsort(*values, *n, sizeof x, by_value);
        }
    }
    return rc;
}

/* Replace values by 1 .. n, in order of value. */
static void renumber(struct hep_labels *l, const int32_t *values, size_t n)
{
    for (size_t i = 0; i < hep_grid_voxels(&l->grid); i++) {
        const int32_t *at =
            l->data[i] != 0 ? bsearch(&l->data[i], values, n, sizeof *values, by_value) : NULL;

        l->data[i] = at != NULL ? (int32_t)(at - values) + 1 : 0;
    }
}

/* Names of a table beside the map: columns index and name. */
static int read_names(struct hep_given_lesion *list, size_t n, const char *path,
                      struct hep_error *err)
{
    char *base = hep_nifti_base(path, err),
         *file = base != NULL ? hep_asprintf(err, "%s.tsv", base) : NULL;
    struct hep_tsv t = { 0 };
    int rc = file == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && hep_is_file(file))
        rc = hep_tsv_read(&t, file, err);
    for (size_t row = 0; rc == HEP_OK && row < t.n_rows; row++) {
        long value = 0;

        if (hep_parse_long(&value, hep_tsv_cell(&t, row, hep_tsv_column(&t, "index")), NULL) !=
            HEP_OK)
            continue;
        for (size_t i = 0; i < n; i++)
            if (list[i].label == value)
                (void)snprintf(list[i].name, sizeof list[i].name, "%s",
                               hep_tsv_cell(&t, row, hep_tsv_column(&t, "name")));
    }
    hep_tsv_release(&t);
    free(file);
    free(base);
    return rc;
}

/* Mean voxel position of every label 1 .. n, in world coordinates of the map. */
static int centres_of(double (**centre)[3], const struct hep_labels *l, size_t n,
                      struct hep_error *err)
{
    const size_t *size = l->grid.n;
    size_t *count = NULL;
    int rc = HEP_NEW(*centre, n, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(count, n, err);
    for (size_t j = 0; rc == HEP_OK && j < hep_grid_voxels(&l->grid); j++) {
        const size_t at[3] = { j % size[0], j / size[0] % size[1], j / (size[0] * size[1]) };

        if (l->data[j] == 0)
            continue;
        count[l->data[j] - 1]++;
        for (int k = 0; k < 3; k++)
            (*centre)[l->data[j] - 1][k] += (double)at[k];
    }
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        double voxel[3];

        for (int k = 0; k < 3; k++)
            voxel[k] = (*centre)[i][k] / (double)count[i];
        hep_grid_to_world((*centre)[i], &l->grid, voxel);
    }
    free(count);
    return rc;
}

/* A world position of the file's space on the reference. */
static int to_reference(double world[3], const struct given_file *f, const struct hep_grid *grid,
                        struct hep_error *err)
{
    const char *reference = hep_reference_name(f->run);
    struct hep_volume *bend = NULL;
    struct hep_transform t;
    double in[3];
    int rc;

    if (f->space == NULL || strcmp(f->space, reference) == 0)
        return HEP_OK;
    memcpy(in, world, sizeof in);
    rc = hep_alignment_transform(&t, &bend, f->run, reference, f->space, grid, err);
    if (rc == HEP_OK)
        rc = hep_transform_apply(world, &t, in, err);
    hep_volume_free(bend);
    return rc;
}

/* A lesion smaller than the reference's voxels keeps the one that its centre lies in. */
static void keep_small(struct hep_labels *l, int32_t id, const double centre[3])
{
    double inverse[4][4], voxel[3];
    size_t at[3];

    if (hep_labels_count(l, id) > 0 || hep_grid_inverse(inverse, &l->grid, NULL) != HEP_OK)
        return;
    hep_affine_apply(voxel, HEP_AFFINE(inverse), centre);
    for (int k = 0; k < 3; k++) {
        const double x = floor(voxel[k] + 0.5);

        if (!(x >= 0.0 && x < (double)l->grid.n[k]))
            return;
        at[k] = (size_t)x;
    }
    if (l->data[at[0] + l->grid.n[0] * (at[1] + l->grid.n[1] * at[2])] == 0)
        l->data[at[0] + l->grid.n[0] * (at[1] + l->grid.n[1] * at[2])] = id;
}

/* Lesions 1 .. n of a map join the list; what another already has stays with that. */
static int join(struct given_file *f, const struct hep_labels *map, const int32_t *values,
                size_t n_values, size_t n, struct hep_error *err)
{
    struct hep_given *g = f->to;
    const size_t first = g->n;
    double(*centre)[3] = NULL;
    struct hep_labels *here = NULL;
    int rc = centres_of(&centre, map, n, err);

    if (rc == HEP_OK)
        rc = hep_aligned_labels(&here, f->run, map, f->space, hep_reference_name(f->run),
                                &g->labels->grid, err);
    for (size_t j = 0; rc == HEP_OK && j < hep_grid_voxels(&g->labels->grid); j++)
        if (here->data[j] != 0 && g->labels->data[j] == 0)
            g->labels->data[j] = (int32_t)first + here->data[j];
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        rc = HEP_GROW(g->list, g->n, err);
        if (rc != HEP_OK)
            break;
        g->list[g->n] = (struct hep_given_lesion){ .label = values[n_values == 1 ? 0 : i],
                                                   .diameter_mm = (double)NAN };
        for (int k = 0; k < 3; k++)
            g->list[g->n].half_mm[k] = (double)NAN;
        rc = to_reference(centre[i], f, &map->grid, err);
        memcpy(g->list[g->n++].centre_mm, centre[i], sizeof centre[i]);
        if (rc == HEP_OK)
            keep_small(g->labels, (int32_t)g->n, centre[i]);
    }
    if (rc == HEP_OK)
        rc = read_names(g->list + first, n, f->path, err);
    hep_labels_free(here);
    free(centre);
    return rc;
}

static int read_image(struct given_file *f, struct hep_error *err)
{
    struct hep_volume *v = NULL;
    struct hep_labels *labels = NULL, *parts = NULL;
    int32_t *values = NULL;
    size_t n_values = 0, n;
    int rc = hep_nifti_read(&v, f->path, err);

    if (rc == HEP_OK && v->nt != 1)
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %zu volumes; lesions are one", f->path, v->nt);
    if (rc == HEP_OK && f->space == NULL)
        rc = space_of_grid(f, &v->grid, err);
    if (rc == HEP_OK)
        rc = to_labels(&labels, f, v, err);
    if (rc == HEP_OK)
        rc = values_of(&values, &n_values, labels, f->path, err);
    n = n_values;
    if (rc == HEP_OK && n == 0)
        hep_log_write(hep_run_log(f->run), HEP_LOG_WARNING, "given-lesions",
                      "%s holds no lesion: it is empty", hep_path_base(f->path));
    if (rc == HEP_OK && n_values == 1)
        rc = hep_mask_components(&parts, &n, labels, 26, err);
    else if (rc == HEP_OK && values != NULL)
        renumber(labels, values, n_values);
    if (rc == HEP_OK && n > 0)
        rc = join(f, parts != NULL ? parts : labels, values, n_values, n, err);
    free(values);
    hep_labels_free(parts);
    hep_labels_free(labels);
    hep_volume_free(v);
    return rc;
}

/* ---- points ------------------------------------------------------------------------------------ */

static int read_points(struct given_file *f, struct hep_error *err)
{
    struct hep_lesion_point *points = NULL;
    struct hep_given *g = f->to;
    size_t n = 0;
    int rc = hep_lesion_points_read(&points, &n, f->path, hep_run_config(f->run)->lesions_given.lps,
                                    err);

    if (rc == HEP_OK && n == 0)
        hep_log_write(hep_run_log(f->run), HEP_LOG_WARNING, "given-lesions",
                      "%s holds no lesion: it has no row", hep_path_base(f->path));
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        struct hep_given_lesion *l;

        rc = HEP_GROW(g->list, g->n, err);
        if (rc != HEP_OK)
            break;
        l = &g->list[g->n++];
        *l = (struct hep_given_lesion){ .is_point = true, .diameter_mm = points[i].diameter_mm };
        memcpy(l->centre_mm, points[i].centre_mm, sizeof l->centre_mm);
        memcpy(l->half_mm, points[i].half_mm, sizeof l->half_mm);
        (void)snprintf(l->name, sizeof l->name, "%s", points[i].name);
        if (f->space != NULL)
            rc = to_reference(l->centre_mm, f, &hep_run_series(f->run, f->space)->grid, err);
    }
    free(points);
    return rc;
}

int hep_given_lesions_read(struct hep_given *out, struct hep_run *run, const struct hep_grid *grid,
                           const struct hep_slot *inputs, struct hep_error *err)
{
    struct hep_given g = { 0 };
    const char *path;
    int rc = hep_labels_new(&g.labels, grid, err);

    for (size_t i = 0; rc == HEP_OK && (path = hep_run_given_lesions(run, i)) != NULL; i++) {
        struct given_file f = { .run = run, .inputs = inputs, .path = path, .to = &g };

        rc = find_space(&f, err);
        if (rc == HEP_OK)
            rc = hep_is_lesion_points(path) ? read_points(&f, err) : read_image(&f, err);
    }
    if (rc == HEP_OK)
        *out = g;
    else
        hep_given_release(&g);
    return rc;
}

void hep_given_lesions_say(const struct hep_given *g, struct hep_run *run)
{
    for (size_t i = 0; i < g->n; i++) {
        const struct hep_given_lesion *l = &g->list[i];

        if (l->note[0] != '\0')
            hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "given-lesions", "lesion %zu%s%s: %s",
                          i + 1, l->name[0] != '\0' ? " " : "", l->name, l->note);
    }
}
