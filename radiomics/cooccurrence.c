/* Grey level co-occurrence matrices at distance 1, symmetric. Source: manual, 3.6. */
#include "radiomics/region.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_FEATURES 25

struct pairs {
    size_t n_levels;
    double *count; /* n_levels x n_levels */
};

static int pairs_new(struct pairs *p, size_t n_levels, struct hep_error *err)
{
    p->n_levels = n_levels;
    return HEP_NEW(p->count, n_levels * n_levels, err);
}

static void pairs_clear(struct pairs *p)
{
    memset(p->count, 0, p->n_levels * p->n_levels * sizeof *p->count);
}

static void pairs_add(struct pairs *to, const struct pairs *from)
{
    for (size_t i = 0; i < to->n_levels * to->n_levels; i++)
        to->count[i] += from->count[i];
}

/* Pairs along a direction whose first voxel lies in slices from..to - 1, into an empty matrix, in both orders. */
static void count_pairs(struct pairs *p, const struct hep_region *r, int direction, size_t from,
                        size_t to)
{
    const ptrdiff_t step = hep_region_step(r, direction);
    const size_t n = p->n_levels;

    for (size_t v = r->slice[from]; v < r->slice[to]; v++) {
        const size_t i = r->voxel[v];
        const int32_t other = r->level[hep_region_move(i, step)];

        if (other != 0)
            p->count[((size_t)r->level[i] - 1) * n + (size_t)other - 1] += 1.0;
    }
    for (size_t a = 0; a < n; a++) {
        p->count[a * n + a] *= 2.0;
        for (size_t b = 0; b < a; b++) {
            const double both = p->count[a * n + b] + p->count[b * n + a];

            p->count[a * n + b] = both;
            p->count[b * n + a] = both;
        }
    }
}

/* The distributions that the features are moments of: of a level, of a difference, of a sum. */
struct margins {
    double n;
    double *level, *difference, *sum;
    double mean, variance; /* of a level */
};

static double plogp(double p)
{
    return p > 0.0 ? -p * log2(p) : 0.0;
}

static int margins_of(struct margins *m, const struct pairs *p, struct hep_error *err)
{
    size_t n = p->n_levels;

    for (size_t i = 0; i < n * n; i++)
        m->n += p->count[i];
    if (HEP_NEW(m->level, n, err) != HEP_OK || HEP_NEW(m->difference, n, err) != HEP_OK ||
        HEP_NEW(m->sum, 2 * n, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; m->n > 0.0 && i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double q = p->count[i * n + j] / m->n;

            m->level[i] += q;
            m->difference[i > j ? i - j : j - i] += q;
            m->sum[i + j] += q;
        }
    }
    for (size_t i = 0; i < n; i++)
        m->mean += m->level[i] * ((double)i + 1.0);
    for (size_t i = 0; i < n; i++)
        m->variance += m->level[i] * ((double)i + 1.0 - m->mean) * ((double)i + 1.0 - m->mean);
    return HEP_OK;
}

static void margins_release(struct margins *m)
{
    free(m->level);
    free(m->difference);
    free(m->sum);
}

/* Mean, variance and entropy of a distribution over first, first + 1, ... */
static void moments(double f[3], const double *p, size_t n, double first)
{
    f[0] = f[1] = f[2] = 0.0;
    for (size_t k = 0; k < n; k++) {
        f[0] += p[k] * (first + (double)k);
        f[2] += plogp(p[k]);
    }
    for (size_t k = 0; k < n; k++)
        f[1] += p[k] * (first + (double)k - f[0]) * (first + (double)k - f[0]);
}

/* Features that depend on the difference of the levels alone. */
static void of_difference(double f[N_FEATURES], const struct margins *m, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        double p = m->difference[k];
        double d = (double)k;
        double levels = (double)n;

        f[11] += p * d * d;
        f[12] += p * d;
        f[13] += p / (1.0 + d);
        f[14] += p / (1.0 + d / levels);
        f[15] += p / (1.0 + d * d);
        f[16] += p / (1.0 + d * d / (levels * levels));
        f[17] += k > 0 ? p / (d * d) : 0.0;
    }
}

/* Information correlation (3.6.24 and 3.6.25). */
static void information(double f[2], const struct pairs *p, const struct margins *m)
{
    size_t n = p->n_levels;
    double joint = 0.0;
    double of_level = 0.0;
    double cross = 0.0;
    double product = 0.0;

    for (size_t i = 0; i < n; i++) {
        of_level += plogp(m->level[i]);
        for (size_t j = 0; j < n; j++) {
            double q = p->count[i * n + j] / m->n;
            double independent = m->level[i] * m->level[j];

            joint += plogp(q);
            cross -= q > 0.0 ? q * log2(independent) : 0.0;
            product += plogp(independent);
        }
    }
    f[0] = of_level > 0.0 ? (joint - cross) / of_level : 0.0;
    f[1] = product > joint ? sqrt(1.0 - exp(-2.0 * (product - joint))) : 0.0;
}

static void of_matrix(double f[N_FEATURES], const struct pairs *p, const struct margins *m)
{
    size_t n = p->n_levels;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double q = p->count[i * n + j] / m->n;
            double both = (double)i + 1.0 + (double)j + 1.0 - 2.0 * m->mean;

            if (q <= 0.0)
                continue;
            f[0] = fmax(f[0], q);
            f[3] += plogp(q);
            f[10] += q * q;
            f[19] += q * ((double)i + 1.0) * ((double)j + 1.0);
            f[20] += q * both * both;
            f[21] += q * both * both * both;
            f[22] += q * both * both * both * both;
        }
    }
    f[1] = m->mean;
    f[2] = m->variance;
    moments(&f[4], m->difference, n, 0.0);
    moments(&f[7], m->sum, 2 * n - 1, 2.0);
    of_difference(f, m, n);
    f[18] = m->variance > 0.0 ? (f[19] - m->mean * m->mean) / m->variance
                              : 1.0; /* 3.6.19: 1 for one level */
    information(&f[23], p, m);
}

struct pair_mean {
    double sum[N_FEATURES];
    size_t n;
};

/* Matrices without a pair say nothing and are left out of the mean. */
static int mean_add(struct pair_mean *mean, const struct pairs *p, struct hep_error *err)
{
    struct margins m = { 0 };
    double f[N_FEATURES] = { 0 };
    int rc = margins_of(&m, p, err);

    if (rc == HEP_OK && m.n > 0.0) {
        of_matrix(f, p, &m);
        for (int i = 0; i < N_FEATURES; i++)
            mean->sum[i] += f[i];
        mean->n++;
    }
    margins_release(&m);
    return rc;
}

struct pair_work {
    struct pairs one, slice, direction[HEP_DIRECTIONS_2D], all;
    struct pair_mean mean[HEP_AGG_N];
};

static int in_slices(struct pair_work *w, const struct hep_region *r, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t z = 0; rc == HEP_OK && z < r->n[2]; z++) {
        pairs_clear(&w->slice);
        for (int d = 0; rc == HEP_OK && d < HEP_DIRECTIONS_2D; d++) {
            pairs_clear(&w->one);
            count_pairs(&w->one, r, d, z, z + 1);
            rc = mean_add(&w->mean[HEP_AGG_2D_AVG], &w->one, err);
            pairs_add(&w->slice, &w->one);
            pairs_add(&w->direction[d], &w->one);
        }
        if (rc == HEP_OK)
            rc = mean_add(&w->mean[HEP_AGG_2D_COMB], &w->slice, err);
        pairs_add(&w->all, &w->slice);
    }
    for (int d = 0; rc == HEP_OK && d < HEP_DIRECTIONS_2D; d++)
        rc = mean_add(&w->mean[HEP_AGG_2_5D_AVG], &w->direction[d], err);
    return rc == HEP_OK ? mean_add(&w->mean[HEP_AGG_2_5D_COMB], &w->all, err) : rc;
}

static int in_space(struct pair_work *w, const struct hep_region *r, struct hep_error *err)
{
    int rc = HEP_OK;

    pairs_clear(&w->all);
    for (int d = 0; rc == HEP_OK && d < HEP_DIRECTIONS_3D; d++) {
        pairs_clear(&w->one);
        count_pairs(&w->one, r, d, 0, r->n[2]);
        rc = mean_add(&w->mean[HEP_AGG_3D_AVG], &w->one, err);
        pairs_add(&w->all, &w->one);
    }
    return rc == HEP_OK ? mean_add(&w->mean[HEP_AGG_3D_COMB], &w->all, err) : rc;
}

int hep_cooccurrence(double (*value)[HEP_AGG_N], const struct hep_region *r, struct hep_error *err)
{
    struct pair_work w = { 0 };
    int rc = pairs_new(&w.one, r->n_levels, err);

    if (rc == HEP_OK)
        rc = pairs_new(&w.slice, r->n_levels, err);
    if (rc == HEP_OK)
        rc = pairs_new(&w.all, r->n_levels, err);
    for (int d = 0; rc == HEP_OK && d < HEP_DIRECTIONS_2D; d++)
        rc = pairs_new(&w.direction[d], r->n_levels, err);
    if (rc == HEP_OK)
        rc = in_slices(&w, r, err);
    if (rc == HEP_OK)
        rc = in_space(&w, r, err);
    for (int i = 0; rc == HEP_OK && i < N_FEATURES; i++) {
        for (int a = 0; a < HEP_AGG_N; a++)
            value[i][a] = w.mean[a].n > 0 ? w.mean[a].sum[i] / (double)w.mean[a].n : (double)NAN;
    }
    free(w.one.count);
    free(w.slice.count);
    free(w.all.count);
    for (int d = 0; d < HEP_DIRECTIONS_2D; d++)
        free(w.direction[d].count);
    return rc;
}
