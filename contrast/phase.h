/**
 * @file  contrast/phase.h
 * @brief From times after injection to phases, each with a grade and a reason in seconds.
 *
 * A time is that of the centre of k-space relative to the start of the injection [s]. Windows come
 * from the agent: the image at 3 min is transitional with gadoxetate and delayed with an
 * extracellular agent. A phase that is only named, without a time, is graded "assumed".
 */
#ifndef HEP_CONTRAST_PHASE_H
#define HEP_CONTRAST_PHASE_H

#include "contrast/agent.h"

enum hep_phase_grade {
    HEP_GRADE_NOMINAL, /* inside the nominal times */
    HEP_GRADE_INSIDE,  /* inside the window, not nominal: usable with a warning */
    HEP_GRADE_OUTSIDE, /* the rules of this phase are not assessable */
    HEP_GRADE_UNKNOWN, /* no time and no name */
    HEP_GRADE_ASSUMED  /* named, no time: usable, every result says "timing assumed" */
};
const char *hep_phase_grade_name(enum hep_phase_grade grade);
/** May rules of the phase be evaluated? Nominal, inside and assumed. */
bool hep_phase_grade_usable(enum hep_phase_grade grade);

struct hep_phase_timing {
    enum hep_phase phase; /* canonical for the agent; HEP_PHASE_COUNT when unknown */
    enum hep_phase_grade grade;
    double time_s; /* NaN when unknown */
    char reason[192];
};

/**
 * Grade a series whose role is known.
 * @param[in] phase  as named; delayed and transitional are exchanged to suit the agent.
 *                   HEP_PHASE_COUNT when it has no name: then the phase follows from the time
 * alone.
 * @param[in] time_s NaN when unknown
 */
void hep_phase_judge(struct hep_phase_timing *out, const struct hep_agent *agent,
                     enum hep_phase phase, double time_s);

/** Which volume of a dynamic serves a phase. */
struct hep_phase_choice {
    bool found;         /* a volume lies inside the window (precontrast: before the injection) */
    size_t index;       /* that volume, or the nearest one when !found; SIZE_MAX for none at all */
    size_t first, last; /* all volumes inside the window; meaningful when found */
    struct hep_phase_timing timing;
};

/**
 * Sort the volumes of a 4-D dynamic into the agent's phases.
 * For each phase the volume nearest to the middle of the nominal times is chosen, a nominal one
 * before one that is only inside the window; precontrast is the last volume before the injection.
 * Several volumes of one phase are averaged by no one: the caller decides with first and last.
 * @param[out] volumes shape [n], what each volume is; may be NULL
 * @param[out] choices shape [HEP_PHASE_COUNT]; phases that the agent lacks are !found
 * @param[in]  times_s shape [n], non-decreasing, finite, on the clock of `injection_s`
 * @return HEP_EINVAL for n = 0; HEP_EDATA for times that fall or are not finite
 */
int hep_phase_assign(struct hep_phase_timing *volumes, struct hep_phase_choice *choices,
                     const struct hep_agent *agent, const double *times_s, size_t n,
                     double injection_s, struct hep_error *err) HEP_MUST_CHECK;

#endif
