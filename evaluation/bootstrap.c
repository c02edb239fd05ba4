#include "evaluation/bootstrap.h"

#include "base/alloc.h"
#include "base/rng.h"

#include <gsl/gsl_statistics_double.h>
#include <gsl/gsl_sort.h>
#include <math.h>

static void resample_patients(double *weight, size_t n, uint64_t seed, size_t replicate)
{
    const uint64_t stream = hep_rng_stream("bootstrap of patients");

    for (size_t i = 0; i < n; i++)
        weight[i] = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double u = hep_rng_uniform(seed, stream, (uint64_t)replicate * n + i);
        const size_t k = (size_t)(u * (double)n);

        weight[k < n ? k : n - 1] += 1.0;
    }
}

static void limits(struct hep_interval *out, double *x, size_t n)
{
    size_t finite = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            x[finite++] = x[i];
    out->lo = out->hi = (double)NAN;
    if (2 * finite < n || !isfinite(out->value))
        return;
    gsl_sort(x, 1, finite);
    out->lo = gsl_stats_quantile_from_sorted_data(x, 1, finite, 0.025);
    out->hi = gsl_stats_quantile_from_sorted_data(x, 1, finite, 0.975);
}

int hep_bootstrap(struct hep_interval *out, size_t n_stats, hep_statistic *statistic,
                  const void *data, size_t n_patients, size_t replicates, uint64_t seed,
                  struct hep_error *err)
{
    double *weight = NULL, *now = NULL, *all = NULL;
    size_t size = 0;
    int rc = HEP_OK;

    if (replicates == 0)
        return HEP_FAIL(err, HEP_EINVAL, "0 replicates, at least 1 is needed");
    weight = hep_calloc(n_patients + 1, sizeof *weight, err);
    now = hep_calloc(n_stats + 1, sizeof *now, err);
    if (hep_mul_size(&size, n_stats, replicates))
        all = hep_calloc(size + 1, sizeof *all, err);
    if (weight == NULL || now == NULL || all == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < n_patients; i++)
        weight[i] = 1.0;
    statistic(now, weight, data);
    for (size_t s = 0; s < n_stats; s++)
        out[s].value = now[s];
    for (size_t r = 0; r < replicates; r++) {
        resample_patients(weight, n_patients, seed, r);
        statistic(now, weight, data);
        for (size_t s = 0; s < n_stats; s++)
            all[s * replicates + r] = now[s];
    }
    for (size_t s = 0; s < n_stats; s++)
        limits(&out[s], all + s * replicates, replicates);
out:
    free(weight);
    free(now);
    free(all);
    return rc;
}
