#include "datasets/study.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "dicom/folder.h"
#include "image/mask.h"
#include "image/nifti.h"
#include "image/png.h"

#include <math.h>
#include <stdlib.h>

/* ---- which values are inside ----------------------------------------------------------------- */

/* {"labels": {"6": "liver"}} or {"labels": {"liver": 6}} */
static int value_in_table(double *value, const struct hep_json *labels, const char *label)
{
    for (size_t i = 0; i < hep_json_size(labels); i++) {
        const struct hep_json *node = NULL;
        const char *key = hep_json_key_at(labels, i, &node), *text = hep_json_string(node);

        if (text != NULL && strcmp(text, label) == 0)
            return hep_parse_double(value, key, NULL);
        if (strcmp(key, label) == 0 && isfinite(hep_json_number(node))) {
            *value = hep_json_number(node);
            return HEP_OK;
        }
    }
    return HEP_ENOENT;
}

static int values_of(double inside[2], const struct hep_study_work *w, const struct hep_set_mask *m,
                     struct hep_error *err)
{
    struct hep_json *table = NULL;
    char *path = NULL;
    int rc = HEP_OK;

    inside[0] = m->from;
    inside[1] = m->to;
    if (m->table == NULL)
        return HEP_OK;
    path = hep_path_join(w->cases->root, m->table, err);
    rc = path != NULL ? hep_json_read(&table, path, err) : HEP_ENOMEM;
    if (rc == HEP_OK &&
        value_in_table(&inside[0], hep_json_get(table, "labels"), m->label) != HEP_OK)
        rc = HEP_FAIL(err, HEP_EDATASET, "%s: its labels have no \"%s\"", path, m->label);
    inside[1] = m->table != NULL ? inside[0] : inside[1];
    hep_json_free(table);
    free(path);
    return rc;
}

/* ---- stacks of slices ------------------------------------------------------------------------ */

/* Column and row of a slice at a voxel of the image: columns run to the patient's left and rows to the back, as in DICOM. */
static size_t on_slice(const size_t at[3], const struct hep_grid *g, int world)
{
    int axis, sign;

    hep_grid_axis_of(&axis, &sign, g, world);
    return sign > 0 ? g->n[axis] - 1 - at[axis] : at[axis];
}

static int fill_slice(struct hep_labels *out, size_t slice, bool from_head, const char *path,
                      struct hep_error *err)
{
    const struct hep_grid *g = &out->grid;
    int axes[3], sign;
    uint8_t *grey = NULL;
    size_t w = 0, h = 0, n, layer;
    int rc = hep_png_read_grey(&grey, &w, &h, path, err);

    for (int k = 0; k < 3; k++)
        hep_grid_axis_of(&axes[k], &sign, g, k);
    n = g->n[axes[2]];
    layer = (sign > 0) == from_head ? n - 1 - slice : slice;
    if (rc == HEP_OK && (w != g->n[axes[0]] || h != g->n[axes[1]]))
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: %zu x %zu pixels, its image has %zu x %zu", path, w, h,
                      g->n[axes[0]], g->n[axes[1]]);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(g); i++) {
        size_t at[3];

        hep_grid_place(at, g, i);
        if (at[axes[2]] == layer)
            out->data[i] = grey[on_slice(at, g, 0) + on_slice(at, g, 1) * w];
    }
    free(grey);
    return rc;
}

static const struct hep_grid *grid_of(const struct hep_study_work *w, const char *series_path)
{
    for (size_t i = 0; i < w->n_placed; i++)
        if (w->placed[i].from->row->path != NULL && series_path != NULL &&
            strcmp(w->placed[i].from->row->path, series_path) == 0)
            return &w->placed[i].grid;
    return NULL;
}

static int read_stack(struct hep_labels **out, const struct hep_study_work *w,
                      const struct hep_set_mask *m, const char *folder, struct hep_error *err)
{
    const struct hep_grid *g = grid_of(w, m->on);
    struct hep_listing files = { 0 };
    size_t n = 0, slices;
    int axis, sign, rc;

    if (g == NULL)
        return HEP_FAIL(err, HEP_EDATA, "%s: the image that it belongs to is not there", folder);
    hep_grid_axis_of(&axis, &sign, g, 2);
    slices = g->n[axis];
    rc = hep_listing_read(&files, folder, err);
    for (size_t i = 0; rc == HEP_OK && i < files.n; i++)
        n += hep_ends_with(files.names[i], ".png");
    if (rc == HEP_OK && n != slices)
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: %zu slices, its image has %zu", folder, n, slices);
    if (rc == HEP_OK)
        rc = hep_labels_new(out, g, err);
    n = 0;
    for (size_t i = 0; rc == HEP_OK && i < files.n; i++) {
        char *path;

        if (!hep_ends_with(files.names[i], ".png"))
            continue;
        path = hep_path_join(folder, files.names[i], err);
        rc = path != NULL ? fill_slice(*out, n++, m->reversed, path, err) : HEP_ENOMEM;
        free(path);
    }
    hep_listing_release(&files);
    return rc;
}

static int read_folder(struct hep_labels **out, const struct hep_study_work *w, const char *folder,
                       struct hep_error *err)
{
    char *work = hep_asprintf(err, "%s/.converting", w->study),
         *stem = hep_asprintf(err, "%s/.mask", w->study), *path = NULL, *sidecar = NULL;
    int rc = work != NULL && stem != NULL ? hep_dicom_folder(folder, stem, work, err) : HEP_ENOMEM;

    if (rc == HEP_OK) {
        path = hep_asprintf(err, "%s.nii.gz", stem);
        sidecar = hep_asprintf(err, "%s.json", stem);
        rc = path != NULL && sidecar != NULL ? hep_nifti_read_labels(out, path, err) : HEP_ENOMEM;
    }
    if (path != NULL)
        (void)remove(path);
    if (sidecar != NULL)
        (void)remove(sidecar);
    free(work);
    free(stem);
    free(path);
    free(sidecar);
    return rc;
}

/* ---- one mask -------------------------------------------------------------------------------- */

/* The voxels of a mask must be those of a series of its case: elsewhere it would say something of another place. */
static int check_grid(const struct hep_study_work *w, const struct hep_labels *m, const char *path,
                      struct hep_error *err)
{
    for (size_t i = 0; i < w->n_placed; i++)
        if (hep_grid_same(&w->placed[i].grid, &m->grid, HEP_GRID_TOL_MM))
            return HEP_OK;
    return HEP_FAIL(err, HEP_EGEOM, "%s: its voxels are those of no image of the case", path);
}

static int read_mask(struct hep_labels **out, const struct hep_study_work *w,
                     const struct hep_set_mask *m, const char *path, struct hep_error *err)
{
    double inside[2];
    int rc = values_of(inside, w, m, err);

    if (rc == HEP_OK)
        rc = m->form == HEP_SET_PNG     ? read_stack(out, w, m, path, err)
             : m->form == HEP_SET_DICOM ? read_folder(out, w, path, err)
                                        : hep_nifti_read_labels(out, path, err);
    if (rc == HEP_OK)
        rc = check_grid(w, *out, path, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&(*out)->grid); i++)
        (*out)->data[i] =
            (double)(*out)->data[i] >= inside[0] && (double)(*out)->data[i] <= inside[1];
    return rc;
}

static int write_mask(const struct hep_study_work *w, const char *dir, const char *rest,
                      const struct hep_labels *mask, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/anat/%s_%s.nii.gz", dir, w->label, rest);
    char *folder = hep_path_join(dir, "anat", err);
    int rc = path != NULL && folder != NULL ? hep_mkdir_p(folder, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_nifti_write_labels(path, mask, NULL, err);
    free(path);
    free(folder);
    return rc;
}

/* ---- all masks of a case --------------------------------------------------------------------- */

struct gathered {
    struct hep_labels *liver[3]; /* without a rater, of the first, of the second */
    struct hep_labels *lesions;
    size_t n_lesions;
    const char *class_name;
};

/* A file of one lesion each, when the pattern numbers them; else each part that hangs together is one. */
static int add_lesions(struct gathered *g, struct hep_labels *mask, bool is_one,
                       struct hep_error *err)
{
    struct hep_labels *parts = NULL;
    size_t n = 1;
    int rc = is_one ? hep_labels_copy(&parts, mask, err)
                    : hep_mask_components(&parts, &n, mask, 26, err);

    if (rc == HEP_OK && g->lesions == NULL)
        rc = hep_labels_new(&g->lesions, &mask->grid, err);
    if (rc == HEP_OK && !hep_grid_same(&g->lesions->grid, &mask->grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM, "masks of lesions on different grids");
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&mask->grid); i++)
        if (parts->data[i] > 0)
            g->lesions->data[i] = (int32_t)g->n_lesions + parts->data[i];
    g->n_lesions += rc == HEP_OK ? n : 0;
    hep_labels_free(parts);
    return rc;
}

static int take(struct gathered *g, struct hep_study_work *w, const struct hep_set_mask *m,
                const char *path, struct hep_error *err)
{
    struct hep_labels *mask = NULL, **liver = &g->liver[(int)m->rater];
    struct hep_error own = { 0 };
    int rc = m->what == 0 && *liver != NULL ? HEP_OK : read_mask(&mask, w, m, path, &own);

    if (rc == HEP_EFORMAT || rc == HEP_EGEOM || rc == HEP_EDATA) {
        hep_labels_free(mask);
        return hep_lines_addf(&w->c->notes, err, "a mask is left out: %s", own.msg);
    }
    if (rc != HEP_OK)
        return HEP_FAIL(err, own.code, "%s", own.msg);
    if (mask == NULL)
        return HEP_OK;
    if (m->what == 0) {
        *liver = mask;
        return HEP_OK;
    }
    g->class_name = m->class_name;
    if (hep_labels_count(mask, -1) > 0)
        rc = add_lesions(g, mask, strstr(m->path, "{n}") != NULL, err);
    hep_labels_free(mask);
    return rc;
}

/* Where two raters drew, the consensus is what both drew. */
static int agree(struct gathered *g, struct hep_error *err)
{
    int rc;

    if (g->liver[0] != NULL || g->liver[1] == NULL || g->liver[2] == NULL)
        return HEP_OK;
    if (!hep_grid_same(&g->liver[1]->grid, &g->liver[2]->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the two raters' livers are on different grids");
    rc = hep_labels_copy(&g->liver[0], g->liver[1], err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&g->liver[0]->grid); i++)
        g->liver[0]->data[i] = g->liver[1]->data[i] > 0 && g->liver[2]->data[i] > 0;
    return rc;
}

static int write_all(const struct gathered *g, const struct hep_study_work *w,
                     struct hep_error *err)
{
    static const char *const rest[3] = { "label-liver_mask", "label-liver_desc-rater1_mask",
                                         "label-liver_desc-rater2_mask" };
    int rc = HEP_OK;

    for (int k = 0; rc == HEP_OK && k < 3; k++)
        if (g->liver[k] != NULL)
            rc = write_mask(w, w->truth, rest[k], g->liver[k], err);
    if (rc == HEP_OK && g->liver[0] == NULL && (g->liver[1] != NULL || g->liver[2] != NULL))
        rc = write_mask(w, w->truth, rest[0], g->liver[1] != NULL ? g->liver[1] : g->liver[2], err);
    if (rc == HEP_OK && g->lesions != NULL)
        rc = write_mask(w, w->truth, "label-lesions_dseg", g->lesions, err);
    if (rc == HEP_OK && g->lesions != NULL)
        rc = write_mask(w, w->given, "label-lesions_dseg", g->lesions, err);
    return rc;
}

int hep_study_masks(struct hep_study_work *w, size_t *n_lesions, const char **class_name,
                    struct hep_error *err)
{
    struct gathered g = { 0 };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < w->q->set->n_masks; i++) {
        const struct hep_set_mask *m = &w->q->set->mask[i];
        const struct hep_captures known = { .n = 1, .name = { "case" } };
        struct hep_captures words = known;
        struct hep_places found = { 0 };

        (void)snprintf(words.text[0], HEP_WORD_TEXT, "%s", w->c->name);
        rc = hep_pattern_find(&found, w->cases->root, m->path, &words, err);
        for (size_t k = 0; rc == HEP_OK && k < found.n; k++)
            rc = take(&g, w, m, found.list[k].path, err);
        hep_places_release(&found);
    }
    if (rc == HEP_OK)
        rc = agree(&g, err);
    if (rc == HEP_OK)
        rc = write_all(&g, w, err);
    *n_lesions = g.n_lesions;
    *class_name = g.class_name;
    for (int k = 0; k < 3; k++)
        hep_labels_free(g.liver[k]);
    hep_labels_free(g.lesions);
    return rc;
}
