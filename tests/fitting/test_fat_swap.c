/* Water and fat exchanged in a part of a body: an ellipse of organs (fraction 0.04, signal 1000) in a
 * ring of fat (0.92, signal 1700) with mixed voxels between them, and noise of SNR 40 in water and
 * fat. */
#include "fitting/fat_swap.h"

#include "base/rng.h"
#include "support/support.h"

#include <math.h>

enum { nx = 64, ny = 48, nz = 6, n = nx * ny * nz };

struct scene {
    struct hep_grid grid;
    float fraction[n], signal[n];
    uint8_t truth[n], found[n];
};

/* Radius 1 is the skin; fat from 0.8 on, half and half where a voxel is mixed. */
static double radius(size_t i)
{
    return hypot(((double)(i % nx) - nx / 2.0 + 0.5) / 28.0,
                 ((double)(i / nx % ny) - ny / 2.0 + 0.5) / 21.0);
}

static struct scene *make(double organ_f, double fat_signal, size_t from_x)
{
    struct scene *s = calloc(1, sizeof *s);
    struct hep_rng rng = { 7, hep_rng_stream("swap"), 0 };

    assert_non_null(s);
    s->grid = hep_test_grid(nx, ny, nz, 5, 5, 6);
    for (size_t i = 0; i < n; i++) {
        const double r = radius(i), share = fmin(1.0, fmax(0.0, (r - 0.76) / 0.1));
        const double m = r > 1.0 ? 0.0 : 1000.0 + share * (fat_signal - 1000.0);
        const double f = organ_f + share * (0.92 - organ_f);
        double w = (1.0 - f) * m, fat = f * m;

        s->truth[i] = r <= 1.0 && i % nx >= from_x;
        if (s->truth[i] != 0) {
            const double other = w;

            w = fat;
            fat = other;
        }
        w = hypot(w + 25.0 * hep_rng_next_normal(&rng), 25.0 * hep_rng_next_normal(&rng));
        fat = hypot(fat + 25.0 * hep_rng_next_normal(&rng), 25.0 * hep_rng_next_normal(&rng));
        s->signal[i] = (float)(w + fat);
        s->fraction[i] = (float)(fat / (w + fat));
    }
    return s;
}

static struct hep_swap find(struct scene *s)
{
    struct hep_error e = { 0 };
    struct hep_swap out;

    assert_ok(hep_swap_find(s->found, &out, s->fraction, s->signal, &s->grid, &e), e);
    return out;
}

/* The half from x = 36 on is exchanged: what lies beside the border or deep in an organ is found, and
 * nothing of the other half. Its fat under the skin reads as water. */
static void test_half(void **state)
{
    struct scene *s = make(0.04, 1700.0, 36);
    struct hep_swap out = find(s);
    size_t organ = 0, organ_found = 0, wrong = 0;
    char text[HEP_SWAP_TEXT];

    (void)state;
    for (size_t i = 0; i < n; i++) {
        organ += s->truth[i] != 0 && radius(i) < 0.74;
        organ_found += s->truth[i] != 0 && radius(i) < 0.74 && s->found[i] != 0;
        wrong += s->truth[i] == 0 && s->found[i] != 0;
    }
    assert_true(organ_found > organ - organ / 50);
    assert_int_equal(wrong, 0);
    assert_true(out.n_voxels >= organ_found);
    /* The plane through the organs: 2 x 21 x .77 x sqrt(1 - (4 / (28 x .77))^2) = 31.8 voxels of 5 mm
     * in 6 slices of 6 mm: 57 cm2; fat under the skin adds to it. */
    assert_true(out.seam_cm2 > 50.0 && out.seam_cm2 < 80.0);
    assert_true(hep_swap_skin_text(text, &out));
    assert_non_null(strstr(text, "(swap)"));
    free(s);
}

/* Nothing is exchanged: organs beside fat, a fat liver, fat that is as bright as organs. */
static void test_true_maps(void **state)
{
    static const struct {
        double organ_f, fat_signal;
    } cases[] = { { 0.04, 1700.0 }, { 0.35, 1700.0 }, { 0.04, 1000.0 } };
    char text[HEP_SWAP_TEXT];

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct scene *s = make(cases[k].organ_f, cases[k].fat_signal, nx);
        struct hep_swap out = find(s);

        assert_int_equal(out.n_voxels, 0);
        assert_false(hep_swap_skin_text(text, &out));
        free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_half),
                                        cmocka_unit_test(test_true_maps) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
