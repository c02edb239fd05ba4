#include "terms/phase.h"

#include <stddef.h>

static const enum hep_role phase_roles[HEP_PHASE_COUNT] = {
    [HEP_PHASE_PRECONTRAST] = HEP_ROLE_PRECONTRAST,
    [HEP_PHASE_ARTERIAL] = HEP_ROLE_ARTERIAL,
    [HEP_PHASE_PORTAL_VENOUS] = HEP_ROLE_PORTAL_VENOUS,
    [HEP_PHASE_TRANSITIONAL] = HEP_ROLE_TRANSITIONAL,
    [HEP_PHASE_DELAYED] = HEP_ROLE_DELAYED,
    [HEP_PHASE_HEPATOBILIARY] = HEP_ROLE_HEPATOBILIARY,
};

enum hep_phase hep_phase_of_role(enum hep_role role)
{
    for (size_t p = 0; p < HEP_PHASE_COUNT; p++)
        if (phase_roles[p] == role)
            return (enum hep_phase)p;
    return HEP_PHASE_COUNT;
}

enum hep_role hep_role_of_phase(enum hep_phase phase)
{
    return (unsigned)phase < HEP_PHASE_COUNT ? phase_roles[phase] : HEP_ROLE_UNKNOWN;
}

const char *hep_phase_name(enum hep_phase phase)
{
    return hep_role_name(hep_role_of_phase(phase));
}

const char *hep_phase_words(enum hep_phase phase)
{
    return hep_role_words(hep_role_of_phase(phase));
}
