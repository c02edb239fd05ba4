#include "terms/image_kind.h"

static const struct image_row {
    const char *name, *words;
    enum hep_unit unit;
    enum hep_phase phase;
} images[HEP_IMAGE_COUNT] = {
#define SIGNAL(name, words)                                                                        \
    {                                                                                              \
        name, words, HEP_UNIT_ARBITRARY, HEP_PHASE_COUNT                                           \
    }
#define MAP(name, words, unit)                                                                     \
    {                                                                                              \
        name, words, unit, HEP_PHASE_COUNT                                                         \
    }
#define PHASE(name, phase)                                                                         \
    {                                                                                              \
        name, NULL, HEP_UNIT_ARBITRARY, phase                                                      \
    }
    [HEP_IMAGE_OPPOSED] = SIGNAL("opposed", "opposed phase"),
    [HEP_IMAGE_IN_PHASE] = SIGNAL("in_phase", "in phase"),
    [HEP_IMAGE_T2] = SIGNAL("t2", "T2-weighted"),
    [HEP_IMAGE_B_LOW] = SIGNAL("b_low", "low b"),
    [HEP_IMAGE_B_ZERO] = SIGNAL("b_zero", "b = 0"),
    [HEP_IMAGE_B_HIGH] = SIGNAL("b_high", "high b"),
    [HEP_IMAGE_ADC] = MAP("adc", "ADC", HEP_UNIT_MM2_PER_S),
    [HEP_IMAGE_ADC_SE] = MAP("adc_se", "standard error of the ADC", HEP_UNIT_MM2_PER_S),
    [HEP_IMAGE_IVIM_D] = MAP("ivim_d", "IVIM D", HEP_UNIT_MM2_PER_S),
    [HEP_IMAGE_IVIM_F] = MAP("ivim_f", "IVIM f", HEP_UNIT_FRACTION),
    [HEP_IMAGE_DKI_K] = MAP("dki_k", "kurtosis K", HEP_UNIT_DIMENSIONLESS),
    [HEP_IMAGE_FAT_FRACTION] = MAP("fat_fraction", "fat fraction", HEP_UNIT_FRACTION),
    [HEP_IMAGE_R2STAR] = MAP("r2star", "R2*", HEP_UNIT_PER_S),
    [HEP_IMAGE_T2_MAP] = MAP("t2_map", "T2", HEP_UNIT_S),
    [HEP_IMAGE_PRECONTRAST] = PHASE("precontrast", HEP_PHASE_PRECONTRAST),
    [HEP_IMAGE_ARTERIAL] = PHASE("arterial", HEP_PHASE_ARTERIAL),
    [HEP_IMAGE_PORTAL_VENOUS] = PHASE("portal_venous", HEP_PHASE_PORTAL_VENOUS),
    [HEP_IMAGE_TRANSITIONAL] = PHASE("transitional", HEP_PHASE_TRANSITIONAL),
    [HEP_IMAGE_DELAYED] = PHASE("delayed", HEP_PHASE_DELAYED),
    [HEP_IMAGE_HEPATOBILIARY] = PHASE("hepatobiliary", HEP_PHASE_HEPATOBILIARY),
#undef SIGNAL
#undef MAP
#undef PHASE
};

const char *hep_image_name(enum hep_image image)
{
    return images[image].name;
}

const char *hep_image_words(enum hep_image image)
{
    const struct image_row *row = &images[image];

    return row->words != NULL ? row->words : hep_phase_words(row->phase);
}

enum hep_unit hep_image_unit(enum hep_image image)
{
    return images[image].unit;
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
