#include "contrast/gain.h"

#include <math.h>
#include <stdio.h>

/* Fewer voxels say nothing about a share of two in a hundred. */
#define CORE_MIN_VOXELS 200

void hep_gain_check_signal(struct hep_gain *gain, const struct hep_volume *before,
                           const struct hep_volume *after, const struct hep_labels *core,
                           const struct hep_gain_limits *limits)
{
    size_t n = 0, lost = 0, gained = 0;
    double share;

    for (size_t i = 0; i < hep_grid_voxels(&core->grid); i++) {
        const double b = (double)before->data[i], a = gain->factor * (double)after->data[i];

        if (core->data[i] == 0 || !isfinite(a) || !isfinite(b))
            continue;
        n++;
        lost += a < limits->possible[0] * b;
        gained += a > limits->possible[1] * b;
    }
    share = (double)(lost > gained ? lost : gained) / (double)n;
    if (n < CORE_MIN_VOXELS || share <= limits->impossible_max)
        return;
    gain->state = HEP_GAIN_NOT_ASSESSABLE;
    gain->factor = 1.0;
    (void)snprintf(gain->reason, sizeof gain->reason,
                   "%.0f %% of the liver's inner voxels have %s %.2g times their signal before "
                   "contrast, which no agent does: slices without signal, water and fat exchanged, "
                   "or other slices%s",
                   100.0 * share, lost > gained ? "less than" : "more than",
                   lost > gained ? limits->possible[0] : limits->possible[1],
                   lost > gained ? "" : ", in the series before contrast");
}
