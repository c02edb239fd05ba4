#include "pipeline/results/enhancement.h"

#include "base/text.h"

#include <math.h>

HEP_NAMES(phases, hep_phase, HEP_PHASE_COUNT, hep_phase_name);
HEP_NAMES(phase_grades, hep_phase_grade, HEP_GRADE_ASSUMED + 1, hep_phase_grade_name);
HEP_NAMES(comparables, hep_comparable, HEP_NOT_COMPARABLE + 1, hep_comparable_name);
HEP_NAMES(methods, hep_align_method, HEP_ALIGN_COUNT, hep_align_method_name);
HEP_NAMES(grades, hep_adequacy_grade, HEP_ADEQUACY_NOT_ASSESSABLE + 1, hep_adequacy_name);
HEP_NAMES(gain_states, hep_gain_state, HEP_GAIN_NOT_ASSESSABLE + 1, hep_gain_name);
HEP_NAMES(gain_bases, hep_gain_basis, HEP_GAIN_FROM_NOISE + 1, hep_gain_basis_name);
HEP_NAMES(organs, hep_anatomy, HEP_ANATOMY_COUNT, hep_anatomy_name);

#define TIMING struct hep_enhancement_timing
static const struct hep_member timing_rows[] = {
    { HEP_IS_ENUM(TIMING, enum hep_phase, phase, "phase", phases, "by the agent's windows") },
    { HEP_IS_ENUM(TIMING, enum hep_phase_grade, grade, "grade", phase_grades,
                  "where the time lies in the window") },
    { HEP_IS_TEXT(TIMING, reason, "timing_reason", "the grade with its seconds") },
    { 0 }
};
static const struct hep_struct_type timing_type = HEP_ABSENT_TYPE(TIMING, timing_rows);

#define GAIN struct hep_enhancement_gain
static const struct hep_member gain_rows[] = {
    { HEP_IS_ENUM(GAIN, enum hep_gain_state, of.state, "state", gain_states, "verdict") },
    { HEP_IS_ENUM(GAIN, enum hep_gain_basis, of.basis, "measured_by", gain_bases,
                  "what it rests on") },
    { HEP_IS_NUMBER(GAIN, of.factor, "factor", "1", "for the signal of the phase") },
    { HEP_IS_NUMBER(GAIN, of.ratio, "receive_gain", "1", "of the phase over precontrast") },
    { HEP_IS_NUMBER(GAIN, of.ratio_se, "receive_gain_relative_se", "1", "standard error") },
    { HEP_IS_NUMBER(GAIN, of.re, "tissue_re", "1", "enhancement of the tissue looked at") },
    { HEP_IS_NUMBER(GAIN, of.expected[0], "expected", "1", "range of its enhancement"),
      HEP_ARRAY(GAIN, of.expected) },
    { HEP_IS_NUMBER(GAIN, of.spread, "spread", "1", "of ln gain over the parts of muscle") },
    { HEP_IS_COUNT(GAIN, of.n_parts, "n_samples", "parts of muscle") },
    { HEP_IS_COUNT(GAIN, of.n_voxels, "n_voxels", "voxels of the tissue") },
    { HEP_IS_TEXT(GAIN, of.reason, "reason", "the verdict with its numbers") },
    { 0 }
};
static const struct hep_struct_type gain_type = HEP_ABSENT_TYPE(GAIN, gain_rows);

#define PHASE struct hep_enhancement_phase
static const struct hep_member phase_rows[] = {
    { HEP_IS_NUMBER(PHASE, time_s, "time_s", "s", "centre of k-space after the injection") },
    { HEP_IS_STRUCT(PHASE, TIMING, timing, NULL, timing_type, NULL) },
    { HEP_IS_ENUM(PHASE, enum hep_comparable, same_sequence, "same_sequence", comparables,
                  "as the precontrast series") },
    { HEP_IS_TEXT(PHASE, same_sequence_reason, "same_sequence_reason", "why") },
    { HEP_IS_ENUM(PHASE, enum hep_align_method, alignment[0], "alignment", methods,
                  "how the two series came together"),
      HEP_MAP(PHASE, alignment, phases) },
    { HEP_IS_NUMBER(PHASE, signal[0], "signal", "arbitrary", "median of an organ as acquired"),
      HEP_MAP(PHASE, signal, organs), .optional = true },
    { HEP_IS_NUMBER(PHASE, relative_enhancement[0], "relative_enhancement", "1",
                    "of an organ, counting the gain"),
      HEP_MAP(PHASE, relative_enhancement, organs), .optional = true },
    { HEP_IS_STRUCT(PHASE, GAIN, corrected, "gain", gain_type, "what the map was made with") },
    { 0 }
};
const struct hep_struct_type hep_enhancement_phase_type = HEP_ABSENT_TYPE(PHASE, phase_rows);

static const char *const units[] = { "1", NULL };

#define JUDGEMENT struct hep_judgement
static const struct hep_member judgement_rows[] = {
    { HEP_IS_ENUM(JUDGEMENT, enum hep_adequacy_grade, grade, "grade", grades, "verdict") },
    { HEP_IS_NUMBER(JUDGEMENT, value, "value", "1", "that decided") },
    { HEP_IS_NUMBER(JUDGEMENT, limit, "limit", "1", "that it was held against") },
    { HEP_IS_WORD(JUDGEMENT, unit, "unit", units, "of both") },
    { HEP_IS_TEXT(JUDGEMENT, reason, "reason", "the verdict with its numbers") },
    { HEP_IS_STRING(JUDGEMENT, source, "source", "of the limit") },
    { 0 }
};
static const struct hep_struct_type judgement_type = HEP_ABSENT_TYPE(JUDGEMENT, judgement_rows);

#define MOTION struct hep_motion_judgement
static const struct hep_member motion_rows[] = {
    { HEP_IS_NUMBER(MOTION, ghost_ratio, "ghost_ratio", "1", "energy outside the body") },
    { HEP_IS_STRUCT(MOTION, JUDGEMENT, verdict, NULL, judgement_type, NULL) },
    { HEP_IS_NUMBER(MOTION, ncc_drop, "ncc_drop", "1", "likeness to precontrast that is lost") },
    { HEP_IS_NUMBER(MOTION, weight, "weight", "1", "of arterial evidence") },
    { 0 }
};
static const struct hep_struct_type motion_type = HEP_ABSENT_TYPE(MOTION, motion_rows);

#define ALL struct hep_enhancement
static const struct hep_member rows[] = {
    { HEP_IS_STRUCT(ALL, PHASE, phase[0], NULL, hep_enhancement_phase_type, "each phase"),
      HEP_MAP(ALL, phase, phases) },
    { HEP_IS_STRUCT(ALL, JUDGEMENT, arterial, "arterial_adequacy", judgement_type,
                    "was it acquired at the right time") },
    { HEP_IS_STRUCT(ALL, JUDGEMENT, hepatobiliary, "hepatobiliary_adequacy", judgement_type,
                    "did the liver take up enough") },
    { HEP_IS_STRUCT(ALL, MOTION, motion, "arterial_motion", motion_type,
                    "did the patient breathe") },
    { HEP_IS_STRUCT(ALL, GAIN, gain[0], "gain", gain_type, "receive gain of a phase"),
      HEP_MAP(ALL, gain, phases) },
    { 0 }
};
const struct hep_struct_type hep_enhancement_type = HEP_STRUCT_TYPE(ALL, rows);

int hep_judgement_fill(struct hep_judgement *j, const struct hep_adequacy *a, struct hep_error *err)
{
    j->present = true;
    j->grade = a->grade;
    j->value = a->value;
    j->limit = a->limit;
    j->unit = a->unit;
    (void)memcpy(j->reason, a->reason, sizeof j->reason);
    j->source = hep_strdup(a->source, err);
    return a->source == NULL || j->source != NULL ? HEP_OK : HEP_ENOMEM;
}

struct hep_adequacy hep_judgement_read(const struct hep_judgement *j)
{
    struct hep_adequacy a = { .grade = HEP_ADEQUACY_NOT_ASSESSABLE,
                              .value = (double)NAN,
                              .limit = (double)NAN,
                              .unit = units[0],
                              .reason = "not measured" };

    if (j == NULL || !j->present)
        return a;
    a.grade = j->grade;
    a.value = j->value;
    a.limit = j->limit;
    a.source = j->source;
    (void)memcpy(a.reason, j->reason, sizeof a.reason);
    return a;
}
