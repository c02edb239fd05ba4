/**
 * @file  lesions/box_run.h
 * @brief Weighted sums of neighbours along an axis of a box, for a run of voxels at a time.
 *
 * A voxel's sum takes its terms in the order in which they are added, as a loop over the neighbours
 * of each voxel would; what lies outside the box adds nothing.
 */
#ifndef HEP_LESIONS_BOX_RUN_H
#define HEP_LESIONS_BOX_RUN_H

#include <stdbool.h>
#include <stddef.h>

/* Sums that are kept at a time: how many does not change them. */
#define HEP_BOX_RUN_MAX 64

/** Voxels `first` to `first + count - 1` of one row along the first axis. */
struct hep_box_run {
    const size_t *n; /* voxels of the box along each axis; borrowed */
    size_t row, first, count;
    double sum[HEP_BOX_RUN_MAX];
};

/** The first run of a box, or the one after `r`, sums 0. @return false when there is none */
bool hep_box_run_begin(struct hep_box_run *r, const size_t n[3]);
bool hep_box_run_next(struct hep_box_run *r);
/** sum += weight x the values `offset` voxels further along the axis (0 to 2). */
void hep_box_run_add(struct hep_box_run *r, const float *from, int axis, long offset,
                     double weight);
/** The sums at their voxels. */
void hep_box_run_store(float *to, const struct hep_box_run *r);

#endif
