/* Local intensity, intensity statistics, intensity histogram, intensity-volume histogram. Source: manual, 3.2 to 3.5. */
#include "radiomics/region.h"

#include "base/alloc.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

/* Bins of the intensity-volume histogram of intensities without a unit (manual, 3.5). */
#define VOLUME_BINS 1000

/* Sums along the first axis, so that a row of the sphere is one difference: of intensities and of how many there are.
 * Each row of the box has n[0] + 1 of them. */
struct row_sums {
    double *sum;
    int32_t *count;
    size_t row;
};

static int row_sums_new(struct row_sums *s, const struct hep_region *r, struct hep_error *err)
{
    s->row = r->n[0] + 1;
    if (HEP_NEW(s->sum, s->row * r->n[1] * r->n[2], err) != HEP_OK ||
        HEP_NEW(s->count, s->row * r->n[1] * r->n[2], err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < r->total; i++) {
        size_t k = i / r->n[0] * s->row + i % r->n[0];
        bool is_there = isfinite(r->value[i]);

        s->sum[k + 1] = s->sum[k] + (is_there ? (double)r->value[i] : 0.0);
        s->count[k + 1] = s->count[k] + is_there;
    }
    return HEP_OK;
}

/* A row of the sphere: from the voxel to its first place in the sums, and to the place behind its last. */
struct sphere {
    struct sphere_row {
        ptrdiff_t first, end;
    } * row; /* owned */
    size_t n;
};

static int sphere_new(struct sphere *out, const struct row_sums *s, const struct hep_region *r,
                      struct hep_error *err)
{
    const long reach_y = (long)(HEP_PEAK_RADIUS_MM / r->mm[1]);
    const long reach_z = (long)(HEP_PEAK_RADIUS_MM / r->mm[2]);

    if (HEP_NEW(out->row, (size_t)((2 * reach_y + 1) * (2 * reach_z + 1)), err) != HEP_OK)
        return HEP_ENOMEM;
    for (long dz = -reach_z; dz <= reach_z; dz++) {
        for (long dy = -reach_y; dy <= reach_y; dy++) {
            const double left = HEP_PEAK_RADIUS_MM * HEP_PEAK_RADIUS_MM -
                                (double)(dy * dy) * r->mm[1] * r->mm[1] -
                                (double)(dz * dz) * r->mm[2] * r->mm[2];
            const long reach = left >= 0.0 ? (long)(sqrt(left) / r->mm[0]) : -1;
            const ptrdiff_t at = (ptrdiff_t)s->row * (dy + (ptrdiff_t)r->n[1] * dz);

            if (reach >= 0)
                out->row[out->n++] = (struct sphere_row){ at - reach, at + reach + 1 };
        }
    }
    return HEP_OK;
}

/* Mean within the sphere around a voxel, over the voxels of the image whose centre is in it. The box has a margin of the
 * sphere around the region, so that all rows lie in it. */
static double peak_at(const struct row_sums *s, const struct sphere *ball,
                      const struct hep_region *r, size_t i)
{
    const size_t at = i / r->n[0] * s->row + i % r->n[0];
    double sum = 0.0;
    int32_t n = 0;

    for (size_t k = 0; k < ball->n; k++) {
        const size_t first = hep_region_move(at, ball->row[k].first);
        const size_t end = hep_region_move(at, ball->row[k].end);

        sum += s->sum[end] - s->sum[first];
        n += s->count[end] - s->count[first];
    }
    return sum / (double)n;
}

int hep_local(double (*value)[HEP_AGG_N], const struct hep_region *r, struct hep_error *err)
{
    float brightest = r->sorted[r->n_voxels - 1];
    struct row_sums sums = { 0 };
    struct sphere ball = { 0 };
    int rc = row_sums_new(&sums, r, err);

    if (rc == HEP_OK)
        rc = sphere_new(&ball, &sums, r, err);
    value[0][0] = value[1][0] = -INFINITY;
    for (size_t v = 0; rc == HEP_OK && v < r->n_voxels; v++) {
        const size_t i = r->voxel[v];
        const double peak = peak_at(&sums, &ball, r, i);

        value[1][0] = fmax(value[1][0], peak);
        if (r->value[i] >= brightest)
            value[0][0] =
                fmax(value[0][0], peak); /* of several brightest voxels the highest peak counts */
    }
    free(ball.row);
    free(sums.sum);
    free(sums.count);
    return rc;
}

/* What intensities and grey levels have in common. */
enum {
    S_MEAN,
    S_VAR,
    S_SKEW,
    S_KURT,
    S_MEDIAN,
    S_MIN,
    S_P10,
    S_P90,
    S_MAX,
    S_IQR,
    S_RANGE,
    S_MAD,
    S_RMAD,
    S_MEDAD,
    S_COV,
    S_QCOD,
    S_ENERGY,
    S_RMS,
    S_N
};

static void central_moments(double f[S_N], const double *x, size_t n)
{
    double m[3] = { 0 };

    for (size_t i = 0; i < n; i++) {
        double d = x[i] - f[S_MEAN];

        m[0] += d * d;
        m[1] += d * d * d;
        m[2] += d * d * d * d;
    }
    f[S_VAR] = m[0] / (double)n;
    f[S_SKEW] =
        f[S_VAR] > 0.0 ? m[1] / (double)n / pow(f[S_VAR], 1.5) : 0.0; /* 3.3.3: 0 without spread */
    f[S_KURT] = f[S_VAR] > 0.0 ? m[2] / (double)n / (f[S_VAR] * f[S_VAR]) - 3.0 : 0.0;
    f[S_COV] = sqrt(f[S_VAR]) / f[S_MEAN];
}

/* Mean distance from the mean, from the mean of the values within the 10th to 90th percentile, and from the median. */
static void deviations(double f[S_N], const double *x, size_t n)
{
    double robust_mean = 0.0;
    double robust = 0.0;
    size_t n_robust = 0;

    for (size_t i = 0; i < n; i++) {
        f[S_MAD] += fabs(x[i] - f[S_MEAN]) / (double)n;
        f[S_MEDAD] += fabs(x[i] - f[S_MEDIAN]) / (double)n;
        if (x[i] >= f[S_P10] && x[i] <= f[S_P90]) {
            robust_mean += x[i];
            n_robust++;
        }
    }
    robust_mean /= (double)n_robust;
    for (size_t i = 0; i < n; i++) {
        if (x[i] >= f[S_P10] && x[i] <= f[S_P90])
            robust += fabs(x[i] - robust_mean);
    }
    f[S_RMAD] = robust / (double)n_robust;
}

/* Of n rising values. */
static void statistics_of(double f[S_N], const double *x, size_t n)
{
    double q25 = hep_quantile_sorted(x, n, 0.25);
    double q75 = hep_quantile_sorted(x, n, 0.75);

    for (int i = 0; i < S_N; i++)
        f[i] = 0.0;
    for (size_t i = 0; i < n; i++) {
        f[S_MEAN] += x[i];
        f[S_ENERGY] += x[i] * x[i];
    }
    f[S_MEAN] /= (double)n;
    f[S_RMS] = sqrt(f[S_ENERGY] / (double)n);
    f[S_MEDIAN] = hep_quantile_sorted(x, n, 0.5);
    f[S_P10] = hep_quantile_sorted(x, n, 0.1);
    f[S_P90] = hep_quantile_sorted(x, n, 0.9);
    f[S_MIN] = x[0];
    f[S_MAX] = x[n - 1];
    f[S_RANGE] = x[n - 1] - x[0];
    f[S_IQR] = q75 - q25;
    f[S_QCOD] = (q75 - q25) / (q75 + q25);
    central_moments(f, x, n);
    deviations(f, x, n);
}

int hep_statistics(double (*value)[HEP_AGG_N], const struct hep_region *r, struct hep_error *err)
{
    double f[S_N];
    double *x = NULL;

    if (HEP_NEW(x, r->n_voxels, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < r->n_voxels; i++)
        x[i] = (double)r->sorted[i];
    statistics_of(f, x, r->n_voxels);
    for (int i = 0; i < S_N; i++)
        value[i][0] = f[i];
    free(x);
    return HEP_OK;
}

/* Voxels of each level 1..n_levels. */
static int count_levels(double **count, const struct hep_region *r, struct hep_error *err)
{
    if (HEP_NEW(*count, r->n_levels + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < r->total; i++) {
        if (r->inside[i])
            (*count)[r->level[i]] += 1.0;
    }
    return HEP_OK;
}

/* Steepest rise and fall of the histogram, and where; central differences, one-sided at the ends (3.4.20 to 3.4.23). */
static void gradients(double f[4], const double *count, size_t n)
{
    f[0] = -INFINITY;
    f[2] = INFINITY;
    for (size_t i = 1; i <= n; i++) {
        size_t lo = i > 1 ? i - 1 : i;
        size_t hi = i < n ? i + 1 : i;
        double slope = hi > lo ? (count[hi] - count[lo]) / (double)(hi - lo) : 0.0;

        if (slope > f[0]) {
            f[0] = slope;
            f[1] = (double)i;
        }
        if (slope < f[2]) {
            f[2] = slope;
            f[3] = (double)i;
        }
    }
}

/* Rows of the histogram: the statistics with the mode in tenth place, entropy, uniformity, gradients. */
static void put_histogram(double (*value)[HEP_AGG_N], const double f[S_N], const double *count,
                          size_t n_levels, double n)
{
    double slopes[4] = { 0 };
    double entropy = 0.0;
    double uniformity = 0.0;
    size_t mode = 1;

    for (size_t i = 1; i <= n_levels; i++) {
        double p = count[i] / n;

        entropy -= p > 0.0 ? p * log2(p) : 0.0;
        uniformity += p * p;
        mode = count[i] > count[mode] ? i : mode;
    }
    gradients(slopes, count, n_levels);
    for (int i = 0; i <= S_QCOD; i++)
        value[i <= S_MAX ? i : i + 1][0] = f[i];
    value[S_MAX + 1][0] = (double)mode;
    value[S_QCOD + 2][0] = entropy;
    value[S_QCOD + 3][0] = uniformity;
    for (int i = 0; i < 4; i++)
        value[S_QCOD + 4 + i][0] = slopes[i];
}

int hep_level_histogram(double (*value)[HEP_AGG_N], const struct hep_region *r,
                        struct hep_error *err)
{
    double f[S_N];
    double *x = NULL;
    double *count = NULL;
    size_t k = 0;
    int rc = count_levels(&count, r, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(x, r->n_voxels, err);
    if (rc == HEP_OK) {
        for (size_t i = 1; i <= r->n_levels; i++) {
            for (size_t c = 0; c < (size_t)count[i]; c++)
                x[k++] = (double)i;
        }
        statistics_of(f, x, r->n_voxels);
        put_histogram(value, f, count, r->n_levels, (double)r->n_voxels);
    }
    free(count);
    free(x);
    return rc;
}

/* Share of the voxels at or above each of n steps. */
static void volume_fractions(double *fraction, const double *count, size_t n, double n_voxels)
{
    double above = 0.0;

    for (size_t i = n; i > 0; i--) {
        above += count[i];
        fraction[i] = above / n_voxels;
    }
}

/* Largest volume fraction at an intensity fraction of at least x. */
static double volume_at(const double *fraction, size_t first, size_t n, double x)
{
    for (size_t i = first; i <= n; i++) {
        if (n == first || (double)(i - first) / (double)(n - first) >= x - 1e-12)
            return fraction[i];
    }
    return 0.0;
}

/* Least intensity that at most the share x of the volume reaches. */
static double intensity_at(const double *fraction, size_t first, size_t n, double x)
{
    for (size_t i = first; i <= n; i++) {
        if (fraction[i] <= x)
            return (double)i;
    }
    return (double)n + 1.0;
}

static size_t volume_step(const struct hep_region *r, double x, bool as_levels)
{
    double lo = (double)r->sorted[0];
    double hi = (double)r->sorted[r->n_voxels - 1];
    double step = 0.0;

    if (as_levels)
        return (size_t)lround(x);
    step = hi > lo ? floor(VOLUME_BINS * (x - lo) / (hi - lo)) + 1.0 : 1.0;
    return step > VOLUME_BINS ? VOLUME_BINS : (size_t)step;
}

/* Intensities that are levels keep their steps; others are put into 1000 bins, and their "intensity" is a bin. */
int hep_volume_histogram(double (*value)[HEP_AGG_N], const struct hep_region *r,
                         struct hep_error *err)
{
    bool as_levels =
        (double)r->sorted[0] >= 1.0 && (double)r->sorted[r->n_voxels - 1] <= HEP_TEXTURE_MAX_LEVELS;
    double *count = NULL;
    double *fraction = NULL;
    size_t n = 0;
    size_t first = 0;

    for (size_t i = 0; as_levels && i < r->n_voxels; i++)
        as_levels = (double)r->sorted[i] == round((double)r->sorted[i]);
    n = as_levels ? (size_t)lround((double)r->sorted[r->n_voxels - 1]) : VOLUME_BINS;
    first = as_levels ? (size_t)lround((double)r->sorted[0]) : 1;
    if (HEP_NEW(count, n + 1, err) != HEP_OK || HEP_NEW(fraction, n + 1, err) != HEP_OK) {
        free(count);
        return HEP_ENOMEM;
    }
    for (size_t i = 0; i < r->n_voxels; i++)
        count[volume_step(r, (double)r->sorted[i], as_levels)] += 1.0;
    volume_fractions(fraction, count, n, (double)r->n_voxels);
    value[0][0] = volume_at(fraction, first, n, 0.1);
    value[1][0] = volume_at(fraction, first, n, 0.9);
    value[2][0] = intensity_at(fraction, first, n, 0.1);
    value[3][0] = intensity_at(fraction, first, n, 0.9);
    value[4][0] = value[0][0] - value[1][0];
    value[5][0] = value[2][0] - value[3][0];
    free(count);
    free(fraction);
    return HEP_OK;
}
