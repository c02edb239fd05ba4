#include "image/png.h"

#include "base/alloc.h"
#include "image/resample.h"

#include <math.h>
#include <png.h>

#define SIDE_MAX 32767

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

/* World axes that run to the right and down in a picture, both against their positive direction. */
static void picture_axes(int *right, int *down, enum hep_plane plane)
{
    *right = plane == HEP_PLANE_SAGITTAL ? 1 : 0;
    *down = plane == HEP_PLANE_AXIAL ? 1 : 2;
}

void hep_view_whole(struct hep_view *out, const struct hep_grid *g, enum hep_plane plane,
                    const double centre_mm[3])
{
    struct hep_view view = { .plane = plane };
    double lo[3] = { HUGE_VAL, HUGE_VAL, HUGE_VAL };
    double hi[3] = { -HUGE_VAL, -HUGE_VAL, -HUGE_VAL };
    int right;
    int down;

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
    picture_axes(&right, &down, plane);
    (void)memcpy(view.centre_mm, centre_mm, sizeof view.centre_mm);
    view.centre_mm[right] = 0.5 * (lo[right] + hi[right]);
    view.centre_mm[down] = 0.5 * (lo[down] + hi[down]);
    view.width_mm = hi[right] - lo[right];
    view.height_mm = hi[down] - lo[down];
    *out = view;
}

/* World position of the centre of pixel (x, y) of a w x h picture; x and y may lie outside it. */
static void pixel_world(double world[3], const struct hep_view *view, double x, double y, size_t w,
                        size_t h)
{
    int right;
    int down;

    picture_axes(&right, &down, view->plane);
    (void)memcpy(world, view->centre_mm, 3 * sizeof *world);
    world[right] -= ((x + 0.5) / (double)w - 0.5) * view->width_mm;
    world[down] -= ((y + 0.5) / (double)h - 0.5) * view->height_mm;
}

void hep_canvas_slice(struct hep_canvas *c, size_t x0, size_t y0, size_t w, size_t h,
                      const struct hep_volume *v, size_t t, const struct hep_view *view, double lo,
                      double hi, enum hep_colormap map)
{
    for (size_t y = 0; y < h && y0 + y < c->h; y++) {
        for (size_t x = 0; x < w && x0 + x < c->w; x++) {
            double world[3];
            double value;

            pixel_world(world, view, (double)x, (double)y, w, h);
            value = hep_sample_world(v, t, world, HEP_INTERP_LINEAR);
            if (!isnan(value))
                value = hi > lo ? (value - lo) / (hi - lo) : (value > lo ? 1.0 : 0.0);
            c->px[(y0 + y) * c->w + x0 + x] = hep_colormap(map, value);
        }
    }
}

static bool has_label(const struct hep_labels *l, int32_t label, const struct hep_view *view,
                      double x, double y, size_t w, size_t h)
{
    double world[3];
    int32_t found;

    pixel_world(world, view, x, y, w, h);
    found = hep_sample_label(l, world);
    return label < 0 ? found != 0 : found == label;
}

void hep_canvas_outline(struct hep_canvas *c, size_t x0, size_t y0, size_t w, size_t h,
                        const struct hep_labels *l, int32_t label, const struct hep_view *view,
                        struct hep_rgb colour)
{
    for (size_t j = 0; j < h && y0 + j < c->h; j++) {
        for (size_t i = 0; i < w && x0 + i < c->w; i++) {
            const double x = (double)i;
            const double y = (double)j;

            if (!has_label(l, label, view, x, y, w, h))
                continue;
            if (!has_label(l, label, view, x - 1.0, y, w, h) ||
                !has_label(l, label, view, x + 1.0, y, w, h) ||
                !has_label(l, label, view, x, y - 1.0, w, h) ||
                !has_label(l, label, view, x, y + 1.0, w, h))
                c->px[(y0 + j) * c->w + x0 + i] = colour;
        }
    }
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
