/* Rendering of simple bodies whose answer is known: partial volume, shift, distortion, gaps, phase
 * cancellation, texture; masks and maps of the truth. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "phantom/render.h"
#include "phantom/truth.h"

#include <math.h>

enum { N = 60 };

/* A cube of 60 mm at 1 mm, centred on world 0: liver where x < edge_mm, fat elsewhere. */
static struct hep_anatomy *half_space(double edge_mm)
{
    struct hep_anatomy *a = calloc(1, sizeof *a);

    a->step_mm = 1.0;
    a->grid = hep_test_grid(N, N, N, 1.0, 1.0, 1.0);
    a->label = calloc((size_t)N * N * N, 1);
    a->texture = calloc((size_t)N * N * N, 1);
    for (size_t i = 0; i < (size_t)N * N * N; i++)
        a->label[i] = (double)(i % N) - 29.5 < edge_mm ? HEP_LABEL_LIVER : HEP_LABEL_FAT_VISCERAL;
    a->tissues.row[HEP_TISSUE_LIVER] = (struct hep_tissue_values){
        .pd = 0.9, .t1_s = 0.8, .t2_s = 0.034, .t2star_s = 0.02, .ff = 0.1, .d_mm2_per_s = 1e-3
    };
    a->tissues.row[HEP_TISSUE_FAT] = (struct hep_tissue_values){
        .pd = 0.5, .t1_s = 0.4, .t2_s = 0.06, .t2star_s = 0.04, .ff = 0.9, .d_mm2_per_s = 3e-4
    };
    return a;
}

static struct hep_lut *plain_lut(float liver, float fat)
{
    struct hep_lut *lut = calloc(1, sizeof *lut);

    lut->n_values = 1;
    lut->value[HEP_LABEL_LIVER][0] = liver;
    lut->value[HEP_LABEL_FAT_VISCERAL][0] = fat;
    return lut;
}

static struct hep_volume *render(const struct hep_anatomy *a, const struct hep_grid *g,
                                 const struct hep_lut *lut, const struct hep_motion *m,
                                 const struct hep_epi *epi, double texture, double share)
{
    const struct hep_render r = { .anatomy = a,
                                  .grid = g,
                                  .lut = lut,
                                  .motion = m,
                                  .epi = epi,
                                  .texture = texture,
                                  .slice_share = share,
                                  .nthreads = 2 };
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_render_volume(&v, &r, &e), e);
    return v;
}

/* Voxels of 4 mm on x = -18, -14 ... 18; the voxel at -2 covers -4..0. */
static void test_partial_volume(void **state)
{
    const struct hep_grid g = hep_test_grid(10, 4, 4, 4.0, 4.0, 4.0);
    struct hep_anatomy *a = half_space(-1.0);
    struct hep_lut *lut = plain_lut(100.0F, 20.0F);
    struct hep_volume *v = render(a, &g, lut, NULL, NULL, 0.0, 1.0);

    (void)state;
    assert_close((double)v->data[0], 100.0, 1e-6, 0.0);
    assert_close((double)v->data[4], 0.75 * 100.0 + 0.25 * 20.0, 1e-6, 0.0);
    assert_close((double)v->data[5], 20.0, 1e-6, 0.0);
    hep_volume_free(v);
    free(lut);
    hep_anatomy_free(a);
}

/* Slices that lay 2 mm to either side show the edge at -1 mm there; a series that drifts by 4 mm
 * blurs it over 4 mm, half-way where it was. */
static void test_motion_within(void **state)
{
    static const double slices[2][3] = { { 2.0, 0.0, 0.0 }, { -2.0, 0.0, 0.0 } };
    const struct hep_grid g = hep_test_grid(10, 4, 2, 4.0, 4.0, 4.0);
    struct hep_anatomy *a = half_space(-1.0);
    struct hep_lut *lut = plain_lut(100.0F, 20.0F);
    struct hep_render r = {
        .anatomy = a, .grid = &g, .lut = lut, .slice_share = 1.0, .nthreads = 2, .slice_mm = slices
    };
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_render_volume(&v, &r, &e), e);
    /* edge at +1 mm: the voxel from -4 to 0 is full, that from 0 to 4 a quarter */
    assert_close((double)v->data[4], 100.0, 1e-6, 0.0);
    assert_close((double)v->data[5], 40.0, 1e-6, 0.0);
    /* edge at -3 mm */
    assert_close((double)v->data[40 + 4], 40.0, 1e-6, 0.0);
    hep_volume_free(v);
    r.slice_mm = NULL;
    r.drift_mm[0] = 4.0;
    assert_ok(hep_render_volume(&v, &r, &e), e);
    assert_true((double)v->data[4] < 79.0 && (double)v->data[5] > 21.0);
    /* 64 samples of the two voxels, each at its moment: 0.75 of their sum as before, within 3 */
    assert_close((double)v->data[3] + (double)v->data[4] + (double)v->data[5], 100.0 + 80.0 + 20.0,
                 0.0, 6.0);
    hep_volume_free(v);
    free(lut);
    hep_anatomy_free(a);
}

/* An anatomy that moved 2 mm to the right (+x) shows its edge 2 mm further right. */
static void test_shift(void **state)
{
    const struct hep_grid g = hep_test_grid(10, 4, 4, 4.0, 4.0, 4.0);
    const struct hep_motion m = { { 2.0, 0.0, 0.0 }, NULL, 0.0 };
    struct hep_anatomy *a = half_space(0.0);
    struct hep_lut *lut = plain_lut(100.0F, 20.0F);
    struct hep_volume *v = render(a, &g, lut, &m, NULL, 0.0, 1.0);

    (void)state;
    assert_close((double)v->data[4], 100.0, 1e-6, 0.0);
    assert_close((double)v->data[5], 60.0, 1e-6, 0.0);
    hep_volume_free(v);
    free(lut);
    hep_anatomy_free(a);
}

/* 50 Hz x 35 ms = 1.75 voxels of 4 mm = 7 mm along x: the edge at 0 is seen at 7 mm. */
static void test_epi_shift(void **state)
{
    const struct hep_box box = { { -40.0, -40.0, -40.0 }, { 40.0, 40.0, 40.0 } };
    const struct hep_grid g = hep_test_grid(10, 4, 4, 4.0, 4.0, 4.0);
    const struct hep_motion still = { { 0.0, 0.0, 0.0 }, NULL, 0.0 };
    struct hep_epi epi = { NULL, 4.0 * 0.035, 0.0, { 1.0, 0.0, 0.0 } };
    struct hep_anatomy *a = half_space(0.0);
    struct hep_lut *lut = plain_lut(100.0F, 20.0F);
    struct hep_field *f = NULL;
    struct hep_volume *v;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_field_new_zero(&f, &box, 6.0, 1, &e), e);
    for (size_t i = 0; i < f->n[0] * f->n[1] * f->n[2]; i++)
        f->data[i] = 50.0F;
    epi.offset_hz = f;
    v = render(a, &g, lut, &still, &epi, 0.0, 1.0);
    assert_close((double)v->data[5], 100.0, 1e-5, 0.0);                      /* 0..4 mm */
    assert_close((double)v->data[6], 0.75 * 100.0 + 0.25 * 20.0, 1e-5, 0.0); /* 4..8 mm */
    hep_volume_free(v);
    /* a field that grows along the direction stretches: 2 Hz/mm x 0.14 mm/Hz = 0.28, times 0.72 */
    for (size_t z = 0, i = 0; z < f->n[2]; z++)
        for (size_t y = 0; y < f->n[1]; y++)
            for (size_t x = 0; x < f->n[0]; x++, i++)
                f->data[i] = (float)(2.0 * (f->origin[0] + 6.0 * (double)x));
    v = render(a, &g, lut, &still, &epi, 0.0, 1.0);
    assert_close((double)v->data[2], 72.0, 1e-3, 0.0);
    hep_volume_free(v);
    hep_field_free(f);
    free(lut);
    hep_anatomy_free(a);
}

/* Slices of 10 mm, half as thick: the one at x = -5 sees -7.5..-2.5 only. */
static void test_gap(void **state)
{
    struct hep_grid g = hep_test_grid(4, 4, 4, 4.0, 4.0, 10.0);
    struct hep_anatomy *a = half_space(-2.0);
    struct hep_lut *lut = plain_lut(100.0F, 20.0F);
    struct hep_volume *v;

    (void)state;
    for (int k = 0; k < 3; k++) { /* slices across world x */
        g.to_world[k][0] = k == 1 ? 4.0 : 0.0;
        g.to_world[k][1] = k == 2 ? 4.0 : 0.0;
        g.to_world[k][2] = k == 0 ? 10.0 : 0.0;
        g.to_world[k][3] = k == 0 ? -15.0 : -6.0;
    }
    v = render(a, &g, lut, NULL, NULL, 0.0, 1.0);
    assert_close((double)v->data[16], 0.8 * 100.0 + 0.2 * 20.0, 0.06, 0.0);
    hep_volume_free(v);
    v = render(a, &g, lut, NULL, NULL, 0.0, 0.5);
    assert_close((double)v->data[16], 100.0, 1e-6, 0.0);
    hep_volume_free(v);
    free(lut);
    hep_anatomy_free(a);
}

/* Water (1 + 0i) and fat (-1 + 0i) in equal parts cancel; magnitudes would give 1. */
static void test_cancellation(void **state)
{
    const struct hep_grid g = hep_test_grid(10, 4, 4, 4.0, 4.0, 4.0);
    struct hep_anatomy *a = half_space(-2.0);
    struct hep_lut *lut = plain_lut(1.0F, -1.0F);
    struct hep_volume *v;

    (void)state;
    lut->n_values = 2;
    lut->is_complex = true;
    v = render(a, &g, lut, NULL, NULL, 0.0, 1.0);
    assert_int_equal(v->nt, 1);
    assert_close((double)v->data[4], 0.0, 0.0, 1e-6);
    assert_close((double)v->data[0], 1.0, 1e-6, 0.0);
    assert_close((double)v->data[9], 1.0, 1e-6, 0.0);
    hep_volume_free(v);
    free(lut);
    hep_anatomy_free(a);
}

/* Fat fraction weighted by proton density: 0.9 x 0.1 and 0.5 x 0.9 in equal parts:
 * (0.09 + 0.45) / (0.9 + 0.5) = 0.385714; T1 by volume. ADC of a single exponential is D. */
static void test_maps(void **state)
{
    const struct hep_grid g = hep_test_grid(10, 4, 4, 4.0, 4.0, 4.0);
    struct hep_anatomy *a = half_space(-2.0);
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };
    const size_t n = 160;

    (void)state;
    assert_ok(hep_truth_maps(&v, a, &g, 1.0, 1, &e), e);
    assert_close((double)v->data[HEP_TRUTH_FF * n], 0.1, 1e-5, 0.0);
    assert_close((double)v->data[HEP_TRUTH_FF * n + 4], 0.54 / 1.4, 1e-5, 0.0);
    assert_close((double)v->data[HEP_TRUTH_T1 * n + 4], 0.6, 1e-5, 0.0);
    assert_close((double)v->data[HEP_TRUTH_R2STAR * n], 50.0, 1e-5, 0.0);
    assert_close((double)v->data[HEP_TRUTH_ADC * n], 1e-3, 1e-5, 0.0);
    hep_volume_free(v);
    hep_anatomy_free(a);
}

/* A sphere of 20 mm as a lesion: the mask has its volume and its centre, also on an oblique grid
 * stored the other way round; a lesion of 2 mm keeps one voxel. */
static void add_sphere(struct hep_anatomy *a, size_t i, const double centre[3], double diameter)
{
    struct hep_study_tissues *t = &a->tissues;
    struct hep_rng rng = { 1, 2, 0 };
    struct hep_lesion *l = &a->lesions.item[i];

    hep_lesion_make(l, HEP_SIM_CYST, diameter, t, 0.0, &rng);
    memcpy(l->centre_mm, centre, sizeof l->centre_mm);
    for (size_t k = 0; k < (size_t)N * N * N; k++) {
        const double p[3] = { (double)(k % N) - 29.5, (double)(k / N % N) - 29.5,
                              (double)(k / ((size_t)N * N)) - 29.5 };
        double rho;
        const int layer = hep_lesion_layer_at(&rho, l, p, 0.0);

        if (layer > (int)HEP_LAYER_HALO) {
            a->label[k] = hep_lesion_label(i, layer);
            a->count[i][layer]++;
        }
    }
    a->lesions.n = i + 1;
}

static void test_masks(void **state)
{
    const double centre[3] = { -8.0, 3.0, 5.0 }, small[3] = { 15.2, -14.0, -12.0 };
    struct hep_anatomy *a = half_space(100.0);
    struct hep_grid g = hep_test_grid(32, 32, 14, 1.8, 1.8, 4.0);
    struct hep_labels *liver = NULL, *lesions = NULL;
    struct hep_error e = { 0 };
    const double tilt = 0.09;
    double sum[3] = { 0.0, 0.0, 0.0 };
    size_t n = 0;

    (void)state;
    a->tissues.row[HEP_TISSUE_CYST] = a->tissues.row[HEP_TISSUE_LIVER];
    add_sphere(a, 0, centre, 20.0);
    add_sphere(a, 1, small, 2.0);
    assert_close(hep_anatomy_lesion_ml(a, 0), 4.18879, 0.02, 0.0);
    for (int k = 0; k < 3; k++) { /* turn x round, tilt about x */
        g.to_world[k][0] = k == 0 ? -1.8 : 0.0;
        g.to_world[k][1] = k == 1 ? 1.8 * cos(tilt) : k == 2 ? 1.8 * sin(tilt) : 0.0;
        g.to_world[k][2] = k == 1 ? -4.0 * sin(tilt) : k == 2 ? 4.0 * cos(tilt) : 0.0;
        g.to_world[k][3] = 0.0;
    }
    for (int k = 0; k < 3; k++)
        g.to_world[k][3] =
            -15.5 * g.to_world[k][0] - 15.5 * g.to_world[k][1] - 6.5 * g.to_world[k][2];
    assert_ok(hep_truth_masks(&liver, &lesions, a, &g, 1.0, 2, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        double p[3];

        if (lesions->data[i] != 1)
            continue;
        assert_int_equal(liver->data[i], 1);
        hep_grid_to_world(
            p, &g,
            (const double[3]){ (double)(i % 32), (double)(i / 32 % 32), (double)(i / 1024) });
        for (int k = 0; k < 3; k++)
            sum[k] += p[k];
        n++;
    }
    assert_close((double)n * hep_grid_voxel_mm3(&g) / 1000.0, 4.18879, 0.04, 0.0);
    for (int k = 0; k < 3; k++)
        assert_close(sum[k] / (double)n, centre[k], 0.0, 0.3);
    assert_int_equal(hep_labels_count(lesions, 2), 1);
    hep_labels_free(liver);
    hep_labels_free(lesions);
    hep_anatomy_free(a);
}

/* Texture SD of 0.05 in single nodes; voxels of 3 x 3 x 3 independent nodes have 0.05 / sqrt(27).
 */
static void test_texture_average(void **state)
{
    const struct hep_grid g = hep_test_grid(18, 18, 18, 3.0, 3.0, 3.0);
    struct hep_anatomy *a = half_space(100.0);
    struct hep_lut *lut = plain_lut(100.0F, 0.0F);
    struct hep_rng rng = { 8, 8, 0 };
    struct hep_volume *v;
    double mean = 0.0, sq = 0.0;

    (void)state;
    lut->texture_sd[HEP_LABEL_LIVER] = 0.05F;
    for (size_t i = 0; i < (size_t)N * N * N; i++)
        a->texture[i] = (int8_t)lrint(fmin(fmax(40.0 * hep_rng_next_normal(&rng), -127.0), 127.0));
    v = render(a, &g, lut, NULL, NULL, 1.0, 1.0);
    for (size_t i = 0; i < 5832; i++)
        mean += (double)v->data[i] / 5832.0;
    for (size_t i = 0; i < 5832; i++)
        sq += pow((double)v->data[i] - mean, 2.0) / 5832.0;
    assert_close(mean, 100.0, 0.001, 0.0);
    assert_close(sqrt(sq), 5.0 / sqrt(27.0), 0.05, 0.0);
    hep_volume_free(v);
    free(lut);
    hep_anatomy_free(a);
}

static void test_no_memory(void **state)
{
    const struct hep_grid g = hep_test_grid(10, 4, 4, 4.0, 4.0, 4.0);
    struct hep_anatomy *a = half_space(0.0);
    struct hep_lut *lut = plain_lut(1.0F, 2.0F);
    const struct hep_render r = {
        .anatomy = a, .grid = &g, .lut = lut, .slice_share = 1.0, .nthreads = 1
    };
    struct hep_labels *liver = NULL, *lesions = NULL;
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    (void)state;
    hep_alloc_fail_at(1);
    assert_fails(hep_render_volume(&v, &r, &e), e, HEP_ENOMEM, NULL);
    for (long n = 1; n <= 5; n++) {
        hep_alloc_fail_at(n);
        assert_fails(hep_truth_masks(&liver, &lesions, a, &g, 1.0, 1, &e), e, HEP_ENOMEM, NULL);
    }
    hep_alloc_fail_at(0);
    assert_null(v);
    assert_null(liver);
    free(lut);
    hep_anatomy_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partial_volume),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_motion_within),
        cmocka_unit_test(test_epi_shift),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_cancellation),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_texture_average),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
