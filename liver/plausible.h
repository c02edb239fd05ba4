/**
 * @file  liver/plausible.h
 * @brief Can the liver's median of a map be true?
 *
 * A median over thousands of voxels has no noise to speak of: where it lies outside what a liver
 * can have, the images contradict what is known of them, and nothing that was made of them is a
 * result. Which limits hold is the caller's; their sources stand in the settings table.
 * Valid:   livers as a whole. A lesion may have any value.
 */
#ifndef HEP_LIVER_PLAUSIBLE_H
#define HEP_LIVER_PLAUSIBLE_H

#include <stdbool.h>
#include <stddef.h>

enum hep_liver_quantity { HEP_LIVER_ADC, HEP_LIVER_FAT_FRACTION };

/** Short enough to stand in the reason of a flag. */
#define HEP_IMPLAUSIBLE_REASON 280

/**
 * @param[out] reason   the number, the limits and the likely causes; empty when there is no
 *                      contradiction
 * @param[in]  median   of the liver, mm2/s or fraction; NaN: not measured, no contradiction by it
 * @param[in]  limits   inclusive
 * @param[in]  evidence of a contradiction that is known already, such as
 *                      hep_diffusion_rise_text(); NULL for none
 * @return true when the map contradicts physics
 */
bool hep_liver_contradicts(char reason[HEP_IMPLAUSIBLE_REASON], enum hep_liver_quantity quantity,
                           double median, const double limits[2], const char *evidence);

/** Medians of a fat fraction in organs beside the liver; NaN where one was not found. */
struct hep_fat_elsewhere {
    double spleen, muscle;
    /* What R2* that is not corrected does to the fraction of water: -1 lowers it (the opposed echo
     * is the earlier), 1 raises it, 0: corrected. */
    int decay;
};
#define HEP_FAT_ELSEWHERE_REASON 160

/**
 * The spleen has no fat, and no muscle has less than none: an echo that is scaled moves all water by one amount,
 * up when the opposed echo lost, down when it won. Both organs must agree where both are known; iron, which only
 * the spleen stores, is no contradiction.
 * Source: the spleen as the organ without fat, Qayyum et al., Radiology 2005;237:507
 * @param[out] reason with the numbers; empty when the fractions may be true
 * @param[in]  off_max largest distance from 0 that is no contradiction
 */
bool hep_fat_elsewhere_contradicts(char reason[HEP_FAT_ELSEWHERE_REASON],
                                   const struct hep_fat_elsewhere *fat, double off_max);

#endif
