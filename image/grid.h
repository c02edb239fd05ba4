/**
 * @file  image/grid.h
 * @brief Where the voxels of a volume are: size and voxel-to-world affine, in mm, RAS+ world.
 *
 * Directions come from the affine, never from the index order. Voxel (0,0,0) is a centre. Array
 * order is `xyz`, x fastest, as the file stores it; nothing reorients.
 */
#ifndef HEP_IMAGE_GRID_H
#define HEP_IMAGE_GRID_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_grid {
    size_t n[3];
    double to_world[4][4]; /* mm, last row 0 0 0 1 */
    /* The file names no orientation: spacing is known, sides and place are not. Such an image goes
     * with images of the same voxels alone, and says nothing in world coordinates. */
    bool unplaced;
};

/** Product of the sizes. */
size_t hep_grid_voxels(const struct hep_grid *g);
/** Distances between voxel centres along the three index axes [mm]. */
void hep_grid_spacing(double mm[3], const struct hep_grid *g);
/** Volume of a voxel: |det| of the 3x3 part [mm3]. */
double hep_grid_voxel_mm3(const struct hep_grid *g);
void hep_grid_to_world(double world[3], const struct hep_grid *g, const double voxel[3]);
/** Place of voxel i of the array along each axis. */
static inline void hep_grid_place(size_t at[3], const struct hep_grid *g, size_t i)
{
    at[0] = i % g->n[0];
    at[1] = i / g->n[0] % g->n[1];
    at[2] = i / g->n[0] / g->n[1];
}
static inline double hep_distance2(const double a[3], const double b[3])
{
    return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
           (a[2] - b[2]) * (a[2] - b[2]);
}
/** World coordinates of the centre of voxel i of the array. */
void hep_grid_world_of(double world[3], const struct hep_grid *g, size_t i);
/** Index of the voxel that a world position lies in; false outside the grid. */
bool hep_grid_voxel_at(size_t *index, const struct hep_grid *g, const double world[3]);
/** A local double[4][4] as the const argument of the functions below: C11 does not convert it by
 * itself. */
#define HEP_AFFINE(m) ((const double(*)[4])(m))
/** HEP_EGEOM when the affine is singular. */
int hep_grid_inverse(double inv[4][4], const struct hep_grid *g,
                     struct hep_error *err) HEP_MUST_CHECK;
void hep_affine_apply(double out[3], const double m[4][4], const double in[3]);
void hep_affine_mul(double out[4][4], const double a[4][4], const double b[4][4]);
int hep_affine_inverse(double out[4][4], const double m[4][4],
                       struct hep_error *err) HEP_MUST_CHECK;
/**
 * Same size, both placed or both not, and every corner voxel within tol_mm of its counterpart.
 * The tolerance used throughout is HEP_GRID_TOL_MM.
 */
#define HEP_GRID_TOL_MM 0.01
bool hep_grid_same(const struct hep_grid *a, const struct hep_grid *b, double tol_mm);
/*
 * What an image of a body can be. A grid that comes from a file is checked against it once, where it
 * enters (the NIfTI reader); a damaged number of the affine would otherwise ask every resampling for
 * memory and time without end. The bore of a whole-body scanner is 0.7 m wide, and its table moves
 * by 2 m: 0.8 m3.
 */
#define HEP_GRID_SPACING_MIN_MM 0.02     /* microscopy is finer */
#define HEP_GRID_SPACING_MAX_MM 100.0    /* localisers of three slices reach 50 */
#define HEP_GRID_SPACING_RATIO_MAX 250.0 /* slices of 50 mm with pixels of 0.2 mm */
#define HEP_GRID_EXTENT_MAX_MM 2500.0
#define HEP_GRID_FIELD_MAX_MM3 1e9
#define HEP_GRID_PLACE_MAX_MM 10000.0 /* of a corner from the origin; the table stays within 3 m */
#define HEP_GRID_SHEAR_MAX                                                                         \
    0.71 /* cosine between two axes; a CT gantry tilts by at most 30 degrees: 0.5 */
#define HEP_GRID_VALUES_MAX ((size_t)1 << 30) /* 4 GiB as float32 */
/** @return HEP_EGEOM, with the value met and the value allowed, for a grid beyond these limits */
int hep_grid_check(const struct hep_grid *g, struct hep_error *err) HEP_MUST_CHECK;
/** Round the affine to the float32 numbers of a NIfTI header, so that a volume in memory and the same
 * volume read back from its file are on the same grid to the last bit. */
void hep_grid_round_as_stored(struct hep_grid *g);
/** Index axis (0..2) and sign that run most nearly along world axis w (0 = R, 1 = A, 2 = S); the
 * three world axes never share an index axis: the permutation with the largest sum of |cosines| is
 * taken. */
void hep_grid_axis_of(int *axis, int *sign, const struct hep_grid *g, int w);
/** Isotropic grid of the given spacing that covers g, axes parallel to g's. */
void hep_grid_isotropic(struct hep_grid *out, const struct hep_grid *g, double mm);

#endif
