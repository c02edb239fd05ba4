/**
 * @file  lesions/position.h
 * @brief Where in the liver a lesion lies: approximate Couinaud segment, capsule, vessels.
 *
 * Model:   seen from above, angles around the inferior vena cava, 0 to the front, positive to the
 *          patient's right. The gallbladder gives the boundary between left and right liver
 *          (Cantlie); the umbilical fissure is taken 45 degrees to its left, the right hepatic vein
 *          half-way from it to 110 degrees. Upper and lower segments part at the height of the
 *          portal vein. Segment 1: behind the portal vein and within 25 mm of the vena cava.
 * Source:  Couinaud, Le Foie, 1957; Strasberg, HPB 2000;2:333 (Brisbane terminology)
 * Differs: angles stand for hepatic veins that are not told apart: approximate, for orientation
 *          only. Without a landmark a usual place stands in, and the source says so.
 */
#ifndef HEP_LESIONS_POSITION_H
#define HEP_LESIONS_POSITION_H

#include "lesions/shells.h"

/** Landmarks of a study [mm, RAS world]. */
struct hep_liver_landmarks {
    double cava_mm[2];   /* right, anterior */
    double cantlie_rad;  /* angle of the boundary between left and right liver */
    double portal_mm[2]; /* anterior, superior */
    char source[160];    /* "inferior vena cava, gallbladder, portal vein"; what was assumed */
};
void hep_liver_landmarks_of(struct hep_liver_landmarks *out, const struct hep_lesion_study *study);

/** Segment 1 to 8 of a world point. */
int hep_couinaud(const struct hep_liver_landmarks *l, const double point_mm[3]);

struct hep_lesion_position {
    int segment;
    double capsule_mm; /* shortest distance from the lesion to the liver's surface */
    double vessel_mm;  /* to the nearest vessel; NaN when none is known */
};
void hep_lesion_position(struct hep_lesion_position *out, const struct hep_shells *shells,
                         const struct hep_lesion_study *study,
                         const struct hep_surroundings *surroundings,
                         const struct hep_liver_landmarks *landmarks);

#endif
