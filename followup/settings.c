#include "followup/settings.h"

#include <math.h>

const struct hep_followup_settings hep_followup_settings_default = {
#define NUMBER(member, key, unit, min, max, preset, doc) .member = (preset),
#define UNKNOWN(member, key, unit, min, max, doc) .member = (double)NAN,
#define WHOLE(member, key, unit, min, max, preset, doc) .member = (preset),
#include "followup/settings.def"
};
