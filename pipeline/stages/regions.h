/**
 * @file  pipeline/stages/regions.h
 * @brief Medians of organs and vessels in any series. Stages that use it declare "anatomy" and
 * "alignment".
 */
#ifndef HEP_PIPELINE_STAGES_REGIONS_H
#define HEP_PIPELINE_STAGES_REGIONS_H

#include "contrast/gain.h"
#include "image/stats.h"
#include "terms/anatomy.h"
#include "pipeline/run.h"

/** Median signal of each organ in one series, NaN where the organ has fewer than
 * HEP_REGION_MIN_VOXELS. */
#define HEP_REGION_MIN_VOXELS 10
struct hep_regions {
    double median[HEP_ANATOMY_COUNT];
    size_t n[HEP_ANATOMY_COUNT];
    struct hep_gain_tissue muscle; /* the same muscle in parts */
};

/** All NaN when the anatomy or the series is absent. */
int hep_regions_of(struct hep_regions *out, struct hep_run *run, const char *series,
                   struct hep_error *err) HEP_MUST_CHECK;

/** The series in whose space fat fraction and R2* lie. */
const char *hep_fat_series(const struct hep_run *run);
/**
 * Statistics of a map over a region that is defined in the space of another series.
 * @param[in] map    in the space of the series `map_space`
 * @param[in] region where it is `value`; < 0: every value but 0
 */
int hep_map_stats(struct hep_stats *out, struct hep_run *run, const struct hep_volume *map,
                  const char *map_space, const struct hep_labels *region, const char *region_space,
                  int32_t value, struct hep_error *err) HEP_MUST_CHECK;

#endif
