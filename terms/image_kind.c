#include "terms/image_kind.h"

static const struct {
    const char *name;
    enum hep_phase phase;
} images[HEP_IMAGE_COUNT] = {
    [HEP_IMAGE_OPPOSED] = { "opposed", HEP_PHASE_COUNT },
    [HEP_IMAGE_IN_PHASE] = { "in_phase", HEP_PHASE_COUNT },
    [HEP_IMAGE_T2] = { "t2", HEP_PHASE_COUNT },
    [HEP_IMAGE_B_LOW] = { "b_low", HEP_PHASE_COUNT },
    [HEP_IMAGE_B_ZERO] = { "b_zero", HEP_PHASE_COUNT },
    [HEP_IMAGE_B_HIGH] = { "b_high", HEP_PHASE_COUNT },
    [HEP_IMAGE_ADC] = { "adc", HEP_PHASE_COUNT },
    [HEP_IMAGE_ADC_SE] = { "adc_se", HEP_PHASE_COUNT },
    [HEP_IMAGE_IVIM_D] = { "ivim_d", HEP_PHASE_COUNT },
    [HEP_IMAGE_IVIM_F] = { "ivim_f", HEP_PHASE_COUNT },
    [HEP_IMAGE_DKI_K] = { "dki_k", HEP_PHASE_COUNT },
    [HEP_IMAGE_FAT_FRACTION] = { "fat_fraction", HEP_PHASE_COUNT },
    [HEP_IMAGE_R2STAR] = { "r2star", HEP_PHASE_COUNT },
    [HEP_IMAGE_T2_MAP] = { "t2_map", HEP_PHASE_COUNT },
    [HEP_IMAGE_PRECONTRAST] = { "precontrast", HEP_PHASE_PRECONTRAST },
    [HEP_IMAGE_ARTERIAL] = { "arterial", HEP_PHASE_ARTERIAL },
    [HEP_IMAGE_PORTAL_VENOUS] = { "portal_venous", HEP_PHASE_PORTAL_VENOUS },
    [HEP_IMAGE_TRANSITIONAL] = { "transitional", HEP_PHASE_TRANSITIONAL },
    [HEP_IMAGE_DELAYED] = { "delayed", HEP_PHASE_DELAYED },
    [HEP_IMAGE_HEPATOBILIARY] = { "hepatobiliary", HEP_PHASE_HEPATOBILIARY },
};

const char *hep_image_name(enum hep_image image)
{
    return images[image].name;
}

enum hep_phase hep_image_phase(enum hep_image image)
{
    return images[image].phase;
}

enum hep_image hep_phase_image(enum hep_phase phase)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        if (phase != HEP_PHASE_COUNT && images[i].phase == phase)
            return (enum hep_image)i;
    }
    return HEP_IMAGE_COUNT;
}
