#include "base/rng.h"

#include <math.h>

/* Salmon et al. 2011, section 3.3: multipliers and Weyl constants of Philox4x32. */
static const uint64_t multiplier[2] = { 0xD2511F53U, 0xCD9E8D57U };
static const uint32_t weyl[2] = { 0x9E3779B9U, 0xBB67AE85U };

enum { ROUNDS = 10 };

void hep_philox(uint32_t out[4], uint64_t seed, uint64_t stream, uint64_t counter)
{
    uint32_t x[4] = { (uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)stream,
                      (uint32_t)(stream >> 32) };
    uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t a = multiplier[0] * x[0];
        uint64_t b = multiplier[1] * x[2];
        uint32_t y0 = (uint32_t)(b >> 32) ^ x[1] ^ key[0];
        uint32_t y2 = (uint32_t)(a >> 32) ^ x[3] ^ key[1];

        x[0] = y0;
        x[1] = (uint32_t)b;
        x[2] = y2;
        x[3] = (uint32_t)a;
        key[0] += weyl[0];
        key[1] += weyl[1];
    }
    for (int i = 0; i < 4; i++)
        out[i] = x[i];
}

/* The upper 52 bits and a half: the largest value, 1 - 2^-53, still differs from 1. */
static double open_unit(uint32_t low, uint32_t high)
{
    uint64_t bits = ((uint64_t)high << 32) | low;

    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

double hep_rng_uniform(uint64_t seed, uint64_t stream, uint64_t counter)
{
    uint32_t w[4];

    hep_philox(w, seed, stream, counter);
    return open_unit(w[0], w[1]);
}

/* Box and Muller, Ann Math Statist 1958;29:610-611, doi:10.1214/aoms/1177706645. */
void hep_rng_normal2(double out[2], uint64_t seed, uint64_t stream, uint64_t counter)
{
    const double two_pi = 6.283185307179586476925;
    uint32_t w[4];
    double radius;
    double angle_rad;

    hep_philox(w, seed, stream, counter);
    radius = sqrt(-2.0 * log(open_unit(w[0], w[1])));
    angle_rad = two_pi * open_unit(w[2], w[3]);
    out[0] = radius * cos(angle_rad);
    out[1] = radius * sin(angle_rad);
}

double hep_rng_next(struct hep_rng *rng)
{
    return hep_rng_uniform(rng->seed, rng->stream, rng->counter++);
}

double hep_rng_next_normal(struct hep_rng *rng)
{
    double z[2];

    hep_rng_normal2(z, rng->seed, rng->stream, rng->counter++);
    return z[0];
}

void hep_rng_next_direction(double dir[3], struct hep_rng *rng)
{
    double n = 0.0;

    for (int k = 0; k < 3; k++) {
        dir[k] = hep_rng_next_normal(rng);
        n += dir[k] * dir[k];
    }
    for (int k = 0; k < 3; k++)
        dir[k] /= sqrt(n);
}

double hep_rng_next_range(struct hep_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * hep_rng_next(rng);
}

/* Inversion by sequential search (Devroye, Non-Uniform Random Variate Generation, 1986, X.3.3). */
static unsigned poisson_inverse(double u, double mean)
{
    double p = exp(-mean);
    unsigned k = 0;

    while (u > p && p > 0.0) {
        u -= p;
        k++;
        p *= mean / k;
    }
    return k;
}

unsigned hep_rng_next_poisson(struct hep_rng *rng, double mean)
{
    const double part = 500.0; /* exp(-500) is far above the smallest double */
    unsigned parts;
    unsigned k = 0;

    if (!(mean > 0.0))
        return 0;
    if (mean > HEP_RNG_POISSON_MAX)
        mean = HEP_RNG_POISSON_MAX;
    /* The sum of independent Poisson values is Poisson with the sum of their means. */
    parts = (unsigned)(mean / part);
    for (unsigned i = 0; i < parts; i++)
        k += poisson_inverse(hep_rng_next(rng), part);
    return k + poisson_inverse(hep_rng_next(rng), mean - part * parts);
}

/* FNV-1a with 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t hep_rng_stream(const char *name)
{
    uint64_t h = 0xcbf29ce484222325U;

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001b3U;
    return h;
}
