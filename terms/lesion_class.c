#include "terms/lesion_class.h"

#include <string.h>

static const char *const class_names[HEP_CLASS_COUNT] = {
    [HEP_CLASS_METASTASIS] = "metastasis",
    [HEP_CLASS_CYST] = "cyst",
    [HEP_CLASS_HAEMANGIOMA] = "haemangioma",
    [HEP_CLASS_FNH_LIKE] = "fnh_like",
    [HEP_CLASS_FOCAL_FAT] = "focal_fat",
    [HEP_CLASS_FAT_SPARING] = "fat_sparing",
    [HEP_CLASS_OTHER] = "other",
};

const char *hep_class_name(enum hep_lesion_class c)
{
    return class_names[c];
}

enum hep_lesion_class hep_class_from_name(const char *name)
{
    int c = 0;

    while (c < HEP_CLASS_COUNT && strcmp(name, class_names[c]) != 0)
        c++;
    return (enum hep_lesion_class)c;
}
