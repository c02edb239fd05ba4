/**
 * @file  followup/change.h
 * @brief What of a lesion has changed since it was first seen, each value against its repeatability.
 * Model:   a change larger than the repeatability coefficient is real at 95 %, a smaller one is within repeatability
 *          (Bland and Altman, BMJ 1996;313:744); without a coefficient nothing is concluded, but that a change which the
 *          standard errors of the two values allow is within. Below followup.repeatability.from_mm the coefficient is the
 *          larger of the published one and 1.96 sqrt(se1^2 + se2^2), the same formula with errors that differ: a voxel
 *          is a larger part of a small lesion, and readers measure large ones. A change measured with other
 *          b-values, field strength, flip angle, TR, TE or agent is refused, and so is an enhancement
 *          with a suspect receive gain, which would be taken for a change of the lesion.
 */
#ifndef HEP_FOLLOWUP_CHANGE_H
#define HEP_FOLLOWUP_CHANGE_H

#include "followup/tracks.h"
#include "terms/role.h"

enum hep_change_of {
#define CHANGE(id, ...) HEP_CHANGE_##id,
#include "followup/changes.def"
    HEP_CHANGE_N
};
const char *hep_change_key(enum hep_change_of of);
const char *hep_change_words(enum hep_change_of of);
const char *hep_change_meaning(enum hep_change_of of);
enum hep_unit hep_change_unit(enum hep_change_of of);
/** HEP_MEASURE_COUNT: the follow-up measures it from the maps. */
enum hep_measure hep_change_measure(enum hep_change_of of);
/** Coefficient in force; NaN: not known. */
double hep_change_repeatability(bool *is_share, enum hep_change_of of,
                                const struct hep_followup_settings *settings);

#define HEP_ACQUISITION_MAX_B 32
/** How a visit was acquired, as far as values depend on it. */
struct hep_visit_acquisition {
    char agent[64];                            /* "": none or not known */
    double field_t;                            /* NaN: not known, as all here */
    double b_s_per_mm2[HEP_ACQUISITION_MAX_B]; /* that the ADC was fitted to */
    size_t n_b;
    struct hep_role_acquisition {
        bool present;
        double flip_deg, tr_s, te_s;
        double gain; /* that the body shows, beyond doubt's limit and left in; 0: none is seen */
    } role[HEP_ROLE_COUNT];
    double arterial_weight; /* of the arterial phase by its timing; NaN */
};

enum hep_change_verdict {
    HEP_CHANGE_REAL,
    HEP_CHANGE_WITHIN,
    HEP_CHANGE_UNKNOWN,
    HEP_CHANGE_REFUSED,
    HEP_CHANGE_VERDICTS
};
/** "real", "within_repeatability", "repeatability_unknown", "refused". */
const char *hep_change_verdict_name(enum hep_change_verdict verdict);

struct hep_change {
    size_t track, visit;
    enum hep_change_of of;
    double before, after, change, share; /* share: of the earlier value */
    double coefficient;                  /* that decided; NaN: none is known */
    enum hep_change_verdict verdict;
    char reason[256];
};
struct hep_changes {
    struct hep_change *list; /* owned; by track, visit and row */
    size_t n;
};

/**
 * Values of each track's lesion (its first part) at each visit against those where it was first seen.
 * @param[in] visits one per visit: findings hold the standard errors
 * @param[in] values shape [tracks->n][n_visits][HEP_CHANGE_N], NaN where there is none
 * @param[in] acquisitions one per visit
 */
int hep_changes_make(struct hep_changes *out, const struct hep_tracks *tracks,
                     const struct hep_visit *visits, const double *values,
                     const struct hep_visit_acquisition *acquisitions,
                     const struct hep_followup_settings *settings,
                     struct hep_error *err) HEP_MUST_CHECK;
void hep_changes_release(struct hep_changes *c);

#endif
