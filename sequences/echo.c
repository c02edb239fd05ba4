#include "sequences/echo.h"

#include "sequences/fat_spectrum.h"

#include <math.h>

enum hep_role hep_role_of_echo(double *off, double te_s, double field_t)
{
    double half_turns, nearest;

    *off = (double)NAN;
    if (!(te_s > 0.0) || te_s > HEP_ECHO_POSITION_TE_MAX_S || !(field_t > 0.0))
        return HEP_ROLE_UNKNOWN;
    half_turns = 2.0 * te_s / hep_fat_water_period_s(field_t);
    nearest = round(half_turns);
    if (nearest < 1.0)
        return HEP_ROLE_UNKNOWN;
    *off = 2.0 * fabs(half_turns - nearest);
    return fmod(nearest, 2.0) == 1.0 ? HEP_ROLE_OPPOSED : HEP_ROLE_IN_PHASE;
}
