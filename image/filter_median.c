#include "image/filter.h"

#include "base/alloc.h"
#include "image/stats.h"
#include "image/threads.h"

#include <math.h>
#include <omp.h>

static size_t clamped(size_t i, int step, size_t n)
{
    const long at = (long)i + step;

    if (at < 0)
        return 0;
    return (size_t)at < n ? (size_t)at : n - 1;
}

/* Values of the box around a voxel; returns their number. */
static size_t gather(float *window, const struct hep_volume *v, const size_t p[3], const int r[3])
{
    const size_t *n = v->grid.n;
    size_t count = 0;

    for (int dz = -r[2]; dz <= r[2]; dz++) {
        for (int dy = -r[1]; dy <= r[1]; dy++) {
            const float *row =
                v->data + n[0] * (clamped(p[1], dy, n[1]) + n[1] * clamped(p[2], dz, n[2]));

            for (int dx = -r[0]; dx <= r[0]; dx++)
                window[count++] = row[clamped(p[0], dx, n[0])];
        }
    }
    return count;
}

static void run_median(float *out, const struct hep_volume *v, const int r[3], float *windows,
                       size_t window, int threads)
{
    const size_t *n = v->grid.n;

#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t row = 0; row < n[1] * n[2]; row++) {
        float *w = windows + (size_t)omp_get_thread_num() * window;

        for (size_t x = 0; x < n[0]; x++) {
            const size_t p[3] = { x, row % n[1], row / n[1] };
            const size_t i = row * n[0] + x;

            out[i] = isnan(v->data[i]) ? NAN : (float)hep_quantile(w, gather(w, v, p, r), 0.5);
        }
    }
}

int hep_filter_median(struct hep_volume *v, const int r[3], int nthreads, struct hep_error *err)
{
    const int threads = hep_threads(nthreads);
    const size_t n = hep_grid_voxels(&v->grid);
    size_t window = 1;
    float *windows = NULL;
    float *result = NULL;
    int rc = HEP_OK;

    for (int k = 0; k < 3; k++) {
        if (r[k] < 0 || r[k] > 64)
            return HEP_FAIL(err, HEP_EINVAL, "radius of a median is %d voxels, need 0 to 64", r[k]);
        window *= 2 * (size_t)r[k] + 1;
    }
    windows = hep_calloc(window * (size_t)threads, sizeof *windows, err);
    result = hep_alloc_aligned(n, sizeof *result, err);
    if (windows == NULL || result == NULL) {
        rc = HEP_ENOMEM;
    } else {
        run_median(result, v, r, windows, window, threads);
        (void)memcpy(v->data, result, n * sizeof *result);
    }
    free(result);
    free(windows);
    return rc;
}
