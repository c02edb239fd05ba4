/**
 * @file  terms/feature.h
 * @brief What a candidate is judged by: rows of terms/features.def.
 */
#ifndef HEP_TERMS_FEATURE_H
#define HEP_TERMS_FEATURE_H

enum hep_feature {
#define FEATURE(id, name, unit, meaning) HEP_FEATURE_##id,
#include "terms/features.def"
#undef FEATURE
    HEP_FEATURE_COUNT
};

struct hep_feature_row {
    const char *name, *unit, *meaning;
};
/** Static. */
const struct hep_feature_row *hep_feature_row(enum hep_feature f);

#endif
