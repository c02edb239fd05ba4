#include "terms/flag_limits.h"

const struct hep_flag_limits hep_flag_limits_default = {
#define LIMIT(member, key, unit, min, max, preset, doc) .member = (preset),
#include "terms/flag_limits.def"
};
