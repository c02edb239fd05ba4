/* Grey level run length matrices. Source: manual, 3.7. */
#include "radiomics/grey_table.h"

/* Adds the runs along a direction that start in slices from..to - 1; returns the voxels there. Around the region the level
 * is 0, where every run ends. */
static double count_runs(struct hep_grey_table *t, const struct hep_region *r, int direction,
                         size_t from, size_t to)
{
    const ptrdiff_t step = hep_region_step(r, direction);

    for (size_t v = r->slice[from]; v < r->slice[to]; v++) {
        size_t i = r->voxel[v];
        const int32_t level = r->level[i];
        size_t length = 0;

        if (r->level[hep_region_move(i, -step)] == level)
            continue;
        for (; r->level[i] == level; i = hep_region_move(i, step))
            length++;
        hep_grey_table_count(t, level, length - 1);
    }
    return (double)(r->slice[to] - r->slice[from]);
}

struct run_tables {
    struct hep_grey_table one, slice, direction[HEP_DIRECTIONS_2D], all;
};

static void in_slices(double (*value)[HEP_AGG_N], struct run_tables *t, const struct hep_region *r)
{
    struct hep_feature_mean each = { 0 };
    struct hep_feature_mean slices = { 0 };
    struct hep_feature_mean directions = { 0 };
    struct hep_feature_mean all = { 0 };

    for (size_t z = 0; z < r->n[2]; z++) {
        double n = 0.0;

        hep_grey_table_clear(&t->slice);
        for (int d = 0; d < HEP_DIRECTIONS_2D; d++) {
            hep_grey_table_clear(&t->one);
            n = count_runs(&t->one, r, d, z, z + 1);
            hep_feature_mean_add(&each, &t->one, n);
            hep_grey_table_add(&t->slice, &t->one);
            hep_grey_table_add(&t->direction[d], &t->one);
        }
        hep_feature_mean_add(&slices, &t->slice, n * HEP_DIRECTIONS_2D);
        hep_grey_table_add(&t->all, &t->slice);
    }
    for (int d = 0; d < HEP_DIRECTIONS_2D; d++)
        hep_feature_mean_add(&directions, &t->direction[d], (double)r->n_voxels);
    hep_feature_mean_add(&all, &t->all, (double)r->n_voxels * HEP_DIRECTIONS_2D);
    hep_feature_mean_put(value, HEP_AGG_2D_AVG, &each);
    hep_feature_mean_put(value, HEP_AGG_2D_COMB, &slices);
    hep_feature_mean_put(value, HEP_AGG_2_5D_AVG, &directions);
    hep_feature_mean_put(value, HEP_AGG_2_5D_COMB, &all);
}

static void in_space(double (*value)[HEP_AGG_N], struct run_tables *t, const struct hep_region *r)
{
    struct hep_feature_mean each = { 0 };
    struct hep_feature_mean all = { 0 };

    hep_grey_table_clear(&t->all);
    for (int d = 0; d < HEP_DIRECTIONS_3D; d++) {
        hep_grey_table_clear(&t->one);
        count_runs(&t->one, r, d, 0, r->n[2]);
        hep_feature_mean_add(&each, &t->one, (double)r->n_voxels);
        hep_grey_table_add(&t->all, &t->one);
    }
    hep_feature_mean_add(&all, &t->all, (double)r->n_voxels * HEP_DIRECTIONS_3D);
    hep_feature_mean_put(value, HEP_AGG_3D_AVG, &each);
    hep_feature_mean_put(value, HEP_AGG_3D_COMB, &all);
}

int hep_run_length(double (*value)[HEP_AGG_N], const struct hep_region *r, struct hep_error *err)
{
    struct run_tables t = { 0 };
    size_t longest = r->n[0] > r->n[1] ? r->n[0] : r->n[1];
    int rc = HEP_OK;

    longest = longest > r->n[2] ? longest : r->n[2];
    rc = hep_grey_table_new(&t.one, r->n_levels, longest, err);
    if (rc == HEP_OK)
        rc = hep_grey_table_new(&t.slice, r->n_levels, longest, err);
    if (rc == HEP_OK)
        rc = hep_grey_table_new(&t.all, r->n_levels, longest, err);
    for (int d = 0; rc == HEP_OK && d < HEP_DIRECTIONS_2D; d++)
        rc = hep_grey_table_new(&t.direction[d], r->n_levels, longest, err);
    if (rc == HEP_OK) {
        in_slices(value, &t, r);
        in_space(value, &t, r);
    }
    hep_grey_table_release(&t.one);
    hep_grey_table_release(&t.slice);
    hep_grey_table_release(&t.all);
    for (int d = 0; d < HEP_DIRECTIONS_2D; d++)
        hep_grey_table_release(&t.direction[d]);
    return rc;
}
