#include "lesions/candidate_features.h"

#include <math.h>

#define DEPTH_MAX_MM 20.0 /* nothing of the surface, and of what enters there, comes deeper */

static double contrast(const struct hep_spot *s, enum hep_image image)
{
    return image == HEP_IMAGE_COUNT ? (double)NAN : asinh(s->z[image]);
}

/* Share of the mechanisms of a mass, of those that were measured, with a sure difference. */
static double agreement(const struct hep_spot *s,
                        const struct hep_channel channels[HEP_MECHANISM_COUNT], double sure_z)
{
    static const enum hep_mechanism mass[] = { HEP_MECHANISM_T1, HEP_MECHANISM_DIFFUSION,
                                               HEP_MECHANISM_T2 };
    int n = 0, sure = 0;

    for (int i = 0; i < 3; i++) {
        const enum hep_image image = channels[mass[i]].image;

        if (image == HEP_IMAGE_COUNT || isnan(s->z[image]))
            continue;
        n++;
        sure += s->z[image] >= sure_z;
    }
    return n > 0 ? (double)sure / n : (double)NAN;
}

void hep_candidate_features(double out[HEP_FEATURE_COUNT], const struct hep_spot *seen,
                            const struct hep_spot *region, const struct hep_delineation *outline,
                            double vesselness,
                            const struct hep_channel channels[HEP_MECHANISM_COUNT],
                            const struct hep_lesion_limits *limits)
{
    out[HEP_FEATURE_SUPPORT] = log(seen->score);
    out[HEP_FEATURE_CONTRAST_T1] = contrast(region, channels[HEP_MECHANISM_T1].image);
    out[HEP_FEATURE_CONTRAST_DIFFUSION] = contrast(region, channels[HEP_MECHANISM_DIFFUSION].image);
    out[HEP_FEATURE_CONTRAST_T2] = contrast(region, channels[HEP_MECHANISM_T2].image);
    out[HEP_FEATURE_CONTRAST_ARTERIAL] = contrast(region, HEP_IMAGE_ARTERIAL);
    out[HEP_FEATURE_CONTRAST_PORTAL] = contrast(region, HEP_IMAGE_PORTAL_VENOUS);
    out[HEP_FEATURE_CONTRAST_BRIGHT] = asinh(region->t1_bright_z);
    out[HEP_FEATURE_CONTRAST_FAT] = fabs(contrast(region, channels[HEP_MECHANISM_FAT].image));
    out[HEP_FEATURE_WATER] = contrast(region, HEP_IMAGE_ADC);
    out[HEP_FEATURE_AGREEMENT] = agreement(region, channels, limits->shown_z.hi);
    out[HEP_FEATURE_SIZE] = log(2.0 * region->radius_mm);
    out[HEP_FEATURE_SPHERICITY] = fmin(fmax(seen->roundness, 0.0), 1.0);
    out[HEP_FEATURE_CONTINUATION] = seen->ties;
    out[HEP_FEATURE_TUBENESS] = vesselness;
    out[HEP_FEATURE_ELONGATION] = log(fmax(outline->elongation, 1.0));
    out[HEP_FEATURE_DEPTH] = fmin(region->depth_mm, DEPTH_MAX_MM);
    out[HEP_FEATURE_SURFACE] = seen->surface_factor;
    out[HEP_FEATURE_INSIDE] = region->inside_frac;
    out[HEP_FEATURE_FLUID_OUTSIDE] =
        isnan(out[HEP_FEATURE_WATER])
            ? (double)NAN
            : fmax(-out[HEP_FEATURE_WATER], 0.0) * (1.0 - region->inside_frac);
}
