#include "image/volume.h"

#include "base/alloc.h"

#include <math.h>

static int count_values(size_t *count, const struct hep_grid *grid, size_t nt,
                        struct hep_error *err)
{
    size_t n = nt;

    for (int k = 0; k < 3; k++) {
        if (!hep_mul_size(&n, n, grid->n[k]))
            return HEP_FAIL(err, HEP_ENOMEM, "%zu x %zu x %zu x %zu voxels are too many",
                            grid->n[0], grid->n[1], grid->n[2], nt);
    }
    if (n == 0)
        return HEP_FAIL(err, HEP_EINVAL, "a size is 0: %zu x %zu x %zu x %zu", grid->n[0],
                        grid->n[1], grid->n[2], nt);
    *count = n;
    return HEP_OK;
}

int hep_volume_new_unset(struct hep_volume **out, const struct hep_grid *grid, size_t nt,
                         struct hep_error *err)
{
    struct hep_volume *v = NULL;
    size_t n = 0;
    int rc = count_values(&n, grid, nt, err);

    if (rc != HEP_OK)
        return rc;
    v = hep_calloc(1, sizeof *v, err);
    if (v != NULL)
        v->data = hep_alloc_aligned(n, sizeof *v->data, err);
    if (v == NULL || v->data == NULL) {
        hep_volume_free(v);
        return HEP_ENOMEM;
    }
    v->grid = *grid;
    v->nt = nt;
    *out = v;
    return HEP_OK;
}

int hep_volume_new(struct hep_volume **out, const struct hep_grid *grid, size_t nt,
                   struct hep_error *err)
{
    int rc = hep_volume_new_unset(out, grid, nt, err);

    if (rc == HEP_OK)
        (void)memset((*out)->data, 0, hep_grid_voxels(grid) * nt * sizeof *(*out)->data);
    return rc;
}

int hep_volume_copy(struct hep_volume **out, const struct hep_volume *in, struct hep_error *err)
{
    int rc = hep_volume_new_unset(out, &in->grid, in->nt, err);

    if (rc == HEP_OK)
        (void)memcpy((*out)->data, in->data,
                     hep_grid_voxels(&in->grid) * in->nt * sizeof *in->data);
    return rc;
}

void hep_volume_free(struct hep_volume *v)
{
    if (v != NULL)
        free(v->data);
    free(v);
}

float *hep_volume_at(const struct hep_volume *v, size_t t)
{
    return v->data + t * hep_grid_voxels(&v->grid);
}

int hep_volume_pick(struct hep_volume **out, const struct hep_volume *v, size_t t,
                    struct hep_error *err)
{
    int rc;

    if (t >= v->nt)
        return HEP_FAIL(err, HEP_EINVAL, "volume %zu of %zu", t, v->nt);
    rc = hep_volume_new_unset(out, &v->grid, 1, err);
    if (rc == HEP_OK)
        (void)memcpy((*out)->data, hep_volume_at(v, t),
                     hep_grid_voxels(&v->grid) * sizeof *v->data);
    return rc;
}

int hep_labels_new(struct hep_labels **out, const struct hep_grid *grid, struct hep_error *err)
{
    struct hep_labels *l = NULL;
    size_t n = 0;
    int rc = count_values(&n, grid, 1, err);

    if (rc != HEP_OK)
        return rc;
    l = hep_calloc(1, sizeof *l, err);
    if (l != NULL)
        l->data = hep_alloc_aligned(n, sizeof *l->data, err);
    if (l == NULL || l->data == NULL) {
        hep_labels_free(l);
        return HEP_ENOMEM;
    }
    (void)memset(l->data, 0, n * sizeof *l->data);
    l->grid = *grid;
    *out = l;
    return HEP_OK;
}

int hep_labels_copy(struct hep_labels **out, const struct hep_labels *in, struct hep_error *err)
{
    int rc = hep_labels_new(out, &in->grid, err);

    if (rc == HEP_OK)
        (void)memcpy((*out)->data, in->data, hep_grid_voxels(&in->grid) * sizeof *in->data);
    return rc;
}

void hep_labels_free(struct hep_labels *l)
{
    if (l != NULL)
        free(l->data);
    free(l);
}

void hep_labels_keep_small(struct hep_labels *l, int32_t label, const double centre_mm[3])
{
    size_t i;

    if (hep_labels_count(l, label) == 0 && hep_grid_voxel_at(&i, &l->grid, centre_mm) &&
        l->data[i] == 0)
        l->data[i] = label;
}

bool hep_label_from(int32_t *label, double x)
{
    const double near = nearbyint(x), tol = fmin(HEP_LABEL_TOL * fmax(near, 1.0), 0.1);

    if (!(near >= 0.0 && near <= (double)INT32_MAX && fabs(x - near) <= tol))
        return false;
    *label = (int32_t)near;
    return true;
}

int hep_label_fail(const struct hep_grid *grid, size_t i, double x, struct hep_error *err)
{
    return HEP_FAIL(err, HEP_EFORMAT,
                    "voxel (%zu, %zu, %zu) holds %g; a label is an integer from 0 to 2147483647",
                    i % grid->n[0], i / grid->n[0] % grid->n[1], i / (grid->n[0] * grid->n[1]), x);
}

int hep_labels_from_volume(struct hep_labels **out, const struct hep_volume *v,
                           struct hep_error *err)
{
    struct hep_labels *l = NULL;
    const size_t n = hep_grid_voxels(&v->grid);
    int rc;

    if (v->nt != 1)
        return HEP_FAIL(err, HEP_EFORMAT, "a label map has 1 volume, this image has %zu", v->nt);
    rc = hep_labels_new(&l, &v->grid, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (!hep_label_from(&l->data[i], (double)v->data[i])) {
            hep_labels_free(l);
            return hep_label_fail(&v->grid, i, (double)v->data[i], err);
        }
    }
    *out = l;
    return HEP_OK;
}

size_t hep_labels_count(const struct hep_labels *l, int32_t label)
{
    const size_t n = hep_grid_voxels(&l->grid);
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += label < 0 ? l->data[i] != 0 : l->data[i] == label;
    return count;
}
