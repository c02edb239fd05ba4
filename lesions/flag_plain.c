/* Flags that one or two numbers decide: hepatobiliary signal, targets, fat, blood pool, T1. */
#include "lesions/flag.h"

#include <math.h>

/** Sets the flag and returns false when the hepatobiliary phase may not be judged. */
static bool hbp_is_adequate(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const struct hep_adequacy *a = &m->study->hepatobiliary;

    if (!m->study->agent->windows[HEP_PHASE_HEPATOBILIARY].defined) {
        hep_flag_cannot(flag, "%s has no hepatobiliary phase", m->study->agent->name);
        return false;
    }
    if (a->grade == HEP_ADEQUATE || a->grade == HEP_SUBOPTIMAL ||
        a->grade == HEP_ADEQUACY_NOT_ASSESSABLE)
        return true;
    hep_flag_cannot(flag, "hepatobiliary phase %s: %s", hep_adequacy_name(a->grade), a->reason);
    return false;
}

void hep_judge_hbp_hypointensity(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    const struct hep_estimate_se ratio =
        hep_zone_ratio(&c->m->image[HEP_IMAGE_HEPATOBILIARY], HEP_SHELL_WHOLE, HEP_SHELL_RING);
    const double limit = c->m->study->limits->flag.hbp_ratio_max;

    if (hbp_is_adequate(flag, c->m))
        hep_flag_decide(flag, c, hep_margin_below(ratio, limit), ratio, limit,
                        "signal %.2f +- %.2f of liver (below %g needed), phase %s", ratio.value,
                        ratio.se, limit, hep_adequacy_name(c->m->study->hepatobiliary.grade));
}

void hep_judge_targetoid_hbp(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    const struct hep_lesion_measures *m = c->m;
    const struct hep_flag_limits *limits = &m->study->limits->flag;
    const double limit = 1.0 + limits->targetoid_contrast_min;
    const struct hep_image_stats *hbp = &m->image[HEP_IMAGE_HEPATOBILIARY];
    const struct hep_estimate_se core = hep_zone_ratio(hbp, HEP_SHELL_CORE, HEP_SHELL_RIM),
                                 liver = hep_zone_ratio(hbp, HEP_SHELL_RIM, HEP_SHELL_RING);
    struct hep_margin target;

    if (!hbp_is_adequate(flag, m) || !hep_flag_needs_shells(flag, m, HEP_IMAGE_HEPATOBILIARY))
        return;
    target = hep_margin_both(c, hep_margin_above(core, limit),
                             hep_target_is_seen(m, HEP_IMAGE_HEPATOBILIARY));
    target = hep_margin_both(
        c, target,
        hep_margin_say(hep_margin_below(liver, limits->hbp_ratio_max), "the rim is not dark"));
    hep_flag_decide(flag, c, target, core, limit,
                    "core %.2f +- %.2f of the rim (above %.2f needed), rim %.2f of liver (below %g "
                    "needed)",
                    core.value, core.se, limit, liver.value, limits->hbp_ratio_max);
}

void hep_judge_t2_target(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    const struct hep_lesion_measures *m = c->m;
    const double limit = 1.0 + m->study->limits->flag.targetoid_contrast_min;
    const struct hep_estimate_se rim =
        hep_zone_ratio(&m->image[HEP_IMAGE_T2], HEP_SHELL_RIM, HEP_SHELL_CORE);
    const bool bright_rim = rim.value > 1.0;

    const struct hep_margin differs =
        bright_rim ? hep_margin_above(rim, limit) : hep_margin_below(rim, 1.0 / limit);

    if (hep_flag_needs_shells(flag, m, HEP_IMAGE_T2))
        hep_flag_decide(flag, c, hep_margin_both(c, differs, hep_target_is_seen(m, HEP_IMAGE_T2)),
                        rim, bright_rim ? limit : 1.0 / limit,
                        "rim %.2f +- %.2f of the core (%s %.2f needed): %s", rim.value, rim.se,
                        bright_rim ? "above" : "below", bright_rim ? limit : 1.0 / limit,
                        bright_rim ? "bright rim" : "bright centre");
}

void hep_judge_fat(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    const struct hep_estimate_se lesion = hep_measured_whole(c->m, HEP_IMAGE_FAT_FRACTION),
                                 liver = hep_measured_zone(c->m, HEP_IMAGE_FAT_FRACTION,
                                                           HEP_SHELL_RING);
    const struct hep_estimate_se excess = { lesion.value - liver.value,
                                            hypot(lesion.se, liver.se) };
    const double limit = c->m->study->limits->flag.focal_fat_min_frac;

    hep_flag_decide(flag, c, (struct hep_margin){ excess.value - limit, excess.se, NULL }, excess,
                    limit, "fat %.1f %% against %.1f %% in liver (%+.1f +- %.1f, above %g needed)",
                    100.0 * lesion.value, 100.0 * liver.value, 100.0 * excess.value,
                    100.0 * excess.se, 100.0 * limit);
}

void hep_judge_blood_pool(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    const struct hep_lesion_measures *m = c->m;
    const double limit = m->study->limits->flag.blood_pool_tolerance;
    struct hep_margin worst = hep_margin_none;
    int judged = 0, at = 0;

    for (int p = HEP_PHASE_PORTAL_VENOUS; p < HEP_PHASE_COUNT; p++) {
        struct hep_margin near;

        if (!hep_flag_needs_phase(flag, m, (enum hep_phase)p) || !isfinite(m->pool[p]))
            continue;
        near = (struct hep_margin){ limit - fabs(m->pool[p] - 1.0), m->pool_se[p], NULL };
        if (judged == 0 || hep_margin_z(c, near) < hep_margin_z(c, worst)) {
            worst = near;
            at = p;
        }
        judged++;
    }
    if (judged > 0)
        hep_flag_decide(flag, c, worst,
                        (struct hep_estimate_se){ fabs(m->pool[at] - 1.0), worst.se }, limit,
                        "%s signal %.2f +- %.2f of the portal vein, the furthest of %d phases "
                        "(within %g needed)",
                        hep_phase_words((enum hep_phase)at), m->pool[at], worst.se, judged, limit);
    else if (m->study->agent != NULL && m->study->anatomy == NULL)
        hep_flag_cannot(flag, "the portal vein is not known");
    else if (flag->state != HEP_FLAG_NOT_ASSESSABLE || flag->reason[0] == '\0')
        hep_flag_cannot(flag, "no signal of the portal vein to compare with");
}

void hep_judge_t1_hyperintensity(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    const struct hep_estimate_se ratio =
        hep_zone_ratio(&c->m->image[HEP_IMAGE_PRECONTRAST], HEP_SHELL_WHOLE, HEP_SHELL_RING);
    const double limit = c->m->study->limits->flag.t1_bright_ratio_min;

    hep_flag_decide(flag, c, hep_margin_above(ratio, limit), ratio, limit,
                    "precontrast signal %.2f +- %.2f of liver (above %g needed)%s", ratio.value,
                    ratio.se, limit,
                    ratio.value > limit ? "; enhancement is judged by difference" : "");
}
