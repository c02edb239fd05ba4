/**
 * @file  terms/flag.h
 * @brief The flags of a lesion (terms/flags.def) and the states that they may have.
 */
#ifndef HEP_TERMS_FLAG_H
#define HEP_TERMS_FLAG_H

#include "terms/image_kind.h"

#include <stdint.h>

enum hep_flag_state { HEP_FLAG_NOT_ASSESSABLE, HEP_FLAG_ABSENT, HEP_FLAG_PRESENT, HEP_FLAG_STATES };
/** "not_assessable", "absent", "present". */
const char *hep_flag_state_name(enum hep_flag_state state);
/** HEP_FLAG_STATES when it is none of these. */
enum hep_flag_state hep_flag_state_from_name(const char *name);

enum hep_flag {
#define FLAG(id, ...) HEP_FLAG_##id,
#include "terms/flags.def"
#undef FLAG
    HEP_FLAG_COUNT
};

/** Where the value lies when the flag is present, against its limit. */
enum hep_flag_side { HEP_ABOVE, HEP_BELOW, HEP_EITHER };

struct hep_flag_row {
    const char *name;
    uint32_t needs, needs_one_of; /* bits 1 << enum hep_image */
    enum hep_unit unit;
    const char *words, *meaning, *source;
    const char *settings; /* keys, with blanks between them */
    enum hep_flag_side side;
    const char *truth; /* the definition for a simulated lesion */
};
/** Static. */
const struct hep_flag_row *hep_flag_row(enum hep_flag flag);
/** How far the value lies beyond the limit, towards present: below 0 on the other side. */
double hep_flag_margin(enum hep_flag flag, double value, double limit);
/** "restricted_diffusion", ...: the name of the row. */
const char *hep_flag_name(enum hep_flag flag);
/** The two truths of a simulated lesion: what its tissue is, and what its noise-free images show
 * (flags.def). */
enum hep_flag_truth { HEP_TRUTH_TISSUE, HEP_TRUTH_VISIBLE, HEP_TRUTH_COLUMNS };
/** "tissue", "visible". */
const char *hep_flag_truth_name(enum hep_flag_truth column);

#endif
