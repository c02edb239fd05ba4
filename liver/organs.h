/**
 * @file  liver/organs.h
 * @brief Organs and vessels around a known liver, as far as the images show them.
 *
 * The map serves to measure signals, not to draw organs: each organ is its sure inside, and one
 * that does not look as it must (spleen against liver on diffusion, T2, arterial and hepatobiliary
 * images; the aorta round and straight) is left out. A missing organ makes a rule not assessable, a
 * wrong one makes it wrong.
 */
#ifndef HEP_LIVER_ORGANS_H
#define HEP_LIVER_ORGANS_H

#include "liver/images.h"

/** @param[out] anatomy enum hep_anatomy on `grid`; the caller's. HEP_ENOMEM, HEP_EGEOM. */
int hep_organs_find(struct hep_labels **anatomy, const struct hep_liver_images *im,
                    const struct hep_grid *grid, const struct hep_labels *liver,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
