/* Signs of diffuse disease: verdicts by hand, surfaces and textures of closed form. */
#include "support/support.h"

#include "liver/parenchyma.h"
#include "terms/flag.h"

#include <math.h>

#define PI 3.14159265358979323846
#define NONE ((double)NAN)
#define SETTINGS (&hep_liver_settings_default)

static void test_steatosis(void **state)
{
    static const struct {
        double pdff, two;
        int want, grade;
    } cases[] = {
        { 0.03, NONE, HEP_FLAG_ABSENT, 0 },  { 0.10, NONE, HEP_FLAG_PRESENT, 1 },
        { 0.20, NONE, HEP_FLAG_PRESENT, 2 }, { 0.25, NONE, HEP_FLAG_PRESENT, 3 },
        { NONE, 0.02, HEP_FLAG_ABSENT, 0 },  { NONE, 0.08, HEP_FLAG_NOT_ASSESSABLE, -1 },
        { NONE, 0.12, HEP_FLAG_PRESENT, 1 }, { NONE, NONE, HEP_FLAG_NOT_ASSESSABLE, -1 },
        { 0.03, 0.20, HEP_FLAG_ABSENT, 0 }, /* PDFF counts where there is one */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hep_diffuse_judgement j;

        hep_diffuse_steatosis(&j, cases[i].pdff, cases[i].two, "no echoes", SETTINGS);
        assert_int_equal(j.state, cases[i].want);
        assert_int_equal(j.grade, cases[i].grade);
        assert_true(j.reason[0] != '\0');
    }
}

static void test_iron(void **state)
{
    struct hep_diffuse_judgement j;

    (void)state;
    hep_diffuse_iron(&j, 1.0, 0.0, "by R2*", SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_ABSENT);
    hep_diffuse_iron(&j, 8.0, 0.0, "by R2*", SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_PRESENT);
    assert_int_equal(j.grade, 2);
    hep_diffuse_iron(&j, 2.5, 0.5, "by signal", SETTINGS); /* 1.8 is 1.4 standard errors away */
    assert_int_equal(j.state, HEP_FLAG_NOT_ASSESSABLE);
    hep_diffuse_iron(&j, NONE, 0.0, "no echoes", SETTINGS);
    assert_string_equal(j.reason, "no echoes");
}

/* A part that is not known leaves the sum a range: that decides where it lies on one side of the limit. */
static void test_function(void **state)
{
    static const struct {
        int parts[3], want;
    } cases[] = {
        { { 2, 2, 2 }, HEP_FLAG_ABSENT },          { { 0, 1, 1 }, HEP_FLAG_PRESENT },
        { { -1, 2, 2 }, HEP_FLAG_ABSENT },         { { 0, -1, 1 }, HEP_FLAG_PRESENT },
        { { 1, -1, 1 }, HEP_FLAG_NOT_ASSESSABLE }, { { -1, -1, -1 }, HEP_FLAG_NOT_ASSESSABLE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int *p = cases[i].parts;
        struct hep_diffuse_judgement j;

        hep_diffuse_function(&j, p[0], p[1], p[2], SETTINGS);
        assert_int_equal(j.state, cases[i].want);
    }
}

static void test_other_signs(void **state)
{
    struct hep_diffuse_judgement j;

    (void)state;
    hep_diffuse_heterogeneity(&j, 0.10, 0.06, SETTINGS); /* sqrt(0.0100 - 0.0036) = 0.08 */
    assert_close(j.value, 0.08, 1e-12, 0);
    hep_diffuse_heterogeneity(&j, 0.05, 0.06, SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_ABSENT);
    assert_close(j.value, 0.0, 0, 0);
    hep_diffuse_heterogeneity(&j, 0.10, NONE, SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_NOT_ASSESSABLE);
    hep_diffuse_nodularity(&j, 5.0, 8.0, false, SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_NOT_ASSESSABLE);
    hep_diffuse_nodularity(&j, 5.0, 3.0, true, SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_NOT_ASSESSABLE);
    hep_diffuse_nodularity(&j, 5.0, 3.0, false, SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_PRESENT);
    hep_diffuse_spleen(&j, 400, false, SETTINGS); /* its inside alone is too large */
    assert_int_equal(j.state, HEP_FLAG_PRESENT);
    hep_diffuse_spleen(&j, 200, false, SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_NOT_ASSESSABLE);
    hep_diffuse_spleen(&j, 200, true, SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_ABSENT);
    hep_diffuse_spleen(&j, 0, true, SETTINGS);
    assert_int_equal(j.state, HEP_FLAG_NOT_ASSESSABLE);
}

enum { SIDE = 80 };
static const struct hep_grid grid = {
    .n = { SIDE, SIDE, SIDE },
    .to_world = { { 2, 0, 0, 0 }, { 0, 2, 0, 0 }, { 0, 0, 2, 0 }, { 0, 0, 0, 1 } }
};

/* A ball of 60 mm whose radius varies by `amplitude` with twelve waves around and six along: nodules 30 mm apart. */
static double ball(double amplitude)
{
    struct hep_labels *l = NULL;
    struct hep_error e = { 0 };
    double mm;

    assert_ok(hep_labels_new(&l, &grid, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        size_t at[3];
        double x[3], r;

        hep_grid_place(at, &grid, i);
        for (int k = 0; k < 3; k++)
            x[k] = 2.0 * (double)at[k] - SIDE;
        r = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
        l->data[i] = r < 60.0 + amplitude * cos(12.0 * atan2(x[1], x[0])) *
                                    cos(6.0 * acos(x[2] / fmax(r, 1e-9)));
    }
    assert_ok(hep_surface_nodularity(&mm, l, 2, &e), e);
    hep_labels_free(l);
    return mm;
}

static void test_nodularity(void **state)
{
    const double smooth = ball(0.0), nodular = ball(8.0);

    (void)state;
    assert_true(smooth < 1.0); /* half of a voxel and less */
    assert_true(nodular >
                smooth + 1.5); /* mean |8 cos cos| is 3.2 mm, of which smoothing follows some */
}

/* A receive field that doubles across the volume leaves nothing; waves of 16 mm are damped to exp(-2 pi^2 (2.5/16)^2) =
 * 0.618 by the finer smoothing and to nothing by the coarser, and 1.4826 times the median of |cos| is 1.0484. */
static void test_spread(void **state)
{
    struct hep_volume *v = NULL;
    struct hep_labels *l = NULL;
    struct hep_error e = { 0 };
    double field, waves;

    (void)state;
    assert_ok(hep_volume_new(&v, &grid, 1, &e), e);
    assert_ok(hep_labels_new(&l, &grid, &e), e);
    for (int amplitude = 0; amplitude < 2; amplitude++) {
        for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
            size_t at[3];

            hep_grid_place(at, &grid, i);
            l->data[i] = at[0] > 4 && at[0] < SIDE - 4;
            v->data[i] = (float)((100.0 + (double)at[2]) *
                                 (1.0 + 0.1 * amplitude * cos(2.0 * PI * (double)at[0] / 8.0)));
        }
        assert_ok(hep_parenchyma_spread(amplitude == 0 ? &field : &waves, v, l, 2, &e), e);
    }
    assert_true(field < 0.01);
    assert_close(waves, 0.1 * 0.618 * 1.0484, 0.1, 0);
    hep_volume_free(v);
    hep_labels_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steatosis),  cmocka_unit_test(test_iron),
        cmocka_unit_test(test_function),   cmocka_unit_test(test_other_signs),
        cmocka_unit_test(test_nodularity), cmocka_unit_test(test_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
