/**
 * @file  liver/images.h
 * @brief The images of a study as the search for the liver sees them: logarithms on two isotropic
 *        grids along the world axes, x to the right, y to the front, z up.
 *
 * On such a grid a direction of the body is a direction of the index, however the file stores its
 * voxels; logarithms make a receive field additive.
 */
#ifndef HEP_LIVER_IMAGES_H
#define HEP_LIVER_IMAGES_H

#include "liver/segment_liver.h"

#define HEP_LIVER_FINE_MM 2.5   /* near the voxels of the images: 1.5 mm by 3 to 8 mm */
#define HEP_LIVER_COARSE_MM 5.0 /* thin beside an organ, and an eighth of the voxels */
#define HEP_LIVER_MIXED_MM 4.0  /* from a border: half of a slice of 8 mm, which mixes both sides */
#define HEP_LIVER_CHANNELS 8    /* the reference, six of other properties, one spare */

struct hep_liver_channel {
    enum hep_image image;
    bool exact;      /* from the same breath-hold as the reference: its edges are where they seem */
    double slack_mm; /* how far it may lie off otherwise */
    struct hep_volume *fine;   /* log signal; NaN where there is none; owned */
    struct hep_volume *coarse; /* owned */
};

struct hep_liver_images {
    const struct hep_liver_settings *settings; /* borrowed */
    struct hep_grid fine, coarse;              /* the coarse voxel holds 2 x 2 x 2 fine ones */
    struct hep_liver_channel channel[HEP_LIVER_CHANNELS];
    size_t n;                    /* channel[0] is the reference */
    struct hep_labels *body;     /* coarse; 1: body, 2: body with signal; owned */
    struct hep_volume *depth;    /* coarse: distance to the skin [mm], 0 outside; owned */
    double middle_x, half_width; /* of the body [mm, world] */
    double back_y;               /* of the body: 1 % of it lies behind [mm, world] */
    int nthreads;
};

/** The image whose position the result has; HEP_IMAGE_COUNT when there is none. */
enum hep_image hep_liver_reference(const struct hep_liver_input *in);

/** HEP_EINVAL without an image or for a setting out of its range, HEP_EGEOM, HEP_ENOMEM. Release
 * also after a failure. */
int hep_liver_images_init(struct hep_liver_images *out, const struct hep_liver_input *in,
                          const struct hep_liver_settings *settings,
                          struct hep_error *err) HEP_MUST_CHECK;
void hep_liver_images_release(struct hep_liver_images *im);

/** Does a voxel of the coarse grid lie as deep below the skin as fat is looked for? */
bool hep_liver_under_skin(const struct hep_liver_images *im, size_t i);
/** Log signal of fat in the reference: median of what lies under the skin; NaN without one.
 * HEP_ENOMEM. */
int hep_liver_fat_level(double *out, const struct hep_liver_images *im,
                        struct hep_error *err) HEP_MUST_CHECK;

/** The voxel of the coarse grid that holds voxel i of the fine one, and the eight of the fine grid in
 * one of the coarse. */
static inline size_t hep_liver_coarse_of(const struct hep_grid *coarse, const struct hep_grid *fine,
                                         size_t i)
{
    size_t at[3];

    hep_grid_place(at, fine, i);
    return (at[2] / 2 * coarse->n[1] + at[1] / 2) * coarse->n[0] + at[0] / 2;
}
static inline size_t hep_liver_fine_of(const struct hep_grid *fine, const struct hep_grid *coarse,
                                       size_t i, size_t corner)
{
    size_t at[3];

    hep_grid_place(at, coarse, i);
    return ((2 * at[2] + (corner >> 2)) * fine->n[1] + 2 * at[1] + (corner >> 1 & 1)) * fine->n[0] +
           2 * at[0] + (corner & 1);
}

/** A box in the body [mm]: from its middle to the right, and from its back to the front. */
struct hep_liver_box {
    double right_min_mm, right_max_mm, front_min_mm, front_max_mm;
};
/** Does voxel i of one of the two grids lie inside it? */
bool hep_liver_in_box(const struct hep_liver_images *im, const struct hep_grid *grid,
                      const struct hep_liver_box *box, size_t i);

/** Channel of an image; NULL without it. */
const struct hep_liver_channel *hep_liver_channel_of(const struct hep_liver_images *im,
                                                     enum hep_image image);

/** Mean of the 2 x 2 x 2 fine voxels of each coarse one, NaN left out. HEP_ENOMEM. */
int hep_liver_halve(struct hep_volume **coarse, const struct hep_grid *grid,
                    const struct hep_volume *fine, int nthreads,
                    struct hep_error *err) HEP_MUST_CHECK;
/** Linear interpolation of coarse values on the fine grid. HEP_ENOMEM. */
int hep_liver_double(struct hep_volume **fine, const struct hep_grid *grid,
                     const struct hep_volume *coarse, int nthreads,
                     struct hep_error *err) HEP_MUST_CHECK;

/** The fine grid around a grid: its middle is that of the box of voxel centres along the world
 * axes, whatever their order. */
void hep_liver_world_grid(struct hep_grid *fine, const struct hep_grid *g);

#endif
