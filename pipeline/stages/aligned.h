/**
 * @file  pipeline/stages/aligned.h
 * @brief Series and maps brought onto another grid: every transform composed, the values
 * interpolated once.
 *
 * Stages that use it declare HEP_READS_ALIGNMENT (pipeline/stages/stages.h) among their inputs.
 * Transforms map world points of the target to world points of the source. Between two series that
 * are not the reference the way leads through the reference: the one of the target is inverted.
 */
#ifndef HEP_PIPELINE_STAGES_ALIGNED_H
#define HEP_PIPELINE_STAGES_ALIGNED_H

#include "image/resample.h"
#include "pipeline/results/alignment.h"

/** Name of the series on whose grid findings are made; NULL when the study has no image. Declared
 * input: "alignment". */
const char *hep_reference_name(struct hep_run *run);

/** How a series reaches the reference. */
enum hep_align_method hep_alignment_method(struct hep_run *run, const char *series);
/** What the registration of a series gave; NULL when it was not registered. Borrowed. */
const struct hep_alignment_row *hep_alignment_of(struct hep_run *run, const char *series);

/**
 * The transform with which values of `from` are put on a grid of `to`.
 * @param[out] out          the identity where both are the same or unregistered
 * @param[out] displacement what *out borrows, the caller's; NULL where nothing is deformed
 * @return HEP_EGEOM, HEP_EFORMAT, HEP_EGRAPH (fields not declared), HEP_ENOMEM
 */
int hep_alignment_transform(struct hep_transform *out, struct hep_volume **displacement,
                            struct hep_run *run, const char *from, const char *to,
                            const struct hep_grid *grid, struct hep_error *err) HEP_MUST_CHECK;

/**
 * A volume on a grid of another series.
 * @param[out] out    the caller's; NaN outside
 * @param[in]  volume borrowed, in the space of series `from`; its volumes along t are averaged
 * @param[in]  from, to names of series; the same name means no transform
 */
int hep_aligned_volume(struct hep_volume **out, struct hep_run *run,
                       const struct hep_volume *volume, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err) HEP_MUST_CHECK;
/** As hep_aligned_volume(), every volume along t by itself. */
int hep_aligned_series(struct hep_volume **out, struct hep_run *run,
                       const struct hep_volume *volume, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err) HEP_MUST_CHECK;
/** Labels in the space of `from` on a grid of `to`, nearest neighbour. */
int hep_aligned_labels(struct hep_labels **out, struct hep_run *run,
                       const struct hep_labels *labels, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err) HEP_MUST_CHECK;

/**
 * A mask or label map from elsewhere on the reference grid. One that lies on the grid of no series is
 * brought there by the positions of its voxels, in scanner coordinates, and that is said.
 * @param[in] inputs of the stage, among which that series is looked for
 * @param[in] name   of the mask, for the message
 * @return HEP_EGEOM when more than half of it lies outside the images
 */
int hep_aligned_mask(struct hep_labels **out, struct hep_run *run, const struct hep_labels *given,
                     const struct hep_slot *inputs, const char *name,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
