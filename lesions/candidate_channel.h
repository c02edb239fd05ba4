/**
 * @file  lesions/candidate_channel.h
 * @brief Which images lesions are searched in, and which way a lesion differs from liver in each.
 *
 * Sources of the signs: hepatobiliary phase and other T1 phases, lesions take up less than liver
 * (Bashir et al., Acad Radiol 2014, and reviews); high b and T2, brighter than liver; arterial
 * phase, hypervascular nodules are brighter; before contrast, melanin and blood products are
 * brighter (Maino et al., World J Gastroenterol 2023); fat, focal fat and focal sparing differ
 * either way.
 */
#ifndef HEP_LESIONS_CANDIDATE_CHANNEL_H
#define HEP_LESIONS_CANDIDATE_CHANNEL_H

#include "lesions/limits.h"
#include "liver/study.h"

/** Independent physical mechanisms. */
enum hep_mechanism {
    HEP_MECHANISM_T1, /* less agent or longer T1 than liver */
    HEP_MECHANISM_DIFFUSION,
    HEP_MECHANISM_T2,
    HEP_MECHANISM_ARTERIAL,
    HEP_MECHANISM_T1_BRIGHT, /* melanin, methaemoglobin, protein: before contrast */
    HEP_MECHANISM_FAT,
    HEP_MECHANISM_COUNT
};

struct hep_channel {
    enum hep_image image; /* HEP_IMAGE_COUNT: the study has none */
    bool bright, dark;    /* ways a lesion may differ */
};

/** One channel per mechanism, the best image that the study has for it. */
void hep_channels_of(struct hep_channel out[HEP_MECHANISM_COUNT],
                     const struct hep_lesion_study *study);

/** +1 where a lesion is bright, -1 where it is dark; 0 for images that are not compared. Fat
 * fraction is +1: focal fat. */
int hep_image_sign(enum hep_image image);

/** May the hepatobiliary phase be used: not when it is judged inadequate. */
bool hep_channel_hepatobiliary(const struct hep_lesion_study *study);

#endif
