#include "pipeline/stages/aligned.h"

#include "image/register_compose.h"
#include "sequences/inventory.h"

#include <math.h>

/* NULL where the product is absent or not declared. */
static const struct hep_alignment *alignment_of(struct hep_run *run)
{
    const struct hep_alignment *a = NULL;

    return hep_run_alignment(run, &a, NULL) == HEP_OK ? a : NULL;
}

const struct hep_alignment_row *hep_alignment_of(struct hep_run *run, const char *series)
{
    const struct hep_alignment *a = alignment_of(run);
    enum hep_role role = HEP_ROLE_UNKNOWN;

    if (a == NULL || series == NULL || hep_role_from_name(&role, series, NULL) != HEP_OK)
        return NULL;
    return a->series[role].present ? &a->series[role] : NULL;
}

const char *hep_reference_name(struct hep_run *run)
{
    const struct hep_alignment *a = alignment_of(run);

    return a != NULL ? hep_role_name(a->reference) : NULL;
}

enum hep_align_method hep_alignment_method(struct hep_run *run, const char *series)
{
    const struct hep_alignment *a = alignment_of(run);
    const struct hep_alignment_row *row = hep_alignment_of(run, series);

    if (row != NULL)
        return row->method;
    if (a != NULL && a->engine == HEP_ALIGNMENT_ELASTIX)
        return HEP_ALIGN_SAME;
    return a != NULL && strcmp(series, hep_role_name(a->reference)) == 0 ? HEP_ALIGN_SAME
                                                                         : HEP_ALIGN_SCANNER;
}

/* From the reference to a series; the identity for one that was not registered. */
static int one_way(struct hep_transform *out, struct hep_run *run, const char *series,
                   struct hep_error *err)
{
    const struct hep_alignment_row *row = hep_alignment_of(run, series);
    int rc;

    *out = (struct hep_transform){
        .affine = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }
    };
    if (row == NULL)
        return HEP_OK;
    for (size_t i = 0; i < 16; i++) {
        if (!isfinite(row->reference_to_series[i / 4][i % 4]))
            return HEP_FAIL(err, HEP_EFORMAT, "the alignment of %s holds no complete transform",
                            series);
    }
    memcpy(out->affine, row->reference_to_series, sizeof out->affine);
    if (row->displacement[0] == '\0')
        return HEP_OK;
    rc = hep_run_volume(run, row->displacement, &out->displacement, err);
    if (rc == HEP_OK && out->displacement == NULL)
        rc = HEP_FAIL(err, HEP_EFORMAT, "the alignment names %s, which was not saved",
                      row->displacement);
    return rc;
}

static bool is_identity(const struct hep_transform *t)
{
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 4; k++) {
            if (t->affine[i][k] != (i == k ? 1.0 : 0.0))
                return false;
        }
    }
    return t->displacement == NULL;
}

static bool same_name(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

int hep_alignment_transform(struct hep_transform *out, struct hep_volume **displacement,
                            struct hep_run *run, const char *from, const char *to,
                            const struct hep_grid *grid, struct hep_error *err)
{
    struct hep_transform a, b;
    int rc;

    *displacement = NULL;
    rc = one_way(&a, run, same_name(from, to) ? NULL : from, err);
    if (rc == HEP_OK)
        rc = one_way(&b, run, same_name(from, to) ? NULL : to, err);
    if (rc != HEP_OK)
        return rc;
    if (is_identity(&b)) {
        *out = a;
        return HEP_OK;
    }
    return hep_transform_chain(out, displacement, &a, &b, grid, err);
}

static int mean_over_t(struct hep_volume **out, const struct hep_volume *v, struct hep_error *err)
{
    size_t n = hep_grid_voxels(&v->grid);
    int rc = hep_volume_new(out, &v->grid, 1, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;

        for (size_t t = 0; t < v->nt; t++)
            sum += (double)hep_volume_at(v, t)[i];
        (*out)->data[i] = (float)(sum / (double)v->nt);
    }
    return HEP_OK;
}

int hep_aligned_series(struct hep_volume **out, struct hep_run *run,
                       const struct hep_volume *volume, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err)
{
    struct hep_volume *bend = NULL;
    struct hep_transform t;
    int rc = hep_alignment_transform(&t, &bend, run, from, to, grid, err);

    if (rc == HEP_OK && is_identity(&t) && hep_grid_same(&volume->grid, grid, HEP_GRID_TOL_MM))
        rc = hep_volume_copy(out, volume, err);
    else if (rc == HEP_OK)
        rc =
            hep_resample(out, volume, grid, &t, HEP_INTERP_LINEAR, NAN, hep_run_nthreads(run), err);
    hep_volume_free(bend);
    return rc;
}

int hep_aligned_volume(struct hep_volume **out, struct hep_run *run,
                       const struct hep_volume *volume, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err)
{
    struct hep_volume *mean = NULL;
    int rc = volume->nt > 1 ? mean_over_t(&mean, volume, err) : HEP_OK;

    if (rc == HEP_OK)
        rc = hep_aligned_series(out, run, mean != NULL ? mean : volume, from, to, grid, err);
    hep_volume_free(mean);
    return rc;
}

int hep_aligned_labels(struct hep_labels **out, struct hep_run *run,
                       const struct hep_labels *labels, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err)
{
    struct hep_volume *bend = NULL;
    struct hep_transform t;
    int rc = hep_alignment_transform(&t, &bend, run, from, to, grid, err);

    if (rc == HEP_OK && is_identity(&t) && hep_grid_same(&labels->grid, grid, HEP_GRID_TOL_MM))
        rc = hep_labels_copy(out, labels, err);
    else if (rc == HEP_OK)
        rc = hep_resample_labels(out, labels, grid, &t, err);
    hep_volume_free(bend);
    return rc;
}

static const char *series_of_grid(struct hep_run *run, const struct hep_grid *grid,
                                  const struct hep_slot *inputs)
{
    for (const struct hep_slot *s = inputs; s->name != NULL; s++) {
        const struct hep_series *series = hep_run_series(run, s->name);

        if (s->kind == HEP_SLOT_SERIES && series != NULL && !hep_role_is_mask(series->role) &&
            hep_grid_same(&series->grid, grid, HEP_GRID_TOL_MM))
            return s->name;
    }
    return NULL;
}

/* Share of the mask's voxels whose centre lies in no voxel of a grid. */
static int share_outside(double *share, const struct hep_labels *mask, const struct hep_grid *grid,
                         struct hep_error *err)
{
    const size_t *n = mask->grid.n;
    size_t inside = 0, all = 0;
    double inverse[4][4];
    int rc = hep_grid_inverse(inverse, grid, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&mask->grid); i++) {
        const size_t c[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };
        const double at[3] = { (double)c[0], (double)c[1], (double)c[2] };
        double world[3], index[3];
        bool in = true;

        if (mask->data[i] == 0)
            continue;
        hep_grid_to_world(world, &mask->grid, at);
        hep_affine_apply(index, HEP_AFFINE(inverse), world);
        for (int a = 0; a < 3; a++)
            in = in && index[a] >= -0.5 && index[a] <= (double)grid->n[a] - 0.5;
        inside += in;
        all++;
    }
    *share = all > 0 ? 1.0 - (double)inside / (double)all : 0.0;
    return rc;
}

/* A mask on a grid of its own is brought to the reference by the positions of its voxels. */
static int mask_by_position(struct hep_labels **out, struct hep_run *run,
                            const struct hep_labels *given, const char *name, struct hep_error *err)
{
    const double outside_max = 0.5; /* the larger part of it was drawn on something else */
    const char *reference = hep_reference_name(run);
    const struct hep_grid *to = &hep_run_series(run, reference)->grid;
    const size_t *n = given->grid.n;
    double outside = 0.0;
    int rc = share_outside(&outside, given, to, err);

    if (rc != HEP_OK)
        return rc;
    if (outside > outside_max)
        return HEP_FAIL(err, HEP_EGEOM,
                        "%s: %.0f %% of the mask (%zu x %zu x %zu voxels) lies outside the images "
                        "(%s), at most %.0f %%",
                        name, 100.0 * outside, n[0], n[1], n[2], reference, 100.0 * outside_max);
    hep_log_write(
        hep_run_log(run), HEP_LOG_WARNING, "mask-grid",
        "%s: the grid of the mask (%zu x %zu x %zu) is that of no series: brought to %s by "
        "the positions of its voxels, %.0f %% of it outside the images",
        name, n[0], n[1], n[2], reference, 100.0 * outside);
    return hep_resample_labels(out, given, to, NULL, err);
}

int hep_aligned_mask(struct hep_labels **out, struct hep_run *run, const struct hep_labels *given,
                     const struct hep_slot *inputs, const char *name, struct hep_error *err)
{
    const char *reference = hep_reference_name(run),
               *from = series_of_grid(run, &given->grid, inputs);

    if (from == NULL)
        return mask_by_position(out, run, given, name, err);
    return hep_aligned_labels(out, run, given, from, reference,
                              &hep_run_series(run, reference)->grid, err);
}
