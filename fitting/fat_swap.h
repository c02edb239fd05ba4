/**
 * @file  fitting/fat_swap.h
 * @brief Where water and fat are exchanged: a border inside one tissue across which the fat fraction
 *        jumps to its complement.
 *
 * Model:   exchanged, W' = F and F' = W: the fraction becomes 1 - f, and the sum of water and fat
 *          stays. A border of organs changes the sum as well, or the fraction by steps through mixed
 *          voxels. Regions are voxels, but mixed ones, whose neighbours differ by less than
 *          HEP_SWAP_SAME in fraction and HEP_SWAP_SIGNAL in ln of the sum. A face between two
 *          regions is a seam where the fractions lie HEP_SWAP_JUMP and more apart, add up to 1 within
 *          HEP_SWAP_SAME, and the sum goes on. Two regions of HEP_SWAP_REGION_ML and more that meet
 *          mostly in seams, over HEP_SWAP_SEAM_CM2 and more and a twentieth of where the fraction
 *          of one of them ends, are one tissue: organs are water, so that the one with the high fraction
 *          is exchanged; under the skin, where most of both lies within HEP_SWAP_SKIN_MM of the air,
 *          tissue is fat, and it is the one with the low fraction.
 *          What else reads as fat and hangs together with an exchanged organ goes with it.
 * Source:  Reeder et al., Magn Reson Med 2004;51:35 (exchange as the other solution of water-fat
 *          separation); limits are expert values: at SNR 20 the sum of neighbours differs by 7 %
 * Valid:   a fraction of two images or of a fit with two valleys, and an image that is the same for f
 *          and 1 - f. Organs of an exchanged half that do not cross its border are not found
 * Threads: one
 */
#ifndef HEP_FITTING_FAT_SWAP_H
#define HEP_FITTING_FAT_SWAP_H

#include "image/volume.h"

#include <stdint.h>

#define HEP_SWAP_SAME 0.15
#define HEP_SWAP_SIGNAL 0.2
#define HEP_SWAP_JUMP 0.6
#define HEP_SWAP_MIXED 0.15 /* about 0.5 */
#define HEP_SWAP_REGION_ML 1.0
#define HEP_SWAP_SEAM_CM2 2.0
#define HEP_SWAP_SKIN_MM 15.0

struct hep_swap {
    size_t n_voxels, n_regions; /* exchanged */
    double seam_cm2;            /* of their borders */
    double skin_fat_frac[2];    /* share of the tissue under the skin that reads as fat, in the
                                    half of lower and of higher x index; NaN where there is none */
};

/**
 * @param[out] exchanged [voxels of the grid] 1 where water and fat are exchanged
 * @param[in]  fraction, signal [voxels]; signal: the sum of water and fat, or an in-phase image
 * @return HEP_ENOMEM. A scene without a body has no exchanged voxel
 */
int hep_swap_find(uint8_t *exchanged, struct hep_swap *out, const float *fraction,
                  const float *signal, const struct hep_grid *grid,
                  struct hep_error *err) HEP_MUST_CHECK;

#define HEP_SWAP_TEXT 160
/** One half of the skin without fat beside one with: "subcutaneous fat reads as water on one side:
 * water and fat are exchanged"; false, with an empty text, when there is nothing to say. */
bool hep_swap_skin_text(char text[HEP_SWAP_TEXT], const struct hep_swap *s);

#endif
