#include "radiomics/grey_table.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int hep_grey_table_new(struct hep_grey_table *t, size_t n_levels, size_t n_sizes,
                       struct hep_error *err)
{
    *t = (struct hep_grey_table){ .n_levels = n_levels, .n_sizes = n_sizes };
    t->count = hep_calloc(n_levels, n_sizes * sizeof *t->count, err);
    return t->count != NULL ? HEP_OK : HEP_ENOMEM;
}

void hep_grey_table_release(struct hep_grey_table *t)
{
    free(t->count);
    *t = (struct hep_grey_table){ 0 };
}

void hep_grey_table_clear(struct hep_grey_table *t)
{
    memset(t->count, 0, t->n_levels * t->n_sizes * sizeof *t->count);
}

void hep_grey_table_add(struct hep_grey_table *to, const struct hep_grey_table *from)
{
    for (size_t i = 0; i < to->n_levels * to->n_sizes; i++)
        to->count[i] += from->count[i];
}

/* Sum over the table of weights that depend on level and size, and the two non-uniformities. */
struct table_sums {
    double n, squares_of_levels, squares_of_sizes, mean_level, mean_size, entropy;
    double small, large, low, high, small_low, small_high, large_low, large_high;
};

static void add_cell(struct table_sums *s, double count, double level, double size)
{
    double l2 = level * level;
    double s2 = size * size;

    s->n += count;
    s->mean_level += count * level;
    s->mean_size += count * size;
    s->small += count / s2;
    s->large += count * s2;
    s->low += count / l2;
    s->high += count * l2;
    s->small_low += count / (s2 * l2);
    s->small_high += count * l2 / s2;
    s->large_low += count * s2 / l2;
    s->large_high += count * s2 * l2;
}

static void sum_table(struct table_sums *s, const struct hep_grey_table *t)
{
    for (size_t i = 0; i < t->n_levels; i++) {
        double row = 0.0;

        for (size_t j = 0; j < t->n_sizes; j++) {
            double count = t->count[i * t->n_sizes + j];

            if (count > 0.0)
                add_cell(s, count, (double)i + 1.0, hep_grey_table_size(t, j));
            row += count;
        }
        s->squares_of_levels += row * row;
    }
    for (size_t j = 0; j < t->n_sizes; j++) {
        double column = 0.0;

        for (size_t i = 0; i < t->n_levels; i++)
            column += t->count[i * t->n_sizes + j];
        s->squares_of_sizes += column * column;
    }
}

void hep_grey_table_features(double f[HEP_GREY_FEATURES], const struct hep_grey_table *t,
                             double n_voxels)
{
    struct table_sums s = { 0 };
    double of_level = 0.0;
    double of_size = 0.0;

    sum_table(&s, t);
    for (int i = 0; i < HEP_GREY_FEATURES; i++)
        f[i] = NAN;
    if (s.n <= 0.0)
        return;
    s.mean_level /= s.n;
    s.mean_size /= s.n;
    for (size_t i = 0; i < t->n_levels * t->n_sizes; i++) {
        double p = t->count[i] / s.n;
        size_t row = i / t->n_sizes;
        double level = (double)row + 1.0 - s.mean_level;
        double size = hep_grey_table_size(t, i % t->n_sizes) - s.mean_size;

        if (p <= 0.0)
            continue;
        of_level += p * level * level;
        of_size += p * size * size;
        s.entropy -= p * log2(p);
    }
    const double all[HEP_GREY_FEATURES] = {
        s.small / s.n,
        s.large / s.n,
        s.low / s.n,
        s.high / s.n,
        s.small_low / s.n,
        s.small_high / s.n,
        s.large_low / s.n,
        s.large_high / s.n,
        s.squares_of_levels / s.n,
        s.squares_of_levels / (s.n * s.n),
        s.squares_of_sizes / s.n,
        s.squares_of_sizes / (s.n * s.n),
        s.n / n_voxels,
        of_level,
        of_size,
        s.entropy,
    };
    memcpy(f, all, sizeof all);
}

void hep_feature_mean_add(struct hep_feature_mean *m, const struct hep_grey_table *t,
                          double n_voxels)
{
    double f[HEP_GREY_FEATURES];

    hep_grey_table_features(f, t, n_voxels);
    if (isnan(f[0]))
        return;
    for (int i = 0; i < HEP_GREY_FEATURES; i++)
        m->sum[i] += f[i];
    m->n++;
}

void hep_feature_mean_put(double (*value)[HEP_AGG_N], int aggregation,
                          const struct hep_feature_mean *m)
{
    for (int i = 0; i < HEP_GREY_FEATURES; i++)
        value[i][aggregation] = m->n > 0 ? m->sum[i] / (double)m->n : (double)NAN;
}
