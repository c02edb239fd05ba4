/* Sums of neighbours, worked by hand on voxels that hold x + 100 y + 10000 z. */
#include "support/support.h"

#include "lesions/box_run.h"

enum { NX = 70, NY = 3, NZ = 2, N = NX * NY * NZ }; /* a row is longer than one run */

static float value(long x, long y, long z)
{
    const bool inside = x >= 0 && x < NX && y >= 0 && y < NY && z >= 0 && z < NZ;

    return inside ? (float)(x + 100 * y + 10000 * z) : 0.0F;
}

/* 0.5 x the value three voxels before and 2 x the value one voxel after, nothing from outside. */
static void test_sums_along_each_axis(void **state)
{
    const size_t n[3] = { NX, NY, NZ };
    float from[N], to[N];

    (void)state;
    for (long i = 0; i < N; i++)
        from[i] = value(i % NX, i / NX % NY, i / ((long)NX * NY));
    for (int axis = 0; axis < 3; axis++) {
        const long dx = axis == 0, dy = axis == 1, dz = axis == 2;
        struct hep_box_run run;

        for (bool more = hep_box_run_begin(&run, n); more; more = hep_box_run_next(&run)) {
            hep_box_run_add(&run, from, axis, -3, 0.5);
            hep_box_run_add(&run, from, axis, 1, 2.0);
            hep_box_run_store(to, &run);
        }
        for (long i = 0; i < N; i++) {
            const long x = i % NX, y = i / NX % NY, z = i / ((long)NX * NY);
            const double want = 0.5 * (double)value(x - 3 * dx, y - 3 * dy, z - 3 * dz) +
                                2.0 * (double)value(x + dx, y + dy, z + dz);

            assert_close((double)to[i], want, 0.0, 0.0);
        }
    }
}

static void test_steps_longer_than_the_box(void **state)
{
    const size_t n[3] = { 2, 1, 1 };
    const float from[2] = { 3.0F, 5.0F };
    float to[2] = { -1.0F, -1.0F };
    struct hep_box_run run;

    (void)state;
    assert_true(hep_box_run_begin(&run, n));
    for (long offset = 2; offset < 5; offset++) {
        hep_box_run_add(&run, from, 0, offset, 1.0);
        hep_box_run_add(&run, from, 0, -offset, 1.0);
        hep_box_run_add(&run, from, 1, offset, 1.0);
    }
    hep_box_run_store(to, &run);
    assert_close((double)to[0], 0.0, 0.0, 0.0);
    assert_close((double)to[1], 0.0, 0.0, 0.0);
    assert_false(hep_box_run_next(&run));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_along_each_axis),
        cmocka_unit_test(test_steps_longer_than_the_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
