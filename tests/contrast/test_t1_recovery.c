/* T1 of recoveries made from the equation: 200 to 2000 ms to 1 %, signs, Look-Locker correction, standard errors. */
#include "support/support.h"

#include "base/rng.h"
#include "contrast/t1_recovery.h"

#include <math.h>

enum { N_TI = 9, N_VOXELS = 400 };
static struct hep_error e;
static const double ti[N_TI] = { 1.5, 0.05, 0.2, 0.4, 0.7, 1.0, 2.2, 3.0, 4.5 }; /* in no order */

static double recovery(double t, double a, double b, double ti_s)
{
    return a - b * exp(-ti_s / t);
}

static struct hep_recovery_options settings(bool is_signed, bool look_locker)
{
    return (struct hep_recovery_options){ is_signed, look_locker, 5.0, 1 };
}

static void test_exact(void **state)
{
    (void)state;
    for (double t1 = 0.2; t1 <= 2.0; t1 += 0.1) {
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            float s[N_TI];
            const float *signal[N_TI];
            float t = 0;
            float inversion = 0;
            float se = 1;
            uint8_t status = 9;
            const struct hep_recovery_maps maps = {
                .t1_s = &t, .t1_se_s = &se, .inversion = &inversion, .status = &status
            };
            const struct hep_recovery_options o = settings(is_signed != 0, false);

            for (int i = 0; i < N_TI; i++) {
                double y = recovery(t1, 1000.0, 1900.0, ti[i]);

                s[i] = (float)(is_signed ? y : fabs(y));
                signal[i] = &s[i];
            }
            assert_ok(hep_t1_recovery(&maps, signal, ti, N_TI, 1, &o, &e), e);
            assert_int_equal(status, HEP_VFA_OK);
            assert_close(t, t1, 1e-4, 0);
            assert_close(inversion, 1.9, 1e-4, 0);
            assert_true((double)se < 1e-3);
        }
    }
}

/* T1* = T1 / 1.4 where B / A = 2.4: T1 = T1* (2.4 - 1). */
static void test_look_locker(void **state)
{
    float s[N_TI];
    const float *signal[N_TI];
    float t = 0;
    const struct hep_recovery_maps maps = { .t1_s = &t };
    const struct hep_recovery_options o = settings(false, true);

    (void)state;
    for (int i = 0; i < N_TI; i++) {
        s[i] = (float)fabs(recovery(0.8 / 1.4, 500.0, 1200.0, ti[i]));
        signal[i] = &s[i];
    }
    assert_ok(hep_t1_recovery(&maps, signal, ti, N_TI, 1, &o, &e), e);
    assert_close(t, 0.8, 1e-4, 0);
}

/* Gaussian noise on signed samples: no bias, and errors that say how far values spread; threads do not matter. */
static void test_noise(void **state)
{
    static float s[N_TI][N_VOXELS];
    static float t[N_VOXELS];
    static float again[N_VOXELS];
    static float se[N_VOXELS];
    const float *signal[N_TI];
    struct hep_recovery_options o = settings(true, false);
    double mean = 0.0;
    double spread = 0.0;
    double stated = 0.0;
    struct hep_rng rng = { 3, 0, 0 };

    (void)state;
    for (int i = 0; i < N_TI; i++) {
        signal[i] = s[i];
        for (uint64_t v = 0; v < N_VOXELS; v++)
            s[i][v] =
                (float)(recovery(0.9, 1000.0, 1950.0, ti[i]) + 15.0 * hep_rng_next_normal(&rng));
    }
    assert_ok(hep_t1_recovery(&(const struct hep_recovery_maps){ .t1_s = t, .t1_se_s = se }, signal,
                              ti, N_TI, N_VOXELS, &o, &e),
              e);
    o.nthreads = 3;
    assert_ok(hep_t1_recovery(&(const struct hep_recovery_maps){ .t1_s = again }, signal, ti, N_TI,
                              N_VOXELS, &o, &e),
              e);
    assert_memory_equal(t, again, sizeof t);
    for (int v = 0; v < N_VOXELS; v++)
        mean += (double)t[v] / N_VOXELS;
    for (int v = 0; v < N_VOXELS; v++) {
        spread += ((double)t[v] - mean) * ((double)t[v] - mean) / (N_VOXELS - 1);
        stated += (double)se[v] * (double)se[v] / N_VOXELS;
    }
    assert_close(mean, 0.9, 0.01, 0);
    assert_close(sqrt(stated), sqrt(spread), 0.15,
                 0); /* 400 voxels: the spread itself is known to 3.5 % */
}

static void test_left_out(void **state)
{
    float s[N_TI][3];
    const float *signal[N_TI];
    float t[3];
    uint8_t status[3];
    const struct hep_recovery_maps maps = { .t1_s = t, .status = status };
    const struct hep_recovery_options o = settings(false, false);
    const double twice[3] = { 0.1, 0.5, 0.1 };

    (void)state;
    for (int i = 0; i < N_TI; i++) {
        signal[i] = s[i];
        s[i][0] = s[i][2] = (float)fabs(recovery(0.6, 100.0, 190.0, ti[i]));
        s[i][1] = i < 7 ? -1.0F : 5.0F;
    }
    s[0][0] = -32768.0F; /* wrapped */
    s[3][0] = NAN;
    for (int i = 0; i < N_TI; i++)
        s[i][2] = 0.0F;
    assert_ok(hep_t1_recovery(&maps, signal, ti, N_TI, 3, &o, &e), e);
    assert_int_equal(status[0], HEP_VFA_OK);
    assert_close(t[0], 0.6, 1e-4, 0);
    assert_int_equal(status[1], HEP_VFA_BAD_INPUT);
    assert_int_equal(status[2], HEP_VFA_BAD_INPUT);
    assert_true(isnan(t[1]) && isnan(t[2]));
    assert_fails(hep_t1_recovery(&maps, signal, ti, 2, 3, &o, &e), e, HEP_EDATA, "3 to");
    assert_fails(hep_t1_recovery(&maps, signal, twice, 3, 3, &o, &e), e, HEP_EDATA, "twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_look_locker),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
