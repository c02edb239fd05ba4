#include "fitting/echo_pair.h"

#include "base/alloc.h"
#include "image/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define APART 1.25      /* a ratio that decay between the echoes does not give normal tissue */
#define WATER_SHARE 0.9 /* quantile: water takes more than a tenth of every body */
#define VOXELS_MIN 1000
#define BRIGHTEST 0.99 /* quantile */
#define BRIGHT 0.1     /* of it */
#define ONE_IMAGE 0.99 /* share: two acquisitions have noise of their own in every voxel */

static bool is_counted(const float *opposed, const float *in_phase, const int32_t *body, size_t i,
                       double least)
{
    return (body == NULL || body[i] != 0) && opposed[i] > 0.0F && (double)in_phase[i] > least &&
           isfinite(opposed[i] / in_phase[i]);
}

int hep_echo_pair_of(struct hep_echo_pair *out, const float *opposed, const float *in_phase,
                     const int32_t *body, size_t n, struct hep_error *err)
{
    float *ratio = hep_calloc(n + 1, sizeof *ratio, err);
    size_t above = 0, below = 0, same = 0, all = 0;
    double least;

    *out = (struct hep_echo_pair){ .water_ratio = (double)NAN };
    if (ratio == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (is_counted(opposed, in_phase, body, i, 0.0))
            ratio[all++] = in_phase[i];
    }
    least = all > 0 ? BRIGHT * hep_quantile(ratio, all, BRIGHTEST) : 0.0;
    for (size_t i = 0; i < n; i++) {
        const double r = (double)opposed[i] / (double)in_phase[i];

        if (!is_counted(opposed, in_phase, body, i, least))
            continue;
        ratio[out->n++] = (float)r;
        above += r > APART;
        below += r < 1.0 / APART;
        same += opposed[i] == in_phase[i];
    }
    if (out->n >= VOXELS_MIN) {
        out->above_frac = (double)above / (double)out->n;
        out->below_frac = (double)below / (double)out->n;
        out->same_frac = (double)same / (double)out->n;
        out->water_ratio = hep_quantile(ratio, out->n, WATER_SHARE);
    }
    free(ratio);
    return HEP_OK;
}

bool hep_echo_pair_contradicts(char reason[HEP_ECHO_PAIR_REASON], const struct hep_echo_pair *pair,
                               const struct hep_echo_pair_limits *limits)
{
    const bool mostly = pair->above_frac > pair->below_frac;

    reason[0] = '\0';
    if (pair->same_frac > ONE_IMAGE)
        (void)snprintf(reason, HEP_ECHO_PAIR_REASON,
                       "the opposed and the in-phase echo are one image twice");
    else if (pair->above_frac > (mostly ? limits->excess_max : limits->apart_max))
        (void)snprintf(reason, HEP_ECHO_PAIR_REASON,
                       "the opposed echo exceeds the in-phase one by a quarter in %.0f %% of the "
                       "body, and falls below it by as much in %.0f %%%s",
                       100.0 * pair->above_frac, 100.0 * pair->below_frac,
                       mostly ? "" : ": they lie apart");
    else if (pair->water_ratio < limits->water_min)
        (void)snprintf(
            reason, HEP_ECHO_PAIR_REASON,
            "nine tenths of the body have less than %.2f times the in-phase signal in the "
            "opposed echo, where water (muscle, blood) has once",
            pair->water_ratio);
    return reason[0] != '\0';
}
