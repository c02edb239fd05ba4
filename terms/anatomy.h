/**
 * @file  terms/anatomy.h
 * @brief The organs and vessels whose signals the rules compare with, as one label map on the
 * reference grid.
 *
 * The numbers are part of the file format of the anatomy map and never change their meaning.
 */
#ifndef HEP_TERMS_ANATOMY_H
#define HEP_TERMS_ANATOMY_H

enum hep_anatomy {
    HEP_ANATOMY_NONE = 0,
    HEP_ANATOMY_LIVER = 1, /* parenchyma: liver without vessels, ducts, gallbladder */
    HEP_ANATOMY_AORTA = 2,
    HEP_ANATOMY_PORTAL_VEIN = 3,
    HEP_ANATOMY_IVC = 4, /* inferior vena cava */
    HEP_ANATOMY_HEPATIC_VEINS = 5,
    HEP_ANATOMY_VESSELS = 6, /* vessels in the liver that could not be told apart */
    HEP_ANATOMY_SPLEEN = 7,
    HEP_ANATOMY_MUSCLE = 8, /* paraspinal */
    HEP_ANATOMY_KIDNEY = 9,
    HEP_ANATOMY_GALLBLADDER = 10,
    HEP_ANATOMY_BILE_DUCTS = 11,
    HEP_ANATOMY_COUNT = 12
};

/** "liver", "portal_vein", ...; "none" for 0; static. NULL outside the enumeration. */
const char *hep_anatomy_name(enum hep_anatomy organ);
/** Code of a name as label maps made elsewhere write it ("inferior_vena_cava", "Leber" is not
 * known); HEP_ANATOMY_NONE when it is none of these. */
enum hep_anatomy hep_anatomy_from_name(const char *name);

#endif
