#include "liver/images.h"

#include "image/threads.h"

#include <math.h>

int hep_liver_halve(struct hep_volume **coarse, const struct hep_grid *grid,
                    const struct hep_volume *fine, int nthreads, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(grid);
    int rc = hep_volume_new_unset(coarse, grid, 1, err);

    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for num_threads(hep_threads(nthreads)) schedule(static)
    for (size_t i = 0; i < n; i++) {
        float sum = 0.0F;
        int known = 0;

        for (size_t c = 0; c < 8; c++) {
            const float v = fine->data[hep_liver_fine_of(&fine->grid, grid, i, c)];

            if (!isnan(v)) {
                sum += v;
                known++;
            }
        }
        (*coarse)->data[i] = known > 0 ? sum / (float)known : NAN;
    }
    return HEP_OK;
}

/* The coarse neighbour of a fine voxel on its other side; itself at the end. */
static size_t neighbour(size_t fine, size_t n)
{
    const size_t c = fine / 2;

    if (fine % 2 == 0)
        return c > 0 ? c - 1 : c;
    return c + 1 < n ? c + 1 : c;
}

int hep_liver_double(struct hep_volume **fine, const struct hep_grid *grid,
                     const struct hep_volume *coarse, int nthreads, struct hep_error *err)
{
    const size_t *n = grid->n, *c = coarse->grid.n;
    int rc = hep_volume_new_unset(fine, grid, 1, err);

    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for num_threads(hep_threads(nthreads)) schedule(static)
    for (size_t z = 0; z < n[2]; z++) {
        const size_t zz[2] = { z / 2, neighbour(z, c[2]) };

        for (size_t y = 0; y < n[1]; y++) {
            const size_t yy[2] = { y / 2, neighbour(y, c[1]) };
            const float *row[4];
            static const float weight[4] = { 0.5625F, 0.1875F, 0.1875F, 0.0625F };

            for (size_t r = 0; r < 4; r++)
                row[r] = &coarse->data[(zz[r >> 1] * c[1] + yy[r & 1]) * c[0]];
            for (size_t x = 0; x < n[0]; x++) {
                const size_t a = x / 2, b = neighbour(x, c[0]);
                float sum = 0.0F;

                for (size_t r = 0; r < 4; r++)
                    sum += weight[r] * (0.75F * row[r][a] + 0.25F * row[r][b]);
                (*fine)->data[(z * n[1] + y) * n[0] + x] = sum;
            }
        }
    }
    return HEP_OK;
}
