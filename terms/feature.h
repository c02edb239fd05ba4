/**
 * @file  terms/feature.h
 * @brief What a candidate is judged by: rows of terms/features.def.
 */
#ifndef HEP_TERMS_FEATURE_H
#define HEP_TERMS_FEATURE_H

enum hep_feature {
#define FEATURE(id, name, unit, sense, meaning) HEP_FEATURE_##id,
#include "terms/features.def"
#undef FEATURE
    HEP_FEATURE_COUNT
};

/** What more of a feature says. */
enum hep_sense { HEP_SENSE_AGAINST = -1, HEP_SENSE_EITHER = 0, HEP_SENSE_FOR = 1 };
struct hep_feature_row {
    const char *name, *unit, *meaning;
    enum hep_sense sense;
};
/** Static. */
const struct hep_feature_row *hep_feature_row(enum hep_feature f);

#endif
