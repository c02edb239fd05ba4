/**
 * @file  image/volume.h
 * @brief A volume in memory: float32, shape `xyzt`, with its grid.
 */
#ifndef HEP_IMAGE_VOLUME_H
#define HEP_IMAGE_VOLUME_H

#include "image/grid.h"
#include "terms/unit.h"

#include <stdint.h>

struct hep_volume {
    struct hep_grid grid;
    size_t nt;   /* volumes along the fourth (and fifth) axis; >= 1 */
    float *data; /* n[0]*n[1]*n[2]*nt values; owned, 64-byte aligned */
};

/** Zero-filled. HEP_ENOMEM; HEP_EINVAL when a size is 0. */
int hep_volume_new(struct hep_volume **out, const struct hep_grid *grid, size_t nt,
                   struct hep_error *err) HEP_MUST_CHECK;
/** As hep_volume_new(), but the values are not set: for callers that write every one. */
int hep_volume_new_unset(struct hep_volume **out, const struct hep_grid *grid, size_t nt,
                         struct hep_error *err) HEP_MUST_CHECK;
int hep_volume_copy(struct hep_volume **out, const struct hep_volume *in,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_volume_free(struct hep_volume *v);
/** First value of volume t. */
float *hep_volume_at(const struct hep_volume *v, size_t t);
/** A new 3-D volume that holds volume t. */
int hep_volume_pick(struct hep_volume **out, const struct hep_volume *v, size_t t,
                    struct hep_error *err) HEP_MUST_CHECK;

/** A mask or label map: uint8 or larger label in int32, shape `xyz`. 0 is background. */
struct hep_labels {
    struct hep_grid grid;
    int32_t *data;
};
int hep_labels_new(struct hep_labels **out, const struct hep_grid *grid,
                   struct hep_error *err) HEP_MUST_CHECK;
int hep_labels_copy(struct hep_labels **out, const struct hep_labels *in,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_labels_free(struct hep_labels *l);
/** A region that fills no voxel of the map, because the voxels are larger than it, keeps the one that its centre lies
 * in, where no other label is. */
void hep_labels_keep_small(struct hep_labels *l, int32_t label, const double centre_mm[3]);
/** Non-negative integers within HEP_LABEL_TOL; HEP_EFORMAT names the first voxel that is none. */
int hep_labels_from_volume(struct hep_labels **out, const struct hep_volume *v,
                           struct hep_error *err) HEP_MUST_CHECK;
/** The label nearest to x; false when x is further than HEP_LABEL_TOL from every integer in 0..INT32_MAX, of larger ones
 * further than this share of them, at most 0.1: what other programs store as a scaled float is off by a share (0.9997,
 * 6.998), and what they interpolated is off by more. */
#define HEP_LABEL_TOL 1e-3
bool hep_label_from(int32_t *label, double x);
/** HEP_EFORMAT that names voxel index i and its value. */
int hep_label_fail(const struct hep_grid *grid, size_t i, double x, struct hep_error *err);
/** Number of voxels with this label; label < 0 counts all that are not 0. */
size_t hep_labels_count(const struct hep_labels *l, int32_t label);

#endif
