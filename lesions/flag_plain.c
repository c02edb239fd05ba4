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

void hep_judge_hbp_hypointensity(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double ratio = m->ratio[HEP_PHASE_HEPATOBILIARY];
    const double limit = m->study->limits->flag.hbp_ratio_max;

    if (hbp_is_adequate(flag, m))
        hep_flag_set(flag, ratio < limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, ratio, limit,
                     "signal %.2f of liver (below %g needed), phase %s", ratio, limit,
                     hep_adequacy_name(m->study->hepatobiliary.grade));
}

void hep_judge_targetoid_hbp(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const struct hep_zone_stats *z = m->image[HEP_IMAGE_HEPATOBILIARY].zone;
    const double rim = z[HEP_SHELL_RIM].median / z[HEP_SHELL_RING].median;
    const double ti = m->targetoid[HEP_IMAGE_HEPATOBILIARY];
    const double limit = m->study->limits->flag.targetoid_index_min;
    const bool dark = rim < m->study->limits->flag.hbp_ratio_max;

    if (!hbp_is_adequate(flag, m) || !hep_flag_needs_shells(flag, m, HEP_IMAGE_HEPATOBILIARY))
        return;
    if (!isfinite(ti))
        hep_flag_cannot(flag, "rim and core show no spread to compare with");
    else
        hep_flag_set(flag,
                     dark && ti < -limit && hep_target_contrast(m, HEP_IMAGE_HEPATOBILIARY)
                         ? HEP_FLAG_PRESENT
                         : HEP_FLAG_ABSENT,
                     ti, -limit,
                     "rim minus core %+.1f pooled SD (below -%g needed), rim %.2f of liver (below "
                     "%g needed)",
                     ti, limit, rim, m->study->limits->flag.hbp_ratio_max);
}

void hep_judge_t2_target(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double ti = m->targetoid[HEP_IMAGE_T2];
    const double limit = m->study->limits->flag.targetoid_index_min;

    if (!hep_flag_needs_shells(flag, m, HEP_IMAGE_T2))
        return;
    if (!isfinite(ti))
        hep_flag_cannot(flag, "rim and core show no spread to compare with");
    else
        hep_flag_set(flag,
                     fabs(ti) > limit && hep_target_contrast(m, HEP_IMAGE_T2) ? HEP_FLAG_PRESENT
                                                                              : HEP_FLAG_ABSENT,
                     ti, limit, "rim minus core %+.1f pooled SD (%g needed either way): %s", ti,
                     limit, ti > 0.0 ? "bright rim" : "bright centre");
}

void hep_judge_fat(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *ff = &m->image[HEP_IMAGE_FAT_FRACTION];
    const double liver = ff->zone[HEP_SHELL_RING].median;
    const double excess = ff->lesion - liver;
    const double limit = m->study->limits->flag.focal_fat_min_frac;

    hep_flag_set(flag, excess > limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, excess, limit,
                 "fat %.1f %% against %.1f %% in liver (%+.1f, above %g needed)",
                 100.0 * ff->lesion, 100.0 * liver, 100.0 * excess, 100.0 * limit);
}

void hep_judge_blood_pool(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double limit = m->study->limits->flag.blood_pool_tolerance;
    double worst = 0.0;
    int judged = 0, at = 0;

    for (int p = HEP_PHASE_PORTAL_VENOUS; p < HEP_PHASE_COUNT; p++) {
        const double off = fabs(m->pool[p] - 1.0);

        if (!hep_flag_needs_phase(flag, m, (enum hep_phase)p) || !isfinite(off))
            continue;
        judged++;
        if (off >= worst) {
            worst = off;
            at = p;
        }
    }
    if (judged > 0)
        hep_flag_set(flag, worst < limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, worst, limit,
                     "%s signal %.2f of the portal vein, the furthest of %d phases "
                     "(within %g needed)",
                     hep_phase_name((enum hep_phase)at), m->pool[at], judged, limit);
    else if (m->study->agent != NULL && m->study->anatomy == NULL)
        hep_flag_cannot(flag, "the portal vein is not known");
    else if (flag->state != HEP_FLAG_NOT_ASSESSABLE || flag->reason[0] == '\0')
        hep_flag_cannot(flag, "no signal of the portal vein to compare with");
}

void hep_judge_t1_hyperintensity(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double limit = m->study->limits->flag.t1_bright_ratio_min;
    const double ratio = m->ratio[HEP_PHASE_PRECONTRAST];

    hep_flag_set(flag, ratio > limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, ratio, limit,
                 "precontrast signal %.2f of liver (above %g needed)%s", ratio, limit,
                 ratio > limit ? "; enhancement is judged by difference" : "");
}
