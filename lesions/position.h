/**
 * @file  lesions/position.h
 * @brief Where in the liver a lesion lies: its distances to the capsule and to vessels.
 *
 * No Couinaud segment is given: angles around the vena cava, without hepatic veins that are told
 * apart, put lesions of three segments into one.
 */
#ifndef HEP_LESIONS_POSITION_H
#define HEP_LESIONS_POSITION_H

#include "lesions/shells.h"

struct hep_lesion_position {
    double capsule_mm; /* shortest distance from the lesion to the liver's surface */
    double vessel_mm;  /* to the nearest vessel; NaN when none is known */
};
void hep_lesion_position(struct hep_lesion_position *out, const struct hep_shells *shells,
                         const struct hep_lesion_study *study,
                         const struct hep_surroundings *surroundings);

#endif
