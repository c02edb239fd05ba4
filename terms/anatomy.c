#include "terms/anatomy.h"

#include "base/text.h"

#include <stddef.h>

/* Names of our own first, then those of TotalSegmentator and of hand-made maps. */
static const struct {
    const char *name;
    enum hep_anatomy organ;
} names[] = {
    { "none", HEP_ANATOMY_NONE },
    { "liver", HEP_ANATOMY_LIVER },
    { "aorta", HEP_ANATOMY_AORTA },
    { "portal_vein", HEP_ANATOMY_PORTAL_VEIN },
    { "ivc", HEP_ANATOMY_IVC },
    { "hepatic_veins", HEP_ANATOMY_HEPATIC_VEINS },
    { "vessels", HEP_ANATOMY_VESSELS },
    { "spleen", HEP_ANATOMY_SPLEEN },
    { "muscle", HEP_ANATOMY_MUSCLE },
    { "kidney", HEP_ANATOMY_KIDNEY },
    { "gallbladder", HEP_ANATOMY_GALLBLADDER },
    { "bile_ducts", HEP_ANATOMY_BILE_DUCTS },
    { "portal_vein_and_splenic_vein", HEP_ANATOMY_PORTAL_VEIN },
    { "portal vein", HEP_ANATOMY_PORTAL_VEIN },
    { "inferior_vena_cava", HEP_ANATOMY_IVC },
    { "inferior vena cava", HEP_ANATOMY_IVC },
    { "hepatic veins", HEP_ANATOMY_HEPATIC_VEINS },
    { "autochthon_left", HEP_ANATOMY_MUSCLE },
    { "autochthon_right", HEP_ANATOMY_MUSCLE },
    { "paraspinal_muscle", HEP_ANATOMY_MUSCLE },
    { "kidney_left", HEP_ANATOMY_KIDNEY },
    { "kidney_right", HEP_ANATOMY_KIDNEY },
    { "gall_bladder", HEP_ANATOMY_GALLBLADDER },
};

const char *hep_anatomy_name(enum hep_anatomy organ)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].organ == organ)
            return names[i].name;
    }
    return NULL;
}

enum hep_anatomy hep_anatomy_from_name(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(name) == strlen(names[i].name) && hep_contains_nocase(name, names[i].name))
            return names[i].organ;
    }
    return HEP_ANATOMY_NONE;
}
