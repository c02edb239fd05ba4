/* Ring, arterial hyperenhancement and washout. */
#include "lesions/flag.h"

#include <math.h>
#include <stdio.h>

/* Of liver in the arterial phase: darker is fluid, in which nothing has come that could go. With
 * the signals of domain tables a cyst reads 0.24, and 0.5 where a third of it is liver. */
#define FLUID_RATIO 0.6
/* Of the liver's signal: its gain in an early arterial phase is near 0, and divides. */
#define LIVER_GAIN_MIN 0.05
#define OWN_LOSS_MIN 0.05       /* of the lesion's signal since the arterial phase */
#define HALF_RING_ASYMMETRY 1.5 /* of half a ring, lesions/measure.h */

static const enum hep_phase ring_phases[] = { HEP_PHASE_ARTERIAL, HEP_PHASE_PORTAL_VENOUS };
enum { N_RING_PHASES = 2 };

/** Why signals of a phase may not be compared with those before contrast. */
static const char *incomparable_reason(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    const char *reason = m->study->incomparable_reason[phase];

    return reason != NULL ? reason : "they are different sequences";
}

/* ---- ring ------------------------------------------------------------------------------------ */

/** May a ring be judged in this phase? If not, the flag says why. */
static bool ring_allowed(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                         enum hep_phase p)
{
    if (!hep_flag_needs(flag, m, HEP_IMAGE_PRECONTRAST) || !hep_flag_needs_phase(flag, m, p) ||
        !hep_flag_needs_shells(flag, m, hep_phase_image(p)) ||
        !hep_flag_needs_shells(flag, m, HEP_IMAGE_PRECONTRAST))
        return false;
    if (!m->study->comparable[p])
        hep_flag_cannot(flag, "%s is not comparable with precontrast: %s", hep_phase_words(p),
                        incomparable_reason(m, p));
    else if (p == HEP_PHASE_ARTERIAL && m->study->arterial_weight <= 0.0)
        hep_flag_cannot(flag, "motion in the arterial phase: %s", m->study->motion.reason);
    else if (!isfinite(m->ring[p].index) || !isfinite(m->ring[p].cover))
        hep_flag_cannot(flag, "no enhancement of rim and core in %s", hep_phase_words(p));
    else
        return true;
    return false;
}

/** How far the part that enhanced lies from the portal vein in the later dynamic phase in which it
 * lies furthest: retention, whatever the slower centre makes of the average. Negative where it
 * follows the blood; NaN without such a phase. */
static double off_blood(const struct hep_lesion_measures *m)
{
    double furthest = (double)NAN;

    for (int p = HEP_PHASE_PORTAL_VENOUS; p < HEP_PHASE_HEPATOBILIARY; p++)
        furthest = fmax(furthest, fabs(m->pool_bright[p] - 1.0));
    return furthest - m->study->limits->flag.blood_pool_tolerance;
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

/** The phase with the strongest ring; HEP_PHASE_COUNT when no phase may be judged. */
static enum hep_phase strongest_ring(struct hep_flag_result *flag,
                                     const struct hep_lesion_measures *m)
{
    enum hep_phase best = HEP_PHASE_COUNT;

    for (int i = N_RING_PHASES - 1; i >= 0; i--) {
        const enum hep_phase p = ring_phases[i];

        if (ring_allowed(flag, m, p) &&
            (best == HEP_PHASE_COUNT || m->ring[p].index > m->ring[best].index))
            best = p;
    }
    return best;
}

double hep_nodular_peripheral(const struct hep_lesion_measures *m)
{
    struct hep_flag_result unused = { 0 };
    const enum hep_phase phase = strongest_ring(&unused, m);

    if (phase == HEP_PHASE_COUNT)
        return (double)NAN;
    return is_nodular(m, phase) ? 1.0 : 0.0;
}

/** No nodules that merge: a rim with places that gain hardly more than the core, and that follows
 * the blood. Blur joins nodules to what covers most of the way round, but fills the gaps between
 * them only in part. Either sign against it will do. */
static struct hep_margin not_merged(const struct hep_flag_case *c, enum hep_phase phase)
{
    const struct hep_flag_limits *limits = &c->m->study->limits->flag;
    const struct hep_ring_pattern *ring = &c->m->ring[phase];
    const double off = off_blood(c->m);
    struct hep_margin closed = { ring->gap - limits->ring_gap_max, 0.0, NULL };

    if (!(ring->cover >= limits->ring_cover_partial) || isnan(off) || isnan(closed.by))
        return hep_margin_none;
    return hep_margin_say(
        hep_margin_either(c, closed, (struct hep_margin){ off, 0.0, NULL }),
        "with gaps, and as bright as blood in every later phase: nodules that merge");
}

/** Everything that a ring asks for in one phase. */
static struct hep_margin ring_margin(const struct hep_flag_case *c, enum hep_phase phase)
{
    const struct hep_flag_limits *l = &c->m->study->limits->flag;
    const struct hep_ring_pattern *r = &c->m->ring[phase];
    const struct hep_estimate_se liver =
        hep_measured_ratio(hep_measured_zone(c->m, hep_phase_image(phase), HEP_SHELL_RING),
                           hep_measured_zone(c->m, HEP_IMAGE_PRECONTRAST, HEP_SHELL_RING));
    const double rim_se = r->re_rim_se / (1.0 + r->re_rim),
                 core_se = r->re_core_se / (1.0 + r->re_core), liver_se = liver.se / liver.value;
    const double needed =
        r->re_core + l->ring_index_min * fmax(r->re_liver, l->ring_liver_re_floor);
    struct hep_margin all = { log((1.0 + r->re_rim) / (1.0 + needed)), hypot(rim_se, core_se),
                              "the rim does not enhance enough more than the core" };

    /* Where both enhance threefold their noise differs by more than the liver gains. */
    if (r->re_core > 0.0)
        all = hep_margin_both(
            c, all,
            (struct hep_margin){
                log((1.0 + l->ring_core_max * fmax(r->re_rim, 0.0)) / (1.0 + r->re_core)),
                hypot(rim_se, core_se), "core and rim enhance alike" });
    all = hep_margin_both(
        c, all,
        (struct hep_margin){ r->cover - l->ring_cover_min, r->cover_se,
                             is_nodular(c->m, phase)
                                 ? "discontinuous and as bright as blood: peripheral nodules"
                                 : "discontinuous" });
    if (isfinite(r->asymmetry))
        all = hep_margin_both(
            c, all,
            (struct hep_margin){ (l->ring_asymmetry_max - r->asymmetry) / HALF_RING_ASYMMETRY, 0.0,
                                 "one side gains what the other lacks, as after "
                                 "a shift" });
    all = hep_margin_both(c, all,
                          (struct hep_margin){ log((1.0 + r->re_rim) / (1.0 + r->re_liver)),
                                               hypot(rim_se, liver_se),
                                               "the rim gains no more than the liver that its "
                                               "voxels may hold" });
    return hep_margin_both(c, all, not_merged(c, phase));
}

void hep_judge_ring_enhancement(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    const struct hep_lesion_limits *limits = c->m->study->limits;
    const enum hep_phase phase = strongest_ring(flag, c->m);
    const struct hep_ring_pattern *ring;

    if (phase == HEP_PHASE_COUNT)
        return;
    ring = &c->m->ring[phase];
    hep_flag_decide(flag, c, ring_margin(c, phase),
                    (struct hep_estimate_se){ ring->index, ring->index_se },
                    limits->flag.ring_index_min,
                    "%s: rim %+.0f %%, core %+.0f %%, liver %+.0f %%: index %.2f (above %g needed) "
                    "over %.0f %% of the sectors (%.0f %%)",
                    hep_phase_words(phase), 100.0 * ring->re_rim, 100.0 * ring->re_core,
                    100.0 * ring->re_liver, ring->index, limits->flag.ring_index_min,
                    100.0 * ring->cover, 100.0 * limits->flag.ring_cover_min);
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
static struct hep_estimate_se arterial_gain(const struct hep_lesion_measures *m,
                                            struct hep_estimate_se before,
                                            struct hep_estimate_se after)
{
    const double liver = m->image[HEP_IMAGE_PRECONTRAST].zone[HEP_SHELL_RING].median;
    const double by_muscle = hep_measure_muscle_gain(m, HEP_PHASE_ARTERIAL);
    const double gain = isfinite(by_muscle) ? by_muscle : 1.0;

    return (struct hep_estimate_se){ (gain * after.value - before.value) / liver,
                                     hypot(gain * after.se, before.se) / liver };
}

void hep_judge_arterial_hyperenhancement(struct hep_flag_result *flag,
                                         const struct hep_flag_case *c)
{
    const struct hep_lesion_measures *m = c->m;
    const bool t1_bright =
        c->judge(HEP_FLAG_T1_HYPERINTENSITY, m, c->table).probability >= HEP_FLAG_PRESENT_FROM;
    const struct hep_estimate_se before = hep_measured_whole(m, HEP_IMAGE_PRECONTRAST),
                                 after = hep_measured_whole(m, HEP_IMAGE_ARTERIAL),
                                 ring_before =
                                     hep_measured_zone(m, HEP_IMAGE_PRECONTRAST, HEP_SHELL_RING),
                                 ring_after =
                                     hep_measured_zone(m, HEP_IMAGE_ARTERIAL, HEP_SHELL_RING);
    const struct hep_estimate_se lesion = arterial_gain(m, before, after),
                                 liver = arterial_gain(m, ring_before, ring_after),
                                 ratio = hep_zone_ratio(&m->image[HEP_IMAGE_ARTERIAL],
                                                        HEP_SHELL_WHOLE, HEP_SHELL_RING);
    const double limit = m->study->limits->flag.arterial_ratio_min;
    const bool subtract =
        m->study->comparable[HEP_PHASE_ARTERIAL] && isfinite(lesion.value) && isfinite(liver.value);
    const double liver_gain = fmax(liver.value, LIVER_GAIN_MIN), times = t1_bright ? limit : 1.0;
    const struct hep_margin by_difference = {
        (lesion.value - times * liver_gain) / (1.0 + liver_gain),
        hypot(lesion.se, times * liver.se) / (1.0 + liver_gain), "it gains less than liver"
    };

    if (!arterial_is_still(flag, m))
        return;
    if (t1_bright && !subtract)
        hep_flag_cannot(flag,
                        "bright before contrast, so only a difference counts, and the series do "
                        "not allow one: %s",
                        m->study->comparable[HEP_PHASE_ARTERIAL]
                            ? "a signal is missing"
                            : incomparable_reason(m, HEP_PHASE_ARTERIAL));
    else if (t1_bright)
        hep_flag_decide(
            flag, c, by_difference,
            (struct hep_estimate_se){ lesion.value / liver_gain, lesion.se / liver_gain }, limit,
            "bright before contrast, so by difference: arterial minus precontrast %.2f of liver's "
            "(above %g needed)",
            lesion.value / liver_gain, limit);
    else
        hep_flag_decide(flag, c,
                        hep_margin_both(c, hep_margin_above(ratio, limit),
                                        subtract ? by_difference : hep_margin_none),
                        ratio, limit, "arterial signal %.2f +- %.2f of liver (above %g needed)",
                        ratio.value, ratio.se, limit);
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

/** Did it enhance at all? Not asked when that is not known. Fluid stays far below liver in every
 * phase, and a relative enhancement of its little signal is uncertain. */
static struct hep_margin has_enhanced(const struct hep_flag_case *c, double re, double re_se,
                                      struct hep_estimate_se before)
{
    const struct hep_estimate_se factor = { 1.0 + re, re_se };

    return hep_margin_say(
        hep_margin_both(c, hep_margin_above(factor, 1.0 + c->m->study->limits->flag.washout_re_min),
                        hep_margin_above(before, FLUID_RATIO)),
        "it had not enhanced");
}

/** It does not retain contrast as blood does: no blood pool, no nodules that merge. */
static struct hep_margin not_pool(const struct hep_flag_case *c, const struct hep_flag_result *pool)
{
    struct hep_margin not_blood = hep_margin_none;

    if (isfinite(pool->margin))
        not_blood = hep_margin_not((struct hep_margin){ pool->margin, pool->margin_se, NULL });
    for (int i = 0; i < N_RING_PHASES; i++)
        not_blood = hep_margin_both(c, not_blood, not_merged(c, ring_phases[i]));
    return hep_margin_say(not_blood, "follows the blood pool");
}

/** Slow filling next to a liver that goes on to enhance looks like washout: the ratio falls, the
 * lesion's own signal does not. */
static struct hep_margin own_signal_falls(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    const double by_muscle =
        hep_measure_muscle_gain(m, phase) / hep_measure_muscle_gain(m, HEP_PHASE_ARTERIAL);
    struct hep_estimate_se left = hep_measured_ratio(hep_measured_whole(m, hep_phase_image(phase)),
                                                     hep_measured_whole(m, HEP_IMAGE_ARTERIAL));

    left.value *= isfinite(by_muscle) ? by_muscle : 1.0;
    return hep_margin_say(hep_margin_below(left, 1.0 - OWN_LOSS_MIN),
                          "its own signal has not fallen");
}

/** The phase of the two whose receive gain is not known, so that the lesion's own signal cannot be
 * followed; HEP_PHASE_COUNT when it can. */
static enum hep_phase unfollowed(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    return m->study->gain_unknown[HEP_PHASE_ARTERIAL] ? HEP_PHASE_ARTERIAL
           : m->study->gain_unknown[phase]            ? phase
                                                      : HEP_PHASE_COUNT;
}

/** An arterial phase that is too early or too late hides the drop: then absence proves nothing,
 * unless the lesion is not dark now. */
static bool drop_is_hidden(const struct hep_lesion_measures *m, const struct hep_flag_result *flag,
                           struct hep_margin dark)
{
    const enum hep_adequacy_grade grade = m->study->arterial.grade;

    return isfinite(flag->probability) && flag->probability < HEP_FLAG_PRESENT_FROM &&
           dark.by > 0.0 && (grade == HEP_TOO_EARLY || grade == HEP_TOO_LATE);
}

static struct hep_margin drop_of(struct hep_estimate_se before, struct hep_estimate_se now,
                                 double needed)
{
    return (struct hep_margin){ before.value - now.value - needed, hypot(before.se, now.se),
                                "the drop is too small" };
}

/** Washout of the whole lesion in one phase, as that phase alone says. */
static void washout_in(struct hep_flag_result *flag, const struct hep_flag_case *c,
                       enum hep_phase phase, const struct hep_flag_result *pool)
{
    const struct hep_lesion_measures *m = c->m;
    const struct hep_flag_limits *limits = &m->study->limits->flag;
    const enum hep_image image = hep_phase_image(phase);
    const struct hep_estimate_se before = hep_zone_ratio(&m->image[HEP_IMAGE_ARTERIAL],
                                                         HEP_SHELL_WHOLE, HEP_SHELL_RING),
                                 now = hep_zone_ratio(&m->image[image], HEP_SHELL_WHOLE,
                                                      HEP_SHELL_RING);
    const struct hep_margin dark = hep_margin_below(now, limits->washout_ratio_max);
    const enum hep_phase lost = unfollowed(m, phase);
    /* Asked for where nodules and blood pool cannot tell. */
    const bool own =
        !isfinite(pool->margin) || m->image[HEP_IMAGE_ARTERIAL].zone[HEP_SHELL_CORE].n == 0;
    struct hep_margin all =
        hep_margin_both(c, dark, drop_of(before, now, limits->washout_drop_min));

    all = hep_margin_both(
        c, all, has_enhanced(c, m->re[HEP_PHASE_ARTERIAL], m->re_se[HEP_PHASE_ARTERIAL], before));
    all = hep_margin_both(c, all, not_pool(c, pool));
    if (own && lost != HEP_PHASE_COUNT && all.by > 0.0) {
        hep_flag_cannot(flag,
                        "%s signal %.2f of liver; whether its own signal fell is not known: %s",
                        hep_phase_words(phase), now.value, incomparable_reason(m, lost));
        return;
    }
    if (own && lost == HEP_PHASE_COUNT)
        all = hep_margin_both(c, all, own_signal_falls(m, phase));
    hep_flag_decide(flag, c, all, now, limits->washout_ratio_max,
                    "%s signal %.2f +- %.2f of liver (below %g needed), arterial %.2f (drop of %g "
                    "needed)",
                    hep_phase_words(phase), now.value, now.se, limits->washout_ratio_max,
                    before.value, limits->washout_drop_min);
    if (drop_is_hidden(m, flag, dark))
        hep_flag_cannot(flag,
                        "%s signal %.2f of liver, but the arterial phase is ill timed: a drop "
                        "since then would not show",
                        hep_phase_words(phase), now.value);
}

/** Washout of the rim in one phase. */
static void rim_washout_in(struct hep_flag_result *flag, const struct hep_flag_case *c,
                           enum hep_phase phase, const struct hep_flag_result *pool)
{
    const struct hep_lesion_measures *m = c->m;
    const struct hep_flag_limits *limits = &m->study->limits->flag;
    const enum hep_image image = hep_phase_image(phase);
    const struct hep_estimate_se before = hep_zone_ratio(&m->image[HEP_IMAGE_ARTERIAL],
                                                         HEP_SHELL_RIM, HEP_SHELL_RING),
                                 liver = hep_zone_ratio(&m->image[image], HEP_SHELL_RIM,
                                                        HEP_SHELL_RING),
                                 core = hep_zone_ratio(&m->image[image], HEP_SHELL_RIM,
                                                       HEP_SHELL_CORE);
    const struct hep_margin dark = hep_margin_below(liver, limits->rim_washout_liver_ratio_max);
    struct hep_margin all =
        hep_margin_both(c, dark,
                        hep_margin_say(hep_margin_below(core, limits->rim_washout_core_ratio_max),
                                       "the rim is not darker than the core"));

    all = hep_margin_both(c, all, drop_of(before, liver, limits->rim_washout_drop_min));
    all = hep_margin_both(c, all,
                          has_enhanced(c, m->ring[HEP_PHASE_ARTERIAL].re_rim,
                                       m->ring[HEP_PHASE_ARTERIAL].re_rim_se, before));
    if (isfinite(pool->margin))
        all = hep_margin_both(c, all,
                              hep_margin_not((struct hep_margin){ pool->margin, pool->margin_se,
                                                                  "follows the blood pool" }));
    hep_flag_decide(flag, c, all, liver, limits->rim_washout_liver_ratio_max,
                    "%s rim %.2f +- %.2f of liver (below %g), %.2f of core (below %g), arterial "
                    "%.2f of liver (drop of %g needed)",
                    hep_phase_words(phase), liver.value, liver.se,
                    limits->rim_washout_liver_ratio_max, core.value,
                    limits->rim_washout_core_ratio_max, before.value, limits->rim_washout_drop_min);
    if (drop_is_hidden(m, flag, dark))
        hep_flag_cannot(flag,
                        "%s rim %.2f of liver, but the arterial phase is ill timed: a drop "
                        "since then would not show",
                        hep_phase_words(phase), liver.value);
}

/** The phase, of those in which the agent shows washout, that speaks most for it. */
static void judge_washout(struct hep_flag_result *flag, const struct hep_flag_case *c, bool rim)
{
    const struct hep_flag_result pool = c->judge(HEP_FLAG_BLOOD_POOL, c->m, c->table);
    bool judged = false;

    for (int p = HEP_PHASE_PORTAL_VENOUS; p < HEP_PHASE_COUNT; p++) {
        struct hep_flag_result one = { 0 };

        if (!phase_allowed(judged ? &one : flag, c->m, (enum hep_phase)p, rim))
            continue;
        (rim ? rim_washout_in : washout_in)(&one, c, (enum hep_phase)p, &pool);
        /* A phase that could not be judged stands only where no other speaks for washout. */
        if (!judged || one.probability > flag->probability ||
            (isnan(one.probability) && flag->probability < HEP_FLAG_PRESENT_FROM))
            *flag = one;
        judged = true;
    }
    if (!judged && flag->reason[0] == '\0')
        hep_flag_cannot(flag, "no phase in which this agent shows washout");
}

void hep_judge_washout(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    if (arterial_is_still(flag, c->m))
        judge_washout(flag, c, false);
}

void hep_judge_peripheral_washout(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    if (arterial_is_still(flag, c->m) && hep_flag_needs_shells(flag, c->m, HEP_IMAGE_ARTERIAL))
        judge_washout(flag, c, true);
}
