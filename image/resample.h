/**
 * @file  image/resample.h
 * @brief Values of one volume on another grid through one composed transform, interpolated once.
 *
 * A position is inside while it lies in a voxel, so up to half a voxel beyond the outer centres;
 * there the edge voxel is repeated, for cubic interpolation too. NaN spreads to every value that
 * gives it a weight other than 0.
 * Threads: each value is a function of its own position; the result does not depend on their
 *          number.
 */
#ifndef HEP_IMAGE_RESAMPLE_H
#define HEP_IMAGE_RESAMPLE_H

#include "image/volume.h"

enum hep_interp {
    HEP_INTERP_NEAREST,
    HEP_INTERP_LINEAR,
    HEP_INTERP_CUBIC /* Catmull-Rom (Keys a = -1/2) */
};

/** World-to-world mapping from the target space to the source space; identity when NULL. */
struct hep_transform {
    double affine[4][4];                   /* applied first */
    const struct hep_volume *displacement; /* optional, borrowed: nt = 3, mm RAS, on a grid in
                                              target space; added; 0 beyond it */
};

/**
 * @param[out] out    on `target`, nt of the source; outside the source the value is `outside` (may
 * be NaN)
 * @param[in]  t      NULL for identity (scanner coordinates)
 * @param[in]  nthreads >= 1; the result does not depend on it
 * @return HEP_OK; HEP_EGEOM (singular affine), HEP_EINVAL (displacement without 3 components),
 * HEP_ENOMEM
 */
int hep_resample(struct hep_volume **out, const struct hep_volume *source,
                 const struct hep_grid *target, const struct hep_transform *t, enum hep_interp how,
                 float outside, int nthreads, struct hep_error *err) HEP_MUST_CHECK;
/** Nearest neighbour; 0 outside. */
int hep_resample_labels(struct hep_labels **out, const struct hep_labels *source,
                        const struct hep_grid *target, const struct hep_transform *t,
                        struct hep_error *err) HEP_MUST_CHECK;
/** A volume that is asked for values at many world points: its affine is inverted once. */
struct hep_sampler {
    const struct hep_volume *v; /* borrowed */
    double to_voxel[4][4];
};
/** HEP_EGEOM for a singular affine. */
int hep_sampler_init(struct hep_sampler *s, const struct hep_volume *v,
                     struct hep_error *err) HEP_MUST_CHECK;
/** Linear: the values of the first n volumes at a world point. @return false outside, or without n volumes */
bool hep_sampler_linear(double *values, size_t n, const struct hep_sampler *s,
                        const double world[3]);
/** Volume 0 of a volume as a transform brings it to the target's world points. */
struct hep_moved {
    struct hep_sampler source, bend; /* bend.v NULL: nothing bends the way */
    double affine[4][4];
    double straight[4]
                   [4]; /* from a world point to the source's voxels when nothing bends the way */
};
/** @param[in] t NULL: identity. HEP_EGEOM for a singular affine of one of the grids. */
int hep_moved_init(struct hep_moved *m, const struct hep_volume *source,
                   const struct hep_transform *t, struct hep_error *err) HEP_MUST_CHECK;
/** Where a world point of the target lies in the source; beyond the displacement's grid nothing bends. */
void hep_moved_way(double to[3], const struct hep_moved *m, const double world[3]);
/** Linear; NaN outside. */
double hep_moved_at(const struct hep_moved *m, const double world[3]);
/** One value at a world point; NaN outside. */
double hep_sample_world(const struct hep_volume *v, size_t t, const double world[3],
                        enum hep_interp how);
/** The label at a world point; 0 outside. */
int32_t hep_sample_label(const struct hep_labels *l, const double world[3]);
/**
 * Mean over the box of each target voxel, for going to a coarser grid: of linearly interpolated
 * points that split the box evenly, no further apart than the source's voxels. Where the target's
 * spacing is a whole multiple of the source's and the axes are parallel with shared edges this is
 * the mean of the source voxels in the box. NaN and positions outside are left out; NaN when
 * nothing is left. HEP_EGEOM, HEP_ENOMEM.
 */
int hep_resample_area(struct hep_volume **out, const struct hep_volume *source,
                      const struct hep_grid *target, int nthreads,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
