/**
 * @file  pipeline/stages/given_space.h
 * @brief Which series a mask of the user was drawn on.
 *
 * The one that lesions.given_series names, else that the mask's sidecar names (SpatialReference, Sources), else that has
 * its voxels, also when the mask is cropped, flipped, or has its axes in another order. An origin that is off by less
 * than a quarter of a voxel leaves every voxel nearest to itself: it is taken as rounding of another program, and said.
 */
#ifndef HEP_PIPELINE_STAGES_GIVEN_SPACE_H
#define HEP_PIPELINE_STAGES_GIVEN_SPACE_H

#include "image/grid.h"
#include "pipeline/run.h"

/**
 * @param[out] space  name of the series; NULL for points of which nothing says it: in the space of the reference
 * @param[in]  inputs of the stage, among which the series is looked for
 * @param[in]  mask   grid of the file; NULL: a table of points
 * @return HEP_ECONFIG (lesions.given_series), HEP_EGEOM: the grid is that of no series, with the nearest ones
 */
int hep_given_space(const char **space, struct hep_run *run, const struct hep_slot *inputs,
                    const char *path, const struct hep_grid *mask,
                    struct hep_error *err) HEP_MUST_CHECK;

/** Has a mask the voxels of a grid, to within the rounding of an origin? */
bool hep_given_fits(const struct hep_grid *mask, const struct hep_grid *grid);
/** "corners 12.0 mm, axes 3.1 degrees apart" */
void hep_given_apart(char *out, size_t room, const struct hep_grid *a, const struct hep_grid *b);

#endif
