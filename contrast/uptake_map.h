/**
 * @file  contrast/uptake_map.h
 * @brief Uptake models in every voxel of a dynamic series.
 *
 * Each voxel's signal becomes dR1 by its own T1, is fitted with every plan given, and keeps the fit with the lowest AICc.
 * Threads: voxels are independent; the maps do not depend on the number of threads.
 */
#ifndef HEP_CONTRAST_UPTAKE_MAP_H
#define HEP_CONTRAST_UPTAKE_MAP_H

#include "contrast/uptake_fit.h"
#include "terms/unit.h"

#include <stdint.h>

enum hep_uptake_map {
    HEP_UPTAKE_MAP_KHE,
    HEP_UPTAKE_MAP_KHE_SE,
    HEP_UPTAKE_MAP_KBH,
    HEP_UPTAKE_MAP_KBH_SE,
    HEP_UPTAKE_MAP_VE,
    HEP_UPTAKE_MAP_VE_SE,
    HEP_UPTAKE_MAP_FLOW,
    HEP_UPTAKE_MAP_FLOW_SE,
    HEP_UPTAKE_MAP_FA,
    HEP_UPTAKE_MAP_FA_SE,
    HEP_UPTAKE_MAP_PATLAK, /* uptake rate of Patlak's line */
    HEP_UPTAKE_MAP_RE,     /* relative enhancement of the last tenth of the samples */
    HEP_UPTAKE_MAP_RMSE,
    HEP_UPTAKE_MAP_MODEL, /* index in the list of plans */
    HEP_UPTAKE_MAP_STATUS,
    HEP_UPTAKE_MAP_COUNT
};
struct hep_uptake_map_row {
    const char *name; /* of a file */
    enum hep_unit unit;
    bool is_rate; /* 1/s */
};
extern const struct hep_uptake_map_row hep_uptake_map_rows[HEP_UPTAKE_MAP_COUNT];

/** Status of a voxel; the first three are those of enum hep_uptake_status. */
enum { HEP_UPTAKE_MAP_BAD_INPUT = 3, HEP_UPTAKE_MAP_OUTSIDE = 255 };

struct hep_dynamic {
    const float *const *signal; /* [n_times] arrays of shape [n]; borrowed */
    const double *time_s;       /* [n_times] */
    size_t n_times, n_baseline, n;
    const float *t10_map_s; /* [n], or NULL: t10_s everywhere */
    double t10_s, tr_s, flip_rad;
    const int32_t *mask; /* [n], 0 is outside; NULL: all */
};

/** Mean signal over the last tenth of the samples over the mean of the first n_baseline, minus 1. */
double hep_last_enhancement(const double *signal, size_t n, size_t n_baseline);
/** Samples before the bolus: those before the first above a tenth of the curve's rise from its first sample; 0 when the
 * curve does not rise by half. */
size_t hep_baseline_of(const double *signal, size_t n);

/**
 * @param[out] map    HEP_UPTAKE_MAP_COUNT arrays of shape [n]; NaN where nothing was fitted; NULL: not wanted
 * @param[out] counts voxels of each status, BAD_INPUT last; may be NULL
 * @param[in]  inputs those of the plans, for Patlak's line
 * @return HEP_EINVAL as hep_delta_r1_from_signal(); HEP_ENOMEM
 */
int hep_uptake_volumes(float *const map[HEP_UPTAKE_MAP_COUNT], size_t counts[4],
                       const struct hep_dynamic *d, const struct hep_uptake_plan *const *plans,
                       size_t n_plans, const struct hep_inputs *inputs,
                       const struct hep_relaxivity *relaxivity, int nthreads,
                       struct hep_error *err) HEP_MUST_CHECK;

/** The plan with the lowest AICc; n_plans when none can be fitted. */
size_t hep_uptake_choose(struct hep_uptake_fit *out, const struct hep_uptake_plan *const *plans,
                         size_t n_plans, const double *delta_r1);

#endif
