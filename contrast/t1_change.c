#include "contrast/t1_change.h"

#include <math.h>

double hep_t1_reduction(double before_s, double after_s)
{
    return before_s > 0.0 && after_s > 0.0 ? (before_s - after_s) / before_s : (double)NAN;
}

double hep_extracellular_volume(double liver_before_s, double liver_after_s, double blood_before_s,
                                double blood_after_s, double hct)
{
    const double liver = 1.0 / liver_after_s - 1.0 / liver_before_s;
    const double blood = 1.0 / blood_after_s - 1.0 / blood_before_s;

    return liver_before_s > 0.0 && liver_after_s > 0.0 && blood_before_s > 0.0 &&
                   blood_after_s > 0.0 && blood > 0.0 && hct > 0.0 && hct < 1.0
               ? (1.0 - hct) * liver / blood
               : (double)NAN;
}
