#include "pipeline/stages/given_map.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tsv.h"
#include "image/mask.h"
#include "image/nifti.h"
#include "image/register_compose.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/command.h"
#include "pipeline/stages/given_space.h"
#include "sequences/bids_name.h"
#include "sequences/inventory.h"
#include "sequences/lesion_points.h"
#include "sequences/segmenter.h"

#include <math.h>
#include <stdlib.h>

/* More are no lesions but noise, or an image that is no label map. */
#define MOST_LESIONS 10000

void hep_given_map_release(struct hep_given_map *m)
{
    hep_labels_free(m->labels);
    free(m->list);
    *m = (struct hep_given_map){ 0 };
}

static bool is_organs(const struct hep_given_map *m)
{
    return m->file->role == HEP_ROLE_LABELS;
}

/* ---- values ------------------------------------------------------------------------------------ */

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
            return HEP_FAIL(err, HEP_EFORMAT, "%s: more than %d labels", path, MOST_LESIONS);
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

/* The value that counts: of the setting, else of the file's name or study.yml. */
static void keep_value(const struct hep_given_map *m, const struct hep_run *run)
{
    const double set = hep_run_config(run)->lesions_given.label;
    const int32_t only = is_organs(m) || isnan(set) ? m->file->value : (int32_t)set;

    for (size_t i = 0; only >= 0 && i < hep_grid_voxels(&m->labels->grid); i++)
        if (m->labels->data[i] != only)
            m->labels->data[i] = 0;
}

static int read_labels(struct hep_given_map *m, struct hep_run *run, struct hep_error *err)
{
    const double threshold = hep_run_config(run)->lesions_given.threshold;
    const char *path = m->file->path;
    struct hep_mask_reading reading;
    int rc = hep_nifti_read_mask(&m->labels, &reading, path, threshold, err);

    if (rc != HEP_OK)
        return rc;
    if (reading.n_nan > 0)
        hep_log_write(hep_run_log(run), HEP_LOG_INFO, "mask",
                      "%s: %zu voxels without a value are outside", hep_path_base(path),
                      reading.n_nan);
    if (reading.probabilities)
        hep_log_write(hep_run_log(run), HEP_LOG_INFO, "mask",
                      "%s: holds probabilities: inside is what has at least %g",
                      hep_path_base(path), threshold);
    keep_value(m, run);
    return HEP_OK;
}

/* ---- names and places -------------------------------------------------------------------------- */

/* Names of a table beside the map: columns index and name. */
static int read_names(struct hep_given_map *m, struct hep_error *err)
{
    char *base = hep_nifti_base(m->file->path, err),
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
        for (size_t i = 0; i < m->n; i++)
            if (m->list[i].label == value)
                (void)snprintf(m->list[i].name, sizeof m->list[i].name, "%s",
                               hep_tsv_cell(&t, row, hep_tsv_column(&t, "name")));
    }
    hep_tsv_release(&t);
    free(file);
    free(base);
    return rc;
}

/* Organs without a table: by the classes of the program whose task the file is named after; the file's own name for a
 * single one. */
static int name_organs(struct hep_given_map *m, struct hep_error *err)
{
    char *base = hep_nifti_base(hep_path_base(m->file->path), err);
    struct hep_bids_name name = { 0 };

    if (base != NULL)
        (void)hep_bids_name_parse(&name, base);
    for (size_t i = 0; base != NULL && i < m->n; i++) {
        struct hep_given_lesion *l = &m->list[i];
        const char *class = hep_segmenter_class(base, l->label);

        if (l->name[0] == '\0' && class != NULL)
            (void)snprintf(l->name, sizeof l->name, "%s", class);
        else if (l->name[0] == '\0' && m->n == 1)
            (void)snprintf(l->name, sizeof l->name, "%s",
                           name.label[0] != '\0' ? name.label : base);
    }
    free(base);
    return base != NULL ? HEP_OK : HEP_ENOMEM;
}

/* Mean voxel position of every region, in world coordinates of the map. */
static int set_centres(struct hep_given_map *m, struct hep_error *err)
{
    const struct hep_labels *l = m->labels;
    double(*sum)[3] = NULL;
    size_t *count = NULL;
    int rc = HEP_NEW(sum, m->n + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(count, m->n + 1, err);
    for (size_t j = 0; rc == HEP_OK && j < hep_grid_voxels(&l->grid); j++) {
        const int32_t id = l->data[j];
        size_t at[3];

        if (id == 0)
            continue;
        hep_grid_place(at, &l->grid, j);
        count[id]++;
        for (int k = 0; k < 3; k++)
            sum[id][k] += (double)at[k];
    }
    for (size_t i = 0; rc == HEP_OK && i < m->n; i++) {
        double voxel[3];

        for (int k = 0; k < 3; k++)
            voxel[k] = sum[i + 1][k] / (double)count[i + 1];
        hep_grid_to_world(m->list[i].centre_mm, &l->grid, voxel);
        m->list[i].voxels = count[i + 1];
    }
    free(count);
    free(sum);
    return rc;
}

/* One entry for each region 1 .. n. */
static int list_regions(struct hep_given_map *m, const int32_t *values, size_t n_values, size_t n,
                        struct hep_error *err)
{
    int rc = HEP_NEW(m->list, n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        m->list[i] = (struct hep_given_lesion){ .label = values[n_values == 1 ? 0 : i],
                                                .diameter_mm = (double)NAN };
        for (int k = 0; k < 3; k++)
            m->list[i].half_mm[k] = (double)NAN;
    }
    m->n = rc == HEP_OK ? n : 0;
    return rc == HEP_OK ? set_centres(m, err) : rc;
}

/* From the values of a label map to a list of regions. */
static int settle_regions(struct hep_given_map *m, struct hep_run *run, struct hep_error *err)
{
    struct hep_labels *parts = NULL;
    int32_t *values = NULL;
    size_t n_values = 0, n;
    int rc;

    keep_value(m, run);
    rc = values_of(&values, &n_values, m->labels, m->file->path, err);
    n = n_values;
    if (rc == HEP_OK && n == 0)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "given-lesions",
                      "%s holds no %s: it is empty", hep_path_base(m->file->path),
                      is_organs(m) ? "organ" : "lesion");
    if (rc == HEP_OK && n_values == 1 && !is_organs(m)) {
        rc = hep_mask_components(&parts, &n, m->labels, 26, err);
        if (rc == HEP_OK) {
            hep_labels_free(m->labels);
            m->labels = parts;
        }
    } else if (rc == HEP_OK && values != NULL) {
        renumber(m->labels, values, n_values);
    }
    if (rc == HEP_OK && values != NULL)
        rc = list_regions(m, values, n_values, n, err);
    free(values);
    return rc;
}

static int read_image(struct hep_given_map *m, struct hep_run *run, const struct hep_slot *inputs,
                      struct hep_error *err)
{
    int rc = read_labels(m, run, err);

    if (rc == HEP_OK)
        rc = hep_given_space(&m->space, run, inputs, m->file->path, &m->labels->grid, err);
    if (rc == HEP_OK)
        rc = settle_regions(m, run, err);
    if (rc == HEP_OK)
        rc = read_names(m, err);
    return rc == HEP_OK && is_organs(m) ? name_organs(m, err) : rc;
}

static int read_points(struct hep_given_map *m, struct hep_run *run, const struct hep_slot *inputs,
                       struct hep_error *err)
{
    const char *path = m->file->path;
    struct hep_lesion_point *points = NULL;
    size_t n = 0;
    int rc = hep_given_space(&m->space, run, inputs, path, NULL, err);

    if (rc == HEP_OK)
        rc = hep_lesion_points_read(&points, &n, path, hep_run_config(run)->lesions_given.lps, err);
    if (rc == HEP_OK && m->space == NULL)
        m->space = hep_reference_name(run);
    if (rc == HEP_OK && n == 0)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "given-lesions",
                      "%s holds no lesion: it has no row", hep_path_base(path));
    if (rc == HEP_OK)
        rc = HEP_NEW(m->list, n + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        struct hep_given_lesion *l = &m->list[m->n++];

        *l = (struct hep_given_lesion){ .is_point = true, .diameter_mm = points[i].diameter_mm };
        memcpy(l->centre_mm, points[i].centre_mm, sizeof l->centre_mm);
        memcpy(l->half_mm, points[i].half_mm, sizeof l->half_mm);
        (void)snprintf(l->name, sizeof l->name, "%s", points[i].name);
    }
    free(points);
    return rc;
}

int hep_given_map_read(struct hep_given_map *out, struct hep_run *run,
                       const struct hep_derivative *file, const struct hep_slot *inputs,
                       struct hep_error *err)
{
    struct hep_given_map m = { .file = file };
    const bool points = file->role == HEP_ROLE_LESION_MASK && hep_is_lesion_points(file->path);
    int rc = points ? read_points(&m, run, inputs, err) : read_image(&m, run, inputs, err);

    if (rc == HEP_OK)
        *out = m;
    else
        hep_given_map_release(&m);
    return rc;
}

static const struct hep_derivative drawn_lesions = { HEP_ROLE_LESION_MASK,
                                                     (char[]){ "lesions.command" }, HEP_VALUE_ANY };

/* What lesions.command drew, on the grid of the series that it drew on. */
static int take_drawn(struct hep_given_map *out, struct hep_run *run,
                      const struct hep_labels *drawn, struct hep_error *err)
{
    struct hep_given_map m = { .file = &drawn_lesions };
    int rc;

    m.space = hep_command_series(run, &hep_run_config(run)->lesions_command);
    rc = hep_labels_copy(&m.labels, drawn, err);
    if (rc == HEP_OK)
        rc = settle_regions(&m, run, err);
    if (rc == HEP_OK)
        *out = m;
    else
        hep_given_map_release(&m);
    return rc;
}

bool hep_given_any(struct hep_run *run)
{
    return hep_run_given_region(run, 0) != NULL || hep_run_has(run, "drawn_lesions");
}

int hep_given_maps_read(struct hep_given_map **out, size_t *n, struct hep_run *run,
                        const struct hep_slot *inputs, struct hep_error *err)
{
    const struct hep_derivative *file;
    const struct hep_labels *drawn = NULL;
    int rc = hep_run_labels(run, "drawn_lesions", &drawn, err);

    *out = NULL;
    *n = 0;
    if (rc == HEP_OK && drawn != NULL) {
        rc = HEP_GROW(*out, *n, err);
        if (rc == HEP_OK)
            rc = take_drawn(&(*out)[*n], run, drawn, err);
        *n += rc == HEP_OK;
    }
    for (size_t i = 0; rc == HEP_OK && (file = hep_run_given_region(run, i)) != NULL; i++) {
        rc = HEP_GROW(*out, *n, err);
        if (rc == HEP_OK)
            rc = hep_given_map_read(&(*out)[*n], run, file, inputs, err);
        *n += rc == HEP_OK;
    }
    return rc;
}

void hep_given_maps_release(struct hep_given_map *maps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hep_given_map_release(&maps[i]);
    free(maps);
}

/* ---- elsewhere --------------------------------------------------------------------------------- */

int hep_given_map_centres(double (**centre)[3], const struct hep_given_map *m, struct hep_run *run,
                          const char *series, struct hep_error *err)
{
    const struct hep_series *own = hep_run_series(run, m->space);
    const struct hep_grid *grid = m->labels != NULL ? &m->labels->grid : &own->grid;
    struct hep_volume *bend = NULL;
    struct hep_transform t;
    int rc = HEP_NEW(*centre, m->n + 1, err);

    if (rc == HEP_OK)
        rc = hep_alignment_transform(&t, &bend, run, series, m->space, grid, err);
    for (size_t i = 0; rc == HEP_OK && i < m->n; i++)
        rc = hep_transform_apply((*centre)[i], &t, m->list[i].centre_mm, err);
    hep_volume_free(bend);
    if (rc != HEP_OK) {
        free(*centre);
        *centre = NULL;
    }
    return rc;
}

int hep_given_map_to(struct hep_labels **out, const struct hep_given_map *m, struct hep_run *run,
                     const char *series, const struct hep_grid *grid, struct hep_error *err)
{
    double(*centre)[3] = NULL;
    int rc = hep_given_map_centres(&centre, m, run, series, err);

    if (rc == HEP_OK)
        rc = hep_aligned_labels(out, run, m->labels, m->space, series, grid, err);
    for (size_t i = 0; rc == HEP_OK && i < m->n; i++)
        hep_labels_keep_small(*out, (int32_t)i + 1, centre[i]);
    free(centre);
    return rc;
}
