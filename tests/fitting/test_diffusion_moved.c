/* Volumes that lie in another place than the others. The body is made of blocks of 4 x 4 voxels and 2 slices, each of one of
 * four tissues, S = S0 exp(-b D) with noise. */
#include "base/rng.h"
#include "fitting/diffusion_screen.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

enum { NX = 24, NY = 20, NZ = 20, NVOX = NX * NY * NZ, NB = 4 };
static const size_t size[3] = { NX, NY, NZ };
static const double b_values[NB] = { 0, 50, 400, 800 };
static const double s0[] = { 1000, 1500, 700, 400 }, d[] = { 1.2e-3, 0.8e-3, 2.0e-3, 1.5e-3 };

static size_t tissue_of(size_t x, size_t y, size_t z)
{
    double pair[2];

    hep_rng_normal2(pair, 5, 0, ((z / 2) * NY / 4 + y / 4) * NX / 4 + x / 4);
    return (pair[0] > 0.0 ? (size_t)1 : 0) + (pair[1] > 0.0 ? (size_t)2 : 0);
}

static const struct moved_case {
    const char *name;
    size_t volume; /* that lies elsewhere; NB: none */
    int slices, reversed;
    size_t left_out;
    const char *says;
    double noise; /* of the signal */
} cases[] = {
    { "all in one place", NB, 0, -1, NB, "", 0.01 },
    /* Tissues differ by 0.5 in ln S: with noise of 0.3 every other place fits less than twice as badly. */
    { "all in one place, noisy", NB, 0, -1, NB, "", 0.3 },
    { "one slice, as by motion", 2, 1, -1, NB, "", 0.01 },
    { "three slices up", 2, 3, -1, 2, "volume 2 (b = 400 s/mm2) is left out: it lies 3 slices away",
      0.01 },
    { "two slices down", 3, -2, -1, 3,
      "volume 3 (b = 800 s/mm2) is left out: it lies 2 slices away", 0.01 },
    { "that of the lowest b-value", 0, 3, -1, 0, "volume 0 (b = 0 s/mm2) is left out: it lies 3",
      0.01 },
    { "first axis reversed", 1, 0, 0, 1, "reversed: it is stored mirrored", 0.01 },
    { "third axis reversed", 3, 0, 2, 3, "its third axis is reversed", 0.01 },
};

static void test_moved(void **state)
{
    const struct moved_case *c = *state;
    float *signal = calloc((size_t)NB * NVOX, sizeof *signal);
    int32_t *body = calloc(NVOX, sizeof *body);
    struct hep_diffusion_input in = { signal, NVOX, NB, b_values, body };
    struct hep_diffusion_screen screen;
    struct hep_error e = { 0 };
    char text[HEP_SCREEN_TEXT];

    assert_non_null(signal);
    assert_non_null(body);
    for (size_t v = 0; v < (size_t)NB * NVOX; v++) {
        const size_t k = v / NVOX, i = v % NVOX;
        size_t at[3] = { i % NX, i / NX % NY, i / NX / NY };
        double pair[2];
        size_t t;

        if (k == c->volume && c->reversed >= 0)
            at[c->reversed] = size[c->reversed] - 1 - at[c->reversed];
        if (k == c->volume)
            at[2] = (size_t)((int)at[2] + NZ - c->slices) % NZ;
        t = tissue_of(at[0], at[1], at[2]);
        hep_rng_normal2(pair, 6, k, i);
        signal[v] = (float)(s0[t] * exp(-b_values[k] * d[t]) * (1.0 + c->noise * pair[0]));
        body[i] = 1;
    }
    assert_ok(hep_diffusion_screen(&screen, &in, size, 1.25, &e), e);
    assert_int_equal(screen.n_left_out, c->left_out < NB);
    if (c->left_out < NB) {
        assert_int_equal(screen.left_out[0].volume, c->left_out);
        hep_screen_volume_text(text, &screen.left_out[0]);
        assert_non_null(strstr(text, c->says));
    }
    hep_diffusion_screen_release(&screen);
    free(signal);
    free(body);
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_moved,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
