#include "lesions/candidate_channel.h"

int hep_image_sign(enum hep_image image)
{
    static const int sign[HEP_IMAGE_COUNT] = {
        [HEP_IMAGE_OPPOSED] = -1,       [HEP_IMAGE_T2] = 1,
        [HEP_IMAGE_B_LOW] = 1,          [HEP_IMAGE_B_ZERO] = 1,
        [HEP_IMAGE_B_HIGH] = 1,         [HEP_IMAGE_ADC] = -1,
        [HEP_IMAGE_FAT_FRACTION] = 1,   [HEP_IMAGE_PRECONTRAST] = -1,
        [HEP_IMAGE_ARTERIAL] = 1,       [HEP_IMAGE_PORTAL_VENOUS] = -1,
        [HEP_IMAGE_TRANSITIONAL] = -1,  [HEP_IMAGE_DELAYED] = -1,
        [HEP_IMAGE_HEPATOBILIARY] = -1,
    };

    return sign[image];
}

bool hep_channel_hepatobiliary(const struct hep_lesion_study *study)
{
    return study->image[HEP_IMAGE_HEPATOBILIARY].volume != NULL &&
           study->hepatobiliary.grade != HEP_INADEQUATE;
}

static enum hep_image first_of(const struct hep_lesion_study *study, const enum hep_image *images,
                               size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (images[i] == HEP_IMAGE_HEPATOBILIARY ? hep_channel_hepatobiliary(study)
                                                 : study->image[images[i]].volume != NULL)
            return images[i];
    }
    return HEP_IMAGE_COUNT;
}

void hep_channels_of(struct hep_channel out[HEP_MECHANISM_COUNT],
                     const struct hep_lesion_study *study)
{
    static const enum hep_image t1[] = { HEP_IMAGE_HEPATOBILIARY, HEP_IMAGE_PORTAL_VENOUS,
                                         HEP_IMAGE_TRANSITIONAL,  HEP_IMAGE_DELAYED,
                                         HEP_IMAGE_PRECONTRAST,   HEP_IMAGE_OPPOSED };
    static const enum hep_image diffusion[] = { HEP_IMAGE_B_HIGH, HEP_IMAGE_B_LOW, HEP_IMAGE_ADC };
    static const enum hep_image t2[] = { HEP_IMAGE_T2, HEP_IMAGE_B_ZERO };
    static const enum hep_image arterial[] = { HEP_IMAGE_ARTERIAL };
    /* Fat is as bright in phase as it is; opposed, lean lesions in a fatty liver would be too. */
    static const enum hep_image bright[] = { HEP_IMAGE_PRECONTRAST, HEP_IMAGE_IN_PHASE };
    static const enum hep_image fat[] = { HEP_IMAGE_FAT_FRACTION };
    /* With a fat fraction the opposed phase holds nothing of its own. */

    out[HEP_MECHANISM_T1] = (struct hep_channel){ first_of(study, t1, 6), false, true };
    out[HEP_MECHANISM_DIFFUSION] =
        (struct hep_channel){ first_of(study, diffusion, 3), true, false };
    if (out[HEP_MECHANISM_DIFFUSION].image == HEP_IMAGE_ADC)
        out[HEP_MECHANISM_DIFFUSION].bright = out[HEP_MECHANISM_DIFFUSION].dark = true;
    out[HEP_MECHANISM_T2] = (struct hep_channel){ first_of(study, t2, 2), true, false };
    out[HEP_MECHANISM_ARTERIAL] = (struct hep_channel){ first_of(study, arterial, 1), true, false };
    out[HEP_MECHANISM_T1_BRIGHT] = (struct hep_channel){ first_of(study, bright, 2), true, false };
    out[HEP_MECHANISM_FAT] = (struct hep_channel){ first_of(study, fat, 1), true, true };
}
