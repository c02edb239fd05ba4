#include "pipeline/results/roles.h"

HEP_NAMES(role_names, hep_role, HEP_ROLE_COUNT, hep_role_name);
HEP_NAMES(phases, hep_phase, HEP_PHASE_COUNT, hep_phase_name);
HEP_NAMES(grades, hep_phase_grade, HEP_GRADE_ASSUMED + 1, hep_phase_grade_name);
HEP_NAMES(time_sources, hep_time_source, HEP_TIME_FRAMES + 1, hep_time_source_name);
HEP_NAMES(planned, hep_planned, HEP_SERIES_COUNT, hep_planned_name);

#define PHASE struct hep_roles_phase
static const struct hep_member phase_rows[] = {
    { HEP_IS_ENUM(PHASE, enum hep_phase, phase, "phase", phases, "by the agent's windows") },
    { HEP_IS_ENUM(PHASE, enum hep_phase_grade, grade, "grade", grades,
                  "where the time lies in the window") },
    { HEP_IS_TEXT(PHASE, reason, "reason", "the grade with its seconds") },
    { HEP_IS_NUMBER(PHASE, window_s[0], "window_s", "s", "in which it can be judged"),
      HEP_ARRAY(PHASE, window_s), .optional = true },
    { HEP_IS_NUMBER(PHASE, nominal_s[0], "nominal_s", "s", "in which it should be"),
      HEP_ARRAY(PHASE, nominal_s), .optional = true },
    { 0 }
};
static const struct hep_struct_type phase_type = HEP_ABSENT_TYPE(PHASE, phase_rows);

#define SERIES struct hep_roles_series
static const struct hep_member series_rows[] = {
    { HEP_IS_ENUM(SERIES, enum hep_role, role, "role", role_names, "what it is for") },
    { HEP_IS_STRING(SERIES, file, "file", "of the study") },
    { HEP_IS_COUNT(SERIES, n_volumes, "volumes", "that it has") },
    { HEP_IS_NUMBER(SERIES, time_since_injection_s, "time_since_injection_s", "s",
                    "centre of k-space") },
    { HEP_IS_ENUM(SERIES, enum hep_time_source, time_source, "time_source", time_sources,
                  "where the time comes from") },
    { HEP_IS_STRUCT(SERIES, PHASE, phase, NULL, phase_type, NULL) },
    { 0 }
};
static const struct hep_struct_type series_type = HEP_STRUCT_TYPE(SERIES, series_rows);

#define LEFT_OUT struct hep_roles_left_out
static const struct hep_member left_out_rows[] = {
    { HEP_IS_ENUM(LEFT_OUT, enum hep_role, role, "role", role_names, "what it would be for") },
    { HEP_IS_STRING(LEFT_OUT, file, "file", "of the study") },
    { HEP_IS_STRING(LEFT_OUT, reason, "reason", "why it cannot be used") },
    { 0 }
};
static const struct hep_struct_type left_out_type = HEP_STRUCT_TYPE(LEFT_OUT, left_out_rows);

#define PROTOCOL struct hep_roles_protocol
static const struct hep_member protocol_rows[] = {
    { HEP_IS_TEXT(PROTOCOL, name, "name", "of the protocol") },
    { HEP_IS_ENUM(PROTOCOL, enum hep_planned, missing[0], "missing", planned,
                  "planned, and not in the study"),
      HEP_COUNTED(PROTOCOL, missing, n_missing) },
    { HEP_IS_BOOL(PROTOCOL, complete, "complete", "nothing that is required is missing") },
    { 0 }
};
static const struct hep_struct_type protocol_type = HEP_STRUCT_TYPE(PROTOCOL, protocol_rows);

static const struct hep_member rows[] = {
    HEP_ROW_LIST_OF(struct hep_roles, SERIES, series, n_series, "series", series_type,
                    "series in use"),
    HEP_ROW_LIST_OF(struct hep_roles, LEFT_OUT, left_out, n_left_out, "left_out", left_out_type,
                    "series that cannot be used"),
    { HEP_IS_STRUCT(struct hep_roles, PROTOCOL, protocol, "protocol", protocol_type, NULL) },
    { 0 }
};
const struct hep_struct_type hep_roles_type = HEP_STRUCT_TYPE(struct hep_roles, rows);

const struct hep_roles_series *hep_roles_find(const struct hep_roles *roles, enum hep_role role)
{
    for (size_t i = 0; roles != NULL && i < roles->n_series; i++) {
        if (roles->series[i].role == role)
            return &roles->series[i];
    }
    return NULL;
}
