#include "lesions/limits.h"

const struct hep_lesion_limits hep_lesion_limits_default = {
    .flag = {
#define LIMIT(member, key, unit, min, max, preset, doc) .member = (preset),
#include "terms/flag_limits.def"
#undef LIMIT
    },
    .flags_table = { "flags.yml" },
    .evidence_table = { "evidence.yml" },
    .detection_table = { "detection.yml" },
    .context = HEP_CONTEXT_UNKNOWN,
#define NUMBER(member, key, unit, min, max, preset, doc) .member = (preset),
#define WHOLE(member, key, unit, min, max, preset, doc) .member = (preset),
#define SPAN(member, key, unit, min, max, from, to, doc) .member = { (from), (to) },
#include "lesions/limits.def"
};
