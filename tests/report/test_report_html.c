/* Pieces of HTML: escapes, addresses, base64, numbers; how quantities are shown. */
#include "support/support.h"

#include "report/html.h"
#include "report/picture.h"
#include "report/quantity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct hep_str out;

static int clear(void **state)
{
    (void)state;
    hep_str_release(&out);
    return 0;
}

static const char *text(void)
{
    return out.s != NULL ? out.s : "";
}

/* RFC 4648, section 10. */
static void test_base64_vectors(void **state)
{
    static const char *const vectors[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        hep_str_clear(&out);
        hep_html_base64(&out, vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(text(), vectors[i][1]);
    }
}

/* Longer than the block in which it is written: four letters for three bytes, 'A' for six zero
 * bits. */
static void test_base64_long(void **state)
{
    char zeros[9000] = { 0 };

    (void)state;
    hep_html_base64(&out, zeros, sizeof zeros);
    assert_int_equal(out.len, 12000);
    assert_int_equal(strspn(out.s, "A"), 12000);
}

static void test_url_is_encoded(void **state)
{
    (void)state;
    hep_html_url(&out, "sub-01/ses-1/\"><script>a b%");
    assert_string_equal(text(), "sub-01/ses-1/%22%3E%3Cscript%3Ea%20b%25");
}

static void test_words(void **state)
{
    (void)state;
    hep_html_words(&out, "hbp_ratio <of> t2, adcx");
    assert_string_equal(text(), "HBP ratio &lt;of&gt; T2, adcx");
    hep_str_clear(&out);
    hep_html_words(&out, NULL);
    assert_string_equal(text(), "\xe2\x80\x93");
}

static void test_numbers(void **state)
{
    static const struct {
        double value;
        int digits;
        bool significant;
        const char *want;
    } cases[] = {
        { 2.385, 1, false, "2.4" },
        { -2.385, 2, false,
          "\xe2\x88\x92"
          "2.38" },
        { -0.001, 1, false, "0.0" },
        { (double)NAN, 1, false, "\xe2\x80\x93" },
        { 0.012345, 3, true, "0.0123" },
        { 12345.6, 3, true, "12346" },
        { 3.2e-7, 2, true, "3.2e-07" },
        { 0.0, 3, true, "0" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hep_str_clear(&out);
        if (cases[i].significant)
            hep_html_significant(&out, cases[i].value, cases[i].digits);
        else
            hep_html_number(&out, cases[i].value, cases[i].digits);
        if (i == 1) /* 2.385 is not a binary fraction: either neighbour is right */
            assert_true(strstr(text(), "2.38") != NULL || strstr(text(), "2.39") != NULL);
        else
            assert_string_equal(text(), cases[i].want);
    }
}

static void test_marks_have_words(void **state)
{
    (void)state;
    assert_int_equal(hep_html_mark_of("present"), HEP_MARK_PRESENT);
    assert_int_equal(hep_html_mark_of("absent"), HEP_MARK_ABSENT);
    assert_int_equal(hep_html_mark_of("not_assessable"), HEP_MARK_UNKNOWN);
    assert_int_equal(hep_html_mark_of("too_early"), HEP_MARK_BAD);
    assert_int_equal(hep_html_mark_of(NULL), HEP_MARK_UNKNOWN);
    hep_html_mark(&out, HEP_MARK_UNKNOWN, "not_assessable<");
    assert_string_equal(text(), "<span class=\"mark unknown\"><i aria-hidden=\"true\"></i>"
                                "not assessable&lt;</span>");
}

/* 1.26e-3 mm2/s is 1.26 in units of 10^-3 mm2/s; 0.27 is 27 %. */
static void test_quantities(void **state)
{
    const struct hep_quantity adc = hep_quantity_of_measure(HEP_M_ADC_RIM),
                              fat = hep_quantity_of_measure(HEP_M_LIVER_PDFF);

    (void)state;
    hep_quantity_add(&out, &adc, 1.26e-3);
    assert_string_equal(text(), "1.26\xc2\xa0"
                                "10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s");
    hep_str_clear(&out);
    hep_quantity_add(&out, &fat, 0.2704);
    assert_string_equal(text(), "27.0\xc2\xa0%");
}

/* Slices turned by 20 degrees about the right-left axis: the middle of a coronal picture lies at the
 * view's place along the slices, and it runs down along them. */
static void test_oblique_grid(void **state)
{
    const double c = cos(0.349065850398866), s = sin(0.349065850398866);
    const struct hep_page page = { .axes = { { 1, 0, 0 }, { 0, c, -s }, { 0, s, c } } };
    const struct hep_view view = {
        .plane = HEP_PLANE_CORONAL, .centre_mm = { 10, -60, 30 }, .width_mm = 30, .height_mm = 60
    };
    struct hep_grid g;
    double world[3], place[3];

    (void)state;
    hep_page_grid(&g, &page, &view, 3, 3, 1, 1.0);
    hep_grid_to_world(world, &g, (const double[3]){ 1, 1, 0 });
    assert_close(world[1], -60 * c - 30 * s, 1e-12, 1e-12);
    assert_close(world[2], -60 * s + 30 * c, 1e-12, 1e-12);
    hep_page_place(place, &page, world);
    for (int k = 0; k < 3; k++)
        assert_close(place[k], view.centre_mm[k], 1e-12, 1e-12);
    assert_close(g.to_world[1][1], 20 * s, 1e-12, 1e-12);
    assert_close(g.to_world[2][1], -20 * c, 1e-12, 1e-12);
}

/* A view of 60 x 40 mm in 30 x 20 pixels: pixel (0, 0) is the upper left one, patient's right and
 * anterior, its centre half a pixel from the corner; x runs to the left of the patient. */
static void test_picture_grid(void **state)
{
    const struct hep_view view = { .plane = HEP_PLANE_AXIAL,
                                   .centre_mm = { 10.0, -20.0, 30.0 },
                                   .width_mm = 60.0,
                                   .height_mm = 40.0 };
    const double first[3] = { 0, 0, 0 }, last[3] = { 29, 19, 2 };
    struct hep_grid g;
    double world[3];

    (void)state;
    hep_picture_grid(&g, &view, 30, 20, 3, -5.0);
    hep_grid_to_world(world, &g, first);
    assert_close(world[0], 10.0 + 29.0, 0, 1e-12);
    assert_close(world[1], -20.0 + 19.0, 0, 1e-12);
    assert_close(world[2], 35.0, 0, 1e-12);
    hep_grid_to_world(world, &g, last);
    assert_close(world[0], 10.0 - 29.0, 0, 1e-12);
    assert_close(world[1], -20.0 - 19.0, 0, 1e-12);
    assert_close(world[2], 25.0, 0, 1e-12);
}

/* A block of 2 x 3 pixels has a border of two long sides and two short ones: four strokes. */
static void test_outline_strokes(void **state)
{
    const struct hep_view view = { .plane = HEP_PLANE_AXIAL, .width_mm = 8.0, .height_mm = 8.0 };
    struct hep_page page = { .out = &out };
    struct hep_labels *labels = NULL;
    struct hep_error e = { 0 };
    struct hep_grid g;

    (void)state;
    hep_picture_grid(&g, &view, 8, 8, 1, 1.0);
    assert_ok(hep_labels_new(&labels, &g, &e), e);
    page.err = &e;
    for (size_t y = 2; y < 5; y++)
        labels->data[y * 8 + 3] = labels->data[y * 8 + 4] = 7;
    assert_ok(hep_picture_outline(&page, labels, &g, 0, 7, "lesion"), e);
    assert_string_equal(text(), "<path class=\"ol lesion\" d=\"M3 2h2M3 5h2M3 2v3M5 2v3\"/>");
    hep_str_clear(&out);
    assert_ok(hep_picture_outline(&page, labels, &g, 0, 6, "lesion"), e);
    assert_string_equal(text(), "");
    /* Beyond the picture it may go on: no border there. */
    for (size_t x = 0; x < 8; x++)
        labels->data[x] = 5;
    assert_ok(hep_picture_outline(&page, labels, &g, 0, 5, "liver"), e);
    assert_string_equal(text(), "<path class=\"ol liver\" d=\"M0 1h8\"/>");
    hep_labels_free(labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_base64_vectors, clear),
        cmocka_unit_test_teardown(test_base64_long, clear),
        cmocka_unit_test_teardown(test_url_is_encoded, clear),
        cmocka_unit_test_teardown(test_words, clear),
        cmocka_unit_test_teardown(test_numbers, clear),
        cmocka_unit_test_teardown(test_marks_have_words, clear),
        cmocka_unit_test_teardown(test_quantities, clear),
        cmocka_unit_test_teardown(test_picture_grid, clear),
        cmocka_unit_test_teardown(test_oblique_grid, clear),
        cmocka_unit_test_teardown(test_outline_strokes, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
