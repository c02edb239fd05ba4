#include "terms/flag.h"

#include <math.h>
#include <string.h>

static const char *const states[HEP_FLAG_STATES] = { "not_assessable", "absent", "present" };

const char *hep_flag_state_name(enum hep_flag_state state)
{
    return states[state];
}

enum hep_flag_state hep_flag_state_from_name(const char *name)
{
    int s = 0;

    while (s < HEP_FLAG_STATES && strcmp(name, states[s]) != 0)
        s++;
    return (enum hep_flag_state)s;
}

const char *hep_flag_truth_name(enum hep_flag_truth column)
{
    return column == HEP_TRUTH_TISSUE ? "tissue" : "visible";
}

#define OF(image) 1U << HEP_IMAGE_##image
static const struct hep_flag_row rows[HEP_FLAG_COUNT] = {
#define FLAG(id, name, needs, needs_one_of, unit, words, meaning, source, settings, side, truth)   \
    { #name,   needs,  needs_one_of, HEP_UNIT_##unit, words,                                       \
      meaning, source, settings,     HEP_##side,      truth },
#include "terms/flags.def"
};

double hep_flag_margin(enum hep_flag flag, double value, double limit)
{
    const enum hep_flag_side side = rows[flag].side;

    if (side == HEP_EITHER)
        return fabs(value) - limit;
    return side == HEP_BELOW ? limit - value : value - limit;
}

const struct hep_flag_row *hep_flag_row(enum hep_flag flag)
{
    return &rows[flag];
}

const char *hep_flag_name(enum hep_flag flag)
{
    return rows[flag].name;
}
