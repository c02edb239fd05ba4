/**
 * @file  lesions/flag.h
 * @brief Flags: yes, no, or not assessable with the reason, from what was measured.
 *
 * Source:  restriction against T2 shine-through: Taouli and Koh, Radiology 2010;254:47-66, with the
 *          limits of Mungai et al., Medicine 2014; ring, peripheral washout, targetoid: ACR LI-RADS
 *          v2018 as a dictionary of signs, no LI-RADS category is given; which phases show washout:
 *          Maino et al., World J Gastroenterol 2023;29:5180; limits are settings (lesions/limits.h)
 * Differs: a ring must also enhance more than the liver beside it, since a rim between core and
 *          liver may be their mixture within a voxel
 * Valid:   what a flag needs and the study lacks makes it not assessable, never absent
 */
#ifndef HEP_LESIONS_FLAG_H
#define HEP_LESIONS_FLAG_H

#include "lesions/measure.h"

/** What high b-value signal and ADC say together. */
enum hep_restriction {
    HEP_RESTRICTION_UNKNOWN, /* no value */
    HEP_RESTRICTED,
    HEP_SHINE_THROUGH,
    HEP_DARK_THROUGH, /* low ADC of tissue without signal: fibrosis, iron, calcification */
    HEP_INTERMEDIATE, /* none of these */
    HEP_UNCERTAIN     /* the interval of the ADC spans a limit */
};
/** "restricted", "shine-through", ...: static. */
const char *hep_restriction_name(enum hep_restriction r);

/** A region as the rule sees it. */
struct hep_restriction_input {
    double b_high_z;                        /* robust z of the highest b against the ring */
    double b_zero_z;                        /* of b = 0, or of the lowest b; NaN unknown */
    double adc_mm2_per_s, adc_se_mm2_per_s; /* standard error; NaN or 0: none known */
    double adc_liver_mm2_per_s;
};
/** The 95 % interval of the ADC decides. */
enum hep_restriction hep_restriction_of(const struct hep_restriction_input *in,
                                        const struct hep_lesion_limits *limits);
/** Restricted up to the first, shine-through from the second [mm2/s]. */
void hep_restriction_limits(double *restricted_max, double *shine_min, double adc_liver_mm2_per_s,
                            const struct hep_lesion_limits *limits);

/** 1 for a discontinuous rim as bright as blood, peripheral nodules as in haemangioma, 0 for none;
 * of the phase with the stronger ring, NaN when there is none to judge. */
double hep_nodular_peripheral(const struct hep_lesion_measures *m);

/** Judge one flag, whatever the others are. */
struct hep_flag_result hep_flag_judge(enum hep_flag flag, const struct hep_lesion_measures *m);

/* ---- parts of hep_flag_judge(), for the files of this module --------------------------------- */

/* One function per row of terms/flags.def; the images that the row needs are there. */
#define FLAG(id, name, ...)                                                                        \
    void hep_judge_##name(struct hep_flag_result *flag, const struct hep_lesion_measures *m);
#include "terms/flags.def"
#undef FLAG

/** False, with the flag set to not assessable, when the image is missing. */
bool hep_flag_needs(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                    enum hep_image image);
/** As above, also when the phase lies outside its window or the agent has none. */
bool hep_flag_needs_phase(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                          enum hep_phase phase);
/** As above, also when the series cannot resolve rim and core. */
bool hep_flag_needs_shells(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                           enum hep_image image);
/** Do rim and core of an image differ by the contrast that counts as a target? */
bool hep_target_contrast(const struct hep_lesion_measures *m, enum hep_image image);

#endif
