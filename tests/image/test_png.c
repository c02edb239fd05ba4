/* Pictures: read back through libpng, sides of the patient, outlines, order of the colour maps. */
#include "support/support.h"

#include "base/alloc.h"
#include "image/png.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>

static struct hep_error e;

static void test_png_round_trip(void **state)
{
    struct hep_canvas *c = NULL;
    unsigned char *bytes = NULL;
    size_t n = 0;
    png_image image = { .version = PNG_IMAGE_VERSION };
    unsigned char back[3 * 35];

    (void)state;
    assert_ok(hep_canvas_new(&c, 7, 5, &e), e);
    for (size_t i = 0; i < 35; i++)
        c->px[i] = (struct hep_rgb){ (uint8_t)(7 * i), (uint8_t)(255 - i), (uint8_t)(i * i) };
    assert_ok(hep_canvas_png(&bytes, &n, c, &e), e);
    assert_true(png_image_begin_read_from_memory(&image, bytes, n));
    assert_int_equal(image.width, 7);
    assert_int_equal(image.height, 5);
    image.format = PNG_FORMAT_RGB;
    assert_true(png_image_finish_read(&image, NULL, back, 0, NULL));
    assert_memory_equal(back, c->px, sizeof back);
    free(bytes);
    bytes = NULL;
    hep_alloc_fail_at(1);
    assert_fails(hep_canvas_png(&bytes, &n, c, &e), e, HEP_ENOMEM, "35");
    assert_null(bytes);
    hep_canvas_free(c);
    assert_fails(hep_canvas_new(&c, 0, 5, &e), e, HEP_EINVAL, "0 x 5");
    assert_fails(hep_canvas_new(&c, 5, 40000, &e), e, HEP_EINVAL, "40000");
    hep_alloc_fail_at(2);
    assert_fails(hep_canvas_new(&c, 5, 5, &e), e, HEP_ENOMEM, NULL);
}

/* ITU-R BT.709 luminance of the linear light of an sRGB colour. */
static double luminance(struct hep_rgb c)
{
    const double w[3] = { 0.2126, 0.7152, 0.0722 };
    const uint8_t v[3] = { c.r, c.g, c.b };
    double sum = 0.0;

    for (int i = 0; i < 3; i++) {
        const double x = v[i] / 255.0;

        sum += w[i] * (x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static void test_colormaps(void **state)
{
    static const struct {
        enum hep_colormap map;
        struct hep_rgb first, last;
    } cases[] = { { HEP_CMAP_GREY, { 0, 0, 0 }, { 255, 255, 255 } },
                  { HEP_CMAP_VIRIDIS, { 68, 1, 84 }, { 253, 231, 37 } },
                  { HEP_CMAP_CIVIDIS, { 0, 32, 77 }, { 255, 234, 70 } } };
    struct hep_rgb c;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        double last = -1.0;

        c = hep_colormap(cases[i].map, -3.0);
        assert_memory_equal(&c, &cases[i].first, 3);
        c = hep_colormap(cases[i].map, (double)INFINITY);
        assert_memory_equal(&c, &cases[i].last, 3);
        for (int k = 0; k <= 100; k++) { /* rising luminance: order survives without colour */
            const double y = luminance(hep_colormap(cases[i].map, k / 100.0));

            assert_true(y > last);
            last = y;
        }
    }
    c = hep_colormap(HEP_CMAP_GREY, 0.5);
    assert_int_equal(c.g, 128);
    c = hep_colormap(HEP_CMAP_DIVERGING, 0.0);
    assert_true(c.b > c.r);
    c = hep_colormap(HEP_CMAP_DIVERGING, 1.0);
    assert_true(c.r > c.b);
    c = hep_colormap(HEP_CMAP_VIRIDIS, (double)NAN);
    assert_true(c.r == c.g && c.g == c.b);
}

/* A bright half: the patient's left (x > 0 is right in RAS+), front or top must be where
 * radiologists look for it. */
static void test_sides(void **state)
{
    static const struct {
        enum hep_plane plane;
        int world;   /* axis whose positive half is bright */
        size_t x, y; /* pixel of a 20 x 20 picture that must be bright; its mirror must be dark */
    } cases[] = {
        { HEP_PLANE_AXIAL, 0, 4, 10 },    { HEP_PLANE_AXIAL, 1, 10, 4 },
        { HEP_PLANE_CORONAL, 0, 4, 10 },  { HEP_PLANE_CORONAL, 2, 10, 4 },
        { HEP_PLANE_SAGITTAL, 1, 4, 10 }, { HEP_PLANE_SAGITTAL, 2, 10, 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int flip = 0; flip < 2; flip++) {
            struct hep_grid g = hep_test_grid(10, 10, 10, 2, 2, 2);
            struct hep_volume *v = NULL;
            struct hep_canvas *c = NULL;
            struct hep_view view;

            if (flip) { /* stored left to right: the picture must not care */
                g.to_world[0][0] *= -1.0;
                g.to_world[0][3] *= -1.0;
            }
            assert_ok(hep_volume_new(&v, &g, 1, &e), e);
            assert_ok(hep_canvas_new(&c, 24, 26, &e), e);
            for (size_t k = 0; k < 1000; k++) {
                const double voxel[3] = { (double)(k % 10), (double)(k / 10 % 10),
                                          (double)(k / 100) };
                double p[3];

                hep_grid_to_world(p, &g, voxel);
                v->data[k] = p[cases[i].world] > 0.0 ? 50.0F : 10.0F;
            }
            hep_view_whole(&view, &g, cases[i].plane, (double[3]){ 0, 0, 0 });
            assert_close(view.width_mm, 20.0, 1e-12, 0);
            assert_close(view.height_mm, 20.0, 1e-12, 0);
            hep_canvas_slice(c, 2, 3, 20, 20, v, 0, &view, 10.0, 50.0, HEP_CMAP_GREY);
            assert_int_equal(c->px[(3 + cases[i].y) * 24 + 2 + cases[i].x].r, 255);
            assert_int_equal(c->px[(3 + 19 - cases[i].y) * 24 + 2 + 19 - cases[i].x].r, 0);
            assert_int_equal(c->px[2 * 24 + 10].r, 0); /* outside the rectangle */
            hep_canvas_slice(c, 20, 20, 20, 20, v, 0, &view, 10.0, 50.0, HEP_CMAP_GREY);
            hep_volume_free(v);
            hep_canvas_free(c);
        }
    }
}

/* A square of 6 x 6 voxels drawn at 2 pixels per voxel: an outline of 12 x 12 pixels has 44. */
static void test_outline(void **state)
{
    const struct hep_grid g = hep_test_grid(12, 12, 3, 1, 1, 1);
    const struct hep_rgb red = { 255, 0, 0 };
    struct hep_labels *l = NULL;
    struct hep_canvas *c = NULL;
    struct hep_view view;
    size_t count = 0;

    (void)state;
    assert_ok(hep_labels_new(&l, &g, &e), e);
    assert_ok(hep_canvas_new(&c, 24, 24, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        l->data[i] = i % 12 >= 3 && i % 12 < 9 && i / 12 % 12 >= 3 && i / 12 % 12 < 9 ? 4 : 0;
    hep_view_whole(&view, &g, HEP_PLANE_AXIAL, (double[3]){ 0, 0, 0 });
    hep_canvas_outline(c, 0, 0, 24, 24, l, 5, &view, red);
    for (size_t i = 0; i < 576; i++)
        assert_int_equal(c->px[i].r, 0);
    hep_canvas_outline(c, 0, 0, 24, 24, l, -1, &view, red);
    for (size_t i = 0; i < 576; i++)
        count += c->px[i].r == 255;
    assert_int_equal(count, 44);
    assert_int_equal(c->px[6 * 24 + 6].r, 255);
    assert_int_equal(c->px[7 * 24 + 7].r, 0);
    hep_labels_free(l);
    hep_canvas_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_round_trip),
        cmocka_unit_test(test_colormaps),
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_outline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
