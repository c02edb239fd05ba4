#include "image/stats.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OTSU_BINS 256
/* Fewer values are searched by pivots alone: between two values of a small sample lies a third of them, and bracketing took
 * twice as long for 2048 values, half as long again for 4096. */
enum { BRACKET_MIN = 8192, SAMPLE_MAX = 2048 };
#define SAMPLE_SDS 4.0

static void swap_floats(float *a, float *b)
{
    const float t = *a;

    *a = *b;
    *b = t;
}

static float middle_of(float a, float b, float c)
{
    if (a > b)
        swap_floats(&a, &b);
    if (b > c)
        b = a > c ? a : c;
    return b;
}

/* Hoare's FIND: x[k] as if sorted, no larger value before it, no smaller one after it. */
static float select_kth(float *x, size_t n, size_t k)
{
    size_t lo = 0;
    size_t hi = n - 1;

    while (lo < hi) {
        const float pivot = middle_of(x[lo], x[lo + (hi - lo) / 2], x[hi]);
        size_t i = lo;
        size_t j = hi + 1; /* one past, so that it never passes 0 */

        while (i < j) {
            while (x[i] < pivot)
                i++;
            while (pivot < x[j - 1])
                j--;
            if (i < j) {
                swap_floats(&x[i], &x[j - 1]);
                i++;
                j--;
            }
        }
        if (k < j)
            hi = j - 1;
        else if (k >= i)
            lo = i;
        else
            break;
    }
    return x[k];
}

static size_t drop_nan(float *x, size_t n)
{
    size_t kept = 0;

    while (kept < n && !isnan(x[kept]))
        kept++;
    for (size_t i = kept; i < n; i++) {
        if (!isnan(x[i]))
            swap_floats(&x[kept++], &x[i]);
    }
    return kept;
}

/* Whole numbers in the order of the values they stand for: an IEEE 754 number is sign and magnitude.
 * Adding 0 makes -0 the same as 0. */
static uint32_t order_of(float value)
{
    uint32_t bits;

    value += 0.0F;
    (void)memcpy(&bits, &value, sizeof bits);
    return bits ^ ((0U - (bits >> 31)) | UINT32_C(0x80000000));
}

/* The part of n values in which the k-th of them lies: the n_kept values at their beginning, of which
 * it is the k_kept-th. */
struct part {
    size_t n_kept, k_kept;
};

/* Two values of a sample of every 32nd, SAMPLE_SDS standard deviations of its rank to both sides of
 * the k-th: what is searched for lies between them, or, once in 10,000 orders or for a sample that a
 * pattern in the data misleads, it does not (false), and all values are searched. Values are compared
 * with the two once, where comparing with one pivot after another reads each about three times, with
 * branches that no processor can predict (Floyd and Rivest, Commun ACM 1975;18:165). */
static bool bracket(struct part *part, float *x, size_t n, size_t k)
{
    float sample[SAMPLE_MAX] = { 0.0F }, lo = -INFINITY, hi = INFINITY;
    const size_t m = n / 32 < SAMPLE_MAX ? n / 32 : SAMPLE_MAX, step = n / m;
    const double share = (double)k / (double)n;
    const size_t rank = (size_t)(share * (double)m);
    const size_t margin = 1 + (size_t)(SAMPLE_SDS * sqrt(share * (1.0 - share) * (double)m));
    size_t below = 0, kept = 0;

    for (size_t i = 0; i < m; i++)
        sample[i] = x[i * step];
    if (rank >= margin)
        lo = select_kth(sample, m, rank - margin);
    if (rank + margin < m)
        hi = select_kth(sample, m, rank + margin);
    for (size_t i = 0; i < n; i++)
        below += x[i] < lo ? 1 : 0;
    /* Between the two by one comparison: each of two alone is as likely as not and cannot be predicted,
     * both together are rare. */
    for (size_t i = 0; i < n; i++) {
        if (order_of(x[i]) - order_of(lo) <= order_of(hi) - order_of(lo))
            swap_floats(&x[kept++], &x[i]);
    }
    *part = (struct part){ kept, k - below };
    return k >= below && k - below < kept;
}

static float least_above(const float *x, size_t n, float value)
{
    float least = INFINITY;

    for (size_t i = 0; i < n; i++)
        least = x[i] > value && x[i] < least ? x[i] : least;
    return least;
}

double hep_quantile(float *x, size_t n, double q)
{
    struct part part, smaller;
    double h, share;
    float low, high;

    n = drop_nan(x, n);
    if (n == 0 || !(q >= 0.0 && q <= 1.0))
        return (double)NAN;
    h = (double)(n - 1) * q;
    part = (struct part){ n, (size_t)h };
    share = h - (double)part.k_kept;
    while (part.n_kept >= BRACKET_MIN && bracket(&smaller, x, part.n_kept, part.k_kept) &&
           smaller.n_kept < part.n_kept)
        part = smaller;
    low = select_kth(x, part.n_kept, part.k_kept);
    if ((size_t)h + 1 >= n || !(share > 0.0))
        return (double)low;
    /* The last of the part is followed by a larger value: the part holds all that equal it. */
    if (part.k_kept + 1 == part.n_kept)
        return (double)low + share * ((double)least_above(x, n, low) - (double)low);
    high = x[part.k_kept + 1];
    for (size_t i = part.k_kept + 2; i < part.n_kept; i++)
        high = x[i] < high ? x[i] : high;
    return (double)low + share * ((double)high - (double)low);
}

static const struct hep_stats no_stats = { 0,           0,           (double)NAN, (double)NAN,
                                           (double)NAN, (double)NAN, (double)NAN, (double)NAN,
                                           (double)NAN, (double)NAN, (double)NAN, (double)NAN,
                                           (double)NAN, (double)NAN };

/* x holds finite values and is reordered, then overwritten. */
static void fill_stats(struct hep_stats *out, float *x, size_t n)
{
    double sum = 0.0;
    double squares = 0.0, cubes = 0.0, fourths = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    out->mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - out->mean;

        squares += d * d;
        cubes += d * d * d;
        fourths += d * d * d * d;
    }
    if (n > 1)
        out->sd = sqrt(squares / (double)(n - 1));
    if (squares > 0.0) {
        out->skewness = cubes / (double)n / pow(squares / (double)n, 1.5);
        out->kurtosis = (double)n * fourths / (squares * squares) - 3.0;
    }
    out->min = hep_quantile(x, n, 0.0);
    out->q05 = hep_quantile(x, n, 0.05);
    out->q25 = hep_quantile(x, n, 0.25);
    out->median = hep_quantile(x, n, 0.5);
    out->q75 = hep_quantile(x, n, 0.75);
    out->q95 = hep_quantile(x, n, 0.95);
    out->max = hep_quantile(x, n, 1.0);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)fabs((double)x[i] - out->median);
    out->mad = HEP_MAD_TO_SD * hep_quantile(x, n, 0.5);
}

/* mask NULL: every value. */
static int collect(struct hep_stats *out, const float *x, size_t n, const int32_t *mask,
                   int32_t label, struct hep_error *err)
{
    struct hep_stats s = no_stats;
    float *kept;
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += mask == NULL || (label < 0 ? mask[i] != 0 : mask[i] == label);
    if (HEP_NEW(kept, count > 0 ? count : 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (mask != NULL && !(label < 0 ? mask[i] != 0 : mask[i] == label))
            continue;
        if (isfinite(x[i]))
            kept[s.n++] = x[i];
        else
            s.n_nonfinite++;
    }
    if (s.n > 0)
        fill_stats(&s, kept, s.n);
    free(kept);
    *out = s;
    return HEP_OK;
}

int hep_stats_of(struct hep_stats *out, const float *x, size_t n, struct hep_error *err)
{
    return collect(out, x, n, NULL, 0, err);
}

int hep_stats_masked(struct hep_stats *out, const struct hep_volume *v, size_t t,
                     const struct hep_labels *mask, int32_t label, struct hep_error *err)
{
    if (t >= v->nt)
        return HEP_FAIL(err, HEP_EINVAL, "volume %zu of %zu", t, v->nt);
    if (!hep_grid_same(&v->grid, &mask->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "mask and image lie on different grids");
    return collect(out, hep_volume_at(v, t), hep_grid_voxels(&v->grid), mask->data, label, err);
}

/* Finite values of each label from 1 on, one label after another; first[k] is the end of label k.
 */
static void sort_by_label(float *values, size_t *first, struct hep_stats *out, int32_t n_labels,
                          const float *x, const int32_t *map, size_t voxels)
{
    for (size_t i = 0; i < voxels; i++) {
        const int32_t k = map[i];

        if (k >= 1 && k < n_labels) {
            out[k].n += isfinite(x[i]) != 0;
            out[k].n_nonfinite += isfinite(x[i]) == 0;
        }
    }
    for (int32_t k = 1; k < n_labels; k++)
        first[k] = k > 1 ? first[k - 1] + out[k - 1].n : 0;
    for (size_t i = 0; i < voxels; i++) {
        const int32_t k = map[i];

        if (k >= 1 && k < n_labels && isfinite(x[i]))
            values[first[k]++] = x[i];
    }
}

int hep_stats_by_label(struct hep_stats *out, int32_t n_labels, const struct hep_volume *v,
                       const struct hep_labels *map, int nthreads, struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&v->grid);
    size_t *first;
    float *values;

    if (!hep_grid_same(&v->grid, &map->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "label map and image lie on different grids");
    first = hep_calloc((size_t)n_labels, sizeof *first, err);
    values = hep_alloc_aligned(voxels, sizeof *values, err);
    if (first == NULL || values == NULL) {
        free(first);
        free(values);
        return HEP_ENOMEM;
    }
    for (int32_t k = 0; k < n_labels; k++)
        out[k] = no_stats;
    sort_by_label(values, first, out, n_labels, v->data, map->data, voxels);
#pragma omp parallel for schedule(dynamic) num_threads(hep_threads(nthreads))
    for (int32_t k = 1; k < n_labels; k++) {
        if (out[k].n > 0)
            fill_stats(&out[k], values + (first[k] - out[k].n), out[k].n);
    }
    free(values);
    free(first);
    return HEP_OK;
}

void hep_histogram(size_t *counts, size_t nbins, double lo, double hi, const float *x, size_t n)
{
    const double per_unit = (double)nbins / (hi - lo);

    (void)memset(counts, 0, nbins * sizeof *counts);
    if (nbins == 0 || !(hi > lo))
        return;
    for (size_t i = 0; i < n; i++) {
        const double value = (double)x[i];
        size_t bin;

        if (!(value >= lo && value <= hi))
            continue;
        bin = (size_t)((value - lo) * per_unit);
        counts[bin < nbins ? bin : nbins - 1]++;
    }
}

/* Number of bins in the lower class; half-way through a run of equally good ones, as empty bins
 * between two classes make. */
static double best_cut(const size_t counts[OTSU_BINS])
{
    double total = 0.0;
    double moment = 0.0;
    double w = 0.0;
    double m = 0.0;
    double best = -1.0;
    int first = 1;
    int last = 1;

    for (int i = 0; i < OTSU_BINS; i++) {
        total += (double)counts[i];
        moment += (double)counts[i] * i;
    }
    for (int i = 0; i + 1 < OTSU_BINS; i++) {
        double between;

        w += (double)counts[i];
        m += (double)counts[i] * i;
        between = (moment * w - total * m) * (moment * w - total * m) / (w * (total - w));
        if (between > best) {
            best = between;
            first = i + 1;
        }
        if (between >= best)
            last = i + 1;
    }
    return 0.5 * (first + last);
}

int hep_otsu(double *threshold, const float *x, size_t n, struct hep_error *err)
{
    size_t counts[OTSU_BINS];
    double lo = (double)INFINITY;
    double hi = -(double)INFINITY;

    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i])) {
            lo = (double)x[i] < lo ? (double)x[i] : lo;
            hi = (double)x[i] > hi ? (double)x[i] : hi;
        }
    }
    if (!(hi > lo))
        return HEP_FAIL(err, HEP_EDATA, "no threshold: fewer than two different finite values");
    hep_histogram(counts, OTSU_BINS, lo, hi, x, n);
    *threshold = lo + (hi - lo) * best_cut(counts) / OTSU_BINS;
    return HEP_OK;
}

/* Three times the darkest tenth is more than air with its noise. */
#define LIT_OF_DARKEST 3.0
#define CLIP_OF_TISSUE 3.0

int hep_otsu_tissue(double *threshold, double *darkest, const float *x, size_t n,
                    struct hep_error *err)
{
    float *sorted = hep_alloc_aligned(n > 0 ? n : 1, sizeof *sorted, err);
    size_t m = 0, lit = 0;
    double dark;
    float top;
    int rc;

    if (sorted == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]))
            sorted[m++] = x[i];
    }
    dark = hep_quantile(sorted, m, 0.1);
    for (size_t i = 0; i < m; i++) {
        if ((double)sorted[i] > LIT_OF_DARKEST * dark) {
            const float swap = sorted[lit];

            sorted[lit++] = sorted[i];
            sorted[i] = swap;
        }
    }
    top = lit > 0 ? (float)(CLIP_OF_TISSUE * hep_quantile(sorted, lit, 0.5)) : INFINITY;
    for (size_t i = 0; i < m; i++)
        sorted[i] = sorted[i] < top ? sorted[i] : top;
    rc = hep_otsu(threshold, sorted, m, err);
    if (darkest != NULL)
        *darkest = dark;
    free(sorted);
    return rc;
}
