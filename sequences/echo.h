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
 * Latest echo that has a phase position [s]. The peaks of fat at -3.8 and -3.4 ppm are 25 Hz apart
 * at 1.5 T and 51 Hz at 3 T: by 20 ms they are half a turn and a whole one apart, so that fat is
 * neither in nor out of phase as a whole.
 */
#define HEP_ECHO_POSITION_TE_MAX_S 0.020

/**
 * Nearest state at an echo time: half turns 1, 3, 5 ... are opposed, 2, 4, 6 ... in phase.
 * @param[out] off     distance from it: 0 exact, 1 half way to the other state; NaN when unknown
 * @param[in]  te_s    NaN unknown
 * @param[in]  field_t any decimals, NaN unknown
 * @return HEP_ROLE_OPPOSED or HEP_ROLE_IN_PHASE; HEP_ROLE_UNKNOWN for an unknown TE or field, an
 * echo before a quarter of a turn, or after HEP_ECHO_POSITION_TE_MAX_S
 */
enum hep_role hep_role_of_echo(double *off, double te_s, double field_t);

#endif
