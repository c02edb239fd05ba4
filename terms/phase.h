/**
 * @file  terms/phase.h
 * @brief The T1-weighted phases of a contrast series, numbered for tables.
 */
#ifndef HEP_TERMS_PHASE_H
#define HEP_TERMS_PHASE_H

#include "terms/role.h"

/** The T1 phases, numbered for tables; the roles of the same names. */
enum hep_phase {
    HEP_PHASE_PRECONTRAST,
    HEP_PHASE_ARTERIAL,
    HEP_PHASE_PORTAL_VENOUS,
    HEP_PHASE_TRANSITIONAL,
    HEP_PHASE_DELAYED,
    HEP_PHASE_HEPATOBILIARY,
    HEP_PHASE_COUNT
};
/** HEP_PHASE_COUNT for a role that is no phase. */
enum hep_phase hep_phase_of_role(enum hep_role role);
/** HEP_ROLE_UNKNOWN outside the enumeration. */
enum hep_role hep_role_of_phase(enum hep_phase phase);
/** Name of the role, "portal_venous": static. */
const char *hep_phase_name(enum hep_phase phase);
/** The same for people: "portal venous": static. */
const char *hep_phase_words(enum hep_phase phase);

#endif
