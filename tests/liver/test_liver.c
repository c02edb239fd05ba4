#include "support/abdomen.h"

#include "base/alloc.h"
#include "image/mask.h"
#include "image/nifti.h"

#include <stdio.h>
#include <stdlib.h>

/* The whole body, at a person's size or a smaller one's. */
static struct hep_grid grid_for(double times)
{
    return hep_test_grid(92, 66, 50, 4.0 * times, 4.0 * times, 4.0 * times);
}

#define SMALL 0.7
static struct hep_liver_settings settings_for(double times)
{
    struct hep_liver_settings s = hep_liver_settings_default;

    s.volume_ml.lo *= times * times * times;
    s.seed_min_ml *= times * times * times;
    return s;
}

static const enum hep_image hbp_alone[] = { HEP_IMAGE_HEPATOBILIARY };
static const enum hep_image full[] = { HEP_IMAGE_HEPATOBILIARY, HEP_IMAGE_PORTAL_VENOUS,
                                       HEP_IMAGE_ARTERIAL,      HEP_IMAGE_T2,
                                       HEP_IMAGE_B_HIGH,        HEP_IMAGE_ADC };
static const enum hep_image no_hbp[] = { HEP_IMAGE_PORTAL_VENOUS, HEP_IMAGE_ARTERIAL,
                                         HEP_IMAGE_T2 };
static const enum hep_image no_t1[] = { HEP_IMAGE_T2, HEP_IMAGE_B_HIGH, HEP_IMAGE_ADC };

struct protocol {
    const char *name;
    const enum hep_image *images;
    size_t n;
    double times, lesion_mm;
    enum hep_liver_method method;
};
static const struct protocol protocols[] = {
    { "hepatobiliary alone", hbp_alone, 1, SMALL, 0.0, HEP_LIVER_HEPATOBILIARY },
    { "hepatobiliary alone, dark lesion of 40 mm under the capsule", hbp_alone, 1, 1.0, 40.0,
      HEP_LIVER_HEPATOBILIARY },
    { "full, dark lesion of 28 mm under the capsule", full, 6, SMALL, 40.0,
      HEP_LIVER_HEPATOBILIARY },
    { "extracellular dynamic with T2", no_hbp, 3, SMALL, 0.0, HEP_LIVER_T1 },
    { "T2 and diffusion", no_t1, 3, SMALL, 0.0, HEP_LIVER_T2_DIFFUSION },
};

/* Inter-reader Dice of livers is about 0.95 (domain appendix, section 6). */
static void finds_the_liver(void **state)
{
    const struct protocol *p = *state;
    const struct abdomen a = { .lesion_mm = p->lesion_mm, .times = p->times };
    const struct hep_grid grid = grid_for(p->times);
    const struct hep_liver_settings settings = settings_for(p->times);
    struct hep_error e = { 0 };
    struct hep_labels *truth = abdomen_truth(&a, &grid, LIVER);
    struct hep_labels *lesion = abdomen_truth(&a, &grid, LESION);
    struct hep_liver_input in;
    struct hep_liver got;
    struct hep_overlap o;
    size_t kept = 0;

    abdomen_fill(&in, &a, &grid, p->images, p->n);
    assert_ok(hep_liver_find(&got, &in, &settings, &e), e);
    assert_false(got.quality.mask_needed);
    assert_int_equal(got.quality.method, p->method);
    assert_ok(hep_mask_overlap(&o, truth, got.liver, &e), e);
    assert_true(o.dice > 0.95);
    assert_close(got.quality.volume_ml,
                 (double)hep_labels_count(truth, -1) * hep_grid_voxel_mm3(&grid) / 1000.0, 0.06, 0);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++)
        kept += lesion->data[i] != 0 && got.liver->data[i] != 0;
    assert_true((double)kept >= 0.9 * (double)hep_labels_count(lesion, -1));
    assert_int_equal(got.quality.cropped, false);
    assert_true(got.quality.score > 0.8);
    hep_liver_release(&got);
    hep_labels_free(truth);
    hep_labels_free(lesion);
    abdomen_release(&in);
}

/* The same object with its x axis stored the other way, and scaled signals. */
static void world_is_what_counts(void **state)
{
    const struct abdomen a = { .lesion_mm = 30.0, .times = SMALL };
    const struct hep_grid grid = grid_for(SMALL);
    const struct hep_liver_settings settings = settings_for(SMALL);
    struct hep_grid mirrored = grid;
    struct hep_error e = { 0 };
    struct hep_liver_input in, back;
    struct hep_liver one, two;
    size_t differ = 0;

    (void)state;
    mirrored.to_world[0][0] = -grid.to_world[0][0];
    mirrored.to_world[0][3] = grid.to_world[0][3] + grid.to_world[0][0] * (double)(grid.n[0] - 1);
    abdomen_fill(&in, &a, &grid, no_hbp, 3);
    abdomen_fill(&back, &a, &mirrored, no_hbp, 3);
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < hep_grid_voxels(&mirrored); i++)
            back.image[no_hbp[k]].volume->data[i] *= 7.5F;
    }
    assert_ok(hep_liver_find(&one, &in, &settings, &e), e);
    assert_ok(hep_liver_find(&two, &back, &settings, &e), e);
    assert_close(two.quality.volume_ml, one.quality.volume_ml, 1e-3, 0);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        const size_t row = i / grid.n[0] * grid.n[0], x = i % grid.n[0];

        differ += one.liver->data[i] != two.liver->data[row + grid.n[0] - 1 - x];
    }
    assert_true((double)differ <= 2e-3 * (double)hep_labels_count(one.liver, -1));
    hep_liver_release(&one);
    hep_liver_release(&two);
    abdomen_release(&in);
    abdomen_release(&back);
}

static void threads_do_not_matter(void **state)
{
    const struct abdomen a = { .lesion_mm = 25.0, .times = SMALL };
    const struct hep_grid grid = grid_for(SMALL);
    const struct hep_liver_settings settings = settings_for(SMALL);
    const size_t n = hep_grid_voxels(&grid);
    struct hep_error e = { 0 };
    struct hep_liver_input in;
    struct hep_liver one, two;

    (void)state;
    abdomen_fill(&in, &a, &grid, full, 6);
    assert_ok(hep_liver_find(&one, &in, &settings, &e), e);
    in.nthreads = 3;
    assert_ok(hep_liver_find(&two, &in, &settings, &e), e);
    assert_memory_equal(one.liver->data, two.liver->data, n * sizeof(int32_t));
    assert_memory_equal(one.anatomy->data, two.anatomy->data, n * sizeof(int32_t));
    assert_true(one.quality.score == two.quality.score);
    hep_liver_release(&one);
    hep_liver_release(&two);
    abdomen_release(&in);
}

/* Nothing to be found is an answer, not an error. */
static void says_that_a_mask_is_needed(void **state)
{
    const struct abdomen empty = { .no_liver = true, .times = SMALL };
    const struct hep_grid grid = grid_for(SMALL), slice = hep_test_grid(92, 66, 1, 3.0, 3.0, 8.0);
    const struct hep_liver_settings settings = hep_liver_settings_default;
    struct hep_error e = { 0 };
    struct hep_liver_input in;
    struct hep_liver got;

    (void)state;
    for (int k = 0; k < 4; k++) {
        abdomen_fill(&in, &empty, k == 3 ? &slice : &grid, hbp_alone, 1);
        for (size_t i = 0; i < hep_grid_voxels(&in.grid) && k > 0; i++) {
            float *x = &in.image[HEP_IMAGE_HEPATOBILIARY].volume->data[i];

            if (k == 1)
                *x = 100.0F;
            if (k == 2)
                *x = NAN;
        }
        assert_ok(hep_liver_find(&got, &in, &settings, &e), e);
        if (!got.quality.mask_needed)
            fail_msg("case %d: a liver of %.0f mL", k, got.quality.volume_ml);
        assert_null(got.liver);
        assert_null(got.anatomy);
        assert_non_null(strstr(got.quality.reason, "mask needed"));
        assert_close(got.quality.score, 0.0, 0, 0);
        hep_liver_release(&got);
        abdomen_release(&in);
    }
}

static void mistakes(void **state)
{
    const struct abdomen a = { 0 };
    const struct hep_grid grid = hep_test_grid(20, 20, 10, 15, 15, 15);
    struct hep_liver_settings settings = hep_liver_settings_default;
    struct hep_error e = { 0 };
    struct hep_liver_input in, none = { .grid = grid, .nthreads = 1 };
    struct hep_liver got;
    struct hep_labels *anatomy = NULL, *mask = NULL;

    (void)state;
    assert_fails(hep_liver_find(&got, &none, &settings, &e), e, HEP_EINVAL, "no image");
    abdomen_fill(&in, &a, &grid, hbp_alone, 1);
    in.grid.to_world[0][3] += 5.0;
    assert_fails(hep_liver_find(&got, &in, &settings, &e), e, HEP_EGEOM, "hepatobiliary");
    assert_ok(hep_labels_new(&mask, &in.grid, &e), e);
    in.grid = grid;
    assert_fails(hep_liver_anatomy(&anatomy, &in, mask, &settings, &e), e, HEP_EGEOM, "mask");
    settings.opening_mm = -1.0;
    assert_fails(hep_liver_find(&got, &in, &settings, &e), e, HEP_EINVAL, "-1");
    settings = hep_liver_settings_default;
    settings.block_mm = 1.0;
    assert_fails(hep_liver_find(&got, &in, &settings, &e), e, HEP_EINVAL, "block_mm");
    settings = hep_liver_settings_default;
    settings.volume_ml.hi = 10.0;
    assert_fails(hep_liver_find(&got, &in, &settings, &e), e, HEP_EINVAL, "order");
    hep_labels_free(mask);
    abdomen_release(&in);
}

/* Every allocation may fail: an error, and nothing leaks (seen under the sanitizers). */
static void memory_runs_out(void **state)
{
    const struct abdomen a = { .lesion_mm = 20.0, .times = 0.5 };
    const struct hep_grid grid = hep_test_grid(46, 33, 26, 4, 4, 4);
    const struct hep_liver_settings settings = settings_for(0.5);
    struct hep_liver_input in;
    int failures = 0, rc = HEP_ENOMEM;

    (void)state;
    abdomen_fill(&in, &a, &grid, no_hbp, 2);
    for (long n = 1; rc != HEP_OK; n += 1 + n / 3) {
        struct hep_error e = { 0 };
        struct hep_liver got;

        hep_alloc_fail_at(n);
        rc = hep_liver_find(&got, &in, &settings, &e);
        hep_alloc_fail_at(0);
        if (rc != HEP_OK) {
            assert_fails(rc, e, HEP_ENOMEM, "memory");
            assert_null(got.liver);
            failures++;
        } else
            assert_false(got.quality.mask_needed);
        hep_liver_release(&got);
    }
    assert_true(failures > 20);
    abdomen_release(&in);
}

/* A ball: volume 4/3 pi r^3, surface that of a sphere. A cube's surface is (6/pi)^(1/3) = 1.24
 * times that of the ball of its volume. */
static void judges_masks(void **state)
{
    const struct hep_grid grid = hep_test_grid(60, 60, 60, 3, 3, 3);
    const struct hep_liver_settings settings = hep_liver_settings_default;
    struct hep_error e = { 0 };
    struct hep_labels *mask = NULL;
    struct hep_liver_quality q;

    (void)state;
    assert_ok(hep_labels_new(&mask, &grid, &e), e);
    for (int cube = 0; cube < 2; cube++) {
        for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
            const double c[3] = { (double)(i % 60), (double)(i / 60 % 60), (double)(i / 3600) };
            double p[3], r = 0.0;

            hep_grid_to_world(p, &grid, c);
            for (int a = 0; a < 3; a++)
                r = cube ? fmax(r, fabs(p[a])) : r + p[a] * p[a];
            mask->data[i] = cube ? r < 54.0 : r < 65.0 * 65.0;
        }
        assert_ok(hep_liver_judge_mask(&q, mask, &settings, &e), e);
        assert_close(q.volume_ml, cube ? 1259.712 : 1150.347, 0.01, 0);
        assert_close(q.roughness, cube ? 1.2407 : 1.0, 0.05, 0);
        assert_true(q.volume_plausible);
        assert_false(q.cropped);
        assert_string_equal(q.cut_at, "");
        assert_true(isnan(q.contrast) && isnan(q.low_border_frac));
    }
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++)
        mask->data[i] = i % 3600 < 600;
    assert_ok(hep_liver_judge_mask(&q, mask, &settings, &e), e);
    assert_true(q.cropped);
    assert_string_equal(q.cut_at, "top, bottom, back, right, left");
    hep_labels_free(mask);
}

/* What is no liver, but looks like it and touches it: a heart on the diaphragm left of the right
 * dome, and sheets of 10 mm below the liver, as muscles and bowel are. The settings accept any
 * score, to see what it is. */
static void knows_what_leaked_in(void **state)
{
    static const struct ellipsoid heart = { { -10.0, 18.0, 62.0 }, { 35.0, 29.0, 35.0 } };
    static const char *const reasons[] = { "above the right dome", "grown again from its inside" };
    const struct abdomen a = { .times = SMALL };
    const struct hep_grid grid = hep_test_grid(92, 66, 70, 4 * SMALL, 4 * SMALL, 4 * SMALL);
    struct hep_liver_settings settings = settings_for(SMALL);
    struct hep_error e = { 0 };
    struct hep_liver_input in;
    struct hep_liver got;

    (void)state;
    for (int leak = 0; leak < 2; leak++) {
        struct hep_volume *v = NULL;

        abdomen_fill(&in, &a, &grid, hbp_alone, 1);
        memcpy(&v, &in.image[HEP_IMAGE_HEPATOBILIARY].volume, sizeof(void *));
        for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
            double p[3];

            hep_grid_world_of(p, &grid, i);
            if (leak == 0 ? abdomen_in(p, &heart)
                          : p[2] < 0.0 && abdomen_at(&a, p) == CAVITY && p[0] > 0.0 &&
                                fmod(fabs(p[1]), 24.0) < 10.0)
                v->data[i] = 200.0F + (float)(i % 7);
        }
        settings.score_min = 0.0;
        assert_ok(hep_liver_find(&got, &in, &settings, &e), e);
        if (strstr(got.quality.reason, reasons[leak]) == NULL)
            fail_msg("leak %d: %.2f %.2f %.0f: '%s'", leak, got.quality.agreement,
                     got.quality.above_dome, got.quality.volume_ml, got.quality.reason);
        assert_true(got.quality.score < (leak == 0 ? hep_liver_settings_default.score_min : 0.75));
        hep_liver_release(&got);
        abdomen_release(&in);
    }
}

/* A real coronal dual echo of kidneys, 50 mm deep: less of a liver than can be told from kidney and
 * bowel. */
static void real_coronal(void **state)
{
    static const char *const files[] = { "in_phase.nii.gz", "opposed_phase.nii.gz" };
    static const enum hep_image images[] = { HEP_IMAGE_IN_PHASE, HEP_IMAGE_OPPOSED };
    const struct hep_liver_settings settings = hep_liver_settings_default;
    struct hep_liver_input in = { .nthreads = 1, .reference = HEP_IMAGE_IN_PHASE };
    struct hep_error e = { 0 };
    struct hep_liver got;

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct hep_volume *v = NULL;
        char path[512];

        (void)snprintf(path, sizeof path, HEP_TEST_DATA "/dual-echo-coronal/%s", files[k]);
        assert_ok(hep_nifti_read(&v, path, &e), e);
        in.grid = v->grid;
        in.image[images[k]].volume = v;
    }
    assert_ok(hep_liver_find(&got, &in, &settings, &e), e);
    assert_true(got.quality.mask_needed);
    assert_null(got.liver);
    hep_liver_release(&got);
    abdomen_release(&in);
}

/* A real examination of 60 mm height against the label map of TotalSegmentator (liver = 5). What
 * touches the liver there, colon and gallbladder, gets in: a mask is asked for. */
static void real_abdomen(void **state)
{
    struct hep_liver_settings settings = hep_liver_settings_default;
    struct hep_error e = { 0 };
    struct hep_volume *v = NULL;
    struct hep_labels *labels = NULL;
    struct hep_liver_input in = { .nthreads = 1, .reference = HEP_IMAGE_PRECONTRAST };
    struct hep_liver got;
    struct hep_overlap o;

    (void)state;
    assert_ok(hep_nifti_read(&v, HEP_TEST_DATA "/abdomen-labels/mr.nii.gz", &e), e);
    assert_ok(hep_nifti_read_labels(&labels, HEP_TEST_DATA "/abdomen-labels/labels.nii.gz", &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&labels->grid); i++)
        labels->data[i] = labels->data[i] == 5;
    in.grid = v->grid;
    in.image[HEP_IMAGE_PRECONTRAST].volume = v;
    settings.score_min = 0.0;
    assert_ok(hep_liver_find(&got, &in, &settings, &e), e);
    assert_false(got.quality.mask_needed);
    assert_true(got.quality.cropped);
    assert_false(got.quality.volume_plausible);
    assert_non_null(strstr(got.quality.reason, "cut by the end"));
    assert_ok(hep_mask_overlap(&o, labels, got.liver, &e), e);
    assert_true(o.dice > 0.85);
    hep_liver_release(&got);
    settings.score_min = hep_liver_settings_default.score_min;
    assert_ok(hep_liver_find(&got, &in, &settings, &e), e);
    assert_true(got.quality.mask_needed);
    assert_non_null(strstr(got.quality.reason, "the liver found scores"));
    hep_liver_release(&got);
    hep_labels_free(labels);
    hep_volume_free(v);
}

int main(void)
{
    enum { N = sizeof protocols / sizeof protocols[0] };
    struct CMUnitTest tests[N + 9] = { cmocka_unit_test(world_is_what_counts),
                                       cmocka_unit_test(threads_do_not_matter),
                                       cmocka_unit_test(says_that_a_mask_is_needed),
                                       cmocka_unit_test(mistakes),
                                       cmocka_unit_test(memory_runs_out),
                                       cmocka_unit_test(judges_masks),
                                       cmocka_unit_test(real_abdomen),
                                       cmocka_unit_test(real_coronal),
                                       cmocka_unit_test(knows_what_leaked_in) };

    for (size_t i = 0; i < N; i++) {
        union {
            const struct protocol *from;
            void *to;
        } row = { .from = &protocols[i] };

        tests[9 + i] =
            (struct CMUnitTest){ protocols[i].name, finds_the_liver, NULL, NULL, row.to };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
