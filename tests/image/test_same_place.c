/* Images that are stored mirrored, lie away from each other, or are one. */
#include "image/same_place.h"

#include "base/rng.h"
#include "support/support.h"

#include <math.h>

enum { nx = 40, ny = 32, nz = 24 };
static const struct hep_grid grid = {
    .n = { nx, ny, nz },
    .to_world = { { 8, 0, 0, -150 }, { 0, 8, 0, -120 }, { 0, 0, 8, -90 }, { 0, 0, 0, 1 } }
};

/* A body with an organ on one side, another in the back and a third at one end, in one of two contrasts. */
static double tissue(size_t x, size_t y, size_t z, int contrast)
{
    static const double of[2][4] = { { 100, 160, 60, 210 }, { 90, 30, 200, 60 } };
    const double u = ((double)x - 19.5) / 17.0, v = ((double)y - 15.5) / 13.0;

    if (u * u + v * v > 1.0)
        return 0.0;
    if (x < 17 && y > 12 && z > 6)
        return of[contrast][1];
    if (y < 9 && x > 20)
        return of[contrast][2];
    return z < 6 && x > 12 ? of[contrast][3] : of[contrast][0];
}

static struct hep_volume *image(int contrast, int reversed, int up, uint64_t seed)
{
    struct hep_rng rng = { seed, hep_rng_stream("place"), 0 };
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_volume_new(&v, &grid, 1, &e), e);
    for (size_t i = 0; i < (size_t)nx * ny * nz; i++) {
        size_t c[3] = { i % nx, i / nx % ny, i / (nx * ny) };
        const double noise[2] = { 5.0 * hep_rng_next_normal(&rng),
                                  5.0 * hep_rng_next_normal(&rng) };

        if (reversed >= 0)
            c[reversed] = grid.n[reversed] - 1 - c[reversed];
        c[2] = (c[2] + nz + (size_t)up) % nz;
        v->data[i] = (float)hypot(tissue(c[0], c[1], c[2], contrast) + noise[0], noise[1]);
    }
    return v;
}

/* Each axis, across contrasts, and none. */
static void test_mirrored(void **state)
{
    static const char *const words[] = { "left and right", "front and back", "head and feet" };
    struct hep_volume *fixed = image(0, -1, 0, 1);
    struct hep_error e = { 0 };
    struct hep_mirror mirror;

    (void)state;
    for (int axis = -1; axis < 3; axis++) {
        struct hep_volume *v = image(1, axis, 0, 2);

        assert_ok(hep_mirror_find(&mirror, fixed, v, 1.25, &e), e);
        assert_int_equal(mirror.axis, axis);
        if (axis >= 0)
            assert_string_equal(hep_mirror_words(&grid, axis), words[axis]);
        hep_volume_free(v);
    }
    hep_volume_free(fixed);
}

/* The sign of an axis lost in the header, which also puts the image beside its place. */
static void test_sign_lost(void **state)
{
    struct hep_volume *fixed = image(0, -1, 0, 1), *v = image(1, -1, 0, 2);
    struct hep_error e = { 0 };
    struct hep_mirror mirror;

    (void)state;
    v->grid.to_world[0][0] = -8.0;
    v->grid.to_world[0][3] = 130.0;
    assert_ok(hep_mirror_find(&mirror, fixed, v, 1.25, &e), e);
    assert_int_equal(mirror.axis, 0);
    hep_volume_free(fixed);
    hep_volume_free(v);
}

/* A breath-hold of 16 mm mirrors nothing, and neither does what is the same on both sides. */
static void test_not_mirrored(void **state)
{
    struct hep_volume *fixed = image(0, -1, 0, 1), *v = image(1, -1, 2, 2);
    struct hep_error e = { 0 };
    struct hep_mirror mirror;

    (void)state;
    assert_ok(hep_mirror_find(&mirror, fixed, v, 1.25, &e), e);
    assert_int_equal(mirror.axis, -1);
    for (size_t i = 0; i < (size_t)nx * ny * nz; i++) {
        const size_t x = i % nx;

        if (x >= nx / 2)
            fixed->data[i] = v->data[i] = fixed->data[i - x + (nx - 1 - x)];
    }
    assert_ok(hep_mirror_find(&mirror, fixed, v, 1.25, &e), e);
    assert_int_equal(mirror.axis, -1);
    for (size_t i = 0; i < (size_t)nx * ny * nz; i++)
        v->data[i] = 7.0F;
    assert_ok(hep_mirror_find(&mirror, fixed, v, 1.25, &e), e);
    assert_int_equal(mirror.axis, -1);
    hep_volume_free(fixed);
    hep_volume_free(v);
}

struct echo {
    const char *name;
    int reversed, up;
    const char *says; /* empty: nothing */
};
static const struct echo echoes[] = {
    { "where it belongs", -1, 0, "" },
    { "one slice of motion", -1, 1, "" },
    { "three slices away", -1, 3, "lies 3 voxels along axis 3 away" },
    { "mirrored", 0, 0, "stored mirrored (left and right)" },
};

static void test_echo(void **state)
{
    const struct echo *c = *state;
    const struct hep_same_place_limits limits = { 1.25, 0.003 };
    struct hep_volume *first = image(0, -1, 0, 1), *second = image(1, c->reversed, c->up, 2);
    char reason[HEP_SAME_PLACE_REASON];
    struct hep_error e = { 0 };

    assert_ok(hep_same_place_check(reason, first->data, second->data, &grid, &limits, &e), e);
    if (c->says[0] == '\0')
        assert_string_equal(reason, "");
    else
        assert_non_null(strstr(reason, c->says));
    assert_ok(hep_same_place_check(reason, first->data, first->data, &grid, &limits, &e), e);
    assert_string_equal(reason, "the same image as the first");
    hep_volume_free(first);
    hep_volume_free(second);
}

int main(void)
{
    struct CMUnitTest tests[sizeof echoes / sizeof echoes[0] + 3];
    size_t k = 0;

    for (; k < sizeof echoes / sizeof echoes[0]; k++)
        tests[k] = (struct CMUnitTest){ .name = echoes[k].name,
                                        .test_func = test_echo,
                                        .initial_state = (void *)(uintptr_t)&echoes[k] };
    tests[k++] = (struct CMUnitTest)cmocka_unit_test(test_mirrored);
    tests[k++] = (struct CMUnitTest)cmocka_unit_test(test_sign_lost);
    tests[k] = (struct CMUnitTest)cmocka_unit_test(test_not_mirrored);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
