#include "fitting/echo_pair.h"

#include "base/alloc.h"
#include "image/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define APART 1.25      /* a ratio that decay between the echoes does not give normal tissue */
#define WATER_SHARE 0.9 /* quantile: water takes more than a tenth of every body */
#define VOXELS_MIN 1000

int hep_echo_pair_of(struct hep_echo_pair *out, const float *opposed, const float *in_phase,
                     const int32_t *body, size_t n, struct hep_error *err)
{
    float *ratio = hep_calloc(n + 1, sizeof *ratio, err);
    size_t above = 0, below = 0;

    *out = (struct hep_echo_pair){ .water_ratio = (double)NAN };
    if (ratio == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const double r = (double)opposed[i] / (double)in_phase[i];

        if ((body != NULL && body[i] == 0) || !(opposed[i] > 0.0F && in_phase[i] > 0.0F) ||
            !isfinite(r))
            continue;
        ratio[out->n++] = (float)r;
        above += r > APART;
        below += r < 1.0 / APART;
    }
    if (out->n >= VOXELS_MIN) {
        out->above_frac = (double)above / (double)out->n;
        out->below_frac = (double)below / (double)out->n;
        out->water_ratio = hep_quantile(ratio, out->n, WATER_SHARE);
    }
    free(ratio);
    return HEP_OK;
}

bool hep_echo_pair_contradicts(char reason[HEP_ECHO_PAIR_REASON], const struct hep_echo_pair *pair,
                               const struct hep_echo_pair_limits *limits)
{
    reason[0] = '\0';
    if (pair->above_frac > limits->excess_max && pair->above_frac > pair->below_frac)
        (void)snprintf(reason, HEP_ECHO_PAIR_REASON,
                       "the opposed echo exceeds the in-phase one by a quarter in %.0f %% of the "
                       "body, and falls below it by as much in %.0f %%",
                       100.0 * pair->above_frac, 100.0 * pair->below_frac);
    else if (pair->water_ratio < limits->water_min)
        (void)snprintf(
            reason, HEP_ECHO_PAIR_REASON,
            "nine tenths of the body have less than %.2f times the in-phase signal in the "
            "opposed echo, where water (muscle, blood) has once",
            pair->water_ratio);
    return reason[0] != '\0';
}
