#include "liver/settings.h"

const struct hep_liver_settings hep_liver_settings_default = {
#define NUMBER(member, key, unit, min, max, preset, doc) .member = (preset),
#define SPAN(member, key, unit, min, max, from, to, doc) .member = { (from), (to) },
#include "liver/settings.def"
};

int hep_liver_settings_check(const struct hep_liver_settings *s, struct hep_error *err)
{
    const struct {
        const char *key, *unit;
        double lo, hi, min, max;
    } rows[] = {
#define NUMBER(member, key, unit, min, max, preset, doc)                                           \
    { "liver." key, unit, s->member, s->member, min, max },
#define SPAN(member, key, unit, min, max, from, to, doc)                                           \
    { "liver." key, unit, s->member.lo, s->member.hi, min, max },
#include "liver/settings.def"
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!(rows[i].lo >= rows[i].min && rows[i].lo <= rows[i].hi && rows[i].hi <= rows[i].max))
            return HEP_FAIL(err, HEP_EINVAL, "%s is %g to %g %s, allowed are %g to %g, in order",
                            rows[i].key, rows[i].lo, rows[i].hi, rows[i].unit, rows[i].min,
                            rows[i].max);
    }
    return HEP_OK;
}
