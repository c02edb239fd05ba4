#include "sequences/scan_time.h"

#include <math.h>

#define SSFSE_S_PER_SLICE 1.0
#define TRIGGER_EFFICIENCY 0.5
#define NAVIGATOR_EFFICIENCY 0.4

static double average_of(const struct hep_scan *s, size_t i)
{
    if (s->n_averages == 0)
        return 1.0;
    return s->averages[i < s->n_averages ? i : s->n_averages - 1];
}

/* Volumes of a diffusion series: averages x directions of every b-value; b = 0 has one direction.
 */
static double diffusion_volumes(const struct hep_scan *s)
{
    double volumes = 0.0;

    if (s->n_b == 0)
        return average_of(s, 0);
    for (size_t i = 0; i < s->n_b; i++)
        volumes += average_of(s, i) * (s->b_s_per_mm2[i] > 0.0 ? s->directions : 1.0);
    return volumes;
}

static double efficiency_of(const struct hep_scan *s)
{
    if (!isnan(s->efficiency))
        return s->efficiency;
    if (s->technique == HEP_TECHNIQUE_EPI_TRIGGERED)
        return TRIGGER_EFFICIENCY;
    return s->technique == HEP_TECHNIQUE_EPI_NAVIGATOR ? NAVIGATOR_EFFICIENCY : 1.0;
}

double hep_scan_time_s(const struct hep_scan *s)
{
    const double shots = ceil(s->matrix_phase / s->echo_train);

    switch (s->technique) {
    case HEP_TECHNIQUE_SPGR:
    case HEP_TECHNIQUE_DUAL_ECHO:
    case HEP_TECHNIQUE_MULTI_ECHO:
        return s->tr_s * s->matrix_phase * s->slices * s->partial_fourier / s->acceleration;
    case HEP_TECHNIQUE_FSE:
        return s->tr_s * shots * average_of(s, 0);
    case HEP_TECHNIQUE_FSE_TRIGGERED:
        return s->respiratory_period_s * shots * average_of(s, 0);
    case HEP_TECHNIQUE_SSFSE:
        return SSFSE_S_PER_SLICE * s->slices;
    case HEP_TECHNIQUE_EPI_BREATH_HOLD:
    case HEP_TECHNIQUE_EPI_FREE:
    case HEP_TECHNIQUE_EPI_TRIGGERED:
    case HEP_TECHNIQUE_EPI_NAVIGATOR:
        return s->tr_s * diffusion_volumes(s) / efficiency_of(s);
    }
    return 0.0;
}

long hep_scan_breath_holds(enum hep_technique technique, double scan_s, double longest_s)
{
    switch (technique) {
    case HEP_TECHNIQUE_SPGR:
    case HEP_TECHNIQUE_DUAL_ECHO:
    case HEP_TECHNIQUE_MULTI_ECHO:
        return 1;
    case HEP_TECHNIQUE_FSE:
    case HEP_TECHNIQUE_SSFSE:
    case HEP_TECHNIQUE_EPI_BREATH_HOLD:
        return (long)ceil(scan_s / longest_s);
    case HEP_TECHNIQUE_FSE_TRIGGERED:
    case HEP_TECHNIQUE_EPI_FREE:
    case HEP_TECHNIQUE_EPI_TRIGGERED:
    case HEP_TECHNIQUE_EPI_NAVIGATOR:
        break;
    }
    return 0;
}
