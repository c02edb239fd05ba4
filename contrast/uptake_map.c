/* Every voxel of a dynamic series. */
#include "contrast/uptake_map.h"

#include "base/alloc.h"

#include <math.h>
#include <omp.h>

#define BASELINE_SHARE 0.1 /* of the rise: above noise, below the flank */
#define LEAST_RISE 0.5     /* an inlet that rises by less is none: blood rises several-fold */

const struct hep_uptake_map_row hep_uptake_map_rows[HEP_UPTAKE_MAP_COUNT] = {
    [HEP_UPTAKE_MAP_KHE] = { "khe", HEP_UNIT_PER_S, true },
    [HEP_UPTAKE_MAP_KHE_SE] = { "khe_stderr", HEP_UNIT_PER_S, true },
    [HEP_UPTAKE_MAP_KBH] = { "kbh", HEP_UNIT_PER_S, true },
    [HEP_UPTAKE_MAP_KBH_SE] = { "kbh_stderr", HEP_UNIT_PER_S, true },
    [HEP_UPTAKE_MAP_VE] = { "ve", HEP_UNIT_FRACTION, false },
    [HEP_UPTAKE_MAP_VE_SE] = { "ve_stderr", HEP_UNIT_FRACTION, false },
    [HEP_UPTAKE_MAP_FLOW] = { "F", HEP_UNIT_PER_S, true },
    [HEP_UPTAKE_MAP_FLOW_SE] = { "F_stderr", HEP_UNIT_PER_S, true },
    [HEP_UPTAKE_MAP_FA] = { "fa", HEP_UNIT_FRACTION, false },
    [HEP_UPTAKE_MAP_FA_SE] = { "fa_stderr", HEP_UNIT_FRACTION, false },
    [HEP_UPTAKE_MAP_PATLAK] = { "khe_patlak", HEP_UNIT_PER_S, true },
    [HEP_UPTAKE_MAP_RE] = { "RE", HEP_UNIT_FRACTION, false },
    [HEP_UPTAKE_MAP_RMSE] = { "rmse", HEP_UNIT_PER_S, false },
    [HEP_UPTAKE_MAP_MODEL] = { "model", HEP_UNIT_DIMENSIONLESS, false },
    [HEP_UPTAKE_MAP_STATUS] = { "status", HEP_UNIT_DIMENSIONLESS, false },
};

double hep_last_enhancement(const double *signal, size_t n, size_t n_baseline)
{
    double before = 0.0;
    double after = 0.0;
    double n_after = 0.0;

    for (size_t i = 0; i < n_baseline; i++)
        before += signal[i] / (double)n_baseline;
    for (size_t i = n - n / 10 - 1; i < n; i++) {
        if (isfinite(signal[i])) {
            after += signal[i];
            n_after += 1.0;
        }
    }
    return before > 0.0 && n_after > 0.0 ? after / n_after / before - 1.0 : (double)NAN;
}

size_t hep_baseline_of(const double *signal, size_t n)
{
    double largest = -(double)INFINITY;
    size_t end = 0;

    for (size_t i = 0; i < n; i++)
        largest = isfinite(signal[i]) ? fmax(largest, signal[i]) : largest;
    if (n == 0 || !(signal[0] > 0.0) || !(largest > (1.0 + LEAST_RISE) * signal[0]))
        return 0;
    while (end < n && !(signal[end] > signal[0] + BASELINE_SHARE * (largest - signal[0])))
        end++;
    return end;
}

size_t hep_uptake_choose(struct hep_uptake_fit *out, const struct hep_uptake_plan *const *plans,
                         size_t n_plans, const double *delta_r1)
{
    size_t best = n_plans;

    for (size_t p = 0; p < n_plans; p++) {
        struct hep_uptake_fit fit = { .n = 0 };

        if (hep_uptake_plan_fit(&fit, plans[p], delta_r1) &&
            (best == n_plans || fit.aicc < out->aicc)) {
            best = p;
            *out = fit;
        }
    }
    return best;
}

static void set(float *const map[HEP_UPTAKE_MAP_COUNT], enum hep_uptake_map which, size_t v,
                double value)
{
    if (map[which] != NULL)
        map[which][v] = (float)value;
}

static void set_fit(float *const map[HEP_UPTAKE_MAP_COUNT], size_t v,
                    const struct hep_uptake_fit *f)
{
    set(map, HEP_UPTAKE_MAP_KHE, v, f->tissue.uptake_per_s);
    set(map, HEP_UPTAKE_MAP_KHE_SE, v, f->se[HEP_UPTAKE_KI]);
    set(map, HEP_UPTAKE_MAP_KBH, v, f->tissue.efflux_per_s);
    set(map, HEP_UPTAKE_MAP_KBH_SE, v, f->se[HEP_UPTAKE_KB]);
    set(map, HEP_UPTAKE_MAP_VE, v, f->tissue.ve);
    set(map, HEP_UPTAKE_MAP_VE_SE, v, f->se[HEP_UPTAKE_VE]);
    set(map, HEP_UPTAKE_MAP_FLOW, v, f->tissue.flow_per_s);
    set(map, HEP_UPTAKE_MAP_FLOW_SE, v, f->se[HEP_UPTAKE_FLOW]);
    set(map, HEP_UPTAKE_MAP_FA, v, f->tissue.arterial_frac);
    set(map, HEP_UPTAKE_MAP_FA_SE, v, f->se[HEP_UPTAKE_ARTERIAL_FRAC]);
    set(map, HEP_UPTAKE_MAP_RMSE, v, f->rmse_per_s);
}

/* What the fits of all voxels share. */
struct job {
    const struct hep_dynamic *d;
    const struct hep_uptake_plan *const *plans;
    size_t n_plans;
    const struct hep_inputs *inputs;
    const struct hep_relaxivity *relaxivity;
};

/* @return the status of the voxel */
static int fit_voxel(float *const map[HEP_UPTAKE_MAP_COUNT], const struct job *job, double *y,
                     size_t v)
{
    const struct hep_dynamic *d = job->d;
    const double t10 = d->t10_map_s != NULL ? (double)d->t10_map_s[v] : d->t10_s;
    struct hep_uptake_fit fit = { .n = 0 };
    struct hep_patlak line;
    size_t best;

    for (size_t i = 0; i < d->n_times; i++)
        y[i] = (double)d->signal[i][v];
    set(map, HEP_UPTAKE_MAP_RE, v, hep_last_enhancement(y, d->n_times, d->n_baseline));
    if (!(t10 > 0.0) || hep_delta_r1_from_signal(y, NULL, y, d->n_times, d->n_baseline, t10,
                                                 d->tr_s, d->flip_rad, NULL) != HEP_OK)
        return HEP_UPTAKE_MAP_BAD_INPUT;
    hep_patlak(&line, job->inputs, d->time_s, y, d->n_times, job->relaxivity);
    set(map, HEP_UPTAKE_MAP_PATLAK, v, line.uptake_per_s);
    best = hep_uptake_choose(&fit, job->plans, job->n_plans, y);
    if (best == job->n_plans)
        return HEP_UPTAKE_MAP_BAD_INPUT;
    set_fit(map, v, &fit);
    set(map, HEP_UPTAKE_MAP_MODEL, v, (double)best);
    return (int)fit.status;
}

int hep_uptake_volumes(float *const map[HEP_UPTAKE_MAP_COUNT], size_t counts[4],
                       const struct hep_dynamic *d, const struct hep_uptake_plan *const *plans,
                       size_t n_plans, const struct hep_inputs *inputs,
                       const struct hep_relaxivity *relaxivity, int nthreads, struct hep_error *err)
{
    const struct job job = { d, plans, n_plans, inputs, relaxivity };
    const int threads = nthreads > 0 ? nthreads : 1;
    size_t n_status[4] = { 0 };
    double *samples = NULL;
    uint8_t *status = NULL;
    int rc = HEP_NEW(samples, (size_t)threads * d->n_times, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(status, d->n, err);
    for (int m = 0; rc == HEP_OK && m < HEP_UPTAKE_MAP_COUNT; m++) {
        for (size_t v = 0; map[m] != NULL && v < d->n; v++)
            map[m][v] = NAN;
    }
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 64)
    for (size_t v = 0; v < d->n; v++) {
        double *y = &samples[(size_t)omp_get_thread_num() * d->n_times];

        status[v] = d->mask != NULL && d->mask[v] == 0 ? HEP_UPTAKE_MAP_OUTSIDE
                                                       : (uint8_t)fit_voxel(map, &job, y, v);
        set(map, HEP_UPTAKE_MAP_STATUS, v, status[v]);
    }
    for (size_t v = 0; v < d->n; v++) {
        if (status[v] <= HEP_UPTAKE_MAP_BAD_INPUT)
            n_status[status[v]]++;
    }
    if (counts != NULL)
        (void)memcpy(counts, n_status, sizeof n_status);
out:
    free(samples);
    free(status);
    return rc;
}
