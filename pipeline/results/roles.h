/**
 * @file  pipeline/results/roles.h
 * @brief Product "roles": what each series is for, when it was acquired, what the protocol lacks.
 */
#ifndef HEP_PIPELINE_RESULTS_ROLES_H
#define HEP_PIPELINE_RESULTS_ROLES_H

#include "contrast/phase.h"
#include "pipeline/config/config.h"
#include "pipeline/run.h"
#include "sequences/inventory.h"

/** A phase by the agent's windows; not present for other series or without an agent. */
struct hep_roles_phase {
    bool present;
    enum hep_phase phase;
    enum hep_phase_grade grade;
    char reason[192];
    double window_s[2], nominal_s[2]; /* NaN when the agent has no such phase */
};

struct hep_roles_series {
    enum hep_role role;
    char *file;
    size_t n_volumes;
    double time_since_injection_s;
    enum hep_time_source time_source;
    struct hep_roles_phase phase;
};

/** A series that cannot be used. */
struct hep_roles_left_out {
    enum hep_role role;
    char *file, *reason;
};

struct hep_roles_protocol {
    char name[HEP_TEXT_MAX];
    enum hep_planned missing[HEP_SERIES_COUNT]; /* planned, and not in the study */
    size_t n_missing;
    bool complete; /* nothing that is required is missing */
};

struct hep_roles {
    struct hep_roles_series *series;
    size_t n_series;
    struct hep_roles_left_out *left_out;
    size_t n_left_out;
    struct hep_roles_protocol protocol;
};
HEP_PRODUCT(roles, hep_roles);

/** The series of a role; NULL when there is none. */
const struct hep_roles_series *hep_roles_find(const struct hep_roles *roles, enum hep_role role);

#endif
