/* An ablation zone as a ball: margins by the distance of centres and the radii, rims by what is painted around it. */
#include "followup/ablation.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#define N 64 /* voxels of 1 mm along each axis, the middle at 32 mm */

static const struct hep_grid grid = {
    .n = { N, N, N }, .to_world = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }
};

static struct hep_labels *ball(double x, double radius_mm)
{
    const double centre[3] = { x, 32.0, 32.0 };
    struct hep_labels *l = NULL;

    assert_int_equal(hep_labels_new(&l, &grid, NULL), HEP_OK);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        double at[3];

        hep_grid_world_of(at, &grid, i);
        l->data[i] = hep_distance2(at, centre) <= radius_mm * radius_mm ? 1 : 0;
    }
    return l;
}

/* Of two balls the least margin is R - d - r: 16 - 0 - 8 = 8 mm; 16 - 5 - 8 = 3 mm; 16 - 12 - 8 = -4 mm. Voxels of 1 mm give
 * it to 1 mm. */
static void margins_of_two_balls(void **state)
{
    static const struct {
        double shift_mm, margin_mm;
    } cases[] = { { 0.0, 8.0 }, { 5.0, 3.0 }, { 12.0, -4.0 } };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct hep_labels *zone = ball(32.0, 16.0), *lesion = ball(32.0 + cases[i].shift_mm, 8.0);
        const struct hep_ablation_images m = { .zone = zone, .lesion = lesion, .lesion_label = 1 };
        struct hep_ablation a;

        assert_int_equal(hep_ablation_measure(&a, &m, &hep_followup_settings_default, NULL),
                         HEP_OK);
        assert_close(a.margin_mm, cases[i].margin_mm, 0.0, 1.0);
        if (i > 0) /* the least margin is on the side towards which the lesion is shifted */
            assert_close(a.at_mm[0], 32.0 + cases[i].shift_mm + 8.0, 0.0, 1.5);
        assert_close(a.zone_ml, 4.0 / 3.0 * 3.14159265 * 4.096, 0.02, 0.0);
        if (i == 0) {
            assert_close(a.below_share, 0.0, 0.0, 1e-12);
            assert_close(a.uncovered_ml, 0.0, 0.0, 1e-12);
        }
        hep_labels_free(zone);
        hep_labels_free(lesion);
    }
}

/* A lesion that touches the capsule needs no margin beyond it: the liver ends at x = 40, where the lesion does. */
static void no_margin_outside_the_liver(void **state)
{
    struct hep_labels *zone = ball(32.0, 12.0), *lesion = ball(32.0, 8.0),
                      *liver = ball(32.0, 31.0);
    struct hep_ablation_images m = { .zone = zone, .lesion = lesion, .lesion_label = 1 };
    struct hep_ablation free_margin, at_capsule;

    (void)state;
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        if (i % N > 40) {
            liver->data[i] = 0;
            zone->data[i] = 0;
        }
    }
    assert_int_equal(hep_ablation_measure(&free_margin, &m, &hep_followup_settings_default, NULL),
                     HEP_OK);
    assert_close(free_margin.margin_mm, 0.0, 0.0, 1.0);
    m.liver = liver;
    assert_int_equal(hep_ablation_measure(&at_capsule, &m, &hep_followup_settings_default, NULL),
                     HEP_OK);
    assert_close(at_capsule.margin_mm, 4.0, 0.0, 1.5);
    hep_labels_free(zone);
    hep_labels_free(lesion);
    hep_labels_free(liver);
}

/* 0.8 all around is even; 0.4 with 2.0 in one of twelve sectors has mean 0.533, SD 0.462: 0.87 of the mean. ADC of that
 * sector 0.7e-3, elsewhere 1.2e-3. */
static void even_and_nodular_rims(void **state)
{
    (void)state;
    for (int nodular = 0; nodular < 2; nodular++) {
        struct hep_labels *zone = ball(32.0, 14.0), *liver = ball(32.0, 31.0);
        struct hep_volume *re = NULL, *adc = NULL, *pre = NULL;
        struct hep_ablation_images m = { .zone = zone, .liver = liver };
        struct hep_ablation a;

        assert_int_equal(hep_volume_new(&re, &grid, 1, NULL), HEP_OK);
        assert_int_equal(hep_volume_new(&adc, &grid, 1, NULL), HEP_OK);
        assert_int_equal(hep_volume_new(&pre, &grid, 1, NULL), HEP_OK);
        for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
            double at[3], d;
            bool sector;

            hep_grid_world_of(at, &grid, i);
            d = sqrt((at[0] - 32.0) * (at[0] - 32.0) + (at[1] - 32.0) * (at[1] - 32.0) +
                     (at[2] - 32.0) * (at[2] - 32.0));
            sector = at[0] >= 32.0 && at[1] >= 32.0 && at[2] - 32.0 >= d / 3.0;
            re->data[i] = nodular ? (sector ? 2.0F : 0.4F) : 0.8F;
            adc->data[i] = nodular && sector ? 0.7e-3F : 1.2e-3F;
            pre->data[i] = zone->data[i] != 0 ? 150.0F : 100.0F;
        }
        m.enhancement = re;
        m.adc = adc;
        m.precontrast = pre;
        assert_int_equal(hep_ablation_measure(&a, &m, &hep_followup_settings_default, NULL),
                         HEP_OK);
        assert_close(a.rim_cv, nodular ? 0.866 : 0.0, 0.02, 1e-6);
        assert_close(a.rim_highest, nodular ? 2.0 : 0.8, 1e-3, 0.0);
        assert_close(a.rim_adc_lowest, nodular ? 0.7e-3 : 1.2e-3, 1e-3, 0.0);
        assert_close(a.liver_adc, 1.2e-3, 1e-3, 0.0);
        assert_close(a.t1_ratio, 1.5, 1e-5, 0.0);
        assert_true(isnan(a.margin_mm));
        hep_volume_free(re);
        hep_volume_free(adc);
        hep_volume_free(pre);
        hep_labels_free(zone);
        hep_labels_free(liver);
    }
}

/* The liver enhances by 0.4 and takes up 0.6, the zone neither. At x = 48, on the zone's surface, lies a ball of 12 mm:
 * a residue (0.8, 0.1), a hyperaemic part of liver (0.8, 0.6), a dent of coagulum (0, 0), or nothing, also with a thin
 * bright rim (0.8, 0.3) of 2 mm all around. Of the shell of 5 mm a patch inside the ball is nothing else, so that the
 * residue has 0.8 / 0.4 = 2 and less than a quarter of the uptake. */
static void what_is_neither_liver_nor_coagulum(void **state)
{
    static const struct {
        float enhancement, uptake;
        bool nodule, rim;
    } rows[] = { { 0.8F, 0.1F, true, false },
                 { 0.8F, 0.6F, false, false },
                 { 0.0F, 0.0F, false, false },
                 { 0.4F, 0.6F, false, false },
                 { 0.4F, 0.6F, false, true } };
    static const double there[3] = { 48.0, 32.0, 32.0 }, middle[3] = { 32.0, 32.0, 32.0 };

    (void)state;
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct hep_labels *zone = ball(32.0, 14.0), *liver = ball(32.0, 31.0);
        struct hep_volume *re = NULL, *up = NULL;
        struct hep_ablation_images m = { .zone = zone, .liver = liver };
        struct hep_followup_settings s = hep_followup_settings_default;
        struct hep_ablation a;

        assert_int_equal(hep_volume_new(&re, &grid, 1, NULL), HEP_OK);
        assert_int_equal(hep_volume_new(&up, &grid, 1, NULL), HEP_OK);
        for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
            double at[3], from_middle;
            bool coagulum, inside;

            hep_grid_world_of(at, &grid, i);
            from_middle = sqrt(hep_distance2(at, middle));
            coagulum = zone->data[i] != 0;
            inside = !coagulum && hep_distance2(at, there) <= 36.0;
            re->data[i] = coagulum ? 0.0F : inside ? rows[row].enhancement : 0.4F;
            up->data[i] = coagulum ? 0.0F : inside ? rows[row].uptake : 0.6F;
            if (rows[row].rim && !coagulum && from_middle <= 16.0) {
                re->data[i] = 0.8F;
                up->data[i] = 0.3F;
            }
        }
        m.enhancement = re;
        m.uptake = up;
        assert_int_equal(hep_ablation_measure(&a, &m, &s, NULL), HEP_OK);
        assert_int_equal(a.nodule_ratio >= s.ablation_nodule_ratio, rows[row].nodule);
        if (rows[row].nodule) {
            assert_close(a.nodule_ratio, 2.0, 0.05, 0.0);
            assert_true(a.nodule_uptake < 0.25);
            assert_true(hep_distance2(a.nodule_mm, there) <= 36.0);
        }
        /* without a hepatobiliary phase, or in a liver that takes up nothing, it is not known */
        m.uptake = NULL;
        assert_int_equal(hep_ablation_measure(&a, &m, &s, NULL), HEP_OK);
        assert_true(isnan(a.nodule_ratio));
        hep_volume_free(re);
        hep_volume_free(up);
        hep_labels_free(zone);
        hep_labels_free(liver);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_of_two_balls),
        cmocka_unit_test(no_margin_outside_the_liver),
        cmocka_unit_test(even_and_nodular_rims),
        cmocka_unit_test(what_is_neither_liver_nor_coagulum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
