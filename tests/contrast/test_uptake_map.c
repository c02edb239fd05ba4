/* Uptake models in voxels: Patlak's line and the ends of curves by hand, a choice of models, and the same bytes for any
 * number of threads. The model itself is tested in test_uptake_fit.c against another solver. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "contrast/uptake_map.h"
#include "sequences/signal.h"

#include <math.h>

#define TR_S 0.004
#define FLIP_RAD 0.26
static const struct hep_relaxivity eob = { .field_t = 3.0, .r1_blood = 6.5, .r1_hepatocyte = 9.8 };

enum { N_TIMES = 80, N_VOXELS = 300 };

static void sample_times(double *time_s)
{
    for (size_t i = 0; i < N_TIMES; i++)
        time_s[i] = 15.0 * (double)i; /* 20 min */
}

/* Plasma at 0.5 mM from 30 s on: dR1 = r1 ve C + rh Ki C (t - 30 s) is Patlak's line. */
static void test_patlak(void **state)
{
    enum { N = 601 };
    double plasma[N], time_s[N_TIMES], y[N_TIMES];
    struct hep_inputs *in = NULL;
    struct hep_patlak p;
    struct hep_error e = { 0 };

    (void)state;
    sample_times(time_s);
    for (size_t i = 0; i < N; i++)
        plasma[i] = i < 15 ? 0.0 : 0.5; /* every 2 s */
    assert_ok(hep_inputs_from_curves(&in, plasma, NULL, N, 2.0, 0.42, &e), e);
    for (size_t i = 0; i < N_TIMES; i++) /* the trapezoid before 30 s adds 0.5 mM s */
        y[i] = 6.5 * 0.25 * 0.5 + 9.8 * 0.001 * (0.5 * (time_s[i] - 30.0) + 0.5);
    y[20] = (double)NAN;
    hep_patlak(&p, in, time_s, y, N_TIMES, &eob);
    assert_close(p.ve, 0.25, 1e-9, 0);
    assert_close(p.uptake_per_s, 0.001, 1e-9, 0);
    assert_true(p.n > 60 && p.n < N_TIMES);
    hep_patlak(&p, in, time_s, y, 3, &eob);
    assert_true(isnan(p.uptake_per_s));
    hep_inputs_free(in);
}

static void test_ends_of_curves(void **state)
{
    const double signal[12] = { 100, 100, 101, 115, 300, 280, 250, 240, 230, 220, 210, 190 };
    const double flat[3] = { 100, 110, 140 };

    (void)state;
    assert_int_equal(hep_baseline_of(signal, 12), 4); /* 120 is a tenth of the rise */
    assert_int_equal(hep_baseline_of(flat, 3), 0);
    assert_close(hep_last_enhancement(signal, 12, 2), 1.0, 1e-12, 0); /* (210 + 190) / 2 over 100 */
}

/* Voxels with and without efflux, noise of 1 % of the signal. */
struct phantom {
    double time_s[N_TIMES];
    float data[N_TIMES][N_VOXELS];
    const float *signal[N_TIMES];
    struct hep_inputs *inputs;
    struct hep_uptake_plan *plan[HEP_UPTAKE_MODELS];
};

static struct phantom *make_phantom(void)
{
    const struct hep_injection j = { 0.025, 40, 8, 0.0002, 0.42, 10, 20 };
    const struct hep_tissue_kinetics tissue[2] = { { 0.9 / 60, 0.2, 0.24, 0.06 / 60, 0 },
                                                   { 0.9 / 60, 0.2, 0.24, 0.06 / 60, 0.03 / 60 } };
    struct phantom *p = calloc(1, sizeof *p);
    struct hep_error e = { 0 };

    sample_times(p->time_s);
    assert_ok(hep_inputs_new(&p->inputs, &j, p->time_s[N_TIMES - 1], 0.25, &e), e);
    for (size_t k = 0; k < 2; k++) {
        struct hep_tissue_curve *c = NULL;

        assert_ok(hep_tissue_curve_new(&c, p->inputs, &tissue[k], &e), e);
        for (size_t t = 0; t < N_TIMES; t++) {
            const double dr1 = hep_tissue_delta_r1_per_s(c, &tissue[k], &eob, p->time_s[t]);
            const double s =
                1000.0 * hep_spgr_weight(hep_t1_with_contrast_s(0.81, dr1), TR_S, FLIP_RAD);

            p->signal[t] = p->data[t];
            for (size_t v = k; v < N_VOXELS; v += 2) {
                double n[2];

                hep_rng_normal2(n, 5, v, t);
                p->data[t][v] = (float)(s * (1.0 + 0.01 * n[0]));
            }
        }
        hep_tissue_curve_free(c);
    }
    for (size_t t = 0; t < N_TIMES; t++)
        p->data[t][7] = 0.0F;
    for (int m = 0; m < HEP_UPTAKE_MODELS; m++) {
        const struct hep_uptake_bounds b = hep_uptake_model_bounds((enum hep_uptake_model)m);

        assert_ok(hep_uptake_plan_new(&p->plan[m], p->inputs, p->time_s, N_TIMES, &eob, &b, &e), e);
    }
    return p;
}

static void free_phantom(struct phantom *p)
{
    for (int m = 0; m < HEP_UPTAKE_MODELS; m++)
        hep_uptake_plan_free(p->plan[m]);
    hep_inputs_free(p->inputs);
    free(p);
}

static void fit_all(float *map[HEP_UPTAKE_MAP_COUNT], size_t counts[4], const struct phantom *p,
                    int nthreads)
{
    int32_t mask[N_VOXELS];
    const struct hep_dynamic d = { p->signal, p->time_s, N_TIMES, 2,        N_VOXELS,
                                   NULL,      0.81,      TR_S,    FLIP_RAD, mask };
    struct hep_error e = { 0 };

    for (size_t v = 0; v < N_VOXELS; v++)
        mask[v] = v != 4;
    for (int m = 0; m < HEP_UPTAKE_MAP_COUNT; m++)
        map[m] = calloc(N_VOXELS, sizeof **map);
    assert_ok(hep_uptake_volumes(map, counts, &d, (const struct hep_uptake_plan *const *)p->plan,
                                 HEP_UPTAKE_MODELS, p->inputs, &eob, nthreads, &e),
              e);
}

/* AICc finds efflux where there is some, and mostly none where there is none: with normal errors a superfluous parameter
 * is taken in 16 % of the fits (chance that a chi-square of one degree is above 2), less at a bound. */
static void test_voxels(void **state)
{
    struct phantom *p = make_phantom();
    float *one[HEP_UPTAKE_MAP_COUNT], *four[HEP_UPTAKE_MAP_COUNT];
    size_t counts[4];
    size_t n_efflux[2] = { 0, 0 };
    double khe = 0.0;

    (void)state;
    fit_all(one, counts, p, 1);
    fit_all(four, counts, p, 4);
    for (int m = 0; m < HEP_UPTAKE_MAP_COUNT; m++)
        assert_memory_equal(one[m], four[m], N_VOXELS * sizeof **one);
    assert_int_equal(counts[HEP_UPTAKE_MAP_BAD_INPUT], 1);
    assert_int_equal((int)one[HEP_UPTAKE_MAP_STATUS][7], HEP_UPTAKE_MAP_BAD_INPUT);
    assert_int_equal((int)one[HEP_UPTAKE_MAP_STATUS][4], HEP_UPTAKE_MAP_OUTSIDE);
    assert_true(isnan(one[HEP_UPTAKE_MAP_KHE][4]) && isnan(one[HEP_UPTAKE_MAP_KHE][7]));
    for (size_t v = 0; v < N_VOXELS; v++) {
        const int model =
            isnan(one[HEP_UPTAKE_MAP_MODEL][v]) ? -1 : (int)one[HEP_UPTAKE_MAP_MODEL][v];

        n_efflux[v % 2] +=
            model == HEP_UPTAKE_DUAL_INLET_EFFLUX || model == HEP_UPTAKE_SINGLE_INLET_EFFLUX;
        khe += isnan(one[HEP_UPTAKE_MAP_KHE][v]) ? 0.0 : (double)one[HEP_UPTAKE_MAP_KHE][v];
    }
    assert_true((double)n_efflux[0] < 0.25 * (N_VOXELS / 2));
    assert_true((double)n_efflux[1] > 0.95 * (N_VOXELS / 2));
    assert_close(khe / (N_VOXELS - 2), 0.06 / 60, 0.05, 0);
    for (int m = 0; m < HEP_UPTAKE_MAP_COUNT; m++) {
        free(one[m]);
        free(four[m]);
    }
    free_phantom(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patlak),
        cmocka_unit_test(test_ends_of_curves),
        cmocka_unit_test(test_voxels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
