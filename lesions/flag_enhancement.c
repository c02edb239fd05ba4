/* Ring, arterial hyperenhancement and washout. */
#include "lesions/flag.h"

#include <math.h>
#include <stdio.h>

/* Of liver in the arterial phase: darker is fluid, in which nothing has come that could go. With
 * the signals of domain tables a cyst reads 0.24, and 0.5 where a third of it is liver. */
#define FLUID_RATIO 0.6
/* Of the liver's signal: its gain in an early arterial phase is near 0, and divides. */
#define LIVER_GAIN_MIN 0.05
#define OWN_LOSS_MIN 0.05 /* of the lesion's signal since the arterial phase */

static const enum hep_phase ring_phases[] = { HEP_PHASE_ARTERIAL, HEP_PHASE_PORTAL_VENOUS };
enum { N_RING_PHASES = 2 };

/** Why signals of a phase may not be compared with those before contrast. */
static const char *incomparable_reason(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    const char *reason = m->study->incomparable_reason[phase];

    return reason != NULL ? reason : "they are different sequences";
}

/* ---- ring ------------------------------------------------------------------------------------ */

/** The phase with the strongest ring; HEP_PHASE_COUNT when no phase may be judged. */
static enum hep_phase strongest_ring(struct hep_flag_result *flag,
                                     const struct hep_lesion_measures *m)
{
    enum hep_phase best = HEP_PHASE_COUNT;

    for (int i = N_RING_PHASES - 1; i >= 0; i--) {
        const enum hep_phase p = ring_phases[i];

        if (!hep_flag_needs(flag, m, HEP_IMAGE_PRECONTRAST) || !hep_flag_needs_phase(flag, m, p) ||
            !hep_flag_needs_shells(flag, m, hep_phase_image(p)) ||
            !hep_flag_needs_shells(flag, m, HEP_IMAGE_PRECONTRAST))
            continue;
        if (!m->study->comparable[p])
            hep_flag_cannot(flag, "%s is not comparable with precontrast: %s", hep_phase_name(p),
                            incomparable_reason(m, p));
        else if (p == HEP_PHASE_ARTERIAL && m->study->arterial_weight <= 0.0)
            hep_flag_cannot(flag, "motion in the arterial phase: %s", m->study->motion.reason);
        else if (!isfinite(m->ring[p].index) || !isfinite(m->ring[p].cover))
            hep_flag_cannot(flag, "no enhancement of rim and core in %s", hep_phase_name(p));
        else if (best == HEP_PHASE_COUNT || m->ring[p].index > m->ring[best].index)
            best = p;
    }
    return best;
}

/** The part that enhanced follows the portal vein in every later dynamic phase: retention, whatever
 * the slower centre makes of the average. */
static bool brightest_follows_blood(const struct hep_lesion_measures *m)
{
    bool any = false;

    for (int p = HEP_PHASE_PORTAL_VENOUS; p < HEP_PHASE_HEPATOBILIARY; p++) {
        const double off = fabs(m->pool_bright[p] - 1.0);

        if (!isfinite(off))
            continue;
        if (off >= m->study->limits->flag.blood_pool_tolerance)
            return false;
        any = true;
    }
    return any;
}

static bool as_bright_as_blood(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    const struct hep_lesion_limits *limits = m->study->limits;

    return m->ring[phase].rim_over_aorta >= limits->flag.nodule_aorta_min ||
           fabs(m->pool_bright[HEP_PHASE_PORTAL_VENOUS] - 1.0) < limits->flag.blood_pool_tolerance;
}

static bool is_nodular(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    const struct hep_lesion_limits *limits = m->study->limits;
    const struct hep_ring_pattern *ring = &m->ring[phase];

    return ring->cover >= limits->flag.ring_cover_partial &&
           ring->cover < limits->flag.ring_cover_min && as_bright_as_blood(m, phase);
}

double hep_nodular_peripheral(const struct hep_lesion_measures *m)
{
    struct hep_flag_result unused;
    const enum hep_phase phase = strongest_ring(&unused, m);

    if (phase == HEP_PHASE_COUNT)
        return (double)NAN;
    return is_nodular(m, phase) ? 1.0 : 0.0;
}

/** A rim with places that gain hardly more than the core, and that follows the blood: blur joins
 * nodules to what covers most of the way round, but fills the gaps between them only in part. */
static bool has_merged_nodules(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    return m->ring[phase].cover >= m->study->limits->flag.ring_cover_partial &&
           m->ring[phase].gap < m->study->limits->flag.ring_gap_max && brightest_follows_blood(m);
}

void hep_judge_ring_enhancement(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const struct hep_lesion_limits *limits = m->study->limits;
    const enum hep_phase phase = strongest_ring(flag, m);
    const struct hep_ring_pattern *ring;
    const char *why = "continuous rim";
    bool present, merged, alike;

    if (phase == HEP_PHASE_COUNT)
        return;
    ring = &m->ring[phase];
    /* Where both enhance threefold their noise differs by more than the liver gains. */
    alike = ring->re_core > limits->flag.ring_core_max * ring->re_rim;
    merged = has_merged_nodules(m, phase);
    present =
        ring->index > limits->flag.ring_index_min && ring->cover >= limits->flag.ring_cover_min;
    if (ring->index <= limits->flag.ring_index_min || alike)
        why = "no rim stronger than the core";
    else if (ring->asymmetry > limits->flag.ring_asymmetry_max)
        why = "one side gains what the other lacks, as after a shift";
    else if (is_nodular(m, phase))
        why = "discontinuous and as bright as blood: peripheral nodules";
    else if (merged)
        why = "with gaps, and as bright as blood in every later phase: nodules that merge";
    else if (!present)
        why = "discontinuous";
    else if (ring->re_rim <= ring->re_liver)
        why = "the rim gains no more than the liver that its voxels may hold";
    present = present && ring->asymmetry <= limits->flag.ring_asymmetry_max &&
              ring->re_rim > ring->re_liver && !merged && !alike;
    hep_flag_set(flag, present ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, ring->index,
                 limits->flag.ring_index_min,
                 "%s: rim %+.0f %%, core %+.0f %%, liver %+.0f %%: index %.2f (above %g needed) "
                 "over %.0f %% of the sectors (%.0f %%): %s",
                 hep_phase_name(phase), 100.0 * ring->re_rim, 100.0 * ring->re_core,
                 100.0 * ring->re_liver, ring->index, limits->flag.ring_index_min,
                 100.0 * ring->cover, 100.0 * limits->flag.ring_cover_min, why);
}

/* ---- arterial hyperenhancement --------------------------------------------------------------- */

/** Sets the flag and returns false when motion spoils the arterial phase. */
static bool arterial_is_still(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    if (m->study->arterial_weight > 0.0)
        return true;
    hep_flag_cannot(flag, "motion in the arterial phase: %s", m->study->motion.reason);
    return false;
}

/** What arterial and precontrast series say of one place together, in units of the liver's signal
 * before contrast; freed of an unknown receive gain where muscle tells it. */
static double arterial_gain(const struct hep_lesion_measures *m, double before, double after)
{
    const double liver = m->image[HEP_IMAGE_PRECONTRAST].zone[HEP_SHELL_RING].median;
    const double by_muscle = hep_measure_muscle_gain(m, HEP_PHASE_ARTERIAL);

    return ((isfinite(by_muscle) ? by_muscle : 1.0) * after - before) / liver;
}

void hep_judge_arterial_hyperenhancement(struct hep_flag_result *flag,
                                         const struct hep_lesion_measures *m)
{
    const bool t1_bright = hep_flag_judge(HEP_FLAG_T1_HYPERINTENSITY, m).state == HEP_FLAG_PRESENT;
    const struct hep_image_stats *art = &m->image[HEP_IMAGE_ARTERIAL],
                                 *pre = &m->image[HEP_IMAGE_PRECONTRAST];
    const double limit = m->study->limits->flag.arterial_ratio_min;
    const double lesion = arterial_gain(m, pre->lesion, art->lesion);
    const double liver =
        arterial_gain(m, pre->zone[HEP_SHELL_RING].median, art->zone[HEP_SHELL_RING].median);
    const bool subtract =
        m->study->comparable[HEP_PHASE_ARTERIAL] && isfinite(lesion) && isfinite(liver);
    const double times = lesion / fmax(liver, LIVER_GAIN_MIN);
    const double ratio = m->ratio[HEP_PHASE_ARTERIAL];
    bool present;

    if (!arterial_is_still(flag, m))
        return;
    if (t1_bright && !subtract) {
        hep_flag_cannot(flag,
                        "bright before contrast, so only a difference counts, and the series do "
                        "not allow one: %s",
                        m->study->comparable[HEP_PHASE_ARTERIAL]
                            ? "a signal is missing"
                            : incomparable_reason(m, HEP_PHASE_ARTERIAL));
        return;
    }
    present =
        (t1_bright || ratio > limit) && (!subtract || (t1_bright ? times > limit : times > 1.0));
    if (t1_bright)
        hep_flag_set(flag, present ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, times, limit,
                     "bright before contrast, so by difference: arterial minus precontrast %.2f of "
                     "liver's (above %g needed)",
                     times, limit);
    else
        hep_flag_set(flag, present ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, ratio, limit,
                     "arterial signal %.2f of liver (above %g needed)%s", ratio, limit,
                     ratio > limit && !present ? ", but it gains less than liver" : "");
}

/* ---- washout ----------------------------------------------------------------------------------
 */

/** May washout be judged in this phase? If not, the first reason stays with the flag. */
static bool phase_allowed(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                          enum hep_phase phase, bool rim)
{
    const enum hep_image image = hep_phase_image(phase);
    struct hep_flag_result why = { 0 };
    char reason[160];

    if (m->study->image[image].volume == NULL)
        return false;
    if (!hep_agent_washout_allowed(m->study->agent, phase, reason, sizeof reason))
        hep_flag_cannot(&why, "%s", reason);
    else if (hep_flag_needs_phase(&why, m, phase) &&
             (!rim || hep_flag_needs_shells(&why, m, image)))
        return true;
    if (flag->reason[0] == '\0')
        *flag = why;
    return false;
}

/** An arterial phase that is too early or too late hides the drop: then absence proves nothing,
 * unless the lesion is not dark now. */
static enum hep_flag_state washout_state(const struct hep_lesion_measures *m, bool washed,
                                         bool pool, bool dark)
{
    const enum hep_adequacy_grade grade = m->study->arterial.grade;

    if (washed)
        return pool ? HEP_FLAG_ABSENT : HEP_FLAG_PRESENT;
    if (!dark)
        return HEP_FLAG_ABSENT;
    return grade == HEP_TOO_EARLY || grade == HEP_TOO_LATE ? HEP_FLAG_NOT_ASSESSABLE
                                                           : HEP_FLAG_ABSENT;
}

static void finish(struct hep_flag_result *flag, bool judged)
{
    if (!judged && flag->reason[0] == '\0')
        hep_flag_cannot(flag, "no phase in which this agent shows washout");
}

/** Did it enhance at all? True when that is not known. Fluid stays far below liver in every phase,
 * and a relative enhancement of its little signal is uncertain. */
static bool has_enhanced(double re, double arterial_ratio, const struct hep_lesion_measures *m)
{
    return !(re < m->study->limits->flag.washout_re_min) && !(arterial_ratio < FLUID_RATIO);
}

/** Slow filling next to a liver that goes on to enhance looks like washout: the ratio falls, the
 * lesion's own signal does not. It is asked for where nodules and blood pool cannot tell. */
static bool needs_own_signal(const struct hep_lesion_measures *m, bool pool_known)
{
    return !(pool_known && m->image[HEP_IMAGE_ARTERIAL].resolved);
}

static bool keeps_signal(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    const double by_muscle =
        hep_measure_muscle_gain(m, phase) / hep_measure_muscle_gain(m, HEP_PHASE_ARTERIAL);
    const double now = m->image[hep_phase_image(phase)].lesion *
                       (isfinite(by_muscle) ? by_muscle : 1.0),
                 before = m->image[HEP_IMAGE_ARTERIAL].lesion;

    return now > (1.0 - OWN_LOSS_MIN) * before;
}

/** The phase of the two whose receive gain is not known, so that the lesion's own signal cannot be
 * followed; HEP_PHASE_COUNT when it can. */
static enum hep_phase unfollowed(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    return m->study->gain_unknown[HEP_PHASE_ARTERIAL] ? HEP_PHASE_ARTERIAL
           : m->study->gain_unknown[phase]            ? phase
                                                      : HEP_PHASE_COUNT;
}

/** Washout of the whole lesion in one phase, with what decided. */
struct washout {
    double before, now; /* over liver: arterial, and in the phase */
    bool enhanced, washed, pool, kept;
    enum hep_phase unfollowed; /* its gain had to be known; HEP_PHASE_COUNT: none */
    enum hep_flag_state state;
};

static struct washout washout_in(const struct hep_lesion_measures *m, enum hep_phase phase,
                                 bool pool, bool pool_known)
{
    const struct hep_lesion_limits *limits = m->study->limits;
    const bool own = needs_own_signal(m, pool_known);
    struct washout w = { .before = m->ratio[HEP_PHASE_ARTERIAL],
                         .now = m->ratio[phase],
                         .pool = pool,
                         .unfollowed = HEP_PHASE_COUNT };
    const bool dark = w.now < limits->flag.washout_ratio_max;

    w.enhanced = has_enhanced(m->re[HEP_PHASE_ARTERIAL], w.before, m);
    w.washed = w.enhanced && dark && w.before - w.now >= limits->flag.washout_drop_min;
    if (own && w.washed && !pool)
        w.unfollowed = unfollowed(m, phase);
    w.kept = own && w.unfollowed == HEP_PHASE_COUNT && keeps_signal(m, phase);
    w.state = w.unfollowed != HEP_PHASE_COUNT ? HEP_FLAG_NOT_ASSESSABLE
                                              : washout_state(m, w.washed, pool || w.kept, dark);
    return w;
}

static const char *washout_remark(const struct washout *w)
{
    return !w->enhanced                       ? "; it had not enhanced"
           : !w->washed                       ? ""
           : w->pool                          ? "; follows the blood pool"
           : w->kept                          ? "; its own signal has not fallen"
           : w->unfollowed != HEP_PHASE_COUNT ? "; whether its own signal fell is not known: "
                                              : "";
}

void hep_judge_washout(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const enum hep_flag_state blood = hep_flag_judge(HEP_FLAG_BLOOD_POOL, m).state;
    const bool pool = blood == HEP_FLAG_PRESENT || has_merged_nodules(m, HEP_PHASE_ARTERIAL) ||
                      has_merged_nodules(m, HEP_PHASE_PORTAL_VENOUS);
    const struct hep_lesion_limits *limits = m->study->limits;
    double lowest = (double)INFINITY;

    if (!arterial_is_still(flag, m))
        return;
    for (int p = HEP_PHASE_PORTAL_VENOUS; p < HEP_PHASE_COUNT; p++) {
        const struct washout w =
            washout_in(m, (enum hep_phase)p, pool, blood != HEP_FLAG_NOT_ASSESSABLE);
        const char *more = "";

        if (!phase_allowed(flag, m, (enum hep_phase)p, false) || w.now >= lowest)
            continue;
        lowest = w.now;
        if (w.unfollowed != HEP_PHASE_COUNT)
            more = incomparable_reason(m, w.unfollowed);
        else if (w.state == HEP_FLAG_NOT_ASSESSABLE)
            more = "; arterial phase ill timed";
        hep_flag_set(flag, w.state, w.now, limits->flag.washout_ratio_max,
                     "%s signal %.2f of liver (below %g needed), arterial %.2f (drop of %g "
                     "needed)%s%s",
                     hep_phase_name((enum hep_phase)p), w.now, limits->flag.washout_ratio_max,
                     w.before, limits->flag.washout_drop_min, washout_remark(&w), more);
    }
    finish(flag, isfinite(lowest));
}

void hep_judge_peripheral_washout(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const bool pool = hep_flag_judge(HEP_FLAG_BLOOD_POOL, m).state == HEP_FLAG_PRESENT;
    const struct hep_lesion_limits *limits = m->study->limits;
    const struct hep_zone_stats *art = m->image[HEP_IMAGE_ARTERIAL].zone;
    const double before = art[HEP_SHELL_RIM].median / art[HEP_SHELL_RING].median;
    double lowest = (double)INFINITY;

    if (!arterial_is_still(flag, m) || !hep_flag_needs_shells(flag, m, HEP_IMAGE_ARTERIAL))
        return;
    for (int p = HEP_PHASE_PORTAL_VENOUS; p < HEP_PHASE_COUNT; p++) {
        const enum hep_image image = hep_phase_image((enum hep_phase)p);
        const struct hep_zone_stats *z = m->image[image].zone;
        const double liver = z[HEP_SHELL_RIM].median / z[HEP_SHELL_RING].median;
        const double core = z[HEP_SHELL_RIM].median / z[HEP_SHELL_CORE].median;
        const bool dark = liver < limits->flag.rim_washout_liver_ratio_max;
        const bool washed = has_enhanced(m->ring[HEP_PHASE_ARTERIAL].re_rim, before, m) && dark &&
                            core < limits->flag.rim_washout_core_ratio_max &&
                            before - liver >= limits->flag.rim_washout_drop_min;

        if (!phase_allowed(flag, m, (enum hep_phase)p, true) || liver >= lowest)
            continue;
        lowest = liver;
        hep_flag_set(flag, washout_state(m, washed, pool, dark), liver,
                     limits->flag.rim_washout_liver_ratio_max,
                     "%s rim %.2f of liver (below %g), %.2f of core (below %g), arterial %.2f of "
                     "liver (drop of %g needed)",
                     hep_phase_name((enum hep_phase)p), liver,
                     limits->flag.rim_washout_liver_ratio_max, core,
                     limits->flag.rim_washout_core_ratio_max, before,
                     limits->flag.rim_washout_drop_min);
    }
    finish(flag, isfinite(lowest));
}
