/**
 * @file  pipeline/stages/given_map.h
 * @brief A file of lesions or organs that the user gave, read on its own grid.
 *
 * Lesions: a label map (each value is one), a mask with a single value (each 26-connected part is one), a probability map
 * (values between 0 and 1, cut at lesions.given_threshold, then as a mask), or a table of points and boxes. Organs: each
 * value is one, in however many parts. It lies in the space of a series (pipeline/stages/given_space.h).
 */
#ifndef HEP_PIPELINE_STAGES_GIVEN_MAP_H
#define HEP_PIPELINE_STAGES_GIVEN_MAP_H

#include "lesions/given.h"
#include "pipeline/run.h"
#include "pipeline/stage.h"
#include "sequences/derivatives.h"

struct hep_given_map {
    const struct hep_derivative *file; /* borrowed */
    const char *space;                 /* series it was drawn on; static */
    struct hep_labels *labels; /* the list's index + 1, on the file's grid; NULL: points; owned */
    struct hep_given_lesion *list; /* centres in `space`; owned */
    size_t n;
};
void hep_given_map_release(struct hep_given_map *m);

/**
 * @param[in] inputs of the stage, among which the series of the file is looked for
 * @return HEP_EFORMAT (voxel and value, or row), HEP_EGEOM (the grid is that of no series), HEP_EIO
 */
int hep_given_map_read(struct hep_given_map *out, struct hep_run *run,
                       const struct hep_derivative *file, const struct hep_slot *inputs,
                       struct hep_error *err) HEP_MUST_CHECK;

/**
 * All that is given: every file of lesions, or what lesions.command drew where there is none; and of organs if wanted.
 * @param[out] out n maps, the caller's to release and free, also on failure
 */
int hep_given_maps_read(struct hep_given_map **out, size_t *n, struct hep_run *run,
                        const struct hep_slot *inputs, struct hep_error *err) HEP_MUST_CHECK;
void hep_given_maps_release(struct hep_given_map *maps, size_t n);
/** Has anybody given or drawn lesions? Declared inputs: "lesion_mask", "drawn_lesions". */
bool hep_given_any(struct hep_run *run);

/** Centre of each in the space of a series. @param[out] centre [n], the caller's to free */
int hep_given_map_centres(double (**centre)[3], const struct hep_given_map *m, struct hep_run *run,
                          const char *series, struct hep_error *err) HEP_MUST_CHECK;

/** Its regions on a grid in the space of a series; one that is smaller than the voxels there keeps the voxel of its
 * centre. */
int hep_given_map_to(struct hep_labels **out, const struct hep_given_map *m, struct hep_run *run,
                     const char *series, const struct hep_grid *grid,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
