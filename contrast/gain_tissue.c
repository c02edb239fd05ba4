/* Signals of the tissue that the receive gain is judged by, whole and in parts. */
#include "contrast/gain.h"

#include "base/alloc.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>

void hep_gain_tissue_none(struct hep_gain_tissue *out)
{
    *out = (struct hep_gain_tissue){ .median = (double)NAN };
    for (int k = 0; k < HEP_GAIN_PARTS; k++)
        out->part[k] = (double)NAN;
}

static void world_of(double world[3], const struct hep_grid *g, size_t i)
{
    const size_t row = i / g->n[0], plane = row / g->n[1];
    const double voxel[3] = { (double)(i % g->n[0]), (double)(row % g->n[1]), (double)plane };

    hep_grid_to_world(world, g, voxel);
}

int hep_gain_split_of(struct hep_gain_split *out, const struct hep_labels *map, int32_t label,
                      struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&map->grid), count = hep_labels_count(map, label);
    float *x = hep_calloc(count + 1, sizeof *x, err), *z = hep_calloc(count + 1, sizeof *z, err);
    size_t n = 0;

    if (x == NULL || z == NULL) {
        free(x);
        free(z);
        return HEP_ENOMEM;
    }
    for (size_t i = 0; i < voxels; i++) {
        double world[3];

        if (map->data[i] != label)
            continue;
        world_of(world, &map->grid, i);
        x[n] = (float)world[0];
        z[n++] = (float)world[2];
    }
    out->x_mm = hep_quantile(x, n, 0.5);
    out->z_mm[0] = hep_quantile(z, n, 1.0 / 3.0);
    out->z_mm[1] = hep_quantile(z, n, 2.0 / 3.0);
    free(x);
    free(z);
    return HEP_OK;
}

static int part_at(const struct hep_gain_split *split, const struct hep_grid *g, size_t i)
{
    double world[3];

    world_of(world, g, i);
    return (world[0] > split->x_mm ? 3 : 0) + (world[2] > split->z_mm[0]) +
           (world[2] > split->z_mm[1]);
}

static double median_of(float *x, size_t n)
{
    return n >= HEP_GAIN_PART_MIN_VOXELS ? hep_quantile(x, n, 0.5) : (double)NAN;
}

int hep_gain_tissue_of(struct hep_gain_tissue *out, const struct hep_gain_split *split,
                       const struct hep_volume *v, const struct hep_labels *map, int32_t label,
                       struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&map->grid), count = hep_labels_count(map, label);
    size_t in_part[HEP_GAIN_PARTS] = { 0 };
    float *x;

    if (!hep_grid_same(&v->grid, &map->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the tissue is not on the grid of the series");
    hep_gain_tissue_none(out);
    x = hep_calloc((HEP_GAIN_PARTS + 1) * count + 1, sizeof *x, err);
    if (x == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < voxels; i++) {
        int k;

        if (map->data[i] != label || !isfinite(v->data[i]))
            continue;
        k = part_at(split, &map->grid, i);
        x[(size_t)(k + 1) * count + in_part[k]++] = v->data[i];
        x[out->n++] = v->data[i];
    }
    for (size_t k = 0; k < HEP_GAIN_PARTS; k++)
        out->part[k] = median_of(&x[(k + 1) * count], in_part[k]);
    out->median = median_of(x, out->n);
    free(x);
    return HEP_OK;
}

int hep_gain_body_ratio(double *ratio, size_t *n, const struct hep_volume *before,
                        const struct hep_volume *after, const struct hep_labels *body,
                        struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&body->grid);
    float *x;

    if (!hep_grid_same(&before->grid, &body->grid, HEP_GRID_TOL_MM) ||
        !hep_grid_same(&after->grid, &body->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the body and the two series are not on one grid");
    x = hep_calloc(voxels + 1, sizeof *x, err);
    if (x == NULL)
        return HEP_ENOMEM;
    *n = 0;
    for (size_t i = 0; i < voxels; i++) {
        const float r = after->data[i] / before->data[i];

        if (body->data[i] != 0 && before->data[i] > 0.0F && isfinite(r))
            x[(*n)++] = r;
    }
    *ratio = hep_quantile(x, *n, 0.5);
    free(x);
    return HEP_OK;
}
