#include "terms/feature.h"

const struct hep_feature_row *hep_feature_row(enum hep_feature f)
{
    static const struct hep_feature_row rows[HEP_FEATURE_COUNT] = {
#define FEATURE(id, name, unit, sense, meaning) { #name, unit, meaning, HEP_SENSE_##sense },
#include "terms/features.def"
#undef FEATURE
    };

    return &rows[f];
}
