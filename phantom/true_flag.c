#include "phantom/true_flag.h"

#include "terms/flag_limits.h"

#include <math.h>

#define LIVER_SNR 10.0 /* at b = 800, usual: turns the z of restriction into a ratio */

static const struct hep_flag_limits *const limits = &hep_flag_limits_default;

static bool has_phase(const struct hep_true_measures *m, enum hep_phase p)
{
    return (m->images & 1U << hep_phase_image(p)) != 0;
}

/* Present or absent. */
static enum hep_flag_state state_of(bool present)
{
    return present ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT;
}

static void diffusion_flags(struct hep_flag_result out[], const struct hep_true_measures *m)
{
    const double restricted_max = fmin(limits->restriction_adc_max_mm2_per_s,
                                       limits->restriction_adc_liver_ratio_max * m->adc_liver);
    const double shine_min =
        fmax(limits->shine_adc_min_mm2_per_s, limits->shine_adc_liver_ratio_min * m->adc_liver);
    const double bright_min = 1.0 + limits->restriction_z_min / LIVER_SNR;
    const double target_min = 1.0 + limits->targetoid_contrast_min;
    const double b_high = m->b_high[HEP_ZONE_RIM] / m->b_high[HEP_ZONE_CORE];
    const double t2 = exp(fabs(log(m->t2[HEP_ZONE_RIM] / m->t2[HEP_ZONE_CORE])));
    double lowest = (double)INFINITY, highest = 0.0;
    bool restricted = false, shine = false;

    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        const bool bright = m->b_high[zone] >= bright_min;

        restricted = restricted || (bright && m->adc[zone] <= restricted_max);
        shine = shine || (bright && m->adc[zone] >= shine_min);
        lowest = fmin(lowest, m->adc[zone]);
        highest = fmax(highest, m->adc[zone]);
    }
    hep_flag_set(&out[HEP_FLAG_RESTRICTED_DIFFUSION], state_of(restricted), lowest, restricted_max,
                 "lowest ADC of rim, core and whole; highest b at least %g of liver there",
                 bright_min);
    hep_flag_set(&out[HEP_FLAG_T2_SHINE_THROUGH], state_of(shine), highest, shine_min,
                 "highest ADC of rim, core and whole; highest b at least %g of liver there",
                 bright_min);
    hep_flag_set(&out[HEP_FLAG_TARGETOID_DWI],
                 state_of(b_high > target_min && m->adc[HEP_ZONE_RIM] < m->adc[HEP_ZONE_CORE]),
                 b_high, target_min,
                 "signal of rim over core at the highest b, with the lower ADC in the rim");
    hep_flag_set(&out[HEP_FLAG_T2_TARGET], state_of(t2 > target_min), t2, target_min,
                 "T2-weighted signal of the brighter of rim and core over the other");
}

static void ring_flag(struct hep_flag_result *flag, const struct hep_true_measures *m)
{
    double best = -(double)INFINITY, cover = 0.0;
    bool ring = false;

    for (int p = (int)HEP_PHASE_ARTERIAL; p <= (int)HEP_PHASE_PORTAL_VENOUS; p++) {
        const double index = (m->re[HEP_ZONE_RIM][p] - m->re[HEP_ZONE_CORE][p]) /
                             fmax(m->re_liver[p], limits->ring_liver_re_floor);

        ring =
            ring || (index > limits->ring_index_min && m->ring_cover[p] >= limits->ring_cover_min);
        best = fmax(best, index);
        cover = fmax(cover, m->ring_cover[p]);
    }
    hep_flag_set(flag, state_of(ring), isfinite(best) ? best : (double)NAN, limits->ring_index_min,
                 "rim minus core enhancement over the liver's, arterial or portal venous; the rim "
                 "covers %.0f %% of the surface",
                 100.0 * cover);
}

static bool washed_out(const struct hep_agent *agent, const struct hep_true_measures *m,
                       bool peripheral, double *value)
{
    const int zone = peripheral ? (int)HEP_ZONE_RIM : (int)HEP_ZONE_WHOLE;
    /* What took up no agent, such as a cyst, cannot wash out: it only falls behind the liver. */
    const bool gained = m->re[zone][HEP_PHASE_ARTERIAL] >= limits->washout_re_min;
    bool present = false;

    *value = (double)NAN;
    for (int p = (int)HEP_PHASE_PORTAL_VENOUS; p < (int)HEP_PHASE_COUNT; p++) {
        const double now = m->ratio[zone][p];
        const double drop = m->ratio[zone][HEP_PHASE_ARTERIAL] - now;

        if (!has_phase(m, (enum hep_phase)p) ||
            !hep_agent_washout_allowed(agent, (enum hep_phase)p, NULL, 0))
            continue;
        *value = fmin(*value, now);
        if (peripheral)
            present =
                present || (now < limits->rim_washout_liver_ratio_max &&
                            drop >= limits->rim_washout_drop_min &&
                            now < limits->rim_washout_core_ratio_max * m->ratio[HEP_ZONE_CORE][p]);
        else
            present =
                present || (now < limits->washout_ratio_max && drop >= limits->washout_drop_min);
    }
    return present && gained;
}

static bool blood_pool(const struct hep_true_measures *m, double *worst)
{
    int n = 0;

    *worst = 0.0;
    for (int p = (int)HEP_PHASE_PORTAL_VENOUS; p < (int)HEP_PHASE_COUNT; p++) {
        if (!has_phase(m, (enum hep_phase)p))
            continue;
        *worst = fmax(*worst, fabs(m->over_portal[p] - 1.0));
        n++;
    }
    return n > 0 && *worst < limits->blood_pool_tolerance;
}

static void contrast_flags(struct hep_flag_result out[], const struct hep_agent *agent,
                           const struct hep_true_measures *m)
{
    double value;
    const bool pool = blood_pool(m, &value);
    bool washout;

    hep_flag_set(&out[HEP_FLAG_BLOOD_POOL], state_of(pool), value, limits->blood_pool_tolerance,
                 "largest difference from the portal vein after the arterial phase");
    ring_flag(&out[HEP_FLAG_RING_ENHANCEMENT], m);
    value = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_ARTERIAL];
    hep_flag_set(
        &out[HEP_FLAG_ARTERIAL_HYPERENHANCEMENT],
        state_of(value > limits->arterial_ratio_min &&
                 m->re[HEP_ZONE_WHOLE][HEP_PHASE_ARTERIAL] > m->re_liver[HEP_PHASE_ARTERIAL]),
        value, limits->arterial_ratio_min, "arterial signal over liver, and enhancing more");
    washout = washed_out(agent, m, false, &value) && !pool;
    hep_flag_set(&out[HEP_FLAG_WASHOUT], state_of(washout), value, limits->washout_ratio_max,
                 "lesion over liver in a phase where the agent allows it, after a drop of %g",
                 limits->washout_drop_min);
    washout = washed_out(agent, m, true, &value) && !pool;
    hep_flag_set(&out[HEP_FLAG_PERIPHERAL_WASHOUT], state_of(washout), value,
                 limits->rim_washout_liver_ratio_max,
                 "rim over liver and core in a phase where the agent allows it, after a drop of %g",
                 limits->rim_washout_drop_min);
}

static void hepatobiliary_flags(struct hep_flag_result out[], const struct hep_true_measures *m)
{
    const double target_min = 1.0 + limits->targetoid_contrast_min;
    const double whole = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_HEPATOBILIARY];
    const double rim = m->ratio[HEP_ZONE_RIM][HEP_PHASE_HEPATOBILIARY];
    const double core = m->ratio[HEP_ZONE_CORE][HEP_PHASE_HEPATOBILIARY];

    hep_flag_set(&out[HEP_FLAG_HBP_HYPOINTENSITY], state_of(whole < limits->hbp_ratio_max), whole,
                 limits->hbp_ratio_max, "hepatobiliary signal over liver");
    hep_flag_set(&out[HEP_FLAG_TARGETOID_HBP],
                 state_of(rim < limits->hbp_ratio_max && core > target_min * rim), rim / core,
                 1.0 / target_min, "hepatobiliary signal of rim over core, the rim below liver");
}

/* Are the images there that the flag needs? */
static bool has_images(enum hep_flag flag, uint32_t images)
{
    const struct hep_flag_row *row = hep_flag_row(flag);

    return (row->needs & ~images) == 0 &&
           (row->needs_one_of == 0 || (row->needs_one_of & images) != 0);
}

void hep_true_flags(struct hep_flag_result out[HEP_FLAG_COUNT], const struct hep_agent *agent,
                    const struct hep_true_measures *m)
{
    const double excess = m->ff - m->ff_liver;
    const double bright = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_PRECONTRAST];

    diffusion_flags(out, m);
    hep_flag_set(&out[HEP_FLAG_FAT], state_of(excess > limits->focal_fat_min_frac), excess,
                 limits->focal_fat_min_frac, "fat fraction above the liver's");
    hep_flag_set(&out[HEP_FLAG_T1_HYPERINTENSITY], state_of(bright > limits->t1_bright_ratio_min),
                 bright, limits->t1_bright_ratio_min, "signal over liver before contrast");
    contrast_flags(out, agent, m);
    hepatobiliary_flags(out, m);
    for (int f = 0; f < (int)HEP_FLAG_COUNT; f++)
        if (!has_images((enum hep_flag)f, m->images))
            hep_flag_cannot(&out[f], "%s",
                            agent == NULL ? "no contrast agent" : "no such image of the lesion");
}
