/**
 * @file  image/png.h
 * @brief Pictures: RGB canvases, grey and colour-mapped slices, outlines, colour bars, PNG bytes
 *        (libpng). Colour maps are safe for colour-blind readers: grey, viridis, cividis, and a
 *        diverging one.
 * Source:  viridis (Smith, van der Walt, CC0) and cividis (Nunez, Anderton, Renslow, PLOS ONE
 *          2018;13:e0199239): ten evenly spaced colours each; diverging: ColorBrewer's RdBu, blue
 *          to red (Brewer 2002), nine.
 * Differs: straight lines in sRGB between these colours instead of tables of 256.
 */
#ifndef HEP_IMAGE_PNG_H
#define HEP_IMAGE_PNG_H

#include "image/volume.h"

struct hep_rgb {
    uint8_t r, g, b;
};
enum hep_colormap { HEP_CMAP_GREY, HEP_CMAP_VIRIDIS, HEP_CMAP_CIVIDIS, HEP_CMAP_DIVERGING };
/** x in [0, 1], clamped; NaN gives dark grey. */
struct hep_rgb hep_colormap(enum hep_colormap map, double x);

struct hep_canvas {
    size_t w, h;
    struct hep_rgb *px; /* row by row from the top left; owned */
};
/** Black. HEP_EINVAL unless 1 <= w, h <= 32767; HEP_ENOMEM. */
int hep_canvas_new(struct hep_canvas **out, size_t w, size_t h,
                   struct hep_error *err) HEP_MUST_CHECK;
void hep_canvas_free(struct hep_canvas *c);

enum hep_plane { HEP_PLANE_AXIAL, HEP_PLANE_CORONAL, HEP_PLANE_SAGITTAL };
/** "axial", "coronal", "sagittal". */
const char *hep_plane_name(enum hep_plane plane);
/** World axes that run to the right and down in a picture, both against their positive direction,
 * and the one across it. */
void hep_plane_axes(int *right, int *down, int *normal, enum hep_plane plane);
/** The plane in which the slices of an acquisition lie: across the longest side of its voxels, and
 * of equal sides across the one with the fewest voxels. */
enum hep_plane hep_plane_of_slices(const struct hep_grid *g);
/** A rectangle in a world plane: the patient's right, in sagittal planes the front, on the left of
 * the picture; anterior or superior on top. */
struct hep_view {
    enum hep_plane plane;
    double centre_mm[3]; /* RAS world */
    double width_mm, height_mm;
};
/** The view that shows the whole grid, voxels to their edges, in the plane through a world point.
 */
void hep_view_whole(struct hep_view *out, const struct hep_grid *g, enum hep_plane plane,
                    const double centre_mm[3]);

/** Grey levels of a PNG file of any kind, row by row from the top left; heap, the caller's. HEP_ENOENT, HEP_EIO,
 * HEP_EFORMAT for what is no PNG or larger than a side of 32767; HEP_ENOMEM. */
int hep_png_read_grey(uint8_t **out, size_t *w, size_t *h, const char *path,
                      struct hep_error *err) HEP_MUST_CHECK;

/** PNG bytes, 8-bit and without loss: grey, a palette of up to 256 colours, or RGB, whichever is
 * smallest; heap, the caller's. HEP_ENOMEM, HEP_EIO when libpng refuses. */
int hep_canvas_png(unsigned char **out, size_t *n, const struct hep_canvas *c,
                   struct hep_error *err) HEP_MUST_CHECK;

#endif
