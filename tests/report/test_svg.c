#include "support/support.h"

#include "base/alloc.h"
#include "report/svg.h"

#include <math.h>

/* ---- ticks: by hand ---------------------------------------------------------------------------
 */

struct tick_case {
    const char *name;
    double lo, hi, first, last;
    size_t n;
};
static struct tick_case tick_cases[] = {
    { "0 to 1 in fifths", 0.0, 1.0, 0.0, 1.0, 6 },
    { "0.3 to 9.9 in twos", 0.3, 9.9, 2.0, 8.0, 4 },
    { "-3 to 4 in twos", -3.0, 4.0, -2.0, 4.0, 4 },
    { "0.0008 to 0.0022", 0.0008, 0.0022, 0.001, 0.002, 3 },
    { "1200 to 5600 in thousands", 1200.0, 5600.0, 2000.0, 5000.0, 4 },
    { "nothing between equal ends", 2.0, 2.0, 0.0, 0.0, 0 },
};

static void test_ticks(void **state)
{
    const struct tick_case *c = *state;
    double t[16];
    const size_t n = hep_svg_ticks(t, 16, c->lo, c->hi);

    assert_int_equal(n, c->n);
    if (n == 0)
        return;
    assert_close(t[0], c->first, 1e-9, 1e-12);
    assert_close(t[n - 1], c->last, 1e-9, 1e-12);
}

/* ---- drawings ---------------------------------------------------------------------------------
 */

static const struct hep_svg_frame frame = { 10.0,
                                            20.0,
                                            100.0,
                                            50.0,
                                            { NULL, 0.5, 8.0, true, NULL, 0, NULL },
                                            { NULL, 0.0, 1.0, false, NULL, 0, NULL } };

static void test_scales(void **state)
{
    (void)state;
    assert_close(hep_svg_x(&frame, 0.5), 10.0, 1e-12, 0.0);
    assert_close(hep_svg_x(&frame, 2.0), 60.0, 1e-12, 0.0);
    assert_close(hep_svg_y(&frame, 1.0), 20.0, 1e-12, 0.0);
    assert_close(hep_svg_y(&frame, 0.25), 57.5, 1e-12, 0.0);
}

static void test_texts_are_escaped(void **state)
{
    struct hep_svg svg;
    struct hep_error e = { 0 };

    (void)state;
    hep_svg_begin(&svg, "x", 100.0, 50.25, "<script>", true);
    hep_svg_label(&svg, 1.0, -0.001, HEP_SVG_END, HEP_SVG_INK, "a < b & \"c\"");
    assert_ok(hep_svg_end(&svg, &e), e);
    assert_null(strstr(svg.text.s, "<script>"));
    assert_null(strstr(svg.text.s, "xmlns"));
    assert_non_null(strstr(svg.text.s, "viewBox=\"0 0 100 50.25\""));
    assert_non_null(strstr(svg.text.s, "<title>&lt;script&gt;</title>"));
    assert_non_null(
        strstr(svg.text.s, "<text x=\"1\" y=\"0\" text-anchor=\"end\">a &lt; b &amp; "));
    hep_str_release(&svg.text);
}

/* Values that are not finite break the line instead of reaching the file. */
static void test_gaps(void **state)
{
    const double x[] = { 0.5, 1.0, 2.0, 4.0 }, y[] = { 0.0, (double)NAN, 1.0, 0.5 };
    struct hep_svg svg;
    struct hep_error e = { 0 };

    (void)state;
    hep_svg_begin(&svg, "x", 100.0, 100.0, "t", false);
    hep_svg_curve(&svg, &frame, x, y, 4, HEP_SVG_SERIES);
    hep_svg_points(&svg, &frame, x, y, 4, HEP_SVG_SERIES + 3);
    hep_svg_bar(&svg, &frame, 1.0, 0.5, (double)NAN, 0.0, 1.0, HEP_SVG_SERIES);
    hep_svg_box(&svg, &frame, 2.0, 0.5, y, 4, HEP_SVG_SERIES);
    hep_svg_level(&svg, &frame, 2.0, HEP_SVG_INK, "outside");
    assert_ok(hep_svg_end(&svg, &e), e);
    assert_non_null(strstr(svg.text.s, "d=\"M10 70M60 20L85 45\""));
    assert_null(strstr(svg.text.s, "nan"));
    assert_null(strstr(svg.text.s, "outside"));
    assert_non_null(strstr(svg.text.s, "xmlns=\"http://www.w3.org/2000/svg\""));
    hep_str_release(&svg.text);
}

/* Box of 0, 1, ..., 8, 100 (Tukey): the last one lies beyond the whiskers. Values over 100. */
static void test_box(void **state)
{
    const struct hep_svg_frame f = { 0.0,
                                     0.0,
                                     100.0,
                                     100.0,
                                     { NULL, 0.0, 2.0, false, NULL, 0, NULL },
                                     { NULL, 0.0, 100.0, false, NULL, 0, NULL } };
    const double v[] = { 8, 1, 3, 2, 100, 4, 6, 5, 7, 0 };
    struct hep_svg svg;
    struct hep_error e = { 0 };

    (void)state;
    hep_svg_begin(&svg, "x", 100.0, 100.0, "t", true);
    hep_svg_box(&svg, &f, 1.0, 0.4, v, 10, HEP_SVG_SERIES);
    assert_ok(hep_svg_end(&svg, &e), e);
    /* quartiles 2.25, 4.5, 6.75; whiskers 0 and 8 */
    assert_non_null(strstr(svg.text.s, "d=\"M40 95.5L60 95.5\""));
    assert_non_null(strstr(svg.text.s, "x=\"40\" y=\"93.25\" width=\"20\" height=\"4.5\""));
    assert_non_null(strstr(svg.text.s, "d=\"M50 93.25L50 92\""));
    assert_non_null(strstr(svg.text.s, "cx=\"50\" cy=\"0\""));
    hep_str_release(&svg.text);
}

static void test_memory_runs_out(void **state)
{
    const double v[] = { 1.0, 2.0 };
    struct hep_svg svg;
    struct hep_error e = { 0 };

    (void)state;
    for (long k = 1; k <= 2; k++) {
        hep_svg_begin(&svg, "x", 100.0, 100.0, "t", true);
        hep_alloc_fail_at(k);
        hep_svg_box(&svg, &frame, 1.0, 0.5, v, 2, HEP_SVG_SERIES);
        for (int i = 0; i < 200; i++)
            hep_svg_line(&svg, 0.0, 0.0, 1.0, 1.0, HEP_SVG_GRID);
        hep_alloc_fail_at(0);
        assert_fails(hep_svg_end(&svg, &e), e, HEP_ENOMEM, NULL);
        hep_str_release(&svg.text);
    }
}

#define N_TICKS (sizeof tick_cases / sizeof tick_cases[0])

int main(void)
{
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_texts_are_escaped),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_memory_runs_out),
    };
    struct CMUnitTest tests[N_TICKS + sizeof fixed / sizeof fixed[0]];
    size_t n = 0;

    for (size_t i = 0; i < N_TICKS; i++)
        tests[n++] = (struct CMUnitTest){ .name = tick_cases[i].name,
                                          .test_func = test_ticks,
                                          .initial_state = &tick_cases[i] };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        tests[n++] = fixed[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
