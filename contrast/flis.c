/* The FLIS proxy: grades from ratios of regions. */
#include "contrast/enhancement.h"

#include <math.h>

#define FLIS_EQUAL 0.10 /* signals within this count as equal */

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
