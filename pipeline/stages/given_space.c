#include "pipeline/stages/given_space.h"

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "sequences/bids_name.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

/* A file on its way to its series. */
struct search {
    struct hep_run *run;
    const struct hep_slot *inputs;
    const char *path;
};

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

static const char *series_named(const struct search *f, const char *text)
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
static const char *series_of_sidecar(const struct search *f, const struct hep_json *sidecar)
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
/* Share of a voxel by which an origin may be off: below one half every voxel stays nearest to itself; half of that
 * leaves room for the rounding of the far corners. */
#define ORIGIN_TOLERANCE 0.25

static void corner_of(double world[3], const struct hep_grid *g, int corner)
{
    double voxel[3];

    for (int k = 0; k < 3; k++)
        voxel[k] = (corner >> k & 1) != 0 ? (double)g->n[k] - 1.0 : 0.0;
    hep_grid_to_world(world, g, voxel);
}

/* How far the voxels of a mask lie from those of a grid [share of a voxel], though cropped, flipped, or in another order
 * of axes; infinite where spacing or directions are others, or where it reaches beyond the grid. */
static double lattice_offset(const struct hep_grid *mask, const struct hep_grid *grid)
{
    double inverse[4][4], m[4][4], offset = 0.0;

    if (hep_grid_inverse(inverse, grid, NULL) != HEP_OK)
        return (double)INFINITY;
    hep_affine_mul(m, HEP_AFFINE(inverse), mask->to_world);
    for (int i = 0; i < 3; i++) {
        double lo = m[i][3], hi = m[i][3];

        for (int k = 0; k < 3; k++) {
            const double length = (double)mask->n[k];

            if (fabs(m[i][k] - round(m[i][k])) > LATTICE_TOLERANCE / length)
                return (double)INFINITY;
            lo += fmin(m[i][k], 0.0) * (length - 1.0);
            hi += fmax(m[i][k], 0.0) * (length - 1.0);
        }
        if (lo < -0.5 || hi > (double)grid->n[i] - 0.5)
            return (double)INFINITY;
        offset = fmax(offset, fabs(m[i][3] - round(m[i][3])));
    }
    return fabs(hep_grid_voxel_mm3(mask) / hep_grid_voxel_mm3(grid) - 1.0) < LATTICE_TOLERANCE
               ? offset
               : (double)INFINITY;
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

bool hep_given_fits(const struct hep_grid *mask, const struct hep_grid *grid)
{
    return lattice_offset(mask, grid) <= ORIGIN_TOLERANCE;
}

void hep_given_apart(char *out, size_t room, const struct hep_grid *a, const struct hep_grid *b)
{
    (void)snprintf(out, room, "corners %.1f mm, axes %.1f degrees apart", corners_apart_mm(a, b),
                   axes_apart_deg(a, b));
}

static bool is_image_series(const struct hep_run *run, const struct hep_slot *s)
{
    const struct hep_series *series = hep_run_series(run, s->name);

    return s->kind == HEP_SLOT_SERIES && series != NULL && !hep_role_is_mask(series->role);
}

/* "dwi (corners 12.0 mm, axes 3.1 degrees)" of the series nearest to a mask that are not nearer than `after_mm`. */
static void tell_nearest(char *out, size_t room, const struct search *f,
                         const struct hep_grid *mask)
{
    const int most = 3;
    double after_mm = -1.0;
    size_t used = 0;

    for (int told = 0; told < most && used < room; told++) {
        const struct hep_slot *nearest = NULL;
        double nearest_mm = (double)INFINITY;

        for (const struct hep_slot *s = f->inputs; s->name != NULL; s++) {
            const double mm = is_image_series(f->run, s)
                                  ? corners_apart_mm(mask, &hep_run_series(f->run, s->name)->grid)
                                  : (double)INFINITY;

            if (mm > after_mm && mm < nearest_mm) {
                nearest = s;
                nearest_mm = mm;
            }
        }
        if (nearest == NULL)
            return;
        used +=
            (size_t)snprintf(out + used, room - used, "%s%s (%.1f mm, %.1f degrees)",
                             told > 0 ? ", " : "", nearest->name, nearest_mm,
                             axes_apart_deg(mask, &hep_run_series(f->run, nearest->name)->grid));
        after_mm = nearest_mm;
    }
}

/* The series whose voxels a mask has: the one with the smallest offset; of those of one grid, which are many, the
 * reference where it is known already, else the first. */
static int space_of_grid(const char **space, const struct search *f, const struct hep_grid *mask,
                         struct hep_error *err)
{
    const char *reference = hep_reference_name(f->run);
    double best = ORIGIN_TOLERANCE, mm[3];
    char nearest[160] = "none";

    for (const struct hep_slot *s = f->inputs; s->name != NULL; s++) {
        const double offset = is_image_series(f->run, s)
                                  ? lattice_offset(mask, &hep_run_series(f->run, s->name)->grid)
                                  : (double)INFINITY;

        if (offset < best - LATTICE_TOLERANCE ||
            (offset <= best &&
             (*space == NULL || (reference != NULL && strcmp(s->name, reference) == 0)))) {
            *space = s->name;
            best = offset;
        }
    }
    if (*space == NULL) {
        tell_nearest(nearest, sizeof nearest, f, mask);
        return HEP_FAIL(err, HEP_EGEOM,
                        "%s: its voxels are those of no series; nearest by corners and axes: %s "
                        "(lesions.given_series says which one it was drawn on)",
                        hep_path_base(f->path), nearest);
    }
    hep_grid_spacing(mm, &hep_run_series(f->run, *space)->grid);
    if (best > LATTICE_TOLERANCE)
        hep_log_write(
            hep_run_log(f->run), HEP_LOG_WARNING, "mask-grid",
            "%s: its origin is off that of %s by %.2f of a voxel (%.2f mm): taken as rounding",
            hep_path_base(f->path), *space, best, best * fmin(mm[0], fmin(mm[1], mm[2])));
    return HEP_OK;
}

/* The series that a setting or the sidecar names; NULL where neither does. */
static int named_space(const char **space, const struct search *f, bool is_image,
                       struct hep_error *err)
{
    const char *wanted = hep_run_config(f->run)->lesions_given.series.s;
    char *base = NULL, *path = NULL;
    struct hep_json *sidecar = NULL;
    int rc = HEP_OK;

    if (wanted[0] != '\0') {
        *space = series_named(f, wanted);
        return *space != NULL
                   ? HEP_OK
                   : HEP_FAIL(err, HEP_ECONFIG,
                              "lesions.given_series: the study has no series \"%s\"", wanted);
    }
    if (!is_image)
        return HEP_OK;
    base = hep_nifti_base(f->path, err);
    path = base != NULL ? hep_asprintf(err, "%s.json", base) : NULL;
    if (path == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && hep_is_file(path))
        rc = hep_json_read(&sidecar, path, err);
    if (rc == HEP_OK)
        *space = series_of_sidecar(f, sidecar);
    hep_json_free(sidecar);
    free(path);
    free(base);
    return rc;
}

int hep_given_space(const char **space, struct hep_run *run, const struct hep_slot *inputs,
                    const char *path, const struct hep_grid *mask, struct hep_error *err)
{
    const struct search f = { run, inputs, path };
    int rc;

    *space = NULL;
    rc = named_space(space, &f, mask != NULL, err);
    return rc == HEP_OK && *space == NULL && mask != NULL ? space_of_grid(space, &f, mask, err)
                                                          : rc;
}
