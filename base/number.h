/**
 * @file  base/number.h
 * @brief Constants and small functions of numbers and characters that many rooms need.
 */
#ifndef HEP_BASE_NUMBER_H
#define HEP_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#define HEP_PI 3.14159265358979323846
/** SD of a normal distribution over its median absolute deviation: 1 / 0.6745. */
#define HEP_MAD_TO_SD 1.4826

/** ASCII, whatever the locale. */
static inline bool hep_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool hep_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** For qsort() of doubles, rising. */
int hep_compare_doubles(const void *a, const void *b);
/** q in [0, 1] of n >= 1 rising values, by linear interpolation (type 7 of Hyndman and Fan, Am Stat 1996;50:361). */
double hep_quantile_sorted(const double *sorted, size_t n, double q);
/** Diameter of the ball with this volume, in the same unit of length. */
double hep_ball_diameter(double volume);
double hep_ball_volume(double diameter);
/** The nearest number of so many significant decimal digits, 1 to 15; NaN for what is not finite. */
double hep_round_significant(double value, int digits);

#endif
