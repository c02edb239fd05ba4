/**
 * @file  liver/vessels.h
 * @brief Aorta, inferior vena cava and the vessels of the liver, where contrast agent shows them.
 * Model:   large vessels are chains of round spots through axial slices, between the level of muscle
 *          and that of the brightest blood; vessels of the liver are thin and long and brighter than
 *          it (portal venous, delayed, extracellular agents) or darker (hepatobiliary)
 * Valid:   a vessel in doubt is left out, since medians are taken of what is marked: spots that run
 *          together with other organs end a chain
 */
#ifndef HEP_LIVER_VESSELS_H
#define HEP_LIVER_VESSELS_H

#include "liver/images.h"

/**
 * Mark aorta and vena cava in a map of organs, where it is free.
 * @param[in,out] map enum hep_anatomy, fine grid
 */
int hep_vessels_trunks(struct hep_labels *map, const struct hep_liver_images *im,
                       struct hep_error *err) HEP_MUST_CHECK;
/** Mark the vessels inside the liver: portal vein and hepatic veins where they are thick, and the
 * others together. @param[in] liver coarse grid */
int hep_vessels_inside(struct hep_labels *map, const struct hep_liver_images *im,
                       const struct hep_labels *liver, struct hep_error *err) HEP_MUST_CHECK;

#endif
