#include "fitting/diffusion_order.h"
#include "support/support.h"

#include <math.h>

/* Signals of three voxels by b-value: as stated, half of it and three times it. The two brighter
 * ones count, so that the medians are twice what is stated and their ratios are those of the table.
 */
enum { N_VOXELS = 3, MAX_VOLUMES = 6 };

struct order_case {
    const char *name;
    size_t nb;
    double b[MAX_VOLUMES];
    float median[MAX_VOLUMES];
    double ratio, from_b, to_b; /* by hand */
    size_t from_volume, to_volume;
    bool refused; /* at 1.25 */
};
/* exp(-b D) of D = 1e-3 mm2/s: 1000, 951, 670, 449 at b = 0, 50, 400, 800. */
static const struct order_case cases[] = {
    { "in order", 4, { 0, 50, 400, 800 }, { 1000, 951, 670, 449 }, 0.951, 0, 50, 0, 1, false },
    { "any order of the file",
      4,
      { 800, 0, 400, 50 },
      { 449, 1000, 670, 951 },
      0.951,
      0,
      50,
      1,
      3,
      false },
    { "b = 400 and 800 exchanged",
      4,
      { 0, 50, 400, 800 },
      { 1000, 951, 449, 670 },
      670.0 / 449.0,
      400,
      800,
      2,
      3,
      true },
    { "the weakest first",
      4,
      { 0, 50, 400, 800 },
      { 449, 1000, 670, 951 },
      1000.0 / 449.0,
      0,
      50,
      0,
      1,
      true },
    { "the rise is not between neighbours",
      3,
      { 0, 50, 800 },
      { 500, 560, 640 },
      1.28,
      0,
      800,
      0,
      2,
      true },
    { "noise of real series",
      3,
      { 0, 400, 500 },
      { 278, 107, 118 },
      118.0 / 107.0,
      400,
      500,
      1,
      2,
      false },
    { "repeats of a b-value are averaged",
      5,
      { 0, 800, 800, 800, 0 },
      { 900, 300, 600, 450, 1100 },
      0.45,
      0,
      800,
      0,
      1,
      false },
    { "no signal to compare with", 2, { 0, 800 }, { 0, 100 }, (double)NAN, 0, 0, 0, 0, false },
};

static void test_order(void **state)
{
    const struct order_case *c = *state;
    float signal[MAX_VOLUMES * N_VOXELS];
    struct hep_diffusion_input in = {
        .signal = signal, .nvox = N_VOXELS, .nb = c->nb, .b_s_per_mm2 = c->b
    };
    struct hep_diffusion_rise rise;
    struct hep_error e = { 0 };

    for (size_t i = 0; i < c->nb; i++) {
        signal[i * N_VOXELS] = c->median[i];
        signal[i * N_VOXELS + 1] = 0.5F * c->median[i];
        signal[i * N_VOXELS + 2] = 3.0F * c->median[i];
    }
    assert_ok(hep_diffusion_rise_of(&rise, &in, &e), e);
    assert_close(rise.ratio, c->ratio, 1e-6, 0.0);
    if (!isnan(c->ratio)) {
        assert_close(rise.from_b_s_per_mm2, c->from_b, 0.0, 0.0);
        assert_close(rise.to_b_s_per_mm2, c->to_b, 0.0, 0.0);
        assert_int_equal(rise.from_volume, c->from_volume);
        assert_int_equal(rise.to_volume, c->to_volume);
    }
    assert_int_equal(hep_diffusion_rise_contradicts(&rise, 1.25), c->refused);
}

static void test_sentence(void **state)
{
    const struct hep_diffusion_rise rise = { .ratio = 2.434,
                                             .from_b_s_per_mm2 = 50,
                                             .to_b_s_per_mm2 = 400,
                                             .from_volume = 1,
                                             .to_volume = 2 };
    char text[200];

    (void)state;
    hep_diffusion_rise_text(text, sizeof text, &rise, 1.25);
    assert_string_equal(text, "signal rises 2.43-fold from b = 50 (volume 1) to b = 400 s/mm2 "
                              "(volume 2), limit 1.25");
}

/* b = 400 above the line of ln S between its neighbours: by hand, a fall from 1000 to 250 over
 * 0..800 is 500 at 400. */
static void test_bump(void **state)
{
    static const struct {
        double b[4];
        float signal[4];
        size_t nb;
        double bump;
        bool refused;
    } rows[] = {
        { { 0, 400, 800 }, { 1000, 500, 250 }, 3, 1.0, false },
        { { 0, 400, 800 }, { 1000, 700, 250 }, 3, 1.4, true },
        { { 0, 400, 800 }, { 1000, 400, 250 }, 3, 1.0, false },
        /* The last volume at half of its scale: 0.670 and 0.449 of 1e-3 mm2/s; the line from 0 to
         * 800 passes 400 at the root of 0.2247, 0.474, and 50 below 0.951 as well. */
        { { 0, 50, 400, 800 }, { 1000, 951.2F, 670.3F, 224.7F }, 4, 670.3 / 474.0, true },
        /* A low b-value that is no corner, and one without a signal. */
        { { 0, 100, 400, 800 }, { 1000, 900, 0, 250 }, 4, 900 / 840.9, false },
        { { 0, 800 }, { 1000, 250 }, 2, 1.0, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hep_diffusion_input in = {
            .signal = rows[i].signal, .nvox = 1, .nb = rows[i].nb, .b_s_per_mm2 = rows[i].b
        };
        struct hep_diffusion_rise rise;
        struct hep_error e = { 0 };
        char text[200];

        assert_ok(hep_diffusion_rise_of(&rise, &in, &e), e);
        assert_close(rise.bump, rows[i].bump, 1e-3, 0.0);
        assert_int_equal(hep_diffusion_rise_contradicts(&rise, 1.25), rows[i].refused);
        hep_diffusion_rise_text(text, sizeof text, &rise, 1.25);
        assert_int_equal(strstr(text, "decays ever more slowly") != NULL, rows[i].refused);
    }
}

/* The bright half of the region counts: dark voxels hide nothing, voxels without a finite signal
 * and those outside the mask count nowhere. */
static void test_region(void **state)
{
    const double b[] = { 0, 800 };
    const float signal[] = { 400, 300, 10, 10, 10, NAN, 1000, 600, 450, 10, 10, 10, 900, 100 };
    const int32_t inside[] = { 1, 1, 1, 1, 1, 1, 0 };
    struct hep_diffusion_input in = {
        .signal = signal, .nvox = 7, .nb = 2, .b_s_per_mm2 = b, .mask = inside
    };
    struct hep_diffusion_rise rise;
    struct hep_error e = { 0 };

    (void)state;
    /* Means 500, 375, 10, 10, 10; half of them are 10 or more: all five, whose median is 10. */
    assert_ok(hep_diffusion_rise_of(&rise, &in, &e), e);
    assert_close(rise.ratio, 1.0, 1e-6, 0.0);
    in.mask = (const int32_t[]){ 1, 1, 1, 0, 0, 1, 0 };
    /* Means 500, 375, 10: the first two are bright, 525 over 350. */
    assert_ok(hep_diffusion_rise_of(&rise, &in, &e), e);
    assert_close(rise.ratio, 1.5, 1e-6, 0.0);
    in.mask = (const int32_t[]){ 1, 0, 0, 0, 0, 0, 1 };
    /* Means 500 and 550, whose middle is 525: the second alone, 100 over 1000. */
    assert_ok(hep_diffusion_rise_of(&rise, &in, &e), e);
    assert_close(rise.ratio, 0.1, 1e-6, 0.0);
    in.nvox = 0;
    assert_fails(hep_diffusion_rise_of(&rise, &in, &e), e, HEP_EINVAL, "no voxel");
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[3 + N] = {
        cmocka_unit_test(test_bump),
        cmocka_unit_test(test_sentence),
        cmocka_unit_test(test_region),
    };

    for (size_t i = 0; i < N; i++)
        tests[3 + i] = (struct CMUnitTest){ .name = cases[i].name,
                                            .test_func = test_order,
                                            .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
