#include "pipeline/results/parenchyma.h"

HEP_NAMES(signs, hep_diffuse_sign, HEP_DIFFUSE_COUNT, hep_diffuse_name);
HEP_NAMES(states, hep_flag_state, HEP_FLAG_STATES, hep_flag_state_name);

#define SIGN struct hep_parenchyma_sign
static const struct hep_member sign_rows[] = {
    { HEP_IS_ENUM(SIGN, int, state, "state", states, "present, absent or not_assessable") },
    { HEP_IS_INTEGER(SIGN, grade, "grade", "1", "0 to 3; -1 where the sign has none") },
    { HEP_IS_NUMBER(SIGN, value, "value", "of the sign", "that decided") },
    { HEP_IS_NUMBER(SIGN, se, "se", "of the sign", "its standard error, where it has one") },
    { HEP_IS_NUMBER(SIGN, limit, "limit", "of the sign", "that it was held against") },
    { HEP_IS_TEXT(SIGN, reason, "reason", "the verdict with its numbers") },
    { HEP_IS_TEXT(SIGN, source, "source", "of the sign and its limit") },
    { 0 }
};
static const struct hep_struct_type sign_type = HEP_ABSENT_TYPE(SIGN, sign_rows);

#define ALL struct hep_parenchyma
static const struct hep_member rows[] = { { HEP_IS_STRUCT(ALL, SIGN, of[0], NULL, sign_type,
                                                          "each sign of diffuse disease"),
                                            HEP_MAP(ALL, of, signs) },
                                          { 0 } };
const struct hep_struct_type hep_parenchyma_type = HEP_STRUCT_TYPE(ALL, rows);
