/* What makes lesions and images less regular: forms, blurred borders, mimics, point spread, ghosts,
 * b-values. */
#include "phantom/study.h"

#include "base/number.h"
#include "base/rng.h"
#include "phantom/degrade.h"

enum { N = 72 };

static void at(double p[3], size_t k)
{
    p[0] = (double)(k % N) - 0.5 * (N - 1);
    p[1] = (double)(k / N % N) - 0.5 * (N - 1);
    p[2] = (double)(k / ((size_t)N * N)) - 0.5 * (N - 1);
}

static struct hep_lesion made(struct hep_sim_settings *s, enum hep_sim_lesion_type type, double mm,
                              const char *degrade, uint64_t seed)
{
    struct hep_study_tissues *tissues = calloc(1, sizeof *tissues);
    struct hep_rng rng = { seed, 5, 0 };
    struct hep_error e = { 0 };
    struct hep_lesion l;

    hep_sim_defaults(s);
    assert_ok(hep_sim_parse_degradations(s, degrade, &e), e);
    hep_lesion_make(&l, type, mm, tissues, 0.0, &rng);
    hep_lesion_form(&l, s, seed, 0);
    free(tissues);
    return l;
}

/* Counted at 1 mm, a lobulated lesion of 30 mm has the volume of its ball, pi/6 d^3 = 14137 mm3: the
 * fit of the volume samples 800 directions. Every node lies within the reach. */
static void test_lobes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct hep_sim_settings s;
        const struct hep_lesion l = made(&s, HEP_SIM_CYST, 30.0, "outline", seed);
        double n = 0.0, p[3], far = 0.0;

        for (size_t k = 0; k < (size_t)N * N * N; k++) {
            at(p, k);
            if (hep_lesion_rho(&l, p) < 1.0) {
                n += 1.0;
                far = fmax(far, sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]));
            }
        }
        assert_close(n, 14137.2, 0.03, 0.0);
        assert_true(far <= hep_lesion_reach_mm(&l));
    }
}

/* 1 to 8 mm and at most 0.7 of the radius; with level 0 the layers are what they were. */
static void test_rims(void **state)
{
    double lo = 100.0, hi = 0.0;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct hep_sim_settings s;
        const struct hep_lesion l = made(&s, HEP_SIM_MET_FIBROUS, 40.0, "rims", seed);

        assert_true(l.rim_mm >= 1.0 && l.rim_mm <= 8.0 && l.rim_unevenness > 0.0);
        lo = fmin(lo, l.rim_mm);
        hi = fmax(hi, l.rim_mm);
        assert_close(made(&s, HEP_SIM_MET_FIBROUS, 40.0, "none", seed).rim_mm, 0.0, 0.0, 0.0);
        assert_close(made(&s, HEP_SIM_NET, 10.0, "rims,cores", seed).rim_mm, 0.0, 0.0, 0.0);
    }
    assert_true(lo < 1.2 && hi > 7.0);
}

/* Every core lies inside the border and leaves some rim; shares of the volume vary. */
static void test_cores(void **state)
{
    bool one = false, several = false;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct hep_sim_settings s;
        const struct hep_lesion l = made(&s, HEP_SIM_MET_NECROTIC, 30.0, "cores,rims", seed);
        size_t count[HEP_N_LAYERS] = { 0 };
        double p[3], rho;

        for (size_t k = 0; k < (size_t)N * N * N; k++) {
            int layer;

            at(p, k);
            layer = hep_lesion_layer_at(&rho, &l, p, 0.0);
            if (layer > (int)HEP_LAYER_HALO)
                count[layer]++;
        }
        assert_true(count[HEP_LAYER_CORE] > 0 && count[HEP_LAYER_RIM] > 0);
        one = one || l.n_cores == 1;
        several = several || l.n_cores > 1;
    }
    assert_true(one && several);
}

/* Counted over the eight thresholds, a border blurred over 4 mm halves at the old one. */
static void test_margin(void **state)
{
    struct hep_sim_settings s;
    struct hep_lesion l = made(&s, HEP_SIM_CYST, 20.0, "none", 3);
    double share[3] = { 0.0, 0.0, 0.0 }, p[3] = { 0.0, 0.0, 0.0 }, rho, border;

    (void)state;
    l.margin_mm = 4.0;
    p[0] = 1.0;
    border = 1.0 / hep_lesion_rho(&l, p);
    for (int where = 0; where < 3; where++)
        for (int b = 0; b < 8; b++) {
            /* in units of the lesion's relative radius, 1.5 mm inside, on and outside the border */
            p[0] = border * (1.0 + (where - 1) * 0.15);
            share[where] +=
                hep_lesion_layer_at(&rho, &l, p, l.margin_mm * ((b + 0.5) / 8.0 - 0.5)) >
                        (int)HEP_LAYER_HALO
                    ? 0.125
                    : 0.0;
        }
    assert_close(share[0], 0.875, 0.0, 1e-9); /* of +-2 mm the part beyond 1.5 mm */
    assert_close(share[1], 0.5, 0.0, 1e-9);
    assert_close(share[2], 0.125, 0.0, 1e-9);
}

/* A cone of 20 degrees to each side, and a ball. */
static void test_mimics(void **state)
{
    struct hep_mimics m = { .n = 2 };
    const double tan_10 = 0.1763, tan_30 = 0.5774;

    (void)state;
    m.item[0] = (struct hep_mimic){ .kind = HEP_MIMIC_WEDGE,
                                    .axis = { 1.0, 0.0, 0.0 },
                                    .cosine = cos(20.0 * HEP_PI / 180.0) };
    m.item[1] = (struct hep_mimic){ .kind = HEP_MIMIC_NODULE,
                                    .tip_mm = { 0.0, 50.0, 0.0 },
                                    .radius_mm = 3.0 };
    assert_int_equal(hep_mimic_at(&m, (double[3]){ 30.0, 30.0 * tan_10, 0.0 }), HEP_MIMIC_WEDGE);
    assert_int_equal(hep_mimic_at(&m, (double[3]){ 30.0, 0.0, 30.0 * tan_30 }), HEP_MIMIC_KINDS);
    assert_int_equal(hep_mimic_at(&m, (double[3]){ -5.0, 0.0, 0.0 }), HEP_MIMIC_KINDS);
    assert_int_equal(hep_mimic_at(&m, (double[3]){ 0.0, 52.9, 0.0 }), HEP_MIMIC_NODULE);
    assert_int_equal(hep_mimic_at(&m, (double[3]){ 0.0, 53.1, 0.0 }), HEP_MIMIC_KINDS);
}

/* A point becomes a Gaussian of that SD along each axis, and its sum stays. */
static void test_psf(void **state)
{
    static const double sd[3] = { 0.8, 1.5, 0.0 };
    struct hep_grid g = hep_test_grid(25, 25, 5, 1.0, 1.0, 3.0);
    struct hep_volume *v = NULL, *w = NULL;
    double sum = 0.0, second[3] = { 0.0, 0.0, 0.0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_volume_new(&v, &g, 2, &e), e);
    assert_ok(hep_volume_new(&w, &g, 2, &e), e);
    v->data[25 * 25 * 5 + (2 * 25 + 12) * 25 + 12] = 100.0F;
    memcpy(w->data, v->data, 2 * hep_grid_voxels(&g) * sizeof *v->data);
    assert_ok(hep_degrade_psf(v, sd, 1, &e), e);
    assert_ok(hep_degrade_psf(w, sd, 3, &e), e);
    assert_memory_equal(v->data, w->data, 2 * hep_grid_voxels(&g) * sizeof *v->data);
    for (size_t k = 0; k < 25 * 25 * 5; k++) {
        const double s = (double)v->data[25 * 25 * 5 + k];
        const double d[3] = { (double)(k % 25) - 12.0, (double)(k / 25 % 25) - 12.0,
                              (double)(k / 625) - 2.0 };

        sum += s;
        for (int c = 0; c < 3; c++)
            second[c] += s * d[c] * d[c];
    }
    assert_close(sum, 100.0, 1e-5, 0.0);
    /* cut off at three SD, which takes 3 % of the variance */
    for (int c = 0; c < 3; c++)
        assert_close(second[c] / sum, sd[c] * sd[c], 0.04, 1e-9);
    hep_volume_free(v);
    hep_volume_free(w);
}

/* The aorta in one voxel: pairs at 4, 8 and 12 voxels, of 10, 5 and 3.3 % of it, the second negative;
 * what leaves at one end comes back at the other. */
static void test_ghosts(void **state)
{
    struct hep_grid g = hep_test_grid(2, 40, 1, 1.0, 1.0, 1.0);
    struct hep_volume *v = NULL;
    float aorta[80] = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_volume_new(&v, &g, 1, &e), e);
    for (size_t k = 0; k < 80; k++)
        v->data[k] = 20.0F;
    aorta[2 * 10] = 100.0F;
    hep_degrade_pulsation(v, aorta, 0.1, 0.1, 2);
    assert_close((double)v->data[2 * 14], 30.0, 1e-6, 0.0);
    assert_close((double)v->data[2 * 6], 30.0, 1e-6, 0.0);
    assert_close((double)v->data[2 * 18], 15.0, 1e-6, 0.0);
    assert_close((double)v->data[2 * 38], 20.0 + 10.0 / 3.0, 1e-6, 0.0); /* 10 - 12 + 40 */
    assert_close((double)v->data[2 * 10], 20.0, 0.0, 0.0);
    assert_close((double)v->data[2 * 14 + 1], 20.0, 0.0, 0.0);
    hep_volume_free(v);
}

/* Off: the protocol's. On: one of the nine, the same for the same person. */
static void test_b_values(void **state)
{
    struct hep_sim_settings s, again;
    size_t seen[10] = { 0 }, kinds = 0;
    struct hep_error e = { 0 };

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        hep_sim_defaults(&s);
        assert_ok(hep_sim_add_role(&s, HEP_ROLE_DWI, (double)NAN, &e), e);
        hep_event_b_values(&s, seed);
        assert_int_equal(s.series[0].n_b, 4);
        s.degrade[HEP_SIM_BSETS] = 100.0;
        again = s;
        hep_event_b_values(&s, seed);
        hep_event_b_values(&again, seed);
        assert_int_equal(s.series[0].n_b, again.series[0].n_b);
        seen[s.series[0].n_b]++;
    }
    for (size_t k = 0; k < 10; k++)
        kinds += seen[k] > 0;
    assert_int_equal(kinds, 4); /* 2, 3, 4 or 9 values */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lobes),  cmocka_unit_test(test_rims),
        cmocka_unit_test(test_cores),  cmocka_unit_test(test_margin),
        cmocka_unit_test(test_mimics), cmocka_unit_test(test_psf),
        cmocka_unit_test(test_ghosts), cmocka_unit_test(test_b_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
