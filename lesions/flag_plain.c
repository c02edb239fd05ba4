/* Flags that one or two numbers decide: hepatobiliary signal, targets, fat, blood pool, T1. */
#include "lesions/flag.h"

#include <math.h>

#define BASHIR "gate: Bashir et al., Acad Radiol 2014; ratio: expert value"
#define LIRADS "ACR LI-RADS v2018, targetoid hepatobiliary appearance"
#define WITTENBERG "Wittenberg et al., AJR 1988;151:79 (bright centre); Maino 2023 (bright rim)"
#define FAT_SOURCE "expert value of excess fat fraction"
#define POOL_SOURCE "signal of blood in every later phase, as in haemangioma; expert tolerance"
#define T1_SOURCE "Maino et al., World J Gastroenterol 2023;29:5180: subtract when T1 bright"

/** Sets the flag and returns false when the hepatobiliary phase may not be judged. */
static bool needs_hbp(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                      const char *source)
{
    const struct hep_adequacy *a = &m->study->hepatobiliary;

    if (!hep_flag_needs_phase(flag, m, HEP_PHASE_HEPATOBILIARY, source))
        return false;
    if (!m->study->agent->windows[HEP_PHASE_HEPATOBILIARY].defined) {
        hep_flag_cannot(flag, source, "%s has no hepatobiliary phase", m->study->agent->name);
        return false;
    }
    if (a->grade == HEP_ADEQUATE || a->grade == HEP_SUBOPTIMAL ||
        a->grade == HEP_ADEQUACY_NOT_ASSESSABLE)
        return true;
    hep_flag_cannot(flag, source, "hepatobiliary phase %s: %s", hep_adequacy_name(a->grade),
                    a->reason);
    return false;
}

static void judge_hbp(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double ratio = m->ratio[HEP_PHASE_HEPATOBILIARY];
    const double limit = m->study->limits->hbp_ratio_max;

    if (needs_hbp(flag, m, BASHIR))
        hep_flag_set(flag, ratio < limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, ratio, limit, "1",
                     BASHIR, "signal %.2f of liver (below %g needed), phase %s", ratio, limit,
                     hep_adequacy_name(m->study->hepatobiliary.grade));
}

static void judge_hbp_target(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const struct hep_zone_stats *z = m->image[HEP_IMAGE_HEPATOBILIARY].zone;
    const double rim = z[HEP_SHELL_RIM].median / z[HEP_SHELL_RING].median;
    const double ti = m->targetoid[HEP_IMAGE_HEPATOBILIARY];
    const double limit = m->study->limits->targetoid_index_min;
    const bool dark = rim < m->study->limits->hbp_ratio_max;

    if (!needs_hbp(flag, m, LIRADS) ||
        !hep_flag_needs_shells(flag, m, HEP_IMAGE_HEPATOBILIARY, LIRADS))
        return;
    if (!isfinite(ti))
        hep_flag_cannot(flag, LIRADS, "rim and core show no spread to compare with");
    else
        hep_flag_set(flag,
                     dark && ti < -limit && hep_target_contrast(m, HEP_IMAGE_HEPATOBILIARY)
                         ? HEP_FLAG_PRESENT
                         : HEP_FLAG_ABSENT,
                     ti, -limit, "1", LIRADS,
                     "rim minus core %+.1f pooled SD (below -%g needed), rim %.2f of liver (below "
                     "%g needed)",
                     ti, limit, rim, m->study->limits->hbp_ratio_max);
}

static void judge_t2_target(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double ti = m->targetoid[HEP_IMAGE_T2];
    const double limit = m->study->limits->targetoid_index_min;

    if (!hep_flag_needs(flag, m, HEP_IMAGE_T2, WITTENBERG) ||
        !hep_flag_needs_shells(flag, m, HEP_IMAGE_T2, WITTENBERG))
        return;
    if (!isfinite(ti))
        hep_flag_cannot(flag, WITTENBERG, "rim and core show no spread to compare with");
    else
        hep_flag_set(flag,
                     fabs(ti) > limit && hep_target_contrast(m, HEP_IMAGE_T2) ? HEP_FLAG_PRESENT
                                                                              : HEP_FLAG_ABSENT,
                     ti, limit, "1", WITTENBERG,
                     "rim minus core %+.1f pooled SD (%g needed either way): %s", ti, limit,
                     ti > 0.0 ? "bright rim" : "bright centre");
}

static void judge_fat(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *ff = &m->image[HEP_IMAGE_FAT_FRACTION];
    const double liver = ff->zone[HEP_SHELL_RING].median;
    const double excess = ff->lesion - liver;
    const double limit = m->study->limits->focal_fat_min_frac;

    if (hep_flag_needs(flag, m, HEP_IMAGE_FAT_FRACTION, FAT_SOURCE))
        hep_flag_set(flag, excess > limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, excess, limit, "1",
                     FAT_SOURCE, "fat %.1f %% against %.1f %% in liver (%+.1f, above %g needed)",
                     100.0 * ff->lesion, 100.0 * liver, 100.0 * excess, 100.0 * limit);
}

static void judge_pool(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double limit = m->study->limits->blood_pool_tolerance;
    double worst = 0.0;
    int judged = 0, at = 0;

    for (int p = HEP_PHASE_PORTAL_VENOUS; p < HEP_PHASE_COUNT; p++) {
        const double off = fabs(m->pool[p] - 1.0);

        if (!hep_flag_needs_phase(flag, m, (enum hep_phase)p, POOL_SOURCE) || !isfinite(off))
            continue;
        judged++;
        if (off >= worst) {
            worst = off;
            at = p;
        }
    }
    if (judged > 0)
        hep_flag_set(flag, worst < limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, worst, limit, "1",
                     POOL_SOURCE,
                     "%s signal %.2f of the portal vein, the furthest of %d phases "
                     "(within %g needed)",
                     hep_phase_name((enum hep_phase)at), m->pool[at], judged, limit);
    else if (m->study->agent != NULL && m->study->anatomy == NULL)
        hep_flag_cannot(flag, POOL_SOURCE, "the portal vein is not known");
    else if (flag->state != HEP_FLAG_NOT_ASSESSABLE || flag->reason[0] == '\0')
        hep_flag_cannot(flag, POOL_SOURCE, "no signal of the portal vein to compare with");
}

static void judge_t1(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double limit = m->study->limits->t1_bright_ratio_min;
    const double ratio = m->ratio[HEP_PHASE_PRECONTRAST];

    if (hep_flag_needs(flag, m, HEP_IMAGE_PRECONTRAST, T1_SOURCE))
        hep_flag_set(flag, ratio > limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, ratio, limit, "1",
                     T1_SOURCE, "precontrast signal %.2f of liver (above %g needed)%s", ratio,
                     limit, ratio > limit ? "; enhancement is judged by difference" : "");
}

void hep_flags_plain(struct hep_flag_result *out, const struct hep_lesion_measures *m)
{
    judge_hbp(&out[HEP_FLAG_HBP_HYPOINTENSITY], m);
    judge_hbp_target(&out[HEP_FLAG_TARGETOID_HBP], m);
    judge_t2_target(&out[HEP_FLAG_T2_TARGET], m);
    judge_fat(&out[HEP_FLAG_FAT], m);
    judge_pool(&out[HEP_FLAG_BLOOD_POOL], m);
    judge_t1(&out[HEP_FLAG_T1_HYPERINTENSITY], m);
}
