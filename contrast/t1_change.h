/**
 * @file  contrast/t1_change.h
 * @brief What contrast agent does to T1, as numbers of liver function and of the extracellular space.
 * Source:  reduction: Haimerl et al., Sci Rep 2014;4:5621, (T1 before - T1 after) / T1 before;
 *          extracellular volume: (1 - Hct) dR1 liver / dR1 blood, as in the heart (Flett et al.,
 *          Circulation 2010;122:138-144), at least minutes after an agent that hepatocytes do not take up
 * Valid:   T1 by one method before and after; numbers of different methods differ by up to 15 % (liver at 3 T:
 *          0.90 s by MOLLI, 0.95 s by flip angles, 0.81 s by inversion recovery)
 */
#ifndef HEP_CONTRAST_T1_CHANGE_H
#define HEP_CONTRAST_T1_CHANGE_H

/** NaN unless both are positive. */
double hep_t1_reduction(double before_s, double after_s);
/** NaN unless all are positive, the blood's R1 rises and hct is in (0, 1). */
double hep_extracellular_volume(double liver_before_s, double liver_after_s, double blood_before_s,
                                double blood_after_s, double hct);

#endif
