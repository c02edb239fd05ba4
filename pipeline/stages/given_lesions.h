/**
 * @file  pipeline/stages/given_lesions.h
 * @brief The lesions that the user gave, from their files to the reference grid.
 *
 * A file is a label map (each value is one lesion), a mask with a single value (each 26-connected part is one), a
 * probability map (values between 0 and 1, cut at lesions.given_threshold, then as a mask), or a table of points and
 * boxes. It lies in the space of the series that lesions.given_series names, else that its sidecar names
 * (SpatialReference, Sources), else that has its voxels (also when the file is
 * cropped, flipped, or has its axes in another order); from there the series' own transform leads to the reference.
 */
#ifndef HEP_PIPELINE_STAGES_GIVEN_LESIONS_H
#define HEP_PIPELINE_STAGES_GIVEN_LESIONS_H

#include "lesions/given.h"
#include "pipeline/run.h"
#include "pipeline/stage.h"

/**
 * @param[out] out    hep_given_release(); points are not outlined yet
 * @param[in]  grid   of the reference
 * @param[in]  inputs of the stage, among which the series of a file is looked for
 * @return HEP_EFORMAT (voxel and value, or row), HEP_EGEOM (the grid is that of no series), HEP_EIO
 */
int hep_given_lesions_read(struct hep_given *out, struct hep_run *run, const struct hep_grid *grid,
                           const struct hep_slot *inputs, struct hep_error *err) HEP_MUST_CHECK;

/** Say in the log what is odd about each: outside of the liver, a single voxel, not outlined. */
void hep_given_lesions_say(const struct hep_given *g, struct hep_run *run);

#endif
