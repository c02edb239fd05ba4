/**
 * @file  sequences/echo.h
 * @brief Whether water and fat are opposed or in phase at an echo time.
 * Source: chemical shift of the main fat peak, 3.4 ppm (fat_spectrum.h); one turn takes 4.605 ms
 * at 1.5 T.
 */
#ifndef HEP_SEQUENCES_ECHO_H
#define HEP_SEQUENCES_ECHO_H

#include "terms/role.h"

/**
 * Nearest state at an echo time: half turns 1, 3, 5 ... are opposed, 2, 4, 6 ... in phase.
 * @param[out] off     distance from it: 0 exact, 1 half way to the other state; NaN when unknown
 * @param[in]  te_s    NaN unknown
 * @param[in]  field_t any decimals, NaN unknown
 * @return HEP_ROLE_OPPOSED or HEP_ROLE_IN_PHASE; HEP_ROLE_UNKNOWN for an unknown TE or field, an
 * echo before a quarter of a turn, or after twenty turns
 */
enum hep_role hep_role_of_echo(double *off, double te_s, double field_t);

#endif
