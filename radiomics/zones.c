/* Zones of one grey level: size zone and distance zone matrices. Source: manual, 3.8 and 3.9. */
#include "radiomics/grey_table.h"

#include "base/alloc.h"
#include "base/number.h"

#include <stdlib.h>

/* Voxels of a zone wait here until their neighbours have been seen. */
struct zone_search {
    const struct hep_region *r;
    uint8_t *seen;
    size_t *waiting;
    size_t n_waiting;
};

static void look_around(struct zone_search *s, size_t i, bool in_slice)
{
    const struct hep_region *r = s->r;
    long at[3];

    hep_region_place(at, r, i);
    for (int k = 0; k < hep_region_n_neighbours(in_slice); k++) {
        size_t j = hep_region_neighbour(r, at, k);

        if (j == SIZE_MAX || s->seen[j] || r->level[j] != r->level[i])
            continue;
        s->seen[j] = 1;
        s->waiting[s->n_waiting++] = j;
    }
}

/* Number of voxels of the zone of voxel i, and the least of their distances. */
static size_t take_zone(struct zone_search *s, size_t i, bool in_slice, const int32_t *distance,
                        int32_t *nearest)
{
    size_t next = 0;

    s->n_waiting = 0;
    s->waiting[s->n_waiting++] = i;
    s->seen[i] = 1;
    *nearest = distance[i];
    while (next < s->n_waiting) {
        size_t j = s->waiting[next++];

        *nearest = distance[j] < *nearest ? distance[j] : *nearest;
        look_around(s, j, in_slice);
    }
    return s->n_waiting;
}

/* Steps over faces (edges in a slice) from each voxel of the shape to the nearest one outside it: 1 at the border. */
static void border_distance(int32_t *distance, size_t *waiting, const struct hep_region *r,
                            bool in_slice)
{
    static const int face[6][3] = { { 1, 0, 0 },  { -1, 0, 0 }, { 0, 1, 0 },
                                    { 0, -1, 0 }, { 0, 0, 1 },  { 0, 0, -1 } };
    int n_faces = in_slice ? 4 : 6;
    size_t n = 0;

    for (size_t i = 0; i < r->total; i++) {
        distance[i] = r->shape[i] ? -1 : 0;
        if (!r->shape[i])
            waiting[n++] = i;
    }
    for (size_t next = 0; next < n; next++) {
        size_t i = waiting[next];
        long at[3];

        hep_region_place(at, r, i);
        for (int f = 0; f < n_faces; f++) {
            size_t j = hep_region_at(r, at[0] + face[f][0], at[1] + face[f][1], at[2] + face[f][2]);

            if (j != SIZE_MAX && distance[j] < 0) {
                distance[j] = distance[i] + 1;
                waiting[n++] = j;
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
    struct zone_search s = { .r = r };
    size_t per_slice = in_slice ? r->n[0] * r->n[1] : r->total;
    int32_t *distance = NULL;
    int rc = HEP_ENOMEM;

    *z = (struct zones){ .n_slices = in_slice ? r->n[2] : 1 };
    if (HEP_NEW(s.seen, r->total, err) != HEP_OK || HEP_NEW(s.waiting, r->total, err) != HEP_OK ||
        HEP_NEW(distance, r->total, err) != HEP_OK ||
        HEP_NEW(z->list, r->n_voxels, err) != HEP_OK ||
        HEP_NEW(z->first, z->n_slices + 1, err) != HEP_OK ||
        HEP_NEW(z->n_voxels, z->n_slices, err) != HEP_OK)
        goto out;
    border_distance(distance, s.waiting, r, in_slice);
    for (size_t i = 0; i < r->total; i++) {
        int32_t nearest = 0;
        size_t size = 0;

        if (r->level[i] == 0)
            continue;
        z->n_voxels[i / per_slice] += 1.0;
        if (s.seen[i])
            continue;
        size = take_zone(&s, i, in_slice, distance, &nearest);
        z->list[z->n++] = (struct zone){ r->level[i], (double)size, (double)nearest };
        z->first[i / per_slice + 1] = z->n;
    }
    for (size_t k = 0; k < z->n_slices; k++)
        z->first[k + 1] = z->first[k + 1] > z->first[k] ? z->first[k + 1] : z->first[k];
    rc = HEP_OK;
out:
    free(s.seen);
    free(s.waiting);
    free(distance);
    return rc;
}

static double extent(const struct zone *z, bool by_distance)
{
    return by_distance ? z->distance : z->size;
}

/* Distinct sizes (or distances) of n zones, rising; returns how many. */
static size_t distinct(double *sizes, const struct zone *list, size_t n, bool by_distance)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        sizes[i] = extent(&list[i], by_distance);
    qsort(sizes, n, sizeof *sizes, hep_compare_doubles);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || sizes[i] > sizes[kept - 1])
            sizes[kept++] = sizes[i];
    }
    return kept;
}

/* The table of n zones, added to a mean. */
static int add_features(struct hep_feature_mean *mean, const struct zone *list, size_t n,
                        double n_voxels, size_t n_levels, bool by_distance, struct hep_error *err)
{
    struct hep_grey_table table = { 0 };
    double *sizes = NULL;
    size_t n_sizes = 0;
    int rc = HEP_OK;

    if (n == 0)
        return HEP_OK;
    if (HEP_NEW(sizes, n, err) != HEP_OK)
        return HEP_ENOMEM;
    n_sizes = distinct(sizes, list, n, by_distance);
    rc = hep_grey_table_new(&table, n_levels, n_sizes, err);
    if (rc == HEP_OK) {
        table.size = sizes;
        for (size_t i = 0; i < n; i++) {
            double size = extent(&list[i], by_distance);
            const double *at = bsearch(&size, sizes, n_sizes, sizeof *sizes, hep_compare_doubles);

            hep_grey_table_count(&table, list[i].level, (size_t)(at - sizes));
        }
        hep_feature_mean_add(mean, &table, n_voxels);
    }
    hep_grey_table_release(&table);
    free(sizes);
    return rc;
}

static int zone_features(double (*value)[HEP_AGG_N], const struct hep_region *r, bool by_distance,
                         struct hep_error *err)
{
    struct hep_feature_mean mean[3] = { 0 };
    struct zones flat = { 0 };
    struct zones solid = { 0 };
    double all = (double)r->n_voxels;
    int rc = find_zones(&flat, r, true, err);

    for (size_t z = 0; rc == HEP_OK && z < flat.n_slices; z++)
        rc = add_features(&mean[AGG_2D], flat.list + flat.first[z],
                          flat.first[z + 1] - flat.first[z], flat.n_voxels[z], r->n_levels,
                          by_distance, err);
    if (rc == HEP_OK)
        rc = add_features(&mean[AGG_2_5D], flat.list, flat.n, all, r->n_levels, by_distance, err);
    if (rc == HEP_OK)
        rc = find_zones(&solid, r, false, err);
    if (rc == HEP_OK)
        rc = add_features(&mean[AGG_3D], solid.list, solid.n, all, r->n_levels, by_distance, err);
    for (int a = 0; rc == HEP_OK && a < 3; a++)
        hep_feature_mean_put(value, a, &mean[a]);
    zones_release(&flat);
    zones_release(&solid);
    return rc;
}

int hep_size_zone(double (*value)[HEP_AGG_N], const struct hep_region *r, struct hep_error *err)
{
    return zone_features(value, r, false, err);
}

int hep_distance_zone(double (*value)[HEP_AGG_N], const struct hep_region *r, struct hep_error *err)
{
    return zone_features(value, r, true, err);
}
