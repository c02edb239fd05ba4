/* Zones of one grey level: size zone and distance zone matrices. Source: manual, 3.8 and 3.9. */
#include "radiomics/grey_table.h"

#include "base/alloc.h"

#include <stdlib.h>

/* Steps over faces (edges in a slice) from each voxel of the shape to the nearest one outside it: 1 at the border. Two
 * sweeps are exact for steps along axes (Rosenfeld and Pfaltz, J ACM 1966;13:471); the margin of the box is outside. */
static void border_distance(int32_t *distance, const struct hep_region *r, bool in_slice)
{
    const size_t step[3] = { 1, r->n[0], r->n[0] * r->n[1] };
    const int n_axes = in_slice ? 2 : 3;

    for (size_t i = 0; i < r->total; i++) {
        distance[i] = r->shape[i] ? INT32_MAX - 1 : 0;
        for (int a = 0; r->shape[i] && a < n_axes; a++)
            distance[i] =
                distance[i - step[a]] + 1 < distance[i] ? distance[i - step[a]] + 1 : distance[i];
    }
    for (size_t i = r->total; i-- > 0;) {
        for (int a = 0; r->shape[i] && a < n_axes; a++)
            distance[i] =
                distance[i + step[a]] + 1 < distance[i] ? distance[i + step[a]] + 1 : distance[i];
    }
}

/* The first voxel of a zone stands for it; on the way every second voxel is moved up (path halving). */
static size_t first_of(uint32_t *parent, size_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* Each voxel joins its equal neighbours that come before it. */
static void join_zones(uint32_t *parent, const struct hep_region *r, bool in_slice)
{
    size_t back[HEP_DIRECTIONS_3D];
    const int n_back = hep_region_n_directions(in_slice);

    for (int k = 0; k < n_back; k++) {
        const ptrdiff_t step = hep_region_step(r, k);

        back[k] = (size_t)(step < 0 ? -step : step);
    }
    for (size_t v = 0; v < r->n_voxels; v++) {
        const size_t i = r->voxel[v];
        size_t mine = i;

        parent[i] = (uint32_t)i;
        for (int k = 0; k < n_back; k++) {
            size_t other;

            if (r->level[i - back[k]] != r->level[i])
                continue;
            other = first_of(parent, i - back[k]);
            if (other < mine) {
                parent[mine] = (uint32_t)other;
                mine = other;
            } else {
                parent[other] = (uint32_t)mine;
            }
        }
    }
}

/* A zone: its grey level, its voxels, and the distance of its outermost voxel from the border. */
struct zone {
    int32_t level;
    double size, distance;
};

/* All zones of a partition of the region into slices, or of the whole of it. */
struct zones {
    struct zone *list;
    size_t n, *first; /* zones of slice z: first[z] to first[z + 1] - 1 */
    double *n_voxels; /* of each slice */
    size_t n_slices;
};

static void zones_release(struct zones *z)
{
    free(z->list);
    free(z->first);
    free(z->n_voxels);
}

/* With in_slice each slice has its own zones, else the region is one piece, "slice" 0. */
static int find_zones(struct zones *z, const struct hep_region *r, bool in_slice,
                      struct hep_error *err)
{
    const size_t per_slice = in_slice ? r->n[0] * r->n[1] : r->total;
    int32_t *distance = NULL;
    uint32_t *parent = NULL;
    uint32_t *number = NULL; /* of the zone that a voxel is the first of */
    int rc = HEP_ENOMEM;

    *z = (struct zones){ .n_slices = in_slice ? r->n[2] : 1 };
    if (r->total >= UINT32_MAX)
        return HEP_FAIL(err, HEP_EINVAL, "a region in a box of %zu voxels is too large", r->total);
    if (HEP_NEW(parent, r->total, err) != HEP_OK || HEP_NEW(number, r->total, err) != HEP_OK ||
        HEP_NEW(distance, r->total, err) != HEP_OK ||
        HEP_NEW(z->list, r->n_voxels, err) != HEP_OK ||
        HEP_NEW(z->first, z->n_slices + 1, err) != HEP_OK ||
        HEP_NEW(z->n_voxels, z->n_slices, err) != HEP_OK)
        goto out;
    border_distance(distance, r, in_slice);
    join_zones(parent, r, in_slice);
    for (size_t v = 0; v < r->n_voxels; v++) {
        const size_t i = r->voxel[v];
        const size_t first = first_of(parent, i);
        struct zone *zone;

        z->n_voxels[i / per_slice] += 1.0;
        if (first == i) {
            number[i] = (uint32_t)z->n;
            z->list[z->n] = (struct zone){ r->level[i], 0.0, (double)distance[i] };
            z->first[i / per_slice + 1] = ++z->n;
        }
        zone = &z->list[number[first]];
        zone->size += 1.0;
        zone->distance = distance[i] < zone->distance ? (double)distance[i] : zone->distance;
    }
    for (size_t k = 0; k < z->n_slices; k++)
        z->first[k + 1] = z->first[k + 1] > z->first[k] ? z->first[k + 1] : z->first[k];
    rc = HEP_OK;
out:
    free(parent);
    free(number);
    free(distance);
    return rc;
}

static double extent(const struct zone *z, bool by_distance)
{
    return by_distance ? z->distance : z->size;
}

/* The table of n zones, added to a mean. Sizes and distances are whole numbers: a column for each that occurs. */
static int add_features(struct hep_feature_mean *mean, const struct zone *list, size_t n,
                        double n_voxels, size_t n_levels, bool by_distance, struct hep_error *err)
{
    struct hep_grey_table table = { 0 };
    size_t *column = NULL;
    double *sizes = NULL;
    size_t n_sizes = 0;
    size_t most = 0;
    int rc = HEP_OK;

    for (size_t i = 0; i < n; i++) {
        const size_t here = (size_t)extent(&list[i], by_distance);

        most = here > most ? here : most;
    }
    if (n == 0)
        return HEP_OK;
    rc = HEP_NEW(column, most + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(sizes, most + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        column[(size_t)extent(&list[i], by_distance)] = 1;
    for (size_t k = 0; rc == HEP_OK && k <= most; k++) {
        if (column[k] != 0) {
            column[k] = n_sizes;
            sizes[n_sizes++] = (double)k;
        }
    }
    if (rc == HEP_OK)
        rc = hep_grey_table_new(&table, n_levels, n_sizes, err);
    if (rc == HEP_OK) {
        table.size = sizes;
        for (size_t i = 0; i < n; i++)
            hep_grey_table_count(&table, list[i].level,
                                 column[(size_t)extent(&list[i], by_distance)]);
        hep_feature_mean_add(mean, &table, n_voxels);
    }
    hep_grey_table_release(&table);
    free(column);
    free(sizes);
    return rc;
}

static int features_of(double (*value)[HEP_AGG_N], const struct hep_region *r,
                       const struct zones *flat, const struct zones *solid, bool by_distance,
                       struct hep_error *err)
{
    struct hep_feature_mean mean[3] = { 0 };
    const double all = (double)r->n_voxels;
    int rc = HEP_OK;

    for (size_t z = 0; rc == HEP_OK && z < flat->n_slices; z++)
        rc = add_features(&mean[AGG_2D], flat->list + flat->first[z],
                          flat->first[z + 1] - flat->first[z], flat->n_voxels[z], r->n_levels,
                          by_distance, err);
    if (rc == HEP_OK)
        rc = add_features(&mean[AGG_2_5D], flat->list, flat->n, all, r->n_levels, by_distance, err);
    if (rc == HEP_OK)
        rc = add_features(&mean[AGG_3D], solid->list, solid->n, all, r->n_levels, by_distance, err);
    for (int a = 0; rc == HEP_OK && a < 3; a++)
        hep_feature_mean_put(value, a, &mean[a]);
    return rc;
}

int hep_zones(double (*by_size)[HEP_AGG_N], double (*by_distance)[HEP_AGG_N],
              const struct hep_region *r, struct hep_error *err)
{
    struct zones flat = { 0 };
    struct zones solid = { 0 };
    int rc = find_zones(&flat, r, true, err);

    if (rc == HEP_OK)
        rc = find_zones(&solid, r, false, err);
    if (rc == HEP_OK && by_size != NULL)
        rc = features_of(by_size, r, &flat, &solid, false, err);
    if (rc == HEP_OK && by_distance != NULL)
        rc = features_of(by_distance, r, &flat, &solid, true, err);
    zones_release(&flat);
    zones_release(&solid);
    return rc;
}
