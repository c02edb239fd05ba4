#include "sequences/inventory.h"

#include "base/alloc.h"
#include "image/nifti.h"

#include <math.h>

static int copy_frames(struct hep_volume *to, const struct hep_volume *from,
                       const struct hep_series *s, size_t path, struct hep_error *err)
{
    size_t voxels = hep_grid_voxels(&to->grid);

    if (!hep_grid_same(&to->grid, &from->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "%s: its grid is not that of %s", s->path[path],
                        s->path[s->frame[0].path]);
    for (size_t t = 0; t < s->nt; t++) {
        if (s->frame[t].path != path)
            continue;
        if (s->frame[t].volume >= from->nt)
            return HEP_FAIL(err, HEP_EDATA, "%s: has %zu volumes, number %zu is wanted",
                            s->path[path], from->nt, s->frame[t].volume);
        (void)memcpy(hep_volume_at(to, t), hep_volume_at(from, s->frame[t].volume),
                     voxels * sizeof(float));
    }
    return HEP_OK;
}

static bool is_whole_file(const struct hep_series *s, const struct hep_volume *v)
{
    if (s->n_paths != 1 || s->nt != v->nt)
        return false;
    for (size_t t = 0; t < s->nt; t++)
        if (s->frame[t].volume != t)
            return false;
    return true;
}

/** Zeros and values that are not finite show nothing. */
static int check_content(const struct hep_volume *v, const struct hep_series *s,
                         struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&v->grid) * v->nt;

    for (size_t i = 0; i < n; i++)
        if (isfinite(v->data[i]) && v->data[i] != 0.0F)
            return HEP_OK;
    return HEP_FAIL(err, HEP_EDATA, "%s: every voxel is 0 or not finite", s->name);
}

void hep_series_true_spacing(struct hep_grid *grid, const struct hep_series *series)
{
    double mm[3];

    hep_grid_spacing(mm, grid);
    for (int k = 0; k < 3; k++)
        for (int i = 0; series->spacing_mm[k] > 0.0 && i < 3; i++)
            grid->to_world[i][k] *= series->spacing_mm[k] / mm[k];
}

int hep_series_read(struct hep_volume **out, const struct hep_series *series, struct hep_error *err)
{
    struct hep_volume *stack = NULL, *file = NULL;
    int rc = HEP_OK;

    if (series->nt == 0)
        return HEP_FAIL(err, HEP_EINVAL, "\"%s\" is not used, so it has no volumes", series->name);
    for (size_t p = 0; rc == HEP_OK && p < series->n_paths; p++) {
        rc = hep_nifti_read_unplaced(&file, series->path[p], series->is_complex, err);
        if (rc == HEP_OK)
            file->grid.unplaced = false; /* the inventory has left out what cannot be used so */
        if (rc == HEP_OK && is_whole_file(series, file)) {
            stack = file;
            break;
        }
        if (rc == HEP_OK && stack == NULL)
            rc = hep_volume_new(&stack, &file->grid, series->nt, err);
        if (rc == HEP_OK)
            rc = copy_frames(stack, file, series, p, err);
        hep_volume_free(file);
        file = NULL;
    }
    if (rc == HEP_OK && stack != NULL) {
        hep_series_true_spacing(&stack->grid, series);
        rc = check_content(stack, series, err);
    }
    if (rc == HEP_OK) {
        *out = stack;
        stack = NULL;
    }
    hep_volume_free(stack);
    return rc;
}

int hep_series_read_labels(struct hep_labels **out, const struct hep_series *series,
                           struct hep_error *err)
{
    struct hep_labels *labels = NULL;
    struct hep_mask_reading reading;
    int rc;

    if (series->n_paths != 1)
        return HEP_FAIL(err, HEP_EINVAL, "\"%s\": a mask is one file", series->name);
    if (series->role == HEP_ROLE_LABELS) {
        rc = hep_nifti_read_labels_unplaced(out, series->path[0], err);
        if (rc == HEP_OK)
            (*out)->grid.unplaced = false;
        return rc;
    }
    rc = hep_nifti_read_mask_unplaced(&labels, &reading, series->path[0], HEP_PROBABLE, err);
    if (rc == HEP_OK)
        labels->grid.unplaced = false;
    if (rc == HEP_OK && series->role == HEP_ROLE_RESECTION_MASK)
        reading.n_values = 1; /* several parts may have been removed */
    if (rc == HEP_OK)
        rc = hep_mask_one_label(labels, &reading,
                                series->label < 0 ? (double)NAN : (double)series->label,
                                series->name, err);
    if (rc == HEP_OK) {
        *out = labels;
        labels = NULL;
    }
    hep_labels_free(labels);
    return rc;
}
