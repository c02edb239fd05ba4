#include "liver/plausible.h"

#include "fitting/diffusion_order.h"
#include "fitting/iron_signal.h"

#include <math.h>
#include <stdio.h>

/* How a quantity is written, and what likely lies behind values beyond its limits. */
struct wording {
    const char *name;
    double scale; /* shown = value * scale, followed by `ending`, and once by `unit` */
    int digits;
    const char *ending, *unit, *too_low, *too_high;
};

static const struct wording wordings[] = {
    [HEP_LIVER_ADC] = { "ADC", 1000.0, 2, "e-3", " mm2/s", HEP_DIFFUSION_LIKELY_CAUSES,
                        "b-values in another unit, volumes scaled differently, or a mask beside "
                        "the liver" },
    [HEP_LIVER_FAT_FRACTION] = { "fat fraction", 100.0, 0, " %", "",
                                 "echoes scaled differently or exchanged, or iron not corrected "
                                 "for",
                                 "water and fat exchanged, or echoes scaled differently" },
};

bool hep_liver_contradicts(char reason[HEP_IMPLAUSIBLE_REASON], enum hep_liver_quantity quantity,
                           double median, const double limits[2], const char *evidence)
{
    const struct wording *w = &wordings[quantity];
    const bool too_low = median<limits[0], too_high = median> limits[1];
    const bool is_iron =
        evidence != NULL && strncmp(evidence, HEP_IRON_SAYS, strlen(HEP_IRON_SAYS)) == 0;
    char number[64] = "", range[64] = "";

    reason[0] = '\0';
    if (!too_low && !too_high && evidence == NULL)
        return false;
    if (isfinite(median))
        (void)snprintf(number, sizeof number, "liver median %s %.*f%s%s", w->name, w->digits,
                       w->scale * median, w->ending, w->unit);
    if (too_low || too_high)
        (void)snprintf(range, sizeof range, ", plausible %.*f%s to %.*f%s", w->digits,
                       w->scale * limits[0], w->ending, w->digits, w->scale * limits[1], w->ending);
    (void)snprintf(reason, HEP_IMPLAUSIBLE_REASON, "%s%s%s%s%s%s", number, range,
                   number[0] != '\0' && evidence != NULL ? "; " : "",
                   evidence != NULL ? evidence : "", is_iron ? "" : ": ",
                   is_iron                        ? ""
                   : too_high && evidence == NULL ? w->too_high
                                                  : w->too_low);
    return true;
}

bool hep_fat_elsewhere_contradicts(char reason[HEP_FAT_ELSEWHERE_REASON],
                                   const struct hep_fat_elsewhere *fat, double off_max)
{
    const bool spleen_known = isfinite(fat->spleen), muscle_known = isfinite(fat->muscle);
    /* Muscle may hold fat, and a spleen iron: each alone says the one thing that it cannot have. */
    const bool high = fat->spleen > off_max &&
                      (muscle_known ? fat->muscle > off_max : fat->decay <= 0),
               low = (fat->muscle < -off_max && (!spleen_known || fat->spleen < -off_max)) ||
                     (!muscle_known && fat->spleen < -off_max && fat->decay >= 0);
    char spleen[32] = "", muscle[32] = "";

    reason[0] = '\0';
    if (!high && !low)
        return false;
    if (spleen_known)
        (void)snprintf(spleen, sizeof spleen, "%.0f %% in the spleen", 100.0 * fat->spleen);
    if (muscle_known)
        (void)snprintf(muscle, sizeof muscle, "%.0f %% in muscle", 100.0 * fat->muscle);
    (void)snprintf(reason, HEP_FAT_ELSEWHERE_REASON, "the same images give %s%s%s, where %s",
                   spleen, spleen_known && muscle_known ? " and " : "", muscle,
                   high ? "there is no fat" : "it cannot be below 0");
    return true;
}
