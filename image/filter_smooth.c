#include "image/filter_smooth.h"

#include "base/alloc.h"
#include "image/filter.h"
#include "image/threads.h"

#include <math.h>
#include <omp.h>

#define TRUNCATE_SD 4.0
/* Below this sum of weights nothing valid is in reach. */
#define NO_WEIGHT 1e-20
/* Values of a row that are summed together: four registers of eight. */
enum { STRETCH = 32 };

/* The sums of a row do not depend on each other and products are not fused with sums, so that wider registers give the
 * same bits. The choice is made while the program is loaded, before the address sanitizer can be called. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) &&                        \
    !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

struct kernel {
    size_t radius;
    float
        *w; /* radius + 1: of the middle and of each distance to both sides; all of them sum to 1 */
};

/* What a thread works with: a copy of the lines it filters, and where the values of each weight begin. */
struct scratch {
    float *plane;
    const float **rows;
};

static size_t radius_of(double sigma_voxels)
{
    return (size_t)fmax(1.0, ceil(TRUNCATE_SD * sigma_voxels));
}

static int kernel_new(struct kernel *k, double sigma_voxels, struct hep_error *err)
{
    double sum = 1.0;

    k->radius = radius_of(sigma_voxels);
    k->w = hep_calloc(k->radius + 1, sizeof *k->w, err);
    if (k->w == NULL)
        return 0;
    for (size_t i = 1; i <= k->radius; i++)
        sum += 2.0 * exp(-0.5 * ((double)i / sigma_voxels) * ((double)i / sigma_voxels));
    for (size_t i = 0; i <= k->radius; i++)
        k->w[i] =
            (float)(exp(-0.5 * ((double)i / sigma_voxels) * ((double)i / sigma_voxels)) / sum);
    return 1;
}

/* Weighted sums of 2 radius + 1 rows, rows of equal distance from the middle one together. Stretches of a
 * row are summed in registers. */
WIDE static void add_rows(float *to, size_t n, const float *const *rows, const struct kernel *k)
{
    const size_t r = k->radius, whole = n - n % STRETCH;

    for (size_t x = 0; x < whole; x += STRETCH) {
        float sum[STRETCH];

        for (size_t i = 0; i < STRETCH; i++)
            sum[i] = k->w[0] * rows[r][x + i];
        for (size_t j = 1; j <= r; j++) {
            const float *before = rows[r - j] + x, *after = rows[r + j] + x;
            const float w = k->w[j];

            for (size_t i = 0; i < STRETCH; i++)
                sum[i] += w * (before[i] + after[i]);
        }
        (void)memcpy(to + x, sum, sizeof sum);
    }
    for (size_t x = whole; x < n; x++) {
        float sum = k->w[0] * rows[r][x];

        for (size_t j = 1; j <= r; j++)
            sum += k->w[j] * (rows[r - j][x] + rows[r + j][x]);
        to[x] = sum;
    }
}

/* One row along x, in place. */
static void filter_row(float *row, size_t n, const struct kernel *k, struct scratch *s)
{
    for (size_t i = 0; i < k->radius; i++) {
        s->plane[i] = row[0];
        s->plane[k->radius + n + i] = row[n - 1];
    }
    (void)memcpy(s->plane + k->radius, row, n * sizeof *row);
    for (size_t j = 0; j <= 2 * k->radius; j++)
        s->rows[j] = s->plane + j;
    add_rows(row, n, s->rows, k);
}

/* count rows of n0 values, `stride` apart, filtered across the rows, in place. */
static void filter_plane(float *first, size_t n0, size_t count, size_t stride,
                         const struct kernel *k, struct scratch *s)
{
    for (size_t i = 0; i < count; i++)
        (void)memcpy(s->plane + i * n0, first + i * stride, n0 * sizeof *first);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j <= 2 * k->radius; j++) {
            const size_t at = i + j < k->radius ? 0 : i + j - k->radius;

            s->rows[j] = s->plane + (at < count ? at : count - 1) * n0;
        }
        add_rows(first + i * stride, n0, s->rows, k);
    }
}

static void filter_axis(float *data, const size_t n[3], int axis, const struct kernel *k,
                        struct scratch *scratch, int nthreads)
{
    const size_t stride = axis == 1 ? n[0] : n[0] * n[1];
    const size_t step = axis == 1 ? n[0] * n[1] : n[0];
    const size_t jobs = axis == 0 ? n[1] * n[2] : axis == 1 ? n[2] : n[1];

#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t i = 0; i < jobs; i++) {
        struct scratch *s = &scratch[omp_get_thread_num()];

        if (axis == 0)
            filter_row(data + i * n[0], n[0], k, s);
        else
            filter_plane(data + i * step, n[0], n[axis], stride, k, s);
    }
}

static void scratch_free(struct scratch *s, int count)
{
    for (int i = 0; s != NULL && i < count; i++) {
        free(s[i].plane);
        free((void *)s[i].rows);
    }
    free(s);
}

static struct scratch *scratch_new(const size_t n[3], size_t radius, int count,
                                   struct hep_error *err)
{
    struct scratch *s = hep_calloc((size_t)count, sizeof *s, err);
    const size_t across = n[0] * (n[1] > n[2] ? n[1] : n[2]), along = n[0] + 2 * radius;

    for (int i = 0; s != NULL && i < count; i++) {
        s[i].plane = hep_alloc_aligned(across > along ? across : along, sizeof *s[i].plane, err);
        s[i].rows = hep_calloc(2 * radius + 1, sizeof *s[i].rows, err);
        if (s[i].plane == NULL || s[i].rows == NULL) {
            scratch_free(s, count);
            return NULL;
        }
    }
    return s;
}

/* Axes of one voxel need no filter: the repeated edge gives the voxel itself. */
static int blur(float *data, const struct hep_grid *g, double sigma_mm, int nthreads,
                struct hep_error *err)
{
    struct scratch *scratch;
    double mm[3];
    int rc = HEP_OK;

    hep_grid_spacing(mm, g);
    scratch =
        scratch_new(g->n, radius_of(sigma_mm / fmin(mm[0], fmin(mm[1], mm[2]))), nthreads, err);
    if (scratch == NULL)
        return HEP_ENOMEM;
    for (int axis = 0; axis < 3 && rc == HEP_OK; axis++) {
        struct kernel k = { 0 };

        if (g->n[axis] == 1)
            continue;
        if (kernel_new(&k, sigma_mm / mm[axis], err))
            filter_axis(data, g->n, axis, &k, scratch, nthreads);
        else
            rc = HEP_ENOMEM;
        free(k.w);
    }
    scratch_free(scratch, nthreads);
    return rc;
}

/* Values with missing ones set to 0, and the weights; NULL weights when nothing is missing. */
static int split_missing(struct hep_volume **weight, struct hep_volume *v, const int32_t *mask,
                         struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&v->grid);
    size_t missing = 0;
    int rc;

    for (size_t i = 0; i < n; i++)
        missing += isnan(v->data[i]) || (mask != NULL && mask[i] == 0);
    if (missing == 0)
        return HEP_OK;
    rc = hep_volume_new_unset(weight, &v->grid, 1, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        const bool gone = isnan(v->data[i]) || (mask != NULL && mask[i] == 0);

        (*weight)->data[i] = gone ? 0.0F : 1.0F;
        v->data[i] = gone ? 0.0F : v->data[i];
    }
    return HEP_OK;
}

int hep_smooth_fill(struct hep_volume *v, const int32_t *mask, double sigma_mm, int nthreads,
                    struct hep_error *err)
{
    const int threads = hep_threads(nthreads);
    const size_t n = hep_grid_voxels(&v->grid);
    struct hep_volume *weight = NULL;
    int rc;

    if (!(sigma_mm >= 0.0 && isfinite(sigma_mm)))
        return HEP_FAIL(err, HEP_EINVAL, "SD of a Gaussian is %g mm", sigma_mm);
    if (!(sigma_mm > 0.0))
        return HEP_OK;
    rc = split_missing(&weight, v, mask, err);
    if (rc == HEP_OK)
        rc = blur(v->data, &v->grid, sigma_mm, threads, err);
    if (rc == HEP_OK && weight != NULL)
        rc = blur(weight->data, &v->grid, sigma_mm, threads, err);
    for (size_t i = 0; rc == HEP_OK && weight != NULL && i < n; i++)
        v->data[i] = (double)weight->data[i] > NO_WEIGHT ? v->data[i] / weight->data[i] : NAN;
    hep_volume_free(weight);
    return rc;
}

/* Smooth, and let what was missing stay so. */
static int smooth_keep(struct hep_volume *v, const int32_t *mask, double sigma_mm, int nthreads,
                       struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&v->grid);
    unsigned char *gone = hep_calloc(n, sizeof *gone, err);
    int rc;

    if (gone == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        gone[i] = isnan(v->data[i]) || (mask != NULL && mask[i] == 0);
    rc = hep_smooth_fill(v, mask, sigma_mm, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (gone[i])
            v->data[i] = NAN;
    }
    free(gone);
    return rc;
}

int hep_filter_gauss(struct hep_volume *v, double sigma_mm, int nthreads, struct hep_error *err)
{
    return smooth_keep(v, NULL, sigma_mm, nthreads, err);
}
