#include "contrast/adequacy.h"

#include "contrast/enhancement.h"

#include <math.h>

#define TOO_EARLY_FRAC 0.20  /* portal vein RE against its portal venous RE */
#define LIVER_LATE_FRAC 0.60 /* liver RE against its portal venous RE */
#define LIVER_TOO_LATE_FRAC 0.80
#define HEPATIC_VEIN_FRAC 0.50 /* "unenhanced" hepatic veins, tolerance of this program */
#define GHOST_MODERATE 1.5
#define GHOST_SEVERE 3.0
#define NCC_DROP_MODERATE 0.05
#define NCC_DROP_SEVERE 0.15

static const char *const arterial_source = "timing rules by relative enhancement, expert choice";
static const char *const motion_source =
    "limits: expert choice; frequency: Pietryga 2014, Radiology";

const char *hep_adequacy_name(enum hep_adequacy_grade grade)
{
    switch (grade) {
    case HEP_ADEQUATE:
        return "adequate";
    case HEP_SUBOPTIMAL:
        return "suboptimal";
    case HEP_INADEQUATE:
        return "inadequate";
    case HEP_TOO_EARLY:
        return "too_early";
    case HEP_TOO_LATE:
        return "too_late";
    case HEP_ADEQUACY_NOT_ASSESSABLE:
        return "not_assessable";
    }
    return "?";
}

static void init(struct hep_adequacy *out, const char *source)
{
    *out = (struct hep_adequacy){ .grade = HEP_ADEQUACY_NOT_ASSESSABLE,
                                  .value = (double)NAN,
                                  .limit = (double)NAN,
                                  .unit = "1",
                                  .source = source };
}

static bool positive(double x)
{
    return isfinite(x) && x > 0;
}

void hep_adequacy_hepatobiliary(struct hep_adequacy *out, const struct hep_agent *agent,
                                double liver, double vessel, const char *vessel_name)
{
    double adequate = agent->hbp_adequate_above.value;
    double inadequate = agent->hbp_inadequate_up_to.value;
    double sir = liver / vessel;

    init(out, agent->hbp_adequate_above.source);
    if (!agent->windows[HEP_PHASE_HEPATOBILIARY].defined) {
        (void)snprintf(out->reason, sizeof out->reason, "%s has no hepatobiliary phase",
                       agent->name);
        return;
    }
    if (!positive(liver) || !positive(vessel)) {
        (void)snprintf(out->reason, sizeof out->reason, "no signal of the %s",
                       positive(liver) ? vessel_name : "liver");
        return;
    }
    out->value = sir;
    out->limit = adequate;
    out->grade = sir > adequate ? HEP_ADEQUATE : sir > inadequate ? HEP_SUBOPTIMAL : HEP_INADEQUATE;
    if (out->grade == HEP_INADEQUATE) {
        out->limit = inadequate;
        out->source = agent->hbp_inadequate_up_to.source;
    }
    (void)snprintf(out->reason, sizeof out->reason,
                   "liver/%s signal ratio %.3g, adequate above %.3g, inadequate up to %.3g",
                   vessel_name, sir, adequate, inadequate);
}

/** RE in the arterial phase over RE in the portal venous phase; NaN when the latter is not > 0. */
static double re_share(const struct hep_three_phase *roi)
{
    double pv = hep_relative_enhancement(roi->pre, roi->portal_venous);

    return pv > 0 ? hep_relative_enhancement(roi->pre, roi->arterial) / pv : (double)NAN;
}

static void decide(struct hep_adequacy *out, enum hep_adequacy_grade grade, double value,
                   double limit, const char *what)
{
    out->grade = grade;
    out->value = value;
    out->limit = limit;
    (void)snprintf(out->reason, sizeof out->reason, "%s: %s (%.3g, limit %.3g)",
                   hep_adequacy_name(grade), what, value, limit);
}

void hep_adequacy_arterial(struct hep_adequacy *out, const struct hep_three_phase *aorta,
                           const struct hep_three_phase *portal_vein,
                           const struct hep_three_phase *hepatic_veins,
                           const struct hep_three_phase *liver)
{
    double portal = re_share(portal_vein);
    double veins = re_share(hepatic_veins);
    double parenchyma = re_share(liver);
    double re_aorta = hep_relative_enhancement(aorta->pre, aorta->arterial);
    double re_portal = hep_relative_enhancement(portal_vein->pre, portal_vein->arterial);

    init(out, arterial_source);
    if (!isfinite(parenchyma) || !(isfinite(portal) || isfinite(re_aorta)))
        (void)snprintf(out->reason, sizeof out->reason,
                       "needs the liver before contrast, arterial and portal venous, and the "
                       "portal vein or the aorta");
    else if (portal < TOO_EARLY_FRAC)
        decide(out, HEP_TOO_EARLY, portal, TOO_EARLY_FRAC,
               "enhancement of the portal vein as a share of its portal venous value");
    else if (parenchyma > LIVER_TOO_LATE_FRAC)
        decide(out, HEP_TOO_LATE, parenchyma, LIVER_TOO_LATE_FRAC,
               "enhancement of the liver as a share of its portal venous value");
    else if (re_portal >= re_aorta)
        decide(out, HEP_SUBOPTIMAL, re_portal, re_aorta,
               "the portal vein enhances as much as the aorta");
    else if (veins > HEPATIC_VEIN_FRAC)
        decide(out, HEP_SUBOPTIMAL, veins, HEPATIC_VEIN_FRAC,
               "enhancement of the hepatic veins as a share of their portal venous value");
    else
        decide(out, parenchyma > LIVER_LATE_FRAC ? HEP_SUBOPTIMAL : HEP_ADEQUATE, parenchyma,
               LIVER_LATE_FRAC, "enhancement of the liver as a share of its portal venous value");
}

void hep_adequacy_motion(struct hep_adequacy *out, double *weight,
                         const struct hep_motion_input *in)
{
    bool ghost = isfinite(in->ghost_ratio);
    bool ncc = isfinite(in->ncc_drop);
    double factor = 1;

    init(out, motion_source);
    if (!ghost && !ncc)
        (void)snprintf(out->reason, sizeof out->reason,
                       "neither ghost energy nor similarity known");
    else if (ghost && in->ghost_ratio > GHOST_SEVERE)
        decide(out, HEP_INADEQUATE, in->ghost_ratio, GHOST_SEVERE, "ghost energy ratio");
    else if (ncc && in->ncc_drop > NCC_DROP_SEVERE)
        decide(out, HEP_INADEQUATE, in->ncc_drop, NCC_DROP_SEVERE, "drop of the correlation");
    else if (ghost && in->ghost_ratio > GHOST_MODERATE)
        decide(out, HEP_SUBOPTIMAL, in->ghost_ratio, GHOST_MODERATE, "ghost energy ratio");
    else if (ncc && in->ncc_drop > NCC_DROP_MODERATE)
        decide(out, HEP_SUBOPTIMAL, in->ncc_drop, NCC_DROP_MODERATE, "drop of the correlation");
    else if (ghost)
        decide(out, HEP_ADEQUATE, in->ghost_ratio, GHOST_MODERATE, "ghost energy ratio");
    else
        decide(out, HEP_ADEQUATE, in->ncc_drop, NCC_DROP_MODERATE, "drop of the correlation");
    if (out->grade == HEP_INADEQUATE)
        factor = 0;
    else if (out->grade == HEP_SUBOPTIMAL)
        factor = 0.5;
    if (weight)
        *weight = factor;
}
