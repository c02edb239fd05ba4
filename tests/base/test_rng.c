#include "support/support.h"

#include "base/rng.h"

#include <math.h>

/* Random123 1.14, tests/kat_vectors, lines "philox4x32 10". */
struct known_answer {
    const char *name;
    uint32_t counter[4], key[2], want[4];
};

static struct known_answer answers[] = {
    { "zeros", { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { "ones",
      { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
      { 0xffffffff, 0xffffffff },
      { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { "digits of pi",
      { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
      { 0xa4093822, 0x299f31d0 },
      { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

static uint64_t join(uint32_t low, uint32_t high)
{
    return ((uint64_t)high << 32) | low;
}

static void test_known_answer(void **state)
{
    const struct known_answer *a = *state;
    uint32_t got[4];

    hep_philox(got, join(a->key[0], a->key[1]), join(a->counter[2], a->counter[3]),
               join(a->counter[0], a->counter[1]));
    for (int i = 0; i < 4; i++)
        assert_true(got[i] == a->want[i]);
}

/* From the first known answer: (0xe169c58d6627e8d5 >> 12) + 0.5, divided by 2^52. */
static void test_uniform_by_hand(void **state)
{
    (void)state;
    assert_close(hep_rng_uniform(0, 0, 0), ((double)0xe169c58d6627eULL + 0.5) / 0x1p52, 0.0, 0.0);
}

/* Box-Muller of the first known answer, worked from the published words. */
static void test_normal_by_hand(void **state)
{
    double u1 = ((double)0xe169c58d6627eULL + 0.5) / 0x1p52;
    double u2 = ((double)0x9b00dbd8bc57aULL + 0.5) / 0x1p52;
    double z[2];

    (void)state;
    hep_rng_normal2(z, 0, 0, 0);
    assert_close(z[0], sqrt(-2.0 * log(u1)) * cos(2.0 * acos(-1.0) * u2), 1e-12, 0.0);
    assert_close(z[1], sqrt(-2.0 * log(u1)) * sin(2.0 * acos(-1.0) * u2), 1e-12, 0.0);
}

struct moments {
    double mean, variance, skew, excess_kurtosis, least, most;
};

static struct moments moments_of(const double *x, size_t n)
{
    struct moments m = { .least = x[0], .most = x[0] };
    double s[5] = { 0 };

    for (size_t i = 0; i < n; i++)
        m.mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - m.mean;

        for (int k = 2; k <= 4; k++)
            s[k] += pow(d, k) / (double)n;
        m.least = fmin(m.least, x[i]);
        m.most = fmax(m.most, x[i]);
    }
    m.variance = s[2];
    m.skew = s[3] / pow(s[2], 1.5);
    m.excess_kurtosis = s[4] / (s[2] * s[2]) - 3.0;
    return m;
}

enum { SAMPLES = 200000 };
static double sample[SAMPLES];

/* Tolerances are five standard errors of each moment for SAMPLES values. */
static void test_uniform_moments(void **state)
{
    struct hep_rng rng = { 42, 7, 0 };
    struct moments m;

    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        sample[i] = hep_rng_next(&rng);
    m = moments_of(sample, SAMPLES);
    assert_close(m.mean, 0.5, 0.0, 5.0 * sqrt(1.0 / 12.0 / SAMPLES));
    assert_close(m.variance, 1.0 / 12.0, 0.0, 5.0 * sqrt(1.0 / 180.0 / SAMPLES));
    assert_true(m.least > 0.0 && m.least < 1e-4);
    assert_true(m.most < 1.0 && m.most > 1.0 - 1e-4);
    assert_true(rng.counter == SAMPLES);
}

static void test_normal_moments(void **state)
{
    struct hep_rng rng = { 42, 8, 0 };
    struct moments m;

    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        sample[i] = hep_rng_next_normal(&rng);
    m = moments_of(sample, SAMPLES);
    assert_close(m.mean, 0.0, 0.0, 5.0 * sqrt(1.0 / SAMPLES));
    assert_close(m.variance, 1.0, 0.0, 5.0 * sqrt(2.0 / SAMPLES));
    assert_close(m.skew, 0.0, 0.0, 5.0 * sqrt(6.0 / SAMPLES));
    assert_close(m.excess_kurtosis, 0.0, 0.0, 5.0 * sqrt(24.0 / SAMPLES));
}

static void test_normal_pair_is_uncorrelated(void **state)
{
    double sum = 0.0;

    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        double z[2];

        hep_rng_normal2(z, 3, 1, i);
        sum += z[0] * z[1] / SAMPLES;
    }
    assert_close(sum, 0.0, 0.0, 5.0 / sqrt(SAMPLES));
}

static void test_neighbours_are_uncorrelated(void **state)
{
    double over_seed = 0.0;
    double over_stream = 0.0;
    double over_counter = 0.0;

    (void)state;
    for (uint64_t i = 0; i < SAMPLES; i++) {
        double u = hep_rng_uniform(5, 5, i) - 0.5;

        over_seed += u * (hep_rng_uniform(6, 5, i) - 0.5) * 12.0 / SAMPLES;
        over_stream += u * (hep_rng_uniform(5, 6, i) - 0.5) * 12.0 / SAMPLES;
        over_counter += u * (hep_rng_uniform(5, 5, i + 1) - 0.5) * 12.0 / SAMPLES;
    }
    assert_close(over_seed, 0.0, 0.0, 5.0 / sqrt(SAMPLES));
    assert_close(over_stream, 0.0, 0.0, 5.0 / sqrt(SAMPLES));
    assert_close(over_counter, 0.0, 0.0, 5.0 / sqrt(SAMPLES));
}

static void test_range(void **state)
{
    struct hep_rng rng = { 1, 2, 3 };
    struct hep_rng same = { 1, 2, 3 };

    (void)state;
    assert_close(hep_rng_next_range(&rng, 10.0, 14.0), 10.0 + 4.0 * hep_rng_next(&same), 0.0, 0.0);
    assert_close(hep_rng_uniform(1, 2, 4), hep_rng_next(&rng), 0.0, 0.0);
}

/* Archimedes: each coordinate of a direction that is uniform on the sphere is uniform from -1 to 1, so its mean is 0, its
 * variance 1/3 and the variance of its square 1/5 - 1/9. */
static void test_direction(void **state)
{
    struct hep_rng rng = { 6, 1, 0 };

    (void)state;
    for (int k = 0; k < 3; k++) {
        struct moments m;

        for (size_t i = 0; i < SAMPLES; i++) {
            double dir[3];

            hep_rng_next_direction(dir, &rng);
            assert_close(dir[0] * dir[0] + dir[1] * dir[1] + dir[2] * dir[2], 1.0, 0.0, 1e-14);
            sample[i] = dir[k];
        }
        m = moments_of(sample, SAMPLES);
        assert_close(m.mean, 0.0, 0.0, 5.0 * sqrt(1.0 / 3.0 / SAMPLES));
        assert_close(m.variance, 1.0 / 3.0, 0.0, 5.0 * sqrt(4.0 / 45.0 / SAMPLES));
    }
}

/* Poisson: mean = variance = third central moment; P(0) = exp(-mean). */
static void test_poisson(void **state)
{
    static const double means[] = { 0.3, 2.385, 40.0, 1234.5 };

    (void)state;
    for (size_t k = 0; k < sizeof means / sizeof *means; k++) {
        struct hep_rng rng = { 9, k, 0 };
        const size_t n = 50000;
        double zeros = 0.0;
        double p0 = exp(-means[k]);
        struct moments m;

        for (size_t i = 0; i < n; i++) {
            sample[i] = hep_rng_next_poisson(&rng, means[k]);
            zeros += sample[i] == 0.0 ? 1.0 / (double)n : 0.0;
        }
        m = moments_of(sample, n);
        assert_close(m.mean, means[k], 0.0, 5.0 * sqrt(means[k] / (double)n));
        assert_close(m.variance, means[k], 0.0,
                     5.0 * sqrt((2.0 * means[k] * means[k] + means[k]) / (double)n));
        assert_close(zeros, p0, 0.0, 5.0 * sqrt(p0 * (1.0 - p0) / (double)n));
    }
}

static void test_poisson_bounds(void **state)
{
    struct hep_rng rng = { 9, 9, 0 };

    (void)state;
    assert_int_equal(hep_rng_next_poisson(&rng, 0.0), 0);
    assert_int_equal(hep_rng_next_poisson(&rng, -3.0), 0);
    assert_int_equal(hep_rng_next_poisson(&rng, (double)NAN), 0);
    assert_close(hep_rng_next_poisson(&rng, (double)INFINITY), HEP_RNG_POISSON_MAX, 0.01, 0.0);
}

/* FNV-1a, 64 bits: test vectors of Noll's reference code (test_fnv.c). */
static void test_stream_names(void **state)
{
    (void)state;
    assert_true(hep_rng_stream("") == 0xcbf29ce484222325ULL);
    assert_true(hep_rng_stream("a") == 0xaf63dc4c8601ec8cULL);
    assert_true(hep_rng_stream("foobar") == 0x85944171f73967e8ULL);
}

int main(void)
{
    enum { N = sizeof answers / sizeof *answers };
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(test_uniform_by_hand),
        cmocka_unit_test(test_normal_by_hand),
        cmocka_unit_test(test_uniform_moments),
        cmocka_unit_test(test_normal_moments),
        cmocka_unit_test(test_normal_pair_is_uncorrelated),
        cmocka_unit_test(test_neighbours_are_uncorrelated),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_direction),
        cmocka_unit_test(test_poisson),
        cmocka_unit_test(test_poisson_bounds),
        cmocka_unit_test(test_stream_names),
    };
    struct CMUnitTest tests[N + sizeof rest / sizeof *rest] = { 0 };

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = answers[i].name,
                                        .test_func = test_known_answer,
                                        .initial_state = &answers[i] };
    (void)memcpy(tests + N, rest, sizeof rest);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
