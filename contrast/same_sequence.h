/**
 * @file  contrast/same_sequence.h
 * @brief The gate before any relative enhancement: were the two series made by the same sequence?
 *
 * A lesion that does not enhance reads -56 % when the flip angle goes from 12 to 30 degrees (T1
 * 1150 ms, TR 4 ms), so pairs whose flip angle, TR or TE differ by more than 10 % are not
 * comparable, unless T1 before contrast is known and the spoiled gradient-echo ratio correction is
 * applied. Ratios within one series need no gate.
 */
#ifndef HEP_CONTRAST_SAME_SEQUENCE_H
#define HEP_CONTRAST_SAME_SEQUENCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define HEP_SAME_SEQUENCE_LIMIT 0.10

enum hep_fat_signal { HEP_FAT_UNKNOWN, HEP_FAT_PLAIN, HEP_FAT_SUPPRESSED, HEP_FAT_DIXON_WATER };

/** What the gate compares; NaN for unknown numbers. */
struct hep_t1w_protocol {
    double flip_rad, tr_s, te_s;
    enum hep_fat_signal fat;
};

enum hep_comparable {
    HEP_COMPARABLE,
    HEP_COMPARABLE_UNCHECKED, /* a parameter is missing in one or both: usable with a warning */
    HEP_NOT_COMPARABLE
};
const char *hep_comparable_name(enum hep_comparable c);

struct hep_same_sequence {
    enum hep_comparable state;
    double value,
        limit; /* largest relative difference met and allowed; NaN when nothing is known */
    char reason[256];
};
/** Differences are relative to `pre`. Two known fat treatments that differ are not comparable
 * either. */
void hep_same_sequence(struct hep_same_sequence *out, const struct hep_t1w_protocol *pre,
                       const struct hep_t1w_protocol *post);

#endif
