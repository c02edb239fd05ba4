/**
 * @file  terms/lesion_class.h
 * @brief The classes of a lesion.
 */
#ifndef HEP_TERMS_LESION_CLASS_H
#define HEP_TERMS_LESION_CLASS_H

enum hep_lesion_class {
    HEP_CLASS_METASTASIS,
    HEP_CLASS_CYST,
    HEP_CLASS_HAEMANGIOMA,
    HEP_CLASS_FNH_LIKE,
    HEP_CLASS_FOCAL_FAT,
    HEP_CLASS_FAT_SPARING,
    HEP_CLASS_OTHER,
    HEP_CLASS_COUNT
};

struct hep_class_row {
    const char *name;         /* "fnh_like", as in lesions.json */
    const char *words, *many; /* "metastasis", "metastases" */
    const char *short_words;  /* at the axis of a plot: "met" */
    const char *meaning;      /* one sentence */
};
/** Static. */
const struct hep_class_row *hep_class_row(enum hep_lesion_class c);
/** The name of the row; NULL outside the enumeration. */
const char *hep_class_name(enum hep_lesion_class c);
/** HEP_CLASS_COUNT when unknown. */
enum hep_lesion_class hep_class_from_name(const char *name);
/** The nearest known name; NULL when none is near. */
const char *hep_class_did_you_mean(const char *name);

#endif
