/**
 * @file  visits/zones.h
 * @brief Zones of ablation or embolisation: masks that lie beside the images (label-ablation_dseg), and lesions that
 *        study.yml calls treated.
 */
#ifndef HEP_VISITS_ZONES_H
#define HEP_VISITS_ZONES_H

#include "followup/ablation.h"
#include "base/table.h"
#include "visits/visits.h"

/** One zone at one visit. */
struct hep_zone {
    size_t visit, track; /* track: the former lesion; SIZE_MAX: none is known */
    int32_t label;       /* in the mask; 0: the lesion's own outline */
    double growth;       /* share since the visit before that has the zone; NaN */
    struct hep_ablation measured;
    const char *rim,
        *state; /* "even", "nodular", "unknown"; "conspicuous" or "inconspicuous" by the numbers */
    char reason[768];
};

/**
 * Read the masks of zones, and mark the lesions inside them and those that study.yml names as treated. Before lesions are
 * matched.
 * @param[in] folders of derivatives, [NAME=]DIR, where masks are looked for too
 */
int hep_zones_read(struct hep_followed *f, const char *const *folders, size_t n_folders,
                   struct hep_error *err) HEP_MUST_CHECK;
/** Measure every zone at every visit after the baseline. After lesions are matched. */
int hep_zones_measure(struct hep_followed *f, struct hep_error *err) HEP_MUST_CHECK;
/** As a table. Release. */
int hep_followed_zones(struct hep_table *out, const struct hep_followed *f,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
