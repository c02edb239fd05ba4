/**
 * @file  terms/image_kind.h
 * @brief The images that rules and measures speak of: series, maps, and parts of the diffusion
 *        series.
 */
#ifndef HEP_TERMS_IMAGE_KIND_H
#define HEP_TERMS_IMAGE_KIND_H

#include "terms/phase.h"
#include "terms/unit.h"

enum hep_image {
    HEP_IMAGE_OPPOSED,
    HEP_IMAGE_IN_PHASE,
    HEP_IMAGE_T2,
    HEP_IMAGE_B_LOW,  /* lowest b > 0 up to 100 s/mm2: black blood */
    HEP_IMAGE_B_ZERO, /* mean of b = 0 */
    HEP_IMAGE_B_HIGH, /* mean of the highest b */
    HEP_IMAGE_ADC,    /* mm2/s; NaN where the fit failed */
    HEP_IMAGE_ADC_SE, /* mm2/s */
    HEP_IMAGE_IVIM_D,
    HEP_IMAGE_IVIM_F,
    HEP_IMAGE_DKI_K,
    HEP_IMAGE_FAT_FRACTION, /* PDFF when there is one, else dual echo */
    HEP_IMAGE_R2STAR,
    HEP_IMAGE_T2_MAP, /* s; only with two or more T2 echoes */
    HEP_IMAGE_PRECONTRAST,
    HEP_IMAGE_ARTERIAL,
    HEP_IMAGE_PORTAL_VENOUS,
    HEP_IMAGE_TRANSITIONAL,
    HEP_IMAGE_DELAYED,
    HEP_IMAGE_HEPATOBILIARY,
    HEP_IMAGE_COUNT
};
/** "opposed", "b_high", "portal_venous", ...: static. */
const char *hep_image_name(enum hep_image image);
/** The same for people: "opposed phase", "high b": static. */
const char *hep_image_words(enum hep_image image);
/** Unit of its values. */
enum hep_unit hep_image_unit(enum hep_image image);
/** The T1 phase behind an image; HEP_PHASE_COUNT for the others. */
enum hep_phase hep_image_phase(enum hep_image image);
/** The image of a phase. */
enum hep_image hep_phase_image(enum hep_phase phase);

#endif
