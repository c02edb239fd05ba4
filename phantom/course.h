/**
 * @file  phantom/course.h
 * @brief The contrast agent in every label of an anatomy at the times of a study.
 * Model:   contrast/kinetics.h for arteries, portal veins and tissues; veins are portal plasma
 * after one more exponential of 20 s; excreted bile shortens its T1 to a tenth between a quarter of
 *          and the whole earliest nominal hepatobiliary time, and to a twentieth by the latest;
 *          less with a smaller hepatic share or impaired uptake; the gallbladder fills to 80 %
 * Source:  kinetics.h; bile: T1 x 0.1 by 15 min with gadoxetate (an expert's estimate)
 */
#ifndef HEP_PHANTOM_COURSE_H
#define HEP_PHANTOM_COURSE_H

#include "contrast/agent.h"
#include "phantom/anatomy.h"

/** At one time: T1 of water and added R2*, by label. */
struct hep_course {
    double time_s; /* NaN: before injection */
    double t1_s[HEP_N_LABELS], r2star_added_per_s[HEP_N_LABELS];
};

struct hep_bolus {
    double arrival_s, bolus_s;
};
/** Arrival 12 s +- 5 and bolus 6-10 s times variation; 12 s and no bolus at variation 0. */
struct hep_bolus hep_bolus_draw(double variation, uint64_t seed);

/**
 * @param[in,out] course n entries with time_s set; the rest is filled
 * @param[in]     agent  NULL is allowed when every time is NaN
 * @return HEP_EINVAL (field outside the agent's range, no agent), HEP_ENOMEM
 */
int hep_course_solve(struct hep_course *course, size_t n, const struct hep_anatomy *a,
                     const struct hep_agent *agent, double field_t, const struct hep_bolus *bolus,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
