#include "fitting/noise.h"

#include "base/alloc.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

/* Median of |x| of a standard normal value. */
#define MAD_OF_NORMAL 0.674489750196082

static double mean_of(const float *data, size_t n)
{
    double sum = 0.0;
    size_t finite = 0;

    for (size_t i = 0; i < n; i++) {
        if (isfinite(data[i])) {
            sum += (double)data[i];
            finite++;
        }
    }
    return finite > 0 ? sum / (double)finite : 0.0;
}

/* |a - b - c + d| / 2 of each block of the object; the number of blocks. */
static size_t high_pass(double *out, const float *data, const size_t n[3])
{
    double floor = mean_of(data, n[0] * n[1] * n[2]);
    size_t count = 0;

    for (size_t z = 0; z < n[2]; z++) {
        for (size_t y = 0; y + 1 < n[1]; y += 2) {
            for (size_t x = 0; x + 1 < n[0]; x += 2) {
                const float *p = data + (z * n[1] + y) * n[0] + x;
                double a = (double)p[0], b = (double)p[1], c = (double)p[n[0]],
                       d = (double)p[n[0] + 1];

                if (a + b + c + d > 4.0 * floor)
                    out[count++] = fabs(a - b - c + d) / 2.0;
            }
        }
    }
    return count;
}

int hep_noise_sd(double *sd, const struct hep_volume *v, struct hep_error *err)
{
    double *blocks = hep_calloc(hep_grid_voxels(&v->grid) / 4 + 1, sizeof *blocks, err);
    double *each = hep_calloc(v->nt, sizeof *each, err);
    size_t measured = 0;
    int rc = HEP_OK;

    if (blocks == NULL || each == NULL)
        rc = HEP_ENOMEM;
    for (size_t t = 0; rc == HEP_OK && t < v->nt; t++) {
        size_t n = high_pass(blocks, hep_volume_at(v, t), v->grid.n);

        if (n > 0)
            each[measured++] = gsl_stats_median(blocks, 1, n) / MAD_OF_NORMAL;
    }
    if (rc == HEP_OK && measured == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "the noise cannot be measured: the image is uniform");
    if (rc == HEP_OK)
        *sd = gsl_stats_median(each, 1, measured);
    free(blocks);
    free(each);
    return rc;
}
