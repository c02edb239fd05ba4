/* The judgement of a registration: what is taken, and what leaves a series in scanner geometry. */
#include "support/support.h"

#include "base/file.h"
#include "base/number.h"
#include "base/rng.h"
#include "image/align_pair.h"
#include "image/register_predict.h"

#include <math.h>
#include <stdlib.h>

static struct hep_error e;

/* A body with a bright organ on its right and vessels in it, shifted along S; or noise alone.
 * Enhanced, the organ is three times as bright and its vessels are brighter than it. */
static struct hep_volume *image(double shift_mm, double noise, bool only_noise, bool enhanced,
                                uint64_t seed)
{
    struct hep_grid g = hep_test_grid(80, 64, 48, 4.0, 4.0, 4.0);
    struct hep_rng rng = { .seed = seed };
    struct hep_volume *v = NULL;

    assert_ok(hep_volume_new(&v, &g, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        const double voxel[3] = { (double)(i % 80), (double)(i / 80 % 64), (double)(i / 5120) };
        double p[3], value = 0.0, organ;

        hep_grid_to_world(p, &g, voxel);
        p[2] -= shift_mm;
        if (p[0] * p[0] / 2.1e4 + p[1] * p[1] / 1.1e4 < 1.0)
            value = 1.0;
        organ = pow((p[0] - 60.0) / 65.0, 2) + pow(p[1] / 75.0, 2) + pow(p[2] / 60.0, 2);
        value += (enhanced ? 4.5 : 1.5) / (1.0 + exp(20.0 * (organ - 1.0)));
        for (int k = 0; k < 6; k++)
            value -= organ < 1.0
                         ? (enhanced ? -3.0 : 1.0) *
                               exp(-(pow(p[0] - 30.0 - 12.0 * k, 2) + pow(p[1] - 9.0 * k + 20, 2) +
                                     pow(p[2] + 40.0 - 15.0 * k, 2)) /
                                   150.0)
                         : 0.0;
        v->data[i] = (float)(only_noise ? 3.0 * fabs(hep_rng_next_normal(&rng))
                                        : fabs(value + noise * hep_rng_next_normal(&rng)));
    }
    return v;
}

struct row {
    const char *name;
    double shift_mm, off_mm, noise;
    bool only_noise, enhanced;
    enum hep_align_method method;
    bool failed;
    const char *reason;
};

static const struct row rows[] = {
    { "moved by 9 mm", 9.0, 0.0, 0.05, false, false, HEP_ALIGN_RIGID, false, "rises" },
    { "moved by 30 mm", 30.0, 0.0, 0.05, false, false, HEP_ALIGN_RIGID, false, "rises" },
    { "not moved", 0.0, 0.0, 0.05, false, false, HEP_ALIGN_SCANNER, false, "is predicted" },
    { "noise alone", 0.0, 0.0, 0.05, true, false, HEP_ALIGN_SCANNER, true, "nothing in common" },
    { "not moved, enhanced", 0.0, 0.0, 0.05, false, true, HEP_ALIGN_SCANNER, false, "" },
    { "moved by 4 mm, enhanced", 4.0, 0.0, 0.05, false, true, HEP_ALIGN_RIGID, false, "rises" },
    /* Noise alone lets the mutual information of the deformed image rise by a sixth. */
    { "not moved, noisy", 0.0, 0.0, 0.4, false, true, HEP_ALIGN_SCANNER, false, "fits as well" },
    { "moved by 4 mm, noisy", 4.0, 0.0, 0.4, false, true, HEP_ALIGN_RIGID, false, "rises" },
    { "elsewhere", 0.0, 700.0, 0.05, false, false, HEP_ALIGN_SCANNER, true, "do not overlap" },
};

static void test_row(void **state)
{
    static const size_t first[] = { 0 };
    const struct row *c = *state;
    struct hep_volume *fixed = image(0.0, c->noise, false, false, 1), *moving;
    struct hep_align_target target;
    char *folder = hep_test_mkdir();
    struct hep_align_pair p = {
        .target = &target,
        .volumes = first,
        .n_volumes = 1,
        .settings = { .rigid_path = HEP_CONFIGS "/registration/rigid.txt",
                      .resolutions = 2,
                      .bins = 32,
                      .samples = 2048,
                      .rigid_iterations = 30,
                      .iterations = 60,
                      .timeout_s = 100.0 },
        .min_motion_mm = c->enhanced ? 0.5 : 1.0, /* as for series, as for b-values */
        .predicted_share = 0.75,
        .min_gain_se = 3.0, /* the default */
        .jacobian = { 0.5, 2.0 },
    };

    if (!hep_register_available())
        skip();
    if (c->enhanced) {
        p.settings.bspline_path = HEP_CONFIGS "/registration/bspline.txt";
        p.settings.bspline_mm = 32.0;
    }
    moving = image(c->shift_mm, c->noise, c->only_noise, c->enhanced, 2);
    moving->grid.to_world[0][3] += c->off_mm;
    p.source = moving;
    (void)snprintf(p.folder, sizeof p.folder, "%s", folder);
    assert_ok(hep_align_target_new(&target, fixed, first, 1, 20.0, &e), e);
    assert_ok(hep_align_pair_run(&p, &e), e);
    assert_int_equal(p.method, c->method);
    assert_true(p.failed == c->failed);
    assert_non_null(strstr(p.reason, c->reason));
    assert_close(p.translation_mm[2], c->shift_mm, 0.0, 1.0);
    if (c->method == HEP_ALIGN_SCANNER) {
        for (int i = 0; i < 4; i++) {
            for (int k = 0; k < 4; k++)
                assert_close(p.transform.affine[i][k], i == k, 0.0, 0.0);
        }
    }
    hep_align_pair_release(&p);
    hep_align_target_release(&target);
    hep_volume_free(fixed);
    hep_volume_free(moving);
    hep_test_rmdir(folder);
}

/* Half of a shift of 0.8 mm is predicted at least, and of one that is worth a registration (1 mm) as much or more; a turn about the middle
 * shifts the halves against each other, although the mean shift is 0. */
static void test_prediction(void **state)
{
    static const size_t first[] = { 0 };
    struct hep_volume *fixed = image(0.0, 0.05, false, false, 1);
    struct hep_align_target target;
    struct hep_volume *same = NULL;
    const double turn = 3.0 * HEP_PI / 180.0;
    double mm = 0.0;

    (void)state;
    assert_ok(hep_align_target_new(&target, fixed, first, 1, 20.0, &e), e);
    for (int k = 0; k < 4; k++) {
        struct hep_volume *moving = image(0.0, 0.05, false, false, 2);
        struct hep_align_target other;

        moving->grid.to_world[2][3] += 0.8 * k;
        assert_ok(hep_align_target_new(&other, moving, first, 1, 20.0, &e), e);
        assert_ok(hep_register_predict(&mm, target.fixed, other.fixed, target.region, 32, &e), e);
        if (k == 0)
            assert_true(mm < 0.75);
        else
            assert_true(mm > (k == 1 ? 0.4 : 1.0)); /* 0.8 mm; 1.6 and 2.4 mm */
        if (k == 0)
            assert_ok(hep_volume_copy(&same, other.fixed, &e), e);
        hep_align_target_release(&other);
        hep_volume_free(moving);
    }
    for (int r = 0; r < 2; r++) {
        const double y = same->grid.to_world[1][r], x = same->grid.to_world[0][r];

        same->grid.to_world[0][r] = cos(turn) * x - sin(turn) * y;
        same->grid.to_world[1][r] = sin(turn) * x + cos(turn) * y;
    }
    assert_ok(hep_register_predict(&mm, target.fixed, same, target.region, 32, &e), e);
    assert_true(mm > 1.0);
    hep_volume_free(same);
    hep_align_target_release(&target);
    hep_volume_free(fixed);
}

/* Planes that rise along directions 60 degrees apart: with gradients of one length everywhere their
 * agreement is cos(60)^2 / 4 = 1/16, and 1/4 when one is turned onto the other; every block gains the
 * same. */
static void test_edges(void **state)
{
    const double c = cos(HEP_PI / 3.0), s = sin(HEP_PI / 3.0);
    const struct hep_transform still = {
        .affine = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }
    };
    const struct hep_transform turned = {
        .affine = { { c, -s, 0, 0 }, { s, c, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }
    };
    const struct hep_transform *const both[] = { &still, &turned };
    struct hep_grid g = hep_test_grid(60, 60, 40, 2.0, 2.0, 2.0);
    struct hep_volume *a = NULL, *b = NULL;
    struct hep_labels *inside = NULL;
    struct hep_edge_agreement got[2];

    (void)state;
    assert_ok(hep_volume_new(&a, &g, 1, &e), e);
    assert_ok(hep_volume_new(&b, &g, 1, &e), e);
    assert_ok(hep_labels_new(&inside, &g, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        double p[3];

        hep_grid_world_of(p, &g, i);
        a->data[i] = (float)(100.0 + p[0]);
        b->data[i] = (float)(200.0 + 3.0 * (c * p[0] + s * p[1]));
        inside->data[i] = fabs(p[0]) < 30.0 && fabs(p[1]) < 30.0 && fabs(p[2]) < 20.0;
    }
    assert_ok(hep_edges_compare(got, a, b, inside, both, 2, &e), e);
    assert_close(got[0].value, 1.0 / 16.0, 1e-3, 0.0);
    assert_close(got[0].gain, 0.0, 0.0, 0.0);
    assert_close(got[1].value, 1.0 / 4.0, 1e-3, 0.0);
    assert_close(got[1].gain, 3.0 / 16.0, 1e-3, 0.0);
    assert_close(got[1].gain_se, 0.0, 0.0, 1e-4);
    inside->grid.to_world[0][3] += 1.0;
    assert_fails(hep_edges_compare(got, a, b, inside, both, 2, &e), e, HEP_EGEOM, "another grid");
    hep_volume_free(a);
    hep_volume_free(b);
    hep_labels_free(inside);
}

static void test_targets(void **state)
{
    static const size_t first[] = { 0 };
    struct hep_volume *v = image(0.0, 0.05, false, false, 1), *thin = NULL, *empty = NULL;
    struct hep_align_target target;
    struct hep_grid slice = hep_test_grid(40, 40, 1, 4.0, 4.0, 5.0);

    (void)state;
    assert_ok(hep_volume_new(&thin, &slice, 1, &e), e);
    assert_fails(hep_align_target_new(&target, thin, first, 1, 20.0, &e), e, HEP_EDATA,
                 "5 mm thick");
    assert_ok(hep_volume_new(&empty, &v->grid, 1, &e), e);
    assert_fails(hep_align_target_new(&target, empty, first, 1, 20.0, &e), e, HEP_EDATA, "body");
    /* The region lies on the right of the body, which is +x. */
    assert_ok(hep_align_target_new(&target, v, first, 1, 20.0, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&target.region->grid); i++) {
        if (target.region->data[i] != 0)
            assert_true((double)(i % target.region->grid.n[0]) * 4.0 - 158.0 > -60.0);
    }
    hep_align_target_release(&target);
    hep_volume_free(v);
    hep_volume_free(thin);
    hep_volume_free(empty);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0] + 3];
    size_t n = 0;

    for (; n < sizeof rows / sizeof rows[0]; n++)
        tests[n] = (struct CMUnitTest){ .name = rows[n].name,
                                        .test_func = test_row,
                                        .initial_state = (void *)(uintptr_t)&rows[n] };
    tests[n] = (struct CMUnitTest)cmocka_unit_test(test_edges);
    tests[n + 1] = (struct CMUnitTest)cmocka_unit_test(test_targets);
    tests[n + 2] = (struct CMUnitTest)cmocka_unit_test(test_prediction);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
