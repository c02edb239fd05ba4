/**
 * @file  terms/lesion_class.h
 * @brief The classes of a lesion, as words of lesions.json.
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
/** "metastasis", ... as in lesions.json. */
const char *hep_class_name(enum hep_lesion_class c);
/** HEP_CLASS_COUNT when unknown. */
enum hep_lesion_class hep_class_from_name(const char *name);

#endif
