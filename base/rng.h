/**
 * @file  base/rng.h
 * @brief Counter-based random numbers: the value depends on (seed, stream, counter) alone, so that
 *        a simulation gives the same bytes for any number of threads.
 * Source:  Philox4x32-10, Salmon et al., SC'11 (doi:10.1145/2063384.2063405). GSL has no
 *          counter-based generator, and a sequential one cannot be split by voxel.
 */
#ifndef HEP_BASE_RNG_H
#define HEP_BASE_RNG_H

#include <stdint.h>

/** Four 32-bit words for a counter. Pure. */
void hep_philox(uint32_t out[4], uint64_t seed, uint64_t stream, uint64_t counter);
/** Uniform in (0, 1), never 0 or 1. */
double hep_rng_uniform(uint64_t seed, uint64_t stream, uint64_t counter);
/** Two independent standard normal values (Box-Muller). */
void hep_rng_normal2(double out[2], uint64_t seed, uint64_t stream, uint64_t counter);

/** A sequential view for code that draws one value after another. Start with { seed, stream, 0 }.
 */
struct hep_rng {
    uint64_t seed, stream, counter;
};
double hep_rng_next(struct hep_rng *rng);        /* uniform (0, 1) */
double hep_rng_next_normal(struct hep_rng *rng); /* mean 0, SD 1 */
double hep_rng_next_range(struct hep_rng *rng, double lo, double hi);
/** A unit vector, every direction alike. */
void hep_rng_next_direction(double dir[3], struct hep_rng *rng);
#define HEP_RNG_POISSON_MAX 1e6
/** Poisson count; a negative or NaN mean reads as 0, one above HEP_RNG_POISSON_MAX as that. */
unsigned hep_rng_next_poisson(struct hep_rng *rng, double mean);
/** A stream number from a name, so that adding a draw in one place moves no other. */
uint64_t hep_rng_stream(const char *name);

#endif
