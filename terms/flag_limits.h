/**
 * @file  terms/flag_limits.h
 * @brief The numbers that decide flags, with their defaults (terms/flag_limits.def): settings of a
 *        run, and what a simulated lesion's true flags are judged by.
 *
 * Ratios are pure numbers, relative enhancement and fat fractions are fractions (+20 % is 0.20),
 * diffusivities in mm2/s.
 */
#ifndef HEP_TERMS_FLAG_LIMITS_H
#define HEP_TERMS_FLAG_LIMITS_H

struct hep_flag_limits {
#define LIMIT(member, ...) double member;
#include "terms/flag_limits.def"
#undef LIMIT
};

/** The defaults of the rows. */
extern const struct hep_flag_limits hep_flag_limits_default;

#endif
