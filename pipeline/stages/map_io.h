/**
 * @file  pipeline/stages/map_io.h
 * @brief What the stages that make maps share: empty maps on a grid, status maps.
 */
#ifndef HEP_PIPELINE_STAGES_MAP_IO_H
#define HEP_PIPELINE_STAGES_MAP_IO_H

#include "fitting/status.h"
#include "base/json_put.h"
#include "pipeline/run.h"

/** A map of a stage between its making and its saving. A list ends with { 0 }. */
struct hep_map {
    const char *product;
    struct hep_volume *volume;
};

/** Allocate every map of a list on a grid. */
int hep_maps_new(struct hep_map *maps, const struct hep_grid *grid,
                 struct hep_error *err) HEP_MUST_CHECK;
void hep_maps_free(struct hep_map *maps);
/** Data of a map by product name; NULL when the list has none. */
float *hep_maps_data(const struct hep_map *maps, const char *product);
/** NaN in every map where the mask is 0: not measured there. */
void hep_maps_blank(struct hep_map *maps, const struct hep_labels *mask);
/** The body by a signal of its grid; *out stays NULL where none stands out. The caller's. */
int hep_maps_body(struct hep_labels **out, const float *signal, const struct hep_grid *grid,
                  struct hep_error *err);
/** How many voxels have each status. */
void hep_maps_count(struct hep_fit_counts *out, const uint8_t *status, size_t n);
/** Outside the body every map is NaN and the status, where there is one, HEP_FIT_OUTSIDE; nothing
 * changes when body is NULL. */
void hep_maps_clear_air(struct hep_map *maps, uint8_t *status, const struct hep_labels *body);
/** Give every map to the run with its own copy of `sidecar` (borrowed). One whose every voxel is NaN
 * is absent, with that reason. */
int hep_maps_put(struct hep_run *run, struct hep_map *maps, const struct hep_json *sidecar,
                 struct hep_error *err) HEP_MUST_CHECK;
/** Turn a status map (float codes of fitting/status.h) into labels and give it to the run. */
int hep_maps_put_status(struct hep_run *run, const char *product, const struct hep_volume *status,
                        const struct hep_json *sidecar, struct hep_error *err) HEP_MUST_CHECK;
/** Say that none of these products was made. */
void hep_maps_absent(struct hep_run *run, const char *const *products, const char *reason);

/** A sidecar of its own for one of several products; NULL of NULL. HEP_ENOMEM. */
int hep_sidecar_copy(struct hep_json **out, const struct hep_json *sidecar,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
