/* Restricted diffusion against T2 shine-through, and the targetoid pattern of diffusion. */
#include "lesions/flag.h"

#include <math.h>

#define PER_1000 1000.0 /* ADC is told in 1e-3 mm2/s */
/* What a whole lesion hides where rim and core are not told apart: a rim of 0.9e-3 around a core of
 * 2.0e-3 mm2/s that takes half of it reads 1.37e-3, ln(1.37 / 0.9) = 0.42; over every share of core
 * from none to half the root mean square is 0.42 / sqrt(3). */
#define HIDDEN_ERROR 0.24

void hep_restriction_limits(double *restricted_max, double *shine_min, double adc_liver_mm2_per_s,
                            const struct hep_lesion_limits *limits)
{
    /* fmin and fmax leave an unknown liver out. */
    *restricted_max = fmin(limits->flag.restriction_adc_max_mm2_per_s,
                           limits->flag.restriction_adc_liver_ratio_max * adc_liver_mm2_per_s);
    *shine_min = fmax(limits->flag.shine_adc_min_mm2_per_s,
                      limits->flag.shine_adc_liver_ratio_min * adc_liver_mm2_per_s);
}

/** Whole lesion, rim or core: signal at the highest b over what counts as bright, and its ADC. */
struct region {
    const char *name;
    struct hep_estimate_se b_high, adc;
    double z; /* of the signal at the highest b */
};
enum { N_REGIONS = 3 };

static void regions_of(struct region r[N_REGIONS], const struct hep_lesion_measures *m)
{
    const struct hep_zone_stats *ring = &m->image[HEP_IMAGE_B_HIGH].zone[HEP_SHELL_RING];
    const double se[N_REGIONS] = {
        hep_measured_whole(m, HEP_IMAGE_B_HIGH).se,
        hep_measured_zone(m, HEP_IMAGE_B_HIGH, HEP_SHELL_RIM).se,
        hep_measured_zone(m, HEP_IMAGE_B_HIGH, HEP_SHELL_CORE).se,
    };

    r[0] = (struct region){ "whole lesion", { 0.0, 0.0 }, { m->adc, m->adc_se }, m->b_high_z };
    r[1] = (struct region){ "rim", { 0.0, 0.0 }, { m->adc_rim, m->adc_rim_se }, m->b_high_z_rim };
    r[2] =
        (struct region){ "core", { 0.0, 0.0 }, { m->adc_core, m->adc_core_se }, m->b_high_z_core };
    for (int i = 0; i < N_REGIONS; i++)
        r[i].b_high = (struct hep_estimate_se){ ring->median + r[i].z * ring->mad, se[i] };
}

/** Any region that is bright and on the wanted side of its limit of ADC. */
static void judge(struct hep_flag_result *flag, const struct hep_flag_case *c, bool restricted)
{
    const struct hep_zone_stats *ring = &c->m->image[HEP_IMAGE_B_HIGH].zone[HEP_SHELL_RING];
    const double z_min = c->m->study->limits->flag.restriction_z_min;
    struct hep_margin best = { -(double)INFINITY, 0.0, NULL };
    struct region region[N_REGIONS];
    double restricted_max, shine_min, limit;
    int at = 0;

    regions_of(region, c->m);
    hep_restriction_limits(&restricted_max, &shine_min, c->m->adc_liver, c->m->study->limits);
    limit = restricted ? restricted_max : shine_min;
    for (int i = 0; i < N_REGIONS; i++) {
        const struct hep_estimate_se adc = region[i].adc;
        struct hep_margin bright, low, both;

        if (!isfinite(region[i].z) || !isfinite(adc.value))
            continue;
        bright = hep_margin_say(
            hep_margin_above(region[i].b_high, ring->median + z_min * ring->mad),
            restricted && adc.value <= limit ? "not bright: fibrosis, iron or calcification"
                                             : "not bright enough");
        low = restricted ? hep_margin_below(adc, limit) : hep_margin_above(adc, limit);
        if (i == 0 && !isfinite(region[1].adc.value))
            low.se = hypot(low.se, HIDDEN_ERROR);
        both = hep_margin_both(c, bright, low);
        if (hep_margin_z(c, both) > hep_margin_z(c, best)) {
            best = both;
            at = i;
        }
    }
    hep_flag_decide(flag, c, best, region[at].adc, limit,
                    "%s: b = %g signal %.1f robust SD above liver (%g needed), ADC %.2f +- %.2f "
                    "(%s %.2f needed) e-3 mm2/s%s",
                    region[at].name, c->m->study->b_high_s_per_mm2, region[at].z, z_min,
                    PER_1000 * region[at].adc.value, PER_1000 * region[at].adc.se,
                    restricted ? "at most" : "at least", PER_1000 * limit,
                    isfinite(region[1].adc.value) ? "" : "; rim and core are not told apart");
}

void hep_judge_restricted_diffusion(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    judge(flag, c, true);
}

void hep_judge_t2_shine_through(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    judge(flag, c, false);
}

void hep_judge_targetoid_dwi(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    const struct hep_lesion_measures *m = c->m;
    const double limit = 1.0 + m->study->limits->flag.targetoid_contrast_min;
    const struct hep_estimate_se contrast = hep_zone_ratio(&m->image[HEP_IMAGE_B_HIGH],
                                                           HEP_SHELL_RIM, HEP_SHELL_CORE),
                                 adc = hep_measured_ratio(
                                     (struct hep_estimate_se){ m->adc_rim, m->adc_rim_se },
                                     (struct hep_estimate_se){ m->adc_core, m->adc_core_se });
    struct hep_margin target;

    if (!hep_flag_needs_shells(flag, m, HEP_IMAGE_B_HIGH))
        return;
    target = hep_margin_both(c, hep_margin_above(contrast, limit),
                             hep_target_is_seen(m, HEP_IMAGE_B_HIGH));
    target = hep_margin_both(
        c, target,
        hep_margin_say(hep_margin_below(adc, 1.0), "the rim does not have the lower ADC"));
    hep_flag_decide(flag, c, target, contrast, limit,
                    "b = %g signal of the rim %.2f +- %.2f of the core's (above %.2f needed), its "
                    "ADC %.2f of the core's (below 1 needed)",
                    m->study->b_high_s_per_mm2, contrast.value, contrast.se, limit, adc.value);
}
