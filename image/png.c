#include "image/png.h"

#include "base/alloc.h"
#include "image/resample.h"

#include <math.h>
#include <png.h>

#define SIDE_MAX 32767
#define ISOTROPIC 1.1 /* sides of a voxel that differ by less are meant to be equal */

_Static_assert(sizeof(struct hep_rgb) == 3, "pixels as libpng takes them");

int hep_canvas_new(struct hep_canvas **out, size_t w, size_t h, struct hep_error *err)
{
    struct hep_canvas *c;

    if (w < 1 || h < 1 || w > SIDE_MAX || h > SIDE_MAX)
        return HEP_FAIL(err, HEP_EINVAL, "a canvas of %zu x %zu pixels, need 1 to %d", w, h,
                        SIDE_MAX);
    c = hep_calloc(1, sizeof *c, err);
    if (c != NULL)
        c->px = hep_calloc(w * h, sizeof *c->px, err);
    if (c == NULL || c->px == NULL) {
        hep_canvas_free(c);
        return HEP_ENOMEM;
    }
    c->w = w;
    c->h = h;
    *out = c;
    return HEP_OK;
}

void hep_canvas_free(struct hep_canvas *c)
{
    if (c != NULL)
        free(c->px);
    free(c);
}

const char *hep_plane_name(enum hep_plane plane)
{
    static const char *const names[] = { "axial", "coronal", "sagittal" };

    return names[plane];
}

void hep_plane_axes(int *right, int *down, int *normal, enum hep_plane plane)
{
    *right = plane == HEP_PLANE_SAGITTAL ? 1 : 0;
    *down = plane == HEP_PLANE_AXIAL ? 1 : 2;
    *normal = 3 - *right - *down;
}

enum hep_plane hep_plane_of_slices(const struct hep_grid *g)
{
    static const enum hep_plane across[3] = { HEP_PLANE_SAGITTAL, HEP_PLANE_CORONAL,
                                              HEP_PLANE_AXIAL };
    double mm[3];
    int slices = 2, axis, sign;

    hep_grid_spacing(mm, g);
    for (int a = 0; a < 3; a++) {
        const double ratio = mm[a] / mm[slices];

        if (ratio > ISOTROPIC || (ratio > 1.0 / ISOTROPIC && g->n[a] < g->n[slices]))
            slices = a;
    }
    for (int w = 0; w < 3; w++) {
        hep_grid_axis_of(&axis, &sign, g, w);
        if (axis == slices)
            return across[w];
    }
    return HEP_PLANE_AXIAL;
}

void hep_view_whole(struct hep_view *out, const struct hep_grid *g, enum hep_plane plane,
                    const double centre_mm[3])
{
    struct hep_view view = { .plane = plane };
    double lo[3] = { HUGE_VAL, HUGE_VAL, HUGE_VAL };
    double hi[3] = { -HUGE_VAL, -HUGE_VAL, -HUGE_VAL };
    int right, down, normal;

    for (unsigned corner = 0; corner < 8; corner++) {
        double voxel[3];
        double world[3];

        for (unsigned k = 0; k < 3; k++)
            voxel[k] = (corner >> k & 1U) != 0 ? (double)g->n[k] - 0.5 : -0.5;
        hep_grid_to_world(world, g, voxel);
        for (int k = 0; k < 3; k++) {
            lo[k] = fmin(lo[k], world[k]);
            hi[k] = fmax(hi[k], world[k]);
        }
    }
    hep_plane_axes(&right, &down, &normal, plane);
    (void)memcpy(view.centre_mm, centre_mm, sizeof view.centre_mm);
    view.centre_mm[right] = 0.5 * (lo[right] + hi[right]);
    view.centre_mm[down] = 0.5 * (lo[down] + hi[down]);
    view.width_mm = hi[right] - lo[right];
    view.height_mm = hi[down] - lo[down];
    *out = view;
}

/* A picture as libpng takes it: greys as one byte a pixel, up to 256 colours as a palette. */
struct packed {
    uint8_t *px; /* NULL: the canvas as it is */
    struct hep_rgb palette[256];
    png_uint_32 format, n_colours;
};

/* Open addressing over twice as many places as there can be colours. */
static bool colour_index(uint8_t *index, struct packed *p, uint16_t slot[512], struct hep_rgb c)
{
    const uint32_t key = (uint32_t)c.r << 16 | (uint32_t)c.g << 8 | c.b;
    uint32_t at = (key * 2654435761U) >> 23;

    while (slot[at] != 0) {
        const struct hep_rgb known = p->palette[slot[at] - 1];

        if (known.r == c.r && known.g == c.g && known.b == c.b) {
            *index = (uint8_t)(slot[at] - 1);
            return true;
        }
        at = (at + 1) % 512;
    }
    if (p->n_colours == 256)
        return false;
    *index = (uint8_t)p->n_colours;
    p->palette[p->n_colours++] = c;
    slot[at] = (uint16_t)p->n_colours;
    return true;
}

static int pack(struct packed *p, const struct hep_canvas *c, struct hep_error *err)
{
    const size_t n = c->w * c->h;
    uint16_t slot[512] = { 0 };
    bool grey = true, few = true;

    *p = (struct packed){ .format = PNG_FORMAT_RGB };
    p->px = hep_calloc(n, 1, err);
    if (p->px == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; grey && i < n; i++) {
        grey = c->px[i].r == c->px[i].g && c->px[i].g == c->px[i].b;
        p->px[i] = c->px[i].r;
    }
    for (size_t i = 0; !grey && few && i < n; i++)
        few = colour_index(&p->px[i], p, slot, c->px[i]);
    if (grey) {
        p->format = PNG_FORMAT_GRAY;
    } else if (few) {
        p->format = PNG_FORMAT_RGB_COLORMAP;
    } else {
        free(p->px);
        p->px = NULL;
    }
    return HEP_OK;
}

int hep_canvas_png(unsigned char **out, size_t *n, const struct hep_canvas *c,
                   struct hep_error *err)
{
    png_image image = { .version = PNG_IMAGE_VERSION,
                        .width = (png_uint_32)c->w,
                        .height = (png_uint_32)c->h };
    struct packed p;
    png_alloc_size_t size;
    unsigned char *bytes = NULL;
    int rc = pack(&p, c, err);

    if (rc != HEP_OK)
        return rc;
    image.format = p.format;
    image.colormap_entries = p.n_colours;
    size = PNG_IMAGE_PNG_SIZE_MAX(image);
    bytes = hep_calloc(size, 1, err);
    if (bytes == NULL) {
        rc = HEP_ENOMEM;
    } else if (png_image_write_to_memory(&image, bytes, &size, 0,
                                         p.px != NULL ? (const void *)p.px : (const void *)c->px, 0,
                                         p.palette)) {
        *out = bytes;
        *n = size;
        bytes = NULL;
    } else {
        rc = HEP_FAIL(err, HEP_EIO, "libpng: %s", image.message);
    }
    png_image_free(&image);
    free(bytes);
    free(p.px);
    return rc;
}
