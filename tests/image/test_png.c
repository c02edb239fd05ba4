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

/* Slices lie across the longest side of a voxel, whatever the order in which a file stores them: an
 * axial series; coronal ones stored slice by slice and as a 3-D image; isotropic axial slices; and a
 * sagittal series. */
static void planes_of_slices(void **state)
{
    static const struct {
        size_t n[3];
        double to_world[3][3];
        enum hep_plane plane;
    } cases[] = {
        { { 96, 80, 36 }, { { 3.5, 0, 0 }, { 0, 3.3, 0 }, { 0, 0, 6 } }, HEP_PLANE_AXIAL },
        { { 128, 128, 9 },
          { { -3, 0, 0 }, { 0, 0.3, -5.49 }, { 0, 2.98, 0.55 } },
          HEP_PLANE_CORONAL },
        { { 128, 16, 128 }, { { 3, 0, 0 }, { 0, 5, 0 }, { 0, 0, 3 } }, HEP_PLANE_CORONAL },
        { { 117, 91, 20 }, { { -3, 0, 0 }, { 0, -3, 0 }, { 0, 0, 3 } }, HEP_PLANE_AXIAL },
        { { 128, 128, 30 }, { { 0, 0, 5 }, { -2, 0, 0 }, { 0, 2, 0 } }, HEP_PLANE_SAGITTAL },
    };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct hep_grid g = { .to_world = { [3] = { 0, 0, 0, 1 } } };

        memcpy(g.n, cases[k].n, sizeof g.n);
        for (int a = 0; a < 3; a++)
            memcpy(g.to_world[a], cases[k].to_world[a], sizeof cases[k].to_world[a]);
        assert_string_equal(hep_plane_name(hep_plane_of_slices(&g)),
                            hep_plane_name(cases[k].plane));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_of_slices),
        cmocka_unit_test(test_png_round_trip),
        cmocka_unit_test(test_colormaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
