#include "fitting/t2.h"

#include "fitting/settings.h"

#include <math.h>

static void store(float *map, size_t i, double value)
{
    if (map != NULL)
        map[i] = (float)value;
}

int hep_t2_map(const struct hep_t2_maps *maps, const struct hep_decay_data *data,
               const uint8_t *mask, const struct hep_decay_options *opt, struct hep_error *err)
{
    int rc = hep_decay_check(data, opt, err);

    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for schedule(static) num_threads(hep_fit_threads(opt->nthreads))
    for (size_t i = 0; i < data->n_voxels; i++) {
        struct hep_decay d = { .status = HEP_FIT_OUTSIDE };
        double t2_s = 0.0, se_s = 0.0;

        if (mask == NULL || mask[i] != 0) {
            d = hep_decay_fit_voxel(data, i, opt);
            t2_s = d.rate_per_s > 0.0 ? 1.0 / d.rate_per_s : (double)NAN;
            se_s = d.rate_se_per_s * t2_s * t2_s;
        }
        store(maps->t2_s, i, t2_s);
        store(maps->s0, i, d.s0);
        store(maps->t2_se_s, i, se_s);
        store(maps->rmse, i, d.rmse);
        if (maps->status != NULL)
            maps->status[i] = (uint8_t)d.status;
    }
    return HEP_OK;
}

bool hep_t2_times_rise(const double *te_s, size_t n)
{
    bool rise = n >= 2 && n <= HEP_DECAY_MAX_ECHOES;

    for (size_t i = 0; rise && i < n; i++)
        rise = isfinite(te_s[i]) && (i == 0 || te_s[i] > te_s[i - 1]);
    return rise;
}

int hep_t2_of_echoes(float *t2_s, const float *const *echo, const double *te_s, size_t n,
                     size_t n_voxels, int nthreads, struct hep_error *err)
{
    const struct hep_decay_data data = { echo, te_s, n, n_voxels };
    const struct hep_t2_maps maps = { .t2_s = t2_s };
    struct hep_decay_options options = hep_decay_defaults();

    options.nthreads = nthreads;
    return hep_t2_map(&maps, &data, NULL, &options, err);
}
