/* Grey level run length matrices. Source: manual, 3.7. */
#include "radiomics/grey_table.h"

/* Length of the run that starts at voxel i going along d; 0 when none starts there. */
static size_t run_from(const struct hep_region *r, size_t x, size_t y, size_t z, const int d[3])
{
    size_t here = x + r->n[0] * (y + r->n[1] * z);
    size_t before = hep_region_at(r, (long)x - d[0], (long)y - d[1], (long)z - d[2]);
    int32_t level = r->level[here];
    size_t length = 0;

    if (level == 0 || (before != SIZE_MAX && r->level[before] == level))
        return 0;
    for (long k = 1; here != SIZE_MAX && r->level[here] == level; k++) {
        length++;
        here = hep_region_at(r, (long)x + k * d[0], (long)y + k * d[1], (long)z + k * d[2]);
    }
    return length;
}

/* Adds the runs along d that start in slices from..to - 1; returns the voxels there. */
static double count_runs(struct hep_grey_table *t, const struct hep_region *r, const int d[3],
                         size_t from, size_t to)
{
    double n = 0.0;

    for (size_t z = from; z < to; z++) {
        for (size_t y = 0; y < r->n[1]; y++) {
            for (size_t x = 0; x < r->n[0]; x++) {
                int32_t level = r->level[x + r->n[0] * (y + r->n[1] * z)];
                size_t length = run_from(r, x, y, z, d);

                n += level > 0;
                if (length > 0)
                    hep_grey_table_count(t, level, length - 1);
            }
        }
    }
    return n;
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
            n = count_runs(&t->one, r, hep_direction[d], z, z + 1);
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
        count_runs(&t->one, r, hep_direction[d], 0, r->n[2]);
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
