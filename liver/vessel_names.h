/**
 * @file  liver/vessel_names.h
 * @brief Which of the thick vessels inside the liver are portal, which are hepatic veins.
 * Model:   by the arrival of the agent. In a late arterial phase it has reached the portal vein
 *          through gut and spleen, the hepatic veins only after the liver's own transit: by
 *          contrast/kinetics.h ln(portal / liver) is 0.15 to 0.7 from 35 to 45 s, ln(hepatic vein /
 *          liver) -0.6 to 0.2, at each time at least 0.45 less. Where no vessel is bright yet, or
 *          without an arterial phase, by height: the porta lies low, the hepatic veins end high
 * Valid:   medians are taken of what is named, so what could be either keeps no name
 */
#ifndef HEP_LIVER_VESSEL_NAMES_H
#define HEP_LIVER_VESSEL_NAMES_H

#include "liver/images.h"

/**
 * Name thick parts of the vessels in the liver.
 * @param[in,out] map   enum hep_anatomy, fine grid
 * @param[in]     mask  vessels inside the liver, fine grid
 * @param[in]     liver coarse grid
 * @return HEP_ENOMEM
 */
int hep_vessels_name(struct hep_labels *map, const struct hep_labels *mask,
                     const struct hep_liver_images *im, const struct hep_labels *liver,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
