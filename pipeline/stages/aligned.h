/**
 * @file  pipeline/stages/aligned.h
 * @brief Series and maps brought onto another grid: every transform composed, the values
 * interpolated once.
 *
 * Stages that use it declare the product "alignment" among their inputs.
 */
#ifndef HEP_PIPELINE_STAGES_ALIGNED_H
#define HEP_PIPELINE_STAGES_ALIGNED_H

#include "image/resample.h"
#include "pipeline/run.h"

/** Name of the series on whose grid findings are made; NULL when the study has no image. Declared
 * input: "alignment". */
const char *hep_reference_name(struct hep_run *run);

/**
 * A volume on a grid of another series.
 * @param[out] out    the caller's; NaN outside
 * @param[in]  volume borrowed, in the space of series `from`; its volumes along t are averaged
 * @param[in]  from, to names of series; the same name means no transform
 */
int hep_aligned_volume(struct hep_volume **out, struct hep_run *run,
                       const struct hep_volume *volume, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err) HEP_MUST_CHECK;
/** Labels in the space of `from` on a grid of `to`, nearest neighbour. */
int hep_aligned_labels(struct hep_labels **out, struct hep_run *run,
                       const struct hep_labels *labels, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err) HEP_MUST_CHECK;

#endif
