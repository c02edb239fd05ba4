/**
 * @file  lesions/limits.h
 * @brief The numbers that decide which lesions are found, how they are measured and flagged, with
 *        their defaults (lesions/limits.def, terms/flag_limits.def): settings of a run.
 *
 * Ratios are pure numbers, relative enhancement and fat fractions are fractions (+20 % is 0.20),
 * diffusivities in mm2/s, lengths in mm.
 */
#ifndef HEP_LESIONS_LIMITS_H
#define HEP_LESIONS_LIMITS_H

#include "base/field.h"
#include "terms/flag_limits.h"

/** What is known of the patient; chooses the prior probability of a metastasis. */
enum hep_lesion_context { HEP_CONTEXT_UNKNOWN, HEP_CONTEXT_OTHER_CANCER, HEP_CONTEXT_COLORECTAL };

struct hep_lesion_limits {
    struct hep_flag_limits flag;
    struct hep_text flags_table;     /* file of lesions/flag_table.h */
    struct hep_text evidence_table;  /* of lesions/evidence.h */
    struct hep_text detection_table; /* of lesions/detection.h */
    bool flags_require_certain;      /* a flag that is not certain is not assessable */
    int context;                     /* enum hep_lesion_context */
#define NUMBER(member, ...) double member;
#define WHOLE(member, ...) long member;
#define SPAN(member, ...) struct hep_span member;
#include "lesions/limits.def"
};

/** The defaults of the rows; nothing is known of the patient. */
extern const struct hep_lesion_limits hep_lesion_limits_default;

#endif
