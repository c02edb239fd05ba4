/* Features against the reference values of the Image Biomarker Standardisation Initiative for its digital phantom
 * (tests/data/ibsi: value, tolerance and tag of each), and against shapes and textures worked out by hand. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "image/nifti.h"
#include "radiomics/radiomics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hep_error e;

static double value_of(const struct hep_texture *t, const char *tag)
{
    for (size_t i = 0; i < hep_texture_n_features(); i++) {
        enum hep_texture_family family = hep_texture_features[i].family;

        for (size_t a = 0; a < hep_texture_n_aggregations(family); a++) {
            char name[64];

            (void)snprintf(name, sizeof name, "%s%s", hep_texture_features[i].tag,
                           hep_texture_suffix(family, a));
            if (strcmp(name, tag) == 0)
                return t->value[i][a];
        }
    }
    return NAN;
}

/* Reference values have three significant digits, and so has what is compared with them. */
static double three_digits(double x)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.2e", x);
    return strtod(text, NULL);
}

/* One line "value;tolerance;tag"; lines without a value are of features without consensus. */
static void compare_line(const struct hep_texture *t, char *line, int counts[2])
{
    char *tolerance = strchr(line, ';');
    char *tag = tolerance != NULL ? strchr(tolerance + 1, ';') : NULL;
    double expected = 0.0;
    double slack = 0.0;
    double found = 0.0;

    if (tag == NULL || line[0] == ';')
        return;
    *tolerance++ = *tag++ = '\0';
    assert_ok(hep_parse_double(&expected, line, &e), e);
    assert_ok(hep_parse_double(&slack, tolerance, &e), e);
    found = value_of(t, tag);
    counts[0]++;
    if (fabs(three_digits(found) - expected) <= slack + 1e-9 * fabs(expected))
        counts[1]++;
    else
        printf("%s: %.6g, reference %g +/- %g\n", tag, found, expected, slack);
}

static void test_reference_values(void **state)
{
    struct hep_volume *image = NULL;
    struct hep_labels *mask = NULL;
    struct hep_texture_settings s;
    struct hep_texture t = { 0 };
    char *text = NULL;
    size_t size = 0;
    int counts[2] = { 0 };

    (void)state;
    assert_ok(hep_nifti_read(&image, HEP_TEST_DATA "/ibsi/phantom.nii.gz", &e), e);
    assert_ok(hep_nifti_read_labels(&mask, HEP_TEST_DATA "/ibsi/mask.nii.gz", &e), e);
    hep_texture_settings_default(&s);
    assert_ok(hep_texture_compute(&t, image, mask, 1, &s, &e), e);
    assert_int_equal(t.n_voxels, 74);
    assert_int_equal(t.levels, HEP_LEVELS_ASIS);
    assert_ok(hep_file_read(&text, &size, HEP_TEST_DATA "/ibsi/reference_values.csv", 1 << 20, &e),
              e);
    for (char *line = strchr(text, '\n'); line != NULL;) { /* after the head */
        char *after = strchr(line + 1, '\n');

        if (after != NULL)
            *after = '\0';
        compare_line(&t, line + 1, counts);
        line = after;
    }
    printf("%d of %d reference values agree\n", counts[1], counts[0]);
    assert_int_equal(counts[0], 482);
    assert_int_equal(counts[1], counts[0]);
    free(text);
    hep_texture_release(&t);
    hep_volume_free(image);
    hep_labels_free(mask);
}

/* Scene: n voxels along each axis of this spacing, values from a function of the place. */
static void scene(struct hep_volume **image, struct hep_labels **mask, const size_t n[3],
                  const double mm[3])
{
    struct hep_grid grid = { .n = { n[0], n[1], n[2] } };

    for (int a = 0; a < 3; a++)
        grid.to_world[a][a] = mm[a];
    grid.to_world[3][3] = 1.0;
    assert_ok(hep_volume_new(image, &grid, 1, &e), e);
    assert_ok(hep_labels_new(mask, &grid, &e), e);
}

/* A ball of 20 mm radius: volume and diameter within 1 %, sphericity near 1; the mesh of a voxelled ball has steps, so
 * its surface is larger than that of the ball, by less than 10 % (Windreich et al., Vis Comput 2003). */
static void test_ball(void **state)
{
    const size_t n[3] = { 48, 48, 48 };
    const double mm[3] = { 1, 1, 1 };
    const double r = 20.0;
    struct hep_volume *image = NULL;
    struct hep_labels *mask = NULL;
    struct hep_texture_settings s;
    struct hep_texture t = { 0 };

    (void)state;
    scene(&image, &mask, n, mm);
    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++) {
        size_t at[3];
        const double centre[3] = { 23.5, 23.5, 23.5 };
        double x[3];

        hep_grid_place(at, &mask->grid, i);
        for (int a = 0; a < 3; a++)
            x[a] = (double)at[a];
        mask->data[i] = hep_distance2(x, centre) <= r * r;
        image->data[i] = 100.0F + (float)at[0];
    }
    hep_texture_settings_default(&s);
    assert_ok(hep_texture_compute(&t, image, mask, 1, &s, &e), e);
    assert_close(value_of(&t, "morph_volume"), 4.0 / 3.0 * 3.14159265 * r * r * r, 0.01, 0);
    assert_close(value_of(&t, "morph_diam"), 2.0 * r, 0, 1.0); /* to the edges of voxels */
    assert_true(value_of(&t, "morph_sphericity") > 0.9 && value_of(&t, "morph_sphericity") < 1.0);
    assert_close(value_of(&t, "morph_pca_maj_axis"), 4.0 * r / sqrt(5.0), 0.01, 0);
    assert_close(value_of(&t, "morph_pca_flatness"), 1.0, 0.01, 0);
    assert_close(value_of(&t, "morph_vol_dens_conv_hull"), 1.0, 0.05, 0);
    /* Intensity rises by 1 a mm: its centre of mass lies var(x) / mean = (r^2 / 5) / mean from the middle. */
    assert_close(value_of(&t, "morph_com"), r * r / 5.0 / 123.5, 0.02, 0);
    hep_texture_release(&t);
    hep_volume_free(image);
    hep_labels_free(mask);
}

/* Two slices of 2 x 2 voxels with levels 1 2 / 1 2: worked out by hand. */
static void test_by_hand(void **state)
{
    const size_t n[3] = { 2, 2, 2 };
    const double mm[3] = { 1, 1, 5 };
    struct hep_volume *image = NULL;
    struct hep_labels *mask = NULL;
    struct hep_texture_settings s;
    struct hep_texture t = { 0 };

    (void)state;
    scene(&image, &mask, n, mm);
    for (size_t i = 0; i < 8; i++) {
        mask->data[i] = 7;
        image->data[i] = i % 2 == 0 ? 1.0F : 2.0F;
    }
    hep_texture_settings_default(&s);
    assert_ok(hep_texture_compute(&t, image, mask, 7, &s, &e), e);
    assert_int_equal(t.slice_axis, 2);
    /* Along x both pairs are 1-2; along y one is 1-1 and one 2-2; both diagonals are 1-2. Merged: 4 of 6 differ. */
    assert_close(value_of(&t, "cm_contrast_2D_comb"), 4.0 / 6.0, 1e-12, 0);
    assert_close(value_of(&t, "cm_contrast_2D_avg"), (1.0 + 0.0 + 1.0 + 1.0) / 4.0, 1e-12, 0);
    /* Runs along x: four of length 1; along y: two of length 2; diagonals: four of 1 each. */
    assert_close(value_of(&t, "rlm_lre_2D_avg"), (1.0 + 4.0 + 1.0 + 1.0) / 4.0, 1e-12, 0);
    /* Zones: in a slice two columns of 2 voxels; in space two plates of 4. */
    assert_close(value_of(&t, "szm_lze_2D"), 4.0, 1e-12, 0);
    assert_close(value_of(&t, "szm_lze_3D"), 16.0, 1e-12, 0);
    assert_close(value_of(&t, "dzm_lde_3D"), 1.0, 1e-12, 0);
    assert_close(value_of(&t, "stat_mean"), 1.5, 1e-12, 0);
    assert_close(value_of(&t, "ih_entropy"), 1.0, 1e-12, 0);
    hep_texture_release(&t);
    hep_volume_free(image);
    hep_labels_free(mask);
}

/* Axes stored in another order and one of them backwards: the same features, as slices are found by their spacing. */
static void test_storage(void **state)
{
    const size_t n[3] = { 9, 7, 4 };
    const double mm[3] = { 1.5, 1.2, 4.0 };
    const size_t turned[3] = { 4, 9, 7 };
    const double turned_mm[3] = { 4.0, 1.5, 1.2 };
    struct hep_volume *image[2] = { NULL, NULL };
    struct hep_labels *mask[2] = { NULL, NULL };
    struct hep_texture t[2] = { { 0 }, { 0 } };
    struct hep_texture_settings s;

    (void)state;
    scene(&image[0], &mask[0], n, mm);
    scene(&image[1], &mask[1], turned, turned_mm);
    image[1]->grid.to_world[0][0] = mask[1]->grid.to_world[0][0] = -4.0;
    for (size_t i = 0; i < hep_grid_voxels(&mask[0]->grid); i++) {
        size_t at[3];
        size_t j = 0;

        hep_grid_place(at, &mask[0]->grid, i);
        j = (n[2] - 1 - at[2]) + n[2] * (at[0] + n[0] * at[1]);
        image[0]->data[i] = image[1]->data[j] =
            (float)((at[0] * at[0] + 3 * at[1] + 5 * at[2] * at[1]) % 11) + 0.5F;
        mask[0]->data[i] = mask[1]->data[j] = at[0] > 0 && at[1] + at[2] > 1 && at[0] + at[1] < 13;
    }
    hep_texture_settings_default(&s);
    for (int k = 0; k < 2; k++)
        assert_ok(hep_texture_compute(&t[k], image[k], mask[k], 1, &s, &e), e);
    assert_int_equal(t[1].slice_axis, 0);
    for (size_t i = 0; i < hep_texture_n_features(); i++) {
        for (size_t a = 0; a < hep_texture_n_aggregations(hep_texture_features[i].family); a++)
            assert_close(t[1].value[i][a], t[0].value[i][a], 1e-9, 1e-12);
    }
    for (int k = 0; k < 2; k++) {
        hep_texture_release(&t[k]);
        hep_volume_free(image[k]);
        hep_labels_free(mask[k]);
    }
}

static void test_levels(void **state)
{
    const size_t n[3] = { 5, 1, 1 };
    const double mm[3] = { 1, 1, 1 };
    struct hep_volume *image = NULL;
    struct hep_labels *mask = NULL;
    struct hep_texture_settings s;
    struct hep_texture t = { 0 };

    (void)state;
    scene(&image, &mask, n, mm);
    for (size_t i = 0; i < 5; i++) {
        mask->data[i] = 1;
        image->data[i] = 10.0F * (float)i + 2.5F; /* 2.5 12.5 22.5 32.5 42.5 */
    }
    hep_texture_settings_default(&s);
    s.n_bins = 4;
    assert_ok(hep_texture_compute(&t, image, mask, 1, &s, &e), e);
    assert_int_equal(t.levels, HEP_LEVELS_COUNT);
    assert_close(t.bin_width, 10.0, 1e-12, 0);
    assert_close(value_of(&t, "ih_mean"), (1 + 2 + 3 + 4 + 4) / 5.0, 1e-12, 0);
    hep_texture_release(&t);
    s.levels = HEP_LEVELS_WIDTH;
    s.bin_width = 15.0;
    s.range[0] = 0.0;
    s.range[1] = 40.0;
    assert_ok(hep_texture_compute(&t, image, mask, 1, &s, &e), e);
    assert_int_equal(t.n_voxels, 4);
    assert_close(value_of(&t, "ih_mean"), (1 + 1 + 2 + 3) / 4.0, 1e-12, 0);
    assert_close(value_of(&t, "morph_vol_approx"), 5.0, 1e-12, 0);
    hep_texture_release(&t);
    s.bin_width = 1e-3;
    assert_fails(hep_texture_compute(&t, image, mask, 1, &s, &e), e, HEP_EDATA, "grey levels");
    s.levels = HEP_LEVELS_ASIS;
    assert_fails(hep_texture_compute(&t, image, mask, 1, &s, &e), e, HEP_EDATA, "no grey levels");
    s.range[0] = 100.0;
    s.range[1] = 200.0;
    assert_fails(hep_texture_compute(&t, image, mask, 1, &s, &e), e, HEP_EDATA, "range");
    assert_fails(hep_texture_compute(&t, image, mask, 2, &s, &e), e, HEP_EDATA, "label 2");
    hep_volume_free(image);
    hep_labels_free(mask);
}

/* One voxel, and one intensity: what is not defined is NaN, nothing fails. Then without memory, and with NaN inside. */
static void test_extremes(void **state)
{
    const size_t n[3] = { 4, 4, 4 };
    const double mm[3] = { 2, 2, 2 };
    struct hep_volume *image = NULL;
    struct hep_labels *mask = NULL;
    struct hep_texture_settings s;
    struct hep_texture t = { 0 };
    int rc = HEP_ENOMEM;

    (void)state;
    scene(&image, &mask, n, mm);
    for (size_t i = 0; i < 64; i++) {
        mask->data[i] = i == 21 ? 2 : 1;
        image->data[i] = 3.25F;
    }
    hep_texture_settings_default(&s);
    assert_ok(hep_texture_compute(&t, image, mask, 2, &s, &e), e);
    assert_close(value_of(&t, "morph_vol_approx"), 8.0, 1e-12, 0);
    assert_true(isnan(value_of(&t, "cm_contrast_3D_comb")));
    assert_true(isnan(value_of(&t, "morph_moran_i")));
    assert_true(isnan(value_of(&t, "morph_pca_maj_axis")));
    hep_texture_release(&t);
    assert_ok(hep_texture_compute(&t, image, mask, 1, &s, &e), e);
    assert_int_equal(t.n_levels, 1);
    assert_close(value_of(&t, "cm_joint_max_3D_comb"), 1.0, 1e-12, 0);
    assert_close(value_of(&t, "stat_var"), 0.0, 0, 1e-12);
    hep_texture_release(&t);
    for (long k = 1; k < 400 && rc == HEP_ENOMEM; k++) {
        hep_alloc_fail_at(k);
        e = (struct hep_error){ 0 };
        rc = hep_texture_compute(&t, image, mask, 1, &s, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
    }
    hep_alloc_fail_at(0);
    assert_int_equal(rc, HEP_OK);
    hep_texture_release(&t);
    image->data[5] = NAN;
    e = (struct hep_error){ 0 };
    assert_fails(hep_texture_compute(&t, image, mask, 1, &s, &e), e, HEP_EDATA, "finite");
    hep_volume_free(image);
    hep_labels_free(mask);
}

/* A gradient of 1 per mm keeps its values on other voxels; the grid stays centred. */
static void test_resampling(void **state)
{
    const size_t n[3] = { 20, 20, 10 };
    const double mm[3] = { 1, 1, 2 };
    struct hep_volume *image = NULL;
    struct hep_labels *mask = NULL;
    struct hep_texture_settings s;
    struct hep_texture t = { 0 };

    (void)state;
    scene(&image, &mask, n, mm);
    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++) {
        size_t at[3];

        hep_grid_place(at, &mask->grid, i);
        mask->data[i] =
            at[0] > 3 && at[0] < 16 && at[1] > 3 && at[1] < 16 && at[2] > 1 && at[2] < 8;
        image->data[i] = (float)at[0];
    }
    hep_texture_settings_default(&s);
    s.resample_mm = 1.5;
    assert_ok(hep_texture_compute(&t, image, mask, 1, &s, &e), e);
    assert_close(t.spacing_mm[2], 1.5, 1e-6, 0);
    assert_close(value_of(&t, "stat_mean"), 9.5, 1e-6, 0);
    assert_close(value_of(&t, "morph_vol_approx"), 12.0 * 12.0 * 12.0, 0.1, 0);
    hep_texture_release(&t);
    hep_volume_free(image);
    hep_labels_free(mask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_values), cmocka_unit_test(test_ball),
        cmocka_unit_test(test_by_hand),          cmocka_unit_test(test_storage),
        cmocka_unit_test(test_levels),           cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_resampling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
