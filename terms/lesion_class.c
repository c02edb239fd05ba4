#include "terms/lesion_class.h"

#include "base/text.h"

static const struct hep_class_row rows[HEP_CLASS_COUNT] = {
    [HEP_CLASS_METASTASIS] = { "metastasis", "metastasis", "metastases", "met",
                               "Metastasis of a cancer elsewhere." },
    [HEP_CLASS_CYST] = { "cyst", "cyst", "cysts", "cyst", "Simple cyst." },
    [HEP_CLASS_HAEMANGIOMA] = { "haemangioma", "haemangioma", "haemangiomas", "haem",
                                "Haemangioma." },
    [HEP_CLASS_FNH_LIKE] = { "fnh_like", "FNH-like", "FNH-like", "FNH",
                             "Focal nodular hyperplasia, or a nodule of hepatocytes like it." },
    [HEP_CLASS_FOCAL_FAT] = { "focal_fat", "focal fat", "focal fat", "fat",
                              "A part of the liver with more fat than the rest." },
    [HEP_CLASS_FAT_SPARING] = { "fat_sparing", "fat sparing", "fat sparing", "spare",
                                "A part of a fatty liver with less fat than the rest." },
    [HEP_CLASS_OTHER] = { "other", "other", "other", "other", "None of these." },
};

const struct hep_class_row *hep_class_row(enum hep_lesion_class c)
{
    return &rows[c];
}

const char *hep_class_name(enum hep_lesion_class c)
{
    return (unsigned)c < HEP_CLASS_COUNT ? rows[c].name : NULL;
}

enum hep_lesion_class hep_class_from_name(const char *name)
{
    int c = 0;

    while (c < HEP_CLASS_COUNT && strcmp(name, rows[c].name) != 0)
        c++;
    return (enum hep_lesion_class)c;
}

const char *hep_class_did_you_mean(const char *name)
{
    const char *names[HEP_CLASS_COUNT];

    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        names[c] = rows[c].name;
    return hep_did_you_mean(name, names, HEP_CLASS_COUNT);
}
