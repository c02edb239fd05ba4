/* Measures that grade: the FLIS proxy and the check of the receive gain. */
#include "contrast/enhancement.h"

#include <math.h>

#define FLIS_EQUAL 0.10        /* signals within this count as equal */
#define GAIN_MARGIN 0.10       /* beyond the expected range: suspect */
#define GAIN_LOWEST_RE (-0.10) /* beyond these two: corrected */
#define GAIN_HIGHEST_RE 0.70

/** -1, 0 or 1 as a is below, equal to or above b; -2 when one is not positive. */
static int compare(double a, double b)
{
    if (!(isfinite(a) && isfinite(b) && a > 0 && b > 0))
        return -2;
    if (a > b * (1 + FLIS_EQUAL))
        return 1;
    return a < b * (1 - FLIS_EQUAL) ? -1 : 0;
}

/** Contrast in the common duct counts 2, in peripheral ducts only 1, nowhere 0. */
static int excretion_grade(const struct hep_flis_input *in)
{
    int central = compare(in->ducts_central, in->liver);
    int peripheral = compare(in->ducts_peripheral, in->liver);

    if (central == 1)
        return 2;
    if (peripheral == 1)
        return 1;
    return central == -2 || peripheral == -2 ? -1 : 0;
}

void hep_flis_proxy(struct hep_flis_proxy *out, const struct hep_flis_input *in)
{
    int kidney = compare(in->liver, in->kidney);
    int portal = compare(in->liver, in->portal_vein);

    out->enhancement = kidney == -2 ? -1 : kidney + 1;
    out->excretion = excretion_grade(in);
    out->portal_sign = portal == -2 ? -1 : portal + 1;
    out->total = out->enhancement < 0 || out->excretion < 0 || out->portal_sign < 0
                     ? -1
                     : out->enhancement + out->excretion + out->portal_sign;
}

const char *hep_gain_name(enum hep_gain_state state)
{
    switch (state) {
    case HEP_GAIN_PLAUSIBLE:
        return "plausible";
    case HEP_GAIN_SUSPECT:
        return "gain_suspect";
    case HEP_GAIN_CORRECTED:
        return "gain_corrected";
    case HEP_GAIN_NOT_ASSESSABLE:
        return "not_assessable";
    }
    return "?";
}

void hep_gain_check(struct hep_gain_check *out, const struct hep_agent *agent, enum hep_phase phase,
                    double muscle_pre, double muscle_post)
{
    const struct hep_sourced *range =
        phase == HEP_PHASE_HEPATOBILIARY ? agent->muscle_re_hbp : agent->muscle_re_dynamic;
    const double want = 0.5 * (range[0].value + range[1].value);
    char upper[32] = "";
    double re = hep_relative_enhancement(muscle_pre, muscle_post);

    *out = (struct hep_gain_check){ .state = HEP_GAIN_NOT_ASSESSABLE,
                                    .muscle_re = re,
                                    .expected = { range[0].value, range[1].value },
                                    .gain = 1 };
    if (!isfinite(re) || !(muscle_post > 0) || !isfinite(range[0].value)) {
        (void)snprintf(out->reason, sizeof out->reason,
                       isfinite(range[0].value) ? "no signal of muscle"
                                                : "no expected enhancement of muscle");
        return;
    }
    if (re < GAIN_LOWEST_RE || re > GAIN_HIGHEST_RE) {
        out->state = HEP_GAIN_CORRECTED;
        out->gain = (1 + want) / (1 + re);
    } else if (re < out->expected[0] - GAIN_MARGIN || re > out->expected[1] + GAIN_MARGIN)
        out->state = HEP_GAIN_SUSPECT;
    else
        out->state = HEP_GAIN_PLAUSIBLE;
    if (out->expected[1] > out->expected[0])
        (void)snprintf(upper, sizeof upper, " to %.3g", out->expected[1] * 100);
    (void)snprintf(out->reason, sizeof out->reason,
                   "muscle enhances by %.3g %%, expected %.3g%s %%: receive gain %.2f times that "
                   "before contrast%s (corrected outside %g to %g %%)",
                   re * 100, out->expected[0] * 100, upper, (1 + re) / (1 + want),
                   out->state == HEP_GAIN_PLAUSIBLE ? ", as good as equal"
                   : out->state == HEP_GAIN_SUSPECT ? ", left as it is"
                                                    : ", corrected",
                   GAIN_LOWEST_RE * 100, GAIN_HIGHEST_RE * 100);
}
