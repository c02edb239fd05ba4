/* Neighbourhood grey tone difference, and neighbouring grey level dependence with distance 1 and coarseness 0.
 * Source: manual, 3.10 and 3.11. */
#include "radiomics/grey_table.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>

/* Coarseness of a region without any difference is infinite; the manual gives it this value (3.10.1). */
#define COARSENESS_MAX 1e6
#define MAX_NEIGHBOURS 26

/* What stands around a voxel: neighbours in the region, their sum, and how many have its level. */
struct around {
    int n, n_equal;
    double sum;
};

static struct around look_around(const struct hep_region *r, const ptrdiff_t *step, int n_steps,
                                 size_t i)
{
    const int32_t level = r->level[i];
    int32_t sum = 0;
    int n = 0;
    int n_equal = 0;

    for (int k = 0; k < n_steps; k++) {
        const int32_t a = r->level[hep_region_move(i, step[k])];
        const int32_t b = r->level[hep_region_move(i, -step[k])];

        n += (a != 0) + (b != 0);
        n_equal += (a == level) + (b == level);
        sum += a + b;
    }
    return (struct around){ n, n_equal, (double)sum };
}

static int steps_of(ptrdiff_t step[HEP_DIRECTIONS_3D], const struct hep_region *r, bool in_slice)
{
    for (int k = 0; k < hep_region_n_directions(in_slice); k++)
        step[k] = hep_region_step(r, k);
    return hep_region_n_directions(in_slice);
}

/* Per grey level: voxels that have a neighbour, and the sum of differences from the mean of their neighbours. */
struct tones {
    size_t n_levels;
    double *n, *difference;
};

static int tones_new(struct tones *t, size_t n_levels, struct hep_error *err)
{
    *t = (struct tones){ .n_levels = n_levels };
    if (HEP_NEW(t->n, n_levels + 1, err) != HEP_OK ||
        HEP_NEW(t->difference, n_levels + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    return HEP_OK;
}

static void tones_release(struct tones *t)
{
    free(t->n);
    free(t->difference);
}

static void count_tones(struct tones *t, const struct hep_region *r, size_t from, size_t to,
                        bool in_slice)
{
    ptrdiff_t step[HEP_DIRECTIONS_3D];
    const int n_steps = steps_of(step, r, in_slice);

    for (size_t v = r->slice[from]; v < r->slice[to]; v++) {
        const size_t i = r->voxel[v];
        const struct around a = look_around(r, step, n_steps, i);

        if (a.n == 0)
            continue;
        t->n[r->level[i]] += 1.0;
        t->difference[r->level[i]] += fabs((double)r->level[i] - a.sum / a.n);
    }
}

/* Sums over pairs of levels that occur. */
static void tone_pairs(double sums[4], const struct tones *t, double n)
{
    for (size_t i = 1; i <= t->n_levels; i++) {
        for (size_t j = 1; j <= t->n_levels; j++) {
            double p = t->n[i] / n;
            double q = t->n[j] / n;
            double step = (double)i - (double)j;

            if (p <= 0.0 || q <= 0.0)
                continue;
            sums[0] += p * q * step * step;
            sums[1] += fabs((double)i * p - (double)j * q);
            sums[2] += fabs(step) * (p * t->difference[i] + q * t->difference[j]) / (p + q);
            sums[3] += (p + q) * step * step;
        }
    }
}

/* Coarseness, contrast, busyness, complexity, strength; false when no voxel has a neighbour. */
static bool tone_features(double f[5], const struct tones *t)
{
    double sums[4] = { 0 };
    double n = 0.0;
    double present = 0.0;
    double weighted = 0.0;
    double difference = 0.0;

    for (size_t i = 1; i <= t->n_levels; i++)
        n += t->n[i];
    if (n <= 0.0)
        return false;
    for (size_t i = 1; i <= t->n_levels; i++) {
        present += t->n[i] > 0.0;
        weighted += t->n[i] / n * t->difference[i];
        difference += t->difference[i];
    }
    tone_pairs(sums, t, n);
    f[0] = weighted > 0.0 ? fmin(1.0 / weighted, COARSENESS_MAX) : COARSENESS_MAX;
    f[1] = present > 1.0 ? sums[0] / (present * (present - 1.0)) * difference / n : 0.0;
    f[2] = sums[1] > 0.0 ? weighted / sums[1] : 0.0;
    f[3] = sums[2] / n;
    f[4] = difference > 0.0 ? sums[3] / difference : 0.0;
    return true;
}

struct tone_mean {
    double sum[5];
    size_t n;
};

static void mean_add(struct tone_mean *m, const struct tones *t)
{
    double f[5];

    if (!tone_features(f, t))
        return;
    for (int i = 0; i < 5; i++)
        m->sum[i] += f[i];
    m->n++;
}

static void mean_put(double (*value)[HEP_AGG_N], int aggregation, const struct tone_mean *m)
{
    for (int i = 0; i < 5; i++)
        value[i][aggregation] = m->n > 0 ? m->sum[i] / (double)m->n : (double)NAN;
}

int hep_neighbourhood(double (*value)[HEP_AGG_N], const struct hep_region *r, struct hep_error *err)
{
    struct tone_mean mean[3] = { 0 };
    int rc = HEP_OK;

    for (size_t z = 0; rc == HEP_OK && z < r->n[2] + 2;
         z++) { /* each slice, all slices, all of the region */
        struct tones t = { 0 };

        rc = tones_new(&t, r->n_levels, err);
        if (rc == HEP_OK && z < r->n[2]) {
            count_tones(&t, r, z, z + 1, true);
            mean_add(&mean[AGG_2D], &t);
        } else if (rc == HEP_OK) {
            bool in_slice = z == r->n[2];

            count_tones(&t, r, 0, r->n[2], in_slice);
            mean_add(&mean[in_slice ? AGG_2_5D : AGG_3D], &t);
        }
        tones_release(&t);
    }
    for (int a = 0; rc == HEP_OK && a < 3; a++)
        mean_put(value, a, &mean[a]);
    return rc;
}

static double count_dependences(struct hep_grey_table *t, const struct hep_region *r, size_t from,
                                size_t to, bool in_slice)
{
    ptrdiff_t step[HEP_DIRECTIONS_3D];
    const int n_steps = steps_of(step, r, in_slice);

    for (size_t v = r->slice[from]; v < r->slice[to]; v++) {
        const size_t i = r->voxel[v];

        hep_grey_table_count(t, r->level[i], (size_t)look_around(r, step, n_steps, i).n_equal);
    }
    return (double)(r->slice[to] - r->slice[from]);
}

/* The seventeenth feature: the sum of squared probabilities. */
static double energy(const struct hep_grey_table *t, double n)
{
    double sum = 0.0;

    for (size_t i = 0; i < t->n_levels * t->n_sizes; i++)
        sum += t->count[i] / n * t->count[i] / n;
    return sum;
}

int hep_dependence(double (*value)[HEP_AGG_N], const struct hep_region *r, struct hep_error *err)
{
    struct hep_grey_table slice = { 0 };
    struct hep_grey_table all = { 0 };
    struct hep_feature_mean mean[3] = { 0 };
    double sums[3] = { 0 };
    int rc = hep_grey_table_new(&slice, r->n_levels, MAX_NEIGHBOURS + 1, err);

    if (rc == HEP_OK)
        rc = hep_grey_table_new(&all, r->n_levels, MAX_NEIGHBOURS + 1, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t z = 0; z < r->n[2]; z++) {
        double n = 0.0;

        hep_grey_table_clear(&slice);
        n = count_dependences(&slice, r, z, z + 1, true);
        hep_feature_mean_add(&mean[AGG_2D], &slice, n);
        sums[AGG_2D] += n > 0.0 ? energy(&slice, n) : 0.0;
        hep_grey_table_add(&all, &slice);
    }
    hep_feature_mean_add(&mean[AGG_2_5D], &all, (double)r->n_voxels);
    sums[AGG_2_5D] = energy(&all, (double)r->n_voxels);
    hep_grey_table_clear(&all);
    count_dependences(&all, r, 0, r->n[2], false);
    hep_feature_mean_add(&mean[AGG_3D], &all, (double)r->n_voxels);
    sums[AGG_3D] = energy(&all, (double)r->n_voxels);
    for (int a = 0; a < 3; a++) {
        hep_feature_mean_put(value, a, &mean[a]);
        value[HEP_GREY_FEATURES][a] = sums[a] / (double)mean[a].n;
    }
out:
    hep_grey_table_release(&slice);
    hep_grey_table_release(&all);
    return rc;
}
