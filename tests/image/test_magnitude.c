#include "image/magnitude.h"

#include "base/rng.h"
#include "support/support.h"

#include <math.h>

enum { nx = 64, ny = 56, nz = 6, n = nx * ny * nz };

/* A body of two tissues in noisy air: magnitude and phase of the same complex signal. */
struct scene {
    struct hep_grid grid;
    float magnitude[n], phase_rad[n];
};

static void fill(struct scene *s)
{
    struct hep_rng rng = { 31, hep_rng_stream("magnitude"), 0 };

    s->grid = hep_test_grid(nx, ny, nz, 4, 4, 8);
    for (size_t i = 0; i < n; i++) {
        const double x = ((double)(i % nx) - nx / 2.0) / (0.36 * nx);
        const double y = ((double)(i / nx % ny) - ny / 2.0) / (0.36 * ny);
        const double r2 = x * x + y * y, signal = r2 > 1 ? 0 : r2 > 0.7 ? 900 : 300;
        const double turn = 1.5 * x + 0.4;
        const double re = signal * cos(turn) + 12.0 * hep_rng_next_normal(&rng);
        const double im = signal * sin(turn) + 12.0 * hep_rng_next_normal(&rng);

        s->magnitude[i] = (float)hypot(re, im);
        s->phase_rad[i] = (float)atan2(im, re);
    }
}

struct row {
    const char *name;
    bool phase;
    double scale, offset;
    bool is_none;
    const char *says;
};
static const struct row rows[] = {
    { "magnitude", false, 1.0, 0.0, false, "" },
    { "magnitude of integers, scaled", false, 0.01, 0.0, false, "" },
    { "magnitude over a pedestal", false, 1.0, 100.0, false, "" },
    { "phase in radians", true, 1.0, 0.0, true, "negative" },
    { "phase of 2 x 3142", true, 1000.0, 0.0, true, "-3142 to 3142" },
    { "phase of 2 x 4096", true, 4096.0 / 3.14159265358979, 0.0, true, "negative" },
    { "phase from 0 to 4095", true, 2048.0 / 3.14159265358979, 2048.0, true, "evenly" },
    { "phase from 0 to 2 pi", true, 1.0, 3.1416, true, "evenly" },
};

static void test_row(void **state)
{
    const struct row *r = *state;
    static struct scene s;
    static float image[n];
    char reason[HEP_NO_MAGNITUDE_REASON];

    fill(&s);
    for (size_t i = 0; i < n; i++)
        image[i] =
            (float)(r->scale * (double)(r->phase ? s.phase_rad[i] : s.magnitude[i]) + r->offset);
    if (r->scale > 900.0 && r->scale < 1100.0) { /* the vendor writes integers */
        for (size_t i = 0; i < n; i++)
            image[i] = roundf(image[i]);
        image[0] = -3142.0F;
        image[1] = 3142.0F;
    }
    assert_int_equal(hep_is_no_magnitude(reason, image, &s.grid), r->is_none);
    assert_non_null(strstr(reason, r->says));
    assert_true(r->is_none || reason[0] == '\0');
}

/* A real part is negative in half of the turns; a constant image, one without values, and patches of
 * tissue of 2 to 1000 without any air around them say nothing. */
static void test_parts(void **state)
{
    static struct scene s;
    static float image[n];
    char reason[HEP_NO_MAGNITUDE_REASON];

    (void)state;
    fill(&s);
    for (size_t i = 0; i < n; i++)
        image[i] = s.magnitude[i] * cosf(s.phase_rad[i] + 1.3F);
    assert_true(hep_is_no_magnitude(reason, image, &s.grid));
    for (size_t i = 0; i < n; i++)
        image[i] = 7.0F;
    assert_false(hep_is_no_magnitude(reason, image, &s.grid));
    for (size_t i = 0; i < n; i++)
        image[i] = NAN;
    assert_false(hep_is_no_magnitude(reason, image, &s.grid));
    for (size_t i = 0; i < n; i++)
        image[i] = (float)(2 + (int)(i % nx / 8) * 143);
    assert_false(hep_is_no_magnitude(reason, image, &s.grid));
}

/* A magnitude with its phase, or with its real and imaginary part, is known; two repeats are not, nor
 * is a phase that comes first. */
static void test_magnitude_with_parts(void **state)
{
    static struct scene s;
    static float re[n], im[n], uniform[n], repeat[n];

    (void)state;
    fill(&s);
    for (size_t i = 0; i < n; i++) {
        re[i] = s.magnitude[i] * cosf(s.phase_rad[i]);
        im[i] = s.magnitude[i] * sinf(s.phase_rad[i]);
        uniform[i] = 302.0F;
        repeat[i] = 1.01F * s.magnitude[i];
    }
    assert_true(hep_is_magnitude_with_parts((const float *[]){ s.magnitude, re, im }, 3, &s.grid));
    assert_true(
        hep_is_magnitude_with_parts((const float *[]){ s.magnitude, s.phase_rad }, 2, &s.grid));
    assert_true(hep_is_magnitude_with_parts((const float *[]){ s.magnitude, uniform }, 2, &s.grid));
    assert_false(hep_is_magnitude_with_parts((const float *[]){ s.magnitude, repeat }, 2, &s.grid));
    assert_false(
        hep_is_magnitude_with_parts((const float *[]){ s.phase_rad, s.magnitude }, 2, &s.grid));
    assert_false(
        hep_is_magnitude_with_parts((const float *[]){ s.magnitude, re, repeat }, 3, &s.grid));
    assert_false(hep_is_magnitude_with_parts((const float *[]){ s.magnitude }, 1, &s.grid));
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0] + 2];
    size_t k = 0;

    for (; k < sizeof rows / sizeof rows[0]; k++)
        tests[k] = (struct CMUnitTest){ .name = rows[k].name,
                                        .test_func = test_row,
                                        .initial_state = (void *)(uintptr_t)&rows[k] };
    tests[k++] = (struct CMUnitTest)cmocka_unit_test(test_parts);
    tests[k] = (struct CMUnitTest)cmocka_unit_test(test_magnitude_with_parts);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
